"""Digital corruptions. Every function of the table takes images [N, 3, S, S] in [0, 1] and returns the same."""

from io import BytesIO

import numpy as np
import torch
from PIL import Image
from scipy.ndimage import gaussian_filter1d
from torch.nn.functional import grid_sample


def contrast(x, factor, generators, scale):
    """Pull each channel towards its mean over the image."""
    # A sum of whole numbers has no rounding, whose order NumPy would choose by the number of images.
    mean = np.rint(x * 255).sum(axis=(2, 3), keepdims=True, dtype=float) / (255 * x.shape[2] * x.shape[3])
    return mean + factor * (x - mean)


def elastic_transform(x, parameters, generators, scale):
    """Shift three anchor points at random (an affine map), then bend the image by a smooth random displacement.

    Parameters, in sides of the image: strength and smoothness of the displacement, largest shift of an anchor.
    """
    size = x.shape[-1]
    strength, smoothness, shift = (size * parameter for parameter in parameters)
    middle, arm = size // 2, size // 3
    anchors = np.array([(middle + arm, middle + arm), (middle + arm, middle - arm), (middle - arm, middle - arm)], float)
    moved = anchors + np.stack([g.uniform(-shift, shift, (3, 2)) for g in generators])
    columns, rows = np.meshgrid(np.arange(size), np.arange(size))
    pixels = np.stack([columns.ravel(), rows.ravel(), np.ones(size * size)], axis=-1)
    # Where each output pixel comes from: the affine map that takes the moved anchors back.
    back = np.linalg.solve(np.concatenate([moved, np.ones((len(x), 3, 1))], axis=2), np.broadcast_to(anchors, moved.shape))
    # OpenCV's border mirrors at the centres of the outermost pixels, SciPy's "reflect" at their edges.
    x = _sample((pixels @ back).reshape(-1, size, size, 2), x, mirror_at_centres=True)
    if strength == 0:
        return x
    bend = np.stack([g.uniform(-1, 1, (2, size, size)) for g in generators])
    for axis in (-2, -1):
        bend = gaussian_filter1d(bend, smoothness, axis=axis, mode="reflect", truncate=3)
    displaced = np.stack([columns, rows], axis=-1) + strength * np.moveaxis(bend, 1, -1)
    return _sample(displaced, x, mirror_at_centres=False)


def _sample(points: np.ndarray, x: np.ndarray, mirror_at_centres: bool) -> np.ndarray:
    """Return `x` [N, C, S, S] at the points [N, S, S, 2] (column, row; pixel centres are whole numbers), bilinear."""
    size = x.shape[-1]
    normalised = 2 * points / (size - 1) - 1 if mirror_at_centres else (2 * points + 1) / size - 1
    grid = torch.from_numpy(normalised.astype(np.float32))
    images = torch.from_numpy(np.ascontiguousarray(x, np.float32))
    return grid_sample(images, grid, "bilinear", "reflection", align_corners=mirror_at_centres).numpy()


def pixelate(x, factor, generators, scale):
    """Shrink to the given share of the side by averaging boxes, and enlarge again."""
    size = x.shape[-1]
    small = int(size * factor)

    def mosaic(image):
        """Return one Pillow image, made of `small` x `small` boxes."""
        return image.resize((small, small), Image.Resampling.BOX).resize((size, size), Image.Resampling.BOX)

    return _by_image(x, mosaic)


def jpeg_compression(x, quality, generators, scale):
    """Write as JPEG of the given quality, and read back."""

    def compressed(image):
        """Return one Pillow image as its JPEG file shows it."""
        buffer = BytesIO()
        image.save(buffer, "JPEG", quality=quality)
        return Image.open(buffer)

    return _by_image(x, compressed)


def _by_image(x: np.ndarray, change) -> np.ndarray:
    channels_last = np.ascontiguousarray(np.moveaxis(np.rint(x * 255).astype(np.uint8), 1, -1))
    changed = np.stack([np.asarray(change(Image.fromarray(image))) for image in channels_last])
    return np.moveaxis(changed, -1, 1).astype(np.float32) / 255


TABLE = {
    "contrast": (contrast, (0.75, 0.5, 0.4, 0.3, 0.15)),
    "elastic_transform": (
        elastic_transform,
        ((0, 0, 0.08), (0.05, 0.2, 0.07), (0.08, 0.06, 0.06), (0.1, 0.04, 0.05), (0.1, 0.03, 0.03)),
    ),
    "pixelate": (pixelate, (0.95, 0.9, 0.85, 0.75, 0.65)),
    "jpeg_compression": (jpeg_compression, (80, 65, 58, 50, 40)),
}
