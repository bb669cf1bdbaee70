import pytest
import torch

from replication.experiments.osgd_toy.circle import PAIRS, points_at
from replication.experiments.osgd_toy.gradient_flow import angle_after
from replication.experiments.osgd_toy.simulation import largest_loss_pairs, simulate, simulate_osgd, simulate_sgd, uniform_pairs

STARTS = torch.tensor([0.15, 0.4], dtype=torch.float64)


def test_osgd_takes_the_first_close_pair_then_the_other():
    chosen = []

    def choose(update, u, v):
        chosen.append(PAIRS[largest_loss_pairs(u, v)[0]].tolist())
        return largest_loss_pairs(u, v)

    simulate(STARTS[:1], torch.tensor([0.1], dtype=torch.float64), 6, choose)
    assert chosen == [[0, 1], [2, 3]] * 3


def test_largest_loss_ties_go_to_the_lowest_index_despite_rounding():
    points = points_at(torch.tensor([0.2]))
    points[0, 2] *= 1 + 1e-15
    assert PAIRS[largest_loss_pairs(points, points)[0]].tolist() == [0, 1]


def test_uniform_pairs_of_a_seed_do_not_depend_on_how_many_there_are():
    few, many = uniform_pairs(50, 3), uniform_pairs(50, 8)
    assert torch.equal(few, many[:, :3])
    assert not torch.equal(many[:, 0], many[:, 1])
    shares = uniform_pairs(2000, 3).flatten().bincount(minlength=6) / 6000
    assert (shares - 1 / 6).abs().max() < 0.025


def test_sgd_starts_are_simulated_as_if_alone():
    both = simulate_sgd(STARTS, 0.3, 20, 4)
    alone = simulate_sgd(STARTS[1:], 0.3, 20, 4)
    assert both.shape == (21, 2, 4)
    assert torch.allclose(both[:, 1], alone[:, 0], rtol=0, atol=1e-13)


def test_small_steps_follow_the_flow():
    eta, updates = 0.01, 150
    times = [eta * update for update in range(updates + 1)]
    osgd = simulate_osgd(STARTS, eta, updates)
    for index, start in enumerate(STARTS.tolist()):
        flow = torch.from_numpy(angle_after("OSGD", start, times))
        assert (osgd[:, index] - flow).abs().max() < 0.01
    sgd = simulate_sgd(STARTS, eta, updates, 60)
    for index, start in enumerate(STARTS.tolist()):
        flow = torch.from_numpy(angle_after("SGD", start, times))
        assert (sgd[:, index].mean(dim=1) - flow).abs().max() < 0.015


@pytest.mark.parametrize(("step_size", "updates", "name"), [(0.0, 5, "step_size"), (-1.0, 5, "step_size"), (0.1, 0, "updates")])
def test_bad_arguments_are_named(step_size, updates, name):
    with pytest.raises(ValueError, match=f"^{name}="):
        simulate_osgd(STARTS, step_size, updates)
