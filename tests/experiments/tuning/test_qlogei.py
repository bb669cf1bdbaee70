"""The rival from BoTorch, where that is installed."""

import numpy as np
import pytest
import torch

from replication.experiments.tuning.checks import check_parameters
from replication.experiments.tuning.qlogei import has_botorch, qlogei
from replication.reporting.notebooks import resolve
from replication.tuning import Range, Space

pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.mark.skipif(has_botorch(), reason="BoTorch is installed")
def test_without_botorch_the_rule_is_refused_in_one_line():
    _, parameters = resolve("tuning", "smoke")
    with pytest.raises(ValueError, match=r"^rules=.* holds 'qLogEI', which needs BoTorch: pip install botorch$"):
        check_parameters(parameters | {"rules": ["TS-RSR", "qLogEI"]})


@pytest.mark.skipif(not has_botorch(), reason="needs BoTorch")
def test_proposals_are_new_repeatable_and_go_to_the_peak():
    space = Space({"a": Range(0, 1), "b": Range(0, 1)})
    settings = space.settings(space.draw(12, torch.Generator().manual_seed(0)))
    values = np.array([-((s["a"] - 0.3) ** 2) - (s["b"] - 0.6) ** 2 for s in settings])
    found, again = (qlogei(space, settings, values, 0.0, 2, torch.Generator().manual_seed(1)) for _ in range(2))
    assert found == again and len({tuple(s.values()) for s in settings + found}) == 14
    assert min((s["a"] - 0.3) ** 2 + (s["b"] - 0.6) ** 2 for s in found) < 0.02
    small = Space({"k": "1 to 4, integer"})
    tried = [{"k": 1}, {"k": 2}]
    rest = qlogei(small, tried, np.array([0.0, 1.0]), np.array([0.1, 0.1]), 2, torch.Generator().manual_seed(1))
    assert sorted(s["k"] for s in rest) == [3, 4]
