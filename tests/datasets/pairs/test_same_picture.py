"""Which paths lead to one picture: by the file system, by content, and not by anything less."""

import os
from pathlib import Path

from replication.datasets.pairs import same_picture as module
from replication.datasets.pairs.same_picture import same_file, same_picture


def test_spellings_and_links_are_one_file(tmp_path):
    a = tmp_path / "a"
    a.write_text("x", encoding="utf-8")
    (tmp_path / "deep").mkdir()
    (tmp_path / "soft").symlink_to(a)
    os.link(a, tmp_path / "hard")
    (tmp_path / "b").write_text("x", encoding="utf-8")
    others = [tmp_path / "deep" / ".." / "a", tmp_path / "soft", tmp_path / "hard"]
    found = same_file([a, *others, tmp_path / "b"])
    assert found == {path: a for path in (a, *others)} | {tmp_path / "b": tmp_path / "b"}
    assert set(same_picture([a, *others, tmp_path / "b"]).values()) == {a}  # b is a copy of it


def test_missing_files_go_by_their_names(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = [Path("no"), Path("other"), Path("./no"), Path("a\0b")]
    for same in (same_file, same_picture):
        assert same(names) == {path: path for path in names[:2]} | {names[3]: names[3]}


def test_only_files_of_equal_size_are_read_and_empty_ones_are_no_copies(tmp_path, monkeypatch):
    contents = {"a": "xy", "b": "yx", "c": "xy", "d": "long", "e": "", "f": ""}
    for name, content in contents.items():
        (tmp_path / name).write_text(content, encoding="utf-8")
    read, real = [], module._digest
    monkeypatch.setattr(module, "_digest", lambda path, changed: read.append(path.name) or real(path, changed))
    found = same_picture([tmp_path / name for name in contents])
    assert {path.name: first.name for path, first in found.items()} == {
        "a": "a", "b": "b", "c": "a", "d": "d", "e": "e", "f": "f",
    }  # fmt: skip
    assert read == ["a", "b", "c"]
