"""Pages show numbers of committed runs only: each is what its table says."""

import re
from pathlib import Path

import pandas as pd
import pytest

from replication.reporting.measured import aged, growth, hardness, pairs, sharded

RESULTS = Path(__file__).parents[2] / "results"


def test_seconds_are_those_of_the_table():
    table = pd.read_csv(RESULTS / "batch_selection/cpu-cifar100/timings/growth.csv").set_index("N")
    assert pairs(RESULTS, 100_000).endswith(f"{table.loc[100_000, 'whole set (s)']:.0f} s as a whole")
    row = next(line for line in growth(RESULTS).splitlines() if line.startswith("| 100,000 |"))
    assert f" {table.loc[100_000, 'chunks of 1,280 (s)']:.1f} " in row


@pytest.mark.parametrize("batch_size", [8, 32])
def test_ways_to_choose_stand_from_the_mildest_to_the_hardest(batch_size):
    losses = [float(loss) for loss in re.findall(r"\| (\d\.\d\d) \|", hardness(RESULTS, batch_size))]
    assert len(losses) > 5 and losses == sorted(losses)


def test_plans_in_shards_are_told_in_minutes_and_decimal_gigabytes():
    table = RESULTS / "scale/scale/timings/growth.csv"
    last = pd.read_csv(table).iloc[-1]
    row = next(line for line in sharded(RESULTS, "scale").splitlines() if f"| {last.N:,.0f} |" in line)
    cells = [cell.strip() for cell in row.strip("|").split("|")]
    assert float(cells[1]) == pytest.approx(last["in shards (s)"] / 60, abs=0.05)
    assert float(cells[3]) == pytest.approx(last["peak memory of a worker (MiB)"] * 1.048576e-3, abs=0.05)
    assert cells[2] == cells[4] == "not run"


def test_ages_are_weighed_by_the_time_between_them():
    assert "% after 0.25," in aged(RESULTS, "SwapSearch")
    shares = [float(share) for share in re.findall(r"(\d+) %", aged(RESULTS, "SwapSearch"))]
    quarter, half, whole, mean = shares
    assert mean == pytest.approx((100 + quarter) / 8 + (quarter + half) / 8 + (half + whole) / 4, abs=1)
