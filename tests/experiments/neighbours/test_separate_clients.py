from dataclasses import replace

import pytest
import torch

from replication.experiments.neighbours.inputs import Samples, first_weights, two_views
from replication.experiments.neighbours.separate_clients import (
    Settings,
    clients_of_classes,
    gradients,
    least_loss,
    local_minimum,
    spectral_loss,
    train,
)
from replication.losses import spectral_dual

FGDA = Settings(period=1, rate=0.1, dual_rate=0.3, batch=2)


def groups(count=2, clients=3, own=5):
    data = [two_views("random", clients * own, 4, 0.2, seed) for seed in range(count)]
    x, y = (torch.stack([getattr(part, name) for part in data]).view(count, clients, own, 4) for name in ("x", "y"))
    return x, y, torch.stack([first_weights(2, 4, seed) for seed in range(count)])


def test_gradients_are_those_of_the_dual_form():
    x, y, start = groups()
    dual = torch.randn(2, 3, 2, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    dual = dual + dual.mT
    weights = start[:, None].expand(2, 3, 2, 4)

    def value(w, a):
        return spectral_dual(x @ w.mT, y @ w.mT, a).sum()

    for found, wanted in zip(
        gradients(weights, dual, x, y), torch.autograd.functional.jacobian(value, (weights, dual)), strict=True
    ):
        assert torch.allclose(found, wanted, atol=1e-12)


def test_primal_loss_and_gradient():
    x, y, start = groups()
    together = x.flatten(1, 2), y.flatten(1, 2)
    loss, gradient = spectral_loss(start, *together)
    u, v = (side @ start.mT for side in together)
    z = torch.cat([u, v], dim=1)
    wanted = -2 * (u * v).sum(dim=2).mean(dim=1) + (z @ z.mT).square().mean(dim=(1, 2))
    assert torch.allclose(loss, wanted, atol=1e-12)
    slope = torch.autograd.functional.jacobian(lambda w: spectral_loss(w, *together)[0].sum(), start)
    assert torch.allclose(gradient, slope, atol=1e-12)


def central(x, y, start, how, steps, seeds):
    """STORM descent ascent by one who holds all data and draws as the clients do, written out."""
    generators = [torch.Generator().manual_seed(seed) for seed in seeds]
    clients, own = x.shape[1:3]
    rows = [side.flatten(1, 2) @ start.mT for side in (x, y)]
    weights, dual, estimates = start, sum(side.mT @ side for side in rows) / (2 * rows[0].shape[1]), None
    before = weights, dual
    for step in range(steps):
        left = (50 / (50 + step)) ** (1 / 3)
        drawn = torch.stack([torch.randint(own, (clients, how.batch), generator=g) for g in generators])
        sample = [
            torch.stack([torch.cat([data[s, m, drawn[s, m]] for m in range(clients)]) for s in range(len(x))])
            for data in (x, y)
        ]
        new = gradients(weights, dual, *sample)
        old = gradients(*before, *sample)
        beta = 0.2 * left**2
        estimates = [n + (1 - beta) * (e - o) for e, n, o in zip(estimates or new, new, old, strict=True)]
        before = weights, dual
        weights, dual = weights - how.rate * left * estimates[0], dual + how.dual_rate * left * estimates[1]
    return weights


def test_averaging_every_step_is_the_central_method():
    x, y, start = groups()
    found = train(x, y, start, FGDA, 12, [0, 1], [12])[0]
    assert torch.allclose(found, central(x, y, start, FGDA, 12, [0, 1]), atol=1e-12)


def test_one_client_may_average_when_it_likes():
    x, y, start = groups(clients=1)
    ends = [train(x, y, start, replace(FGDA, period=period), 10, [0, 1], [10])[0] for period in (1, 4)]
    assert torch.allclose(*ends, atol=1e-12)


def test_rare_averaging_and_local_duals_lead_elsewhere():
    x, y, start = groups()
    one = train(x, y, start, FGDA, 10, [0, 1], [10])[0]
    for other in (replace(FGDA, period=5), replace(FGDA, shared_dual=False), replace(FGDA, adaptive=True)):
        end = train(x, y, start, other, 10, [0, 1], [10])[0]
        assert torch.isfinite(end).all() and not torch.allclose(one, end, atol=1e-4)


def test_groups_do_not_know_each_other():
    x, y, start = groups()
    how = replace(FGDA, adaptive=True, period=3)
    together = train(x, y, start, how, 7, [5, 6], [7])[0]
    assert torch.allclose(together[1:], train(x[1:], y[1:], start[1:], how, 7, [6], [7])[0], atol=1e-12)


def close_to_lines():
    """Two clients whose samples each lie near one line of the plane: alone, each turns its samples apart."""
    generator = torch.Generator().manual_seed(0)
    lines = torch.eye(4, dtype=torch.float64)[:2] + 0.15
    clean = lines[None, :, None] + 0.1 * torch.randn(1, 2, 6, 4, generator=generator, dtype=torch.float64)
    return [clean + 0.1 * torch.randn(clean.shape, generator=generator, dtype=torch.float64) for _ in range(2)]


def test_a_shared_dual_reaches_the_optimum_of_all_samples_and_local_negatives_do_not():
    x, y = close_to_lines()
    together, starts = (x.view(12, 4), y.view(12, 4)), [first_weights(2, 4, seed) for seed in range(2)]
    least = least_loss(*together, 2)
    lost = float(spectral_loss(local_minimum(x[0], y[0], starts), *together)[0]) - least
    how = Settings(4, 0.1, 0.05, 6)
    ends = [train(x, y, 0.5 * starts[0][None], replace(how, shared_dual=kind), 400, [0], [400])[0][0] for kind in (True, False)]
    gaps = [float(spectral_loss(end, *together)[0]) - least for end in ends]
    assert gaps[0] < 0.1 * lost < 0.5 * lost < gaps[1]


@pytest.mark.parametrize("outputs", [1, 2, 3])
def test_the_least_loss_in_closed_form_is_what_a_search_finds(outputs):
    x, y = (side.view(1, 12, 4) for side in close_to_lines())
    found = local_minimum(x, y, [first_weights(outputs, 4, seed) for seed in range(2)])
    assert float(spectral_loss(found, x[0], y[0])[0]) == pytest.approx(least_loss(x[0], y[0], outputs), abs=1e-9)


def test_clients_without_data_are_refused():
    x, y, start = groups()
    with pytest.raises(ValueError, match=r"x has shape \[2, 3, 0, 4\]; every client must have data"):
        train(x[:, :, :0], y[:, :, :0], start, FGDA, 1, [0, 1], [1])
    samples = Samples(x[0].flatten(0, 1), y[0].flatten(0, 1), torch.tensor([0] * 8 + [2] * 7))
    with pytest.raises(ValueError, match="client 1 has no samples; every client must have data"):
        clients_of_classes(samples, 3, 2)
    with pytest.raises(ValueError, match="client 0 has 4 samples; per_client=5 needs as many"):
        clients_of_classes(Samples(samples.x, samples.y, torch.tensor([0] * 4 + [1] * 4 + [2] * 7)), 3, 5)


def test_clients_hold_one_class_each():
    samples = two_views("digits", 200, 4, 0.1, 0)
    x, _ = clients_of_classes(samples, 10, 5)
    assert x.shape == (10, 5, 4)
    assert torch.equal(x[7], samples.x[samples.labels == 7][:5])
