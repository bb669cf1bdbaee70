"""Updates of free embeddings: the closed-form loss, single steps, and what must hold between settings."""

import torch

from replication.experiments.tuning.embeddings import PAIR, _chosen, _step, landscape, pair_losses, updates_needed
from replication.losses import batch_losses, contrastive_loss

N, D = 6, 7


def systems(count=3, seed=0):
    x = torch.randn(count, 2, N, D, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return x / x.norm(dim=-1, keepdim=True)


def test_the_loss_of_a_pair_is_that_of_the_library():
    x, pairs = systems(), torch.combinations(torch.arange(N), 2)
    for system, found in zip(x, pair_losses(x), strict=True):
        torch.testing.assert_close(found[pairs[:, 0], pairs[:, 1]], batch_losses(*system, pairs))


def test_a_step_goes_down_the_gradient_of_its_batch_and_moves_nothing_else():
    x, batches, lr = systems(), torch.tensor([[0, 3], [5, 1], [2, 4]]), torch.tensor([0.1, 0.2, 0.3]).double()
    found = _step(x, batches, lr)
    for system, batch, rate, after in zip(x, batches, lr, found, strict=True):
        free = system.clone().requires_grad_()
        unit = free / free.norm(dim=-1, keepdim=True)
        (gradient,) = torch.autograd.grad(contrastive_loss(unit[0, batch], unit[1, batch]), free)
        moved = system - rate * gradient
        torch.testing.assert_close(after, moved / moved.norm(dim=-1, keepdim=True))


def test_the_hardest_of_the_first_k_is_chosen_or_the_first():
    x = systems(4)
    candidates = torch.stack([torch.randperm(N, generator=torch.Generator().manual_seed(s)) for s in range(20)])
    candidates = candidates[:, :PAIR].view(4, 5, PAIR)
    k, hard = torch.tensor([1, 3, 5, 5]), torch.tensor([True, True, True, False])
    found = _chosen(x, candidates, k, hard)
    for place in range(4):
        losses = batch_losses(*x[place], candidates[place])
        best = int(losses[: k[place]].argmax()) if hard[place] else 0
        assert found[place].tolist() == candidates[place, best].tolist()


def test_a_system_counts_the_updates_until_it_is_near():
    """One setting and start, followed step by step with the library's gradient: all pairs of three samples are alike."""
    (found,) = updates_needed(3, 2, [(0.2, 1, 0.0)], 4, 200, 0.5)
    assert ((found >= 1) & (found <= 200)).all() and found.min() < 200
    again = updates_needed(3, 2, [(0.2, 1, 0.0), (0.05, 1, 0.0)], 2, 200, 0.5)
    assert again[0].tolist() == found[:2].tolist()  # neither other settings nor other starts have a say
    assert (again[1] > again[0]).all()


def test_a_nearer_goal_takes_longer_and_the_limit_holds():
    far, near = (updates_needed(4, 5, [(0.1, 4, 1.0)], 3, 60, distance) for distance in (1.0, 0.2))
    assert (near > far).all() and near.max() <= 60
    assert updates_needed(4, 5, [(1e-6, 1, 0.0)], 2, 5, 0.1).tolist() == [[5, 5]]
    assert updates_needed(4, 5, [(0.1, 1, 0.0)], 2, 5, 100.0).tolist() == [[1, 1]]


def test_hard_batches_are_faster_here():
    plain, hard = updates_needed(6, 7, [(0.1, 8, 0.0), (0.1, 8, 1.0)], 4, 300, 0.6)
    assert hard.double().mean() < 0.8 * plain.double().mean()


def test_the_landscape_has_a_row_for_each_setting_and_start():
    table = landscape([4, 5], [0.1, 0.3], [1, 4], [0.0, 1.0], 2, 100, 0.5)
    assert list(table) == ["lr", "k", "hardness", "start", "updates"] and len(table) == 16
    found = table.set_index(["lr", "k", "hardness", "start"]).updates
    for lr in (0.1, 0.3):  # the hardest of one, or none on the hardest, is plain
        plain = found[lr, 1, 0.0].tolist()
        assert found[lr, 1, 1.0].tolist() == found[lr, 4, 0.0].tolist() == plain
        alone = updates_needed(4, 5, [(lr, 4, 1.0)], 2, 100, 0.5)
        assert found[lr, 4, 1.0].tolist() == alone.flatten().tolist()
