"""Everything that decides one pre-training run, checked before it begins."""

import math
from dataclasses import dataclass
from typing import ClassVar

from replication.datasets import DATASETS
from replication.experiments.cifar.network import NETWORKS
from replication.losses import OBJECTIVES
from replication.selection import JointExamples, OrderedSGD
from replication.selection.registry import parse_method
from replication.training.settings import RunSettings
from replication.validation import check_choice, check_count, check_flag, check_not_negative, check_positive

STEMS = (32, 224)


@dataclass(frozen=True, kw_only=True)
class Settings(RunSettings):
    """One pre-training run. The defaults are the published ones, except those that say otherwise.

    Attributes, beside those of `RunSettings`:
        dataset: a name known to `load_image_set`.
        objective: a name in `replication.losses.OBJECTIVES`.
        size: pixels of a view's side. The paper enlarges everything to 224; 32 is ours.
        network: "resnet18", or, for CPUs, "narrow": a quarter of its channels and a smaller head, or "narrow10": the same with
            half as many residual blocks, a narrow ResNet-10.
        stem: 224: 7 x 7 convolution of stride 2 and max-pooling; 32: one 3 x 3 convolution, which the narrow ones stride by 2.
        lr: peak learning rate divided by the square root of B.
        weight_decay, momentum: of LARS. Tensors of one dimension get neither weight decay nor layer-wise scaling.
        temperature: of the objective and of the selectors' losses.
        compiled: run the network through torch.compile; on GPUs it records CUDA graphs, which small batches need, as
            launching single kernels takes longer than computing them. Needs a C++ compiler. On a GPU `run_experiment` with
            `workers` = 0 measures what is fastest instead.
        train_mode_features: the released habit: features for the plan with the network in train mode, whose batch
            normalisation then also updates its running statistics from the feature pass.
        refresh_features: the released habit: another feature pass whenever a plan is too short for the epoch.
        extra_epoch: the released habit: one more epoch after the schedule has reached its end.
    """

    MANNER: ClassVar[tuple[str, ...]] = ("compiled",)

    dataset: str
    objective: str = "simclr"
    size: int = 32
    network: str = "resnet18"
    stem: int = 32
    epochs: int = 100
    warmup_epochs: int = 10
    lr: float = 0.075
    weight_decay: float = 1e-6
    momentum: float = 0.9
    temperature: float = 0.1
    crop_min: float = 0.08
    compiled: bool = False
    train_mode_features: bool = False
    refresh_features: bool = False
    extra_epoch: bool = False

    def __post_init__(self):
        check_choice("dataset", self.dataset, DATASETS)
        self.check_shared(OBJECTIVES)
        if self.objective == "simclr, snapshot" and parse_method(self.method).kind in (OrderedSGD, JointExamples):
            raise ValueError(f"method={self.method!r} has batches that share samples, which {self.objective!r} cannot correct")
        check_choice("network", self.network, NETWORKS)
        check_choice("stem", self.stem, STEMS)
        check_count("warmup_epochs", self.warmup_epochs, 0, self.epochs, "epochs")
        check_positive("temperature", self.temperature)
        for name, high in (("weight_decay", math.inf), ("momentum", 1)):
            check_not_negative(name, getattr(self, name), below=high)
        for name in ("compiled", "train_mode_features", "refresh_features", "extra_epoch"):
            check_flag(name, getattr(self, name))
