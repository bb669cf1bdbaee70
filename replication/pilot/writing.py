"""A pilot's report as files: the table, the curves, and a figure."""

from pathlib import Path

from replication.extras import need
from replication.files import whole
from replication.pilot.judging import Report


def write_report(report: Report, folder: Path) -> list[Path]:
    """Write pilot.csv, curves.csv, pilot.txt and pilot.png into a folder, each whole or not at all; return their paths.

    Raises:
        MissingExtra: matplotlib is not installed.
        OSError: the folder cannot be written.
    """
    need("replication.pilot.writing", "experiments", ("matplotlib",))
    paths = [folder / name for name in ("pilot.csv", "curves.csv", "pilot.txt", "pilot.png")]
    for path, frame in zip(paths[:2], (report.table, report.curves), strict=True):
        with whole(path) as temporary:
            frame.to_csv(temporary, index=False, float_format="%.10g", lineterminator="\n")
    with whole(paths[2]) as temporary:
        temporary.write_text(f"{report.sentence}\n\n{report.setting}\n\n{report.code}\n\n{report.limits}\n", encoding="utf-8")
    with whole(paths[3]) as temporary:
        draw(report).savefig(temporary, dpi=150, bbox_inches="tight", format="png")
    return paths


def draw(report: Report):
    """Return a figure: the difference to shuffled batches with both intervals, against the in-batch loss; n in the title."""
    import matplotlib.pyplot as plt

    table = report.table[report.table.selector != "SGD"].reset_index(drop=True)
    figure, axis = plt.subplots(figsize=(8, 1.6 + 0.55 * len(table)))
    axis.axvspan(-report.margin, report.margin, color="0.92", label=f"within ±{report.margin:g} points")
    axis.axvline(0, color="black", linewidth=1)
    for place, row in table.iterrows():
        axis.plot([row["query low"], row["query high"]], [place + 0.12] * 2, color="#0173b2", linewidth=6, alpha=0.35)
        axis.plot([row.low, row.high], [place - 0.12] * 2, color="black", linewidth=1.5)
        axis.plot(row.difference, place, "D", color="#0173b2", markersize=7)
    axis.plot([], [], color="black", label="95 % over seeds")
    axis.plot([], [], color="#0173b2", linewidth=6, alpha=0.35, label="95 % over test queries")
    labels = [f"{row.selector}\nloss {row['share of ln B']:.2f} ln B" for _, row in table.iterrows()]
    axis.set_yticks(range(len(table)), labels)
    axis.invert_yaxis()
    axis.set_xlabel("R@10 minus that of shuffled batches (percentage points, mean of both directions)")
    axis.legend(loc="center left", bbox_to_anchor=(1, 0.5), fontsize="small")
    seeds = int(report.table.n.min())
    axis.set_title(f"{report.setting}\nn={seeds} seeds", fontsize="small", parse_math=False, wrap=True)
    return figure
