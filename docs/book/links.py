"""Links that work in a clone, `[map](../results/map/cpu/tables/map.md)`, become links inside the book.

So every page can be read on a code host too. Sphinx stops the build at a link that leads nowhere.
"""

import re

from book.places import RESULTS
from replication.reporting.finished_runs import finished_runs

LINK = re.compile(r"(!?)\[((?:[^\[\]]|\[[^\[\]]*\])*)\]\((?:\.\./)*(\w[^)\s]*)\)")
OTHER = {
    "results/CLAIMS.md": "/ledger.md",
    "data/README.md": "/generated/data.md",
    "CITATION.cff": "/citing.md",
    "replication/selection/__init__.py": "/selectors.md",
    "replication/selection/planned_sampler.py": "#replication.selection.PlannedBatchSampler",
    "replication/selection/base.py": "#replication.selection.BatchSelector",
}
KINDS = {"tables": "table", "timings": "timing", "figures": "figure"}


def book_links(text: str) -> str:
    """Return Markdown whose links to files of the repository lead into the book; images get paths from the project folder."""
    return LINK.sub(lambda found: f"{found[1]}[{found[2]}]({_target(found[3], bool(found[1]))})", text)


def label(experiment: str, profile: str, kind: str = "", name: str = "") -> str:
    """Return the label of a run's page, or of a table, timing table or figure on it."""
    return "-".join(part for part in ("run", experiment, profile, kind, name) if part)


def _target(path: str, image: bool) -> str:
    place, _, anchor = path.partition("#")
    if image:
        return f"/../{path}" if place.startswith("results/") else path
    if place in OTHER:
        return OTHER[place] + (f"#{anchor}" if anchor else "")
    if place.startswith("notebooks/") and place.endswith(".ipynb"):
        return f"/generated/{place}"
    if place.startswith("results/"):
        return _result(*place.split("/")[1:])
    return f"/../{place}" if place.split("/")[0] in ("examples", "replication", "tests", "notebooks") else path


def _result(experiment: str, profile: str, *rest: str) -> str:
    if len(rest) == 2 and rest[0] in KINDS:
        return "#" + label(experiment, profile, KINDS[rest[0]], rest[1].rsplit(".", 1)[0])
    if rest and rest[0].endswith(".ipynb") and (experiment, profile) in shown_runs().values():
        return f"/generated/notebooks/{rest[0]}"
    return "#" + label(experiment, profile)


def shown_runs() -> dict[str, tuple[str, str]]:
    """Return {notebook: (experiment, profile)} of the most telling run of each notebook, whose execution is a page."""
    shown: dict[str, tuple[str, str]] = {}
    for (experiment, profile), record in finished_runs(RESULTS).items():
        if (RESULTS / experiment / profile / f"{record['notebook']}.ipynb").is_file():
            shown.setdefault(record["notebook"], (experiment, profile))
    return shown
