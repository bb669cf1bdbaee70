"""What a pilot found: a table, one sentence, and the lines of code that it recommends."""

import inspect
from dataclasses import dataclass

import pandas as pd

from replication.evaluation import paired_comparison
from replication.evaluation.comparison import BETTER, SAME, WORSE
from replication.features import PairFeatures
from replication.heads import HeadSettings, TrainedHeads
from replication.heads.evaluation import difference_over_queries
from replication.selection.registry import make_selector

MEASURE = "mean R@10"
CEILING = 98.0  # R@10 of shuffled batches (%), above which there is nothing to gain,
LEARNED = 0.05  # and the share of the way from chance to 100 % that the best of the methods must go
LIMITS = (
    "Frozen features speak for the heads on top of them. Towers that learn, other batch sizes and longer training may differ. "
    "Intervals over seeds say nothing of other test queries, and the other way round. Several methods are compared without a "
    "correction for that."
)


@dataclass(frozen=True)
class Report:
    """What a pilot found.

    Attributes:
        sentence: the answer, with its numbers.
        table: a row for each method: n seeds, mean R@1 and R@10 of both directions (%), the difference of R@10 to shuffled
            batches with its 95 % interval over seeds ("low", "high") and over test queries ("query low", "query high"), the
            outcome, the in-batch loss as a share of ln B, the share of likely false negatives, seconds of a training.
        recommended: the method to use; "SGD" for shuffled batches.
        code: the lines that make its sampler.
        curves: a row for each epoch of each training.
        setting: what was trained, in words.
        margin: percentage points below which a difference does not matter.
        limits: what the answer does not speak for.
    """

    sentence: str
    table: pd.DataFrame
    recommended: str
    code: str
    curves: pd.DataFrame
    setting: str
    margin: float
    limits: str = LIMITS


def judge(
    results: list[TrainedHeads],
    train: PairFeatures,
    test: PairFeatures,
    settings: HeadSettings,
    margin: float,
    rate: float,
    seconds: float,
) -> Report:
    """Return the report on trainings of equal seeds, shuffled batches ("SGD") among them.

    A method is recommended if its R@10 is better than that of shuffled batches over the seeds, and over the test queries
    too, and by more than the margin on average; of several the best. Otherwise shuffled batches are. Where R@10 is near 100 %
    or near chance, the sentence says that there is no answer.
    """
    runs = pd.DataFrame(
        {"selector": r.training.method, "seed": r.training.seed, "R@1": r.test["mean R@1"], "R@10": r.test[MEASURE]}
        | {"share of ln B": r.curve[-1]["share of ln B"], "false negatives": r.curve[-1]["false negatives"]}
        | {"seconds": sum(r.seconds.values())}
        for r in results
    )
    table = runs.groupby("selector", sort=False).agg(n=("seed", "count"), **{c: (c, "mean") for c in runs.columns[2:]})
    compared = paired_comparison(runs, "R@10", "SGD", margin).set_index("selector")
    ranks = {method: [r.test_ranks for r in results if r.training.method == method] for method in table.index}
    for method, row in compared.iterrows():
        over_queries = difference_over_queries(ranks[method], ranks["SGD"], test)
        table.loc[method, ["difference", "low", "high"]] = row.difference, row.low, row.high
        table.loc[method, ["query low", "query high"]] = over_queries.low, over_queries.high
        table.loc[method, "outcome"] = row.outcome
    good = table[(table.outcome == BETTER) & (table["query low"] > 0) & (table.difference > margin)]
    unclear = _unclear(table, len(test))
    recommended = "SGD" if good.empty or unclear else good.difference.idxmax()
    setting = (
        f"{train.name}: {len(train):,} pairs to train on, {len(test):,} to test, B = {settings.batch_size}, "
        f"{settings.epochs} epochs, {settings.kind} heads, learning rate {rate:g} (chosen for shuffled batches)"
    )
    where = f"On these {len(train):,} pairs at B = {settings.batch_size}: "
    sentence = f"{where}no answer: {unclear}." if unclear else _sentence(where, table, recommended, margin)
    curves = pd.DataFrame({"selector": r.training.method, "seed": r.training.seed} | row for r in results for row in r.curve)
    learned = [r.curve[-1]["temperature"] for r in results if r.training.method == recommended]
    code = _code(recommended, settings, settings.temperature or sum(learned) / len(learned))
    return Report(sentence, table.reset_index(), recommended, code, curves, f"{setting}; {seconds / 60:.1f} minutes", margin)


def _unclear(table: pd.DataFrame, tests: int) -> str:
    """Return why R@10 cannot tell methods apart here, or an empty text."""
    shuffled, best, chance = table.loc["SGD", "R@10"], table["R@10"].max(), 1000 / tests
    if shuffled > CEILING:
        return f"R@10 of shuffled batches is {shuffled:.1f} %, as the {tests} test pairs are too few or too easy"
    if best < chance + LEARNED * (100 - chance):
        return f"R@10 is at most {best:.1f} %, by chance {chance:.1f} %: the heads have hardly learned from these features"
    return ""


def _sentence(where: str, table: pd.DataFrame, recommended: str, margin: float) -> str:
    others = table.drop(index="SGD")
    if recommended != "SGD":
        row = table.loc[recommended]
        start = f"{where}choose batches by {recommended}: R@10 {row['R@10']:.1f} % against {table.loc['SGD', 'R@10']:.1f} % of "
        start += f"shuffled ones ({row.difference:+.1f} [{row.low:.1f}, {row.high:.1f}], n={row.n:.0f} seeds)"
        others = others.drop(index=recommended)
    else:
        start = f"{where}choose nothing: no method is better than shuffled batches by more than {margin:g} points of R@10"
        start += ", over seeds and over test queries"
    parts = []
    for words, outcome in (("worse: {}", WORSE), ("no different: {}", SAME)):
        found = others[others.outcome == outcome]
        if len(found):
            parts.append(words.format(", ".join(f"{name} ({row.difference:+.1f})" for name, row in found.iterrows())))
    rest = others[~others.outcome.isin([WORSE, SAME])]
    if len(rest):
        parts.append("not recommended: " + ", ".join(f"{n} ({r.difference:+.1f}, {r.outcome})" for n, r in rest.iterrows()))
    return "; ".join([start, *parts]) + "."


def _code(method: str, settings: HeadSettings, temperature: float) -> str:
    """Return the lines that make the recommended loader or sampler, as Python for `data`, at this temperature."""
    if method == "SGD":
        return f"DataLoader(data, batch_size={settings.batch_size}, shuffle=True, drop_last=True)"
    arguments = f"{method!r}, len(data), {settings.batch_size}, temperature={temperature:.2g}"
    # What the line of a method does not say must be what was tried.
    for name in ("k", "candidates"):
        value = getattr(settings, name)
        if value != inspect.signature(make_selector).parameters[name].default:
            arguments += f", {name}={value}"
    names = "from replication.selection import PlannedBatchSampler, make_selector"
    hint = "# temperature: what the heads had at the end; take that of your loss"
    return f"{names}\n{hint}\nsampler = PlannedBatchSampler(make_selector({arguments}), num_samples=len(data))"
