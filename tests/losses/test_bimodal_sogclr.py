"""BimodalSogCLR against loops, and its gradient against that of the global objective."""

import itertools
import math

import pytest
import torch
from slow_visits import assert_equals_slow_loop
from torch.nn.functional import normalize

from replication.losses.bimodal_sogclr import BimodalSogCLR


def pairs(n, d, seed=0):
    """Return rows of any norm, as towers give them."""
    return torch.randn(2, n, d, dtype=torch.float64, generator=torch.Generator().manual_seed(seed)).unbind()


def global_objective(u, v, temperature):
    """F over the whole data set, written out."""
    u, v = normalize(u, dim=1), normalize(v, dim=1)
    total = 0.0
    for i in range(len(u)):
        others = [j for j in range(len(u)) if j != i]
        total = total - 2 * (u[i] @ v[i])
        for scores in ([u[i] @ v[j] for j in others], [u[j] @ v[i] for j in others]):
            total = total + temperature * (torch.stack(scores) / temperature).exp().mean().log()
    return total / len(u)


class SlowBimodalSogCLR:
    """Averages and gradient sample by sample, with the averages themselves as the state: 0 means not visited."""

    def __init__(self, num_samples, temperature, gamma):
        self.average = [[0.0, 0.0] for _ in range(num_samples)]
        self.temperature, self.gamma = temperature, gamma

    def __call__(self, u, v, index):
        u, v = normalize(u, dim=1), normalize(v, dim=1)
        value, surrogate = 0.0, 0.0
        for place, i in enumerate(index.tolist()):
            others = [j for j in range(len(u)) if j != place]
            positive = u[place] @ v[place]
            value, surrogate = value - 2 * positive.item(), surrogate - 2 * positive
            for direction in (0, 1):
                cosines = [u[place] @ v[j] if direction == 0 else u[j] @ v[place] for j in others]
                exps = [math.exp(s.item() / self.temperature) for s in cosines]
                present, old = sum(exps) / len(exps), self.average[i][direction]
                new = present if old == 0 else (1 - self.gamma) * old + self.gamma * present
                self.average[i][direction] = new
                value += self.temperature * math.log(new)
                surrogate = surrogate + sum(e / new * s for e, s in zip(exps, cosines, strict=True)) / len(exps)
        return value / len(u), surrogate / len(u)


@pytest.mark.parametrize(("temperature", "gamma"), [(0.1, 0.9), (0.5, 0.3), (0.05, 1.0)])
def test_equals_the_slow_loop_visit_after_visit(temperature, gamma):
    mine, slow = BimodalSogCLR(9, temperature, gamma).double(), SlowBimodalSogCLR(9, temperature, gamma)
    assert_equals_slow_loop(mine, slow, *pairs(9, 4))


def test_a_first_visit_is_not_averaged_and_later_ones_are():
    """By hand: two samples, orthogonal images, so that each has one candidate."""
    first, second = torch.eye(2), torch.tensor([[0.0, 1.0], [1.0, 0.0]])
    objective, index = BimodalSogCLR(5, 0.5, gamma=0.25).double(), torch.tensor([3, 1])
    objective(first.double(), first.double(), index)  # the other's cosine is 0: g = 1
    torch.testing.assert_close(objective.log_average[index], torch.zeros(2, 2, dtype=torch.float64))
    loss = objective(first.double(), second.double(), index)  # now it is 1, and one's own is 0: g = exp(1/0.5)
    average = 0.75 + 0.25 * math.exp(2)
    torch.testing.assert_close(objective.log_average[index].exp(), torch.full((2, 2), average, dtype=torch.float64))
    assert loss.item() == pytest.approx(2 * 0.5 * math.log(average))
    assert objective.log_average[[0, 2, 4]].isneginf().all()  # not visited


def test_a_batch_of_the_whole_set_gives_the_global_objective_and_its_gradient():
    u, v = (x.requires_grad_() for x in pairs(7, 3))
    expected = global_objective(u, v, 0.2)
    objective = BimodalSogCLR(7, 0.2, gamma=1.0).double()
    other_u, other_v = pairs(7, 3, seed=1)
    objective(other_u, other_v, torch.arange(7))  # with gamma = 1 nothing is remembered
    found = objective(u, v, torch.arange(7))
    assert found.item() == pytest.approx(expected.item(), rel=1e-10)
    torch.testing.assert_close(torch.autograd.grad(found, (u, v)), torch.autograd.grad(expected, (u, v)))


