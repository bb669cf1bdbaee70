"""The first losses of one small training of each objective, pinned to the protocol's number.

Whoever changes the numerics of training sees this fail: then raise `PROTOCOL` beside the training code, so that records of the
old numerics are not mixed with new ones, and pin the new losses here. Other kernels round differently and training amplifies
that: ten updates agree within 1e-4 of the loss on all those tried, and twenty within 1e-3.
"""

import pytest
from first_losses import first_losses
from small_finetuning import small_task

from replication.clip.finetuning import PROTOCOL
from replication.clip.settings import OBJECTIVES

PINNED_PROTOCOL = 1
PINNED = {
    "clip": """
        2.87352 2.88808 2.86267 2.82185 2.79837 2.82402 2.76519 2.75702 2.76172 2.78367 2.77653 2.70661
        2.78916 2.79777 2.72196 2.721 2.72667 2.73077 2.71633 2.77517
    """,
    "partial auc": """
        1.5671 1.5105 1.39363 1.23061 1.1505 1.16905 1.14126 1.1251 1.11204 1.10589 1.10247 1.09976 1.10305
        1.10199 1.09682 1.09422 1.09674 1.0955 1.09448 1.09677
    """,
    "sogclr": """
        0.0998579 0.113485 0.092537 0.0480779 0.0230288 0.0866062 -0.0272754 -0.0325726 0.00308773 0.0600718
        -0.00151715 -0.112608 -0.0173633 0.0140066 -0.0333484 -0.00540518 -0.0185178 -0.0289477 -0.0522363
        0.0215783
    """,
    "spectral": """
        5.3642 4.99445 4.98033 4.26066 3.90209 3.87587 3.68057 3.7921 3.45492 3.30845 3.0996 2.79608 2.45579
        2.90771 1.88451 2.04661 2.15917 1.78218 1.82637 1.85085
    """,
}


def test_every_objective_is_pinned_to_the_present_protocol():
    assert PROTOCOL == PINNED_PROTOCOL and set(PINNED) == set(OBJECTIVES)


@pytest.mark.parametrize("objective", PINNED)
def test_the_first_losses_are_those_of_the_protocol(objective):
    found = first_losses(small_task(objective=objective, method="SGD", epochs=4))
    pinned = [float(loss) for loss in PINNED[objective].split()]
    assert found[:10] == pytest.approx(pinned[:10], rel=1e-4, abs=1e-4)
    assert found == pytest.approx(pinned, rel=1e-3, abs=1e-3)
