import csv
import runpy
from pathlib import Path

import pytest
from PIL import Image

from replication.clip import models  # noqa: F401  (makes "digits-tiny" known to open_clip)
from replication.clip.data import load_pairs

EXAMPLES = Path(__file__).parents[1] / "examples"
PROGRAMS = ("choose_batches.py", "finetune_open_clip.py")


@pytest.mark.parametrize("selector", ["SwapSearch", "ShuffledBatches"])
def test_choose_batches_trains(selector):
    program = runpy.run_path(str(EXAMPLES / "choose_batches.py"))
    accuracy = program["main"](selector, epochs=2)
    assert accuracy > 10 / 1797  # ten times chance


def test_finetune_open_clip_learns_from_a_csv(tmp_path, capsys):
    pairs = load_pairs("digits", "train", 16).head(128)
    with open(tmp_path / "pairs.csv", "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["filepath", "title"])
        for number, (image, captions) in enumerate(zip(pairs.images, pairs.captions, strict=True)):
            path = tmp_path / f"{number}.png"
            Image.fromarray(image.permute(1, 2, 0).numpy()).save(path)
            writer.writerow([path, captions[0]])
    program = runpy.run_path(str(EXAMPLES / "finetune_open_clip.py"))
    program["main"].__globals__["LR"] = 1e-3  # the model is not pretrained
    program["main"](str(tmp_path / "pairs.csv"), "digits-tiny", "", epochs=3)
    losses = [float(line.split()[5]) for line in capsys.readouterr().out.splitlines()]
    assert len(losses) == 3 and losses[-1] < losses[0]


@pytest.mark.parametrize("name", PROGRAMS)
def test_example_fits_on_a_page(name):
    assert len((EXAMPLES / name).read_text().splitlines()) <= 60
