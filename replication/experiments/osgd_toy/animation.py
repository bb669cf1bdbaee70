"""A film of SGD, OSGD and spectral clustering moving the four points, side by side and from the same start.

Each frame is one update; the pair that it used is drawn as a thick line. SC plans a partition into two pairs every N/B = 2
updates.
"""

from pathlib import Path

import matplotlib.pyplot as plt
import torch
from matplotlib.animation import PillowWriter
from torch import Tensor

from replication.experiments.osgd_toy.circle import OPTIMUM, PAIRS, angles_of, gradient_step, points_at
from replication.experiments.osgd_toy.simulation import largest_loss_pairs, uniform_pairs
from replication.reporting.plotting import METHOD_COLOURS, use_style
from replication.selection import SpectralClustering
from replication.validation import check_count


def film_paths(epsilon: float, eta: float, updates: int, seed: int) -> dict[str, tuple[Tensor, Tensor]]:
    """Return the points [updates + 1, 4, 2] and the pairs used [updates, 2] by each method, from the same start.

    Args:
        epsilon: the four start angles, in radians.
        eta: step size.
        updates: gradient steps.
        seed: of SGD's pairs and of spectral clustering.
    """
    check_count("updates", updates, 1)
    drawn = uniform_pairs(updates, seed + 1)[:, seed]
    choosers = {
        "SGD": lambda update, u, v: PAIRS[drawn[update]],
        "OSGD": lambda update, u, v: PAIRS[largest_loss_pairs(u, v)][0],
        "SC": _spectral_clustering_pairs(seed),
    }
    return {method: _follow(choose, epsilon, eta, updates) for method, choose in choosers.items()}


def save_film(paths: dict, rho: float, file: Path) -> None:
    """Write the film of `film_paths` as a GIF, 10 updates a second.

    Args:
        paths: points and pairs by method.
        rho: distance from the square, in radians, that counts as arrived.
        file: where to write.
    """
    use_style()
    updates = len(next(iter(paths.values()))[1])
    writer = PillowWriter(fps=10)
    # Automatic layout would move the panels from frame to frame; savefig switches it on again unless the style forbids it.
    with plt.rc_context({"figure.constrained_layout.use": False}):
        figure, axes = plt.subplots(1, len(paths), figsize=(3.4 * len(paths), 4.5), dpi=80)
        figure.subplots_adjust(left=0.01, right=0.99, bottom=0.01, top=0.8, wspace=0.02)
        panels = [_Panel(axis, method, *paths[method], rho) for axis, method in zip(axes, paths, strict=True)]
        with writer.saving(figure, file, dpi=figure.dpi):
            for update in range(updates + 1):
                figure.suptitle(f"Update {update}: the thick line is the pair just pushed apart", fontsize=15)
                for panel in panels:
                    panel.show(update)
                writer.grab_frame()
    plt.close(figure)


class _Panel:
    """One method's circle. Its artists are made once and then moved: drawing axes anew for every frame is slow."""

    def __init__(self, axis: plt.Axes, method: str, points: Tensor, pairs: Tensor, rho: float):
        self.axis, self.method, self.points, self.pairs = axis, method, points, pairs
        self.distances = (angles_of(points).mean(dim=1) - OPTIMUM).abs()
        arrived = (self.distances < rho).nonzero().flatten()
        self.arrival = int(arrived[0]) if len(arrived) else None
        axis.set(xlim=(-1.15, 1.15), ylim=(-1.35, 1.15), aspect="equal")
        axis.axis("off")
        axis.add_patch(plt.Circle((0, 0), 1, fill=False, edgecolor="0.8"))
        square = points_at(torch.tensor([OPTIMUM - 1e-9], dtype=torch.float64))[0]
        axis.plot(*square.T, "+", color="0.6", markersize=14)
        colour = METHOD_COLOURS[method]
        (self.pair,) = axis.plot([], [], color=colour, linewidth=4, alpha=0.6, solid_capstyle="round")
        (self.dots,) = axis.plot([], [], "o", color=colour, markersize=11, markeredgecolor="black")
        self.note = axis.text(0, -1.3, "", ha="center", fontsize=14, fontweight="bold")

    def show(self, update: int) -> None:
        """Move the points to where they are after `update` updates."""
        self.dots.set_data(*self.points[update].T)
        if update:
            self.pair.set_data(*self.points[update][self.pairs[update - 1]].T)
        self.axis.set_title(f"{self.method}\nmean angle {self.distances[update]:.2f} rad from π/4", fontsize=14)
        if self.arrival == update:
            self.note.set_text(f"arrived after {update} updates")


def _follow(choose, epsilon: float, eta: float, updates: int) -> tuple[Tensor, Tensor]:
    u = points_at(torch.tensor([epsilon]))
    v, step_size = u.clone(), torch.tensor([eta], dtype=torch.float64)
    points, pairs = [u[0]], []
    for update in range(updates):
        pair = choose(update, u, v)
        number = (pair.sort().values == PAIRS).all(dim=1).nonzero()[0]
        u, v = gradient_step(u, v, number, step_size)
        points.append(u[0])
        pairs.append(pair)
    return torch.stack(points), torch.stack(pairs)


def _spectral_clustering_pairs(seed: int):
    selector, generator, plan = SpectralClustering(2, n_init=3), torch.Generator().manual_seed(seed), []

    def choose(update, u, v):
        """Return the next pair of a plan, which is made anew when the last is used up."""
        if not plan:
            plan.extend(selector.select(u[0], v[0], generator))
        return plan.pop(0)

    return choose
