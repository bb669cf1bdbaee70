"""Class probabilities against SciPy's softmax of plain cosines."""

import numpy as np
import pytest
import torch
from scipy.special import softmax

from replication.evaluation import class_probabilities
from replication.evaluation.probabilities import checked_probabilities

GENERATOR = torch.Generator().manual_seed(0)
FEATURES, PROTOTYPES = torch.randn(6, 4, generator=GENERATOR), torch.randn(3, 4, generator=GENERATOR)


def test_equals_the_softmax_of_thirty_cosines():
    x, y = (each.double().numpy() for each in (FEATURES, PROTOTYPES))
    cosines = (x @ y.T) / np.outer(np.linalg.norm(x, axis=1), np.linalg.norm(y, axis=1))
    found = class_probabilities(FEATURES, PROTOTYPES)
    assert found.dtype == torch.float64
    np.testing.assert_allclose(found, softmax(30 * cosines, axis=1), rtol=1e-12)
    np.testing.assert_allclose(class_probabilities(FEATURES, PROTOTYPES, 0.5), softmax(2 * cosines, axis=1), rtol=1e-12)


def test_norms_do_not_matter():
    found = class_probabilities(1e20 * FEATURES, 1e-20 * PROTOTYPES)
    torch.testing.assert_close(found, class_probabilities(FEATURES, PROTOTYPES), rtol=1e-5, atol=1e-12)


def test_rows_that_hardly_miss_one_are_scaled():
    z = torch.tensor([[0.5, 0.5004], [0.2, 0.8]])
    torch.testing.assert_close(checked_probabilities("z", z).sum(dim=1), torch.ones(2, dtype=torch.float64))
    checked_probabilities("z", torch.tensor([[0.5, 0.51]], dtype=torch.bfloat16))


def test_wrong_inputs_raise_one_clear_line():
    x, z = FEATURES, torch.full((4, 2), 0.5)
    cases = [
        (ValueError, "temperature=0 must be", lambda: class_probabilities(x, PROTOTYPES, 0)),
        (ValueError, "prototypes has d=3; it must equal d=4 of features", lambda: class_probabilities(x, PROTOTYPES[:, :3])),
        (ValueError, r"features has shape \[4\]; it must be \[N, d\]", lambda: class_probabilities(x[0], PROTOTYPES)),
        (TypeError, "z is list; it must be a floating-point tensor", lambda: checked_probabilities("z", [[0.5, 0.5]])),
        (ValueError, r"z has shape \[4, 1\]; it must hold K >= 2 classes", lambda: checked_probabilities("z", z[:, :1])),
        (ValueError, r"z has shape \[0, 4, 2\]; it must be \[tasks, n, K\]", lambda: checked_probabilities("z", z[None][:0])),
        (ValueError, r"rows that sum to 1 within 0.001 \(sums: 2 to 2\)", lambda: checked_probabilities("z", 2 * z)),
        (ValueError, r"none below 0 \(smallest: -0.5\)", lambda: checked_probabilities("z", z * torch.tensor([-1.0, 3.0]))),
    ]
    for kind, message, call in cases:
        with pytest.raises(kind, match=message) as error:
            call()
        assert "\n" not in str(error.value)
