"""Contrastive pre-training of one network: the task that `replication.training` drives."""

import math
from collections.abc import Iterator

import torch
from timm.optim import Lars
from torch import LongTensor, Tensor

from replication.augmentation import Augmentation
from replication.datasets import ImageSet
from replication.experiments.cifar.captured_step import CapturedStep
from replication.experiments.cifar.network import make_encoder
from replication.experiments.cifar.settings import Settings
from replication.experiments.cifar.step_variants import GRAPHS, forward_of, variant_or_default
from replication.losses import SnapshotNTXent, make_objective
from replication.seeding import derived_seed
from replication.training.network_task import NetworkTask
from replication.training.schedule import warmup_cosine

# Records and checkpoints of trainings fit together only under the same number. Raise it whenever a change alters the numbers
# that training gives, beyond rounding; a test of the first losses says when that is so.
PROTOCOL = 1
FEATURE_BATCH = 2496  # images in a block of the feature pass, as published
# Larger sets of views are drawn, and pass a network in eval mode, in parts of about so many pixels (2496 images of 32 px are
# 2.6 million: one part). A full part at 224 px is 334 images, whose views take 0.2 GB in float32; measured on a CPU, drawing
# them takes 7 times that, and a ResNet-18 with the stem of 224 px in float32 11 times, or 2.2 GB. In train mode a block must
# stay whole, as batch normalisation looks at all of it: at 224 px 1.5 GB of views and 16 GB in the network, half of the
# latter in bfloat16.
VIEW_PIXELS = 2**24
BLOCK = 16  # batches whose views are drawn at once


