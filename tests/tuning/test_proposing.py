"""Rules, applied: what they propose is new, repeatable, and gets better."""

import pytest
import torch

from replication.tuning import RULES, Range, Space, propose

SPACE = Space({"lr": "0.001 to 1, log", "k": "2 to 80, log integer", "hardness": "0 to 1"})


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def tried(space, count=8):
    settings = space.settings(space.draw(count, generator(1)))
    return settings, torch.randn(count, generator=generator(2), dtype=torch.float64)


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("noise", [0.0, 0.3])
def test_proposals_are_new_inside_and_repeatable(rule, noise):
    settings, values = tried(SPACE)
    found = propose(rule, SPACE, settings, values, noise, 5, generator())
    assert len({tuple(setting.values()) for setting in settings + found}) == 13
    assert SPACE.settings(SPACE.points(found)) == found
    assert propose(rule, SPACE, settings, values, noise, 5, generator()) == found


@pytest.mark.parametrize("rule", RULES)
def test_a_small_space_is_used_up(rule):
    space = Space({"k": "1 to 6, integer", "b": [16, 32]})
    settings, values = tried(space, 7)
    found = propose(rule, space, settings, values, 0.0, 5, generator())
    assert len({tuple(setting.values()) for setting in settings + found}) == 12
    with pytest.raises(ValueError, match=r"^count=6 must be <= 5, the number of settings that are not known yet$"):
        propose(rule, space, settings, values, 0.0, 6, generator())


@pytest.mark.parametrize("rule", RULES)
def test_with_nothing_tried_proposals_are_random(rule):
    found = propose(rule, SPACE, [], torch.zeros(0), 0.0, 4, generator())
    assert found == propose("random", SPACE, [], torch.zeros(0), 0.0, 4, generator())


@pytest.mark.parametrize("rule", ["TS-RSR", "Thompson"])
def test_the_regret_of_a_sphere_shrinks_to_nothing(rule):
    space, least = Space({"a": Range(-1, 1, digits=None), "b": Range(-1, 1, digits=None)}), {}
    for name in (rule, "random"):
        draw = generator()
        settings = space.settings(space.draw(6, draw))
        for _ in range(6):
            settings += propose(name, space, settings, -sphere(settings), 0.0, 4, draw, candidates=200)
        least[name] = float(sphere(settings).min())
    assert least[rule] < 1e-4 < least["random"]


def sphere(settings):
    points = torch.tensor([list(setting.values()) for setting in settings], dtype=torch.float64)
    return (points - torch.tensor([0.3, -0.2], dtype=torch.float64)).square().sum(dim=1)


def test_one_noisy_peak_is_not_believed():
    """A line with one value far off: known to be noise, it draws no proposals; taken for certain, it does."""
    space = Space({"x": Range(0, 1, digits=None)})
    settings = [{"x": place / 10} for place in range(11)]
    values = torch.tensor([setting["x"] for setting in settings], dtype=torch.float64)
    values[2] = 2.0
    noise = torch.full((11,), 1e-6, dtype=torch.float64)
    certain = propose("TS-RSR", space, settings, values, noise, 1, generator())
    noise[2] = 100.0
    doubtful = propose("TS-RSR", space, settings, values, noise, 1, generator())
    assert abs(certain[0]["x"] - 0.2) < 0.1 and doubtful[0]["x"] > 0.8


@pytest.mark.parametrize("state", [torch.inference_mode, lambda: torch.autocast("cpu"), lambda: torch.device("meta")])
@pytest.mark.parametrize("rule", RULES)
def test_the_callers_torch_settings_do_not_matter(state, rule):
    settings, values = tried(SPACE)
    expected = propose(rule, SPACE, settings, values, 0.1, 3, generator(), candidates=50)
    draw = generator()
    with state():
        assert propose(rule, SPACE, settings, values, 0.1, 3, draw, candidates=50) == expected


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"rule": "grid"}, ValueError, r"rule='grid' must be one of 'TS-RSR', 'Thompson', 'random'"),
        ({"count": 0}, ValueError, r"count=0 must be >= 1"),
        ({"candidates": 4}, ValueError, r"candidates=4 must be >= 5"),
        ({"values": torch.zeros(3)}, ValueError, r"values has shape \[3\]; it must be \[8\]"),
        ({"values": torch.full((8,), float("nan"))}, ValueError, r"values\[0\] is NaN or infinite"),
        ({"noise": -1.0}, ValueError, r"noise\[0\]=-1.0 must be >= 0"),
        ({"settings": [{"lr": 5.0, "k": 2, "hardness": 0.0}] * 8}, ValueError, r"lr=5.0 must be in its range"),
    ],
)
def test_bad_input_is_one_clear_line(change, error, message):
    settings, values = tried(SPACE)
    arguments = {"rule": "TS-RSR", "space": SPACE, "settings": settings, "values": values, "noise": 0.0, "count": 5}
    with pytest.raises(error, match=message):
        propose(**arguments | {"generator": generator()} | change)
