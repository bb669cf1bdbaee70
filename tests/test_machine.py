"""Processes that share work: how they start, and that they leave Ctrl-C to their parent."""

import signal
import subprocess
import sys
import threading

import torch

from replication.machine import deaf_workers, worker_context

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


def test_workers_are_copies_of_a_process_that_has_imported_what_they_need():
    """In a process of its own, as there is one server for all workers of a process."""
    program = (
        "import sys; from concurrent.futures import ProcessPoolExecutor\n"
        "from replication.machine import worker_context\n"
        "if __name__ == '__main__':\n"
        "    context = worker_context('colorsys')\n"
        "    with ProcessPoolExecutor(1, context) as pool: print(context.get_start_method(), pool.submit(eval, "
        '\'"colorsys" in __import__("sys").modules\').result())\n'
    )
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, encoding="utf-8")
    assert found.stdout == ("forkserver True\n" if not torch.cuda.is_available() else "spawn False\n"), found.stderr


def test_workers_of_a_machine_with_a_gpu_start_afresh(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert worker_context("colorsys").get_start_method() == "spawn"
