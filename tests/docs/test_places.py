"""Generated pages: written where they changed, and gone with what they show."""

import pytest

from book import places


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(places, "GENERATED", tmp_path)
    monkeypatch.setattr(places, "_written", set())
    return tmp_path


def test_an_equal_page_is_not_written_again(folder):
    places.write("runs/a.md", "one")
    before = (folder / "runs" / "a.md").stat().st_mtime_ns
    places.write("runs/a.md", "one")
    assert (folder / "runs" / "a.md").stat().st_mtime_ns == before
    places.write("runs/a.md", "two")
    assert (folder / "runs" / "a.md").read_text(encoding="utf-8") == "two"


def test_the_page_of_a_run_that_is_gone_goes_too(folder):
    (folder / "runs").mkdir()
    (folder / "runs" / "gone.md").write_text("of an earlier build", encoding="utf-8")
    places.write("runs/a.md", "one")
    places.remove_the_rest()
    assert [path.name for path in folder.rglob("*.md")] == ["a.md"]
