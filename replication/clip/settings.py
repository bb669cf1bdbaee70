"""Everything that decides one fine-tuning run, checked before it begins."""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from replication.clip.towers import FREEZE, TOWERS
from replication.datasets.pairs import FITS, PAIR_PARAMETERS, PairSet, load_pairs, resolved
from replication.training.settings import RunSettings
from replication.validation import check_choice, check_count, check_flag, check_not_negative, check_positive, check_text

TEXTS = ("source", "image_column", "caption_column", "separator", "model", "pretrained", "image_weights", "start", "text_tower")
HEADS = ("linear", "mlp")
HEADS_ONLY = ("heads", "out", "views", "text_tower")  # settings that only heads on frozen towers have
OBJECTIVES = ("clip", "sogclr", "partial auc", "spectral")


@dataclass(frozen=True, kw_only=True)
class Settings(RunSettings):
    """One run of fine-tuning, or of training from scratch.

    Attributes, beside those of `RunSettings`:
        source: where pairs come from, as `load_pairs` knows it; the path of a CSV file is made absolute.
        objective: "clip": open_clip's ClipLoss, which is half of eq. (1). "sogclr": the global loss over all pairs, by moving
            averages (`BimodalSogCLR`), at the temperature that the model has at the start, which then does not learn.
            "partial auc", "spectral": as in `replication.losses.OBJECTIVES`, likewise.
        image_column, caption_column, separator: of a CSV, as `load_pairs` takes them.
        fit: "squash": whole photographs, their proportions changed. "crop": their largest central square, as CLIP was trained.
        model: a name that `make_model` knows.
        pretrained: a tag of open_clip, the path of a checkpoint of this model, or "" for none.
        image_weights: path of ImageNet weights for a timm image tower, or "".
        start: path of the `checkpoint.pt` of an earlier run of the same model, which gives the weights to begin with, or "".
            So one warm-up with shuffled batches serves all methods.
        freeze: what does not learn, see `freeze_towers`. "towers": both towers; two heads learn on their features, which are
            computed once (locked towers, LiT, Zhai et al. 2022). Only then the next four settings count.
        heads: "linear", or "mlp": linear, GELU, linear.
        out: width of the common space, and of the hidden layer of an MLP.
        views: of each training image, which the features are of: the whole image, and random crops by `crop_min`.
        text_tower: "": the model's own; or a pretrained one that `replication.features.text_features` knows.
        checkpointing: recompute activations in the backward pass, which saves memory, as open_clip offers it.
        batch_size: B, over all processes.
        warmup_epochs: at the start, in which the learning rate rises from 0; may be a fraction.
        lr: peak learning rate; open_clip's default.
        weight_decay, beta2, eps: of AdamW; open_clip's for transformers. The authors: 0.1, 0.999 and 1e-8.
        clip_norm: largest norm of the gradient of all parameters together; 0: no limit.
        temperature: by which selectors judge hardness; 0: the model's own when the plan is made.
        crop_min: least share of the image's area in a random crop, open_clip's only augmentation; 1: whole images.
    """

    MANNER: ClassVar[tuple[str, ...]] = ("checkpointing",)

    source: str
    objective: str = "clip"
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
    heads: str = "linear"
    out: int = 256
    views: int = 1
    text_tower: str = ""
    checkpointing: bool = False
    epochs: int = 5
    warmup_epochs: float = 0.5
    lr: float = 5e-4
    weight_decay: float = 0.1
    beta2: float = 0.98
    eps: float = 1e-6
    clip_norm: float = 1.0
    temperature: float = 0.0
    crop_min: float = 0.9

    def __post_init__(self):
        for name in TEXTS:
            check_text(name, getattr(self, name))
        check_flag("checkpointing", self.checkpointing)
        object.__setattr__(self, "source", resolved(self.source))  # workers may have another working directory
        self.check_shared(OBJECTIVES)
        check_choice("freeze", self.freeze, (*FREEZE, TOWERS))
        check_choice("heads", self.heads, HEADS)
        for name in ("out", "views"):
            check_count(name, getattr(self, name), 1)
        if self.freeze != TOWERS:
            for name in HEADS_ONLY:
                if getattr(self, name) != Settings.__dataclass_fields__[name].default:
                    raise ValueError(f"{name}={getattr(self, name)!r} needs freeze={TOWERS!r}; it is {self.freeze!r}")
        elif self.views > 1 and self.crop_min == 1:
            raise ValueError(f"views={self.views} needs crop_min < 1; at 1 every view is the whole image")
        check_choice("fit", self.fit, FITS)
        check_positive("eps", self.eps)
        for name in ("warmup_epochs", "weight_decay", "clip_norm", "temperature"):
            check_not_negative(name, getattr(self, name))
        if self.warmup_epochs > self.epochs:
            raise ValueError(f"warmup_epochs={self.warmup_epochs} must be <= epochs={self.epochs}")
        check_not_negative("beta2", self.beta2, below=1)

    def identity(self) -> dict:
        """Return what decides the run, see `RunSettings.identity`; of files their names, as they may lie elsewhere tomorrow.

        What such files hold, `file_digests` and the checksums of the data tell.
        """
        places = ("source", "pretrained", "image_weights", "start")
        found = super().identity() | {name: Path(getattr(self, name)).name for name in places}
        # Records of trainings without heads do not have these, and go on to fit.
        return {name: value for name, value in found.items() if self.freeze == TOWERS or name not in HEADS_ONLY}

    def load(self, split: str) -> PairSet:
        """Return the pairs of a split, "train" (all of them, not only `images`) or "test"; errors as of `load_pairs`."""
        return load_pairs(split=split, **{name: getattr(self, name) for name in PAIR_PARAMETERS})
