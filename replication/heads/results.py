"""What one training of heads leaves."""

from dataclasses import asdict, dataclass, field

from torch import LongTensor

from replication.heads.networks import StackedHeads
from replication.heads.settings import Training

PARTS = ("features", "selection", "steps", "evaluation")


@dataclass
class TrainedHeads:
    """What one training leaves.

    Attributes:
        training: which one it is.
        curve: a dict for each epoch: "epoch" (from 1), "loss" (mean of its batches, nats), "share of ln B" (the loss, over
            that of guessing), "temperature" at its end, "false negatives" (share of likely ones among the pairs inside
            batches: of one group, else with nearly equal texts; NaN where neither is known), and the measures on the
            validation pairs.
        best_epoch: whose validation measure was the largest; its heads were kept and tested.
        validation, test: measures in that epoch, as `measures_of_ranks`.
        test_ranks: of each test query, as `retrieval_ranks`; for intervals over queries.
        seconds: of "features" (passes for plans), "selection", "steps" (those of a group shared out evenly), "evaluation".
        updates: made in all.
        heads: those kept (G = 1).
    """

    training: Training
    curve: list[dict] = field(default_factory=list)
    best_epoch: int = 0
    validation: dict[str, float] = field(default_factory=dict)
    test: dict[str, float] = field(default_factory=dict)
    test_ranks: dict[str, LongTensor] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=lambda: dict.fromkeys(PARTS, 0.0))
    updates: int = 0
    heads: StackedHeads | None = None

    def record(self) -> dict:
        """Return all but heads and ranks as plain values, fit for JSON and tables."""
        plain = {name: getattr(self, name) for name in ("curve", "best_epoch", "validation", "test", "seconds", "updates")}
        return asdict(self.training) | plain
