"""The random views of SimCLR: crop, flip, colour jitter, grayscale, blur, independent for every sample.

kornia's augmentations take no generator, so a resumed training could not draw the same views again, and they draw one order of
the jitter's steps for a whole batch.
"""

from dataclasses import dataclass

import torch
from torch import Generator, Tensor

from replication.augmentation.blur import draw_widths, gaussian_blur, kernel_radius
from replication.augmentation.colour import draw_jitter, jitter, to_grey
from replication.augmentation.crop import crop_resize, draw_boxes
from replication.augmentation.normalise import Triple, check_images, check_statistics, normalise
from replication.torch_settings import plain_tensors
from replication.validation import check_count, check_has_values

BLUR_SIZE = 224  # pixels: the size for which blur_sigma is stated
CPU_CHUNK = 2**16  # output pixels at a time on a CPU: what its caches hold
LEAST_BLUR = 0.3  # pixels: narrower Gaussians move even a black-white edge by less than one of 255 grey levels


@dataclass(frozen=True)
class Augmentation:
    """Random views with the parameters of the paper's specification, in its order.

    Args:
        size: output pixels, both ways.
        crop_scale, crop_ratio: area (share of the image) and width / height of the crop, as torchvision's RandomResizedCrop.
        flip_p: probability of mirroring left to right.
        jitter: strengths of brightness, contrast, saturation and hue, as torchvision's ColorJitter.
        jitter_p, gray_p, blur_p: probabilities of colour jitter, grayscale and blur. Blur on every view is the specification;
            SimCLR has 0.5.
        blur_sigma: smallest and largest standard deviation of the blur at 224 pixels; it shrinks with `size`. Where the
            largest is below 0.3 pixels (outputs under 34 pixels, so also CIFAR's 32) blur would change nothing, and is left
            out, as SimCLR does for CIFAR.
        mean, std: per channel, of pixels in [0, 1]; views are normalised with them.

    Differences from the released pipeline, which goes through Pillow: values are not rounded to bytes between the steps, and
    blur is a true Gaussian.

    Raises:
        TypeError, ValueError: an argument out of range.
    """

    size: int
    crop_scale: tuple[float, float] = (0.08, 1.0)
    crop_ratio: tuple[float, float] = (3 / 4, 4 / 3)
    flip_p: float = 0.5
    jitter: tuple[float, float, float, float] = (0.4, 0.4, 0.2, 0.1)
    jitter_p: float = 0.8
    gray_p: float = 0.2
    blur_p: float = 1.0
    blur_sigma: tuple[float, float] = (0.1, 2.0)
    mean: Triple = (0.0, 0.0, 0.0)
    std: Triple = (1.0, 1.0, 1.0)

    def __post_init__(self):
        check_count("size", self.size, 2)
        for name in ("flip_p", "jitter_p", "gray_p", "blur_p"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name}={getattr(self, name)} must be a probability, from 0 to 1")
        for name, highest in (("crop_scale", 1), ("crop_ratio", float("inf")), ("blur_sigma", float("inf"))):
            low, high = getattr(self, name)
            if not 0 < low <= high <= highest or high == float("inf"):
                limit = "" if highest == float("inf") else " <= 1"
                raise ValueError(f"{name}={getattr(self, name)} must be two numbers 0 < low <= high{limit}")
        if len(self.jitter) != 4 or not all(0 <= s < float("inf") for s in self.jitter) or self.jitter[3] > 0.5:
            raise ValueError(f"jitter={self.jitter} must be four strengths >= 0, the last (hue) <= 0.5")
        check_statistics(self.mean, self.std)

    @property
    def blur_pixels(self) -> tuple[float, float] | None:
        """Return the smallest and largest standard deviation of the blur in output pixels; None where it is left out."""
        low, high = (sigma * self.size / BLUR_SIZE for sigma in self.blur_sigma)
        return None if high < LEAST_BLUR or self.blur_p == 0 else (low, high)

    @plain_tensors()
    def __call__(self, images: Tensor, generator: Generator) -> Tensor:
        """Return one random view of each image: uint8 [B, 3, H, W] -> float32 [B, 3, size, size], normalised.

        Everything random comes from `generator`, which must live on the device of `images`. On the CPU equal generators give
        equal bits. Nothing waits for the device.

        Raises:
            TypeError, ValueError: wrong images or none (meta device), or a generator on another device.
        """
        check_images(images)
        check_has_values("images", images)
        if generator.device.type != images.device.type:
            raise ValueError(f"generator lives on {generator.device}; it must be on the device of images, {images.device}")
        drawn = self._draw(images, generator)
        chunk = CPU_CHUNK // self.size**2 or 1 if images.device.type == "cpu" else len(images) or 1
        parts = zip(images.split(chunk), *(each.split(chunk) for each in drawn), strict=True)
        views = [self._view(*part) for part in parts]
        return views[0] if len(views) == 1 else torch.cat(views)

    @plain_tensors()
    def pair(self, images: Tensor, generator: Generator) -> tuple[Tensor, Tensor]:
        """Return two independent random views of each image, faster than two calls."""
        first, second = self(torch.cat([images, images]), generator).chunk(2)
        return first, second

    def _draw(self, images: Tensor, generator: Generator) -> tuple[Tensor, ...]:
        """Return the parameters of one view of each image, in the order of the arguments of `_view`; first axis: images."""
        count, _, height, width = images.shape
        boxes = draw_boxes(count, height, width, self.crop_scale, self.crop_ratio, generator)
        flip, turn_grey = torch.rand(2, count, generator=generator, dtype=torch.float32, device=images.device)
        factors, order = draw_jitter(count, self.jitter, self.jitter_p, generator)
        sigma = draw_widths(count, self.blur_pixels or (0, 0), self.blur_p, generator)
        return boxes, flip < self.flip_p, factors, order, turn_grey < self.gray_p, sigma

    def _view(self, images, boxes, flip, factors, order, turn_grey, sigma) -> Tensor:
        x = crop_resize(images.float() / 255, boxes, flip, self.size)
        if self.jitter_p > 0:
            x = jitter(x, factors, order)
        if self.gray_p > 0:
            x = to_grey(x, turn_grey)
        if self.blur_pixels is not None:
            x = gaussian_blur(x, sigma, kernel_radius(self.blur_pixels[1], self.size))
        return normalise(x, self.mean, self.std)
