"""Independent pieces of work, shared by the cores of this machine."""

from collections.abc import Callable

import torch
from joblib import Parallel, delayed

from replication import machine


def in_parallel(jobs: list[tuple]) -> list:
    """Return what each job (function, arguments ...) returns, in their order; no result depends on the number of cores.

    Each job is a long chain of small tensor operations, so one thread is best for it, and the cores take different jobs.
    """
    return Parallel(n_jobs=min(len(jobs), machine.cores()))(delayed(_alone)(*job) for job in jobs)


def _alone(function: Callable, *arguments):
    torch.set_num_threads(1)
    return function(*arguments)
