"""Random resized crops and flips, with a box of its own for each sample."""

import math

import torch
from torch import Generator, Tensor

from replication.augmentation.separable import apply_separable

ATTEMPTS = 10  # as torchvision's RandomResizedCrop


def draw_boxes(
    count: int, height: int, width: int, scale: tuple[float, float], ratio: tuple[float, float], generator: Generator
) -> Tensor:
    """Return `count` random boxes [count, 4] (top, left, height, width; whole pixels, float32).

    The law is that of torchvision's RandomResizedCrop: the area is uniform in `scale` (shares of the image), the logarithm of
    width / height uniform in `ratio`; up to ten draws until the box fits into the image, otherwise the largest central box
    with an allowed ratio.
    """
    device = generator.device
    u = torch.rand(2, ATTEMPTS, count, generator=generator, dtype=torch.float32, device=device)
    area = height * width * (scale[0] + (scale[1] - scale[0]) * u[0])
    low, high = math.log(ratio[0]), math.log(ratio[1])
    aspect = torch.exp(low + (high - low) * u[1])
    widths, heights = (area * aspect).sqrt().round(), (area / aspect).sqrt().round()
    fits = (widths > 0) & (widths <= width) & (heights > 0) & (heights <= height)
    first = fits.int().argmax(0, keepdim=True)
    fallback = _central_box(height, width, ratio)
    found = fits.any(0)
    h = torch.where(found, heights.gather(0, first)[0], fallback[0])
    w = torch.where(found, widths.gather(0, first)[0], fallback[1])
    place = torch.rand(2, count, generator=generator, dtype=torch.float32, device=device)
    top = torch.where(found, (place[0] * (height - h + 1)).floor(), (height - fallback[0]) // 2)
    left = torch.where(found, (place[1] * (width - w + 1)).floor(), (width - fallback[1]) // 2)
    return torch.stack([top, left, h, w], dim=1)


def _central_box(height: int, width: int, ratio: tuple[float, float]) -> tuple[float, float]:
    if width / height < ratio[0]:
        return float(round(width / ratio[0])), float(width)
    if width / height > ratio[1]:
        return float(height), float(round(height * ratio[1]))
    return float(height), float(width)


def crop_resize(images: Tensor, boxes: Tensor, flip: Tensor, size: int) -> Tensor:
    """Return each image's box resized to `size` x `size`, mirrored left to right where `flip`.

    Bilinear, and averaged over more pixels where the box is larger than the output: the interpolation of Pillow and of
    torchvision with antialias=True. Pixels outside the box play no part.

    Args:
        images: [B, C, H, W], floating point.
        boxes: [B, 4], as `draw_boxes` returns them.
        flip: bool [B].
        size: output pixels.
    """
    top, left, height, width = boxes.unbind(1)
    rows = resize_weights(top, height, images.shape[2], size)
    columns = resize_weights(left, width, images.shape[3], size, flip)
    return apply_separable(images, rows, columns)


def resize_weights(begin: Tensor, length: Tensor, pixels: int, size: int, flip: Tensor | None = None) -> Tensor:
    """Return the weights [B, size, pixels] that resize the stretches [begin, begin + length) of a line of pixels to `size`.

    A pixel p covers [p, p + 1). Output o has its centre at begin + (o + 1/2) length / size, and weighs the pixels of the
    stretch by a triangle around it, of half-width max(1, length / size). `flip` reverses the outputs of a sample.
    """
    begin, length = begin.view(-1, 1, 1), length.view(-1, 1, 1)
    output = torch.arange(size, device=begin.device, dtype=begin.dtype).view(1, -1, 1) + 0.5
    if flip is not None:
        output = torch.where(flip.view(-1, 1, 1), size - output, output)
    centre = begin + output * (length / size)
    middle = torch.arange(pixels, device=begin.device, dtype=begin.dtype) + 0.5
    weights = (1 - (middle - centre).abs_() / (length / size).clamp_min(1)).clamp_min_(0)
    weights *= (middle > begin) & (middle < begin + length)
    return weights / weights.sum(2, keepdim=True)
