"""What the settings of every kind of training have in common."""

from dataclasses import asdict, dataclass, fields
from typing import ClassVar

from replication.files import file_name
from replication.selection.registry import parse_method
from replication.validation import check_choice, check_count, check_positive

PRECISIONS = ("float32", "bfloat16")


@dataclass(frozen=True, kw_only=True)
class RunSettings:
    """Base of the settings that decide a run; what each kind of training adds, its own class says.

    Attributes:
        method: how batches are chosen, a line that `replication.selection.registry` reads.
        objective: what is minimised, a name that the kind of training knows.
        seed: of initialisation, views or captions, and plans.
        images: use the first so many training images; 0: all.
        size: pixels of an image's side.
        batch_size: B.
        epochs: of floor(N/B) updates.
        warmup_epochs: at the start, in which the learning rate rises from 0.
        lr, weight_decay: of the optimiser.
        k: batches in a chunk of SC and the chunked SwapSearch where the method does not say it; clipped to floor(N/B).
        candidates: of which OSGD keeps a tenth where the method does not say it; clipped to floor(N/B).
        temperature: by which selectors judge hardness.
        crop_min: least share of the image's area in a view.
        precision: "bfloat16" runs the network under autocast; losses stay in float32.
    """

    MANNER: ClassVar[tuple[str, ...]] = ()  # fields that say how something is computed, and not what

    method: str
    objective: str
    seed: int = 0
    images: int = 0
    size: int
    batch_size: int = 32
    epochs: int
    warmup_epochs: float
    lr: float
    weight_decay: float
    k: int = 40
    candidates: int = 1500
    temperature: float
    crop_min: float
    precision: str = "float32"

    def check_shared(self, objectives) -> None:
        """Check the fields of this class, but for those whose limits depend on the kind of training.

        Raises:
            TypeError, ValueError: the first that cannot work, in one line.
        """
        object.__setattr__(self, "method", parse_method(self.method).name)
        check_choice("objective", self.objective, objectives)
        check_choice("precision", self.precision, PRECISIONS)
        for name, low in (("seed", 0), ("images", 0), ("size", 8), ("batch_size", 2), ("epochs", 1), ("k", 1)):
            check_count(name, getattr(self, name), low)
        check_count("candidates", self.candidates, 1)
        for name in ("lr", "crop_min"):
            check_positive(name, getattr(self, name))
        if self.crop_min > 1:
            raise ValueError(f"crop_min={self.crop_min} must be <= 1, the whole image")
        if self.images and self.images < self.batch_size:
            raise ValueError(f"images={self.images} must be 0 (all) or >= batch_size={self.batch_size}")

    @property
    def name(self) -> str:
        """What tells this run from others of one grid, fit for a folder."""
        return file_name(f"{self.objective}-{self.method}-{self.seed}")

    def plain(self) -> dict:
        """Return the settings as plain values."""
        return asdict(self)

    def identity(self) -> dict:
        """Return those settings that decide what comes out, as plain values."""
        return {name: value for name, value in asdict(self).items() if name not in self.MANNER}

    @classmethod
    def common(cls, parameters: dict) -> dict:
        """Return those of a notebook's parameters that are settings: what all runs of a grid share."""
        names = {field.name for field in fields(cls)}
        return {name: value for name, value in parameters.items() if name in names}
