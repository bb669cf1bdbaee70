"""The losses against loops that follow eq. (1) of the paper literally, open_clip's implementation, and closed forms."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from open_clip import ClipLoss

from replication.geometry import cross_polytope, simplex_etf
from replication.losses import InfoNCE, batch_losses, contrastive_loss, mini_batch_loss
from replication.selection import AllBatches


def pairs(n, d, dtype=torch.float64, seed=0):
    generator = torch.Generator().manual_seed(seed)
    u, v = (torch.randn(n, d, generator=generator, dtype=torch.float64) for _ in range(2))
    return (u / u.norm(dim=1, keepdim=True)).to(dtype), (v / v.norm(dim=1, keepdim=True)).to(dtype)


def slow_loss(u, v, temperature=1.0):
    """Eq. (1) in three loops (directions, pairs, candidates), in Python's own floats."""
    total = 0.0
    for a, b in ((u.double().tolist(), v.double().tolist()), (v.double().tolist(), u.double().tolist())):
        for i, query in enumerate(a):
            z = [math.fsum(x * y for x, y in zip(query, candidate, strict=True)) / temperature for candidate in b]
            total -= z[i] - max(z) - math.log(math.fsum(math.exp(value - max(z)) for value in z))
    return total / len(u)


def rows_with_gram(gram):
    """Return embeddings [N, N] whose inner products are `gram`."""
    values, vectors = torch.linalg.eigh(gram)
    return vectors * values.clamp(min=0).sqrt()


@pytest.mark.parametrize("temperature", [1, 0.1, 0.01])
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.float16, torch.bfloat16])
def test_contrastive_loss_equals_the_slow_loop(dtype, temperature):
    for seed, (n, d) in enumerate([(2, 1), (5, 2), (17, 8)]):
        u, v = pairs(n, d, dtype, seed)
        loss = contrastive_loss(u, v, temperature)
        assert loss.dtype == (torch.float64 if dtype == torch.float64 else torch.float32)
        tolerance = {"rel": 1e-12, "abs": 1e-12} if dtype == torch.float64 else {"rel": 1e-5, "abs": 1e-6 / temperature}
        assert loss.item() == pytest.approx(slow_loss(u, v, temperature), **tolerance)


def test_autocast_does_not_lower_the_precision():
    u, v = pairs(8, 4, torch.float32)
    batches = AllBatches(3).plan(8)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        inside = contrastive_loss(u, v, 0.05), mini_batch_loss(u, v, batches, 0.05)
    torch.testing.assert_close(inside, (contrastive_loss(u, v, 0.05), mini_batch_loss(u, v, batches, 0.05)))


def test_gradient_flows_through_the_temperature():
    u, v = pairs(6, 3)
    temperature = torch.tensor(0.3, dtype=torch.float64, requires_grad=True)
    contrastive_loss(u, v, temperature).backward()
    step = 1e-6
    difference = (slow_loss(u, v, 0.3 + step) - slow_loss(u, v, 0.3 - step)) / (2 * step)
    assert temperature.grad.item() == pytest.approx(difference, rel=1e-7)


@pytest.mark.parametrize("validate", [True, False])
def test_normalize_equals_normalising_first(validate):
    u, v = pairs(6, 3)
    scale = torch.linspace(0.1, 7, 6, dtype=torch.float64)[:, None]
    batches = AllBatches(2).plan(6)
    scaled = contrastive_loss(u * scale, v / scale, normalize=True, validate=validate)
    torch.testing.assert_close(scaled, contrastive_loss(u, v))
    scaled = mini_batch_loss(u * scale, v / scale, batches, normalize=True, validate=validate)
    torch.testing.assert_close(scaled, mini_batch_loss(u, v, batches))


@pytest.mark.parametrize("temperature", [1, 0.07])
def test_half_of_the_loss_is_the_loss_of_clip(temperature):
    u, v = pairs(12, 5)
    torch.testing.assert_close(0.5 * contrastive_loss(u, v, temperature), ClipLoss()(u, v, 1 / temperature))


@pytest.mark.parametrize("n", [2, 4, 8])
def test_closed_forms_at_the_optima(n):
    etf = rows_with_gram(simplex_etf(n))
    polytope = rows_with_gram(cross_polytope(n))
    for size in range(2, n + 1):
        expected = 2 * math.log(1 + (size - 1) * math.exp(-n / (n - 1)))
        assert mini_batch_loss(etf, etf, AllBatches(size).plan(n)).item() == pytest.approx(expected, abs=1e-12)
    expected = 2 * (math.log(math.e + 1 / math.e + n - 2) - 1)
    assert contrastive_loss(polytope, polytope).item() == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("size", [1, 2, 3, 7])
def test_mini_batch_loss_and_gradient_equal_the_loop_for_any_block_size(size):
    batches = AllBatches(size).plan(7)

    def value_and_gradients(loss):
        u, v = (x.requires_grad_() for x in pairs(7, 3))
        temperature = torch.tensor(0.4, dtype=torch.float64, requires_grad=True)
        value = loss(u, v, temperature)
        return value.detach(), torch.autograd.grad(value, (u, v, temperature))

    loop = value_and_gradients(
        lambda u, v, t: sum(contrastive_loss(u[b], v[b], t, validate=False) for b in batches) / len(batches)
    )
    u, v = pairs(7, 3)
    slow = [slow_loss(u[row], v[row], 0.4) for row in batches]
    for max_elements in (1, 100, 2**24):
        torch.testing.assert_close(
            value_and_gradients(lambda u, v, t: mini_batch_loss(u, v, batches, t, max_elements=max_elements)),  # noqa: B023
            loop,
            rtol=1e-10,
            atol=1e-13,
        )
        losses = batch_losses(u, v, batches, 0.4, max_elements=max_elements)
        torch.testing.assert_close(losses, torch.tensor(slow, dtype=torch.float64), rtol=1e-12, atol=1e-12)


