"""The first losses of one small training of each objective, pinned to the protocol's number.

Whoever changes the numerics of training sees this fail: then raise `PROTOCOL` beside the training code, so that records of the
old numerics are not mixed with new ones, and pin the new losses here. Other kernels round differently and training amplifies
that: ten updates agree within 1e-4 of the loss on all those tried, and twenty within 1e-3.
"""

import pytest
from first_losses import first_losses
from small_pretraining import small_task

from replication.experiments.cifar.pretraining import PROTOCOL
from replication.losses import OBJECTIVES

PINNED_PROTOCOL = 1
PINNED = {
    "dcl": """
        8.91621 10.1252 8.64397 9.89174 9.71158 10.6703 7.7812 9.32754 8.30267 7.75183 8.68738 9.14704
        9.22386 7.15803 7.29224 9.23772 8.15879 9.39835 9.01993 8.74035
    """,
    "infonce": """
        14.4677 16.7361 14.52 17.7749 16.1421 19.6517 13.5604 16.6396 15.5056 12.5811 12.9909 15.0096
        15.7891 13.2531 12.7509 15.1156 12.036 16.1342 16.8118 15.6535
    """,
    "mmcl": """
        -0.15493 -0.0666746 -0.0562793 0.0514937 -0.0652761 0.0518552 -0.127304 0.0259795 -0.255524
        -0.194092 -0.0429679 0.0346143 -0.148929 -0.228788 -0.189774 0.0523792 -0.0561422 0.0208502
        0.0548631 -0.0367304
    """,
    "mmcl, as released": """
        -0.0813076 0.0533835 -0.0569829 0.110464 0.0633441 0.260077 -0.154029 0.108397 -0.172993 -0.143486
        -0.068208 -0.0497164 -0.00656915 -0.242247 -0.20603 0.0878943 0.0324852 0.11683 0.0794094 0.0324756
    """,
    "partial auc": """
        1.49016 1.65756 1.46239 1.61207 1.54885 1.6586 1.34176 1.5531 1.74503 1.40422 1.35583 1.49227 1.50869
        1.35987 1.43973 1.52382 1.41841 1.49571 1.55618 1.46564
    """,
    "partial auc, as released": """
        1.44578 1.80047 1.45565 1.73839 1.62564 1.85095 1.22208 1.64292 1.78412 1.2712 1.1584 1.38893 1.42403
        1.10471 1.23605 1.45763 1.26211 1.3896 1.44202 1.28674
    """,
    "simclr": """
        8.93623 10.1353 8.67997 9.89845 9.72145 10.6706 7.93729 9.39546 8.32815 7.76319 8.70909 9.16433
        9.24184 7.50564 7.32566 9.25197 8.16788 9.41327 9.04286 8.84042
    """,
    "simclr, snapshot": """
        8.93623 10.1353 8.67995 9.89839 9.72137 10.6709 7.93862 9.39463 8.33707 7.75556 8.72073 9.14397
        9.23421 7.53488 7.3412 9.30728 8.18278 9.36078 9.0464 8.83627
    """,
    "sogclr": """
        1.103 1.3448 1.04855 1.29881 1.26267 1.58837 0.972868 1.39055 1.12915 1.0519 1.25331 1.24645 1.27705
        0.978014 1.00214 1.37534 1.27434 1.37093 1.36687 1.31711
    """,
    "sogclr, as released": """
        1.103 1.3448 1.04855 1.29881 1.26267 1.58837 0.972868 1.39055 1.12915 1.0519 1.25331 1.24645 1.27705
        0.978014 1.00214 1.37534 1.27434 1.37093 1.36687 1.31711
    """,
    "spectral": """
        1.74806 1.94434 1.27818 1.86796 1.65035 1.65711 1.10172 1.37148 2.89268 1.48989 1.84914 1.81961 1.67218
        1.52642 1.50691 1.34372 1.2353 1.34568 1.6222 1.18226
    """,
}


def test_every_objective_is_pinned_to_the_present_protocol():
    assert PROTOCOL == PINNED_PROTOCOL and set(PINNED) == set(OBJECTIVES)


@pytest.mark.parametrize("objective", PINNED)
def test_the_first_losses_are_those_of_the_protocol(objective):
    found = first_losses(small_task(objective=objective, method="SGD", epochs=4, lr=0.0002))
    pinned = [float(loss) for loss in PINNED[objective].split()]
    assert found[:10] == pytest.approx(pinned[:10], rel=1e-4, abs=1e-4)
    assert found == pytest.approx(pinned, rel=1e-3, abs=1e-3)
