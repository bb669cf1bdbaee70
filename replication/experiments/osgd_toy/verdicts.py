"""Verdicts on the claims about OSGD, computed from the tables of the toy comparison."""

import numpy as np
import pandas as pd

from replication.experiments.osgd_toy.figures import in_pi
from replication.experiments.osgd_toy.gradient_flow import SMALL_ANGLE_RATIO
from replication.reporting.run import CAVEAT, FAILS, HOLDS, UNTESTED


def toy_verdict(table: pd.DataFrame) -> tuple[str, str]:
    """Return verdict and evidence on "OSGD needs at least 3.94 times fewer updates than SGD".

    The claim holds where the ratio is finite and the lower end of its interval reaches 3.94. Its proof is for small steps:
    it fails only if a whole interval lies below at the smallest step size; any other point that misses it is a caveat. A
    ratio that is not finite comes from a mean angle that never arrives; with no finite ratio at all there is no verdict.

    Args:
        table: as `arrival.run_grid` returns it.
    """
    finite = np.isfinite(table[["ratio", "ratio low"]]).all(axis=1)
    partial = table["runs arrived"][~(table["runs arrived"] >= 1)]
    arrivals = "all runs of SGD arrived"
    if len(partial):
        arrivals = f"at {len(partial)} not all runs of SGD arrived ({100 * partial.min():.0f} % at the worst)"
    if not finite.any():
        return UNTESTED, f"no finite ratio at {len(table)} grid points; {arrivals}"
    misses = table[~(finite & (table["ratio low"] >= SMALL_ANGLE_RATIO))]
    evidence = (
        f"ratio {table['ratio'][finite].min():.2f} to {table['ratio'][finite].max():.2f} at {finite.sum()} of {len(table)} "
        f"grid points; {arrivals}; at {len(table) - len(misses)} the 95 % interval lies above {SMALL_ANGLE_RATIO:.2f}"
    )
    if misses.empty:
        return HOLDS, evidence
    points = "; ".join(
        f"ε = {in_pi(row['epsilon'])}, ρ = {row['rho']:g}, η = {row['eta']:g}: {_ratio_text(row)}"
        for _, row in misses.iterrows()
    )
    refuted = (misses["eta"] == table["eta"].min()) & (misses["ratio high"] < SMALL_ANGLE_RATIO)
    return FAILS if refuted.any() else CAVEAT, f"{evidence}; it does not at {points}"


def _ratio_text(row: pd.Series) -> str:
    """Return one grid point's ratio with its interval, or which method's mean angle never arrived."""
    late = [method for method in ("SGD", "OSGD") if not np.isfinite(row[f"T_{method}"])]
    if late:
        return f"the mean angle of {' and '.join(late)} did not arrive"
    return f"{row['ratio']:.2f} [{row['ratio low']:.2f}, {row['ratio high']:.2f}], where OSGD needs {row['T_OSGD']:g} updates"


def objective_verdict(summary: pd.DataFrame, disjoint: pd.DataFrame) -> tuple[str, str]:
    """Return verdict and evidence on the weights gamma_j.

    Args:
        summary: as `ordered_objective.check_objective` returns it.
        disjoint: as `ordered_objective.disjoint_candidates` returns it; not part of the claim, but told with it.
    """
    exact = summary[["enumerated gap", "gradient gap"]].max().max()
    within = (summary["simulated, standard errors"] <= summary["allowed, standard errors"]).all()
    gap = f"a gap of {exact:.1g}" if exact else "no gap"
    evidence = (
        f"all draws enumerated: {gap} in weights and gradients (10 decimals); simulated draws: at most "
        f"{summary['simulated, standard errors'].max():.1f} standard errors off. Disjoint candidates are another objective: "
        f"gradient {100 * disjoint['gradient gap'].min():.0f} to {100 * disjoint['gradient gap'].max():.0f} % off"
    )
    return (HOLDS if exact == 0 and within else FAILS), evidence


def convergence_verdict(smoothness: pd.DataFrame) -> tuple[str, str]:
    """Return verdict and evidence on the convergence theorem: its constants are unconfirmed, so the rate is not checked.

    Args:
        smoothness: as `smoothness.smoothness_table` returns it.
    """
    inside = (smoothness["largest gradient"] <= smoothness["bound"]) & (
        smoothness["most negative curvature"] >= smoothness["curvature bound"]
    )
    found = "within" if inside.all() else "OUTSIDE"
    sizes = ", ".join(f"{size}" for size in smoothness["B"])
    return UNTESTED, (
        "the constants of the stated rate could not be confirmed from the available text, so the rate itself was not checked; "
        f"what was: at B = {sizes} the largest gradient found ({smoothness['largest gradient'].max():.2f}) and the most "
        f"negative curvature ({smoothness['most negative curvature'].min():.2f}) are {found} the bounds that it would need"
    )


def ratios_in_words(table: pd.DataFrame) -> str:
    """Return one sentence (Markdown) on the table of `arrival.run_grid`: how many times fewer updates OSGD needs."""
    finite = table[np.isfinite(table.ratio)]
    if finite.empty:
        return f"**At none of the {len(table)} grid points did the mean angles of both methods arrive.**"
    low, middle, high = finite.ratio.quantile([0, 0.5, 1])
    text = f"OSGD needs {low:.2f} to {high:.2f} times fewer updates than SGD (median {middle:.2f}), at "
    text += f"{(finite.ratio >= SMALL_ANGLE_RATIO).sum()} of {len(table)} grid points at least the claimed "
    text += f"{SMALL_ANGLE_RATIO:.2f} times"
    if len(finite) < len(table):
        text += f"; at {len(table) - len(finite)} a mean angle never arrived"
    return f"**{text}.**"
