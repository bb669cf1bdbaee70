"""Pages show numbers of committed runs only: each `{{ name }}` is one, and is what its table says."""

import re
from pathlib import Path

import pandas as pd
import pytest

from book.measured import hardness, in_short, pairs, substitutions
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
