"""The fast surrogates of the multiclass AUC against the sum over all pairs of samples of different classes."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from replication.losses import multiclass_auc_loss

LOSSES = {
    "square": lambda t, alpha: 0.5 * (alpha - t) ** 2,
    "exp": lambda t, alpha: (-alpha * t).exp(),
    "hinge": lambda t, alpha: (alpha - t).clamp(min=0),
}


def slow(scores, labels, surrogate, alpha):
    """Return the loss from the definition: each pair of classes, each pair of samples."""
    classes = range(scores.shape[1])
    total = 0.0
    for i in classes:
        for j in classes:
            if i != j:
                margins = scores[labels == i, i].unsqueeze(1) - scores[labels == j, i]
                total = total + LOSSES[surrogate](margins, alpha).mean()
    return total / (len(classes) * (len(classes) - 1))


def case(classes, more, seed, scale=1.0):
    """Return scores and labels with every class at least once, of very different sizes."""
    generator = torch.Generator().manual_seed(seed)
    labels = torch.cat([torch.arange(classes), (torch.rand(more, generator=generator) ** 3 * classes).long()])
    return scale * torch.randn(classes + more, classes, dtype=torch.float64, generator=generator), labels


@pytest.mark.parametrize("surrogate", LOSSES)
@given(st.integers(2, 5), st.integers(0, 20), st.sampled_from([0.1, 1.0, 3.0]), st.integers(0, 999))
@settings(max_examples=40, deadline=None)
def test_value_and_gradient_equal_those_of_all_pairs(surrogate, classes, more, alpha, seed):
    scores, labels = case(classes, more, seed)
    scores.requires_grad_()
    mine, expected = multiclass_auc_loss(scores, labels, surrogate, alpha), slow(scores, labels, surrogate, alpha)
    torch.testing.assert_close(mine, expected, rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(*(torch.autograd.grad(loss, scores)[0] for loss in (mine, expected)), rtol=1e-11, atol=1e-12)


def test_ties_of_the_hinge_count_as_the_definition_says():
    scores, labels = case(3, 12, seed=0)
    scores = scores.round()  # many pairs are equal, and many lie just at the margin
    torch.testing.assert_close(multiclass_auc_loss(scores, labels, "hinge"), slow(scores, labels, "hinge", 1.0))


@pytest.mark.parametrize("surrogate", LOSSES)
def test_the_sizes_of_the_classes_do_not_matter(surrogate):
    scores, labels = case(3, 9, seed=1)
    often = torch.where(labels == 1, 50, 1)
    repeated = multiclass_auc_loss(scores.repeat_interleave(often, 0), labels.repeat_interleave(often), surrogate)
    torch.testing.assert_close(repeated, multiclass_auc_loss(scores, labels, surrogate))


@pytest.mark.parametrize("surrogate", LOSSES)
def test_a_column_may_be_shifted(surrogate):
    """Only differences within a column count; so single precision is enough also far from zero."""
    scores, labels = case(4, 30, seed=2)
    shifted = (scores + torch.tensor([100.0, -50.0, 0.0, 900.0])).float()
    found = multiclass_auc_loss(shifted, labels, surrogate)
    torch.testing.assert_close(found.double(), multiclass_auc_loss(scores, labels, surrogate), rtol=1e-3, atol=0)


def test_the_exponential_overflows_only_where_its_value_does():
    scores = torch.tensor([[200.0, -200.0], [0.0, 0.0]])
    assert multiclass_auc_loss(scores, torch.tensor([0, 1]), "exp").item() == pytest.approx(0.5 * 2 * math.exp(-200), abs=1e-30)
    assert multiclass_auc_loss(scores, torch.tensor([1, 0]), "exp").item() == math.inf


def test_with_every_sample_its_own_class_it_is_what_infonce_takes_the_logarithm_of():
    """log of sum_j exp(s_ji - s_ii), the one for each text, without its mean over the samples."""
    u, v = torch.nn.functional.normalize(torch.randn(2, 6, 3, generator=torch.Generator().manual_seed(0)).double(), dim=2)
    scores = u @ v.T
    inside = sum(math.exp(-5 * (scores[i, i] - scores[j, i])) for i in range(6) for j in range(6) if j != i) / (6 * 5)
    assert multiclass_auc_loss(scores, torch.arange(6), "exp", 5).item() == pytest.approx(inside, rel=1e-12)
    per_text = (1 + 5 * torch.stack([multiclass_auc_terms(scores, i, 5.0) for i in range(6)])).log().mean()
    one_way = torch.nn.functional.cross_entropy(5 * scores.T, torch.arange(6))
    torch.testing.assert_close(per_text, one_way, rtol=1e-12, atol=0)


def multiclass_auc_terms(scores, i, alpha):
    others = torch.arange(len(scores)) != i
    return (-alpha * (scores[i, i] - scores[others, i])).exp().mean()


def test_being_a_mean_over_pairs_it_is_the_same_on_average_over_all_batches():
    """Every sample its own class; each pair of them lies in equally many of the batches."""
    u, v = torch.nn.functional.normalize(torch.randn(2, 7, 3, generator=torch.Generator().manual_seed(1)).double(), dim=2)
    whole = multiclass_auc_loss(u @ v.T, torch.arange(7), "exp", 2)
    for batches in (torch.combinations(torch.arange(7), 3), (torch.arange(7).unsqueeze(1) + torch.tensor([0, 1, 3])) % 7):
        mean = sum(multiclass_auc_loss(u[b] @ v[b].T, torch.arange(3), "exp", 2) for b in batches) / len(batches)
        torch.testing.assert_close(mean, whole, rtol=1e-12, atol=0)


def test_wrong_inputs_raise_one_clear_line():
    scores, labels = torch.zeros(4, 3), torch.tensor([0, 1, 2, 0])
    cases = [
        (ValueError, "surrogate='log' must be one of 'square', 'exp', 'hinge'", (scores, labels, "log")),
        (ValueError, "alpha=0 must be a finite number > 0", (scores, labels, "exp", 0)),
        (TypeError, "scores is torch.int64", (scores.long(), labels)),
        (ValueError, r"scores has shape \[4, 1\]; it must be \[n, C\] with C >= 2", (scores[:, :1], labels)),
        (TypeError, "labels is torch.float32; it must be an integer tensor", (scores, labels.float())),
        (ValueError, r"labels has shape \[3\]; it must be \[4\]", (scores, labels[:3])),
        (ValueError, r"labels\[3\]=5 must lie in 0\.\.2", (scores, torch.tensor([0, 1, 2, 5]))),
        (ValueError, "labels holds no sample of class 1; each of the 3 columns", (scores, torch.zeros(4, dtype=torch.int64))),
    ]
    for kind, message, arguments in cases:
        with pytest.raises(kind, match=f"^{message}") as error:
            multiclass_auc_loss(*arguments)
        assert "\n" not in str(error.value)
