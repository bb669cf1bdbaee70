"""The generated parts of pages that people write: README.md, and the book's in docs/.

A part stands between the markers <!-- name:begin --> and <!-- name:end -->, in lines of its own or inside a sentence. So a
page can be read where it lies, in a clone or on a code host, and `make report` keeps its numbers in step with the runs.
"""

import re
from collections.abc import Callable
from functools import partial
from pathlib import Path

from replication.files import project_root
from replication.reporting import measured
from replication.reporting.finished_runs import finished_runs
from replication.reporting.ledger import claims_page, short_ledger
from replication.reporting.readme import frontier, mapped, trained, trainer_versions
from replication.reporting.run_record import check_files

MARKED = re.compile(r"<!-- (\w+):begin -->(\n?)(.*?)<!-- (\w+):end -->", re.DOTALL)
MARKER = re.compile(r"<!-- \w+:(?:begin|end) -->")
MEASURES = {  # that the tables of trained networks show
    "cifar": ["corrupted R@1, severity 5", "R@1", "kNN", "linear probe"],
    "clip": ["image to text R@1", "text to image R@1", "mean R@10"],
}


def parts(results: Path) -> dict[str, Callable[[], str]]:
    """Return what makes each part, by name. Links in them begin at the project's folder."""
    lock = project_root() / "requirements.lock"
    return {
        "ledger": partial(short_ledger, results),
        "map": partial(mapped, results),
        "trainers": partial(trainer_versions, lock),
        "frontier": partial(frontier, results),
        "cifar": partial(trained, results, "cifar", MEASURES["cifar"]),
        "clip": partial(trained, results, "clip", MEASURES["clip"]),
        "hardness_8": partial(measured.hardness, results, 8),
        "hardness_32": partial(measured.hardness, results, 32),
        "growth": partial(measured.growth, results),
        "pairs_100000": partial(measured.pairs, results, 100_000),
        "costs": partial(measured.costs, results),
        "sharded": partial(measured.sharded, results, "scale"),
        "sharded_images": partial(measured.sharded, results, "scale-tiled"),
        "aged": partial(measured.aged, results, "SwapSearch"),
        "in_short": in_short,
    }


def in_short() -> str:
    """Return the README's list of what came out."""
    readme = (project_root() / "README.md").read_text(encoding="utf-8")
    return readme.partition("In short:\n")[2].partition("\n\nThis replication")[0].strip()


def filled(page: str, text: str, known: dict[str, Callable[[], str]]) -> str:
    """Return the text of a page with its parts made anew.

    Args:
        page: the page's path below the project's folder, such as "docs/choosing.md": links of the parts are made to fit it.
        text: what it holds now.
        known: as `parts`.

    Raises:
        ValueError: a marker without its other end, or a name that is not known; the message names the page.
    """
    found = MARKED.findall(text)
    if len(MARKER.findall(text)) != 2 * len(found) or any(name != end for name, _, _, end in found):
        raise ValueError(
            f"{page} must hold each <!-- name:begin --> with its <!-- name:end --> after it, and none inside another"
        )
    for name, *_ in found:
        if name not in known:
            raise ValueError(f"{page} has a part {name!r}; known are {', '.join(known)}")

    def made(match: re.Match) -> str:
        """Return one part with its markers, in lines of its own if it was so."""
        content = links_from(page, known[match[1]]())
        return f"<!-- {match[1]}:begin -->{match[2]}{content}{match[2]}<!-- {match[1]}:end -->"

    return MARKED.sub(made, text)


def links_from(page: str, text: str) -> str:
    """Return Markdown whose links begin at the project's folder with links that begin at the folder of a page in docs/."""
    if not page.startswith("docs/"):
        return text
    return re.sub(r"\]\((?!\w+:|#)(docs/)?", lambda found: "](" if found[1] else "](../", text)


def write_report(results: Path) -> Path:
    """Write CLAIMS.md into `results`; for the committed results also the generated parts of pages. Return CLAIMS.md.

    Raises:
        RecordError: a run.json is damaged, or a file is not what its run wrote; nothing is written then.
        ValueError: a page whose parts cannot be told; nothing is written then.
    """
    for (experiment, profile), record in finished_runs(results).items():
        check_files(results / experiment / profile, record)
    texts = {results / "CLAIMS.md": claims_page(results)}
    root = project_root()
    if results == root / "results":
        known = parts(results)
        for path in (root / "README.md", *sorted((root / "docs").glob("*.md"))):
            texts[path] = filled(path.relative_to(root).as_posix(), path.read_text(encoding="utf-8"), known)
    results.mkdir(parents=True, exist_ok=True)
    for path, text in texts.items():
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
    return results / "CLAIMS.md"
