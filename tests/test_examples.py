import csv
import runpy
from importlib.util import find_spec
from pathlib import Path

import pytest
import torch
from PIL import Image

from replication.clip.models import make_tokenizer
from replication.datasets.pairs import load_pairs

EXAMPLES = Path(__file__).parents[1] / "examples"
PROGRAMS = ("choose_batches.py", "finetune_open_clip.py")
TRAINERS = {  # the examples of replication.integrations, and what they need
    "accelerate_loop.py": ("accelerate",),
    "lightning_trainer.py": ("lightning",),
    "sentence_transformers_trainer.py": ("sentence_transformers", "datasets", "accelerate"),
}
DIGITS_TINY = ("--model", "digits-tiny", "--pretrained", "", "--lr", "1e-3")


def main_of(name):
    """Return the main function of an example; its globals are those of the program."""
    return runpy.run_path(str(EXAMPLES / name))["main"]


@pytest.mark.parametrize("options", [(), ("--selector", "SwapSearch"), ("--selector", "neighbours, window 320")])
def test_choose_batches_compares_with_shuffled_ones(options, capsys):
    main = main_of("choose_batches.py")
    main.__globals__.update(EPOCHS=2, SEEDS=2)
    found = main(list(options))
    lines = capsys.readouterr().out.splitlines()
    assert len(found) == 2 and all(accuracy > 1 for pair in found for accuracy in pair)  # chance: 1 in 360, 0.3 %
    assert lines[1].split(maxsplit=1) == ["shuffled", options[1] if options else "SwapSearch, hardness 0.25"]
    assert [float(number) for number in lines[2].split()[2:]] == pytest.approx(found[0], abs=0.05)
    assert [float(number) for number in lines[4].split()[1:]] == pytest.approx(
        [sum(side) / 2 for side in zip(*found, strict=True)], abs=0.051
    )
    assert "need not help" in lines[-1]


def test_choose_batches_begins_both_trainings_with_the_same_weights():
    main = main_of("choose_batches.py")
    main.__globals__.update(SEEDS=1, EPOCHS=0)
    [(shuffled, chosen)] = main([])
    assert shuffled == chosen


@pytest.mark.parametrize("line", ["OSGD", "SC, n_init 1", "balanced k-means, branching 8"])
def test_choose_batches_takes_any_selector(line):
    main = main_of("choose_batches.py")
    main.__globals__.update(SEEDS=1, EPOCHS=1)
    assert main(["--selector", line])[0][1] > 0


@pytest.mark.parametrize("name", PROGRAMS)
def test_help_says_that_hard_batches_need_not_help(name, monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", [name, "--help"])
    with pytest.raises(SystemExit) as stopped:
        runpy.run_path(str(EXAMPLES / name), run_name="__main__")
    assert not stopped.value.code and "Hard batches need not help" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "options", "words"),
    [
        ("choose_batches.py", ["--selector", "SwopSearch"], "did you mean 'SwapSearch'?"),
        ("choose_batches.py", ["--selector", "SwapSearch, k many"], "k='many' must be an integer"),
        ("choose_batches.py", ["SwapSearch"], "unrecognized arguments"),
        ("finetune_open_clip.py", ["absent.csv", *DIGITS_TINY], "absent.csv' does not exist"),
        ("finetune_open_clip.py", ["digits", *DIGITS_TINY, "--selector", "SwapSearch, hardness 2"], "hardness=2.0"),
        ("finetune_open_clip.py", ["digits", *DIGITS_TINY, "--batch-size", "5000"], "batch_size=5000"),
        ("finetune_open_clip.py", ["digits", "--model", "no-such-model"], "no-such-model"),
    ],
)
def test_wrong_options_end_in_one_line(name, options, words, capsys):
    with pytest.raises(SystemExit) as stopped:
        main_of(name)(options)
    assert stopped.value.code == 2
    last = capsys.readouterr().err.splitlines()[-1]
    assert ": error: " in last and words in last


