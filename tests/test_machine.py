"""Processes that share work leave Ctrl-C to their parent."""

import signal
import subprocess
import sys
import threading

from replication.machine import deaf_workers

LISTEN = "import signal; print(signal.getsignal(signal.SIGINT) is signal.SIG_IGN)"


def hears_nothing():
    return subprocess.run([sys.executable, "-c", LISTEN], capture_output=True, check=True).stdout.strip() == b"True"


def test_what_is_started_inside_does_not_hear_ctrl_c():
    around = signal.signal(signal.SIGINT, signal.default_int_handler)  # shells start background jobs deaf
    try:
        with deaf_workers():
            assert hears_nothing()
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler and not hears_nothing()
    finally:
        signal.signal(signal.SIGINT, around)


def test_threads_may_use_it_too():
    errors = []

    def work():
        try:
            with deaf_workers():
                pass
        except ValueError as error:
            errors.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert errors == []
