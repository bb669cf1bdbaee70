"""A selector that takes more and more memory, until its process is ended or it has 4 GB."""

import time

import numpy as np

from replication.selection import SwapSearch

STEP, MOST = 2**27, 2**32  # bytes


class HungrySelector(SwapSearch):
    """A SwapSearch(8) that is never full."""

    def __init__(self):
        super().__init__(8, 10, 0.1, workers=1)

    def _select(self, u, v, generator):
        eaten = []
        while len(eaten) * STEP < MOST:
            eaten.append(np.ones(STEP, dtype=np.uint8))
            time.sleep(0.1)
        return super()._select(u, v, generator)
