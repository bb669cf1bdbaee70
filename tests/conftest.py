"""Settings of all tests."""

import os

import pytest

# One thread, here and in the processes that tests start: the tensors are small, and on a busy machine threads only wait for
# each other. It must be set before torch is imported.
os.environ.setdefault("OMP_NUM_THREADS", "1")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """Keep the tests of a file in one worker, as they share fixtures, unless they say otherwise."""
    for item in items:
        if item.get_closest_marker("xdist_group") is None:
            item.add_marker(pytest.mark.xdist_group(str(item.path)))
