import pytest
import torch

from replication.experiments.neighbours.storm import AdaptiveScale, decay, project_on_simplex, recursive


def draws(seed=0, count=3):
    return torch.randn(count, 4, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_beta_one_and_the_first_call_are_the_plain_measurement():
    estimate, new, old = draws()
    assert recursive(None, new, old, 0.1) is new
    assert recursive(estimate, new, old, 1) is new


def test_without_a_correction_it_is_a_moving_average():
    estimate, new, _ = draws()
    assert torch.allclose(recursive(estimate, new, new, 0.3), 0.7 * estimate + 0.3 * new)


def test_exact_measurements_keep_an_exact_estimate_exact_for_any_beta():
    before, now, _ = draws()
    assert torch.allclose(recursive(before, now, before, 0.2), now)


def test_the_estimate_stays_unbiased_while_the_point_moves():
    """With noise that is the same at both points the error only shrinks: its mean over many runs is zero."""
    generator = torch.Generator().manual_seed(1)
    estimate, previous = None, 0.0
    for step in range(30):
        point, noise = float(step), torch.randn(4000, generator=generator, dtype=torch.float64)
        estimate = recursive(estimate, point + noise, previous + noise, 0.2)
        previous = point
    error = estimate - previous
    assert abs(error.mean()) < 3 * error.std() / 4000**0.5
    assert error.std() < 0.4  # of one measurement it is 1


@pytest.mark.parametrize("beta", [0, -0.1, 1.1, float("nan")])
def test_beta_out_of_range_is_refused(beta):
    with pytest.raises(ValueError, match="must be > 0 and <= 1"):
        recursive(*draws(), beta)


def test_decay_begins_at_one_and_falls_as_the_power_says():
    assert decay(0, 10, 0.5) == 1
    assert decay(10_000_000, 10, 1 / 3) / decay(80_000_000, 10, 1 / 3) == pytest.approx(2, rel=1e-5)


def test_adaptive_scales_keep_an_average_of_each_shape():
    first, second = torch.tensor([[3.0, 4.0]]), torch.tensor([[0.0, 8.0]])
    entries, whole = AdaptiveScale("entries", (1,), 0.75, 0.5), AdaptiveScale("whole", (1,), 0.75, 0.5)
    assert torch.allclose(entries(first), first + 0.5)
    assert torch.allclose(entries(second), torch.tensor([[6.75, 28.0]]).sqrt() + 0.5)
    assert whole(first).item() == 5.5
    assert whole(second).item() == pytest.approx(0.75 * 5 + 0.25 * 8 + 0.5)


def test_projection_on_the_simplex_is_the_nearest_point():
    points = draws(2, 50)
    found = project_on_simplex(points)
    assert (found >= 0).all() and torch.allclose(found.sum(dim=1), torch.ones(50, dtype=torch.float64))
    # At the nearest point the gap is the same where the entry is above 0, and no larger elsewhere.
    gap = points - found
    level = torch.where(found > 0, gap, -torch.inf).amax(dim=1, keepdim=True)
    assert torch.allclose(torch.where(found > 0, gap, level), level.expand_as(gap)) and (gap <= level + 1e-12).all()
    assert torch.allclose(project_on_simplex(found), found)
