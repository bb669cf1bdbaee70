"""A selector whose process dies, as by `kill -9`, the first time that it is asked: another must do its work."""

import os
import signal
from pathlib import Path

from replication.selection import SwapSearch


class DyingSelector(SwapSearch):
    """A SwapSearch(8) that kills its process as long as there are fewer than `deaths` lines in a file."""

    def __init__(self, file, deaths=1):
        super().__init__(8, 10, 0.1, workers=1)
        self.file, self.deaths = str(file), deaths

    def _select(self, u, v, generator):
        path = Path(self.file)
        died = len(path.read_text(encoding="utf-8")) if path.exists() else 0
        if died < self.deaths:
            path.write_text("x" * (died + 1), encoding="utf-8")
            os.kill(os.getpid(), signal.SIGKILL)
        return super()._select(u, v, generator)
