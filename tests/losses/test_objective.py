"""What all objectives promise: precision, invariance, finite gradients, errors; values with a closed form."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from replication.losses import DCL, OBJECTIVES, InfoNCE, NTXent, SpectralContrastive, make_objective

NAMES = list(OBJECTIVES)


def views(n, d, dtype=torch.float64, seed=0):
    return torch.randn(2, n, d, dtype=torch.float64, generator=torch.Generator().manual_seed(seed)).to(dtype)


def loss_and_gradients(name, u, v, index, temperature=0.1, autocast=False):
    u, v = u.clone().requires_grad_(), v.clone().requires_grad_()
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=autocast):
        loss = make_objective(name, 50, temperature)(u, v, index)
    return loss.detach(), *torch.autograd.grad(loss, (u, v))


@pytest.mark.parametrize("name", NAMES)
@given(st.integers(2, 9), st.integers(1, 6), st.sampled_from([1.0, 0.1, 0.02]), st.integers(0, 999))
@settings(max_examples=15, deadline=None)
def test_order_and_norms_of_the_samples_do_not_matter(name, n, d, temperature, seed):
    """In another order the loss is the same and the gradients are reordered; a longer row has a smaller gradient."""
    u, v = views(n, d, seed=seed)
    index = torch.arange(n)
    loss, grad_u, grad_v = loss_and_gradients(name, u, v, index, temperature)
    order = torch.randperm(n, generator=torch.Generator().manual_seed(seed))
    other = loss_and_gradients(name, 3 * u[order], v[order], index[order], temperature)
    scale = 1e-9 / temperature
    torch.testing.assert_close(other, (loss, grad_u[order] / 3, grad_v[order]), rtol=1e-6, atol=scale)


@pytest.mark.parametrize("name", NAMES)
def test_swapping_the_views_swaps_the_gradients(name):
    u, v = views(6, 4)
    loss, grad_u, grad_v = loss_and_gradients(name, u, v, torch.arange(6))
    torch.testing.assert_close(loss_and_gradients(name, v, u, torch.arange(6)), (loss, grad_v, grad_u))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("temperature", [1, 0.1, 0.01])
def test_autocast_and_half_precision_keep_float32_inside(name, temperature):
    u, v = views(16, 8, torch.bfloat16)
    index = torch.arange(16)
    exact = loss_and_gradients(name, u.double(), v.double(), index, temperature)
    single = loss_and_gradients(name, u.float(), v.float(), index, temperature)
    inside = loss_and_gradients(name, u.float(), v.float(), index, temperature, autocast=True)
    half = loss_and_gradients(name, u, v, index, temperature, autocast=True)
    torch.testing.assert_close(inside, single, rtol=0, atol=0)
    assert half[0].dtype == torch.float32 and torch.equal(half[0], single[0])
    tolerance = {"rtol": 1e-4, "atol": 1e-5 / temperature}
    for mine, float32, float64 in zip(half, single, exact, strict=True):
        torch.testing.assert_close(float32.double(), float64, **tolerance)
        torch.testing.assert_close(mine.double(), float64, rtol=1e-2, atol=1e-2 * float64.abs().max().item())


@pytest.mark.parametrize("cls", [InfoNCE, NTXent, DCL, SpectralContrastive])
def test_gradients_are_those_of_the_value(cls):
    """The others hold a part of the gradient fixed: their own tests compare it with loops."""
    u, v = (x.requires_grad_() for x in views(4, 3))
    assert torch.autograd.gradcheck(cls(0.3), (u, v))


def first_partial_auc(positive, negative, smoothing, gamma, sign):
    """Return the loss of the first call in training where all positives have one score, and all negatives: share 1/2."""
    a = b = threshold = 0.5
    above = 1 / (1 + math.exp(-smoothing * ((negative - b) ** 2 + 2 * (1 + gamma) * negative - threshold)))
    by_gamma = 2 * (2 * above * negative - positive - gamma)
    a, b = a + 0.05 * 2 * (positive - a), b + 0.05 * 2 * 2 * above * (negative - b)
    gamma, threshold = min(1, gamma + sign * 0.0125 * by_gamma), threshold - 0.05 * (1 - 2 * above)
    excess = (negative - b) ** 2 + 2 * (1 + gamma) * negative - threshold
    hinge = max(excess, 0) + math.log1p(math.exp(-smoothing * abs(excess))) / smoothing
    return 1 + (positive - a) ** 2 - 2 * (1 + gamma) * positive + threshold + 2 * hinge - gamma**2


@pytest.mark.parametrize("temperature", [0.5, 0.1, 0.01])
@pytest.mark.parametrize("n", [2, 5])
def test_closed_forms(n, temperature):
    """Values for all embeddings alike, and for u = v orthonormal; gradients there are finite."""
    kernel = math.exp(-1 / temperature)
    coefficient = min(2 / (n * (1 - kernel) + 0.1), 1)
    alike = {"infonce": 2 * math.log(n), "simclr": math.log(2 * n - 1), "dcl": math.log(2 * n - 2), "sogclr": 0, "mmcl": 0}
    apart = {
        "infonce": 2 * math.log(1 + (n - 1) * kernel),
        "simclr": math.log(1 + (2 * n - 2) * kernel),
        "dcl": math.log(2 * n - 2) - 1 / temperature,
        "sogclr": -2,
        "mmcl": (n - 1) * coefficient * (kernel - 1),
    }
    one, many = torch.ones(n, 3, dtype=torch.float64), torch.eye(n, dtype=torch.float64)
    alike["spectral"], apart["spectral"] = 1 / temperature - 2, -2
    wide = math.exp(-1 / 25)
    apart["mmcl, as released"] = (n - 1) * min(2 / (n * (1 - wide) + 0.1), 100) * (wide - 1)
    alike["mmcl, as released"] = 0
    for expected, negative in ((alike, 1.0), (apart, 0.5)):  # scores (1 + cosine)/2
        expected["sogclr, as released"], expected["simclr, snapshot"] = expected["sogclr"], expected["simclr"]
        expected["partial auc"] = first_partial_auc(1.0, negative, 1 / temperature, 0.0, 1)
        expected["partial auc, as released"] = first_partial_auc(1.0, negative, 2.0, 1.0, -1)
    for x, expected in ((one, alike), (many, apart)):
        assert set(expected) == set(NAMES)
        for name in NAMES:
            loss, *gradients = loss_and_gradients(name, x, x, torch.arange(n), temperature)
            assert loss.item() == pytest.approx(expected[name], abs=1e-11 / temperature), name
            assert all(torch.isfinite(g).all() for g in gradients)


@pytest.mark.parametrize("name", NAMES)
def test_minimising_brings_the_views_of_a_sample_together(name):
    """From random points, descent ends with every view nearest to its partner."""
    u, v = (x.requires_grad_() for x in views(8, 16))
    objective, optimizer = make_objective(name, 8, 0.2), torch.optim.Adam([u, v], lr=0.05)
    for _ in range(100):
        optimizer.zero_grad()
        objective(u, v, torch.arange(8)).backward()
        optimizer.step()
    unit_u, unit_v = (torch.nn.functional.normalize(x.detach(), dim=1) for x in (u, v))
    cosines = unit_u @ unit_v.T
    assert torch.equal(cosines.argmax(dim=1), torch.arange(8)) and cosines.diagonal().min() > 0.7


@pytest.mark.parametrize("name", NAMES)
def test_compiles_as_one_graph(name):
    """Nothing in it looks at values, which would wait for a GPU at every step; the state of SogCLR is updated all the same."""
    torch.compiler.reset()  # it remembers a few compiled objectives only, and then gives up
    u, v = views(6, 4, torch.float32)
    plain, compiled = make_objective(name, 9, 0.1), make_objective(name, 9, 0.1)
    call = torch.compile(compiled, backend="eager", fullgraph=True)
    for index in (torch.arange(6), torch.arange(3, 9)):
        torch.testing.assert_close(call(u, v, index), plain(u, v, index))
    torch.testing.assert_close(compiled.state_dict(), plain.state_dict())


@pytest.mark.parametrize("name", NAMES)
def test_nan_shows_in_the_loss(name):
    u, v = views(4, 3, torch.float32)
    u[2, 1] = torch.nan
    assert math.isnan(make_objective(name, 4, 0.1)(u, v, torch.arange(4)).item())


@pytest.mark.parametrize("name", NAMES)
def test_wrong_inputs_raise_one_clear_line(name):
    u, v = views(4, 3)
    objective = make_objective(name, 4, 0.1)
    cases = [
        (TypeError, "u is list; it must be a floating-point tensor", lambda: objective([1.0], v)),
        (TypeError, "v is torch.int64", lambda: objective(u, v.long())),
        (TypeError, "v is torch.float32; it must have the type of u, torch.float64", lambda: objective(u, v.float())),
        (ValueError, r"u has shape \[1, 3\].*B >= 2", lambda: objective(u[:1], v[:1])),
        (ValueError, r"v has shape \[3, 3\].*\[4, 3\]", lambda: objective(u, v[:3])),
        (ValueError, "temperature=0 must be a finite number > 0", lambda: make_objective(name, 4, 0)),
        (TypeError, "temperature='1' must be a number", lambda: make_objective(name, 4, "1")),
    ]
    for kind, message, call in cases:
        with pytest.raises(kind, match=message) as error:
            call()
        assert "\n" not in str(error.value)
