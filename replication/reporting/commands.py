"""The commands: run, list, report, compare, verify, records, pilot, sweep; `replication.__main__` starts them."""

import math
import sys
from contextlib import suppress
from importlib import import_module
from pathlib import Path

from replication.cluster import ClusterError, trainings_on
from replication.files import file_name, project_root, shown, within_project
from replication.reporting import compare, pages, runner
from replication.reporting.command_line import parse
from replication.reporting.notebooks import UsageError, experiments, misplaced_profiles, profiles, resolve
from replication.reporting.run_record import RecordError, check_files, read_record, verify


def run_command(arguments: list[str] | None = None) -> int:
    """Run one command; return the exit code: 0 done, 1 a notebook failed, 2 wrong usage or damaged results."""
    options = parse(arguments)
    try:
        return COMMANDS[options.command](options)
    except runner.NotebookError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except (UsageError, RecordError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2


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
    page = pages.write_report(folder)
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
    known = {name: _known_profiles(name, notebook) for name, notebook in experiments().items()}
    lines, good = check(folder, known)
    print("\n".join(lines))
    return 0 if good else 1


def _known_profiles(experiment: str, notebook: Path) -> dict[str, dict]:
    """Return the parameters of those profiles that can be run here: some need packages that records do not."""
    known = {}
    for profile in profiles(notebook):
        with suppress(UsageError):
            known[profile] = resolve(experiment, profile)[1]
    return known


def _verify(options) -> int:
    root = project_root()
    folders = [path.parent for path in sorted((root / "results").glob("*/*/run.json")) if path.parts[-3] != "local"]
    if not folders:
        raise UsageError(f"{shown(root / 'results')} holds no committed runs")
    bad = [f"{shown(folder / name)} is missing or not what its run wrote" for folder in folders for name in verify(folder)]
    print("\n".join([*bad, f"{len(folders)} runs: {len(bad) or 'no'} file{'' if len(bad) == 1 else 's'} changed"]))
    return 1 if bad else 0


COMMANDS = {
    "run": _run,
    "list": _list,
    "report": _report,
    "compare": _compare,
    "verify": _verify,
    "pilot": _pilot,
    "sweep": _sweep,
    "records": _records,
}
