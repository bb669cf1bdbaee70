"""Should you choose batches? A pilot on frozen features of your own pairs answers in minutes, before GPU days are spent.

    report = pilot("pairs.npz", batch_size=32, minutes=5)     # or: python -m replication pilot pairs.npz
    print(report.sentence, report.table, report.code, sep="\\n")

It trains two small heads (`replication.heads`) on the features with shuffled batches and with several ways to choose them,
each with the same seeds, and compares how they retrieve on pairs held out. Its limits: frozen features speak for the heads on
top of them, not for towers that learn. 07_map sets heads beside full fine-tuning where both exist.

- `running`: the pilot itself. `budget`: which trainings fit into the minutes. `judging`: the comparison and its sentence.
- `writing`: the table and the figure as files.
"""

from replication.pilot.judging import Report
from replication.pilot.running import pilot

__all__ = ["Report", "pilot"]
