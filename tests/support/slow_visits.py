"""A walk over visits, on which an objective with a state for each sample must equal its slow loop."""

import pytest
import torch

VISITS = ([0, 1, 2, 3], [7, 3, 4, 1], [5, 0, 6, 8], [8, 1], [2, 0, 5, 7])  # of nine samples: new, mixed and old ones


def assert_equals_slow_loop(objective, slow, u, v):
    """Compare value, gradient and averages after each batch; `slow` returns value and surrogate, and keeps `average`."""
    u, v = (x.requires_grad_() for x in (u, v))
    for batch in VISITS:
        index = torch.tensor(batch)
        loss = objective(u[index], v[index], index)
        value, surrogate = slow(u[index], v[index], index)
        assert loss.item() == pytest.approx(value, rel=1e-10)
        torch.testing.assert_close(torch.autograd.grad(loss, (u, v)), torch.autograd.grad(surrogate, (u, v)))
        torch.testing.assert_close(objective.log_average.exp(), torch.tensor(slow.average, dtype=torch.float64))
