"""Every rule must be able to say no, and a number that is missing must never help a claim."""

import numpy as np
import pandas as pd
import pytest

from replication.experiments.theory import circle_slice, designs, families, optima, verdicts
from replication.experiments.theory.search import COINCIDE, DIFFER, SHARE
from replication.reporting.run import CAVEAT, FAILS, HOLDS


def test_ratio():
    table = pd.DataFrame({"least_ratio": [0.4, 0.5], "largest_ratio": [0.5, 0.6]})
    assert verdicts.judge_ratio(table)[0] == HOLDS
    for largest in (table.least_ratio, [0.5, np.nan]):
        assert verdicts.judge_ratio(table.assign(largest_ratio=largest))[0] == FAILS


def test_optima():
    table = optima.optima_table([(3, 2)], starts=2)
    assert verdicts.judge_optima(table)[0] == HOLDS
    # Something better than the theorem's optimum, other points, and numbers that are missing in one row of several.
    for wrong in ({"excess": -1e-6}, {"gram_distance": 0.1}, {"excess": [0.0, np.nan]}, {"u_minus_v": [np.nan, 0.0]}):
        assert verdicts.judge_optima(table.assign(**wrong))[0] == FAILS


def test_other_optimum():
    table = families.never_together_table([(3, 2)], starts=2)
    assert verdicts.judge_other_optimum(table)[0] == HOLDS
    for excess in (0.0, np.nan):
        assert verdicts.judge_other_optimum(table.assign(excess=excess))[0] == FAILS


def family_rows(*rows):
    """Rows (family, batches of 35, whether a 2-design, excess in nats) of a design table with N = 7, B = 3."""
    return pd.DataFrame(rows, columns=["family", "batches", "two_design", "excess"]).assign(possible=35, B=3)


EVERY = ("all", 35, True, 0.0)


@pytest.mark.parametrize(
    ("rows", "verdict", "words"),
    [
        ([EVERY, ("Fano", 7, True, 0.0), ("spoiled", 6, False, 0.1)], FAILS, "B = 3: Fano (7 of 35); those that reach it are"),
        ([EVERY, ("Fano", 7, True, 0.0)], FAILS, "exactly the 2-designs"),
        ([EVERY, ("odd", 9, False, 0.0), ("spoiled", 6, False, 0.1)], FAILS, "B = 3: odd (9 of 35) (same"),
        ([EVERY, ("Fano", 7, True, 0.0), ("unsure", 6, False, 1e-7)], FAILS, "Fano (7 of 35) (same"),
        ([("all", 35, True, 0.1), ("spoiled", 6, False, 0.1)], FAILS, "miss the full-batch optimum in 1 sizes"),
        ([EVERY, ("spoiled", 6, False, 0.1)], HOLDS, "none of 1 smaller families"),
        ([EVERY, ("unsure", 6, False, 1e-7)], CAVEAT, "1 of 2 families lie between"),
        ([EVERY, ("unknown", 6, False, np.nan)], CAVEAT, "1 of 2 families lie between"),
    ],
)
def test_iff(rows, verdict, words):
    found, evidence = verdicts.judge_iff(family_rows(*rows))
    assert found == verdict
    assert words in evidence


def test_iff_is_refuted_by_the_fano_plane():
    fano = designs.fano_plane()
    verdict, evidence = verdicts.judge_iff(designs.design_table([("Fano", fano, 7), ("spoiled", fano[1:], 7)], starts=2))
    assert verdict == FAILS
    assert "Fano (7 of 35); those that reach it are exactly the 2-designs" in evidence
    assert "all 1 other families miss it" in evidence


def test_search():
    columns = {"theorem": ["none", "N = 2d"], "N": [8, 4], "d": [2, 2], "B": [2, 2], "gap1": [4e-4, 0.0]}
    table = pd.DataFrame(columns)
    verdict, evidence = verdicts.judge_search(table.assign(verdict=[DIFFER, COINCIDE]))
    assert verdict == FAILS
    assert "1 of 1 sizes" in evidence
    assert verdicts.judge_search(table.assign(verdict=COINCIDE))[0] == HOLDS
    assert verdicts.judge_search(table.assign(verdict=SHARE))[0] == CAVEAT


