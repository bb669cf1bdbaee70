"""The claims ledger, built only from results that a run left."""

import json
from pathlib import Path

import pandas as pd
import yaml

from replication.reporting.finished_runs import finished_runs, markdown_table
from replication.reporting.notebooks import experiments, profiles
from replication.reporting.run import CAVEAT, FAILS, FAILS_HERE, HOLDS, UNTESTABLE, UNTESTED, VERDICTS

TELLING = {verdict: 2 for verdict in VERDICTS} | {UNTESTABLE: 1, UNTESTED: 0}
PLURAL = {HOLDS: "hold", CAVEAT: "hold with a caveat", FAILS: "do not hold", FAILS_HERE: "do not hold at this size"}
PLURAL |= {UNTESTABLE: UNTESTABLE, UNTESTED: f"are {UNTESTED}"}
ENOUGH_SEEDS = 3  # of a run whose trainings count as the longest


HOW = """## How verdicts are made

- Theorems are checked numerically: "holds" means that every size tried agrees within the tolerance named, not a proof. One
  counterexample, with its numbers, makes "does not hold".
- Methods that are compared over seeds are compared in pairs, by the 95 % interval of the mean difference (Student's t). The
  outcome is "no difference" if the interval lies within the margin named. Else it is "better" if the interval lies above 0,
  "worse" if below 0, and otherwise "undecided". Intervals cover seeds, not other test sets, and are not corrected for several
  comparisons. The map (07) is stricter: it corrects (Holm), and asks for an interval over test queries too.
- Trained networks: "A is better than B and C" holds if it is better than each; it does not hold if it is worse than one or no
  different; it cannot be tested if all is undecided, or if the best network has not learned clearly more than an untrained one
  (by five margins; for CLIP ten times chance). A claim judged at several severities holds only if it holds at each.
- Several runs may judge one claim. For trained networks the longest run with at least three seeds is quoted. For all else a
  run that decides goes before one that does not. If several decide, the one with the most cases is quoted, such as batch sizes.
- "At this size": with fewer updates than the published ones a run cannot speak for the published one. It is evidence about
  small networks and short training."""


def load_claims() -> dict[str, dict]:
    """Return the registry of claims (replication/reporting/claims.yaml) by id."""
    return yaml.safe_load((Path(__file__).parent / "claims.yaml").read_text(encoding="utf-8"))


def ledger(results: Path) -> pd.DataFrame:
    """Return one row for each registered claim: claim, where, verdict, evidence, and links relative to `results`."""
    verdicts: dict[str, dict] = {}
    for experiment, profile in finished_runs(results):
        path = results / experiment / profile / "claims.csv"
        if path.is_file():
            for row in pd.read_csv(path, keep_default_na=False).to_dict("records"):
                row = row if "updates" in row else row | _size_by_records(path.parent / "records")
                known = verdicts.setdefault(row["claim"], row | {"folder": f"{experiment}/{profile}"})
                if _weight(row) > _weight(known):
                    verdicts[row["claim"]] = row | {"folder": f"{experiment}/{profile}"}
    rows = []
    for name, claim in load_claims().items():
        found = verdicts.get(name)
        links = ""
        if found:
            table = f"[{found['table']}]({found['folder']}/tables/{found['table']}.md), " if found["table"] else ""
            links = f"{table}[run]({found['folder']}/run.json)"
            if found["table"] == "summary" and (results / found["folder"] / "tables" / "against_sgd.md").is_file():
                links = f"[against SGD]({found['folder']}/tables/against_sgd.md), {links}"
            if (results / found["folder"] / "timings" / "cost.md").is_file():
                links += f", [cost]({found['folder']}/timings/cost.md)"
        rows.append(
            {
                "claim": claim["claim"],
                "where": claim["where"],
                "notebook": claim["notebook"],
                "kind": claim.get("kind", "paper"),
            }
            | {"verdict": found["verdict"] if found else UNTESTED, "evidence": found["evidence"] if found else ""}
            | {"links": links}
        )
    return pd.DataFrame(rows)


