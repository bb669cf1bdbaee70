"""The partial AUC as an objective: pairs of a batch, designs of batches, and where its duals go."""

import copy
import math

import pytest
import torch
from torch.nn.functional import normalize

from replication.losses import Duals, PartialAUC, make_objective, optimal_duals, partial_auc_loss


def views(n, d, seed=0):
    return torch.randn(2, n, d, dtype=torch.float64, generator=torch.Generator().manual_seed(seed)).unbind()


def scores_of(u, v):
    """Return the scores (1 + cosine)/2 of the pairs and of all other combinations."""
    scores = (1 + normalize(u, dim=1) @ normalize(v, dim=1).T) / 2
    return scores.diagonal(), scores[~torch.eye(len(u), dtype=torch.bool)]


def with_duals(objective, duals):
    objective = objective.double()
    with torch.no_grad():
        for parameter, value in zip(objective.duals(), duals, strict=True):
            parameter.copy_(value)
    return objective


def numbers(objective):
    return [x.item() for x in objective.duals()]


def test_a_batch_of_the_whole_set_at_its_solution_is_the_mean_over_pairs():
    u, v = views(6, 3)
    positive, negative = scores_of(u, v)
    objective = with_duals(PartialAUC(0.1, share=0.2, smoothing=math.inf).eval(), optimal_duals(positive, negative, 0.2))
    top = negative.sort(descending=True).values[:6]
    expected = (1 - positive.unsqueeze(1) + top).square().mean()
    torch.testing.assert_close(objective(u, v), expected, rtol=1e-12, atol=1e-12)


def test_the_temperature_is_the_inverse_of_the_smoothing():
    u, v = views(6, 3)
    losses = [PartialAUC(*arguments).eval()(u, v) for arguments in ((0.25,), (0.1, 0.5, 4.0))]
    assert torch.equal(*losses) and PartialAUC(0.25).smoothing == 4
    expected = partial_auc_loss(*scores_of(u, v), PartialAUC(0.1).duals(), 0.5, 4.0)
    torch.testing.assert_close(losses[0], expected, rtol=1e-12, atol=0)


def test_for_given_duals_all_batches_and_a_design_give_the_full_loss_and_a_partition_does_not():
    u, v = views(7, 3)
    objective = PartialAUC(0.05, share=0.3).eval()  # in eval mode the duals stay
    fano = (torch.arange(7).unsqueeze(1) + torch.tensor([0, 1, 3])) % 7
    full = objective(u, v)
    for batches in (torch.combinations(torch.arange(7), 3), fano):
        mean = sum(objective(u[batch], v[batch]) for batch in batches) / len(batches)
        torch.testing.assert_close(mean, full, rtol=1e-12, atol=0)
    parts = sum(objective(u[batch], v[batch]) for batch in torch.arange(6).view(2, 3)) / 2
    assert abs(float(parts - full)) > 1e-3


def test_each_call_in_training_moves_the_duals_by_one_projected_step():
    """Down in a, b and the threshold, up in gamma by a quarter; the loss is taken there."""
    u, v = views(5, 3)
    objective = PartialAUC(0.1, share=0.3, dual_rate=0.1).double()
    before = Duals(*(x.detach().clone().requires_grad_() for x in objective.duals()))
    gradients = torch.autograd.grad(partial_auc_loss(*scores_of(u, v), before, 0.3, 10), before)
    loss = objective(u, v)
    rates = (-0.1, -0.1, 0.1 / 4, -0.1)
    moved = [x.item() + rate * g.item() for x, rate, g in zip(before, rates, gradients, strict=True)]
    assert numbers(objective) == pytest.approx(moved, abs=1e-12)
    torch.testing.assert_close(loss, partial_auc_loss(*scores_of(u, v), objective.duals(), 0.3, 10), rtol=1e-12, atol=0)
    PartialAUC.eval(objective)(v, v)
    assert numbers(objective) == pytest.approx(moved, abs=1e-12)


