"""Two stages: every method fine-tunes the same network of its seed, and nothing finished is repeated."""

import json
import shutil

import pytest
import torch
from PIL import Image

from replication.experiments.clip import experiment
from replication.experiments.clip.experiment import FIRST_STAGE, run_experiment
from replication.experiments.grid import budget
from replication.experiments.grid.side_by_side import run_grid
from replication.training.checkpoint import load_checkpoint

COMMON = {"source": "digits", "model": "digits-tiny", "images": 64, "size": 16, "batch_size": 16, "epochs": 1, "k": 2}


def run(folder, first_epochs=1, minutes=0.0, more_records=None, **changes):
    options = {"test_images": 20, "workers": 2, "minutes": minutes, "more_records": more_records}
    return run_experiment(folder, ["SGD", "SC"], ["clip"], 2, COMMON | changes, first_epochs, 1e-3, **options)


@pytest.fixture(scope="module")
def grid(tmp_path_factory):
    folder = tmp_path_factory.mktemp("trainings")
    return folder, run(folder)


def test_every_method_begins_with_the_first_stage_of_its_seed(grid):
    folder, results = grid
    names = sorted(path.name.rpartition("-")[0] for path in (folder / "trainings").iterdir())
    assert names == ["clip-SC-0", "clip-SC-1", "clip-SGD-0", "clip-SGD-1", "first-0", "first-1"]
    for record in results.records:
        assert record["conditions"]["start"] == {"method": "SGD", "objective": "clip", "epochs": 1, "lr": 1e-3}
        assert str(folder) not in json.dumps(record)  # records travel
    first = [load_checkpoint(path / "checkpoint.pt") for path in sorted((folder / "trainings").glob("first-*"))]
    assert [state["identity"]["method"] for state in first] == ["SGD", "SGD"]
    weights = [state["task"]["network"]["visual.conv1.weight"] for state in first]
    assert not torch.equal(*weights)


def test_tables(grid):
    _, results = grid
    runs = results.runs()
    assert set(runs.selector) == {"SGD", "SC", FIRST_STAGE} and len(runs) == 6 and not runs.isna().any().any()
    assert set(results.trained().selector) == {"SGD", "SC"}
    assert results.history()["near-duplicate captions"].between(0, 1).all()
    assert set(results.batch_losses("clip", "SGD").selector) == {"SGD", "OSGD", "SC", "SwapSearch"}


def test_a_page_of_examples_lies_beside_the_first_methods_checkpoint_only(grid):
    folder, _ = grid
    (page,) = folder.glob("trainings/*/examples.png")
    assert page.parent.name.startswith("clip-SGD-0-")
    with Image.open(page) as image:
        assert min(image.size) > 300


def test_a_second_call_trains_nothing_not_even_the_first_stage(grid, monkeypatch):
    folder, results = grid
    monkeypatch.setattr(experiment, "run_grid", lambda *arguments, **options: pytest.fail("a first stage was trained"))
    again = run(folder)
    assert results.earlier_seconds() == 0 and again.outcome.left == 0
    assert again.earlier_seconds() * again.workers == pytest.approx(sum(record["seconds"] for record in results.records))
    assert again.runs().equals(results.runs())


def test_records_alone_make_the_same_tables(grid, tmp_path):
    folder, results = grid
    shutil.copytree(folder / "records", tmp_path / "theirs" / "records")
    other = run(tmp_path / "mine", more_records=tmp_path / "theirs")
    assert other.runs().equals(results.runs()) and other.history().equals(results.history())
    assert not (tmp_path / "mine").exists()


@pytest.mark.slow
def test_a_budget_does_one_block_with_its_first_stage(tmp_path, monkeypatch):
    done = []

    def first_only(train, jobs, *rest, deadline):
        """Train first stages, and say of everything after the first block that the deadline stopped it."""
        done.append(len(jobs))
        return run_grid(train, jobs, *rest) if len(done) <= 1 else [None] * len(jobs)

    monkeypatch.setattr(budget, "run_grid", first_only)
    piece = run(tmp_path, minutes=600)
    assert set(piece.trained().seed) == {0} and piece.outcome.left == 2 and piece.outcome.minutes_left > 0
    names = {path.name.rpartition("-")[0] for path in (tmp_path / "trainings").iterdir()}
    assert {"first-0", "clip-SGD-0", "clip-SC-0"} <= names


@pytest.mark.parametrize(
    ("changes", "kind", "message"),
    [
        ({"model": "RN51"}, ValueError, r"^model='RN51' is unknown to open_clip; nearest: "),
        ({"source": "imagenet"}, ValueError, r"^source='imagenet' must be one of"),
        ({"batch_size": 128, "images": 0, "k": 0}, ValueError, r"^k=0 must be >= 1$"),
        ({"image_weights": "nowhere.pt"}, FileNotFoundError, r"^image_weights='nowhere.pt': there is no such file$"),
    ],
)
def test_what_cannot_work_is_refused_before_anything_runs(tmp_path, changes, kind, message):
    with pytest.raises(kind, match=message):
        run(tmp_path, **changes)
    assert list(tmp_path.iterdir()) == []
