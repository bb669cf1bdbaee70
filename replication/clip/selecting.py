"""Selectors for a network whose temperature is learned."""

from collections.abc import Callable

from torch import Generator, LongTensor, Tensor

from replication.clip.finetuning import FineTuning
from replication.clip.processes import Processes
from replication.clip.towers import learned_temperature
from replication.selection import BatchSelector
from replication.selection.registry import make_selector


class CurrentSelector(BatchSelector):
    """A selector that judges hardness at the temperature of the moment, made anew for each plan.

    With several processes rank 0 chooses, and all take its plan.

    Args:
        make: from a temperature to the selector.
        temperature: called for each plan.
        processes: those that need the same plan.
    """

    def __init__(
        self,
        make: Callable[[float], BatchSelector],
        temperature: Callable[[], float],
        processes: Processes | None = None,
    ):
        self.make, self.temperature = make, temperature
        self.processes = processes or Processes()
        first = make(temperature())
        self.batch_size, self.uses_embeddings = first.batch_size, first.uses_embeddings

    def plan(self, num_samples: int, generator: Generator | None = None) -> LongTensor:
        """Choose without embeddings, where the selector can; every process draws the same."""
        return self.make(self.temperature()).plan(num_samples, generator)

    def _select(self, u: Tensor, v: Tensor, generator: Generator | None) -> LongTensor:
        chosen = None
        if self.processes.rank == 0:
            rows = self.make(self.temperature())._select(u, v, generator)
            chosen = rows.cpu(), None if generator is None else generator.get_state()
        rows, state = self.processes.broadcast(chosen)
        if generator is not None:
            generator.set_state(state)  # what is drawn next must be the same everywhere too
        return rows


def make_clip_selector(task: FineTuning, method: str = "") -> CurrentSelector:
    """Return the selector of a run, at the fixed temperature of its settings or at the network's own.

    `method`: another one than the run's.
    """
    s = task.settings

    def make(temperature: float) -> BatchSelector:
        """Return the selector that judges at a temperature."""
        return make_selector(method or s.method, task.num_samples, s.batch_size, temperature, s.k, s.candidates)

    return CurrentSelector(make, lambda: s.temperature or learned_temperature(task.network), task.processes)
