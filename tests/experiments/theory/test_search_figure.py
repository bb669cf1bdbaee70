import warnings

import matplotlib.pyplot as plt
import pandas as pd
import pytest

from replication.experiments.theory.search import COINCIDE, DIFFER
from replication.experiments.theory.search_figure import search_figure


@pytest.mark.parametrize("first", [DIFFER, COINCIDE])
def test_map_without_a_difference_is_drawn_without_warnings(first):
    """The panel B = 3 never has a gap; with `first` = COINCIDE no panel has one."""
    table = pd.DataFrame({"N": [5, 6] * 2, "d": 2, "B": [2, 2, 3, 3], "theorem": "none", "gap1": [4e-4, 0, 0, 0]})
    table["verdict"] = [first, COINCIDE, COINCIDE, COINCIDE]
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        figure = search_figure(table, starts=3)
    shown = [text.get_text() for axis in figure.axes[:2] for text in axis.texts if text.get_text()]
    assert sorted(shown) == ["4e-04", "=", "=", "="] if first == DIFFER else shown == ["="] * 4
    plt.close(figure)
