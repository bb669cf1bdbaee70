"""The plans of the selectors that do linear algebra do not depend on how many threads torch uses, nor on other plans."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from threadpoolctl import threadpool_info

from replication.selection import (
    GCBS,
    BalancedKMeans,
    GraphPartition,
    JointExamples,
    NearestNeighbour,
    OrderedSGD,
    RandomWalk,
    SpectralClustering,
    SwapSearch,
)


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


SELECTORS = {
    "SC": SpectralClustering(8, k=10, temperature=0.1),
    "SwapSearch": SwapSearch(8, temperature=0.1),
    "SwapSearch by loss": SwapSearch(8, k=10, temperature=0.1, objective="loss"),
    "OSGD": OrderedSGD(8, temperature=0.1),
    "balanced k-means": BalancedKMeans(8),
    "GCBS": GCBS(8),
    "METIS": GraphPartition(8, temperature=0.1),
    "METIS, skip": GraphPartition(8, skip=10, communities=2),
    "neighbours": NearestNeighbour(8),
    "JEST": JointExamples(8, temperature=0.1),
    "random walk": RandomWalk(8),
}


def test_selectors_called_from_several_threads_at_once_give_the_plans_they_give_alone():
    """Every selector twice at once, beside all the others; and all libraries have as many threads as before."""
    u, v = (torch.randn(160, 16, generator=torch.Generator().manual_seed(seed)) for seed in (0, 1))

    def plan(name):
        barrier.wait()
        return [SELECTORS[name].select(u, v, torch.Generator().manual_seed(seed)) for seed in (0, 1)]

    names = [*SELECTORS] * 2
    before = threadpool_info()
    barrier = threading.Barrier(1)
    alone = [plan(name) for name in SELECTORS] * 2
    barrier = threading.Barrier(len(names), timeout=60)
    with ThreadPoolExecutor(len(names)) as pool:
        together = list(pool.map(plan, names))
    assert threadpool_info() == before
    for name, mine, expected in zip(names, together, alone, strict=True):
        assert all(map(torch.equal, mine, expected)), name
