"""The plans of the selectors that do linear algebra do not depend on how many threads torch uses."""

import pytest
import torch

from replication.selection import SpectralClustering, SwapSearch


@pytest.fixture(autouse=True)
def same_threads_afterwards():
    threads = torch.get_num_threads()
    yield
    torch.set_num_threads(threads)


@pytest.mark.parametrize("batch_size", [20, 100])  # five chunks of 60 samples; one of 300
@pytest.mark.parametrize("selector", [SpectralClustering, SwapSearch])
def test_any_number_of_threads_gives_the_same_plan(selector, batch_size):
    seeded = torch.Generator().manual_seed(batch_size)
    u, v = (torch.randn(300, 64, generator=seeded) for _ in range(2))
    plans = []
    for threads in (1, 2, 4):
        torch.set_num_threads(threads)
        chosen = selector(batch_size, k=3, temperature=0.1).select(u, v, torch.Generator().manual_seed(0))
        plans.append(chosen.tolist())
        assert torch.get_num_threads() == threads
    assert plans[0] == plans[1] == plans[2]
