"""Independent seeds from one, so that any step of a run can be repeated without running what came before it."""

import zlib

import numpy as np


def derived_seed(seed: int, purpose: str, *indices: int) -> int:
    """Return a seed in [0, 2^63) for one use of randomness, such as ("views", epoch, block) of the run `seed`.

    Equal arguments give equal seeds, on any machine; different ones give unrelated generators.
    """
    # The length is part of it, as SeedSequence takes no notice of zeros at the end.
    words = [seed, zlib.crc32(purpose.encode()), len(indices), *indices]
    return int(np.random.SeedSequence(words).generate_state(1, np.uint64)[0] >> 1)
