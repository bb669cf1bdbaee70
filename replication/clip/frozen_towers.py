"""Features of a dual encoder whose towers do not learn: computed once, cached, and the input of two heads."""

import hashlib
from dataclasses import replace

import torch
from torch import Tensor, nn

from replication.clip.models import make_tokenizer
from replication.clip.settings import Settings
from replication.clip.starting import make_network
from replication.features.cache import cached, checksum_of_images, checksum_of_texts
from replication.features.texts import text_features
from replication.features.views import BLOCK, Views


class FrozenTowers:
    """The towers of a run with `freeze="towers"`, in eval mode; the same features whatever the device and the run's seed of
    plans. Weights from nowhere are drawn by the run's seed.

    Args:
        settings: give the model and its weights, the views, and perhaps another text tower.
        device: where features are computed.

    Attributes:
        preprocess_cfg: how the image tower sees images, as open_clip's models have it.

    Raises:
        As `make_network`.
    """

    def __init__(self, settings: Settings, device: torch.device):
        self.settings, self.device = settings, device
        self.model = make_network(replace(settings, freeze="none", start="", **_without_heads())).eval().requires_grad_(False)
        self.model.to(device)
        self.preprocess_cfg = self.model.visual.preprocess_cfg
        # The projection of a timm tower with ImageNet weights has learned nothing, so its trunk gives the features.
        self.encode = self.model.visual.trunk if settings.image_weights else self.model.encode_image

    @torch.no_grad()
    def images(self, images: Tensor, count: int = 1) -> Tensor:
        """Return the features float32 [N, count, d] of images uint8 [N, 3, S, S]: of the whole ones, then of random crops."""
        views = Views(count, crop_min=self.settings.crop_min)
        mean, std = (tuple(self.preprocess_cfg[name]) for name in ("mean", "std"))

        def compute() -> Tensor:
            """Run the image tower."""
            features = None
            for view, begin, block in views.inputs(images, self.settings.size, mean, std):
                found = self.encode(block.to(self.device, memory_format=torch.channels_last)).float().cpu()
                features = torch.empty(len(images), count, found.shape[1]) if features is None else features
                features[begin : begin + len(found), view] = found
            return features

        decided = {"images": checksum_of_images(images), "size": self.settings.size, "mean": mean, "std": std}
        return cached(decided | views.plain() | {"tower": digest(self.model.visual)}, compute)

    @torch.no_grad()
    def texts(self, texts: list[str]) -> Tensor:
        """Return the features float32 [T, d] of texts."""
        if self.settings.text_tower:
            return text_features(texts, self.settings.text_tower, str(self.device))
        tokenizer = make_tokenizer(self.settings.model)

        def compute() -> Tensor:
            """Run the text tower."""
            blocks = (texts[begin : begin + BLOCK] for begin in range(0, len(texts), BLOCK))
            return torch.cat([self.model.encode_text(tokenizer(block).to(self.device)).float().cpu() for block in blocks])

        text_part = {name: value for name, value in self.model.state_dict().items() if not name.startswith("visual.")}
        return cached({"texts": checksum_of_texts(texts), "tower": digest(text_part), "model": self.settings.model}, compute)


class Heads(nn.Module):
    """Two heads and a logit scale, with the methods of open_clip's models that fine-tuning calls; features take the place of
    images and tokens.

    Args:
        settings: give kind and width of the heads.
        images, texts: training features [..., d1] and [T, d2]; the heads see them centred and scaled by these, as
            `replication.features.centre_and_scale` does.
        preprocess_cfg: of the image tower.
        logit_scale: log(1 / temperature) at the start.
    """

    def __init__(self, settings: Settings, images: Tensor, texts: Tensor, preprocess_cfg: dict, logit_scale: float):
        super().__init__()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(settings.seed)
            self.visual, self.text = (_Head(settings, x.flatten(0, -2)) for x in (images, texts))
        self.visual.preprocess_cfg = preprocess_cfg
        self.logit_scale = nn.Parameter(torch.tensor(logit_scale))

    def encode_image(self, images: Tensor, normalize: bool = False) -> Tensor:
        """Return the outputs [b, out] for features of images [b, d1]."""
        return _unit(self.visual(images), normalize)

    def encode_text(self, tokens: Tensor, normalize: bool = False) -> Tensor:
        """Return the outputs [b, out] for features of texts [b, d2]."""
        return _unit(self.text(tokens), normalize)

    def forward(self, images: Tensor, tokens: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return unit rows u, v [b, out] and exp(logit scale), as open_clip's models do."""
        return self.encode_image(images, True), self.encode_text(tokens, True), self.logit_scale.exp()


class _Head(nn.Module):
    """Centre, scale, and one or two linear maps."""

    def __init__(self, settings: Settings, features: Tensor):
        super().__init__()
        mean = features.double().mean(dim=0)
        size = (features - mean).square().mean().sqrt()
        self.register_buffer("mean", mean.float())
        self.register_buffer("size", size.float() if size > 0 else torch.ones(()))
        width = features.shape[1]
        more = [nn.Linear(width, settings.out), nn.GELU()] if settings.heads == "mlp" else []
        self.layers = nn.Sequential(*more, nn.Linear(settings.out if more else width, settings.out))

    def forward(self, features: Tensor) -> Tensor:
        """Return the outputs [b, out] for features [b, d]."""
        return self.layers((features - self.mean) / self.size)


def digest(weights: nn.Module | dict[str, Tensor]) -> str:
    """Return the SHA-256 of weights and buffers, their names included."""
    found = hashlib.sha256()
    for name, value in (weights.state_dict() if isinstance(weights, nn.Module) else weights).items():
        found.update(name.encode())
        found.update(value.detach().cpu().contiguous().numpy())
    return found.hexdigest()


def _unit(x: Tensor, normalize: bool) -> Tensor:
    return nn.functional.normalize(x, dim=-1) if normalize else x


def _without_heads() -> dict:
    return {"heads": "linear", "out": 256, "views": 1, "text_tower": "", "checkpointing": False}
