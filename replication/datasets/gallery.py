"""The same test images under every corruption: the official files where `data/` holds them, otherwise generated."""

from collections import OrderedDict
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from replication import files
from replication.datasets.archives import ARCHIVES, folder_of, unavailable
from replication.datasets.corruptions import CORRUPTIONS, SEVERITIES, corrupt
from replication.datasets.image_set import IMAGE_SETS, load_image_set
from replication.datasets.tiny_imagenet import decode_all
from replication.validation import check_choice, check_count, one_line

FROST = "frost"
STANDARD = (*CORRUPTIONS[:8], FROST, *CORRUPTIONS[8:])  # the fifteen types, in the order of the publication
OFFICIAL_IMAGES = 10_000  # per type and severity, in all three official sets
# Of generated galleries in each process. 10,000 images under fourteen types take 0.43 GB at 32 pixels and 1.72 GB at 64: room
# for all five severities of the former, or for two of the latter.
KEPT_BYTES = 3_500_000_000

_kept: OrderedDict[tuple, Tensor] = OrderedDict()  # the one used last comes last


def corrupted_gallery(name: str, severity: int, limit: int, seed: int = 0) -> tuple[Tensor, list[str], str]:
    """Return test images under every corruption: images uint8 [C, N, 3, S, S], the C types, and where they come from.

    images[c, i] is image i under corruption c, the same image for all c; N is the smaller of `limit` and the test set.

    "official": `data/` holds CIFAR-10-C, CIFAR-100-C or Tiny-ImageNet-C; all fifteen standard types. "generated": it does
    not, and `corrupt` makes fourteen types from the first images of the test set (no frost); `seed` matters only then. As
    that takes minutes, and a process evaluates many networks on the same galleries, it keeps up to `KEPT_BYTES` of them: copy
    what you want to write into.
    Retrieval of an image among its C versions has chance 1 / C.

    Raises:
        ValueError: unknown data set, or a severity or limit out of range.
        FileNotFoundError: the data set is missing, or a file of it damaged; the message says which.
    """
    check_choice("dataset", name, IMAGE_SETS)
    check_count("severity", severity, 1, SEVERITIES)
    check_count("limit", limit, 1)
    official = f"{name}-c"
    if official in ARCHIVES and folder_of(official).is_dir():
        count = min(limit, OFFICIAL_IMAGES)
        read = _tiny_imagenet_c if name == "tiny-imagenet" else _cifar_c
        return read(official, severity, count), list(STANDARD), "official"
    return _generated(name, severity, limit, seed), list(CORRUPTIONS), "generated"


def _generated(name: str, severity: int, limit: int, seed: int) -> Tensor:
    key = (name, severity, limit, seed, files.data_dir())
    if key not in _kept:
        images = load_image_set(name, "test").images[:limit]
        gallery = images.new_empty(len(CORRUPTIONS), *images.shape)
        for place, kind in zip(gallery, CORRUPTIONS, strict=True):
            place.copy_(corrupt(images, kind, severity, seed))
        if gallery.nbytes > KEPT_BYTES:
            return gallery
        while sum(other.nbytes for other in _kept.values()) + gallery.nbytes > KEPT_BYTES:
            _kept.popitem(last=False)
        _kept[key] = gallery
    _kept.move_to_end(key)
    return _kept[key]


def _cifar_c(official: str, severity: int, count: int) -> Tensor:
    begin = (severity - 1) * OFFICIAL_IMAGES
    kinds = []
    for kind in STANDARD:
        file = folder_of(official) / f"{kind}.npy"
        if not file.is_file():
            raise unavailable(official, f"incomplete ({file} does not exist)")
        try:
            stored = np.load(file, mmap_mode="r")
        except (ValueError, EOFError, OSError) as error:
            reason = one_line(str(error)) or "unreadable"
            raise unavailable(official, f"damaged ({file}: {reason})") from None
        if stored.shape != (SEVERITIES * OFFICIAL_IMAGES, 32, 32, 3) or stored.dtype != np.uint8:
            raise unavailable(official, f"damaged ({file} holds {stored.dtype} {list(stored.shape)})")
        kinds.append(torch.from_numpy(np.array(stored[begin : begin + count])))
    return torch.stack(kinds).permute(0, 1, 4, 2, 3).contiguous()


def _tiny_imagenet_c(official: str, severity: int, count: int) -> Tensor:
    names, kinds = None, []
    for kind in STANDARD:
        folder = folder_of(official) / kind / str(severity)
        found = _by_class(folder)
        if not found or (names is not None and found != names):
            raise unavailable(official, f"incomplete ({folder} holds {len(found)} images, not those of {STANDARD[0]})")
        names = found
        pixels = decode_all([folder / name for name in names[:count]])
        kinds.append(torch.from_numpy(pixels))
    return torch.stack(kinds).permute(0, 1, 4, 2, 3).contiguous()


def _by_class(folder: Path) -> list[str]:
    """Return the images `class/file` below `folder`: the first of every class, the second of every class, and so on."""
    classes = [sorted(one.glob("[!.]*.JPEG")) for one in sorted(folder.glob("[!.]*")) if one.is_dir()]
    ranked = sorted((rank, file.parent.name, file.name) for group in classes for rank, file in enumerate(group))
    return [f"{parent}/{name}" for _, parent, name in ranked]