def test_wrong_inputs_raise_one_clear_line():
    u, v = pairs(4, 2)
    batches = torch.tensor([[0, 1]])
    cases = [
        (TypeError, "u is list; it must be a floating-point", lambda: contrastive_loss([[1.0]], v)),
        (TypeError, "v is torch.int64", lambda: contrastive_loss(u, v.long())),
        (TypeError, "v is torch.float32; it must have the type of u, torch.float64", lambda: contrastive_loss(u, v.float())),
        (ValueError, r"u has shape \[1, 2\].*N >= 2", lambda: contrastive_loss(u[:1], v[:1])),
        (ValueError, r"v has shape \[3, 2\].*\[4, 2\]", lambda: contrastive_loss(u, v[:3])),
        (ValueError, r"v has 1 of 4 rows with NaN", lambda: contrastive_loss(u, v.where(v != v[2], torch.nan))),
        (ValueError, r"u\[0\] has norm 2; .*normalize=True", lambda: contrastive_loss(2 * u, v)),
        (ValueError, r"v\[0\] is the zero vector", lambda: contrastive_loss(u, 0 * v, normalize=True)),
        (ValueError, "temperature=0 must be a finite number > 0", lambda: contrastive_loss(u, v, 0)),
        (ValueError, r"temperature has shape \[2\]; it must be a number", lambda: contrastive_loss(u, v, torch.ones(2))),
        (ValueError, "temperature=nan must be", lambda: contrastive_loss(u, v, torch.tensor(torch.nan))),
        (TypeError, "temperature='1' must be a number", lambda: contrastive_loss(u, v, "1")),
        (TypeError, "temperature=None must be a number", lambda: contrastive_loss(u, v, None)),
        (TypeError, "batches is torch.float64; it must be an integer", lambda: mini_batch_loss(u, v, u)),
        (TypeError, "batches is list", lambda: mini_batch_loss(u, v, [[0, 1]])),
        (ValueError, r"batches has shape \[2\]", lambda: mini_batch_loss(u, v, batches[0])),
        (ValueError, r"batches has shape \[0, 2\]", lambda: mini_batch_loss(u, v, batches[:0])),
        (ValueError, r"batches holds index 4; indices must lie in 0..3", lambda: mini_batch_loss(u, v, batches + 3)),
        (ValueError, r"batches holds index -1; indices", lambda: mini_batch_loss(u, v, batches - 1)),
        (
            ValueError,
            r"^batches\[1\] holds index 2 twice; a batch must hold distinct indices$",
            lambda: batch_losses(u, v, torch.tensor([[0, 1, 2], [2, 3, 2]])),
        ),
        (ValueError, r"batches\[0\] holds index 0 twice", lambda: mini_batch_loss(u, v, torch.tensor([[0, 0, 0]]))),
    ]
    for kind, message, call in cases:
        with pytest.raises(kind, match=message) as error:
            call()
        assert "\n" not in str(error.value)


def test_without_validation_nothing_is_checked():
    u, v = pairs(4, 2)
    assert math.isnan(contrastive_loss(u * torch.nan, v, validate=False).item())
    assert math.isfinite(contrastive_loss(3 * u, v, validate=False).item())
    assert math.isfinite(mini_batch_loss(u, v, torch.tensor([[0, 0, 1]]), validate=False).item())


@given(st.integers(0, 50))
@settings(max_examples=10, deadline=None)
def test_loss_of_a_plan_does_not_depend_on_labels_or_order(seed):
    """Relabelling the samples, reordering the batches, or the samples of a batch, changes no plan's loss."""
    generator = torch.Generator().manual_seed(seed)
    u, v = (torch.nn.functional.normalize(torch.randn(24, 5, generator=generator).double(), dim=1) for _ in range(2))
    plan = torch.randperm(24, generator=generator).view(4, 6)
    loss = mini_batch_loss(u, v, plan, 0.1)
    order = torch.randperm(24, generator=generator)
    relabelled = mini_batch_loss(u[order], v[order], order.argsort()[plan], 0.1)
    batches = mini_batch_loss(u, v, plan[torch.randperm(4, generator=generator)], 0.1)
    inside = mini_batch_loss(u, v, plan[:, torch.randperm(6, generator=generator)], 0.1)
    for other in (relabelled, batches, inside):
        torch.testing.assert_close(other, loss, rtol=1e-12, atol=1e-12)
    each = batch_losses(u, v, plan, 0.1)
    rows = torch.randperm(4, generator=generator)
    torch.testing.assert_close(batch_losses(u, v, plan[rows], 0.1), each[rows], rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("temperature", [1, 0.1])
def test_the_objective_is_the_loss_of_the_normalised_batch(temperature):
    u, v = pairs(6, 3)
    loss = InfoNCE(temperature)(3 * u, v / 5, torch.arange(6))
    assert loss.item() == pytest.approx(slow_loss(u, v, temperature), rel=1e-12)
