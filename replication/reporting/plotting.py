"""One look for all figures: colour-blind-safe colours, a fixed one for each method, and sizes that read on a slide."""

from collections.abc import Iterable
from itertools import cycle

import matplotlib.pyplot as plt
import pandas as pd
import seaborn as sns

_PALETTE = sns.color_palette("colorblind").as_hex()
# Fixed colours, so that a method is recognised from figure to figure.
METHOD_COLOURS = {
    "SGD": _PALETTE[7],
    "OSGD": _PALETTE[1],
    "SC": _PALETTE[0],
    "SC (exp)": _PALETTE[9],
    "full batch": _PALETTE[2],
    "all batches": _PALETTE[4],
    "fixed": _PALETTE[3],
    "SwapSearch": _PALETTE[5],
    # Networks are never trained with those three of the theory, whose colours these take again.
    "OSGD, as released": _PALETTE[1],
    "SwapSearch, whole set": _PALETTE[3],
    "SwapSearch, hardness 0.25": _PALETTE[2],
    "SwapSearch, hardness 0.5": _PALETTE[4],
    "neighbours": _PALETTE[3],
    "neighbours, skip 32": _PALETTE[6],
}
METHOD_LABELS = {
    "SGD": "SGD (shuffled)",
    "OSGD": "OSGD (ordered)",
    "SC": "SC (spectral clustering)",
    "SC (exp)": "SC, exp affinity (released code)",
    "full batch": "full batch",
    "all batches": "all C(N, B) batches",
    "fixed": "fixed batches",
}

_MARKERS = "oDs^vPX*<>"


def method_styles(methods: Iterable[str]) -> dict[str, tuple[str, str]]:
    """Return (colour, marker) for each method of a figure.

    Methods of `METHOD_COLOURS` have their own colour and a round marker. Each other one gets a colour that no method of the
    figure has, as long as there are any, and a marker of its own.
    """
    methods = list(dict.fromkeys(methods))
    styles = {name: (METHOD_COLOURS[name], _MARKERS[0]) for name in methods if name in METHOD_COLOURS}
    used = {colour for colour, _ in styles.values()}
    free = cycle([colour for colour in _PALETTE if colour not in used] or _PALETTE)
    markers = cycle(_MARKERS[1:])
    return {name: styles.get(name) or (next(free), next(markers)) for name in methods}


def use_style() -> None:
    """Set the look of all later figures, and show the texts of tables in notebooks as they are, dollar signs among them."""
    sns.set_theme(context="notebook", style="whitegrid", palette="colorblind")
    plt.rcParams.update({"figure.constrained_layout.use": True, "axes.titlesize": "medium", "legend.frameon": False})
    pd.set_option("display.html.use_mathjax", False)
