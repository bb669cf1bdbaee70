"""The spectral loss against sums over pairs of views, and its dual against it."""

import pytest
import torch
from torch.nn.functional import normalize

from replication.losses import SpectralContrastive, spectral_dual, spectral_loss


def pairs(n, d, seed=0):
    """Return rows of any norm."""
    return torch.randn(2, n, d, dtype=torch.float64, generator=torch.Generator().manual_seed(seed)).unbind()


def matrix_of(d, seed=0):
    return torch.randn(d, d, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def moment(u, v):
    return torch.cat([u, v]).T @ torch.cat([u, v]) / (2 * len(u))


def slow_loss(u, v):
    views = [*u, *v]
    squares = [(x @ y) ** 2 for x in views for y in views]
    return sum(squares) / len(squares) - 2 * sum(x @ y for x, y in zip(u, v, strict=True)) / len(u)


def slow_objective(u, v, temperature):
    n = len(u)
    u, v = normalize(u, dim=1), normalize(v, dim=1)
    squares = [(x[i] @ y[j]) ** 2 for x in (u, v) for y in (u, v) for i in range(n) for j in range(n) if i != j]
    return sum(squares) / len(squares) / temperature - 2 * sum(u[i] @ v[i] for i in range(n)) / n


def test_the_loss_is_the_mean_over_all_pairs_of_views():
    u, v = pairs(6, 3)
    torch.testing.assert_close(spectral_loss(u, v), slow_loss(u, v), rtol=1e-12, atol=0)


@pytest.mark.parametrize("temperature", [1.0, 0.1])
def test_the_objective_is_the_mean_over_views_of_different_samples(temperature):
    u, v = pairs(5, 3)
    objective = SpectralContrastive(temperature)
    torch.testing.assert_close(objective(u, v), slow_objective(u, v, temperature), rtol=1e-12, atol=0)
    assert torch.autograd.gradcheck(objective, (u.requires_grad_(), v.requires_grad_()))


def test_objective_and_loss_differ_by_the_pairs_of_a_sample_with_itself():
    """4 N of the 4 N^2 pairs of views: two of each sample give 1, and two s_pos^2."""
    u, v = (normalize(x, dim=1) for x in pairs(7, 3))
    positive = (u * v).sum(dim=1)
    own = (2 + 2 * positive.square()).mean() / 4
    apart = SpectralContrastive(1)(u, v) + 2 * positive.mean()
    torch.testing.assert_close(spectral_loss(u, v), own / 7 + apart * 6 / 7 - 2 * positive.mean(), rtol=1e-12, atol=0)


def test_the_maximum_of_the_dual_is_the_loss():
    u, v = pairs(9, 4)
    best = spectral_dual(u, v, moment(u, v))
    torch.testing.assert_close(best, slow_loss(u, v), rtol=1e-12, atol=0)
    for seed in range(5):
        assert spectral_dual(u, v, moment(u, v) + 0.1 * matrix_of(4, seed)) < best


def test_its_gradient_by_the_embeddings_there_is_that_of_the_loss():
    u, v = (x.requires_grad_() for x in pairs(6, 3))
    held = moment(u, v).detach()
    mine = torch.autograd.grad(spectral_dual(u, v, held), (u, v))
    torch.testing.assert_close(mine, torch.autograd.grad(spectral_loss(u, v), (u, v)), rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("size", [1, 2, 3, 4, 6, 12])
def test_the_dual_is_the_same_for_every_partition_and_the_loss_is_not(size):
    u, v = pairs(12, 3)
    order = torch.randperm(12, generator=torch.Generator().manual_seed(0))
    parts = [x[order].view(-1, size, 3) for x in (u, v)]
    whole = spectral_dual(u, v, matrix_of(3))
    torch.testing.assert_close(spectral_dual(*parts, matrix_of(3)).mean(), whole, rtol=1e-12, atol=1e-12)
    local = spectral_loss(*parts).mean()
    assert local > spectral_loss(u, v) + 1e-3 or size == 12


@pytest.mark.parametrize(("n", "d"), [(7, 3), (5, 2)])
def test_the_optimum_on_the_sphere_is_a_tight_frame(n, d):
    """Descent ends at u = v with the second moment I/d, of value 1/d - 2."""
    x = pairs(n, d, seed=1)
    x = torch.stack(x).requires_grad_()
    optimizer = torch.optim.LBFGS([x], max_iter=100, tolerance_grad=1e-9, tolerance_change=0, line_search_fn="strong_wolfe")

    def closure():
        optimizer.zero_grad()
        value = spectral_loss(*normalize(x, dim=2))
        value.backward()
        return value

    optimizer.step(closure)
    u, v = normalize(x.detach(), dim=2)
    assert spectral_loss(u, v).item() == pytest.approx(1 / d - 2, abs=1e-6)
    torch.testing.assert_close(moment(u, v), torch.eye(d, dtype=torch.float64) / d, rtol=0, atol=1e-3)


def test_leading_dimensions_are_sets_of_their_own():
    u, v = (torch.stack(x) for x in zip(pairs(5, 3), pairs(5, 3, seed=1), strict=True))
    matrices = torch.stack([matrix_of(3), matrix_of(3, 1)])
    alone = torch.stack([spectral_dual(u[i], v[i], matrices[i]) for i in range(2)])
    torch.testing.assert_close(spectral_dual(u, v, matrices), alone)
    torch.testing.assert_close(spectral_loss(u, v), torch.stack([spectral_loss(u[i], v[i]) for i in range(2)]))


def test_half_precision_is_cast_up():
    u, v = (x.bfloat16() for x in pairs(5, 3))
    for found, expected in (
        (spectral_loss(u, v), spectral_loss(u.float(), v.float())),
        (spectral_dual(u, v, matrix_of(3).bfloat16()), spectral_dual(u.float(), v.float(), matrix_of(3).bfloat16().float())),
    ):
        assert found.dtype == torch.float32 and torch.equal(found, expected)


def test_wrong_inputs_raise_one_clear_line():
    u, v = pairs(4, 3)
    cases = [
        (TypeError, "u is list; it must be a floating-point tensor", lambda: spectral_loss([u], v)),
        (TypeError, "v is torch.int64", lambda: spectral_loss(u, v.long())),
        (TypeError, "v is torch.float32; it must have the type of u, torch.float64", lambda: spectral_dual(u, v.float(), u)),
        (ValueError, r"u has shape \[3\]; it must be \[..., N, d\]", lambda: spectral_loss(u[0], v[0])),
        (ValueError, r"v has shape \[3, 3\]; it must equal .* \[4, 3\]", lambda: spectral_loss(u, v[:3])),
        (TypeError, "matrix is NoneType", lambda: spectral_dual(u, v, None)),
        (ValueError, r"matrix has shape \[4, 3\]; it must be \[..., 3, 3\]", lambda: spectral_dual(u, v, u)),
    ]
    for kind, message, call in cases:
        with pytest.raises(kind, match=f"^{message}") as error:
            call()
        assert "\n" not in str(error.value)
