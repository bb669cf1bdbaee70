"""Pages show numbers of committed runs only: each `{{ name }}` is one, and is what its table says."""

import re
from pathlib import Path

import pandas as pd
import pytest

from book.measured import aged, hardness, in_short, pairs, sharded, substitutions
from replication.reporting.ledger import ledger
from replication.reporting.run import HOLDS

ROOT = Path(__file__).parents[2]


def test_every_name_that_a_page_uses_is_known_and_used():
    used = set()
    for path in (ROOT / "docs").glob("*.md"):
        used |= set(re.findall(r"\{\{ (\w+) \}\}", path.read_text(encoding="utf-8")))
    assert used | {"run_times"} == set(substitutions())


def test_numbers_are_those_of_the_tables():
    growth = pd.read_csv(ROOT / "results/batch_selection/cpu-cifar100/timings/growth.csv").set_index("N")
    assert pairs(100_000).endswith(f"{growth.loc[100_000, 'whole set (s)']:.0f} s as a whole")
    rows = ledger(ROOT / "results")
    assert substitutions()["claims_holding"] == str((rows.verdict == HOLDS).sum())


@pytest.mark.parametrize("batch_size", [8, 32])
def test_ways_to_choose_stand_from_the_mildest_to_the_hardest(batch_size):
    losses = [float(loss) for loss in re.findall(r"\| (\d\.\d\d) \|", hardness(batch_size))]
    assert len(losses) > 5 and losses == sorted(losses)


def test_the_readmes_list_stands_in_the_book_too():
    assert in_short().startswith("- **Theory.**") and in_short().count("\n- **") >= 3


def test_plans_in_shards_are_told_in_minutes_and_decimal_gigabytes():
    table = ROOT / "results/scale/scale/timings/growth.csv"
    last = pd.read_csv(table).iloc[-1]
    row = next(line for line in sharded("scale").splitlines() if f"| {last.N:,.0f} |" in line)
    cells = [cell.strip() for cell in row.strip("|").split("|")]
    assert float(cells[1]) == pytest.approx(last["in shards (s)"] / 60, abs=0.05)
    assert float(cells[3]) == pytest.approx(last["peak memory of a worker (MiB)"] * 1.048576e-3, abs=0.05)
    assert cells[2] == cells[4] == "not run"


def test_ages_are_weighed_by_the_time_between_them():
    assert "% after 0.25," in aged("SwapSearch")
    shares = [float(share) for share in re.findall(r"(\d+) %", aged("SwapSearch"))]
    quarter, half, whole, mean = shares
    assert mean == pytest.approx((100 + quarter) / 8 + (quarter + half) / 8 + (half + whole) / 4, abs=1)
