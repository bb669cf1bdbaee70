"""A page for each committed run: what it was, its figures and its tables."""

from book.links import book_links, label, shown_runs
from book.notebooks import describe
from book.places import RESULTS, write
from replication.reporting.finished_runs import finished_runs

MOST_ROWS = 60  # that a page shows of a table; longer ones can be downloaded


def write_runs() -> None:
    """Write the pages of all finished runs, and the list of them."""
    runs = finished_runs(RESULTS)
    for (experiment, profile), record in runs.items():
        write(f"runs/{experiment}-{profile}.md", page(experiment, profile, record))
    names = "\n".join(f"{experiment}-{profile}" for experiment, profile in runs)
    write("runs/index.md", f"# The runs\n\n{{{{ run_times }}}}\n\n```{{toctree}}\n:hidden:\n\n{names}\n```\n")


def page(experiment: str, profile: str, record: dict) -> str:
    """Return the text of a run's page."""
    folder = RESULTS / experiment / profile
    parts = [f"({label(experiment, profile)})=\n# {record['notebook']}, profile {profile}", facts(experiment, profile, record)]
    figures = sorted((folder / "figures").glob("*.png"))
    if figures:
        parts.append("## Figures")
    for path in figures:
        parts.append(f"({label(experiment, profile, 'figure', path.stem)})=")
        parts.append(f"![{describe(experiment, path.stem)}](/../results/{experiment}/{profile}/figures/{path.name})")
        parts.append(f"*{path.stem}*: {download(path, 'PNG')}, {download(path.with_suffix('.svg'), 'SVG')}")
    for kind, title in (("table", "Tables"), ("timing", "Times, which differ from machine to machine")):
        tables = sorted((folder / f"{kind}s").glob("*.csv"))
        if tables:
            parts.append(f"## {title}")
        for path in tables:
            parts += [f"({label(experiment, profile, kind, path.stem)})=\n### {path.stem}", table(path)]
    return "\n\n".join(parts) + "\n"


def facts(experiment: str, profile: str, record: dict) -> str:
    """Return what run.json says of a run."""
    seconds = record["wall_seconds"] + record.get("earlier_seconds", 0)
    hardware = record["hardware"]
    machine = hardware["gpu"] or f"{hardware['cores']} cores, {hardware['processor']}"
    parameters = {name: value for name, value in record["parameters"].items() if name not in ("profile", "results_dir")}
    rows = {
        "Run": f"{record['started'][:10]}, {seconds / 60:.1f} minutes, {machine}",
        "Code": f"commit `{(record['git']['sha'] or 'unknown')[:8]}`, torch {record['versions']['torch']}",
        "Parameters": ", ".join(f"{name} = `{value!r}`" for name, value in parameters.items()),
        "Record": download(RESULTS / experiment / profile / "run.json", "run.json"),
    }
    if shown_runs().get(record["notebook"]) == (experiment, profile):
        rows["Notebook"] = f"[as executed](/generated/notebooks/{record['notebook']}.ipynb)"
    return "\n".join(f"- **{name}:** {value}" for name, value in rows.items())


def table(path) -> str:
    """Return caption, rows and downloads of a table; of a long one its length instead of the rows."""
    text = book_links(path.with_suffix(".md").read_text(encoding="utf-8"))
    lines = text.splitlines()
    rows = sum(line.startswith("|") for line in lines) - 2
    if rows > MOST_ROWS:
        text = "\n".join(line for line in lines if not line.startswith("|")).strip() + f"\n\n*{rows:,} rows.*\n"
    return f"{text}\n{download(path, 'CSV')}"


def download(path, words: str) -> str:
    """Return a link that saves a committed file."""
    return f"{{download}}`{words} </../{path.relative_to(RESULTS.parent)}>`"
