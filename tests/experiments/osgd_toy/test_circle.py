import math

import pytest
import torch

from replication.experiments.osgd_toy.circle import OPTIMUM, PAIRS, angles_of, gradient_step, pair_losses, points_at
from replication.losses import contrastive_loss


def test_angles_of_inverts_points_at():
    epsilon = torch.tensor([0.1, 0.5], dtype=torch.float64)
    points = points_at(epsilon)
    assert torch.allclose(angles_of(points), epsilon[:, None].expand(2, 4))
    assert torch.equal(points[0].sign(), torch.tensor([[1, 1], [1, -1], [-1, -1], [-1, 1]]).double())


@pytest.mark.parametrize("epsilon", [0.0, OPTIMUM, -0.1, math.nan])
def test_points_at_refuses_other_angles(epsilon):
    with pytest.raises(ValueError, match=r"^epsilon=.* must lie between 0 and pi/4"):
        points_at(torch.tensor([epsilon]))


def test_pair_losses_are_the_full_batch_loss_of_each_pair():
    points = points_at(torch.tensor([0.2, 0.6]))
    losses = pair_losses(points, points)
    for run in range(2):
        for index, pair in enumerate(PAIRS):
            chosen = points[run][pair]
            assert torch.isclose(losses[run, index], contrastive_loss(chosen, chosen))


def test_the_square_has_equal_sides():
    square = points_at(torch.tensor([OPTIMUM - 1e-12], dtype=torch.float64))
    losses = pair_losses(square, square)[0]
    sides = [index for index, (i, j) in enumerate(PAIRS.tolist()) if (j - i) % 2]
    assert torch.allclose(losses[sides], losses[sides[0]])
    assert losses[sides[0]] > losses[1]  # the diagonal {1, 3}


@pytest.mark.parametrize("choice", range(6))
def test_a_step_turns_both_points_of_the_pair_by_the_closed_form(choice):
    epsilon, eta = 0.3, 1e-4
    u = points_at(torch.tensor([epsilon]))
    new_u, new_v = gradient_step(u, u.clone(), torch.tensor([choice]), torch.tensor([eta], dtype=torch.float64))
    i, j = PAIRS[choice].tolist()
    polar = torch.atan2(u[0, :, 1], u[0, :, 0])
    turned = torch.atan2(new_u[0, :, 1], new_u[0, :, 0]) - polar
    between = polar[i] - polar[j]
    expected = torch.zeros(4, dtype=torch.float64)
    expected[i] = eta * torch.sigmoid(between.cos() - 1) * between.sin()
    expected[j] = -expected[i]
    assert torch.allclose(turned, expected, rtol=0, atol=2e-8)  # second order in eta
    assert torch.allclose(new_u, new_v, rtol=0, atol=1e-15)
    assert torch.allclose(new_u.norm(dim=-1), torch.ones(1, 4, dtype=torch.float64))


def test_runs_do_not_touch_each_other():
    u = points_at(torch.tensor([0.1, 0.4, 0.7]))
    choice, eta = torch.tensor([0, 5, 3]), torch.tensor([0.5, 0.1, 0.3], dtype=torch.float64)
    together = gradient_step(u, u, choice, eta)[0]
    alone = torch.cat([gradient_step(u[[r]], u[[r]], choice[[r]], eta[[r]])[0] for r in range(3)])
    assert torch.allclose(together, alone, rtol=0, atol=1e-15)
