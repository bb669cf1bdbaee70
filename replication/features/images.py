"""Features of images from a frozen tower of timm or open_clip."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from replication.augmentation.normalise import Triple
from replication.extras import need
from replication.features.cache import cached, checksum_of_images
from replication.features.views import BLOCK, Views
from replication.files import sha256, within_project
from replication.machine import BAR, device_or_best
from replication.validation import check_count

OPEN_CLIP = "open_clip:"
RANDOM = "random"  # weights of nobody: for tests, and to see what an untrained tower is worth
MOBILENETV2 = "data/weights/mobilenetv2_100_tf2_fp16.pt"


@dataclass(frozen=True)
class ImageTower:
    """A frozen image tower: `encode` turns float32 [b, 3, S, S], normalised by `mean` and `std`, into features [b, d]."""

    encode: Callable[[Tensor], Tensor]
    mean: Triple
    std: Triple


def image_features(
    images: Tensor,
    size: int,
    tower: str = "mobilenetv2_100",
    weights: str = MOBILENETV2,
    views: Views | None = None,
    device: str = "",
) -> Tensor:
    """Return the features float32 [V, N, d] of images uint8 [N, 3, H, W], from the disk if they were computed before.

    Args:
        images: of any size; they are scaled to `size` pixels.
        size: what the tower sees, S.
        tower: a name of timm, whose pooled features before the classifier are taken; or "open_clip:" and a name of open_clip,
            whose image embedding is taken.
        weights: the path of a state dict, a tag of open_clip, "" for timm's own pretrained weights, or "random". A state dict
            for timm is one trained with TensorFlow's "SAME" padding and pixels scaled to [-1, 1], as
            `replication.clip.image_weights` says; relative paths begin at the project folder.
        views: None: one, the whole image.
        device: "": a GPU if there is one.

    Raises:
        ValueError: an unknown name, with the nearest known ones.
        FileNotFoundError: no such file of weights.
        ModelError: weights that cannot be downloaded, or belong to another network.
        MissingExtra: timm or open_clip are not installed.
    """
    need("features of images", "clip", ("open_clip", "timm", "torchvision", "tqdm"))
    check_count("size", size, 8)
    views = views or Views()
    weights, identity = _identity(tower, weights)
    decided = {"images": checksum_of_images(images), "size": size, "tower": tower, "weights": identity}
    return cached(decided | views.plain(), lambda: _compute(images, size, load_image_tower(tower, weights), views, device))


def load_image_tower(name: str, weights: str) -> ImageTower:
    """Return a tower in eval mode, on the CPU; arguments and errors as of `image_features`."""
    if name.startswith(OPEN_CLIP):
        return _open_clip_tower(name.removeprefix(OPEN_CLIP), weights)
    return _timm_tower(name, weights)


def _identity(tower: str, weights: str) -> tuple[str, str]:
    """Return the weights as they are to be loaded, paths made absolute, and what tells them from others."""
    place = within_project(weights) if weights else None
    if place is not None and place.is_file():
        return str(place), sha256(place)
    if weights and weights != RANDOM and (Path(weights).suffix or not tower.startswith(OPEN_CLIP)):
        raise FileNotFoundError(f"weights={weights!r} of the image tower {tower!r}: there is no such file; see data/README.md")
    return weights, weights


def _timm_tower(name: str, weights: str) -> ImageTower:
    import timm

    from replication.clip.image_weights import load_trunk_weights
    from replication.clip.models import HALF, ModelError, nearest

    if not timm.is_model(name):
        raise ValueError(f"image tower {name!r} is unknown to timm; {nearest(name, timm.list_models())}")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        try:
            network = timm.create_model(name, pretrained=not weights, num_classes=0)
        except Exception as error:
            reason = " ".join(str(error).split())[:160]
            raise ModelError(
                f"weights of the image tower {name!r} cannot be downloaded ({reason}); give `weights` the path of a state dict"
            ) from None
    mean, std = network.pretrained_cfg["mean"], network.pretrained_cfg["std"]
    if weights not in ("", RANDOM):
        load_trunk_weights(network, weights)
        mean, std = HALF, HALF
    return ImageTower(network.eval().requires_grad_(False), mean, std)


def _open_clip_tower(name: str, weights: str) -> ImageTower:
    from replication.clip.models import make_model

    network = make_model(name, "" if weights == RANDOM else weights).eval().requires_grad_(False)
    statistics = network.visual.preprocess_cfg
    return ImageTower(network.encode_image, tuple(statistics["mean"]), tuple(statistics["std"]))


@torch.no_grad()
def _compute(images: Tensor, size: int, tower: ImageTower, views: Views, device: str) -> Tensor:
    from tqdm import tqdm

    place = device_or_best(device)
    if isinstance(tower.encode, torch.nn.Module):
        tower.encode.to(place)
    else:  # the method of a model of open_clip
        tower.encode.__self__.to(place)
    features = None
    steps = views.count * -(-len(images) // BLOCK)
    for view, begin, block in tqdm(views.inputs(images, size, tower.mean, tower.std), "features of images", steps, **BAR):
        found = tower.encode(block.to(place, memory_format=torch.channels_last)).float().cpu()
        if features is None:
            features = torch.empty(views.count, len(images), found.shape[1])
        features[view, begin : begin + len(found)] = found
    return features
