import numpy as np
import torch

from replication.experiments.batch_selection.inputs import synthetic_phase
from replication.experiments.batch_selection.reference import compare_with_reference
from replication.losses import mini_batch_loss
from replication.machine import fastest, with_peak_memory
from replication.selection import SpectralClustering, SwapSearch


def seeded():
    return torch.Generator().manual_seed(0)


def test_reports_the_losses_of_the_plans_and_equal_assignment_costs():
    data = synthetic_phase("middle", 160, 16)
    table = compare_with_reference(data, 16, 0.1, repeats=1)
    assert list(table.affinity) == ["log", "exp"]
    assert table["cost difference"].abs().max() < 1e-6
    swap = SwapSearch(16, temperature=0.1).select(data.u, data.v, seeded())
    assert np.allclose(table["swap loss"], float(mini_batch_loss(data.u, data.v, swap, 0.1)))
    exact = SpectralClustering(16, temperature=0.1).select(data.u, data.v, seeded())
    assert np.isclose(table["exact loss"][0], float(mini_batch_loss(data.u, data.v, exact, 0.1)))
    seconds = table[[column for column in table if column.endswith("(s)")]]
    assert (seconds > 0).all().all()
    assert np.allclose(table["exact ratio"], table["reference (s)"] / table["exact (s)"])


def test_fast_and_reference_agree_on_separated_groups():
    groups = torch.nn.functional.one_hot(torch.arange(12).repeat_interleave(8), 12).float()
    u = torch.nn.functional.normalize(groups + 0.05 * torch.randn(96, 12, generator=seeded()), dim=1)
    plans = [
        SpectralClustering(8, affinity=affinity, temperature=0.1, implementation=name).select(u, u, seeded())
        for name in ("fast", "reference")
        for affinity in ("log", "exp")
    ]
    for plan in plans:
        assert {tuple(sorted(row)) for row in plan.tolist()} == {tuple(range(8 * g, 8 * g + 8)) for g in range(12)}


def test_fastest_takes_the_least_and_calls_in_turn():
    calls = []
    seconds = fastest({"a": lambda: calls.append("a"), "b": lambda: calls.append("b")}, repeats=2)
    assert calls == ["a", "b"] * 3 and set(seconds) == {"a", "b"}


def test_peak_memory_sees_a_large_array():
    def allocate():
        array = np.ones(16 * 2**20)
        for _ in range(10):
            array += 1  # keeps the pages alive while they are sampled
        return array.sum()

    value, seconds, memory = with_peak_memory(allocate)
    assert value == 11 * 16 * 2**20 and seconds > 0
    assert memory > 64
