"""The right to write a results folder: one run at a time, in all containers and on all machines that share it.

The writer keeps a file beside the folder, `.<folder>.writer`, that says who it is. It holds the system's lock on that file,
which ends with the process, whatever kills it, and counts in all containers of a machine. Other machines may not see the lock;
for them the writer renews the date of the file twice a minute, and it counts as gone after ten minutes without.
"""

import json
import os
import platform
import tempfile
import threading
from datetime import UTC, datetime
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows: only the date counts
    fcntl = None

BEAT = 30.0  # seconds between two signs of life
SILENCE = 600.0  # seconds without one after which a writer on another machine counts as gone

_held: dict[Path, "FolderLock"] = {}


class FolderLock:
    """The lock on one results folder, from construction until `release` or the end of the process.

    A process that locks a folder again takes it over from itself: a cell was run twice.

    Raises:
        BlockingIOError: another process writes there; the message says which.
        OSError: the file cannot be written.
    """

    def __init__(self, target: Path):
        self.path = _path(target)
        if self.path in _held:
            _held[self.path].release()
        self._file = _open_locked(self.path)
        if self._file is None:
            raise BlockingIOError(_words(self.path))
        owner = {"machine": _machine(), "host": platform.node(), "process": os.getpid()}
        owner |= {"since": datetime.now(UTC).isoformat(timespec="seconds")}
        self._file.seek(0)
        self._file.truncate()
        self._file.write(json.dumps(owner))
        self._file.flush()
        self._stop = threading.Event()
        threading.Thread(target=self._beat, daemon=True).start()
        _held[self.path] = self

    def release(self) -> None:
        """Give the folder up."""
        self._stop.set()
        _held.pop(self.path, None)
        self.path.unlink(missing_ok=True)
        self._file.close()

    def _beat(self) -> None:
        while not self._stop.wait(BEAT):
            try:
                os.utime(self.path)
            except OSError:  # a disk that is away for a while
                continue


def writer(target: Path) -> str | None:
    """Return who writes a results folder, in words, or None if nobody but perhaps this process does."""
    path = _path(target)
    if path in _held or not path.is_file():
        return None
    try:
        file = _open_locked(path)
    except OSError:  # whoever cannot write the file can write no results either, and is told so elsewhere
        return None
    if file is None:
        return _words(path)
    file.close()
    return None


def _path(target: Path) -> Path:
    target = target.resolve()
    return target.parent / f".{target.name}.writer"


def _open_locked(path: Path):
    """Return the file, open and locked, or None if another process holds it."""
    while True:
        file = open(path, "a+", encoding="utf-8")  # noqa: SIM115 -- it stays open as long as the lock is held
        locked = _lock(file)
        if locked is False or (not _same_machine(path, locked) and _seconds_silent(path) < SILENCE):
            file.close()
            return None
        # Its last holder may have removed it between the two calls.
        if path.exists() and os.path.samestat(os.fstat(file.fileno()), path.stat()):
            return file
        file.close()


def _lock(file) -> bool | None:
    """Lock an open file and return True, False if another process holds it, None if locks do not work here."""
    if fcntl is None:
        return None
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # some network disks
        return None
    return True


def _same_machine(path: Path, locked: bool | None) -> bool:
    """Return whether the lock that was got says all: its last holder ran on this machine, or there was none."""
    owner = _owner(path)
    return not owner or (bool(locked) and owner.get("machine") == _machine())


def _machine() -> str:
    """Return what all containers of a machine share, and no other machine has, until it starts anew."""
    boot = Path("/proc/sys/kernel/random/boot_id")
    return boot.read_text(encoding="ascii").strip() if boot.is_file() else platform.node()


def _owner(path: Path) -> dict:
    try:
        owner = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):  # gone, or not written yet
        return {}
    return owner if isinstance(owner, dict) else {}


def _seconds_silent(path: Path) -> float:
    """Return the age of the last sign of life, by the clock of the disk, which need not be this machine's."""
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f"{path.name}-") as probe:
        return os.stat(probe.name).st_mtime - path.stat().st_mtime


def _words(path: Path) -> str:
    owner = _owner(path)
    if not owner:
        return "another process"
    who = f"process {owner.get('process')} on {owner.get('host')} since {owner.get('since')}"
    if owner.get("machine") == _machine() and fcntl is not None:
        return who
    return f"{who} (its last sign of life {_seconds_silent(path):.0f} s ago; if it was killed, remove {path})"
