"""Random search: even over the space, without what is known."""

import pytest
import torch

from replication.tuning import Space, random_search

SPACE = Space({"k": "1 to 4, integer", "b": [16, 32]})


def test_every_setting_is_as_likely_and_none_is_known_or_comes_twice():
    generator, known = torch.Generator().manual_seed(0), [{"k": 2, "b": 16}]
    counts = dict.fromkeys(range(1, 5), 0)
    for _ in range(500):
        settings = SPACE.settings(random_search(SPACE, 2, generator, known))
        assert settings[0] != settings[1] and known[0] not in settings
        for setting in settings:
            counts[setting["k"]] += 1
    assert all(abs(counts[k] - 1000 * (1 if k == 2 else 2) / 7) < 60 for k in counts)


def test_when_nothing_is_left_it_says_so():
    with pytest.raises(ValueError, match=r"^count=9 must be <= 8, the number of settings that are not known yet$"):
        random_search(SPACE, 9, torch.Generator())
