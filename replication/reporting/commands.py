"""The commands: run, list, report, compare, verify, records, pilot, sweep; `replication.__main__` starts them."""

import argparse
import math
import sys
from importlib import import_module
from pathlib import Path

from replication.cluster import ClusterError, trainings_on
from replication.files import file_name, project_root, shown, within_project
from replication.reporting import compare, runner
from replication.reporting import ledger as report
from replication.reporting.notebooks import UsageError, experiments, misplaced_profiles, profiles, resolve
from replication.reporting.run_record import RecordError, check_files, read_record, verify


def run_command(arguments: list[str] | None = None) -> int:
    """Run one command; return the exit code: 0 done, 1 a notebook failed, 2 wrong usage or damaged results."""
    options = parse(arguments)
    try:
        return options.command(options)
    except runner.NotebookError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except (UsageError, RecordError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2


def parse(arguments: list[str] | None) -> argparse.Namespace:
    """Return the options of the command line."""
    parser = argparse.ArgumentParser(prog="python -m replication", description="Run the notebooks and report on their results.")
    commands = parser.add_subparsers(required=True, metavar="command")

    run = commands.add_parser("run", help="execute a notebook, or all of them")
    run.add_argument("experiment", help="a name that `list` shows, or 'all'")
    run.add_argument("--profile", default="default", help="which parameters to use (default: %(default)s)")
    run.add_argument("--set", dest="overrides", action="append", default=[], metavar="NAME=VALUE", help="change one parameter")
    run.add_argument("--publish", action="store_true", help="write to results/<experiment>/<profile>, the committed copies")
    run.add_argument("--force", action="store_true", help="run even if a finished run has the same key")
    run.add_argument("--minutes", metavar="M", help="finish whole comparisons in so many minutes (05, 06)")
    run.add_argument(
        "--scheduler",
        default="local",
        help="where trainings run: local (processes here), tcp://host:port or slurm:config.yaml (Dask)",
    )
    run.set_defaults(command=_run)

    listing = commands.add_parser("list", help="show experiments, their profiles and which have finished runs")
    listing.set_defaults(command=_list)

    ledger = commands.add_parser("report", help="write CLAIMS.md, and the generated parts of README.md")
    ledger.add_argument("--results", default="results", help="folder of the runs (default: %(default)s, the committed ones)")
    ledger.set_defaults(command=_report)

    tables = commands.add_parser("compare", help="say whether local runs come to the committed conclusions")
    tables.add_argument("--profile", default="default")
    tables.set_defaults(command=_compare)

    files = commands.add_parser("verify", help="check every file of the committed runs against the SHA-256 in its run.json")
    files.set_defaults(command=_verify)

    pilot = commands.add_parser("pilot", help="should you choose batches? An answer from frozen features of your own pairs")
    pilot.add_argument("file", help="a .npz file with u [N, d1] and v [N, d2]; see replication.features.npz")
    pilot.add_argument("--minutes", default="5", metavar="M", help="what it may take (default: %(default)s)")
    pilot.add_argument("--batch-size", default="32", metavar="B", help="(default: %(default)s)")
    pilot.add_argument("--margin", default="1", metavar="POINTS", help="of R@10 that matter (default: %(default)s)")
    pilot.add_argument(
        "--method", dest="methods", action="append", default=[], help="a way to choose batches, in one line; repeat"
    )
    pilot.add_argument("--folder", help="for table, curves and figure (default: results/local/pilot/<name of the file>)")
    pilot.set_defaults(command=_pilot)

    tuning = commands.add_parser("sweep", help="run a notebook with settings proposed from those that are finished")
    tuning.add_argument("experiment", help="a name that `list` shows")
    tuning.add_argument("--minutes", required=True, metavar="M", help="no round begins that would end later")
    tuning.add_argument("--parallel", default="1", metavar="N", help="settings side by side (default: %(default)s)")
    tuning.add_argument("--profile", default="default", help="gives the other parameters (default: %(default)s)")
    tuning.add_argument(
        "--space", default="", metavar="FILE", help="what is varied (default: notebooks/sweeps/EXPERIMENT.yaml)"
    )
    tuning.set_defaults(command=_sweep)

    records = commands.add_parser("records", help="say whether records of trainings made elsewhere fit a profile")
    records.add_argument("action", choices=["check"], help="check: look at each record, and change nothing")
    records.add_argument("folder", metavar="DIR", help="where they lie; a results folder, or the records/ in it")
    records.set_defaults(command=_records)
    return parser.parse_args(arguments)


def _run(options) -> int:
    overrides = {}
    for text in options.overrides:
        name, equals, value = text.partition("=")
        if not equals:
            raise UsageError(f"--set {text!r} must be NAME=VALUE")
        overrides[name] = value
    minutes = _number("--minutes", options.minutes) if options.minutes else 0.0
    names = list(experiments()) if options.experiment == "all" else [options.experiment]
    if options.experiment == "all":
        names = [name for name in names if options.profile in profiles(experiments()[name])]
        if not names:
            raise UsageError(f"profile {options.profile!r} exists for no experiment")
    for name in names:  # a wrong parameter must not show only after an hour of other runs
        resolve(name, options.profile, overrides | ({"minutes": minutes} if minutes else {}))
    try:
        with trainings_on(options.scheduler):
            for name in names:
                runner.run(name, options.profile, options.publish, options.force, overrides, minutes)
    except ClusterError as error:
        raise UsageError(str(error)) from None
    return 0


def _number(option: str, text: str) -> float:
    """Return the positive number that an option gives."""
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0 < number < math.inf:
        raise UsageError(f"{option} {text!r} must be a number > 0, such as 10")
    return number


def _whole_number(option: str, text: str) -> int:
    """Return the positive integer that an option gives."""
    number = _number(option, text)
    if number != int(number):
        raise UsageError(f"{option} {text!r} must be an integer")
    return int(number)


def _list(options) -> int:
    for name, notebook in experiments().items():
        print(f"{name:18} {shown(notebook)}")
        for profile in profiles(notebook):
            places = {"published": f"results/{name}/{profile}", "local": f"results/local/{name}/{profile}"}
            found = [f"{label}{state}" for label, place in places.items() if (state := _state(place)) is not None]
            print(f"{'':18}   {profile:10} {', '.join(found) or 'not run'}")
        for line in misplaced_profiles(notebook).values():
            print(f"{'':18}   {line}")
    return 0


def _state(place: str) -> str | None:
    """Return "" for a finished run, None for none; of a damaged one what is wrong with it, in brackets."""
    try:
        return "" if _whole(place) else None
    except RecordError as error:
        return f" ({error})"


def _whole(place: str) -> bool:
    """Return whether a results folder below the project holds a finished run; RecordError if that is damaged."""
    folder = project_root() / place
    record = read_record(folder)
    if record is not None:
        check_files(folder, record)
    return record is not None


def _report(options) -> int:
    experiments()
    folder = within_project(options.results)
    if not folder.is_dir():
        raise UsageError(f"--results {options.results!r} must be a folder that exists")
    page = report.write_report(folder)
    print(f"claims ledger: {shown(page)}")
    return 0


def _compare(options) -> int:
    known = dict.fromkeys(name for notebook in experiments().values() for name in profiles(notebook))
    if options.profile not in known:
        raise UsageError(f"--profile {options.profile!r} must be one of {', '.join(known)}")
    lines, agrees = compare.report(compare.compare_all(options.profile), options.profile)
    print("\n".join(lines))
    return 0 if agrees else 1


def _pilot(options) -> int:
    from replication.pilot import pilot  # takes seconds, which other commands need not wait for
    from replication.pilot.writing import write_report

    minutes, margin = _number("--minutes", options.minutes), _number("--margin", options.margin)
    size = _whole_number("--batch-size", options.batch_size)
    folder = within_project(options.folder or f"results/local/pilot/{file_name(Path(options.file).stem)}")
    methods = [*options.methods] if "SGD" in options.methods or not options.methods else ["SGD", *options.methods]
    try:
        report = pilot(options.file, batch_size=size, minutes=minutes, margin=margin, methods=methods)
        write_report(report, folder)
    except (OSError, ValueError, TypeError, FloatingPointError) as error:
        raise UsageError(str(error)) from None
    print(report.table.to_string(index=False, float_format="{:.3g}".format), report.setting, report.sentence, sep="\n\n")
    print(report.code, report.limits, f"table, curves and figure: {shown(folder)}", sep="\n\n")
    return 0


def _sweep(options) -> int:
    from replication.reporting.sweep import sweep  # takes seconds, which other commands need not wait for

    minutes, parallel = _number("--minutes", options.minutes), _whole_number("--parallel", options.parallel)
    sweep(options.experiment, options.profile, minutes, parallel, options.space)
    return 0


def _records(options) -> int:
    folder = within_project(options.folder)
    if not folder.is_dir():
        raise UsageError(f"{options.folder!r} must be a folder that holds records of trainings")
    check = import_module("replication.experiments.grid.records_check").check_folder  # found by name: none is known here
    known = {name: {p: resolve(name, p)[1] for p in profiles(notebook)} for name, notebook in experiments().items()}
    lines, good = check(folder, known)
    print("\n".join(lines))
    return 0 if good else 1


def _verify(options) -> int:
    root = project_root()
    folders = [path.parent for path in sorted((root / "results").glob("*/*/run.json")) if path.parts[-3] != "local"]
    if not folders:
        raise UsageError(f"{shown(root / 'results')} holds no committed runs")
    bad = [f"{shown(folder / name)} is missing or not what its run wrote" for folder in folders for name in verify(folder)]
    print("\n".join([*bad, f"{len(folders)} runs: {len(bad) or 'no'} file{'' if len(bad) == 1 else 's'} changed"]))
    return 1 if bad else 0
