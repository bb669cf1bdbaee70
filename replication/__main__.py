"""The command line: `python -m replication run | list | report | compare`."""

import argparse
import sys

import yaml

from replication import compare, report, runner
from replication.paths import project_root, within_project


def main(arguments: list[str] | None = None) -> int:
    """Run one command; return the exit code: 0 done, 1 a notebook failed or a comparison found a difference, 2 wrong usage."""
    options = parse(arguments)
    try:
        return options.command(options)
    except runner.NotebookError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except runner.UsageError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2


def parse(arguments: list[str] | None) -> argparse.Namespace:
    """Return the options of the command line."""
    parser = argparse.ArgumentParser(prog="python -m replication", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="command")

    run = commands.add_parser("run", help="execute a notebook, or all of them")
    run.add_argument("experiment", help="a name that `list` shows, or 'all'")
    run.add_argument("--profile", default="default", help="which parameters to use (default: %(default)s)")
    run.add_argument("--set", dest="overrides", action="append", default=[], metavar="NAME=VALUE", help="change one parameter")
    run.add_argument("--publish", action="store_true", help="write to results/<experiment>/<profile>, the committed copies")
    run.add_argument("--force", action="store_true", help="run even if a finished run has the same key")
    run.set_defaults(command=_run)

    listing = commands.add_parser("list", help="show experiments, their profiles and which have finished runs")
    listing.set_defaults(command=_list)

    ledger = commands.add_parser("report", help="write CLAIMS.md, and the generated parts of README.md")
    ledger.add_argument("--results", default="results", help="folder of the runs (default: %(default)s, the committed ones)")
    ledger.set_defaults(command=_report)

    tables = commands.add_parser("compare", help="say whether local runs come to the committed conclusions")
    tables.add_argument("--profile", default="default")
    tables.set_defaults(command=_compare)
    return parser.parse_args(arguments)


def _run(options) -> int:
    overrides = {}
    for text in options.overrides:
        name, equals, value = text.partition("=")
        if not equals:
            raise runner.UsageError(f"--set {text!r} must be NAME=VALUE")
        overrides[name] = parse_value(text, value)
    names = list(runner.experiments()) if options.experiment == "all" else [options.experiment]
    if options.experiment == "all":
        names = [name for name in names if options.profile in runner.profiles(runner.experiments()[name])]
        if not names:
            raise runner.UsageError(f"profile {options.profile!r} exists for no experiment")
    for name in names:  # a wrong parameter must not show only after an hour of other runs
        runner.resolve(name, options.profile, overrides)
    for name in names:
        runner.run(name, options.profile, options.publish, options.force, overrides)
    return 0


def parse_value(text: str, value: str):
    """Return the value of `--set text`, read as YAML, in which also 1e-3 is a number; UsageError if it is not YAML."""
    try:
        parsed = yaml.safe_load(value)
    except yaml.YAMLError:
        raise runner.UsageError(f"--set {text!r} must be NAME=VALUE with a value that YAML can read") from None
    try:
        return float(parsed) if isinstance(parsed, str) else parsed
    except ValueError:
        return parsed


def _list(options) -> int:
    root = project_root()
    for name, notebook in runner.experiments().items():
        print(f"{name:18} {notebook.relative_to(root)}")
        for profile in runner.profiles(notebook):
            places = {"published": f"results/{name}/{profile}", "local": f"results/local/{name}/{profile}"}
            found = [label for label, place in places.items() if (root / place / "run.json").is_file()]
            print(f"{'':18}   {profile:10} {', '.join(found) or 'not run'}")
    return 0


def _report(options) -> int:
    folder = within_project(options.results)
    if not folder.is_dir():
        raise runner.UsageError(f"--results {options.results!r} must be a folder that exists")
    page = report.write_report(folder)
    print(f"claims ledger: {runner.shown(page)}")
    return 0


def _compare(options) -> int:
    known = dict.fromkeys(name for notebook in runner.experiments().values() for name in runner.profiles(notebook))
    if options.profile not in known:
        raise runner.UsageError(f"--profile {options.profile!r} must be one of {', '.join(known)}")
    lines, agrees = compare.report(compare.compare_all(options.profile), options.profile)
    print("\n".join(lines))
    return 0 if agrees else 1


if __name__ == "__main__":
    sys.exit(main())
