import pytest
import torch

from replication.experiments.neighbours.contrastive_gradient import Snapshot, gradient, off_target, slopes, two_parts
from replication.experiments.neighbours.inputs import first_weights
from replication.experiments.neighbours.linear_encoder import encode
from replication.losses import contrastive_loss
from replication.selection import AllBatches

TEMPERATURE = 0.5


@pytest.fixture
def x():
    return torch.randn(6, 5, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def random(*shape, seed=1):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_slopes_and_gradient_are_those_of_the_library_s_loss(x):
    weights, y = first_weights(3, 5, 0), x + 0.1 * random(6, 5)

    def loss(w):
        return contrastive_loss(encode(w, x)[0], encode(w, y)[0], TEMPERATURE)

    assert torch.allclose(gradient(weights, x, y, TEMPERATURE), torch.autograd.functional.jacobian(loss, weights).flatten())
    u, v = encode(weights, x)[0], encode(weights, y)[0]
    wanted = torch.autograd.functional.jacobian(lambda *rows: contrastive_loss(*rows, TEMPERATURE, validate=False), (u, v))
    for found, slope in zip(slopes(u, v, TEMPERATURE), wanted, strict=True):
        assert torch.allclose(found, slope)


@pytest.mark.parametrize("batches", [AllBatches(2).plan(6), torch.tensor([[0, 1, 2], [3, 4, 5]])])
@pytest.mark.parametrize("correction", ["embeddings", "gradients"])
def test_at_the_snapshot_every_even_family_has_the_full_batch_gradient(x, batches, correction):
    weights = first_weights(3, 5, 0)
    y = x + 0.1 * random(6, 5)
    snapshot = Snapshot(weights, x, y, TEMPERATURE)
    found = torch.stack([snapshot.corrected(weights, b, x[b], y[b], correction) for b in batches])
    full = gradient(weights, x, y, TEMPERATURE)
    assert torch.allclose(found.mean(dim=0), full, atol=1e-12)
    plain = torch.stack([snapshot.corrected(weights, b, x[b], y[b], "none") for b in batches])
    assert not torch.allclose(plain.mean(dim=0), full, atol=1e-2)
    if correction == "gradients":
        assert torch.allclose(found, full.expand_as(found), atol=1e-12)


def test_variance_in_two_parts_within_three_standard_errors():
    """Batches of variance 4 and draws of variance 9 in each of two entries."""
    generator = torch.Generator().manual_seed(0)
    parts = []
    for _ in range(300):
        batches = 2 * torch.randn(20, 1, 2, generator=generator, dtype=torch.float64)
        parts.append(two_parts(batches + 3 * torch.randn(20, 5, 2, generator=generator, dtype=torch.float64)))
    found = torch.tensor(parts, dtype=torch.float64)
    error = found.std(dim=0) / 300**0.5
    assert ((found.mean(dim=0) - torch.tensor([18.0, 8.0])).abs() < 3 * error).all()


def test_distance_from_a_target_is_free_of_the_noise_of_the_mean():
    generator = torch.Generator().manual_seed(0)
    draws = [torch.randn(10, 3, generator=generator, dtype=torch.float64) for _ in range(400)]
    found = torch.tensor([off_target(means, torch.tensor([1.0, 0, 0], dtype=torch.float64)) for means in draws])
    assert abs(found.mean() - 1) < 3 * found.std() / 400**0.5
