"""Areas under the ROC curve against scikit-learn's and against counts of pairs."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from replication.evaluation import multiclass_auc, partial_auc, retrieval_partial_auc, strict_areas


def scores_of(count, seed, levels=0):
    """Return scores, equal ones among them if they have only so many levels."""
    x = torch.rand(count, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
    return (x * levels).round() / levels if levels else x


def scikit_learns(positive, negative, max_fpr):
    """Return its standardised value on the plain scale, where 1 is the whole strip."""
    truth = [1] * len(positive) + [0] * len(negative)
    value = roc_auc_score(truth, torch.cat([positive, negative]).numpy(), max_fpr=max_fpr)
    return value if max_fpr == 1 else max_fpr / 2 + (2 * value - 1) * (1 - max_fpr / 2)


def share_of_pairs(positive, negative):
    """Return the share of pairs with the larger score at the positive; equal ones count half."""
    margin = positive.unsqueeze(1) - negative
    return float(((margin > 0).double() + 0.5 * (margin == 0)).mean())


@given(
    st.integers(1, 40), st.integers(3, 60), st.sampled_from([0.0, 0.3, 0.5]), st.sampled_from([0, 4, 15]), st.integers(0, 999)
)
@settings(max_examples=25, deadline=None)
def test_one_way_equals_scikit_learn(positives, negatives, shift, levels, seed):
    positive, negative = scores_of(positives, seed, levels) + shift, scores_of(negatives, seed + 1, levels)
    for max_fpr in (0.4, 1 / 3, 0.77, 1):
        expected = scikit_learns(positive, negative, max_fpr)
        assert partial_auc(positive, negative, max_fpr) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("max_fpr", [0.1, 0.3, 0.5, 1.0])
@pytest.mark.parametrize("min_tpr", [0.0, 0.5, 0.75])
def test_at_whole_numbers_it_is_a_share_of_pairs(max_fpr, min_tpr):
    """Top negatives, and bottom positives, without ties."""
    positive, negative = scores_of(40, 0) + 0.3, scores_of(50, 1)
    bottom = positive.sort().values[: round((1 - min_tpr) * 40)]
    top = negative.sort(descending=True).values[: round(max_fpr * 50)]
    assert partial_auc(positive, negative, max_fpr, min_tpr) == pytest.approx(share_of_pairs(bottom, top), abs=1e-12)


@given(st.integers(2, 30), st.integers(2, 30), st.sampled_from([0, 3, 10]), st.integers(0, 999))
@settings(max_examples=15, deadline=None)
def test_two_way_is_the_area_on_a_fine_grid(positives, negatives, levels, seed):
    """The ROC curve read off at many points."""
    positive, negative = scores_of(positives, seed, levels) + 0.2, scores_of(negatives, seed + 1, levels)
    levels = sorted({*positive.tolist(), *negative.tolist(), 9.0}, reverse=True)
    fpr, tpr = ([float((x >= level).double().mean()) for level in levels] for x in (negative, positive))
    height = np.interp((np.arange(40000) + 0.5) / 40000 * 0.6, fpr, tpr) - 0.35
    area = np.maximum(height, 0).mean() / 0.65
    assert partial_auc(positive, negative, 0.6, 0.35) == pytest.approx(area, abs=1e-3)


def test_perfect_reversed_and_equal_scores():
    high, low = torch.arange(10.0) + 10, torch.arange(20.0) - 20
    for max_fpr, min_tpr in ((0.1, 0.0), (0.5, 0.5), (1, 0.9)):
        assert partial_auc(high, low, max_fpr, min_tpr) == 1
        assert partial_auc(low, high, max_fpr, min_tpr) == 0
    same = torch.ones(20)
    assert partial_auc(same, same, 1) == pytest.approx(0.5)
    assert partial_auc(same, same, 0.5) == pytest.approx(0.25)  # the diagonal of the curve, interpolated


def test_retrieval_compares_right_and_wrong_pairs_of_all_queries():
    u, v = torch.randn(2, 12, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    v = u + 0.5 * v
    unit_u, unit_v = (torch.nn.functional.normalize(x, dim=1) for x in (u, v))
    for normalize, scores in ((True, unit_u @ unit_v.T), (False, u @ v.T)):
        off = ~torch.eye(12, dtype=torch.bool)
        for limits in ((0.1, 0.0), (0.25, 0.5)):
            found = retrieval_partial_auc(u, v, max_fpr=limits[0], min_tpr=limits[1], normalize=normalize)
            assert found == pytest.approx(partial_auc(scores.diagonal(), scores[off], *limits), abs=1e-12)
            back = retrieval_partial_auc(v, u, max_fpr=limits[0], min_tpr=limits[1], normalize=normalize)
            assert back == pytest.approx(found, abs=1e-12)


def test_groups_tell_the_right_answers():
    u, v = torch.randn(2, 12, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    captions, images = torch.arange(12) // 3, torch.tensor([3, 0, 1, 2, 3])
    scores = torch.nn.functional.normalize(u, dim=1) @ torch.nn.functional.normalize(v[:5], dim=1).T
    right = captions.unsqueeze(1) == images
    expected = scikit_learns(scores[right], scores[~right], 0.2)
    assert retrieval_partial_auc(u, v[:5], captions, images, max_fpr=0.2) == pytest.approx(expected, abs=1e-12)


@given(st.integers(2, 6), st.integers(0, 40), st.sampled_from([0, 3]), st.integers(0, 999))
@settings(max_examples=15, deadline=None)
def test_multiclass_equals_scikit_learns_one_against_one(classes, more, levels, seed):
    generator = torch.Generator().manual_seed(seed)
    labels = torch.cat([torch.arange(classes), (torch.rand(more, generator=generator) ** 3 * classes).long()])
    logits = torch.randn(len(labels), classes, dtype=torch.float64, generator=generator)
    scores = (logits.round() if levels else logits).softmax(dim=1)
    if classes == 2:  # scikit-learn has no such mean for two classes: both orders of them
        truth = labels.numpy()
        expected = 0.5 * (roc_auc_score(truth == 0, scores[:, 0]) + roc_auc_score(truth == 1, scores[:, 1]))
    else:
        expected = roc_auc_score(labels.numpy(), scores.numpy(), multi_class="ovo", average="macro")
    assert multiclass_auc(scores, labels) == pytest.approx(expected, abs=1e-12)


def test_multiclass_takes_scores_that_are_no_probabilities():
    labels = torch.tensor([0, 1, 2, 1])
    scores = 100 * torch.eye(3)[labels] - 300
    assert multiclass_auc(scores, labels) == 1 and multiclass_auc(-scores, labels) == 0
    assert multiclass_auc(torch.zeros(4, 3), labels) == 0.5


def test_wrong_inputs_raise_one_clear_line():
    x, eye, labels = torch.arange(4.0), torch.eye(3), torch.arange(3)
    cases = [
        (ValueError, "max_fpr=0.2 of 4 negatives is less than one; it must be >= 1/4", lambda: partial_auc(x, x, 0.2)),
        (ValueError, "max_fpr=0 must be a finite number > 0", lambda: partial_auc(x, x, 0)),
        (ValueError, "max_fpr=1.5 must be <= 1", lambda: partial_auc(x, x, 1.5)),
        (ValueError, "min_tpr=1 must be a number >= 0 and < 1", lambda: partial_auc(x, x, 1, 1)),
        (ValueError, "min_tpr=0.8: the rest of 4 positives is less than one", lambda: partial_auc(x, x, 1, 0.8)),
        (TypeError, "positive is torch.int64", lambda: partial_auc(x.long(), x)),
        (ValueError, r"negative has shape \[0\]", lambda: partial_auc(x, x[:0])),
        (ValueError, "positive has 1 of 4 values that are NaN or infinite", lambda: partial_auc(x.log(), x, 1)),
        (ValueError, r"scores has shape \[3, 1\]; it must be \[n, C\] with C >= 2", lambda: multiclass_auc(eye[:, :1], labels)),
        (ValueError, r"labels\[2\]=3 must lie in 0\.\.2", lambda: multiclass_auc(eye, torch.tensor([0, 1, 3]))),
        (ValueError, "labels holds no sample of class 1", lambda: multiclass_auc(eye, 0 * labels)),
        (ValueError, "gallery has 2 rows; without groups it must have 3", lambda: retrieval_partial_auc(eye, eye[:2])),
        (ValueError, "gallery_groups is None; give", lambda: retrieval_partial_auc(eye, eye, labels)),
        (
            ValueError,
            "query_groups and gallery_groups hold only the group 0",
            lambda: retrieval_partial_auc(eye, eye, *2 * [0 * labels]),
        ),
    ]
    for kind, message, call in cases:
        with pytest.raises(kind, match=f"^{message}") as error:
            call()
        assert "\n" not in str(error.value)


def test_strict_areas_are_those_of_the_one_percent_in_percent():
    generator = torch.Generator().manual_seed(0)
    u, v = torch.randn(2, 40, 6, generator=generator).unbind()
    v = v + u
    found = strict_areas(u, v)
    assert list(found) == ["partial AUC", "two-way partial AUC"]
    scores = torch.nn.functional.normalize(u, dim=1) @ torch.nn.functional.normalize(v, dim=1).T
    right = torch.eye(40, dtype=torch.bool)
    for value, least in zip(found.values(), (0, 0.5), strict=True):
        assert value == pytest.approx(100 * partial_auc(scores[right], scores[~right], 0.01, least))
    assert found["two-way partial AUC"] < found["partial AUC"] < 100


def test_strict_areas_of_few_or_grouped_pairs():
    u = torch.eye(3)
    assert strict_areas(u, u) == {"partial AUC": 100, "two-way partial AUC": 100}  # 6 wrong pairs: the best of them alone
    queries, captions = torch.tensor([0, 1, 2]), torch.tensor([0, 0, 1, 2])
    v = torch.eye(3)[captions]
    assert strict_areas(u, v, queries, captions) == {"partial AUC": 100, "two-way partial AUC": 100}
    v[1] = u[2]  # one caption says the wrong thing
    assert strict_areas(u, v, queries, captions)["partial AUC"] < 100


def test_equal_items_tie_whatever_their_rounding():
    generator = torch.Generator().manual_seed(0)
    u = torch.randn(30, 8, generator=generator)
    v = u[torch.arange(30) % 5]
    rounded = v * (1 + 1e-7 * torch.randn(30, 1, generator=generator)) + 1e-7 * torch.randn(30, 8, generator=generator)
    assert retrieval_partial_auc(u, rounded, max_fpr=0.2) == retrieval_partial_auc(u, v, max_fpr=0.2)
