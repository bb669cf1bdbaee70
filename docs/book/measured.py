"""Numbers and tables that pages show as `{{ name }}`, read from the committed runs when the book is built."""

import pandas as pd
from scipy.integrate import trapezoid

from book.citation import bibtex
from book.links import book_links
from book.places import RESULTS, ROOT
from replication.reporting.finished_runs import markdown_table
from replication.reporting.ledger import HOW, ledger, not_run
from replication.reporting.readme import frontier, mapped, run_times, trained
from replication.reporting.run import HOLDS

PLANNED = "batch_selection/cpu-cifar100"
MAP = "map/cpu"


def substitutions() -> dict[str, str]:
    """Return all of them by name."""
    rows = ledger(RESULTS)
    paper = rows[rows.kind == "paper"]
    texts = {
        "frontier": frontier(RESULTS),
        "cifar": trained(RESULTS, "cifar", ["corrupted R@1, severity 5", "R@1", "kNN", "linear probe"]),
        "clip": trained(RESULTS, "clip", ["image to text R@1", "text to image R@1", "mean R@10"]),
        "map": mapped(RESULTS),
        "run_times": run_times(RESULTS),
        "not_run": not_run(RESULTS),
        "verdict_rules": HOW.split("\n\n", 1)[1],
        "bibtex": f"```bibtex\n{bibtex()}\n```",
        "hardness_8": hardness(8),
        "hardness_32": hardness(32),
        "growth": growth(),
        "in_short": in_short(),
        "costs": costs(),
        "claims": str(len(rows)),
        "claims_holding": str(int((rows.verdict == HOLDS).sum())),
        "paper_claims": str(len(paper)),
        "paper_claims_holding": str(int((paper.verdict == HOLDS).sum())),
        "pairs_100000": pairs(100_000),
        "sharded": sharded("scale"),
        "sharded_images": sharded("scale-tiled"),
        "aged": aged("SwapSearch"),
    }
    return {name: book_links(text) for name, text in texts.items()}


def in_short() -> str:
    """Return the README's list of what came out."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    return readme.partition("In short:\n")[2].partition("\n\nThis replication")[0].strip()


def read(folder: str, table: str) -> pd.DataFrame:
    """Return a committed table, `table` as in "tables/map"."""
    return pd.read_csv(RESULTS / folder / f"{table}.csv")


def hardness(batch_size: int) -> str:
    """Return, for one batch size of the map, each way to choose from the mildest to the hardest, and what it was worth."""
    cells = read(MAP, "tables/map")
    cells = cells[(cells.line == cells.line.iloc[0]) & (cells["B"] == batch_size)]
    share = "in-batch loss (share of ln B)"
    cells = cells.sort_values(share)
    rows = pd.DataFrame(
        {
            "way": cells.selector,
            "loss": cells[share].map("{:.2f}".format),
            "gain": [f"{row.difference:+.1f} [{row.low:.1f}, {row.high:.1f}]" for row in cells.itertuples()],
            "outcome": cells.outcome,
        }
    )
    shuffled = cells[f"{share} of SGD"].iloc[0]
    names = {"way": "Way to choose", "loss": "In-batch loss / ln B", "gain": "Gain in R@10 (95 %)", "outcome": "Outcome"}
    note = f"*B = {batch_size}, n = {cells.n.iloc[0]} seeds; shuffled batches: {shuffled:.2f} ln B. "
    return f"{markdown_table(rows, names)}\n\n{note}[All cells](results/{MAP}/tables/map.md).*"


def growth() -> str:
    """Return the seconds that a plan takes by the number of pairs."""
    table = read(PLANNED, "timings/growth")
    columns = {"whole set (s)": "whole set", "chunks of 1,280 (s)": "chunks of 1,280", "METIS (s)": "METIS"}
    columns |= {"SC, chunks of 1,280 (s)": "SC, chunks of 1,280"}
    rows = table[["N", *columns]].copy()
    rows["N"] = rows.N.map("{:,}".format)
    for name in columns:
        rows[name] = ["not run" if pd.isna(value) else f"{value:.1f}" for value in rows[name]]
    names = {"N": "Pairs"} | {name: f"{word}, s" for name, word in columns.items()}
    return f"{markdown_table(rows, names)}\n\n*B = 32. [The whole table](results/{PLANNED}/timings/growth.md).*"


def pairs(number: int) -> str:
    """Return in words how long `SwapSearch` plans that many pairs, whole and in chunks."""
    row = read(PLANNED, "timings/growth").set_index("N").loc[number]
    return f"{row['chunks of 1,280 (s)']:.1f} s in chunks, {row['whole set (s)']:.0f} s as a whole"


def costs() -> str:
    """Return seconds and hardness of each selector on CIFAR-100, with the share of pairs of one class in a batch."""
    hard = read(PLANNED, "tables/hardness").query("input == 'cifar100'").set_index("selector")
    seconds = read(PLANNED, "timings/cost").query("input == 'cifar100'").set_index("selector")
    hard = hard.sort_values("mean loss")
    rows = pd.DataFrame(
        {
            "way": hard.index,
            "loss": hard["mean loss"].map("{:.2f}".format),
            "same": (100 * hard["same-class pairs"]).map("{:.1f} %".format),
            "seconds": seconds.loc[hard.index, "seconds"].map("{:.1f}".format),
        }
    )
    names = {"way": "Way to choose", "loss": "Mean in-batch loss", "same": "Pairs of one class", "seconds": "Seconds a plan"}
    links = f"[Hardness](results/{PLANNED}/tables/hardness.md), [cost](results/{PLANNED}/timings/cost.md)"
    return f"{markdown_table(rows, names)}\n\n*CIFAR-100, 50,000 images, B = 32. {links}.*"


def sharded(profile: str) -> str:
    """Return what plans in shards cost and keep, beside plans of the whole set."""
    cost, hard = read(f"scale/{profile}", "timings/growth"), read(f"scale/{profile}", "tables/hardness")
    columns = {
        "Pairs": hard.N.map("{:,}".format),
        "In shards, minutes": cost["in shards (s)"] / 60,
        "In one process, minutes": cost["whole set (s)"] / 60,
        "GB of a worker": cost["peak memory of a worker (MiB)"] * 2**20 / 1e9,
        "Share of the gain kept": 100 * hard["share of the gain"],
    }
    rows = pd.DataFrame(columns)
    for name, form in zip(list(columns)[1:], ("{:.1f}", "{:.1f}", "{:.1f}", "{:.1f} %"), strict=True):
        rows[name] = ["not run" if pd.isna(value) else form.format(value) for value in rows[name]]
    folder = f"results/scale/{profile}"
    links = f"[Seconds, memory and bytes]({folder}/timings/growth.md), [hardness]({folder}/tables/hardness.md)"
    how = f"B = 32, one plan each, {cost.workers.iloc[0]} workers of one thread on one machine"
    return f"{markdown_table(rows, {name: name for name in rows})}\n\n*{how}. {links}.*"


def aged(selector: str) -> str:
    """Return in words what plans keep as they age, and, at most, what renewing shards in turn could win back."""
    table = read("cifar/cpu-aged", "tables/aged")
    kept = table[table.selector == selector].set_index("age (epochs)")["share of the gain left"]
    mean = trapezoid(kept.to_numpy(), kept.index.to_numpy()) / kept.index.max()
    words = ", ".join(f"{100 * share:.0f} % after {age:g}" for age, share in kept.items() if age > 0)
    return f"{words} epochs, and {100 * mean:.0f} % on average over an epoch"
