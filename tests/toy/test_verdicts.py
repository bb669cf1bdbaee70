import numpy as np
import pandas as pd
import pytest

from replication.results import CAVEAT, FAILS, HOLDS, UNTESTED
from replication.toy.verdicts import convergence_verdict, objective_verdict, toy_verdict


def ratios(*intervals):
    """Ratios at step sizes 0.5 and 0.1, each (low, value, high)."""
    rows = pd.DataFrame(intervals, columns=["ratio low", "ratio", "ratio high"])
    return rows.assign(epsilon=np.pi / 9, rho=0.3, eta=[0.5, 0.1], T_OSGD=3.0)


@pytest.mark.parametrize(
    ("table", "verdict"),
    [
        (ratios((4, 5, 6), (4, 5, 6)), HOLDS),
        (ratios((3, 3.3, 3.7), (4, 5, 6)), CAVEAT),
        (ratios((4, 5, 6), (3, 4, 5)), CAVEAT),  # merely uncertain
        (ratios((4, 5, 6), (3, 3.3, 3.7)), FAILS),
    ],
)
def test_toy_verdict(table, verdict):
    found, evidence = toy_verdict(table)
    assert found == verdict
    assert ("does not at ε = π/9" in evidence) == (verdict != HOLDS)


@pytest.mark.parametrize(("gap", "errors", "verdict"), [(0.0, 2.0, HOLDS), (1e-3, 2.0, FAILS), (0.0, 9.0, FAILS)])
def test_objective_verdict(gap, errors, verdict):
    summary = pd.DataFrame({"enumerated gap": [gap, np.nan], "gradient gap": [0.0, np.nan]})
    summary = summary.assign(**{"simulated, standard errors": errors, "allowed, standard errors": 4.0})
    assert objective_verdict(summary, pd.DataFrame({"gradient gap": [0.2, 0.3]}))[0] == verdict


@pytest.mark.parametrize(("gradient", "word"), [(3.5, "within"), (4.5, "OUTSIDE")])
def test_convergence_is_never_called_tested(gradient, word):
    table = pd.DataFrame({"largest gradient": [gradient], "bound": [4.0]})
    table = table.assign(**{"most negative curvature": -1.0, "curvature bound": -16.0})
    verdict, evidence = convergence_verdict(table)
    assert verdict == UNTESTED
    assert word in evidence
