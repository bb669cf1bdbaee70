"""Two stages: every method fine-tunes the same network of its seed, and nothing finished is repeated."""

import pytest
import torch
from PIL import Image

from replication.experiments.clip.experiment import FIRST_STAGE, run_experiment
from replication.training.checkpoint import load_checkpoint

COMMON = {"source": "digits", "model": "digits-tiny", "images": 64, "size": 16, "batch_size": 16, "epochs": 1, "k": 2}


def run(folder, first_epochs=1, **changes):
    return run_experiment(folder, ["SGD", "SC"], ["clip"], 2, COMMON | changes, first_epochs, 1e-3, test_images=20, workers=2)


@pytest.fixture(scope="module")
def grid(tmp_path_factory):
    folder = tmp_path_factory.mktemp("trainings")
    return folder, run(folder)


def test_every_method_begins_with_the_first_stage_of_its_seed(grid):
    folder, results = grid
    names = sorted(path.name.rpartition("-")[0] for path in folder.iterdir())
    assert names == ["clip-SC-0", "clip-SC-1", "clip-SGD-0", "clip-SGD-1", "first-0", "first-1"]
    for record in results.records:
        assert record["settings"]["start"].startswith(str(folder / f"first-{record['settings']['seed']}-"))
    first = [load_checkpoint(path / "checkpoint.pt") for path in sorted(folder.glob("first-*"))]
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
    (page,) = folder.glob("*/examples.png")
    assert page.parent.name.startswith("clip-SGD-0-")
    with Image.open(page) as image:
        assert min(image.size) > 300


def test_a_second_call_trains_nothing(grid):
    folder, results = grid
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*.pt")}
    again = run(folder)
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*.pt")} == before
    assert results.earlier_seconds() == 0
    fine_tuning = sum(record["seconds"] for record in results.records)
    assert again.earlier_seconds() * again.workers > fine_tuning  # the first stage counts too
    assert again.runs().equals(results.runs())


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
