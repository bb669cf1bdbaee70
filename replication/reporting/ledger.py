"""The claims ledger, built only from results that a run left."""

import json
from pathlib import Path

import pandas as pd
import yaml

from replication.files import project_root
from replication.reporting.finished_runs import finished_runs, markdown_table
from replication.reporting.notebooks import experiments, profiles
from replication.reporting.readme import fill_in, mapped, trainer_versions
from replication.reporting.run import HOLDS, UNTESTABLE, UNTESTED, VERDICTS
from replication.reporting.run_record import check_files

TELLING = {verdict: 2 for verdict in VERDICTS} | {UNTESTABLE: 1, UNTESTED: 0}
ENOUGH_SEEDS = 3  # of a run whose trainings count as the longest


HOW = """## How verdicts are made

- Theorems are checked numerically: "holds" means that every size tried agrees within the tolerance named, not a proof. One
  counterexample, with its numbers, makes "does not hold".
- Methods that are compared over seeds are compared in pairs: the 95 % interval of the mean difference (Student's t) lies above
  0 (better), below 0 (worse), or within the margin named (no difference); otherwise the comparison is undecided. There is no
  correction for several comparisons, and intervals cover seeds, not other test sets.
- Trained networks: "A is better than B and C" holds if it is better than each; it does not hold if it is worse than one or no
  different; it cannot be tested if all is undecided, or if the best network has not learned clearly more than an untrained one
  (by five margins; for CLIP ten times chance). A claim judged at several severities holds only if it holds at each.
- Where several runs judge one claim: of trained networks the longest run with at least three seeds is quoted, else a run that
  decides before one that does not, and of those that decide the one with the most cases, such as batch sizes.
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
    """Return updates and seeds of the trainings that were recorded beside claims which do not tell them, as earlier ones."""
    records = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.json"))]
    if not records:
        return {}
    return {"updates": records[0]["updates"], "seeds": len({record["settings"]["seed"] for record in records})}


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
    counts = ", ".join(f"{count} {verdict}" for verdict, count in rows[rows.kind == "paper"].verdict.value_counts().items())
    columns = {"claim": "Claim", "where": "Where", "verdict": "Verdict", "evidence": "Number", "links": "Table, run"}
    return (
        "# The claims ledger\n\n"
        "Generated by `make report` from the runs in this folder; do not edit. Each verdict was computed by the notebook that\n"
        "checked the claim, from the numbers it shows.\n\n"
        f"The paper's claims: {counts}.\n\n"
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
    rows = ledger(results)
    counts = rows.verdict.value_counts()
    of_paper = int(((rows.kind == "paper") & (rows.verdict == HOLDS)).sum())
    others = ", ".join(f"{count} {verdict}" for verdict, count in counts.items() if verdict != HOLDS)
    link = "[All of them, with their numbers](results/CLAIMS.md)"
    return f"{counts.get(HOLDS, 0)} of {len(rows)} claims hold, {of_paper} of them the paper's. The others: {others}. {link}."


def write_report(results: Path) -> Path:
    """Write CLAIMS.md into `results`; for the committed results also the generated parts of README.md. Return CLAIMS.md.

    Raises:
        RecordError: a run.json is damaged, or a file is not what its run wrote; nothing is written then.
    """
    for (experiment, profile), record in finished_runs(results).items():
        check_files(results / experiment / profile, record)
    texts = {results / "CLAIMS.md": claims_page(results)}
    if results == project_root() / "results":
        readme = project_root() / "README.md"
        text = readme.read_text(encoding="utf-8")
        parts = {"ledger": short_ledger(results), "map": mapped(results)}
        parts["trainers"] = trainer_versions(project_root() / "requirements.lock")
        for name, content in parts.items():
            text = fill_in(text, name, content)
        texts[readme] = text
    results.mkdir(parents=True, exist_ok=True)
    for path, text in texts.items():
        path.write_text(text, encoding="utf-8")
    return results / "CLAIMS.md"
