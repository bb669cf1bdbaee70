"""Settings and their points, rounding, and draws."""

import math

import pytest
import torch

from replication.tuning import Space

SPACE = Space({"lr": "0.001 to 1, log", "k": "2 to 80, log integer", "hardness": "0 to 1", "batch_size": [16, 32, 64]})


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("ranges", [{}, None, ["lr"]])
def test_a_space_needs_parameters(ranges):
    with pytest.raises(TypeError, match="must be a mapping of one or more parameters to their ranges"):
        Space(ranges)


def test_the_ends_of_the_box_are_the_ends_of_the_ranges():
    assert SPACE.settings(torch.tensor([[0.0] * 4, [1.0] * 4])) == [
        {"lr": 0.001, "k": 2, "hardness": 0.0, "batch_size": 16},
        {"lr": 1.0, "k": 80, "hardness": 1.0, "batch_size": 64},
    ]


def test_log_scales_have_their_geometric_mean_in_the_middle():
    (setting,) = SPACE.settings(torch.full((1, 4), 0.5))
    assert setting == {"lr": 0.0316, "k": round(math.sqrt(1.5 * 80.5)), "hardness": 0.5, "batch_size": 32}


def test_types_are_those_of_a_profile():
    (setting,) = SPACE.settings(SPACE.draw(1, generator()))
    assert [type(value) for value in setting.values()] == [float, int, float, int]


def test_points_are_rounded_to_settings_and_stay_there():
    points = torch.rand(50, 4, generator=generator(), dtype=torch.float64)
    rounded = SPACE.rounded(points)
    assert (rounded - points).abs().max() < 0.4  # steps of a third of the box are the coarsest
    torch.testing.assert_close(SPACE.rounded(rounded), rounded, rtol=0, atol=1e-12)
    assert SPACE.settings(rounded) == SPACE.settings(points)


def test_integers_are_all_as_likely():
    space = Space({"k": "1 to 4, integer"})
    places = torch.linspace(0.0005, 0.9995, 1000).view(-1, 1)
    values = [setting["k"] for setting in space.settings(places)]
    assert [values.count(k) for k in (1, 2, 3, 4)] == [250] * 4
    torch.testing.assert_close(space.points([{"k": 1}, {"k": 4}]).flatten(), torch.tensor([0.125, 0.875]).double())


def test_the_size_is_told_where_all_settings_can_be_counted():
    assert SPACE.size is None
    space = Space({"k": "1 to 4, integer", "b": [16, 32]})
    assert space.size == 8 == len({tuple(setting.values()) for setting in space.settings(space.all_points())})


@pytest.mark.parametrize("ranges", [{"k": "1 to 9, integer"}, {"lr": "0.001 to 1, log", "k": "1 to 90, integer"}])
def test_draws_are_different_and_none_is_known(ranges):
    space = Space(ranges)
    known = space.settings(space.draw(4, generator()))
    drawn = space.settings(space.draw(5, generator(1), known))
    everything = [tuple(setting.values()) for setting in known + drawn]
    assert len(set(everything)) == 9
    torch.testing.assert_close(space.draw(5, generator(1), known), space.draw(5, generator(1), known))


def test_when_nothing_is_left_fewer_are_drawn():
    space = Space({"k": "1 to 3, integer"})
    assert space.settings(space.draw(5, generator(), [{"k": 2}])) in ([{"k": 1}, {"k": 3}], [{"k": 3}, {"k": 1}])


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"lr": 0.1}, r"setting \{'lr': 0.1\} must have the parameters lr, k, hardness, batch_size"),
        ({"lr": 2.0, "k": 3, "hardness": 0.5, "batch_size": 16}, r"lr=2.0 must be in its range, Range\(low=0.001, high=1"),
        ({"lr": 0.1, "k": 3.5, "hardness": 0.5, "batch_size": 16}, r"k=3.5 must be in its range"),
        ({"lr": 0.1, "k": 3, "hardness": 0.5, "batch_size": 20}, r"batch_size=20 must be in its range"),
    ],
)
def test_settings_outside_are_one_clear_line(setting, message):
    with pytest.raises(ValueError, match=message):
        SPACE.points([setting])
