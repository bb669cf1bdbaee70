"""Many trainings at once: independent of each other and of how they are grouped, each with its own curve and kept heads."""

import json
import math
from dataclasses import replace

import pytest
import torch
from small_heads import small_features, small_settings, small_splits

from replication.evaluation.shares import duplicate_share, same_class_share
from replication.heads import Training, train_heads
from replication.heads.evaluation import measures_of_ranks, retrieval_ranks
from replication.heads.group import Group
from replication.heads.planning import draw_rows
from replication.heads.training import cpu_group, make_groups, weights_of
from replication.training.loop import TrainingDiverged

SPLITS = small_splits()
TRAININGS = [Training(method, seed, lr) for method in ("SGD", "OSGD, k 4") for seed in (0, 1) for lr in (1e-2, 1e-3)]


@pytest.fixture(scope="module")
def results():
    return train_heads(*SPLITS, small_settings(), TRAININGS, workers=1, group_size=3)


def assert_same(first, second):
    assert first.training == second.training and first.best_epoch == second.best_epoch
    for name, value in first.heads.weights.items():
        torch.testing.assert_close(value, second.heads.weights[name], rtol=0, atol=1e-6)
    for one, other in zip(first.curve, second.curve, strict=True):
        assert one == pytest.approx(other, abs=1e-6)
    assert first.test == second.test


@pytest.mark.parametrize(("group_size", "workers"), [(1, 1), (8, 1), (2, 2)])
def test_the_numbers_do_not_depend_on_the_grouping(results, group_size, workers):
    others = train_heads(*SPLITS, small_settings(), TRAININGS, workers=workers, group_size=group_size)
    for one, other in zip(results, others, strict=True):
        assert_same(one, other)


def test_a_training_alone_is_the_same(results):
    (alone,) = train_heads(*SPLITS, small_settings(), [TRAININGS[5]])
    assert_same(results[5], alone)


def test_results_come_in_the_order_of_the_trainings(results):
    assert [result.training for result in results] == TRAININGS
    for result in results:
        assert result.updates == 15 and set(result.seconds) == {"features", "selection", "steps", "evaluation"}
    assert 0 <= results[0].seconds["features"] < results[4].seconds["features"]  # shuffled batches need no pass


def test_a_record_is_plain(results):
    record = json.loads(json.dumps(results[0].record()))
    assert record["method"] == "SGD" and record["lr"] == 1e-2 and record["test"] == results[0].test


def test_it_learns_and_the_best_epoch_is_kept(results):
    for result in results:
        values = [row["mean R@10"] for row in result.curve]
        assert result.best_epoch == 1 + values.index(max(values)) and result.validation["mean R@10"] == max(values)
        assert [row["epoch"] for row in result.curve] == [1, 2, 3]
        ranks = retrieval_ranks(result.heads, SPLITS[2])
        assert result.test == measures_of_ranks(ranks) and torch.equal(ranks["v2u"], result.test_ranks["v2u"])
    assert results[0].curve[-1]["loss"] < results[0].curve[0]["loss"]
    row = results[0].curve[0]
    assert row["share of ln B"] == pytest.approx(row["loss"] / math.log(8))


def test_methods_of_a_seed_share_their_start(results):
    """Shuffled and chosen batches differ; initial heads, captions and views do not."""
    group = Group(*SPLITS, small_settings(), [Training("SGD", 3, 1e-3), Training("OSGD", 3, 1e-3), Training("SGD", 4, 1e-3)])
    for value in group.heads.weights.values():
        assert torch.equal(value[0], value[1])
    views, captions, _ = group._plan(0)
    drawn_views, drawn_captions = draw_rows(SPLITS[0], 3, 0)
    for place in (0, 1):
        items = views[:, place] % 40
        assert torch.equal(drawn_views[items], views[:, place]) and torch.equal(drawn_captions[items], captions[:, place])


