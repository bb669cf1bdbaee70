"""Sizes that are measured are kept, so that a run of hours which is broken off goes on with the size that it had begun."""

import hashlib
import json
import time
from collections.abc import Callable
from pathlib import Path

from replication.files import whole
from replication.reporting.provenance import hardware, source_hash


class MeasuredSizes:
    """What was measured of each size, in files of a folder that git does not hold.

    Another setting, another version of the code or another machine measures anew.

    Args:
        folder: of the files; None: nothing is kept.

    Attributes:
        earlier_seconds: what the sizes took that an earlier call measured.
    """

    def __init__(self, folder: Path | None = None):
        self.folder = folder
        self.earlier_seconds = 0.0

    def measured(self, size: int, settings: dict, measure: Callable[[], list[dict]]) -> list[dict]:
        """Return what `measure()` returns, or returned earlier for the same size and settings: plain values."""
        if self.folder is None:
            return measure()
        code = source_hash("replication.experiments.scale.growth")
        identity = json.dumps([settings, code, hardware()["processor"]], sort_keys=True)
        path = self.folder / f"{size}-{hashlib.sha256(identity.encode()).hexdigest()[:8]}.json"
        try:
            kept = json.loads(path.read_text(encoding="utf-8"))
            self.earlier_seconds += kept["seconds"]
            return kept["measured"]
        except (OSError, ValueError, KeyError, TypeError):  # there is none, or it is damaged
            begin = time.perf_counter()
            found = measure()
            text = json.dumps({"measured": found, "seconds": time.perf_counter() - begin}, indent=1)
            with whole(path) as place:
                place.write_text(text, encoding="utf-8")
            return found
