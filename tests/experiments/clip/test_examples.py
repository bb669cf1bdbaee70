"""The page of examples: any caption can stand on it, and no failure of it ends a run."""

from dataclasses import replace

import pytest
import torch
from PIL import Image
from small_finetuning import small_task

from replication.experiments.clip import examples
from replication.experiments.clip.examples import write_examples

HOSTILE = ["was $12_2; 25% off: $9", "two\nlines\u2028three", "word" * 5000, r"\frac{", "用户 🙂", "_"]


@pytest.fixture(scope="module")
def task():
    return small_task()


@pytest.mark.filterwarnings("ignore:Glyph")  # matplotlib's font lacks some signs, and draws boxes
def test_captions_are_plain_texts(task, tmp_path, capfd):
    test = task.settings.load("test").head(len(HOSTILE))
    write_examples(task, replace(test, captions=[[text] for text in HOSTILE]), tmp_path / "page.png")
    with Image.open(tmp_path / "page.png") as page:
        assert page.size == (1020, 1260)
    figure = examples._draw(task, replace(test, captions=[[text] for text in HOSTILE]), 6, 6)
    titles = [axis.get_title(loc="left") for axis in figure.axes[::6]]
    assert titles[:2] == ["was $12_2; 25% off: $9", "two lines three"] and len(titles[2]) < 130
    assert "no page" not in capfd.readouterr().err


def test_a_failure_is_one_line_and_no_more(task, tmp_path, capfd, monkeypatch):
    def fail(*_):
        raise ValueError("\nfirst line\nsecond line")

    monkeypatch.setattr(examples, "nearest_images", fail)
    write_examples(task, task.settings.load("test").head(3), tmp_path / "page.png")
    assert capfd.readouterr().err == f"no page of examples in {tmp_path}/page.png: ValueError first line second line\n"
    monkeypatch.undo()
    (tmp_path / "file").touch()
    write_examples(task, task.settings.load("test").head(3), tmp_path / "file" / "page.png")
    assert capfd.readouterr().err.count("\n") == 1 and [path.name for path in tmp_path.iterdir()] == ["file"]
    assert torch.is_grad_enabled()
