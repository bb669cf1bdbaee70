"""Fine-tuning with both towers frozen: the same task, but its inputs are features, and what learns are two heads."""

import torch
from torch import Tensor, nn

from replication.clip.finetuning import FineTuning
from replication.clip.frozen_towers import FrozenTowers, Heads
from replication.clip.processes import Processes
from replication.clip.settings import Settings
from replication.clip.starting import freeze_temperature, load_start
from replication.clip.towers import TOWERS
from replication.datasets.pairs import PairSet
from replication.seeding import derived_seed


class HeadTuning(FineTuning):
    """`FineTuning` of two heads on cached features of frozen towers; settings, loop, records and evaluation are the same.

    A batch takes one of the V views of each of its images, drawn anew for each update. Arguments and errors as of `FineTuning`.

    Attributes:
        towers: what computes the features.
    """

    def _make_network(self) -> nn.Module:
        s = self.settings
        self.towers = FrozenTowers(s, self.device)
        self.features = self.towers.images(self.pairs.images, s.views)  # [N, V, d1]
        texts = list(dict.fromkeys(text for captions in self.pairs.captions for text in captions))
        scale = float(self.towers.model.logit_scale)
        network = Heads(s, self.features, self.towers.texts(texts), self.towers.preprocess_cfg, scale)
        if s.start:
            load_start(network, s.start, s.model)
        freeze_temperature(network, s)
        return network

    def training_images(self) -> Tensor:
        """Return the features of the training images [N, V, d1], float32, on the device."""
        return self.features.to(self.device)

    def tokenise(self, texts: list[str]) -> Tensor:
        """Return the features of texts, float32 [T, d2]: they take the place of tokens."""
        return self.towers.texts(texts)

    def as_tokens(self, rows: Tensor) -> Tensor:
        """Return rows of features as they are."""
        return rows

    def embed_pairs(self, images: Tensor, tokens: Tensor) -> tuple[Tensor, Tensor]:
        """Return the unit outputs (u [M, out], v [T, out]) of images and texts.

        Args:
            images: uint8 [M, 3, S, S], or features [M, V, d1].
            tokens: features of texts [T, d2].
        """
        if images.dtype == torch.uint8:
            images = self.towers.images(images.cpu()).to(self.device)
        return super().embed_pairs(images, tokens)

    def whole_images(self, images: Tensor) -> Tensor:
        """Return the first view [M, d1], that of the whole images, of features [M, V, d1]."""
        return images[:, 0]

    def crop(self, images: Tensor, epoch: int, position: int) -> Tensor:
        """Return a random view [B, d1] of each image of a whole batch [B, V, d1]."""
        self.generator.manual_seed(derived_seed(self.settings.seed, "crops", epoch, position))
        chosen = torch.randint(images.shape[1], (len(images),), generator=self.generator, device=self.device)
        return images[torch.arange(len(images), device=self.device), chosen]


def make_task(
    settings: Settings,
    train: PairSet,
    device: str = "cpu",
    provenance: dict | None = None,
    processes: Processes | None = None,
) -> FineTuning:
    """Return the task of a run: `HeadTuning` where both towers are frozen, else `FineTuning`; arguments and errors as there."""
    kind = HeadTuning if settings.freeze == TOWERS else FineTuning
    return kind(settings, train, device, provenance, processes)