def test_shares_of_likely_false_negatives():
    settings, trainings = small_settings(), [Training("SGD", 0, 1e-3)]
    texts = [f"word{row % 3} thing" for row in range(len(SPLITS[0].right))]
    with_texts = replace(SPLITS[0], groups=None, texts=texts)
    neither = replace(SPLITS[0], groups=None)
    shares = {}
    for name, train in (("groups", SPLITS[0]), ("texts", with_texts), ("neither", neither)):
        views, _, (shares[name],) = Group(train, *SPLITS[1:], settings, trainings)._plan(0)
    plan = views[:, 0] % 40
    assert shares["groups"] == same_class_share(plan, SPLITS[0].groups)
    rows = draw_rows(with_texts, 0, 0)[1]
    assert shares["texts"] == duplicate_share(plan, [texts[row] for row in rows.tolist()]) > 0
    assert math.isnan(shares["neither"])


def test_epochs_are_told_as_they_end():
    told = []
    train_heads(*SPLITS, small_settings(), TRAININGS[:2], workers=1, on_epoch=lambda *news: told.append(news))
    assert [(training, row["epoch"]) for training, row in told] == [(t, e) for t in TRAININGS[:2] for e in (1, 2, 3)]


def test_groups_have_one_rate_and_are_even():
    trainings = [Training("SGD", seed, lr) for seed in range(5) for lr in (1e-3, 1e-2)]
    groups = make_groups(trainings, 4)
    assert sorted(map(len, groups)) == [2, 2, 3, 3]
    assert all(len({training.lr for training in group}) == 1 for group in groups)
    assert {training for group in groups for training in group} == set(trainings)


def test_a_loss_that_is_not_finite_stops_with_its_place():
    broken = small_features()
    broken.left[:, 7] = 3e38  # whose products overflow
    with pytest.raises(
        TrainingDiverged, match=r"the loss of Training\(method='SGD', seed=0, lr=0.01\) is nan at epoch 1, step"
    ):
        train_heads(broken, *SPLITS[1:], small_settings(), TRAININGS[:1])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"trainings": []}, r"trainings=\[\] must be a list of one or more Training"),
        ({"trainings": TRAININGS[:1] * 2}, r"trainings must not hold one twice: Training\(method='SGD', seed=0, lr=0.01\)"),
        ({"settings": small_settings(batch_size=41)}, "batch_size=41 must be <= 40, the items of small to train on"),
        ({"val": small_features("val", dimensions=(6, 4))}, "right of small val has d=4; training has d=5"),
        ({"test": small_features("test", dimensions=(7, 5))}, "left of small test has d=7; training has d=6"),
        ({"trainings": [Training("neighbours, skip 40", 0, 1e-3)]}, "needs >= 48 samples"),
        ({"group_size": 0}, "group_size=0 must be >= 1"),
    ],
)
def test_what_does_not_fit_is_one_line(changes, message):
    arguments = dict(zip(("train", "val", "test"), SPLITS, strict=True)) | {
        "settings": small_settings(),
        "trainings": TRAININGS,
    }
    with pytest.raises(ValueError, match=message) as error:
        train_heads(**arguments | changes)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("trainings", "workers", "weights", "size"),
    [(22, 2, 393_216, 6), (22, 2, 10**7, 4), (100, 2, 1000, 13), (3, 4, 1000, 1), (1, 1, 1000, 1), (16, 1, 1000, 16)],
)
def test_groups_on_a_cpu(trainings, workers, weights, size):
    """As large as caches allow, and as many for each worker."""
    assert cpu_group(trainings, workers, weights) == size


@pytest.mark.parametrize("kind", ["linear", "mlp"])
def test_weights_are_those_of_the_matrices(kind):
    settings = small_settings(kind=kind)
    group = Group(*SPLITS, settings, TRAININGS[:1])
    matrices = [value for name, value in group.heads.weights.items() if "bias" not in name and name != "log scale"]
    assert weights_of(settings, SPLITS[0].left.shape[-1], SPLITS[0].right.shape[-1]) == sum(map(torch.numel, matrices))
