"""The results folder of a finished run, written at once: sweeps look at little of it."""

import pandas as pd

from replication.reporting.run_record import write_record


def write_run(folder, parameters, columns):
    """Write tables/runs.csv with `columns` and a column of seeds, 0, 1, 2, ... for each selector, and run.json."""
    frame = pd.DataFrame(columns)
    groups = frame.groupby("selector") if "selector" in frame else frame.groupby(lambda _: 0)
    (folder / "tables").mkdir(parents=True)
    frame.assign(seed=groups.cumcount()).to_csv(folder / "tables" / "runs.csv", index=False)
    record = {"notebook": "01_alpha", "key": "", "parameters": parameters, "wall_seconds": 1.0}
    write_record(folder, record | {"hardware": {"gpu": None, "cores": 1, "processor": ""}, "git": {"sha": ""}})
