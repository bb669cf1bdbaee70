"""The common corruptions of ImageNet-C and CIFAR-10-C (Hendrycks & Dietterich 2019), re-implemented for batches.

Fourteen of the fifteen standard types; frost is left out because it pastes photographs of frost. The parameters of the five
severities are those published for CIFAR-10-C at 32 x 32 pixels. Elsewhere lengths in pixels (radii, widths of blurs, sizes of
snow flakes, displacements) grow in proportion to the side of the image, so that a corruption looks alike at every size.

This is not the published data: the random numbers differ, and the published images went through OpenCV and ImageMagick,
which round differently. Where both exist, the official files are used (`corrupted_gallery`).
"""

import hashlib

import numpy as np
import torch
from torch import Tensor

from replication.datasets.corruptions import blur, digital, noise, weather
from replication.validation import check_choice, check_count

# In the order of the publication: name -> (function, parameters of severity 1 to 5).
TABLE = noise.TABLE | blur.TABLE | weather.TABLE | digital.TABLE
CORRUPTIONS = tuple(TABLE)
SEVERITIES = 5
PUBLISHED_SIZE = 32  # pixels, for which the parameters were published
CHUNK = 512  # images at a time, to bound memory


def corrupt(images: Tensor, name: str, severity: int, seed: int = 0) -> Tensor:
    """Return corrupted copies of `images`, uint8 [N, 3, S, S], on their device.

    The randomness of an image follows from its pixels, `name`, `severity` and `seed`: whatever else is in the call, and in
    whatever order, it becomes the same image. Computed on the CPU.

    Raises:
        TypeError: `images` is not a uint8 tensor.
        ValueError: another shape, unknown name, a severity outside 1..5, or a negative seed.
    """
    check_choice("corruption", name, CORRUPTIONS)
    check_count("severity", severity, 1, SEVERITIES)
    check_count("seed", seed, 0)
    if not isinstance(images, Tensor) or images.dtype != torch.uint8:
        kind = images.dtype if isinstance(images, Tensor) else type(images).__name__
        raise TypeError(f"images is {kind}; it must be a uint8 tensor of shape [N, 3, S, S]")
    if images.ndim != 4 or images.shape[1] != 3 or images.shape[2] != images.shape[3]:
        raise ValueError(f"images has shape {list(images.shape)}; it must be [N, 3, S, S]")
    function, parameters = TABLE[name]
    salt = f"{name}/{severity}/{seed}".encode()
    result = torch.empty_like(images, device="cpu")
    for begin in range(0, len(images), CHUNK):
        pixels = np.ascontiguousarray(images[begin : begin + CHUNK].cpu().numpy())
        generators = [_generator(image, salt) for image in pixels]
        scale = images.shape[-1] / PUBLISHED_SIZE
        corrupted = function(pixels.astype(np.float32) / 255, parameters[severity - 1], generators, scale)
        result[begin : begin + CHUNK] = torch.from_numpy(_to_bytes(corrupted))
    return result.to(images.device)


def _generator(image: np.ndarray, salt: bytes) -> np.random.Generator:
    digest = hashlib.blake2b(salt, digest_size=16)
    digest.update(image)
    return np.random.Generator(np.random.Philox(key=int.from_bytes(digest.digest(), "little")))


def _to_bytes(x: np.ndarray) -> np.ndarray:
    # Cut off, not rounded, as published. The small number keeps an unchanged pixel from falling to the value below.
    return (np.clip(x, 0, 1) * 255 + 1e-3).astype(np.uint8)
