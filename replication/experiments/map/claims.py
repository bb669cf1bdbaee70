"""The claims on where choosing batches helps, and their verdicts by fixed rules."""

import pandas as pd

from replication.evaluation import paired_comparison
from replication.evaluation.comparison import BETTER, SAME, WORSE
from replication.experiments.map.agreement import AGREE, DISAGREE
from replication.experiments.map.checks import kind_of
from replication.experiments.map.design import SHARED_RATE, Design
from replication.experiments.map.in_words import cell_in_words
from replication.experiments.map.judging import best_by_validation, rivals
from replication.experiments.map.tables import R10
from replication.reporting.run import CAVEAT, FAILS, HOLDS, UNTESTABLE, UNTESTED

SMALL, LARGE = 8, 32  # batches up to the one, and from the other on
MILD, HARD = "SwapSearch, k 2", "SwapSearch, whole set"
RIGHT = 0.8  # of a rule's balanced signs, on data that it was not fitted on
# By kind of pairs: the claims that a map gives a verdict on.
CLAIMS = {
    "captions": ("map-small", "map-large", "map-harder", "map-size", "map-cost", "map-rule", "map-pilot"),
    "texts": ("map-texts-small", "map-texts-large"),
    "views": ("map-views-small", "map-views-large"),
}
NEEDED = {"captions": "photographs with captions", "texts": "pairs of captions", "views": "two views of photographs"}
PROFILES = {"captions": "cpu", "texts": "cpu-text", "views": "cpu-cifar100"}


def judge(
    cells: pd.DataFrame,
    runs: pd.DataFrame,
    rules: pd.DataFrame,
    beside: pd.DataFrame,
    design: Design,
    source: str,
    margin: float,
    setting: str,
) -> list[tuple[str, str, str, str]]:
    """Return (name, verdict, evidence, table) of every claim of the map; of those on other kinds of pairs UNTESTED.

    Args:
        cells: as `judging.judged`; runs: as `tables.runs`; rules: as `rule.rules`; beside: as `agreement.side_by_side`.
        design: the map.
        source: what was trained on.
        margin: points of R@10 within which a difference is none.
        setting: what was trained, in words.
    """
    found = {
        "small": _small(cells, margin),
        "large": _large(cells),
        "harder": _harder(runs, margin),
        "size": _size(cells, runs, margin),
        "cost": _cost(runs, design, margin),
        "rule": _rule(rules),
        "pilot": _pilot(beside),
    }
    tables = {"size": "equivalent", "rule": "rule", "cost": "longer", "pilot": "full_training"}
    rows = []
    for kind, names in CLAIMS.items():
        for name in names:
            part = name.split("-")[-1]
            verdict, evidence = found[part]
            if kind != kind_of(source):
                command = f"`python -m replication run map --profile {PROFILES[kind]} --publish`"
                verdict, evidence = UNTESTED, f"needs {NEEDED[kind]}: {command}"
            rows.append((name, verdict, f"{setting}: {evidence}" if verdict != UNTESTED else evidence, tables.get(part, "map")))
    return rows


def _small(cells: pd.DataFrame, margin: float) -> tuple[str, str]:
    """Return whether at every B <= SMALL some way is better by more than the margin, at both lines of rates.

    With a caveat if some 95 % interval over seeds, of the cell where it lies highest, reaches below the margin.
    """
    mine = cells[cells["B"] <= SMALL]
    if mine.empty:
        return UNTESTED, f"no batch size up to {SMALL}"
    good = mine[(mine.outcome == BETTER) & (mine.difference > margin)]
    places, with_gain = mine.groupby(["line", "B"]).ngroups, good.groupby(["line", "B"]).ngroups
    surely = good[good.low > margin].groupby(["line", "B"]).ngroups
    largest = [(line, rows.loc[rows.difference.idxmax()]) for (line, _), rows in mine.groupby(["line", "B"])]
    lines: dict[str, list[str]] = {}  # one comparison may stand in both lines of rates
    for line, row in largest:
        lines.setdefault(cell_in_words(row), []).append(line)
    parts = [f"{words} at the {' and the '.join(names)}" for words, names in lines.items()]
    evidence = f"largest differences: {'; '.join(parts)}"
    if with_gain:
        return _of_sizes(HOLDS if surely == places else CAVEAT, evidence, set(mine["B"]))
    return (FAILS if (mine.high <= margin).all() else UNTESTABLE), evidence


