"""Everything that decides one fine-tuning run, checked before it begins."""

import math
from dataclasses import dataclass

from replication.clip.towers import FREEZE
from replication.datasets.pairs import FITS, PAIR_PARAMETERS, PairSet, load_pairs, resolved
from replication.selection.registry import parse_method
from replication.training.settings import RunSettings
from replication.validation import check_choice, check_count, check_flag, check_positive, check_text

OBJECTIVES = ("clip", "sogclr")
PRECISIONS = ("float32", "bfloat16")


@dataclass(frozen=True)
class Settings(RunSettings):
    """One run of fine-tuning, or of training from scratch.

    Attributes:
        source: where pairs come from, as `load_pairs` knows it; the path of a CSV file is made absolute.
        method: how batches are chosen, a line that `replication.selection.registry` reads.
        objective: "clip": open_clip's ClipLoss, which is half of eq. (1). "sogclr": the global loss over all pairs, by moving
            averages (`BimodalSogCLR`), at the temperature that the model has at the start, which then does not learn.
        seed: of initial weights, captions, crops and plans.
        images: use the first so many training images; 0: all.
        size: pixels of an image's side.
        image_column, caption_column, separator: of a CSV, as `load_pairs` takes them.
        fit: "squash": whole photographs, their proportions changed. "crop": their largest central square, as CLIP was trained.
        model: a name that `make_model` knows.
        pretrained: a tag of open_clip, the path of a checkpoint of this model, or "" for none.
        image_weights: path of ImageNet weights for a timm image tower, or "".
        start: path of the `checkpoint.pt` of an earlier run of the same model, which gives the weights to begin with, or "".
            So one warm-up with shuffled batches serves all methods.
        freeze: what does not learn, see `freeze_towers`.
        checkpointing: recompute activations in the backward pass, which saves memory, as open_clip offers it.
        batch_size: B, over all processes.
        epochs: of floor(N/B) updates.
        warmup_epochs: at the start, in which the learning rate rises from 0; may be a fraction.
        lr: peak learning rate; open_clip's default.
        weight_decay, beta2, eps: of AdamW; open_clip's for transformers. The authors: 0.1, 0.999 and 1e-8.
        clip_norm: largest norm of the gradient of all parameters together; 0: no limit.
        k: batches in a chunk of SC and the chunked SwapSearch; clipped to floor(N/B).
        candidates: of which OSGD keeps a tenth; clipped to floor(N/B).
        temperature: by which selectors judge hardness; 0: the model's own when the plan is made.
        crop_min: least share of the image's area in a random crop, open_clip's only augmentation; 1: whole images.
        precision: "bfloat16" runs the towers under autocast; losses stay in float32.
    """

    source: str
    method: str
    objective: str = "clip"
    seed: int = 0
    images: int = 0
    size: int = 64
    image_column: str = "filepath"
    caption_column: str = "title"
    separator: str = ""
    fit: str = "squash"
    model: str = "mobilenetv2-tiny-text"
    pretrained: str = ""
    image_weights: str = ""
    start: str = ""
    freeze: str = "none"
    checkpointing: bool = False
    batch_size: int = 32
    epochs: int = 5
    warmup_epochs: float = 0.5
    lr: float = 5e-4
    weight_decay: float = 0.1
    beta2: float = 0.98
    eps: float = 1e-6
    clip_norm: float = 1.0
    k: int = 40
    candidates: int = 1500
    temperature: float = 0.0
    crop_min: float = 0.9
    precision: str = "float32"

    def __post_init__(self):
        for name in ("source", "image_column", "caption_column", "separator", "model", "pretrained", "image_weights", "start"):
            check_text(name, getattr(self, name))
        check_flag("checkpointing", self.checkpointing)
        object.__setattr__(self, "source", resolved(self.source))  # workers may have another working directory
        object.__setattr__(self, "method", parse_method(self.method).name)
        check_choice("objective", self.objective, OBJECTIVES)
        check_choice("freeze", self.freeze, FREEZE)
        check_choice("fit", self.fit, FITS)
        check_choice("precision", self.precision, PRECISIONS)
        for name, low in (("seed", 0), ("images", 0), ("size", 8), ("batch_size", 2), ("epochs", 1), ("k", 1)):
            check_count(name, getattr(self, name), low)
        check_count("candidates", self.candidates, 1)
        for name in ("lr", "eps", "crop_min"):
            check_positive(name, getattr(self, name))
        for name in ("warmup_epochs", "weight_decay", "clip_norm", "temperature"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < math.inf:
                raise ValueError(f"{name}={value!r} must be a finite number >= 0")
        if self.warmup_epochs > self.epochs:
            raise ValueError(f"warmup_epochs={self.warmup_epochs} must be <= epochs={self.epochs}")
        if not 0 <= self.beta2 < 1:
            raise ValueError(f"beta2={self.beta2} must be >= 0 and < 1")
        if self.crop_min > 1:
            raise ValueError(f"crop_min={self.crop_min} must be <= 1, the whole image")
        if self.images and self.images < self.batch_size:
            raise ValueError(f"images={self.images} must be 0 (all) or >= batch_size={self.batch_size}")

    def load(self, split: str) -> PairSet:
        """Return the pairs of a split, "train" (all of them, not only `images`) or "test"; errors as of `load_pairs`."""
        return load_pairs(split=split, **{name: getattr(self, name) for name in PAIR_PARAMETERS})
