import numpy as np
import pandas as pd
import pytest

from replication.experiments.osgd_toy.verdicts import convergence_verdict, objective_verdict, ratios_in_words, toy_verdict
from replication.reporting.run import CAVEAT, FAILS, HOLDS, UNTESTED


def ratios(*intervals):
    """Ratios at step sizes 0.5 and 0.1, each (low, value, high)."""
    rows = pd.DataFrame(intervals, columns=["ratio low", "ratio", "ratio high"])
    return rows.assign(epsilon=np.pi / 9, rho=0.3, eta=[0.5, 0.1], T_OSGD=3.0, T_SGD=15.0, **{"runs arrived": 1.0})


@pytest.mark.parametrize(
    ("table", "verdict"),
    [
        (ratios((4, 5, 6), (4, 5, 6)), HOLDS),
        (ratios((3, 3.3, 3.7), (4, 5, 6)), CAVEAT),
        (ratios((4, 5, 6), (3, 4, 5)), CAVEAT),  # merely uncertain
        (ratios((4, 5, 6), (3, 3.3, 3.7)), FAILS),
        (ratios((4, 5, np.inf), (4, 5, 6)), HOLDS),  # only the upper end is open
        (ratios((np.nan, np.nan, np.nan), (4, 5, 6)), CAVEAT),
        (ratios((np.inf, np.inf, np.inf), (4, 5, 6)), CAVEAT),
        (ratios((4, 5, 6), (4, np.inf, np.inf)), CAVEAT),
        (ratios((4, 5, 6), (0, 0, 0)), FAILS),  # OSGD never arrives
    ],
)
def test_toy_verdict(table, verdict):
    found, evidence = toy_verdict(table)
    assert found == verdict
    assert ("does not at ε = π/9" in evidence) == (verdict != HOLDS)


def test_toy_verdict_says_what_did_not_arrive():
    table = ratios((np.inf, np.inf, np.inf), (4, 5, 6)).assign(**{"T_SGD": [np.inf, 15.0], "runs arrived": [0.25, 1.0]})
    _, evidence = toy_verdict(table)
    assert "ratio 5.00 to 5.00 at 1 of 2 grid points; at 1 not all runs of SGD arrived (25 % at the worst)" in evidence
    assert "η = 0.5: the mean angle of SGD did not arrive" in evidence
    assert "all runs of SGD arrived" in toy_verdict(ratios((4, 5, 6), (4, 5, 6)))[1]


def test_toy_verdict_without_a_finite_ratio():
    nothing = (np.nan, np.nan, np.nan)
    verdict, evidence = toy_verdict(ratios(nothing, nothing).assign(**{"runs arrived": 0.0}))
    assert verdict == UNTESTED
    assert "no finite ratio at 2 grid points" in evidence


@pytest.mark.parametrize(("gap", "errors", "verdict"), [(0.0, 2.0, HOLDS), (1e-3, 2.0, FAILS), (0.0, 9.0, FAILS)])
def test_objective_verdict(gap, errors, verdict):
    summary = pd.DataFrame({"enumerated gap": [gap, np.nan], "gradient gap": [0.0, np.nan]})
    summary = summary.assign(**{"simulated, standard errors": errors, "allowed, standard errors": 4.0})
    assert objective_verdict(summary, pd.DataFrame({"gradient gap": [0.2, 0.3]}))[0] == verdict


@pytest.mark.parametrize(("gradient", "word"), [(3.5, "within"), (4.5, "OUTSIDE"), (np.nan, "OUTSIDE")])
def test_convergence_is_never_called_tested(gradient, word):
    table = pd.DataFrame({"B": [2], "largest gradient": [gradient], "bound": [4.0]})
    table = table.assign(**{"most negative curvature": -1.0, "curvature bound": -16.0})
    verdict, evidence = convergence_verdict(table)
    assert verdict == UNTESTED
    assert word in evidence
    assert "the rate itself was not checked; what was: at B = 2" in evidence


def test_the_sentence_on_ratios():
    assert ratios_in_words(ratios((4, 5, 6), (3, 3.5, 3.7))) == (
        "**OSGD needs 3.50 to 5.00 times fewer updates than SGD (median 4.25), at 1 of 2 grid points at least the claimed "
        "3.94 times.**"
    )
    assert ratios_in_words(ratios((np.inf, np.inf, np.inf), (4, 5, 6))).endswith("; at 1 a mean angle never arrived.**")
    nothing = (np.nan, np.nan, np.nan)
    assert "At none of the 2 grid points" in ratios_in_words(ratios(nothing, nothing))