def _large(cells: pd.DataFrame) -> tuple[str, str]:
    """Return whether at B >= LARGE nothing is better; with a caveat if something is undecided.

    A way whose own best rate is that of shuffled batches stands in both lines with the same trainings, and counts once.
    """
    mine = cells[cells["B"] >= LARGE].drop_duplicates(["B", "selector", "difference", "low", "high"])
    if mine.empty:
        return UNTESTED, f"no batch size from {LARGE} on"
    counts = mine.outcome.value_counts()
    words = ", ".join(f"{count} {name}" for name, count in counts.items())
    evidence = f"of {len(mine)} cells: {words}; the largest difference: {cell_in_words(mine.loc[mine.difference.idxmax()])}"
    if counts.get(BETTER, 0):
        return FAILS, evidence
    return _of_sizes(HOLDS if set(counts.index) <= {WORSE, SAME} else CAVEAT, evidence, set(mine["B"]))


def _harder(runs: pd.DataFrame, margin: float) -> tuple[str, str]:
    """Return whether at every B >= LARGE the hardest batches are worse than the mildest, in pairs over seeds."""
    mine = runs[runs.line == SHARED_RATE]
    sizes = [size for size in sorted(runs["B"].unique()) if size >= LARGE]
    return _pairs([(size, mine[mine["B"] == size], HARD, MILD) for size in sizes], margin, wanted=WORSE)


def _size(cells: pd.DataFrame, runs: pd.DataFrame, margin: float) -> tuple[str, str]:
    """Return whether chosen batches of SMALL are at least as good as shuffled ones of twice the size."""
    sizes = set(cells.B)
    if not {SMALL, 2 * SMALL} <= sizes:
        return UNTESTED, f"needs B = {SMALL} and {2 * SMALL}"
    mine = runs[runs.line == SHARED_RATE]
    best = best_by_validation(runs, SHARED_RATE, cells.selector.unique())[SMALL]
    chosen = mine[(mine["B"] == SMALL) & (mine.selector == best)]
    double = mine[(mine["B"] == 2 * SMALL) & (mine.selector == "SGD")]
    table = pd.concat([chosen.assign(selector="chosen"), double.assign(selector="double")])
    row = paired_comparison(table, R10, "double", margin).iloc[0]
    evidence = (
        f"{best} at B = {SMALL} {row['mean']:.2f} against {row['baseline mean']:.2f} % of shuffled batches of {2 * SMALL} "
        f"({row.difference:+.2f} [{row.low:.2f}, {row.high:.2f}], n={row.n}: {row.outcome})"
    )
    return {BETTER: HOLDS, SAME: HOLDS, WORSE: FAILS}.get(row.outcome, UNTESTABLE), evidence


def _cost(runs: pd.DataFrame, design: Design, margin: float) -> tuple[str, str]:
    """Return whether at every B <= SMALL the best chosen batches beat shuffled ones that may train for longer."""
    best = best_by_validation(runs, SHARED_RATE, design.methods)
    mine = runs[runs.line == SHARED_RATE]
    sizes = [size for size in sorted(best) if size <= SMALL and design.longer]
    rival = rivals(mine, design.longer_name)
    return _pairs([(size, mine[mine["B"] == size], best[size], rival[size]) for size in sizes], margin, wanted=BETTER)


