"""Every rule must be able to say no."""

import pandas as pd

from replication.results import CAVEAT, FAILS, HOLDS
from replication.theory import circle_slice, designs, families, optima, verdicts
from replication.theory.search import COINCIDE, DIFFER, SHARE


def test_ratio():
    table = pd.DataFrame({"least_ratio": [0.4, 0.5], "largest_ratio": [0.5, 0.6]})
    assert verdicts.judge_ratio(table)[0] == HOLDS
    assert verdicts.judge_ratio(table.assign(largest_ratio=table.least_ratio))[0] == FAILS


def test_optima():
    table = optima.optima_table([(3, 2)], starts=2)
    assert verdicts.judge_optima(table)[0] == HOLDS
    assert verdicts.judge_optima(table.assign(excess=-1e-6))[0] == FAILS  # something better than the theorem's optimum
    assert verdicts.judge_optima(table.assign(gram_distance=0.1))[0] == FAILS


def test_other_optimum():
    table = families.never_together_table([(3, 2)], starts=2)
    assert verdicts.judge_other_optimum(table)[0] == HOLDS
    assert verdicts.judge_other_optimum(table.assign(excess=0.0))[0] == FAILS


def test_iff():
    fano = designs.fano_plane()
    table = designs.design_table([("Fano", fano, 7), ("spoiled", fano[1:], 7)], starts=2)
    verdict, evidence = verdicts.judge_iff(table)
    assert verdict == FAILS
    assert "Fano (7 of 35)" in evidence and "true for B = 2" in evidence
    assert verdicts.judge_iff(table[1:])[0] == HOLDS
    assert verdicts.judge_iff(table.assign(two_design=False))[0] == FAILS


def test_search():
    columns = {"theorem": ["none", "N = 2d"], "N": [8, 4], "d": [2, 2], "B": [2, 2], "gap1": [4e-4, 0.0]}
    table = pd.DataFrame(columns)
    verdict, evidence = verdicts.judge_search(table.assign(verdict=[DIFFER, COINCIDE]))
    assert verdict == FAILS
    assert "1 of 1 sizes" in evidence
    assert verdicts.judge_search(table.assign(verdict=COINCIDE))[0] == HOLDS
    assert verdicts.judge_search(table.assign(verdict=SHARE))[0] == CAVEAT


def test_bound():
    table = pd.DataFrame({"B": [2, 4], "draws": [5, 5], "least_slack": [0.0, 0.1], "largest_slack": [0.0, 0.2]})
    assert verdicts.judge_bound(table)[0] == HOLDS
    assert verdicts.judge_bound(table.assign(least_slack=[0.0, -1e-6]))[0] == FAILS
    assert verdicts.judge_bound(table.assign(largest_slack=[0.1, 0.2]))[0] == FAILS


def test_figure_1a():
    extremes, rivals = circle_slice.extremes_table(), circle_slice.rivals_table(starts=3)
    assert verdicts.judge_figure_1a(extremes, rivals)[0] == CAVEAT
    assert verdicts.judge_figure_1a(extremes, rivals.assign(all_batches_loss=0.65))[0] == HOLDS
    assert verdicts.judge_figure_1a(extremes.assign(angle_to_partner=0.1), rivals)[0] == FAILS
    assert verdicts.judge_figure_1a(extremes.assign(difference=0.01), rivals)[0] == FAILS


def test_figure_1b():
    table = pd.DataFrame({"family": list(families.figure_1b_families()), "excess": [0.0, 0.0, 0.2]})
    assert verdicts.judge_figure_1b(table)[0] == HOLDS
    assert verdicts.judge_figure_1b(table.assign(excess=[0.0, 0.1, 0.2]))[0] == FAILS
