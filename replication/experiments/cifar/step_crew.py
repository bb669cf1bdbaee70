"""Processes that time an update at once, as trainings side by side make it, and say in one line what went wrong."""

from collections.abc import Iterable

import torch

from replication.experiments.cifar.settings import Settings
from replication.experiments.cifar.step_timer import StepTimer
from replication.machine import deaf_workers, end_with_parent, worker_context

PATIENCE = 600  # seconds for an answer: compiling takes minutes


class StepFailed(RuntimeError):
    """A variant of the update cannot be used: one line says why."""


class Here:
    """One `StepTimer` in this process, with the calls of a `Crew`."""

    def __init__(self, trainings: list[Settings], device: str):
        self.timer = StepTimer(trainings, device)

    def ask(self, members: Iterable[int], call: str, *arguments) -> list:
        """Return what the timer's method `call` returns, for each of `members`, of which there is only number 0."""
        threads = torch.get_num_threads()
        torch.set_num_threads(1)  # as in each of the trainings side by side
        try:
            return [getattr(self.timer, call)(*arguments) for _ in members]
        except Exception as error:
            raise StepFailed(reason(error)) from error
        finally:
            torch.set_num_threads(threads)

    def close(self) -> None:
        """Do nothing: there is no process to end."""


class Crew:
    """Processes with a `StepTimer` each, as trainings side by side have; a failure spoils none but its own process.

    Whoever makes one must `close` it.

    Args:
        count: of processes.
        trainings, device: as of `StepTimer`.
    """

    def __init__(self, count: int, trainings: list[Settings], device: str):
        context = worker_context(__name__)
        self.processes, self.ends = [], []
        with deaf_workers():
            for _ in range(count):
                mine, its = context.Pipe()
                process = context.Process(target=_answer, args=(its, trainings, device))
                process.start()
                its.close()  # so that the end of the process is the end of the pipe
                self.processes.append(process)
                self.ends.append(mine)

    def ask(self, members: Iterable[int], call: str, *arguments) -> list:
        """Return what the method `call` of the timers of `members`, numbers from 0, returns; all work at the same time.

        Raises:
            StepFailed: one of them raised something, ended, or did not answer in time. The crew is then of no more use.
        """
        members = list(members)
        for member in members:
            self._tell(member, (call, *arguments))
        return [self._hear(member) for member in members]

    def _tell(self, member: int, message: tuple) -> None:
        try:
            self.ends[member].send(message)
        except OSError:
            raise StepFailed(self._ended(member)) from None

    def _hear(self, member: int):
        try:
            if not self.ends[member].poll(PATIENCE):
                raise StepFailed(f"no answer within {PATIENCE} s")
            failed, answer = self.ends[member].recv()
        except (EOFError, OSError):
            raise StepFailed(self._ended(member)) from None
        if failed:
            raise StepFailed(answer)
        return answer

    def _ended(self, member: int) -> str:
        self.processes[member].join(5)
        return f"its process ended with exit code {self.processes[member].exitcode}"

    def close(self) -> None:
        """End the processes, whatever they do."""
        for process, end in zip(self.processes, self.ends, strict=True):
            process.kill()
            process.join()
            end.close()


def _answer(end, trainings: list[Settings], device: str) -> None:
    """Answer calls from the pipe `end` by (False, value) or (True, what went wrong), until the process is killed."""
    end_with_parent()
    torch.set_num_threads(1)  # as `run_grid` does
    timer = StepTimer(trainings, device)
    while True:
        call, *arguments = end.recv()
        try:
            answer = False, getattr(timer, call)(*arguments)
        except Exception as error:
            answer = True, reason(error)
        end.send(answer)


def reason(error: BaseException) -> str:
    """Return kind and first line of an error, and of the one that it followed: a failed capture hides what failed in it."""
    lines = []
    while error is not None and len(lines) < 2:
        text = str(error).strip().splitlines()
        lines.append(": ".join([type(error).__name__, *text[:1]])[:200])
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return "; after ".join(lines)
