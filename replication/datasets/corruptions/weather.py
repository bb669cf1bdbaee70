"""Weather. Every function of the table takes images [N, 3, S, S] in [0, 1] and returns the same."""

import numpy as np

from replication.datasets.corruptions.blur import clipped_zoom, smear

LUMA = np.array([0.299, 0.587, 0.114], np.float32).reshape(1, 3, 1, 1)


def snow(x, parameters, generators, scale):
    """Whiten the image and let flakes fall on it: bright spots of enlarged noise, smeared downwards.

    Parameters: mean and standard deviation of the noise, its enlargement, the threshold above which it is a flake, length and
    width of the smear, and how much of the image's own colour stays.
    """
    mean, deviation, zoom, threshold, length, width, kept = parameters
    noise = np.stack([g.standard_normal((1, *x.shape[2:]), np.float32) for g in generators])
    flakes = clipped_zoom(mean + deviation * noise, zoom * max(1, scale))
    flakes = np.floor(np.clip(np.where(flakes < threshold, 0, flakes), 0, 1) * 255) / 255
    angles = np.array([g.uniform(-135, -45) for g in generators])
    flakes = smear(flakes.astype(np.float32), length * scale, width * scale, angles)
    grey = (LUMA * x).sum(axis=1, keepdims=True)
    x = kept * x + (1 - kept) * np.maximum(x, grey * 1.5 + 0.5)
    return x + flakes + flakes[..., ::-1, ::-1]


def fog(x, parameters, generators, scale):
    """Lay a random cloud of the given strength and roughness over the image, and scale back to its brightest value."""
    strength, decay = parameters
    size = x.shape[-1]
    brightest = x.max(axis=(1, 2, 3), keepdims=True)
    cloud = plasma(size, decay, generators)[:, None]
    return (x + strength * cloud) * brightest / (brightest + strength)


def plasma(size: int, decay: float, generators) -> np.ndarray:
    """Return fractal clouds [N, size, size] with values from 0 to 1, by the diamond-square algorithm on a torus.

    Each halving of the step divides the noise by decay^2: the larger `decay`, the smoother. The side is rounded up to a
    power of two, and cut afterwards.
    """
    side = 1 << (size - 1).bit_length()
    uniform = np.stack([g.uniform(-1, 1, side * side) for g in generators])
    heights = np.zeros((len(uniform), side, side))
    used, step, amplitude = 0, side, 1.0

    def noise(cells):
        """Return the next numbers of each generator, [N, cells, cells], within the present amplitude."""
        nonlocal used
        used += cells * cells
        return amplitude * uniform[:, used - cells * cells : used].reshape(-1, cells, cells)

    while step >= 2:
        half, cells = step // 2, side // step
        corners = heights[:, ::step, ::step]
        right, below = np.roll(corners, -1, 2), np.roll(corners, -1, 1)
        centres = (corners + right + below + np.roll(right, -1, 1)) / 4 + noise(cells)
        heights[:, half::step, half::step] = centres
        heights[:, ::step, half::step] = (corners + right + centres + np.roll(centres, 1, 1)) / 4 + noise(cells)
        heights[:, half::step, ::step] = (corners + below + centres + np.roll(centres, 1, 2)) / 4 + noise(cells)
        step, amplitude = half, amplitude / decay**2
    heights -= heights.min(axis=(1, 2), keepdims=True)
    heights /= heights.max(axis=(1, 2), keepdims=True)
    return heights[:, :size, :size].astype(np.float32)


def brightness(x, shift, generators, scale):
    """Raise the value of the HSV colour, the largest of the three channels, by `shift`; hue and saturation stay."""
    value = x.max(axis=1, keepdims=True)
    raised = np.minimum(value + shift, 1)
    return np.where(value > 0, x * (raised / np.where(value > 0, value, 1)), raised)


TABLE = {
    "snow": (
        snow,
        (
            (0.1, 0.2, 1, 0.6, 8, 3, 0.95),
            (0.1, 0.2, 1, 0.5, 10, 4, 0.9),
            (0.15, 0.3, 1.75, 0.55, 10, 4, 0.9),
            (0.25, 0.3, 2.25, 0.6, 12, 6, 0.85),
            (0.3, 0.3, 1.25, 0.65, 14, 12, 0.8),
        ),
    ),
    "fog": (fog, ((0.2, 3), (0.5, 3), (0.75, 2.5), (1, 2), (1.5, 1.75))),
    "brightness": (brightness, (0.05, 0.1, 0.15, 0.2, 0.3)),
}
