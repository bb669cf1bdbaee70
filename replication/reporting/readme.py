"""Tables and figures of the experiments for the README and the book, built only from results that a run left."""

from pathlib import Path

import pandas as pd

from replication.evaluation.comparison import BETTER
from replication.files import file_name
from replication.reporting.finished_runs import finished_runs, markdown_table


def run_times(results: Path) -> str:
    """Return a table of the committed runs: wall time, size of the results on disk, machine."""
    rows = []
    for (experiment, profile), record in finished_runs(results).items():
        folder = results / experiment / profile
        size = sum((folder / name).stat().st_size for name in ("run.json", *record["files"]))
        seconds = record["wall_seconds"] + record.get("earlier_seconds", 0)
        machine = record["hardware"]["gpu"] or f"{record['hardware']['cores']} cores, {record['hardware']['processor']}"
        rows.append(
            {"notebook": _executed(results, experiment, profile, record["notebook"]), "profile": profile}
            | {"time": f"{seconds / 60:.1f} min"}
            | {"disk": f"{size / 2**20:.1f} MB", "machine": machine, "commit": (record["git"]["sha"] or "")[:8]}
        )
    names = {"notebook": "Notebook", "profile": "Profile", "time": "Run time", "disk": "Results on disk", "machine": "Machine"}
    return markdown_table(pd.DataFrame(rows, columns=[*names, "commit"]), names | {"commit": "Tables made at commit"})


def _executed(results: Path, experiment: str, profile: str, notebook: str) -> str:
    """Return a link to the executed notebook of a run, or its name where there is none."""
    path = f"{experiment}/{profile}/{notebook}.ipynb"
    return f"[{notebook}](results/{path})" if (results / path).is_file() else notebook


def frontier(results: Path) -> str:
    """Return the frontier figure of the most telling run of `04_batch_selection`, with links to its tables."""
    folders = [f"{experiment}/{profile}" for experiment, profile in finished_runs(results) if experiment == "batch_selection"]
    shown = [folder for folder in folders if (results / folder / "figures" / "frontier.png").is_file()]
    if not shown:
        return "*(no run of `04_batch_selection` yet)*"
    lines = [
        f"![Mean in-batch loss of each selector against the seconds it takes](results/{shown[0]}/figures/frontier.png)",
        "",
        "*Cost against hardness. Tables: "
        + "; ".join(
            f"{folder.split('/')[1]}: [hardness](results/{folder}/tables/hardness.md),"
            f" [seconds and memory](results/{folder}/timings/cost.md),"
            f" [against the published procedure](results/{folder}/timings/reference.md),"
            f" [goals met](results/{folder}/timings/gates.md),"
            f" [growth](results/{folder}/timings/growth.md)"
            for folder in shown
        )
        + ".*",
    ]
    return "\n".join(lines)


def trained(results: Path, experiment: str, measures: list[str]) -> str:
    """Return what an experiment's most telling runs that trained networks found: a figure, and mean ± sd of `measures`.

    The most telling runs are the first one and those of the same kind, as `cpu` and `cpu-sogclr`, but for one that asks how
    plans age; of the first one stand the figures. A table has a part for each objective, and leaves out measures that the run
    does not have.
    """
    runs = [key for key in finished_runs(results) if key[0] == experiment]
    folders = ["/".join(key) for key in runs if (results / "/".join(key) / "tables" / "summary.csv").is_file()]
    folders = [folder for folder in folders if not (results / folder / "tables" / "aged.csv").is_file()]
    if not folders:
        return f"*(no run of `{experiment}` yet)*"
    kind = folders[0].split("-")[0]
    place = f"results/{folders[0]}/figures"
    figures = [
        f"![{objective}: what the networks of each method are worth]({place}/measures_{file_name(objective)}.png)"
        for objective in pd.read_csv(results / folders[0] / "tables" / "summary.csv").objective.unique()
    ]
    return "\n\n".join([*figures, *(_trained(results, folder, measures) for folder in folders if folder.split("-")[0] == kind)])


def _trained(results: Path, folder: str, measures: list[str]) -> str:
    """Return caption, links and table of one run."""
    summary = pd.read_csv(results / folder / "tables" / "summary.csv")
    caption = (results / folder / "tables" / "summary.md").read_text(encoding="utf-8").split("\n")[0]
    rows = summary[["objective", "selector", "n"]].copy()
    for name in measures:
        if name in summary:
            values = zip(summary[name], summary[f"{name} sd"], strict=True)
            rows[name] = [f"{mean:.2f} ± {sd:.2f}" if pd.notna(sd) else f"{mean:.2f}" for mean, sd in values]
    names = {name: name for name in rows.columns} | {"objective": "Objective", "selector": "Batches"}
    links = f"[all measures](results/{folder}/tables/summary.md), [seconds](results/{folder}/timings/seconds.md)"
    return f"*{folder.split('/')[1]}: {caption}. {links}, [run](results/{folder}/run.json).*\n\n{markdown_table(rows, names)}"


SIDES = {"above": "more than any tried", "below": "less than any tried"}