class Pretraining(NetworkTask):
    """Two views of each image, one network for both, one objective, LARS with warm-up and cosine.

    Both views of a batch pass the network together, so batch normalisation sees all 2B of them.

    Args:
        settings: everything that decides the run.
        train: the training images; the first `settings.images` are used.
        device: where images, network and objective live.
        provenance: further plain values that a checkpoint must agree on, such as hashes of code and data.
        variant: how an update is launched, one of `step_variants.VARIANTS`; "": as the setting `compiled` says. Checkpoints
            fit all variants.

    Raises:
        ValueError: fewer images than one batch holds, or a variant that the device does not have.
    """

    def __init__(
        self, settings: Settings, train: ImageSet, device: str = "cpu", provenance: dict | None = None, variant: str = ""
    ):
        self.settings = settings
        self.device = torch.device(device)
        self.variant = variant_or_default(variant, settings, self.device)
        self.num_samples = training_images(settings, train)
        self.images = train.images[: self.num_samples].to(self.device)
        self.labels = train.labels[: self.num_samples]
        self.steps_per_epoch = self.num_samples // settings.batch_size
        self.provenance = provenance or {}
        # The channels-last layout is the faster one for convolutions, on CPUs and on GPUs.
        self.network = make_encoder(settings.network, settings.stem, settings.seed).to(
            self.device, memory_format=torch.channels_last
        )
        # The network itself keeps the weights; what is compiled only runs it.
        self.forward = forward_of(self.network, self.variant)
        self.captured: CapturedStep | None = None
        self.objective = make_objective(settings.objective, self.num_samples, settings.temperature).to(self.device)
        self.optimizer = make_lars(self.network, settings)
        self.mean, self.std = train.mean, train.std
        # The published views: crop, flip, colour jitter, grayscale and blur, drawn for each image and view on its own.
        self.augment = Augmentation(settings.size, crop_scale=(settings.crop_min, 1.0), mean=train.mean, std=train.std)
        self.generator = torch.Generator(self.device)
        self.latest: tuple[int, tuple[Tensor, Tensor]] | None = None  # epoch and embeddings of the last feature pass

    @torch.no_grad()
    def embed(self, epoch: int, pass_number: int) -> tuple[Tensor, Tensor]:
        """Return the head outputs u, v [N, 128] (float32) of two random views of each training image.

        By default the network is in eval mode, and batch normalisation is left as it is.
        """
        self.network.train(self.settings.train_mode_features)
        views = self.two_views(self.images, "features", epoch, pass_number)
        self.network.train()
        self.latest = (epoch, views)
        return views

    @torch.no_grad()
    def two_views(self, images: Tensor, purpose: str, *indices: int) -> tuple[Tensor, Tensor]:
        """Return the head outputs of two random views of images [N, 3, height, width], in the network's present mode."""
        parts = []
        for number, block in enumerate(images.split(FEATURE_BATCH)):
            self.generator.manual_seed(derived_seed(self.settings.seed, purpose, *indices, number))
            parts.append([self._embed_block(block) for _ in range(2)])
        u, v = (torch.cat(side) for side in zip(*parts, strict=True))
        return u, v

    def _embed_block(self, block: Tensor) -> Tensor:
        if self.network.training:
            return self.embed_images(self.draw_views(block))
        return torch.cat([self.embed_images(self.augment(part, self.generator)) for part in self.in_parts(block)])

    def draw_views(self, images: Tensor) -> Tensor:
        """Return one random view of each of images [N, 3, height, width]: [N, 3, size, size], normalised."""
        views = [self.augment(part, self.generator) for part in self.in_parts(images)]
        return views[0] if len(views) == 1 else torch.cat(views)

    def in_parts(self, images: Tensor) -> tuple[Tensor, ...]:
        """Split images [N, ...] evenly into the fewest parts whose views hold at most about `VIEW_PIXELS` pixels each."""
        return images.chunk(math.ceil(len(images) * self.settings.size**2 / VIEW_PIXELS))

    def embed_images(self, views: Tensor) -> Tensor:
        """Return the head outputs [B, 128] (float32) of normalised views [B, 3, size, size]."""
        features = not torch.is_grad_enabled()
        # Large blocks gain little from being compiled; what is compiled for the graph then sees one size only.
        forward = self.network if features and self.variant == "compiled graph" else self.forward
        with self.autocast():
            z = forward(views.contiguous(memory_format=torch.channels_last)).float()
        # Where torch.compile replays CUDA graphs, the next call overwrites what this one returned; an update is done by then.
        return z.clone() if features and self.variant == "compiled" else z

    def autocast(self) -> torch.autocast:
        """Return the context in which the network runs."""
        half = self.settings.precision == "bfloat16"
        # A weight cast once and kept would be that of the capture in every replay.
        return torch.autocast(self.device.type, torch.bfloat16, enabled=half, cache_enabled=self.variant not in GRAPHS)

    def load_state_dict(self, state: dict) -> None:
        """Continue from `state_dict()`, of whichever variant."""
        super().load_state_dict(state)
        self.captured = None  # the optimiser has new momenta

    def steps(self, plan: LongTensor, start: int, epoch: int) -> Iterator[Tensor]:
        """Make one update for each batch plan[start:]; see `Task.steps`."""
        if start == 0 and isinstance(self.objective, SnapshotNTXent):  # later ones of an epoch have what a checkpoint kept
            if self.latest is None or self.latest[0] != epoch:  # shuffled batches need no embeddings, and made none
                self.embed(epoch, 0)
            self.objective.renew(*self.latest[1], plan)
        self.latest = None  # it is large
        self.network.train()
        for begin in range(start - start % BLOCK, len(plan), BLOCK):
            rows = plan[begin : begin + BLOCK].to(self.device)  # [batches, B]
            self.generator.manual_seed(derived_seed(self.settings.seed, "views", epoch, begin // BLOCK))
            images = self.images[rows.flatten()]
            views = self.draw_views(torch.cat([images, images]))
            views = views.view(2, *rows.shape, *views.shape[1:])
            for position in range(max(start, begin), begin + len(rows)):
                self._set_rate(epoch * self.steps_per_epoch + position)
                yield self._update(views[:, position - begin].flatten(0, 1), rows[position - begin])

    def _set_rate(self, step: int) -> None:
        total, warmup = (epochs * self.steps_per_epoch for epochs in (self.settings.epochs, self.settings.warmup_epochs))
        rate = self.settings.lr * self.settings.batch_size**0.5 * warmup_cosine(step, total, warmup)
        for group in self.optimizer.param_groups:
            group["lr"] = rate

    def _update(self, views: Tensor, index: LongTensor) -> Tensor:
        if self.variant in GRAPHS:
            if self.captured is None:
                self.captured = CapturedStep(self.loss_of, self.network, self.objective, self.optimizer)
            return self.captured(views, index)
        loss = self.loss_of(views, index)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self.optimizer.step()
        return loss.detach()

    def loss_of(self, views: Tensor, index: LongTensor) -> Tensor:
        """Return the loss (0-d, with its graph) of both views [2B, 3, size, size] of the images index [B]."""
        u, v = self.embed_images(views).chunk(2)
        return self.objective(u, v, index)


def training_images(settings: Settings, train: ImageSet) -> int:
    """Return how many of the images of `train` a run uses; ValueError if they do not fill a batch."""
    count = min(settings.images or len(train), len(train))
    if count < settings.batch_size:
        raise ValueError(f"batch_size={settings.batch_size} must be <= {count}, the images of {train.name}")
    return count


def make_lars(network: torch.nn.Module, settings: Settings) -> Lars:
    """Return LARS as published: tensors of at most one dimension without weight decay and without layer-wise scaling."""
    small = [p for p in network.parameters() if p.ndim <= 1]
    large = [p for p in network.parameters() if p.ndim > 1]
    groups = [
        {"params": large, "weight_decay": settings.weight_decay, "always_adapt": True},
        {"params": small, "weight_decay": 0.0},  # timm's rule: no weight decay, no layer-wise scaling
    ]
    return Lars(groups, lr=0.0, momentum=settings.momentum, trust_coeff=0.001)
