"""Rows of any norm get norm 1; rows of ordinary norms are F.normalize's to the last bit."""

import pytest
import torch
import torch.nn.functional as F

from replication.directions import directions, moderate
from replication.evaluation import corruption_retrieval, knn_accuracy, retrieval_metrics
from replication.losses import OBJECTIVES, contrastive_loss, make_objective

U, NOISE = torch.randn(2, 24, 6, generator=torch.Generator().manual_seed(0))
V = U + 0.5 * NOISE
INDEX = torch.arange(24)
NORMS = [1e20, 1e-20, 1e-37]


@pytest.mark.parametrize("scale", [1e-9, 1e-4, 1, 1e5, 1e9])
def test_ordinary_rows_do_not_change_by_a_bit_nor_do_their_gradients(scale):
    results = []
    for function in (directions, F.normalize):
        x = (scale * U).requires_grad_()
        unit = function(x, dim=1)
        results.append((unit.detach(), *torch.autograd.grad((unit * V).sum(), x)))
    assert all(map(torch.equal, *results))


@pytest.mark.parametrize("scale", NORMS)
def test_other_rows_get_norm_1_too_and_their_gradient_is_that_of_the_division(scale):
    x = (scale * U).requires_grad_()
    unit = directions(x, dim=1)
    expected = U.clone().requires_grad_()
    (gradient,) = torch.autograd.grad((unit * V).sum(), x)
    (usual,) = torch.autograd.grad((F.normalize(expected, dim=1) * V).sum(), expected)
    torch.testing.assert_close(unit, F.normalize(U, dim=1))
    torch.testing.assert_close(gradient.double() * scale, usual.double(), rtol=1e-3, atol=1e-5)


def test_zero_rows_stay_zero_and_rows_are_judged_one_by_one():
    x = torch.stack([0 * U[0], 1e20 * U[1], U[2], 1e-20 * U[3]])
    unit = directions(x, dim=1)
    assert torch.equal(unit[0], x[0]) and torch.equal(unit[2], F.normalize(x, dim=1)[2])
    torch.testing.assert_close(unit[1::2], F.normalize(U[1:4:2], dim=1))
    assert torch.equal(moderate(x, dim=1)[2], x[2])


@pytest.mark.parametrize("name", OBJECTIVES)
@pytest.mark.parametrize("scale", NORMS)
def test_losses_do_not_depend_on_the_norms(name, scale):
    loss, usual = (make_objective(name, 24, 0.1)(s * U, s * V, INDEX) for s in (scale, 1))
    torch.testing.assert_close(loss, usual, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("validate", [False, True])
@pytest.mark.parametrize("scale", NORMS)
def test_nor_does_the_full_batch_loss(scale, validate):
    losses = [contrastive_loss(s * U, s * V, 0.1, normalize=True, validate=validate) for s in (scale, 1)]
    torch.testing.assert_close(*losses, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("scale", NORMS)
def test_nor_do_the_measures_by_cosine_or_by_inner_product(scale):
    measures = []
    for s in (scale, 1):
        u, v, images = s * U, s * V, (s * U.view(4, 6, 6), s * V.view(4, 6, 6))
        found = {"kNN": knn_accuracy(u, INDEX % 3, v, INDEX % 3, k=5)}
        for normalize in (True, False):
            found |= {f"{name}, {normalize}": x for name, x in retrieval_metrics(u, v, normalize=normalize).items()}
            found |= {f"{name} of 4, {normalize}": x for name, x in corruption_retrieval(*images, normalize=normalize).items()}
        measures.append(found)
    assert measures[0] == measures[1]