def _of_sizes(verdict: str, evidence: str, sizes: set[int]) -> tuple[str, str]:
    """Return the verdict on a claim on several batch sizes: with a caveat where a single one was tried."""
    if len(sizes) == 1 and verdict == HOLDS:
        return CAVEAT, f"{evidence}; of these sizes only B = {min(sizes)} was tried"
    return verdict, evidence


def _rule(rules: pd.DataFrame) -> tuple[str, str]:
    """Return whether a threshold that was fitted on other data foretells the signs here."""
    known = rules[rules.get("right here, fitted elsewhere", pd.Series(index=rules.index, dtype=float)).notna()]
    if known.empty:
        return UNTESTED, "needs a map of other data with cells of both signs, and some here"
    # The predictor that was better where the threshold was fitted is judged; the other is shown.
    first = known["right there"].idxmax() if "right there" in known else known.index[0]
    found = known.loc[first, "right here, fitted elsewhere"]
    parts = [
        f"{row['helps where this is below']} < {row['fitted elsewhere']:.2f}: {row['right here, fitted elsewhere']:.2f} right"
        for row in known.to_dict("records")
    ]
    judged = f"judged: {known.loc[first, 'helps where this is below']}"
    return (HOLDS if found >= RIGHT else FAILS), f"{'; '.join(parts)} (balanced over signs; guessing 0.5; {judged})"


def _pilot(beside: pd.DataFrame) -> tuple[str, str]:
    """Return whether heads and full training come to the same outcome for every way that both tried.

    With a caveat if one is undecided, or if all came to one and the same outcome: who always says it would be right too.
    """
    if beside.empty:
        return UNTESTED, "needs full_training, results of 06_clip at one of the batch sizes"
    parts = [
        f"{row['selector']} {row['heads: R@10']:+.2f} ({row['heads: outcome']}, n={row['heads: n']}) with heads, "
        f"{row['full: R@10']:+.2f} ({row['full: outcome']}, n={row['full: n']}) with full training"
        for row in beside.to_dict("records")
    ]
    evidence = f"at B = {beside['B'].iloc[0]}, R@10 against shuffled batches: {'; '.join(parts)}"
    found = set(beside.agree)
    if AGREE not in found:
        return (FAILS if DISAGREE in found else UNTESTABLE), evidence
    if beside["heads: outcome"].nunique() == 1:
        evidence += f"; all that both tried is {beside['heads: outcome'].iloc[0]}"
    return (HOLDS if found == {AGREE} and beside["heads: outcome"].nunique() > 1 else CAVEAT), evidence


def _pairs(pairs: list[tuple[int, pd.DataFrame, str, str]], margin: float, wanted: str) -> tuple[str, str]:
    """Return the verdict on "`wanted` at every size" of (size, runs, first, other), with the numbers."""
    outcomes, parts, judged = [], [], set()
    for size, runs, first, other in pairs:
        if {first, other} <= set(runs.selector):
            table = paired_comparison(runs[runs.selector.isin([first, other])], R10, other, margin)
            row = table.iloc[0]
            outcomes.append(row.outcome)
            judged.add(size)
            parts.append(
                f"B = {size}: {first} {row['mean']:.2f}, {other} {row['baseline mean']:.2f} % "
                f"({row.difference:+.2f} [{row.low:.2f}, {row.high:.2f}], n={row.n}: {row.outcome})"
            )
    if not outcomes:
        return UNTESTED, "this map holds no such cells"
    evidence = "; ".join(parts)
    left = [str(size) for size, *_ in pairs if size not in judged]
    if left:
        evidence += f"; not tried at B = {', '.join(left)}"
    if all(outcome == wanted for outcome in outcomes):
        return _of_sizes(CAVEAT if left else HOLDS, evidence, judged)
    if wanted in outcomes:
        return CAVEAT, evidence
    return (UNTESTABLE if any(outcome not in (BETTER, WORSE, SAME) for outcome in outcomes) else FAILS), evidence
