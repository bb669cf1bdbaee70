"""Figure 1(a): one of N = 10 embeddings walks round the circle while all others stay at the corners of a regular decagon.

The published curves are the *one-directional* losses (u to v only): the mean over the N rows for the full batch, and 1/N times
the *sum* over all 45 pairs for the mini-batches. With these the four published extremes are met within 0.001.

Both curves have their minimum where the walker meets its partner. The slice cannot show that the decagon is *not* the optimum
of the all-batches loss: two samples at each corner of a pentagon have a smaller one.
"""

import numpy as np
import pandas as pd
from scipy.optimize import brentq, minimize_scalar

from replication.experiments.theory.minimise import best, minimise_many
from replication.experiments.theory.objective import MeanBatchLoss, all_batches, full_batch
from replication.experiments.theory.points import polygon_rows

SAMPLES = 10
PARTNER_ANGLE = 0.28  # direction of v_1 in the published figure, radians
CURVES = ("full batch", "mini batch")
# Read off the published figure, in nats.
DIGITISED = {
    "full batch": {"minimum": 1.5388, "maximum": 1.7388, "crossing": 1.62},
    "mini batch": {"minimum": 1.4632, "maximum": 1.9627, "crossing": 1.62},
}


def slice_loss(angle: float, curve: str) -> float:
    """Return the one-directional loss in nats with u_1 at `angle` (radians); `curve` is one of CURVES."""
    v = polygon_rows(SAMPLES, first_angle=PARTNER_ANGLE)
    u = v.copy()
    u[0] = np.cos(angle), np.sin(angle)
    logits = u @ v.T
    difference = logits - logits.diagonal()[:, None]
    if curve == "full batch":
        return float(np.log(np.exp(difference).sum(axis=1)).mean())
    every_pair = np.log1p(np.exp(difference))  # row i: the loss of i in the batch {i, j}, twice its share of the batch mean
    return float((every_pair.sum() - every_pair.trace()) / (2 * SAMPLES))


def slice_table(points: int) -> pd.DataFrame:
    """Return both curves of the figure at `points` angles in [-pi, pi]: columns angle (radians) and the two losses (nats)."""
    angles = np.linspace(-np.pi, np.pi, points)
    return pd.DataFrame({"angle": angles} | {curve: [slice_loss(angle, curve) for angle in angles] for curve in CURVES})


def extremes_table() -> pd.DataFrame:
    """Return minimum, maximum and crossing of both curves: angle relative to v_1, loss, and the digitised published value."""
    crossing = brentq(lambda a: slice_loss(PARTNER_ANGLE + a, CURVES[0]) - slice_loss(PARTNER_ANGLE + a, CURVES[1]), 0.1, 3)
    rows = []
    for curve in CURVES:
        low, high = (_extreme(curve, sign) for sign in (1, -1))
        for name, angle in (("minimum", low), ("maximum", high), ("crossing", crossing)):
            loss, published = slice_loss(PARTNER_ANGLE + angle, curve), DIGITISED[curve][name]
            rows.append({"curve": curve, "point": name, "angle_to_partner": round(angle, 6) + 0.0, "loss": loss})
            rows[-1] |= {"digitised from the published figure": published, "difference": loss - published}
    return pd.DataFrame(rows)


def _extreme(curve: str, sign: int) -> float:
    """Return the angle to v_1, in [0, pi], of the least (sign 1) or largest (-1) loss; the curve is even in this angle."""

    def signed(angle):
        """Return the loss (nats), or its negative, at an angle to v_1 in radians."""
        return sign * slice_loss(PARTNER_ANGLE + angle, curve)

    grid = np.linspace(0, np.pi, 181)
    start = grid[int(np.argmin([signed(angle) for angle in grid]))]
    near = minimize_scalar(signed, bounds=(start - 0.02, start + 0.02), method="bounded", options={"xatol": 1e-9})
    return float(near.x)


def rivals_table(starts: int, seed: int = 0) -> pd.DataFrame:
    """Return full-batch and all-batches loss (eq. (1), both directions, nats) of decagon, doubled pentagon and best points.

    Expected: the decagon is best for the full batch, the doubled pentagon for the mean over all 45 batches.
    """
    full = MeanBatchLoss(full_batch(SAMPLES), SAMPLES)
    mean = MeanBatchLoss(all_batches(SAMPLES, 2), SAMPLES)
    decagon, pentagon = polygon_rows(SAMPLES), polygon_rows(SAMPLES, 5)
    best_full, best_mean = (best(minimise_many(loss, SAMPLES, 2, starts, seed)) for loss in (full, mean))
    configurations = {
        "regular decagon": (decagon, decagon),
        "doubled pentagon": (pentagon, pentagon),
        f"best for the full batch of {starts} starts": (best_full.u, best_full.v),
        f"best for all 45 batches of {starts} starts": (best_mean.u, best_mean.v),
    }
    return pd.DataFrame(
        {"configuration": name, "full_loss": full(u, v)[0], "all_batches_loss": mean(u, v)[0]}
        for name, (u, v) in configurations.items()
    )
