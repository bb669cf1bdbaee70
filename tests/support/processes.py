"""Processes of their own, for what ends by being killed."""

from replication.machine import worker_context

# What takes long to import. Modules of this folder cannot stand here: before Python 3.12 the process that is copied does not
# know where they are.
IMPORTED = ("replication.clip.head_tuning", "replication.datasets.pairs", "replication.experiments.cifar.pretraining")


def start(function, *arguments):
    """Return a started process that runs a function.

    It is a copy of a process that has imported most of what trainings need, so that happens once.
    """
    process = worker_context(*IMPORTED).Process(target=function, args=arguments)
    process.start()
    return process


def exit_code(function, *arguments):
    """Return the exit code of a process that runs a function: 0, or -9 where it was killed."""
    process = start(function, *arguments)
    process.join()
    return process.exitcode
