"""Planted differences: what is recommended, and what the sentence says of each method."""

import numpy as np
import pytest
import torch
from small_heads import small_features, small_settings

from replication.heads import Training
from replication.heads.evaluation import measures_of_ranks
from replication.heads.results import TrainedHeads
from replication.pilot.judging import judge

TRAIN, TEST = small_features("train"), small_features("test", 200)


def trained(method, seed, hits):
    """A training of which this share of queries, the same ones in each seed but for some, is answered among the first ten."""
    generator = torch.Generator().manual_seed(seed)
    ranks = {}
    for side, count in (("u2v", len(TEST)), ("v2u", len(TEST.right))):
        right = torch.arange(count) < hits * count
        right = right[torch.randperm(count, generator=torch.Generator().manual_seed(7))]
        flipped = torch.rand(count, generator=generator) < 0.01
        ranks[side] = torch.where(right ^ flipped, 3, 50)
    curve = [{"epoch": 1, "loss": 1.0, "share of ln B": 0.5, "false negatives": 0.1, "temperature": 0.0312 + 0.001 * seed}]
    return TrainedHeads(Training(method, seed, 1e-3), curve, 1, {}, measures_of_ranks(ranks), ranks)


def report(margin=1.0, seeds=4, **methods):
    results = [trained(name, seed, hits) for name, hits in methods.items() for seed in range(1, seeds + 1)]
    return judge(results, TRAIN, TEST, small_settings(), margin, 1e-3, 60.0)


def test_a_method_that_is_better_is_recommended_with_its_numbers_and_code():
    found = report(SGD=0.5, SC=0.6, OSGD=0.5)
    assert found.recommended == "SC"
    assert found.sentence.startswith("On these 40 pairs at B = 8: choose batches by SC: R@10 ")
    assert "n=4 seeds" in found.sentence and "no different: OSGD" in found.sentence
    # The heads learned the temperatures 0.0322, 0.0332, 0.0342 and 0.0352.
    assert (
        found.code.splitlines()[-1]
        == "sampler = PlannedBatchSampler(make_selector('SC', len(data), 8, temperature=0.034, k=2), num_samples=len(data))"
    )
    row = found.table.set_index("selector").loc["SC"]
    assert row.low < row.difference < row.high and row["query low"] < row.difference < row["query high"]
    assert row.difference == pytest.approx(10, abs=1.5) and "1.0 minutes" in found.setting


def test_nothing_is_recommended_where_none_is_better_by_more_than_the_margin():
    found = report(SGD=0.5, SC=0.45, OSGD=0.503, margin=2.0)
    assert found.recommended == "SGD"
    words = "choose nothing: no method is better than shuffled batches by more than 2 points of R@10, over seeds and over test"
    assert words in found.sentence
    assert "worse: SC (-" in found.sentence and "no different: OSGD (" in found.sentence
    assert found.code == "DataLoader(data, batch_size=8, shuffle=True, drop_last=True)"


@pytest.mark.parametrize(
    ("hits", "words"),
    [
        ({"SGD": 0.999, "SC": 1.0}, "no answer: R@10 of shuffled batches is "),
        ({"SGD": 0.01, "SC": 0.01}, "the heads have hardly learned from these features"),
    ],
)
def test_where_r10_tells_nothing_there_is_no_answer(hits, words):
    found = report(**hits)
    assert words in found.sentence and found.recommended == "SGD"


def test_the_code_makes_what_was_tried():
    results = [trained(name, seed, hits) for name, hits in {"SGD": 0.5, "SC": 0.6}.items() for seed in range(1, 4)]
    found = judge(results, TRAIN, TEST, small_settings(k=5, candidates=20, temperature=0.2), 1.0, 1e-3, 60.0)
    assert "8, temperature=0.2, k=5, candidates=20)" in found.code


def test_both_directions_count_alike_however_many_captions():
    found = report(SGD=0.5, SC=0.7)
    row = found.table.set_index("selector").loc["SC"]
    middle = (row["query low"] + row["query high"]) / 2
    assert middle == pytest.approx(row.difference, abs=1.0)


def test_frames_hold_every_method_and_epoch():
    found = report(SGD=0.5, SC=0.6)
    assert found.table.selector.tolist() == ["SGD", "SC"] and (found.table.n == 4).all()
    assert len(found.curves) == 8 and np.isfinite(found.curves.loss).all()
