"""What the command line may say: the commands and their options."""

import argparse


def parse(arguments: list[str] | None) -> argparse.Namespace:
    """Return the options of the command line; `command` names what to do."""
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
    run.set_defaults(command="run")

    listing = commands.add_parser("list", help="show experiments, their profiles and which have finished runs")
    listing.set_defaults(command="list")

    ledger = commands.add_parser("report", help="write CLAIMS.md, and the generated parts of README.md")
    ledger.add_argument("--results", default="results", help="folder of the runs (default: %(default)s, the committed ones)")
    ledger.set_defaults(command="report")

    tables = commands.add_parser("compare", help="say whether local runs come to the committed conclusions")
    tables.add_argument("--profile", default="default")
    tables.set_defaults(command="compare")

    files = commands.add_parser("verify", help="check every file of the committed runs against the SHA-256 in its run.json")
    files.set_defaults(command="verify")

    pilot = commands.add_parser("pilot", help="should you choose batches? An answer from frozen features of your own pairs")
    pilot.add_argument("file", help="a .npz file with u [N, d1] and v [N, d2]; see replication.features.npz")
    pilot.add_argument("--minutes", default="5", metavar="M", help="what it may take (default: %(default)s)")
    pilot.add_argument("--batch-size", default="32", metavar="B", help="(default: %(default)s)")
    pilot.add_argument("--margin", default="1", metavar="POINTS", help="of R@10 that matter (default: %(default)s)")
    pilot.add_argument(
        "--method", dest="methods", action="append", default=[], help="a way to choose batches, in one line; repeat"
    )
    pilot.add_argument("--folder", help="for table, curves and figure (default: results/local/pilot/<name of the file>)")
    pilot.set_defaults(command="pilot")

    tuning = commands.add_parser("sweep", help="run a notebook with settings proposed from those that are finished")
    tuning.add_argument("experiment", help="a name that `list` shows")
    tuning.add_argument("--minutes", required=True, metavar="M", help="no round begins that would end later")
    tuning.add_argument("--parallel", default="1", metavar="N", help="settings side by side (default: %(default)s)")
    tuning.add_argument("--profile", default="default", help="gives the other parameters (default: %(default)s)")
    tuning.add_argument(
        "--space", default="", metavar="FILE", help="what is varied (default: notebooks/sweeps/EXPERIMENT.yaml)"
    )
    tuning.set_defaults(command="sweep")

    records = commands.add_parser("records", help="say whether records of trainings made elsewhere fit a profile")
    records.add_argument("action", choices=["check"], help="check: look at each record, and change nothing")
    records.add_argument("folder", metavar="DIR", help="where they lie; a results folder, or the records/ in it")
    records.set_defaults(command="records")
    return parser.parse_args(arguments)
