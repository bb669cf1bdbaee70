"""A whole small map: all cells, equal when it goes on from the disk, and tables that fit its trainings."""

import pandas as pd
import pytest
from small_heads import small_splits
from small_map import small_design

from replication.experiments.map import experiment, judging, tables
from replication.experiments.map.design import OWN_RATE, SHARED_RATE
from replication.experiments.map.experiment import run_map

SPLITS = small_splits()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("map")


@pytest.fixture(scope="module")
def results(folder):
    return run_map(folder, SPLITS, small_design(), workers=1)


def test_every_cell_has_every_seed(results):
    runs = tables.runs(results.trainings)
    counts = runs.groupby(["line", "B", "selector"]).seed.nunique()
    assert (counts == 3).all()
    wanted = {(line, b, m) for line in (SHARED_RATE, OWN_RATE) for b in (4, 8) for m in ("SGD", "SwapSearch, k 2")}
    assert set(counts.index) == wanted | {(SHARED_RATE, b, "SGD, 1.5 x epochs") for b in (4, 8)}
    assert not runs.duplicated(["line", "B", "selector", "seed"]).any()


def test_each_line_has_its_rate(results):
    runs, design = tables.runs(results.trainings), small_design()
    for b in (4, 8):
        best = design.chosen_rates(results.tuned[b])
        mine = runs[runs["B"] == b]
        assert set(mine[mine.line == SHARED_RATE].lr) == {best["SGD"]}
        own = mine[mine.line == OWN_RATE].groupby("selector").lr.unique()
        assert {method: list(rates) for method, rates in own.items()} == {m: [rate] for m, rate in best.items()}


def test_it_goes_on_from_the_disk(results, folder, monkeypatch):
    def no_training(*_, **__):
        raise AssertionError("nothing is left to train")

    monkeypatch.setattr(experiment, "train_heads", no_training)
    again = run_map(folder, SPLITS, small_design(), workers=1)
    assert again.earlier_seconds > 0 == results.earlier_seconds
    pd.testing.assert_frame_equal(tables.runs(again.trainings), tables.runs(results.trainings))


def test_tables_are_whole(results):
    design = small_design()
    rates = tables.rates(results, design)
    assert list(rates["B"]) == [4, 4, 8, 8] and set(rates["best lr"]) <= {1e-2, 1e-3}
    curves = tables.curves(results.trainings)
    assert set(curves[curves["B"] == 4].epoch) == {1, 2, 3} and (curves.n == 3).all()
    seconds = tables.seconds(results.trainings)
    assert (seconds[seconds.selector == "SGD"]["worth (epochs)"] == 0).all()


def test_the_map_is_judged(results):
    runs = tables.runs(results.trainings)
    cells = judging.judged(runs[~runs.selector.str.contains("epochs")], results.trainings, SPLITS[2], 1.0)
    assert len(cells) == 4 and (cells["p (Holm)"] >= cells.p).all()
    row = cells.iloc[0]
    mine = runs[(runs.line == row.line) & (runs["B"] == row.B)].pivot(index="seed", columns="selector", values="R@10")
    assert row.difference == pytest.approx((mine["SwapSearch, k 2"] - mine["SGD"]).mean())
    middle = (row["query low"] + row["query high"]) / 2
    assert middle == pytest.approx(row.difference, abs=row["query high"] - row["query low"] + 1e-9)
