"""A task that trains one network with one objective and one optimiser, which is what a checkpoint holds of it."""

from torch import nn
from torch.optim import Optimizer

from replication.training.loop import Task, all_finite
from replication.training.settings import RunSettings


class NetworkTask(Task):
    """The part of a task that is the same for every network.

    Attributes:
        settings: everything that decides the run.
        network, objective, optimizer: what is trained; the objective may have a state, as SogCLR has.
        provenance: further plain values that a checkpoint must agree on.
    """

    settings: RunSettings
    network: nn.Module
    objective: nn.Module
    optimizer: Optimizer
    provenance: dict

    def identity(self) -> dict:
        """Return the settings, the number of samples and the provenance, which wins: of files it has what they hold."""
        return self.settings.identity() | {"samples": self.num_samples} | self.provenance

    def state_dict(self) -> dict:
        """Return network, objective (SogCLR's state too) and optimiser."""
        return {name: getattr(self, name).state_dict() for name in ("network", "objective", "optimizer")}

    def is_sound(self, state: dict) -> bool:
        """Return whether network and optimiser are finite; SogCLR marks samples not seen yet by minus infinity."""
        return all_finite([state["network"], state["optimizer"]])

    def load_state_dict(self, state: dict) -> None:
        """Continue from `state_dict()`."""
        for name in ("network", "objective", "optimizer"):
            getattr(self, name).load_state_dict(state[name])
