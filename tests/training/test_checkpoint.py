"""Checkpoints are whole or absent, and say why they are refused."""

import errno

import pytest
import torch

from replication.training import checkpoint
from replication.training.checkpoint import CheckpointError, check_identity, load_checkpoint, save_checkpoint

STATE = {"weights": torch.arange(5.0), "epoch": 3, "nested": [{"name": "a"}], "nothing": None}


def test_round_trip(tmp_path):
    path = tmp_path / "deep" / "checkpoint.pt"
    assert load_checkpoint(path) is None
    save_checkpoint(path, STATE)
    loaded = load_checkpoint(path)
    assert torch.equal(loaded.pop("weights"), STATE["weights"])
    assert loaded == {name: value for name, value in STATE.items() if name != "weights"}
    assert [file.name for file in path.parent.iterdir()] == ["checkpoint.pt"]


def test_what_a_killed_process_left_half_written_is_removed(tmp_path):
    path = tmp_path / "checkpoint.pt"
    (tmp_path / ".checkpoint.pt.12345.tmp").write_bytes(b"half")
    save_checkpoint(path, STATE)
    assert [file.name for file in tmp_path.iterdir()] == ["checkpoint.pt"]


def test_a_folder_that_cannot_be_made_is_one_line(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(CheckpointError, match=r"^checkpoint .* cannot be written: "):
        save_checkpoint(tmp_path / "file" / "checkpoint.pt", STATE)


@pytest.mark.parametrize("where", ["torch.save", "fsync"])
def test_a_full_disk_keeps_the_checkpoint_before(tmp_path, monkeypatch, where):
    path = tmp_path / "checkpoint.pt"
    save_checkpoint(path, STATE)

    def full(*arguments):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(*((checkpoint.torch, "save") if where == "torch.save" else (checkpoint.os, "fsync")), full)
    with pytest.raises(CheckpointError, match=r"cannot be written: No space left on device; the checkpoint before it is kept$"):
        save_checkpoint(path, STATE | {"epoch": 4})
    monkeypatch.undo()
    assert load_checkpoint(path)["epoch"] == 3
    assert [file.name for file in tmp_path.iterdir()] == ["checkpoint.pt"]


def test_a_really_full_device_is_one_line(tmp_path, monkeypatch):
    if not (device := checkpoint.Path("/dev/full")).exists():
        pytest.skip("no /dev/full here")
    original = open
    monkeypatch.setattr(checkpoint, "open", lambda path, mode: original(device, mode), raising=False)
    with pytest.raises(CheckpointError, match=r"cannot be written: ") as caught:
        save_checkpoint(tmp_path / "checkpoint.pt", {"weights": torch.zeros(10**6)})
    assert "\n" not in str(caught.value) and not (tmp_path / "checkpoint.pt").exists()


@pytest.mark.parametrize("damage", [lambda data: data[: len(data) // 2], lambda data: b"", lambda data: b"x" * 100])
def test_damaged_files_are_one_line(tmp_path, damage):
    path = tmp_path / "checkpoint.pt"
    save_checkpoint(path, STATE)
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(CheckpointError, match=r"is damaged \(.*\); delete it to begin this run anew$") as caught:
        load_checkpoint(path)
    assert "\n" not in str(caught.value)


def test_code_in_a_checkpoint_is_not_run(tmp_path):
    path = tmp_path / "checkpoint.pt"
    torch.save({"evil": print}, path)
    with pytest.raises(CheckpointError, match="is damaged"):
        load_checkpoint(path)


def test_identity_names_what_differs(tmp_path):
    path = tmp_path / "c.pt"
    check_identity(path, {"a": 1}, {"a": 1})
    with pytest.raises(CheckpointError, match=r"it has a=1 \(here 2\); choose another folder$"):
        check_identity(path, {"a": 1}, {"a": 2})
    with pytest.raises(CheckpointError, match=r"and 2 more; "):
        check_identity(path, dict.fromkeys("abcd", 0), dict.fromkeys("abcde", 1))
    with pytest.raises(CheckpointError, match=r"new=None \(here 5\)"):
        check_identity(path, {}, {"new": 5})
