"""Everything that decides the training of heads, checked before it begins."""

from dataclasses import asdict, dataclass

from replication.selection.registry import parse_method
from replication.validation import check_choice, check_count, check_not_negative, check_positive

KINDS = ("linear", "mlp")
STOP_BY = tuple(f"{side} R@{k}" for side in ("mean", "u2v", "v2u") for k in (1, 5, 10))


@dataclass(frozen=True, kw_only=True)
class HeadSettings:
    """What all trainings of one call share.

    Attributes:
        kind: of both heads. "linear": one linear map. "mlp": linear, GELU, linear.
        hidden, out: widths of the hidden layer and of the common space.
        batch_size: B.
        epochs: of floor(N/B) updates.
        warmup_epochs: at the start, in which the learning rate rises from 0; then half a cosine. May be a fraction.
        weight_decay, beta2, eps: of AdamW, whose decay is for matrices alone; open_clip's for transformers.
        start_temperature: with which the learned one begins; CLIP's. It stays >= 0.01, as CLIP's does.
        temperature: by which selectors judge hardness; 0: the learned one when the plan is made.
        k: batches in a chunk of SC and SwapSearch where the method does not say it; clipped to floor(N/B).
        candidates: of which OSGD keeps a tenth where the method does not say it; clipped to floor(N/B).
        stop_by: the measure on validation pairs that decides which epoch's heads are kept.

    Raises:
        TypeError, ValueError: the first value that cannot work, in one line.
    """

    kind: str = "mlp"
    hidden: int = 512
    out: int = 256
    batch_size: int = 32
    epochs: int = 10
    warmup_epochs: float = 0.5
    weight_decay: float = 0.1
    beta2: float = 0.98
    eps: float = 1e-6
    start_temperature: float = 0.07
    temperature: float = 0.0
    k: int = 40
    candidates: int = 1500
    stop_by: str = "mean R@10"

    def __post_init__(self):
        check_choice("kind", self.kind, KINDS)
        check_choice("stop_by", self.stop_by, STOP_BY)
        for name, low in (("hidden", 1), ("out", 1), ("batch_size", 2), ("epochs", 1), ("k", 1), ("candidates", 1)):
            check_count(name, getattr(self, name), low)
        for name in ("eps", "start_temperature"):
            check_positive(name, getattr(self, name))
        for name in ("warmup_epochs", "weight_decay", "temperature"):
            check_not_negative(name, getattr(self, name))
        if self.warmup_epochs > self.epochs:
            raise ValueError(f"warmup_epochs={self.warmup_epochs} must be <= epochs={self.epochs}")
        if not 0.01 <= self.start_temperature <= 1:
            raise ValueError(f"start_temperature={self.start_temperature} must be >= 0.01 and <= 1")
        check_not_negative("beta2", self.beta2, below=1)

    def plain(self) -> dict:
        """Return the settings as plain values."""
        return asdict(self)


@dataclass(frozen=True)
class Training:
    """What tells one training from the others of a call; those of one seed share initial weights, captions and views.

    Attributes:
        method: how batches are chosen, a line that `replication.selection.registry` reads.
        seed: of initial weights, captions, views and plans.
        lr: peak learning rate.

    Raises:
        TypeError, ValueError: a value that cannot work, in one line.
    """

    method: str
    seed: int
    lr: float

    def __post_init__(self):
        object.__setattr__(self, "method", parse_method(self.method).name)
        check_count("seed", self.seed, 0)
        check_positive("lr", self.lr)