def test_with_exact_averages_small_batches_give_the_global_gradient_on_average():
    u, v = (x.requires_grad_() for x in pairs(6, 3))
    expected = global_objective(u, v, 0.3)
    objective = BimodalSogCLR(6, 0.3, gamma=1e-9).double()
    objective(u, v, torch.arange(6))  # one batch of all samples: the averages are exact
    objective.eval()
    batches = [torch.tensor(batch) for batch in itertools.combinations(range(6), 2)]
    mean = sum(objective(u[batch], v[batch], batch) for batch in batches) / len(batches)
    assert mean.item() == pytest.approx(expected.item(), rel=1e-7)
    found, exact = (torch.cat(torch.autograd.grad(x, (u, v))) for x in (mean, expected))
    torch.testing.assert_close(found, exact, rtol=1e-6, atol=1e-8)


def test_images_are_not_compared_with_images():
    """The text of one pair is all that the loss of the other's image knows of it."""
    u, v = pairs(3, 4)
    u = u.requires_grad_()
    objective = BimodalSogCLR(3, 0.1).double()
    (gradient,) = torch.autograd.grad(objective(u, v, torch.arange(3)), u, create_graph=True)
    (mixed,) = torch.autograd.grad(gradient[0].sum(), u)
    assert mixed[0].abs().max() > 0 and mixed[1:].abs().max() == 0


def test_exchanging_the_modalities_exchanges_the_directions():
    u, v = pairs(6, 3)
    one, other = BimodalSogCLR(6, 0.1).double(), BimodalSogCLR(6, 0.1).double()
    for batch in ([4, 0, 3], [3, 1, 0]):
        index = torch.tensor(batch)
        torch.testing.assert_close(one(u[index], v[index], index), other(v[index], u[index], index))
    torch.testing.assert_close(one.log_average, other.log_average.flip(1))
    assert not torch.allclose(one.log_average[[0, 3]], other.log_average[[0, 3]])  # image to text comes first
    index = torch.tensor([2, 5])
    one(u[index], v[index], index)
    cosine = (normalize(u[2], dim=0) @ normalize(v[5], dim=0)).item()
    assert one.log_average[2, 0].item() == pytest.approx(cosine / 0.1)


def test_the_state_travels_in_the_state_dict_and_eval_mode_leaves_it_alone():
    u, v = pairs(6, 3)
    objective, index = BimodalSogCLR(6, 0.1).double(), torch.tensor([4, 0, 3])
    objective(u[:3], v[:3], index)
    assert objective.state_dict()["log_average"].shape == (6, 2)
    copy = BimodalSogCLR(6, 0.1).double()
    copy.load_state_dict(objective.state_dict())
    before = objective.log_average.clone()
    shown = objective.eval()(u[3:], v[3:], torch.tensor([1, 2, 3]))
    assert torch.equal(objective.log_average, before) and before[[1, 2, 5]].isneginf().all()
    assert torch.equal(shown, copy(u[3:], v[3:], torch.tensor([1, 2, 3])))  # used as this batch updates them
    assert torch.isfinite(copy.log_average[[1, 2]]).all()


@pytest.mark.parametrize("temperature", [0.1, 0.01])
def test_float32_follows_float64_for_many_steps(temperature):
    """exp(1/0.01) is far outside float32; its logarithm is not."""
    u, v = pairs(12, 4)
    single, double = BimodalSogCLR(12, temperature), BimodalSogCLR(12, temperature).double()
    generator = torch.Generator().manual_seed(0)
    for _ in range(20):
        batch = torch.randperm(12, generator=generator)[:4]
        one = single(u[batch].float(), v[batch].float(), batch)
        assert one.dtype == single.log_average.dtype == torch.float32
        assert one.item() == pytest.approx(double(u[batch], v[batch], batch).item(), rel=1e-4, abs=1e-5)


@pytest.mark.parametrize(
    ("kind", "message", "index"),
    [
        (TypeError, "index is NoneType; ", None),
        (ValueError, r"index has shape \[2\]; it must be \[3\]", torch.arange(2)),
        (ValueError, r"index holds 6; positions must lie in 0\.\.5", torch.tensor([0, 6, 1])),
    ],
)
def test_a_wrong_index_is_one_line(kind, message, index):
    u, v = pairs(3, 2)
    with pytest.raises(kind, match=message):
        BimodalSogCLR(6, 0.1)(u, v, index)


def test_the_schedule_of_gamma_is_that_of_sogclr():
    u, v = pairs(6, 3)
    objective = BimodalSogCLR(6, 0.1, gamma=0.5, cosine_steps=2).double()
    for gamma in (1.0, 0.75, 0.5, 0.5):
        assert float(objective.present_gamma()) == pytest.approx(gamma)
        before = objective.log_average.exp()
        present = BimodalSogCLR(6, 0.1, gamma=1.0).double()
        for each in (objective, present):
            each(u, v, torch.arange(6))
        expected = (1 - gamma) * before + gamma * present.log_average.exp()
        torch.testing.assert_close(objective.log_average.exp(), expected)
        u, v = v, u
