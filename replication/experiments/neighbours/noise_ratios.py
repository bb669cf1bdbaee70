"""The ratios that the verdicts on gradient noise rest on, by seed, and their means."""

from itertools import pairwise

import pandas as pd

from replication.experiments.neighbours.summaries import over_seeds

RATIO = "ratio"


def of_selectors(noise: pd.DataFrame) -> pd.DataFrame:
    """Return SGD's relative noise over that of each other selector, without correction, right after the snapshot."""
    rows = noise[(noise.snapshot == "none") & (noise["updates since"] == 0)]
    by_name = rows.pivot(index="seed", columns="selector", values="relative noise")
    return _summary({f"SGD / {name}": by_name["SGD"] / by_name[name] for name in by_name.columns.drop("SGD")})


def of_snapshot(noise: pd.DataFrame, measure: str, correction: str, selectors: list[str]) -> pd.DataFrame:
    """Return a measure with a correction over that without, for each of the selectors and each number of updates since."""
    rows = noise[noise.selector.isin(selectors)]
    found = {}
    for (selector, since), group in rows.groupby(["selector", "updates since"], sort=False):
        values = group.pivot(index="seed", columns="snapshot", values=measure)
        found[f"{selector}, {since} updates later"] = values[correction] / values["none"]
    return _summary(found)


def of_variates(variates: pd.DataFrame) -> pd.DataFrame:
    """Return the variance that each variate leaves over what the one before it in the list leaves."""
    left = variates.pivot(index="seed", columns="variate", values="left")
    names = list(dict.fromkeys(variates.variate))
    return _summary({f"{name} / {before}": left[name] / left[before] for before, name in pairwise(names)})


def _summary(ratios: dict[str, pd.Series]) -> pd.DataFrame:
    frame = pd.concat([ratio.rename(RATIO).reset_index().assign(name=name) for name, ratio in ratios.items()])
    return over_seeds(frame, ["name"], [RATIO])
