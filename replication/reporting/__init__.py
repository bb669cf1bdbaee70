"""Running notebooks, recording what they leave, and reporting it; knows no experiment."""

from replication.extras import need

need("replication.reporting", "experiments", ("papermill", "nbformat", "yaml", "matplotlib", "tabulate"))
