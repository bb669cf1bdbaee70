"""The sentence says of every method what its paired comparison says."""

import pandas as pd

from replication.evaluation import paired_comparison
from replication.experiments.grid.in_words import against_in_words


def runs(seeds=3, objective="simclr"):
    noise = (0.0, 0.01, -0.01)
    means = {"SGD": 50.0, "SC": 47.0, "OSGD": 53.0, "SwapSearch": 50.0, "METIS": 50.1}
    return pd.DataFrame(
        {"objective": objective, "selector": name, "seed": seed, "R@1": mean + noise[seed] * (seed + len(name))}
        for name, mean in means.items()
        for seed in range(seeds)
    )


def sentence(table):
    return against_in_words(paired_comparison(table, "R@1", "SGD", 1.0, within=["objective"]), "R@1", 1.0)


def test_each_outcome_has_its_words_and_numbers():
    text = sentence(runs())
    assert text.startswith("**In R@1, SC (-3.00 [") and text.endswith(".**")
    assert "n=3) is worse than SGD; OSGD (+3.00 [" in text and "is better than SGD; " in text
    assert "SwapSearch (" in text and "and METIS (" in text and "are no different from SGD within ±1 points" in text


def test_one_seed_decides_nothing():
    assert sentence(runs(seeds=1)) == (
        "**In R@1, SC (-3.00, one seed), OSGD (+3.00, one seed), SwapSearch (+0.00, one seed) and METIS (+0.10, one seed) "
        "are undecided against SGD.**"
    )


def test_objectives_are_told_apart():
    both = pd.concat([runs(), runs(objective="sogclr")])
    first, second = sentence(both).split("  \n")
    assert "R@1 with simclr, " in first and "R@1 with sogclr, " in second
