"""SogCLR against loops, and its gradient estimate against the gradient of the global objective."""

import itertools
import math

import pytest
import torch
from slow_visits import assert_equals_slow_loop
from torch.nn.functional import normalize

from replication.losses import DCL, SogCLR


def views(n, d, seed=0):
    return normalize(torch.randn(2, n, d, dtype=torch.float64, generator=torch.Generator().manual_seed(seed)), dim=2)


def global_objective(u, v, temperature):
    """F over the whole data set: -2 s_ii + 2 t log of the mean of exp(s/t) over both views of i and both of all others."""
    u, v = normalize(u, dim=1), normalize(v, dim=1)
    total = 0.0
    for i in range(len(u)):
        negatives = [
            (mine @ other[j] / temperature).exp() for mine in (u[i], v[i]) for other in (u, v) for j in range(len(u)) if j != i
        ]
        total = total - 2 * (u[i] @ v[i]) + 2 * temperature * torch.stack(negatives).mean().log()
    return total / len(u)


class SlowSogCLR:
    """The update and the surrogate of section 6 of the paper, sample by sample, with the average itself as the state."""

    def __init__(self, num_samples, temperature, gamma, released=False):
        self.average = [0.0] * num_samples
        self.temperature, self.gamma, self.released = temperature, gamma, released

    def __call__(self, u, v, index):
        u, v = normalize(u, dim=1), normalize(v, dim=1)
        index, size = index.tolist(), len(u)
        all_new = sum(self.average[i] for i in index) == 0
        surrogate, value = 0.0, 0.0
        for place, i in enumerate(index):
            start = all_new if self.released else self.average[i] == 0
            gamma = 1 if start else self.gamma
            new = []
            for mine in (u[place], v[place]):
                cosines = [mine @ other[j] for other in (u, v) for j in range(size) if j != place]
                exps = [math.exp(s.item() / self.temperature) for s in cosines]
                new.append((1 - gamma) * self.average[i] + gamma * sum(exps) / len(exps))
                positive = u[place] @ v[place]
                surrogate = surrogate - positive
                surrogate = surrogate + sum(e / new[-1] * s for e, s in zip(exps, cosines, strict=True)) / len(exps)
                value += self.temperature * math.log(new[-1]) - positive.item()
            self.average[i] = sum(new) / 2
        return value / size, surrogate / size


@pytest.mark.parametrize("released", [False, True])
@pytest.mark.parametrize(("temperature", "gamma"), [(0.1, 0.9), (0.5, 0.3), (0.05, 1.0)])
def test_equals_the_slow_loop_visit_after_visit(temperature, gamma, released):
    mine = SogCLR(9, temperature, gamma, released_first_visit=released).double()
    slow = SlowSogCLR(9, temperature, gamma, released)
    assert_equals_slow_loop(mine, slow, *views(9, 4))


def test_the_first_visit_rules_differ_where_old_and_new_samples_meet():
    u, v = views(4, 3)
    averages = []
    for released in (False, True):
        objective = SogCLR(4, 0.2, gamma=0.9, released_first_visit=released).double()
        for batch in ([0, 1], [1, 2]):
            objective(u[batch], v[batch], torch.tensor(batch))
        averages.append(objective.log_average.exp())
    torch.testing.assert_close(averages[0][:2], averages[1][:2])
    torch.testing.assert_close(averages[1][2], 0.9 * averages[0][2])
    assert averages[0][3] == averages[1][3] == 0  # not visited


def expected_gradient(objective, u, v, size):
    """Return value and gradient of `objective`, averaged over all batches of that size, with its state held."""
    objective.eval()
    batches = [torch.tensor(batch) for batch in itertools.combinations(range(len(u)), size)]
    mean = sum(objective(u[batch], v[batch], batch) for batch in batches) / len(batches)
    objective.train()
    return mean.item(), torch.cat(torch.autograd.grad(mean, (u, v)))