@pytest.mark.parametrize("dual_rate", [0.3, 0.0])
def test_the_duals_reach_the_solution(dual_rate):
    """By the objective's own steps, or by an optimiser that descends on all parameters; gamma ascends in both."""
    u, v = views(24, 4)
    v = u + 0.5 * v
    expected = optimal_duals(*scores_of(u, v), 0.3)
    objective = PartialAUC(1e-3, share=0.3, dual_rate=dual_rate).double()
    groups = [{"params": [objective.gamma], "lr": 0.075}, {"params": [objective.a, objective.b, objective.threshold]}]
    optimizer = None if dual_rate else torch.optim.SGD(groups, lr=0.3)
    for _ in range(300):
        loss = objective(u, v)
        if optimizer:
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            objective.project()
    assert numbers(objective)[:3] == pytest.approx([float(x) for x in expected[:3]], abs=0.005)
    objective = objective.eval()
    best = partial_auc_loss(*scores_of(u, v), expected, 0.3)
    assert objective(u, v).item() == pytest.approx(best.item(), abs=0.005)


def test_with_the_released_sign_gamma_ends_at_its_bound():
    u, v = views(24, 4)
    v = u + 0.5 * v
    for start in (1.0, 0.0):
        objective = PartialAUC(0.1, smoothing=2.0, ascend=False, gamma=start)
        for _ in range(200):
            objective(u, v)
        assert float(objective.gamma) == 1
    released = make_objective("partial auc, as released", temperature=0.1)
    assert (released.smoothing, released.ascend, float(released.gamma)) == (2, False, 1)


def test_parameters_learn_only_where_an_optimiser_is_to_move_them():
    assert not any(x.requires_grad for x in PartialAUC(0.1).parameters())
    u, v = views(5, 3)
    objective = PartialAUC(0.1, dual_rate=0).double()
    kept = copy.deepcopy(objective.state_dict())
    assert list(kept) == ["a", "b", "gamma", "threshold"]
    gradients = torch.autograd.grad(objective(u, v), objective.duals())
    duals = objective.duals()
    expected = torch.autograd.grad(partial_auc_loss(*scores_of(u, v), duals, 0.5, 10), duals)
    torch.testing.assert_close(gradients, (*expected[:2], -expected[2], expected[3]))
    released = PartialAUC(0.1, dual_rate=0, ascend=False).double()
    torch.testing.assert_close(torch.autograd.grad(released(u, v), released.duals()), expected)
    torch.testing.assert_close(objective.state_dict(), kept, rtol=0, atol=0)  # a call in training leaves them to the optimiser


def test_the_gradient_by_the_views_holds_the_duals_fixed():
    u, v = (x.requires_grad_() for x in views(5, 3))
    objective = PartialAUC(0.2).double()
    mine = torch.autograd.grad(objective(u, v), (u, v))
    expected = torch.autograd.grad(partial_auc_loss(*scores_of(u, v), objective.duals(), 0.5, 5), (u, v))
    torch.testing.assert_close(mine, expected)


def test_wrong_arguments_raise_one_clear_line():
    u, v = views(3, 2)
    cases = [
        (ValueError, "share=0.1 of the 6 negatives of a batch of 3 is less than one; share must be >= 1/6", {"share": 0.1}),
        (ValueError, "share=1.5 must be <= 1", {"share": 1.5}),
        (TypeError, "share='all' must be a number", {"share": "all"}),
        (ValueError, "smoothing=-1 must be a finite number > 0", {"smoothing": -1}),
        (ValueError, "dual_rate=-1 must be a finite number >= 0", {"dual_rate": -1}),
        (ValueError, "gamma=-0.7 must be a number >= -0.5 and <= 1", {"gamma": -0.7}),
        (TypeError, "ascend=1 must be true or false", {"ascend": 1}),
    ]
    for kind, message, options in cases:
        with pytest.raises(kind, match=f"^{message}") as error:
            PartialAUC(0.1, **options)(u, v)
        assert "\n" not in str(error.value)
