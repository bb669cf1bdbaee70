import math

import pytest
import torch

from replication.experiments.osgd_toy.smoothness import (
    gradient_norm,
    largest_on_spheres,
    negative_curvature,
    smoothness_table,
    weak_convexity_bound,
)
from replication.losses import contrastive_loss


@pytest.fixture
def embeddings():
    points = torch.randn(2, 3, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    return torch.nn.functional.normalize(points, dim=-1)


def loss(flat):
    u, v = flat.view(2, 3, 4)
    return contrastive_loss(u, v, validate=False)


def test_gradient_norm_against_finite_differences(embeddings):
    flat, step = embeddings.flatten(), 1e-6
    slopes = torch.stack([(loss(flat + step * e) - loss(flat - step * e)) / (2 * step) for e in torch.eye(24).double()])
    assert gradient_norm(embeddings) == pytest.approx(float(slopes.norm()), rel=1e-7)


def test_negative_curvature_is_the_least_eigenvalue_of_the_hessian(embeddings):
    hessian = torch.autograd.functional.hessian(loss, embeddings.flatten())
    curvature = -float(negative_curvature(embeddings))
    assert curvature == pytest.approx(float(torch.linalg.eigvalsh(hessian)[0]), abs=1e-10)
    assert curvature < 0


def test_search_finds_the_worst_pairs():
    # Two pairs with v_i = -u_i = u_j: every softmax puts 1 / (1 + e^2) on the right partner, so the gradients of the four
    # vectors are 2 s(2) long, s the logistic function.
    worst = torch.tensor([[[1.0, 0], [-1, 0]], [[-1, 0], [1, 0]]], dtype=torch.float64)
    expected = 4 / (1 + math.exp(-2))
    assert gradient_norm(worst) == pytest.approx(expected)
    assert largest_on_spheres(gradient_norm, 2, 2, starts=4, steps=80) == pytest.approx(expected, rel=1e-3)


def test_table_and_bound():
    assert weak_convexity_bound(2) == pytest.approx(2 + 2 * math.e**2)
    table = smoothness_table([2], starts=2, steps=2)
    assert table["largest gradient"].iloc[0] <= 4 / (1 + math.exp(-2)) + 1e-12
    assert table["most negative curvature"].iloc[0] < 0


def test_a_batch_of_one_is_refused():
    with pytest.raises(ValueError, match=r"^batch_size=1 must be >= 2"):
        largest_on_spheres(gradient_norm, 1, 2, 1, 1)