def mapped(results: Path) -> str:
    """Return what the maps of `07_map` on real pairs found: a figure, and one table by pairs and batch size.

    A run stands for the kind of pairs of which it tried the most batch sizes; other runs of these pairs are linked. The table
    names the way to choose batches that was best on validation pairs. The default profile's digits speak for nothing else;
    they count only where there is no other run.
    """
    runs = {f"map/{profile}": record for (name, profile), record in finished_runs(results).items() if name == "map"}
    runs = {folder: record for folder, record in runs.items() if not folder.endswith("/default")} or runs
    if not runs:
        return "*(no run of `07_map` yet)*"
    telling: dict[str, str] = {}
    for folder, record in runs.items():
        source = record["parameters"]["source"]
        known = len(runs[telling[source]]["parameters"]["batch_sizes"]) if source in telling else 0
        if len(record["parameters"]["batch_sizes"]) > known:
            telling[source] = folder
    shown = sorted(telling.values(), key=lambda folder: -len(runs[folder]["parameters"]["batch_sizes"]))
    rows = [row for folder in shown for row in _mapped(results, folder)]
    names = {
        "pairs": "Pairs",
        "B": "B",
        "shuffled": "R@10, shuffled",
        "best": "Way to choose",
        "chosen": "R@10, chosen",
        "gain": "Gain",
        "outcome": "Outcome",
        "size": "Worth",
    }
    words = (
        "R@10 in %, mean of both directions; gain with its 95 % interval over seeds, at the learning rate that suits shuffled "
        "batches; the way to choose is the best on validation pairs; SwapSearch, k 10: a local search for batches of high loss "
        "among 10 batches at a time; hardness 0.25: a quarter of the batches are such, the others random; worth: shuffled "
        "batches of that size retrieve as well, told where the chosen ones are better"
    )
    settings = "; ".join(_setting(results, folder) + _epochs(runs[folder]["parameters"]) for folder in shown)
    place = f"results/{shown[0]}/figures/map.png"
    links = "; ".join(f"{folder.split('/')[1]}: {_links(results, folder)}" for folder in runs)
    return (
        f"![Gain in R@10 of each way to choose batches over shuffled ones, by batch size]({place})\n\n"
        f"{markdown_table(pd.DataFrame(rows), names)}\n\n"
        f"*{words}. {settings}. The runs: {links}.*"
    )


def _mapped(results: Path, folder: str) -> list[dict[str, str]]:
    """Return the rows of one map."""
    table = pd.read_csv(results / folder / "tables" / "equivalent.csv")
    table = table[table.line == table.line.iloc[0]].sort_values("B")
    cells = pd.read_csv(results / folder / "tables" / "map.csv")
    cells = cells[cells.line == cells.line.iloc[0]].set_index(["B", "selector"])
    name = _setting(results, folder).split(":")[0]
    rows = []
    for row in table.to_dict("records"):
        pairs = "" if rows else f"[{name}](results/{folder}/tables/map.md), n={int(cells.n.min())}"  # once is enough
        cell = cells.loc[(row["B"], row["best chosen"])]
        known = row.get("equivalent B", float("nan"))
        size = (f"{known:.0f}" if pd.notna(known) else SIDES[row["found"]]) if cell.outcome == BETTER else "–"
        rows.append(
            {"pairs": pairs, "B": row["B"], "shuffled": f"{row['R@10 of SGD']:.1f}"}
            | {"best": row["best chosen"], "chosen": f"{row['R@10']:.1f}"}
            | {"gain": f"{cell.difference:+.1f} [{cell.low:.1f}, {cell.high:.1f}]", "outcome": cell.outcome, "size": size}
        )
    return rows


def _setting(results: Path, folder: str) -> str:
    """Return what a map was made on, in words that begin with the name of the pairs and a colon."""
    return (results / folder / "tables" / "equivalent.md").read_text(encoding="utf-8").split(";")[0]


def _epochs(parameters: dict) -> str:
    """Return for how many epochs the batch sizes of a map were trained, in words that begin with a comma."""
    epochs = parameters.get("epochs", [])
    epochs = epochs if isinstance(epochs, list) else [epochs]
    return f", {min(epochs)} to {max(epochs)} epochs, more for larger batches" if len(set(epochs)) > 1 else ""


def _links(results: Path, folder: str) -> str:
    """Return links to what a map's run left."""
    places = {
        "all cells": "tables/map.md",
        "against training longer": "tables/longer.md",
        "seconds": "timings/cost.md",
        "run": "run.json",
    }
    there = {words: place for words, place in places.items() if (results / folder / place).is_file()}
    return ", ".join(f"[{words}](results/{folder}/{place})" for words, place in there.items())


TRAINERS = {  # by name: the packages that it consists of, and the example
    "sentence-transformers": (["sentence-transformers", "transformers"], "sentence_transformers_trainer"),
    "Accelerate": (["accelerate"], "accelerate_loop"),
    "Lightning": (["lightning"], "lightning_trainer"),
}


def trainer_versions(lock: Path) -> str:
    """Return a table of the trainers with which chosen batches are tested, in the versions that the lock pins."""
    lines = lock.read_text(encoding="utf-8").splitlines() if lock.is_file() else []
    pins = [line.split(";")[0].strip() for line in lines if not line.startswith("#")]
    pinned = dict(pin.split("==") for pin in pins if pin)
    rows = [
        {"name": name, "versions": ", ".join(f"{package} {pinned.get(package, '(not pinned)')}" for package in packages)}
        | {"example": f"[{example}.py](examples/{example}.py)"}
        for name, (packages, example) in TRAINERS.items()
    ]
    return markdown_table(pd.DataFrame(rows), {"name": "Trainer", "versions": "Tested with", "example": "Example"})
