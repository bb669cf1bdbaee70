import pytest

from replication.experiments.neighbours.gradient_noise import Problem
from replication.experiments.neighbours.view_noise import VARIATES, view_noise_of_seed

SMALL = Problem(samples=200, dimensions=10, outputs=6, batch_size=8, temperature=0.5, strength=0.1, rate=0.05)


@pytest.fixture(scope="module")
def table():
    return view_noise_of_seed(SMALL, 20, 10, 40, seed=0).set_index("variate")


def test_the_means_stay_within_what_chance_allows_on_fresh_draws(table):
    assert (table["worst z"] <= table["allowed z"]).all()


def test_variates_in_their_order(table):
    left = table.left[list(VARIATES)]
    assert left["none"] == 1
    assert left["best for each batch"] < left["amortised"] < left["one for all"] < 1.02