@pytest.fixture
def pairs_csv(tmp_path, monkeypatch):
    """Return the path of a CSV whose images lie beside it, in another folder than the working directory."""
    folder, elsewhere = tmp_path / "pairs", tmp_path / "elsewhere"
    (folder / "photos").mkdir(parents=True)
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    pairs = load_pairs("digits", "train", 16).head(160)
    with open(folder / "pairs.csv", "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["filepath", "title"])
        for number, (image, captions) in enumerate(zip(pairs.images, pairs.captions, strict=True)):
            place = f"photos/{number}.png"
            Image.fromarray(image.permute(1, 2, 0).numpy()).save(folder / place)
            writer.writerows([place, f"{captions[0]}, number {number}, version {version}"] for version in range(3))
    return folder / "pairs.csv"


@pytest.mark.parametrize("line", ["SGD", "SwapSearch, hardness 0.25"])
def test_finetune_open_clip_learns_from_a_csv(line, pairs_csv, capsys):
    main_of("finetune_open_clip.py")([str(pairs_csv), *DIGITS_TINY, "--selector", line])
    lines = capsys.readouterr().out.splitlines()
    losses = [float(line.split()[5]) for line in lines if line.startswith("epoch")]
    assert len(losses) == 3 and losses[-1] < losses[0]
    assert lines[-2].startswith(f"{line}: R@1 ") and lines[-2].endswith("of 16 test images")
    assert "need not help" in lines[-1]


@pytest.mark.parametrize("line", ["SGD", "SwapSearch"])
def test_finetune_open_clip_takes_an_image_once_an_epoch_with_one_of_its_captions(line, pairs_csv):
    main = main_of("finetune_open_clip.py")
    epochs = []

    class Recorder(main.__globals__["DataLoader"]):
        def __iter__(self):
            epochs.append([])
            for images, texts in super().__iter__():
                epochs[-1].append((images, texts))
                yield images, texts

    main.__globals__["DataLoader"] = Recorder
    main([f"../{pairs_csv.parent.name}/pairs.csv", *DIGITS_TINY, "--selector", line])
    train = load_pairs(str(pairs_csv), "train", 16, fit="crop")
    assert len(train) == 128 and len(train.images.flatten(1).unique(dim=0)) == 128
    tokenizer = make_tokenizer("digits-tiny")
    own = [tokenizer(texts) for texts in train.captions]
    seen = [set() for _ in own]
    for batches in epochs:
        assert len(batches) == 128 // 32
        rows = torch.cat([(images.unsqueeze(1) == train.images).flatten(2).all(2).nonzero()[:, 1] for images, _ in batches])
        assert sorted(rows.tolist()) == list(range(128))  # of the three rows of an image, one a time
        for row, text in zip(rows.tolist(), torch.cat([texts for _, texts in batches]), strict=True):
            matches = (own[row] == text).all(1).nonzero().flatten().tolist()
            assert len(matches) == 1
            seen[row].add(matches[0])
    assert sum(len(versions) > 1 for versions in seen) > 64  # drawn anew each epoch


@pytest.mark.parametrize("name", PROGRAMS)
def test_example_fits_on_a_page(name):
    assert len((EXAMPLES / name).read_text(encoding="utf-8").splitlines()) <= 90


@pytest.mark.parametrize("name", TRAINERS)
def test_examples_of_trainers_run_and_fit_on_less(name, capsys):
    text = (EXAMPLES / name).read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 60 and "need not help" in " ".join(text.split())
    if any(find_spec(package) is None for package in TRAINERS[name]):
        pytest.skip("the trainer is not installed")
    main = main_of(name)
    if name == "sentence_transformers_trainer.py":
        assert 0 < main([]) < 2.77  # ln 16 is the loss of guessing
    else:
        losses = main()
        assert len(losses) == 3 * (1797 // 32) and losses[-1] < losses[0]
