"""Everything that decides one pre-training run, checked before it begins."""

import math
from dataclasses import dataclass

from replication.datasets import DATASETS
from replication.losses import OBJECTIVES
from replication.selection.registry import parse_method
from replication.training.settings import RunSettings
from replication.validation import check_choice, check_count, check_flag, check_positive

NETWORKS = ("resnet18", "narrow")
STEMS = (32, 224)
PRECISIONS = ("float32", "bfloat16")


@dataclass(frozen=True)
class Settings(RunSettings):
    """One pre-training run. The defaults are the published ones, except those that say otherwise.

    Attributes:
        dataset: a name known to `load_image_set`.
        method: how batches are chosen, a line that `replication.selection.registry` reads.
        objective: a name in `replication.losses.OBJECTIVES`.
        seed: of initialisation, views and plans.
        images: use the first so many training images; 0: all.
        size: pixels of a view's side. The paper enlarges everything to 224; 32 is ours.
        network: "resnet18", or "narrow": a quarter of its channels and a smaller head, for CPUs.
        stem: 224: 7 x 7 convolution of stride 2 and max-pooling; 32: one 3 x 3 convolution, which "narrow" strides by 2.
        batch_size: B.
        epochs: of floor(N/B) updates.
        warmup_epochs: at the start, in which the learning rate rises from 0.
        lr: peak learning rate divided by the square root of B.
        weight_decay, momentum: of LARS. Tensors of one dimension get neither weight decay nor layer-wise scaling.
        temperature: of the objective and of the selectors' losses.
        k: batches in a chunk of SC and the chunked SwapSearch.
        candidates: of which OSGD keeps a tenth.
        crop_min: least share of the image's area in a view.
        precision: "bfloat16" runs the network under autocast; losses stay in float32.
        compiled: run the network through torch.compile; on GPUs it records CUDA graphs, which small batches need, as
            launching single kernels takes longer than computing them. Needs a C++ compiler.
        train_mode_features: the released habit: features for the plan with the network in train mode, whose batch
            normalisation then also updates its running statistics from the feature pass.
        refresh_features: the released habit: another feature pass whenever a plan is too short for the epoch.
        extra_epoch: the released habit: one more epoch after the schedule has reached its end.
    """

    dataset: str
    method: str
    objective: str = "simclr"
    seed: int = 0
    images: int = 0
    size: int = 32
    network: str = "resnet18"
    stem: int = 32
    batch_size: int = 32
    epochs: int = 100
    warmup_epochs: int = 10
    lr: float = 0.075
    weight_decay: float = 1e-6
    momentum: float = 0.9
    temperature: float = 0.1
    k: int = 40
    candidates: int = 1500
    crop_min: float = 0.08
    precision: str = "float32"
    compiled: bool = False
    train_mode_features: bool = False
    refresh_features: bool = False
    extra_epoch: bool = False

    def __post_init__(self):
        check_choice("dataset", self.dataset, DATASETS)
        object.__setattr__(self, "method", parse_method(self.method).name)
        check_choice("objective", self.objective, OBJECTIVES)
        check_choice("network", self.network, NETWORKS)
        check_choice("stem", self.stem, STEMS)
        check_choice("precision", self.precision, PRECISIONS)
        for name, low in (("seed", 0), ("images", 0), ("size", 8), ("batch_size", 2), ("epochs", 1), ("k", 1)):
            check_count(name, getattr(self, name), low)
        check_count("candidates", self.candidates, 1)
        check_count("warmup_epochs", self.warmup_epochs, 0, self.epochs, "epochs")
        for name in ("lr", "temperature", "crop_min"):
            check_positive(name, getattr(self, name))
        for name, high in (("weight_decay", math.inf), ("momentum", 1)):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < high:
                raise ValueError(f"{name}={value!r} must be a number >= 0 and < {high}")
        for name in ("compiled", "train_mode_features", "refresh_features", "extra_epoch"):
            check_flag(name, getattr(self, name))
        if self.crop_min > 1:
            raise ValueError(f"crop_min={self.crop_min} must be <= 1, the whole image")
        if self.images and self.images < self.batch_size:
            raise ValueError(f"images={self.images} must be 0 (all) or >= batch_size={self.batch_size}")
