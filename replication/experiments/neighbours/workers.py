"""Independent pieces of work, shared by the cores of this machine."""

from collections.abc import Callable

from joblib import Parallel, delayed

from replication import machine
from replication.selection.kernels.parallel import single_torch_thread


def in_parallel(jobs: list[tuple]) -> list:
    """Return what each job (function, arguments ...) returns, in their order; no result depends on the number of cores.

    Each job is a long chain of small tensor operations, so one thread is best for it, and the cores take different jobs.
    """
    return Parallel(n_jobs=min(len(jobs), machine.cores()))(delayed(_alone)(*job) for job in jobs)


def _alone(function: Callable, *arguments):
    with single_torch_thread():
        return function(*arguments)
