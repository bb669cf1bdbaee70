"""Figures of the toy comparison: mean angle against updates, ratio against rho, and the weights gamma_j."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.ticker import NullLocator

from replication.experiments.osgd_toy.circle import OPTIMUM
from replication.experiments.osgd_toy.gradient_flow import SMALL_ANGLE_RATIO, angle_after
from replication.reporting.plotting import METHOD_COLOURS, use_style

METHODS = ("OSGD", "SGD")


def trajectory_figure(epsilons: list[float], eta: float, trajectories: dict) -> plt.Figure:
    """Draw the mean angle of SGD and OSGD against the number of updates, one panel for each start.

    Args:
        epsilons: start angles in radians.
        eta: the step size of all panels.
        trajectories: mean angles by method, as `arrival.run_grid` returns them for `eta`.
    """
    use_style()
    seeds = trajectories["SGD"].shape[2]
    figure, axes = plt.subplots(1, len(epsilons), figsize=(4.2 * len(epsilons), 4.4), sharey=True, squeeze=False)
    for index, (axis, epsilon) in enumerate(zip(axes[0], epsilons, strict=True)):
        sgd, osgd = trajectories["SGD"][:, index], trajectories["OSGD"][:, index]
        updates = np.arange(len(sgd))
        axis.fill_between(updates, *np.quantile(sgd, [0.1, 0.9], axis=1), color=METHOD_COLOURS["SGD"], alpha=0.3, linewidth=0)
        axis.plot(updates, sgd.mean(axis=1), color=METHOD_COLOURS["SGD"], label=f"SGD, mean (band: 80 % of {seeds} runs)")
        axis.plot(updates, osgd, color=METHOD_COLOURS["OSGD"], label="OSGD (deterministic)")
        for method in METHODS:
            label = "limit of small steps" if method == METHODS[0] else None
            flow = angle_after(method, epsilon, eta * updates)
            axis.plot(updates, flow, color="black", linestyle="--", linewidth=1.2, label=label)
        axis.axhline(OPTIMUM, color="black", linestyle=":", linewidth=1.2, label="square, θ = π/4")
        axis.set(title=f"start ε = {in_pi(epsilon)}", xlabel="updates", xlim=(0, 0.7 * updates[-1]), ylim=(0, 1.0))
    axes[0, 0].set_ylabel("mean angle θ (rad)")
    handles, labels = axes[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(labels) if len(epsilons) > 2 else 2)
    figure.suptitle(f"Four points on the circle: OSGD reaches the square first (step size η = {eta:g})")
    return figure


def ratio_figure(table: pd.DataFrame, seeds: int) -> plt.Figure:
    """Draw T_SGD / T_OSGD with its confidence interval against rho, one panel for each start.

    Args:
        table: as `arrival.run_grid` returns it.
        seeds: the number of SGD runs behind each point.
    """
    use_style()
    epsilons, etas = sorted(table["epsilon"].unique()), sorted(table["eta"].unique(), reverse=True)
    colours = dict(zip(etas, sns.color_palette("viridis", len(etas) + 1), strict=False))
    figure, axes = plt.subplots(1, len(epsilons), figsize=(4.2 * len(epsilons), 4.6), sharey=True, squeeze=False)
    for axis, epsilon in zip(axes[0], epsilons, strict=True):
        here = table[table["epsilon"] == epsilon]
        for shift, eta in enumerate(etas):
            rows = here[here["eta"] == eta].sort_values("rho")
            interval = [rows["ratio"] - rows["ratio low"], rows["ratio high"] - rows["ratio"]]
            place = rows["rho"] * 1.07 ** (shift - (len(etas) - 1) / 2)  # side by side
            axis.errorbar(place, rows["ratio"], interval, color=colours[eta], fmt="o-", capsize=4, label=f"η = {eta:g}")
        flow = here[["rho", "flow ratio"]].drop_duplicates().sort_values("rho")
        axis.plot(flow["rho"], flow["flow ratio"], "k--", label="limit of small steps")
        axis.axhline(SMALL_ANGLE_RATIO, color="black", linestyle=":", label=f"claimed factor {SMALL_ANGLE_RATIO:.2f}")
        axis.set_xscale("log")
        axis.set_xticks(flow["rho"], [f"{rho:g}" for rho in flow["rho"]])
        axis.xaxis.set_minor_locator(NullLocator())
        axis.set(title=f"start ε = {in_pi(epsilon)}", xlabel="distance ρ from π/4 (rad)")
    axes[0, 0].set_ylabel("updates of SGD / updates of OSGD")
    axes[0, 0].set_ylim(bottom=0)
    handles, labels = axes[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=5)
    figure.suptitle(f"How many times fewer updates OSGD needs (95 % intervals, {seeds} runs of SGD)")
    return figure


def gamma_figure(curves: pd.DataFrame, draws: int) -> plt.Figure:
    """Draw the weight of each rank relative to plain SGD, formula and simulation.

    Args:
        curves: one row for each case and rank, as `ordered_objective.check_objective` returns them.
        draws: simulated draws behind each dot.
    """
    use_style()
    figure, axis = plt.subplots(figsize=(8, 4.8))
    for (n, k, q), rows in curves.groupby(["n", "k", "q"]):
        place, scale = (rows["rank"] - 0.5) / n, n / q
        (line,) = axis.plot(place, scale * rows["gamma"], label=f"n = {n}, k = {k}, q = {q}")
        axis.plot(place, scale * rows["simulated"], "o", color=line.get_color(), markersize=4)
    axis.axhline(1, color="black", linestyle=":", label="plain SGD: every batch alike")
    axis.set(
        xlabel="rank of the batch among all n, largest loss first (as a share of n)",
        ylabel="weight in the objective, n γ$_j$ / q",
        title=f"OSGD weighs hard batches more: q of k drawn from n\n(lines: formula; dots: {draws:,} simulated draws)",
        xlim=(0, 1),
        ylim=(0, None),
    )
    axis.legend(frameon=True, edgecolor="none", framealpha=1)
    return figure


def in_pi(angle: float) -> str:
    """Return an angle in radians as a fraction of pi where it is one, as "π/18", else as a number."""
    parts = np.pi / angle
    return f"π/{round(parts)}" if abs(parts - round(parts)) < 1e-6 else f"{angle:.3g}"
