"""What the repr of selectors shows: the arguments that differ from their defaults, nested selectors, no contents of arrays."""

import pickle

import numpy as np
import pytest
import torch

from replication.selection import (
    GCBS,
    AllBatches,
    BalancedKMeans,
    BatchSelector,
    FixedBatches,
    FullBatch,
    GraphPartition,
    JointExamples,
    MixedBatches,
    NearestNeighbour,
    OrderedSGD,
    RandomWalk,
    ShuffledBatches,
    SpectralClustering,
    SwapSearch,
)

PLAN = torch.arange(12).view(3, 4)
TEXTS = [
    "AllBatches(3)",
    "BalancedKMeans(8, branching=10)",
    "FixedBatches(batch_size=4)",
    "FixedBatches(batch_size=4, seed=2)",
    "FullBatch()",
    "GCBS(8, neighbours=4)",
    "GraphPartition(8)",
    "GraphPartition(8, neighbours=9, skip=30, communities=4, mutual=False, weighted=True)",
    "JointExamples(8, filter=0.5, chunks=4, gain=2)",
    "MixedBatches(SwapSearch(32, k=40, temperature=0.1), 0.25)",
    "MixedBatches(ShuffledBatches(8), 1)",
    "NearestNeighbour(8, skip=2, window=20)",
    "OrderedSGD(8, k=5, q=2, candidates='independent', hardest_first=False, loss='nt_xent')",
    "RandomWalk(8, restart=0.05, overlap=True)",
    "ShuffledBatches(8)",
    "ShuffledBatches(8, replacement=True)",
    "SpectralClustering(8, affinity='exp', workers=2)",
    "SwapSearch(8, refine=SpectralClustering(8, k=4))",
]


@pytest.mark.parametrize("text", TEXTS)
def test_the_repr_is_the_call_that_makes_the_selector(text):
    selector = eval(text)
    assert repr(selector) == text == repr(eval(repr(selector))) == repr(pickle.loads(pickle.dumps(selector)))


def test_numbers_are_shown_alike_whatever_their_type():
    assert repr(SwapSearch(np.int64(8), temperature=np.float64(0.5))) == repr(SwapSearch(8, temperature=0.5))
    assert repr(SwapSearch(8, temperature=2)) == repr(SwapSearch(8, temperature=2.0)) == "SwapSearch(8, temperature=2)"
    assert repr(SwapSearch(8, temperature=1)) == repr(SwapSearch(8, k=None)) == "SwapSearch(8)"


def test_of_a_plan_only_the_shape_is_shown():
    assert repr(FixedBatches(batches=PLAN)) == "FixedBatches(batches=<int64 [3, 4]>)"
    assert repr(MixedBatches(FixedBatches(batches=PLAN), 0.5)) == "MixedBatches(FixedBatches(batches=<int64 [3, 4]>), 0.5)"


def test_the_identity_tells_plans_apart_and_leaves_out_what_does_not_matter():
    plans = (PLAN, PLAN.clone(), PLAN.flip(0))
    first, same, other = (MixedBatches(FixedBatches(batches=plan), 0.5).described(identity=True) for plan in plans)
    assert first == same != other
    assert SwapSearch(8, k=3, workers=2).described(identity=True) == "SwapSearch(8, k=3)"
    assert AllBatches(3, max_batches=10).described(identity=True) == "AllBatches(3)"
    nested = SwapSearch(8, refine=SpectralClustering(8, workers=1))
    assert nested.described(identity=True) == "SwapSearch(8, refine=SpectralClustering(8))"


def test_the_identity_tells_reference_models_apart():
    views = (torch.ones(6, 2), torch.ones(6, 2), torch.full((6, 2), 2.0))
    texts = [JointExamples(2, reference=(view, view)).described(identity=True) for view in views]
    assert texts[0] == texts[1] != texts[2]
    assert repr(JointExamples(2, reference=(views[0], views[0]))) == (
        "JointExamples(2, reference=(<float32 [6, 2]>, <float32 [6, 2]>))"
    )


def test_selectors_of_others_are_shown_without_addresses_or_line_breaks():
    class Own(BatchSelector):
        def __init__(self, rule, parts, table, state=None, hidden=3, **options):
            self.rule, self.parts, self.table, self.state = rule, parts, table, state

        def _select(self, u, v, generator):
            raise NotImplementedError

    text = repr(Own(test_of_a_plan_only_the_shape_is_shown, [FullBatch(), (1, PLAN)], np.ones((2, 2)), object(), 4))
    function = "<function test_of_a_plan_only_the_shape_is_shown>"
    assert text == f"Own({function}, [FullBatch(), (1, <int64 [3, 4]>)], <float64 [2, 2]>, state=<object object>)"
    assert "\n" not in repr(Own(None, torch.nn.Sequential(torch.nn.ReLU()), None))


def test_every_selector_is_listed():
    listed = {type(eval(text)) for text in TEXTS}
    assert listed == {
        *(AllBatches, BalancedKMeans, FixedBatches, FullBatch, GCBS, GraphPartition, JointExamples, MixedBatches),
        *(NearestNeighbour, OrderedSGD, RandomWalk, ShuffledBatches, SpectralClustering, SwapSearch),
    }
