"""What fits into a pilot's minutes: seeds go first, then epochs, then methods; the least is always trained."""

import pytest

from replication.heads import HeadSettings
from replication.pilot.budget import FEWEST_EPOCHS, FEWEST_METHODS, FEWEST_SEEDS, METHODS, MOST_SEEDS, SPARE, fit, with_epochs


@pytest.mark.parametrize(
    ("seconds", "methods", "seeds", "epochs"),
    [(0.001, len(METHODS), MOST_SEEDS, 10), (0.4, len(METHODS), 10, 10), (0.6, len(METHODS), 6, 10), (1e6, 3, 3, 3)],
)
def test_what_fits(seconds, methods, seeds, epochs):
    plan = fit(seconds, 5.0, HeadSettings())
    assert (len(plan.methods), plan.seeds, plan.epochs) == (methods, seeds, epochs)
    assert plan.methods[0] == "SGD" and plan.methods == METHODS[:methods]


def test_the_plan_stays_within_the_minutes_wherever_it_can():
    for seconds in (0.01, 0.1, 0.5, 1.0, 1.5, 2.0):
        plan = fit(seconds, 5.0, HeadSettings())
        least = (len(plan.methods), plan.seeds, plan.epochs) == (FEWEST_METHODS, FEWEST_SEEDS, FEWEST_EPOCHS)
        assert plan.seconds <= SPARE * 300 or least


def test_few_methods_and_few_epochs_of_ones_own_are_kept():
    plan = fit(1e6, 1.0, HeadSettings(epochs=2), ("SGD", "SC"))
    assert plan.methods == ("SGD", "SC") and plan.epochs == 2


def test_the_warm_up_fits_into_the_epochs():
    assert with_epochs(HeadSettings(epochs=9, warmup_epochs=5), 3).warmup_epochs == 3
