"""Settings of all tests."""

import os

import pytest

# One thread, here and in the processes that tests start: the tensors are small, and on a busy machine threads only wait for
# each other. It must be set before torch is imported.
os.environ.setdefault("OMP_NUM_THREADS", "1")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Keep the tests of a file in one worker, as they share fixtures; those that run notebooks by notebook."""
    from xdist.scheduler import LoadScopeScheduling

    config.option.loadscopereorder = False  # the order is that of `pytest_collection_modifyitems`

    class ByFileOrNotebook(LoadScopeScheduling):
        """Work units are files, or of `test_notebooks_run.py` the notebooks."""

        def _split_scope(self, nodeid):
            file, _, test = nodeid.partition("::")
            return file + test.partition("[")[2] if "test_notebooks_run" in file else file

    return ByFileOrNotebook(config, log)


def pytest_collection_modifyitems(items):
    """Begin with the files that take long, so that at the end no worker waits for another."""
    slow = {item.path for item in items if item.get_closest_marker("slow") or item.get_closest_marker("notebook")}
    items.sort(key=lambda item: item.path not in slow)
