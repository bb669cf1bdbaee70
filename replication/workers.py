"""What processes that share a notebook's work do when it is interrupted or killed: end, and say nothing."""

import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def deaf_workers() -> Iterator[None]:
    """Processes that are started in here do not hear Ctrl-C: their parent does, and ends them."""
    if threading.current_thread() is not threading.main_thread():  # others may not say what a signal does
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def end_with_parent() -> None:
    """End this process, from now on, when its parent is gone: killed, that could not say so, and a new run must find nobody."""
    threading.Thread(target=_wait_for_parent, daemon=True).start()


def _wait_for_parent() -> None:
    multiprocessing.parent_process().join()
    os._exit(1)