@pytest.mark.parametrize(
    ("least", "largest", "verdict", "words"),
    [
        ([0.0, 0.1], [0.0, 0.2], HOLDS, "never below the bound in 10 batches (tolerance 1e-10 nats); equal within 1e-12 nats"),
        ([0.0, -1e-6], [0.0, 0.2], FAILS, "below the bound by up to 1.0e-06 nats"),
        ([0.0, np.nan], [0.0, 0.2], FAILS, "below the bound"),
        ([0.0, 0.1], [0.1, 0.2], FAILS, "but equal only within 1e-01 nats at B = 2"),
        ([0.0, 0.1], [np.nan, 0.2], FAILS, "but equal only"),
    ],
)
def test_bound(least, largest, verdict, words):
    table = pd.DataFrame({"B": [2, 4], "draws": [5, 5], "least_slack": least, "largest_slack": largest})
    found, evidence = verdicts.judge_bound(table)
    assert found == verdict
    assert words in evidence


def test_bound_without_batches_of_two():
    table = pd.DataFrame({"B": [4], "draws": [5], "least_slack": [0.1], "largest_slack": [0.2]})
    verdict, evidence = verdicts.judge_bound(table)
    assert verdict == CAVEAT
    assert "equality not looked at" in evidence


def slice_and_rivals(angles=(0.0, 0.0), difference=0.001, pentagon=0.6499):
    """Hand-made tables for figure 1(a): the two minima, a maximum that misses by `difference`, and the doubled pentagon."""
    points = ["minimum", "minimum", "maximum", "crossing"]
    extremes = pd.DataFrame({"point": points, "angle_to_partner": [*angles, np.pi, 1.5]})
    rivals = pd.DataFrame({"configuration": ["regular decagon", "doubled pentagon"], "all_batches_loss": [0.65, pentagon]})
    return extremes.assign(difference=[0.0, 0.0, difference, 1.0]), rivals


@pytest.mark.parametrize(
    ("tables", "verdict"),
    [
        (slice_and_rivals(), CAVEAT),
        (slice_and_rivals(pentagon=0.66), HOLDS),
        (slice_and_rivals(pentagon=np.nan), CAVEAT),
        (slice_and_rivals(difference=-0.0019, pentagon=0.66), HOLDS),
        (slice_and_rivals(difference=-0.0021, pentagon=0.66), FAILS),
        (slice_and_rivals(difference=0.0021), FAILS),
        (slice_and_rivals(difference=np.nan), FAILS),
        (slice_and_rivals(angles=(0.0, 0.1)), FAILS),
        (slice_and_rivals(angles=(np.nan, 0.0)), FAILS),
    ],
)
def test_figure_1a(tables, verdict):
    assert verdicts.judge_figure_1a(*tables)[0] == verdict


def test_figure_1a_of_the_computed_tables():
    assert verdicts.judge_figure_1a(circle_slice.extremes_table(), circle_slice.rivals_table(starts=3))[0] == CAVEAT


def test_figure_1b():
    table = pd.DataFrame({"family": list(families.figure_1b_families()), "excess": [0.0, 0.0, 0.2]})
    assert verdicts.judge_figure_1b(table)[0] == HOLDS
    for excess in ([0.0, 0.1, 0.2], [0.0, 0.0, 0.0], [np.nan, 0.0, 0.2]):
        assert verdicts.judge_figure_1b(table.assign(excess=excess))[0] == FAILS


def test_the_sentence_on_families_names_two_designs_only_where_they_are_the_same():
    table = family_rows(EVERY, ("Fano", 7, True, 0.0), ("broken", 6, False, 0.1), ("other", 8, False, 0.25))
    assert verdicts.designs_in_words(table) == (
        "**2 of the 4 families keep the full batch's optimum, exactly those in which every two samples share equally many "
        "batches; at it the others lie 0.1 to 0.25 nats above their own.**"
    )
    odd = family_rows(EVERY, ("lucky", 6, False, 0.0))
    assert verdicts.designs_in_words(odd) == "**2 of the 2 families keep the full batch's optimum.**"
