"""What all selectors share: another temperature, also inside wrapped ones."""

import pytest
import torch

from replication.selection import (
    GCBS,
    GraphPartition,
    JointExamples,
    MixedBatches,
    OrderedSGD,
    ShuffledBatches,
    SpectralClustering,
    SwapSearch,
)
from replication.selection.distinct import DistinctGroups

GROUPS = list(range(40))
AT = {
    "OSGD": lambda t: OrderedSGD(4, q=3, temperature=t),
    "SC": lambda t: SpectralClustering(4, k=5, temperature=t),
    "SwapSearch": lambda t: SwapSearch(4, k=5, temperature=t),
    "METIS": lambda t: GraphPartition(4, temperature=t),
    "JEST": lambda t: JointExamples(4, 0.5, temperature=t),
    "refined": lambda t: SwapSearch(4, temperature=t, refine=GraphPartition(4, temperature=t)),
    "mixed": lambda t: MixedBatches(SwapSearch(4, temperature=t), 0.5),
    "distinct": lambda t: DistinctGroups(MixedBatches(SwapSearch(4, temperature=t), 0.5), GROUPS),
    "without": lambda t: GCBS(4),
    "shuffled": lambda t: ShuffledBatches(4),
}


@pytest.mark.parametrize("make", AT.values(), ids=list(AT))
def test_another_temperature_is_that_of_a_selector_made_with_it(make):
    u = torch.randn(40, 6, generator=torch.Generator().manual_seed(0))
    first = make(1.0)
    before = repr(first)
    changed, made = first.at_temperature(0.05), make(0.05)
    assert repr(changed) == repr(made) and type(changed) is type(made) and repr(first) == before
    plans = [selector.select(u, None, torch.Generator().manual_seed(1)) for selector in (changed, made)]
    assert torch.equal(*plans)


@pytest.mark.parametrize(("wrong", "kind"), [(0, ValueError), (float("nan"), ValueError), (None, TypeError)])
def test_a_temperature_that_is_none_is_one_clear_line(wrong, kind):
    with pytest.raises(kind, match=r"^temperature=(0|nan|None) must be a "):
        SwapSearch(4).at_temperature(wrong)
