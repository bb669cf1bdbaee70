"""torchvision's ResNet-18 with the projection head of the paper's experiments, and narrow variants for CPUs."""

import torch
from torch import Tensor, nn
from torchvision.models.resnet import BasicBlock, ResNet

NARROW = {"narrow": 2, "narrow10": 1}  # residual blocks in each stage: a ResNet-18 and a ResNet-10
NETWORKS = ("resnet18", *NARROW)


class Encoder(nn.Module):
    """A ResNet-18, or a shallower ResNet of the same blocks, and a projection head.

    The published setting: width 64, stem 224, head 512-2048-128, zero-initialised residual branches, batch normalisation
    without affine parameters at the end of the head.

    Args:
        width: channels of the first stage, doubled in each of the next three; 64 is ResNet-18.
        hidden: width of the head's hidden layer.
        dimensions: of the embeddings.
        stem: 224: 7 x 7 convolution of stride 2, then max-pooling; 32: a 3 x 3 convolution alone.
        stem_stride: of the 3 x 3 convolution.
        blocks: residual blocks in each of the four stages: 2 for a ResNet-18, 1 for a ResNet-10.

    Attributes:
        features: length of the representation before the head, 8 * width.
    """

    def __init__(
        self,
        width: int = 64,
        hidden: int = 2048,
        dimensions: int = 128,
        stem: int = 32,
        stem_stride: int = 1,
        blocks: int = 2,
    ):
        super().__init__()
        self.features = 8 * width
        self.backbone = _NarrowResNet(width, blocks)
        if stem == 32:
            self.backbone.conv1 = nn.Conv2d(3, width, 3, stem_stride, padding=1, bias=False)
            nn.init.kaiming_normal_(self.backbone.conv1.weight, mode="fan_out", nonlinearity="relu")
            self.backbone.maxpool = nn.Identity()
        self.backbone.fc = nn.Identity()
        self.head = nn.Sequential(
            nn.Linear(self.features, hidden, bias=False),
            nn.BatchNorm1d(hidden),
            nn.ReLU(inplace=True),
            nn.Linear(hidden, dimensions, bias=False),
            nn.BatchNorm1d(dimensions, affine=False),
        )

    def forward(self, images: Tensor) -> Tensor:
        """Return the embeddings [B, dimensions] of normalised images [B, 3, height, width]; not scaled to norm 1."""
        return self.head(self.backbone(images))


class _NarrowResNet(ResNet):
    """ResNet of basic blocks whose stages have width, 2, 4 and 8 width channels (torchvision fixes 64 for basic blocks)."""

    def __init__(self, width: int, blocks: int):
        self._scale = width / 64
        super().__init__(BasicBlock, [blocks] * 4, zero_init_residual=True)
        if width != 64:
            self.conv1 = nn.Conv2d(3, width, 7, 2, padding=3, bias=False)
            nn.init.kaiming_normal_(self.conv1.weight, mode="fan_out", nonlinearity="relu")
            self.bn1 = nn.BatchNorm2d(width)

    def _make_layer(self, block, planes, blocks, stride=1, dilate=False):
        if planes == 64:  # the first stage: what the stem hands over
            self.inplanes = round(64 * self._scale)
        return super()._make_layer(block, round(planes * self._scale), blocks, stride, dilate)


def make_encoder(network: str, stem: int, seed: int) -> Encoder:
    """Return a network of `NETWORKS` with the initial weights of a seed; the global generator is left alone."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        if network in NARROW:
            return Encoder(width=16, hidden=512, stem=stem, stem_stride=2, blocks=NARROW[network])
        return Encoder(stem=stem)
