"""The plans of the selectors that do linear algebra do not depend on how many threads torch uses."""

import pytest
import torch

from replication.selection import SpectralClustering, SwapSearch


@pytest.fixture(autouse=True)
def same_threads_afterwards():
    threads = torch.get_num_threads()
    yield
    torch.set_num_threads(threads)


CHUNKS = [(300, 20, 3), (300, 100, 3), (1000, 25, 20)]  # N, B, k: five small chunks; one; two large enough for Lanczos


@pytest.mark.parametrize(("samples", "batch_size", "k"), CHUNKS)
@pytest.mark.parametrize("options", [{"affinity": "log"}, {"affinity": "exp"}, None])
def test_any_number_of_threads_and_workers_gives_the_same_plan(samples, batch_size, k, options):
    seeded = torch.Generator().manual_seed(batch_size)
    u, v = (torch.randn(samples, 64, generator=seeded) for _ in range(2))
    plans = []
    for threads, workers in ((1, 1), (2, None), (4, 3)):
        torch.set_num_threads(threads)
        settings = {"k": k, "temperature": 0.1, "workers": workers}
        selector = (
            SwapSearch(batch_size, **settings) if options is None else SpectralClustering(batch_size, **settings, **options)
        )
        chosen = selector.select(u, v, torch.Generator().manual_seed(0))
        plans.append(chosen.tolist())
        assert torch.get_num_threads() == threads
    assert plans[0] == plans[1] == plans[2]
