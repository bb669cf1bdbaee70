"""Settings of all tests."""

import os

# One thread, here and in the processes that tests start: the tensors are small, and on a busy machine threads only wait for
# each other. It must be set before torch is imported.
os.environ.setdefault("OMP_NUM_THREADS", "1")
