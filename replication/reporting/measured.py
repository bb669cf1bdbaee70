"""Numbers and tables of the committed runs, in the words and columns in which hand-written pages show them."""

from pathlib import Path

import pandas as pd
from scipy.integrate import trapezoid

from replication.reporting.finished_runs import markdown_table

PLANNED = "batch_selection/cpu-cifar100"
MAP = "map/cpu"


def read(results: Path, folder: str, table: str) -> pd.DataFrame:
    """Return a committed table, `table` as in "tables/map"."""
    return pd.read_csv(results / folder / f"{table}.csv")


def hardness(results: Path, batch_size: int) -> str:
    """Return, for one batch size of the map, each way to choose from the mildest to the hardest, and what it was worth."""
    cells = read(results, MAP, "tables/map")
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


def growth(results: Path) -> str:
    """Return the seconds that a plan takes by the number of pairs."""
    table = read(results, PLANNED, "timings/growth")
    columns = {"whole set (s)": "whole set", "chunks of 1,280 (s)": "chunks of 1,280", "METIS (s)": "METIS"}
    columns |= {"SC, chunks of 1,280 (s)": "SC, chunks of 1,280"}
    rows = table[["N", *columns]].copy()
    rows["N"] = rows.N.map("{:,}".format)
    for name in columns:
        rows[name] = ["not run" if pd.isna(value) else f"{value:.1f}" for value in rows[name]]
    names = {"N": "Pairs"} | {name: f"{word}, s" for name, word in columns.items()}
    return f"{markdown_table(rows, names)}\n\n*B = 32. [The whole table](results/{PLANNED}/timings/growth.md).*"


def pairs(results: Path, number: int) -> str:
    """Return in words how long `SwapSearch` plans that many pairs, whole and in chunks."""
    row = read(results, PLANNED, "timings/growth").set_index("N").loc[number]
    return f"{row['chunks of 1,280 (s)']:.1f} s in chunks, {row['whole set (s)']:.0f} s as a whole"


def costs(results: Path) -> str:
    """Return seconds and hardness of each selector on CIFAR-100, with the share of pairs of one class in a batch."""
    hard = read(results, PLANNED, "tables/hardness").query("input == 'cifar100'").set_index("selector")
    seconds = read(results, PLANNED, "timings/cost").query("input == 'cifar100'").set_index("selector")
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


def sharded(results: Path, profile: str) -> str:
    """Return what plans in shards cost and keep, beside plans of the whole set."""
    cost, hard = read(results, f"scale/{profile}", "timings/growth"), read(results, f"scale/{profile}", "tables/hardness")
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


def aged(results: Path, selector: str) -> str:
    """Return in words what plans keep as they age, and, at most, what renewing shards in turn could win back."""
    table = read(results, "cifar/cpu-aged", "tables/aged")
    kept = table[table.selector == selector].set_index("age (epochs)")["share of the gain left"]
    mean = trapezoid(kept.to_numpy(), kept.index.to_numpy()) / kept.index.max()
    words = ", ".join(f"{100 * share:.0f} % after {age:g}" for age, share in kept.items() if age > 0)
    return f"{words} epochs, and {100 * mean:.0f} % on average over an epoch"