def _size_by_records(folder: Path) -> dict:
    """Return updates and shared seeds of the trainings recorded beside claims which do not tell them, as earlier ones."""
    records = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.json"))]
    if not records:
        return {}
    seeds: dict[tuple, set] = {}
    for settings in (record["settings"] for record in records):
        seeds.setdefault((settings.get("objective"), settings.get("method")), set()).add(settings["seed"])
    return {"updates": records[0]["updates"], "seeds": len(set.intersection(*seeds.values()))}


def _weight(row: dict) -> tuple[bool, float, int, float]:
    """Return what makes a verdict count more than another: it was tested, by longer trainings of enough seeds, it is one.

    A run that did not test a claim hides none that did. Among runs that trained networks the longest is quoted, undecided or
    not; among others one that could not tell hides none that could, and of those that could the one with the most cases is
    quoted, whatever it says.
    """
    tested = row["verdict"] != UNTESTED
    seeds, updates, cases = (float(row.get(name) or 0) for name in ("seeds", "updates", "cases"))
    return tested, updates if tested and seeds >= ENOUGH_SEEDS else 0.0, TELLING[row["verdict"]], cases


def claims_page(results: Path) -> str:
    """Return the text of CLAIMS.md for a results folder."""
    rows = ledger(results)
    columns = {"claim": "Claim", "where": "Where", "verdict": "Verdict", "evidence": "Number", "links": "Table, run"}
    return (
        "# The claims ledger\n\n"
        "Generated by `make report` from the runs in this folder; do not edit. Each verdict was computed by the notebook that\n"
        "checked the claim, from the numbers it shows.\n\n"
        f"{_told(rows)}\n\n"
        f"{HOW}\n\n"
        f"## Claims of the paper\n\n{markdown_table(rows[rows.kind == 'paper'], columns)}\n\n"
        f"## Questions beyond the paper\n\n{markdown_table(rows[rows.kind == 'extension'], columns)}\n\n"
        f"## Not run\n\nProfiles without results in this folder, and what would run them.\n\n{not_run(results)}\n"
    )


def not_run(results: Path) -> str:
    """Return a table of the profiles, smoke ones apart, that have no finished run below `results`, with their commands."""
    done, rows = finished_runs(results), []
    for experiment, notebook in experiments().items():
        for profile, path in profiles(notebook).items():
            if profile != "smoke" and (experiment, profile) not in done:
                lines = path.read_text(encoding="utf-8").splitlines()
                words = lines[0].removeprefix("#").strip() if lines and lines[0].startswith("#") else ""
                command = f"`python -m replication run {experiment} --profile {profile} --publish`"
                rows.append({"notebook": notebook.stem, "profile": profile, "what": words, "command": command})
    names = {"notebook": "Notebook", "profile": "Profile", "what": "What it is", "command": "Command"}
    return markdown_table(pd.DataFrame(rows, columns=list(names)), names) if rows else "*(every profile has been run)*"


def short_ledger(results: Path) -> str:
    """Return the README's version of the ledger: how many claims got which verdict."""
    return f"{_told(ledger(results))} [All of them, with their numbers](results/CLAIMS.md)."


def _told(rows: pd.DataFrame) -> str:
    paper, others = rows[rows.kind == "paper"], rows[rows.kind != "paper"]
    return f"Of the paper's {len(paper)} claims {_counts(paper)}. Of {len(others)} further ones {_counts(others)}."


def _counts(rows: pd.DataFrame) -> str:
    """Return in words how many claims got which verdict, in the order of `VERDICTS`."""
    counts = rows.verdict.value_counts()
    present = [(int(counts[verdict]), verdict) for verdict in VERDICTS if verdict in counts]
    return ", ".join(f"{count} {verdict if count == 1 else PLURAL[verdict]}" for count, verdict in present)
