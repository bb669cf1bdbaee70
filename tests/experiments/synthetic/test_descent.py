"""The written-out gradient and step against autograd and torch.optim.SGD; seeds; when descent stops."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from replication.experiments.synthetic.descent import Embeddings, descend, family_losses, gram_blocks, gram_gradient
from replication.losses import batch_losses, mini_batch_loss
from replication.selection import AllBatches, FixedBatches, FullBatch


def random_families(n, batch_size, seeds, count, seed=0):
    """A different family of `count` batches for each seed, [S, M, B]; batches may share samples."""
    generator = torch.Generator().manual_seed(seed)
    draw = torch.rand(seeds, count, n, generator=generator)
    return draw.argsort(dim=-1)[..., :batch_size]


def family_of(batches, seed):
    return batches[seed] if batches.ndim == 3 else batches


def autograd_steps(x, batches, lr, steps, sphere):
    """Train one seed's vectors x [2, N, d] with torch.optim.SGD on the loss of their directions."""
    x = x.clone().requires_grad_()
    optimizer = torch.optim.SGD([x], lr)
    for _ in range(steps):
        optimizer.zero_grad()
        mini_batch_loss(x[0], x[1], batches, normalize=True).backward()
        norm = x.grad.norm()
        optimizer.step()
        if sphere:
            with torch.no_grad():
                x /= x.norm(dim=-1, keepdim=True)
    return x.detach(), norm


@settings(max_examples=25, deadline=None)
@given(
    n=st.integers(2, 7), d=st.integers(1, 5), count=st.integers(1, 6), own=st.booleans(), seed=st.integers(0, 10**6),
    data=st.data(),
)  # fmt: skip
def test_gradient_in_the_gram_matrix_is_that_of_autograd(n, d, count, own, seed, data):
    batch_size = data.draw(st.integers(1, n))
    batches = random_families(n, batch_size, 3, count, seed)
    batches = batches if own else batches[0]
    u, v = torch.nn.functional.normalize(torch.randn(2, 3, n, d, dtype=torch.float64), dim=-1)
    found = gram_gradient(u @ v.mT, gram_blocks(batches, n))
    for s in range(3):
        # With V the identity the Gram matrix is U itself, so autograd's gradient in U is the one in the Gram matrix.
        gram = (u[s] @ v[s].T).requires_grad_()
        mini_batch_loss(gram, torch.eye(n, dtype=torch.float64), family_of(batches, s), validate=False).backward()
        torch.testing.assert_close(found[s], gram.grad, rtol=0, atol=1e-13)


@pytest.mark.parametrize("parametrization", ["free", "sphere"])
@pytest.mark.parametrize("own", [True, False], ids=["a family for each seed", "one family"])
def test_steps_are_those_of_the_optimizer(parametrization, own):
    n, seeds, lr = 6, 3, 0.7
    batches = random_families(n, 3, seeds, 4)
    batches = batches if own else batches[0]
    embeddings = Embeddings.random(n, 4, seeds, parametrization)
    start = embeddings.x.clone()
    for _ in range(5):
        norms = embeddings.step(gram_blocks(batches, n), lr)
    for s in range(seeds):
        expected, norm = autograd_steps(start[:, s], family_of(batches, s), lr, 5, parametrization == "sphere")
        torch.testing.assert_close(embeddings.x[:, s], expected, rtol=0, atol=1e-13)
        torch.testing.assert_close(norms[s], norm, rtol=1e-10, atol=0)


def test_vectors_on_the_sphere_stay_there_and_free_ones_grow():
    blocks = gram_blocks(FullBatch().plan(5), 5)
    sphere, free = (Embeddings.random(5, 3, 2, name) for name in ("sphere", "free"))
    torch.testing.assert_close(sphere.x, free.directions())  # both start from the same directions
    lengths = free.x.norm(dim=-1)
    for _ in range(10):
        sphere.step(blocks, 0.5)
        free.step(blocks, 0.5)
    torch.testing.assert_close(sphere.x.norm(dim=-1), torch.ones(2, 2, 5, dtype=torch.float64))
    assert (free.x.norm(dim=-1) > lengths).all()  # a tangential step can only lengthen


def test_a_seed_gives_the_same_points_and_steps_however_many_seeds_there_are():
    few, many = Embeddings.random(6, 3, 2), Embeddings.random(6, 3, 5)
    assert torch.equal(few.x, many.x[:, :2])
    blocks = gram_blocks(AllBatches(2).plan(6), 6)
    for embeddings in (few, many):
        embeddings.step(blocks, 0.5)
    torch.testing.assert_close(few.x, many.x[:, :2], rtol=0, atol=1e-15)
    assert not torch.equal(many.x[:, 0], many.x[:, 1])


@pytest.mark.parametrize("batch_size", [2, 3, 6])
def test_family_losses_are_the_losses_of_the_batches(batch_size):
    embeddings = Embeddings.random(6, 3, 4)
    batches = AllBatches(batch_size).plan(6)
    found = family_losses(embeddings.gram(), gram_blocks(batches, 6))
    expected = torch.stack([batch_losses(u, v, batches) for u, v in embeddings.directions().transpose(0, 1)])
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-13)


def test_descent_stops_at_the_tolerance_and_leaves_its_start_alone():
    start = Embeddings.random(4, 3, 2, "sphere")
    before = start.x.clone()
    batches = AllBatches(2).plan(4)
    end, steps, norms = descend(start, batches, 0.5, max_steps=5_000, tolerance=1e-6, check_every=10)
    assert torch.equal(start.x, before)
    assert steps < 5_000 and steps % 10 == 0 and norms.max() <= 1e-6
    _, capped, norms = descend(start, batches, 0.5, max_steps=steps - 10, tolerance=1e-6, check_every=10)
    assert capped == steps - 10 and norms.max() > 1e-6  # it had not been there at the check before
    stepped = start.clone()
    for _ in range(steps):
        stepped.step(gram_blocks(batches, 4), 0.5)
    assert torch.equal(stepped.x, end.x)


def test_descent_on_disjoint_pairs_opens_each_pair_to_antipodes():
    batches = FixedBatches(2).plan(4)
    end, _, _ = descend(Embeddings.random(4, 3, 2, "sphere"), batches, 0.5, max_steps=5_000, tolerance=1e-7)
    gram = end.gram()
    for i, j in batches.tolist():
        torch.testing.assert_close(gram[:, i, j], torch.full((2,), -1.0, dtype=torch.float64), rtol=0, atol=1e-6)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((1, 3, 1), "^n=1 must be >= 2$"),
        ((4, 0, 1), "^d=0 must be >= 1$"),
        ((4, 3, 0), "^seeds=0 must be >= 1$"),
        ((4, 3, 1, "cube"), "^parametrization='cube' must be one of 'free', 'sphere'$"),
    ],
)
def test_a_start_that_cannot_be_drawn_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        Embeddings.random(*arguments)


def test_descent_without_a_step_or_a_step_size_is_refused():
    start, batches = Embeddings.random(4, 3, 1), FullBatch().plan(4)
    with pytest.raises(ValueError, match=r"^max_steps=0 must be >= 1$"):
        descend(start, batches, 0.5, max_steps=0, tolerance=1e-6)
    with pytest.raises(ValueError, match=r"^lr=0 must be a finite number > 0$"):
        descend(start, batches, 0, max_steps=1, tolerance=1e-6)
