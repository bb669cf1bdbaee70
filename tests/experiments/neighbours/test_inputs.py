import pytest
import torch

from replication.experiments.neighbours.inputs import clean_samples, first_weights, two_views


@pytest.mark.parametrize("source", ["digits", "random"])
def test_views_are_samples_plus_noise(source):
    points, labels = clean_samples(source, 6)
    assert (points**2).mean() == pytest.approx(1, abs=0.05) and len(points) == len(labels)
    views = two_views(source, 1000, 6, 0.3, 0)
    assert views.x.shape == views.y.shape == (1000, 6) and views.x.dtype == torch.float64
    assert (views.x - views.y).std() == pytest.approx(0.3 * 2**0.5, rel=0.05)


def test_seeds_differ_and_repeat():
    first, again, other = (two_views("digits", 20, 4, 0.1, seed) for seed in (0, 0, 1))
    assert torch.equal(first.x, again.x) and torch.equal(first.labels, again.labels)
    assert not torch.equal(first.x, other.x)


def test_first_weights_have_the_norm_of_unit_rows():
    assert first_weights(3, 7, 0).norm() == pytest.approx(3**0.5)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("moons", 5, 4, 0.1, 0), "source='moons'"),
        (("digits", 1798, 4, 0.1, 0), "count=1798 must be >= 2 and <= 1797"),
        (("digits", 5, 65, 0.1, 0), "dimensions=65"),
        (("digits", 5, 4, 0, 0), "noise=0"),
    ],
)
def test_bad_input_is_one_line(arguments, message):
    with pytest.raises(ValueError, match=message):
        two_views(*arguments)