def test_with_the_exact_averages_the_gradient_is_that_of_the_global_objective():
    u, v = (x.requires_grad_() for x in views(6, 3))
    expected = global_objective(u, v, 0.3)
    objective = SogCLR(6, 0.3, gamma=1e-9).double()
    every = torch.arange(6)
    objective(u, v, every)  # one batch of all samples: the averages are exact
    value, gradient = expected_gradient(objective, u, v, 2)
    assert value == pytest.approx(expected.item(), rel=1e-7)
    torch.testing.assert_close(gradient, torch.cat(torch.autograd.grad(expected, (u, v))), rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("seed", range(3))
def test_after_many_visits_the_gradient_is_closer_to_the_global_one_than_that_of_the_mini_batch(seed):
    u, v = (x.requires_grad_() for x in views(7, 3, seed))
    exact = torch.cat(torch.autograd.grad(global_objective(u, v, 0.2), (u, v)))
    plain = 0.2 * 2 * expected_gradient(DCL(0.2), u, v, 3)[1]  # the same loss with the logarithm of the batch's own mean
    objective = SogCLR(7, 0.2, gamma=0.05).double()
    generator = torch.Generator().manual_seed(seed)
    errors = []
    for visits in (1, 600):
        for _ in range(visits):
            batch = torch.randperm(7, generator=generator)[:3]
            objective(u[batch], v[batch], batch)
        errors.append(float((expected_gradient(objective, u, v, 3)[1] - exact).norm() / exact.norm()))
    assert errors[1] < 0.1 and errors[1] < 0.5 * errors[0]
    assert errors[1] < 0.3 * (plain - exact).norm() / exact.norm()


def test_at_the_first_visit_it_is_the_decoupled_loss():
    """Value and gradient are those of DCL in nats, times 2t, but for the constant of the mean."""
    u, v = (x.requires_grad_() for x in views(5, 3))
    mine, dcl = SogCLR(5, 0.1).double()(u, v, torch.arange(5)), DCL(0.1)(u, v)
    assert mine.item() == pytest.approx(0.2 * (dcl.item() - math.log(8)))
    found = torch.autograd.grad(mine, (u, v))
    torch.testing.assert_close(found, tuple(0.2 * g for g in torch.autograd.grad(dcl, (u, v))))


class SlowScheduledSogCLR(SlowSogCLR):
    """Its gamma falls from 1 to the given one along half a cosine."""

    def __init__(self, num_samples, temperature, gamma, steps):
        super().__init__(num_samples, temperature, gamma)
        self.least, self.steps, self.calls = gamma, steps, 0

    def __call__(self, u, v, index):
        half = 0.5 * (1 + math.cos(math.pi * min(1, self.calls / self.steps)))
        self.gamma, self.calls = self.least + (1 - self.least) * half, self.calls + 1
        return super().__call__(u, v, index)


@pytest.mark.parametrize("steps", [1, 3, 10])
def test_with_the_schedule_gamma_falls_from_one(steps):
    objective = SogCLR(9, 0.2, gamma=0.3, cosine_steps=steps).double()
    assert_equals_slow_loop(objective, SlowScheduledSogCLR(9, 0.2, 0.3, steps), *views(9, 4))
    assert int(objective.calls) == 5
    if steps == 10:
        assert float(objective.present_gamma()) == pytest.approx(0.3 + 0.7 / 2)


def test_the_schedule_goes_on_from_the_state_and_is_no_part_of_it_without_one():
    u, v = views(6, 3)
    objective, index = SogCLR(6, 0.1, gamma=0.5, cosine_steps=4).double(), torch.tensor([4, 0, 3])
    objective(u[:3], v[:3], index)
    objective.eval()(u[:3], v[:3], index)
    assert int(objective.calls) == 1  # eval mode leaves it alone
    copy = SogCLR(6, 0.1, gamma=0.5, cosine_steps=4).double()
    copy.load_state_dict(objective.train().state_dict())
    torch.testing.assert_close(copy(u[3:], v[3:], index), objective(u[3:], v[3:], index), rtol=0, atol=0)
    assert list(SogCLR(6, 0.1).state_dict()) == ["log_average"]
    with pytest.raises(ValueError, match="cosine_steps=-1 must be >= 0"):
        SogCLR(6, 0.1, cosine_steps=-1)


@pytest.mark.parametrize("gamma", [0.9, 0.2])
def test_the_update_is_a_proximal_mirror_step(gamma):
    """On h(x) = g exp(-x) + x, least at log g, with the divergence of exp(-x): its derivative vanishes at the new average."""
    objective = SogCLR(2, 0.2, gamma).double()

    def at(cosine):  # both views of a sample alike: one negative, so g is exact
        return torch.tensor([[1.0, 0.0], [cosine, math.sqrt(1 - cosine**2)]], dtype=torch.float64)

    old, g = math.exp(0.3 / 0.2), math.exp(-0.5 / 0.2)
    objective(at(0.3), at(0.3), torch.arange(2))
    objective(at(-0.5), at(-0.5), torch.arange(2))
    new = objective.log_average[0].item()
    weight = gamma / ((1 - gamma) * old)
    derivative = weight * (1 - g * math.exp(-new)) - math.exp(-new) + 1 / old
    assert derivative == pytest.approx(0, abs=1e-12 / g)
    least = torch.linspace(math.log(g) - 1, math.log(g) + 1, 2001, dtype=torch.float64)
    assert least[(g * (-least).exp() + least).argmin()].item() == pytest.approx(math.log(g), abs=1e-3)


@pytest.mark.parametrize("temperature", [0.1, 0.01])
def test_float32_follows_float64_for_many_steps(temperature):
    """exp(1/0.01) is far outside float32; its logarithm is not."""
    u, v = views(12, 4)
    single, double = SogCLR(12, temperature), SogCLR(12, temperature).double()
    generator = torch.Generator().manual_seed(0)
    for _ in range(30):
        batch = torch.randperm(12, generator=generator)[:4]
        one = single(u[batch].float(), v[batch].float(), batch)
        assert one.dtype == torch.float32
        assert one.item() == pytest.approx(double(u[batch], v[batch], batch).item(), rel=1e-4, abs=1e-5)
    assert torch.isfinite(single.log_average).all() and single.log_average.dtype == torch.float32


def test_the_state_travels_in_the_state_dict_and_eval_mode_leaves_it_alone():
    u, v = views(6, 3)
    objective, index = SogCLR(6, 0.1).double(), torch.tensor([4, 0, 3])
    objective(u[:3], v[:3], index)
    copy = SogCLR(6, 0.1).double()
    copy.load_state_dict(objective.state_dict())
    for _ in range(2):
        torch.testing.assert_close(copy(u[3:], v[3:], index), objective(u[3:], v[3:], index), rtol=0, atol=0)
    before = objective.log_average.clone()
    objective.eval()(u[3:], v[3:], torch.tensor([1, 2, 3]))
    assert torch.equal(objective.log_average, before) and before[[1, 2, 5]].isneginf().all()


def test_the_state_of_another_data_set_is_refused():
    with pytest.raises(RuntimeError, match="size mismatch for log_average"):
        SogCLR(6, 0.1).load_state_dict(SogCLR(7, 0.1).state_dict())


@pytest.mark.parametrize(
    ("kind", "message", "index"),
    [
        (TypeError, "index is NoneType; this loss needs the positions", None),
        (TypeError, "index is torch.float32", torch.zeros(3)),
        (ValueError, r"index has shape \[2\]; it must be \[3\]", torch.arange(2)),
        (ValueError, r"index holds 6; positions must lie in 0\.\.5", torch.tensor([0, 6, 1])),
        (ValueError, "index holds -1; positions", torch.tensor([0, -1, 1])),
    ],
)
def test_wrong_index_raises_one_clear_line(kind, message, index):
    u, v = views(3, 2)
    with pytest.raises(kind, match=message):
        SogCLR(6, 0.1)(u, v, index)
