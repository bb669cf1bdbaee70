"""Figures 1(a) and 1(b) of the paper, redrawn from the computed numbers."""

from itertools import combinations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from replication.experiments.theory.circle_slice import CURVES, DIGITISED, PARTNER_ANGLE, SAMPLES
from replication.experiments.theory.families import figure_1b_families
from replication.experiments.theory.minimise import best, minimise_many
from replication.experiments.theory.objective import MeanBatchLoss
from replication.experiments.theory.points import polygon_rows
from replication.reporting.plotting import METHOD_COLOURS

COLOURS = {"full batch": METHOD_COLOURS["full batch"], "mini batch": METHOD_COLOURS["all batches"]}


def figure_1a(curves: pd.DataFrame, rivals: pd.DataFrame) -> plt.Figure:
    """Draw the slice (`slice_table`) with the published extremes, and the two rival configurations (`rivals_table`)."""
    figure, axes = plt.subplots(1, 3, figsize=(14, 4.8), width_ratios=[2, 1, 1])
    labels = {"full batch": "full batch: mean over 10 rows", "mini batch": "all 45 mini-batches: sum / 10"}
    for curve in CURVES:
        axes[0].plot(curves.angle, curves[curve], color=COLOURS[curve], lw=2.5, label=labels[curve])
        ends = [PARTNER_ANGLE, PARTNER_ANGLE - np.pi]
        published = [DIGITISED[curve][name] for name in ("minimum", "maximum")]
        axes[0].plot(ends, published, "o", ms=9, mfc="none", mew=2, color=COLOURS[curve])
    axes[0].plot([], [], "ko", ms=9, mfc="none", mew=2, label="extremes digitised from the published figure")
    axes[0].axvline(PARTNER_ANGLE, ymax=0.72, color="grey", ls=":")
    axes[0].annotate("$u_1 = v_1$", (PARTNER_ANGLE, 1.85), xytext=(6, 0), textcoords="offset points")
    axes[0].set(xlabel="angle θ of $u_1$ (radians)", ylabel="loss, direction u to v (nats)")
    axes[0].set_title("Slice: one embedding moves (N=10, d=2, B=2)")
    axes[0].set_xticks([-np.pi, -np.pi / 2, 0, np.pi / 2, np.pi], ["-π", "-π/2", "0", "π/2", "π"])
    axes[0].set_ylim(1.43, 2.17)
    axes[0].legend(loc="upper center", fontsize=11)
    losses = rivals.set_index("configuration")
    for axis, (name, corners) in zip(axes[1:], (("regular decagon", 10), ("doubled pentagon", 5)), strict=True):
        _draw_circle(axis, corners)
        row = losses.loc[name]
        axis.set_title(f"{name.capitalize()}\nfull batch {row.full_loss:.5f}\nall 45 batches {row.all_batches_loss:.6f}")
        axis.set_xlabel("loss of eq. (1), nats (less is better)", fontsize=10)
    return figure


def _draw_circle(axis: plt.Axes, corners: int) -> None:
    points = polygon_rows(SAMPLES, corners, PARTNER_ANGLE)
    axis.add_patch(plt.Circle((0, 0), 1, fill=False, color="lightgrey"))
    # Two samples at one corner are drawn as a ring round a dot.
    axis.scatter(*points[:: SAMPLES // corners].T, s=60, color="black", zorder=3)
    if corners < SAMPLES:
        axis.scatter(*points[:: SAMPLES // corners].T, s=260, facecolors="none", edgecolors="black", linewidths=1.8, zorder=3)
        axis.text(0, 0, "2 samples\nat each corner", ha="center", va="center", fontsize=11)
    axis.set(xlim=(-1.25, 1.25), ylim=(-1.25, 1.25), aspect="equal", xticks=[], yticks=[])


def figure_1b(table: pd.DataFrame, starts: int, seed: int = 0) -> plt.Figure:
    """Draw the best configuration of 4 samples on the sphere for the three families of `figure_1b_families`."""
    figure, axes = plt.subplots(1, 3, figsize=(14, 5.2), subplot_kw={"projection": "3d"})
    keys = {"full batch": "full batch", "all 6 batches": "all batches", "2 fixed batches": "fixed"}
    excess = table.set_index("family").excess
    for axis, (name, batches) in zip(axes, figure_1b_families().items(), strict=True):
        point = best(minimise_many(MeanBatchLoss(batches, 4), 4, 3, starts, seed))
        _draw_sphere(axis, _pleasing_frame(point.u), METHOD_COLOURS[keys[name]])
        axis.set_title(f"{name.capitalize()}: best loss {point.loss:.4f} nats\ntetrahedron is {excess[name]:.4f} nats above it")
    figure.supxlabel(f"N=4 samples, d=3, U = V; best of {starts} starts; dashed: edges between the samples", fontsize=13)
    return figure


def _pleasing_frame(rows: np.ndarray) -> np.ndarray:
    """Rotate (or reflect) rows [4, 3] so that the first points up and equal configurations look equal."""
    second = rows[2] if abs(rows[0] @ rows[1]) > 0.99 else rows[1]
    frame, triangle = np.linalg.qr(np.stack([rows[0], second, rows[2]]).T)
    signs = np.where(np.diag(triangle) < 0, -1, 1)  # QR leaves the sign of each axis, and so left and right, open
    return (rows @ (frame * signs))[:, [1, 2, 0]]


def _draw_sphere(axis: plt.Axes, rows: np.ndarray, colour: str) -> None:
    longitude, latitude = np.mgrid[0 : 2 * np.pi : 25j, 0 : np.pi : 13j]
    sphere = np.cos(longitude) * np.sin(latitude), np.sin(longitude) * np.sin(latitude), np.cos(latitude)
    axis.plot_wireframe(*sphere, color="lightgrey", lw=0.4)
    for first, second in combinations(rows, 2):
        axis.plot(*np.stack([first, second]).T, color="black", lw=0.8, ls="--")
    for label, row in enumerate(rows, start=1):
        axis.plot(*np.stack([np.zeros(3), row]).T, color=colour, lw=2.5)
        axis.scatter(*row, s=70, color=colour)
        axis.text(*(1.22 * row), f"{label}", fontsize=14, ha="center", va="center")
    axis.set_box_aspect((1, 1, 1), zoom=1.25)
    axis.view_init(elev=14, azim=130)
    axis.set_axis_off()
