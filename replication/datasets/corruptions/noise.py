"""Noise, independent for every pixel and channel. Every function takes images [N, 3, S, S] in [0, 1] and returns the same."""

import numpy as np


def gaussian_noise(x, deviation, generators, scale):
    """Add normal noise of the given standard deviation."""
    return x + deviation * np.stack([g.standard_normal(x.shape[1:], np.float32) for g in generators])


def shot_noise(x, photons, generators, scale):
    """Replace each value by a Poisson count with mean value x photons, divided by photons."""
    return np.stack([g.poisson(image * photons) for g, image in zip(generators, x, strict=True)]).astype(np.float32) / photons


def impulse_noise(x, amount, generators, scale):
    """Set the given share of the values to 0 or 1 with equal chances."""
    u = np.stack([g.random(x.shape[1:], np.float32) for g in generators])
    return np.where(u < amount / 2, 0, np.where(u < amount, 1, x)).astype(np.float32)


TABLE = {
    "gaussian_noise": (gaussian_noise, (0.04, 0.06, 0.08, 0.09, 0.10)),
    "shot_noise": (shot_noise, (500, 250, 100, 75, 50)),
    "impulse_noise": (impulse_noise, (0.01, 0.02, 0.03, 0.05, 0.07)),
}
