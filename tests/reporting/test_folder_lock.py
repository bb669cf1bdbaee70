"""One writer of a results folder at a time, in all containers and on all machines that share it."""

import json
import os
import subprocess
import sys
import time

import pytest

from replication.reporting import folder_lock
from replication.reporting.folder_lock import FolderLock, writer

HOLD = """import sys
from pathlib import Path
from replication.reporting.folder_lock import FolderLock
lock = FolderLock(Path(sys.argv[1]))
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def held(tmp_path):
    """A process that holds the lock on <tmp_path>/r."""
    command = [sys.executable, "-c", HOLD, str(tmp_path / "r")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8") as process:
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def pretend(path, seconds=0.0, **owner):
    """Write what a writer elsewhere would have left, its last sign of life so many seconds ago."""
    path.write_text(json.dumps({"machine": "other", "host": "node7", "process": 12, "since": "noon"} | owner), encoding="utf-8")
    os.utime(path, (time.time() - seconds,) * 2)


def test_the_lock_leaves_nothing_behind(tmp_path):
    lock = FolderLock(tmp_path / "r")
    assert [path.name for path in tmp_path.iterdir()] == [".r.writer"]
    assert writer(tmp_path / "r") is None  # this process itself
    lock.release()
    assert list(tmp_path.iterdir()) == []


def test_another_process_is_refused_and_told_who_writes(tmp_path, held):
    with pytest.raises(BlockingIOError, match=rf"^process {held.pid} on .* since \d{{4}}-"):
        FolderLock(tmp_path / "r")
    assert writer(tmp_path / "r").startswith(f"process {held.pid} on ")
    FolderLock(tmp_path / "other").release()


def test_the_number_of_the_process_means_nothing(tmp_path, held):
    """In another container it belongs to nobody, or to somebody else."""
    path = tmp_path / ".r.writer"
    path.write_text(path.read_text(encoding="utf-8").replace(str(held.pid), "4194305"), encoding="utf-8")
    with pytest.raises(BlockingIOError, match=r"^process 4194305 on "):
        FolderLock(tmp_path / "r")


def test_a_killed_process_gives_the_folder_up_at_once(tmp_path, held):
    held.kill()
    held.wait()
    assert (tmp_path / ".r.writer").exists()
    assert writer(tmp_path / "r") is None
    FolderLock(tmp_path / "r").release()


def test_the_same_process_takes_over_from_itself(tmp_path):
    FolderLock(tmp_path / "r")
    FolderLock(tmp_path / "r").release()
    assert list(tmp_path.iterdir()) == []


def test_a_writer_on_another_machine_counts_until_it_has_been_silent(tmp_path):
    path = tmp_path / ".r.writer"
    pretend(path, seconds=folder_lock.SILENCE / 2)
    words = r"^process 12 on node7 since noon \(its last sign of life \d+ s ago; if it was killed, remove .*/\.r\.writer\)$"
    with pytest.raises(BlockingIOError, match=words):
        FolderLock(tmp_path / "r")
    assert path.exists()  # it may still be writing
    pretend(path, seconds=folder_lock.SILENCE + 1)
    assert writer(tmp_path / "r") is None
    FolderLock(tmp_path / "r").release()


def test_where_locks_do_not_work_the_signs_of_life_count(tmp_path, monkeypatch):
    monkeypatch.setattr(folder_lock, "fcntl", None)
    path = tmp_path / ".r.writer"
    pretend(path, machine=folder_lock._machine())
    with pytest.raises(BlockingIOError, match=r"^process 12 on node7 since noon \(its last sign of life"):
        FolderLock(tmp_path / "r")
    path.unlink()
    FolderLock(tmp_path / "r").release()


def test_the_writer_gives_signs_of_life(tmp_path, monkeypatch):
    monkeypatch.setattr(folder_lock, "BEAT", 0.05)
    lock = FolderLock(tmp_path / "r")
    os.utime(lock.path, (0, 0))
    deadline = time.time() + 10
    while lock.path.stat().st_mtime == 0 and time.time() < deadline:
        time.sleep(0.02)
    assert lock.path.stat().st_mtime > 0
    lock.release()


def test_a_file_that_says_nothing_yet_is_held_by_somebody(tmp_path, held):
    (tmp_path / ".r.writer").write_text("", encoding="utf-8")
    assert writer(tmp_path / "r") == "another process"
