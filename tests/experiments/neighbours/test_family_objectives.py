import pytest
import torch
import torch.nn.functional as F

from replication.experiments.neighbours import family_objectives as family
from replication.experiments.neighbours.family_objectives import (
    check_share,
    multiclass_auc,
    objectives,
    partial_auc,
    scores,
    second_moment,
    sogclr,
    sogclr_without_memory,
    spectral,
    spectral_shared,
)
from replication.experiments.neighbours.storm import decay, recursive
from replication.experiments.neighbours.surviving_losses import families
from replication.losses import SogCLR, spectral_dual, spectral_loss
from replication.selection import FullBatch

EVERYTHING = FullBatch().plan(9)
NINE_FAMILIES = list(families().items())


def points(d=4, seed=0, n=9):
    rows = torch.randn(2, n, d, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return rows / rows.norm(dim=2, keepdim=True)


@pytest.mark.parametrize("seed", range(3))
def test_with_a_shared_dual_a_partition_has_the_loss_of_the_whole(seed):
    u, v = points(seed=seed)
    partition = torch.randperm(9, generator=torch.Generator().manual_seed(seed)).view(3, 3)
    assert float(spectral_shared(u, v, partition) - spectral_loss(u, v)) == pytest.approx(0, abs=1e-12)
    moment, z = second_moment(u, v), torch.cat([u, v])
    assert torch.allclose(moment, z.T @ z / len(z), atol=1e-15)
    rows = u[partition], v[partition]
    for change in (0.1, -0.1):  # the shared matrix is the best
        other = moment + change * torch.eye(4, dtype=torch.float64)
        assert spectral_dual(*rows, other).mean() < spectral_shared(u, v, partition)


def test_losses_over_pairs_by_loops():
    u, v = points()
    squares, gaps, count = 0.0, 0.0, 0
    for i in range(9):
        for j in range(9):
            if i != j:
                squares += float(u[i] @ v[j]) ** 2
                gaps += float(torch.exp(u[i] @ v[j] - u[i] @ v[i]) + torch.exp(u[j] @ v[i] - u[i] @ v[i])) / 2
                count += 1
    assert float(spectral(u[None], v[None])[0]) == pytest.approx(float(-2 * (u * v).sum(dim=1).mean()) + squares / count)
    assert float(multiclass_auc(u, v)) == pytest.approx(gaps / count)


def test_multiclass_auc_is_what_info_nce_takes_the_logarithm_of():
    """For one anchor and one direction: log(1 + the sum of its exponentials)."""
    u, v = points(n=2)
    cosines = u @ v.T
    anchors = [
        F.cross_entropy(c[None], torch.tensor([i])).exp() - 1 for side in (cosines, cosines.T) for i, c in enumerate(side)
    ]
    assert float(multiclass_auc(u, v)) == pytest.approx(float(sum(anchors)) / 4)


def test_sogclr_without_memory_is_the_objective_of_that_name():
    """The library averages each view on its own at gamma = 1; where both have one average, the values are the same."""
    u, v = points()
    same = SogCLR(9, 1.0, gamma=1.0)(u, u, torch.arange(9))
    assert float(sogclr_without_memory(u[None], u[None])[0]) == pytest.approx(float(same))
    assert torch.allclose(sogclr(u, v, EVERYTHING), sogclr_without_memory(u[None], v[None])[0])


@pytest.mark.parametrize(("name", "batches"), NINE_FAMILIES)
def test_sogclr_at_rest_has_the_mean_gradient_of_the_training_objective(name, batches):
    """With the averages at their mean over the family and a vanishing gamma, the batches' surrogate gradients average to it."""
    u, v = (rows.clone().requires_grad_() for rows in points())
    wanted = torch.autograd.grad(sogclr(*(F.normalize(rows, dim=1) for rows in (u, v)), batches), (u, v))
    means = family.negative_means(u.detach()[batches], v.detach()[batches])
    objective = SogCLR(9, 1.0, gamma=1e-9)
    averages = torch.stack([means[batches == sample].mean() for sample in range(9)])
    objective.log_average.copy_(averages.log())
    objective.eval()
    loss = sum(objective(u[batch], v[batch], batch) for batch in batches) / len(batches)
    for found, slope in zip(torch.autograd.grad(loss, (u, v)), wanted, strict=True):
        assert torch.allclose(found, slope, atol=1e-6)  # the library keeps its averages in single precision


def test_sogclr_needs_every_sample():
    with pytest.raises(ValueError, match="batches leave out sample 3"):
        sogclr(*points(), torch.tensor([[0, 1, 2], [4, 5, 6], [7, 8, 0]]))


def instance_wise(positive, negative, a, b, gamma, s, beta, kappa=20.0):
    """PAUCI's form with its duals given."""
    below = (negative - b).square() + 2 * (1 + gamma) * negative - s
    first = ((positive - a).square() - 2 * (1 + gamma) * positive).mean(dim=-1)
    return first + s + F.softplus(kappa * below).mean(dim=-1) / (kappa * beta) - gamma**2


def duals(positive, negative, beta, kappa=20.0):
    """The saddle: a, b the means of the positives and of the softly chosen negatives, gamma = b - a, s the threshold."""
    a = positive.mean()
    shape = negative.square() + 2 * (1 - a) * negative
    s = family._threshold(shape[None], beta, kappa)[0, 0]
    weights = (kappa * (shape - s)).sigmoid()
    b = (weights * negative).sum() / weights.sum()
    return a, b, b - a, s + b.square()


@pytest.mark.parametrize("beta", [0.2, 0.5, 0.9])
def test_partial_auc_is_the_instance_wise_form_at_its_duals_plus_one(beta):
    positive, negative = scores(*points())
    at = duals(positive, negative, beta)
    assert float(instance_wise(positive, negative, *at, beta)) == pytest.approx(
        float(partial_auc(positive, negative, beta)) - 1, abs=1e-12
    )
    # All four are stationary there: least in a, b and s. In gamma it need not be the largest: softplus bends the other way.
    value = instance_wise(positive, negative, *at, beta)
    for place in range(4):
        ends = [
            instance_wise(positive, negative, *(x + h * (k == place) for k, x in enumerate(at)), beta) for h in (-1e-4, 1e-4)
        ]
        assert float(ends[1] - ends[0]) / 2e-4 == pytest.approx(0, abs=1e-5)
        assert place == 2 or min(ends) > value


@pytest.mark.parametrize("ascend", [True, False])
def test_the_storm_recursion_finds_the_duals_unless_gamma_descends(ascend):
    """The optimiser of PAUCI; as released, gamma descends too and ends at its bound."""
    generator = torch.Generator().manual_seed(0)
    positive, negative = (torch.rand(count, generator=generator, dtype=torch.float64) for count in (40, 400))
    positive, negative = 0.4 + 0.6 * positive, 0.8 * negative
    now = before = torch.tensor([0.5, 0.5, 1.0, 0.5], dtype=torch.float64)
    signs, estimate = torch.tensor([-1, -1, 1 if ascend else -1, -1], dtype=torch.float64), None
    for step in range(300):
        left = decay(step, 50, 1 / 3)
        part = (
            positive[torch.randint(40, (20,), generator=generator)],
            negative[torch.randint(400, (120,), generator=generator)],
        )
        new, old = (_slope(*part, point) for point in (now, before))
        estimate, before = recursive(estimate, new, old, left**2), now
        now = (now + 0.1 * left * signs * estimate).clamp(torch.tensor([0.0, 0, -1, -5]), torch.tensor([1.0, 1, 1, 5]))
    wanted = torch.stack(duals(positive, negative, 0.5, 5.0))
    if ascend:
        assert torch.allclose(now, wanted, atol=0.05)
    else:
        assert now[2] == 1 and wanted[2] < 0


def _slope(positive, negative, point):
    return torch.autograd.functional.jacobian(lambda q: instance_wise(positive, negative, *q, 0.5, 5.0), point)


@pytest.mark.parametrize(("name", "batches"), NINE_FAMILIES)
def test_instance_wise_form_with_shared_duals_is_a_mean_over_batches(name, batches):
    u, v = points()
    at = [torch.tensor(value, dtype=torch.float64) for value in (0.8, 0.4, -0.4, 0.7)]
    whole = instance_wise(*scores(u, v), *at, 0.5)
    mean = instance_wise(*scores(u[batches], v[batches]), *at, 0.5).mean()
    assert (abs(float(mean - whole)) < 1e-12) == (name != "fixed")


def test_a_sharp_threshold_is_the_mean_over_the_top_negatives():
    positive, negative = scores(*points())
    top = negative.sort(descending=True).values[:36]
    wanted = (1 - positive[:, None] + top).square().mean()
    assert float(partial_auc(positive, negative, 0.5, kappa=1e6)) == pytest.approx(float(wanted), abs=1e-5)


def test_partial_auc_gradient():
    positive, negative = (x.clone().requires_grad_() for x in scores(*points(n=4)))
    assert torch.autograd.gradcheck(lambda p, n: partial_auc(p, n, 0.5), (positive, negative))


@pytest.mark.parametrize("beta", [0.1, 1.0, 1.5, 0, -1, float("nan")])
def test_less_than_one_negative_is_refused(beta):
    positive, negative = scores(*points(n=3))
    with pytest.raises(ValueError, match="beta="):
        partial_auc(positive, negative, beta)


def test_the_message_says_how_many_negatives_there_are():
    with pytest.raises(ValueError, match=r"beta=0\.1 of 6 negatives is 0\.6; it must be >= 1, and beta < 1"):
        check_share("beta", 0.1, 6)
    assert check_share("beta", 0.5, 6) == 0.5


@pytest.mark.parametrize("name", objectives())
def test_the_order_of_samples_does_not_matter(name):
    u, v = points()
    order = torch.randperm(9, generator=torch.Generator().manual_seed(0))
    partition, objective = torch.arange(9).view(3, 3), objectives()[name]
    moved = torch.argsort(order)[partition]
    assert torch.allclose(objective(u[order], v[order], moved), objective(u, v, partition), atol=1e-12)
