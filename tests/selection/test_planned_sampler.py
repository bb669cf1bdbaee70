"""PlannedBatchSampler in a real DataLoader: epochs, plans, errors, and resuming in the middle of an epoch."""

import io
import subprocess
import sys

import pytest
import torch
from torch.utils.data import DataLoader, TensorDataset

from replication.selection import (
    AllBatches,
    FixedBatches,
    FullBatch,
    OrderedSGD,
    PlannedBatchSampler,
    ShuffledBatches,
    SpectralClustering,
)

N = 23
DATA = TensorDataset(torch.arange(N))


def embeddings(seed=0):
    return torch.randn(N, 3, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def batches(sampler, workers=0):
    """Return what a DataLoader serves in one epoch, as lists of sample indices."""
    return [batch[0].tolist() for batch in DataLoader(DATA, batch_sampler=sampler, num_workers=workers)]


def through_a_file(state):
    """Return the state as it comes out of torch.save and the safe way to load."""
    buffer = io.BytesIO()
    torch.save(state, buffer)
    buffer.seek(0)
    return torch.load(buffer, weights_only=True)


@pytest.mark.parametrize(
    "selector", [ShuffledBatches(4), FixedBatches(4), AllBatches(4), OrderedSGD(4, q=2), SpectralClustering(4)]
)
def test_an_epoch_has_floor_n_over_b_batches(selector):
    sampler = PlannedBatchSampler(selector, N)
    assert len(sampler) == len(DataLoader(DATA, batch_sampler=sampler)) == 5
    sampler.update(embeddings())
    served = batches(sampler)
    assert served == sampler.plan.tolist()
    assert [len(set(batch)) for batch in served] == [4] * 5


def test_the_full_batch_is_one_batch():
    sampler = PlannedBatchSampler(FullBatch(), N)
    assert len(sampler) == 1
    assert batches(sampler) == [list(range(N))]


def test_an_epoch_replays_its_plan_and_the_next_has_another():
    sampler = PlannedBatchSampler(ShuffledBatches(4), N, seed=3)
    first = batches(sampler)
    assert batches(sampler) == first
    sampler.set_epoch(0)
    assert batches(sampler) == first
    sampler.set_epoch(1)
    assert sampler.plan is None
    second = batches(sampler)
    assert second != first
    sampler.set_epoch(0)
    assert batches(sampler) == first
    assert batches(PlannedBatchSampler(ShuffledBatches(4), N, seed=4)) != first


def test_a_broken_off_iteration_does_not_shorten_the_next():
    sampler = PlannedBatchSampler(ShuffledBatches(4), N)
    next(iter(DataLoader(DATA, batch_sampler=sampler)))
    assert len(batches(sampler)) == 5


def test_worker_processes_serve_the_same_plan():
    sampler = PlannedBatchSampler(ShuffledBatches(4), N)
    assert batches(sampler, workers=1) == batches(sampler)


def test_ordered_sgd_is_asked_again_with_fresh_randomness_until_the_epoch_is_full():
    sampler = PlannedBatchSampler(OrderedSGD(4, k=5, q=2), N)
    u = embeddings()
    sampler.update(u, u.flip(0))
    rounds = [sampler.plan[:2], sampler.plan[2:4]]
    assert len(sampler.plan) == 5
    assert not torch.equal(*rounds)
    for rows in rounds:  # one call's batches are disjoint; those of two calls need not be
        assert rows.unique().numel() == 8


def test_of_all_batches_a_random_subset_is_taken():
    plans = [batches(PlannedBatchSampler(AllBatches(2), N, seed)) for seed in range(3)]
    assert all(len(plan) == 11 == len({tuple(batch) for batch in plan}) for plan in plans)
    assert plans[0] != plans[1] != plans[2]
    assert plans[0] != [[0, j] for j in range(1, 12)]


def test_update_uses_the_embeddings_it_is_given():
    sampler = PlannedBatchSampler(SpectralClustering(4), N)
    plans = []
    for seed in (0, 1, 0):
        sampler.update(embeddings(seed))
        plans.append(sampler.plan.tolist())
    assert plans[0] == plans[2] != plans[1]


@pytest.mark.parametrize("done", [0, 2, 5])
@pytest.mark.parametrize("selector", [ShuffledBatches(4), OrderedSGD(4, k=5, q=2)])
def test_resuming_yields_exactly_the_rest(selector, done):
    sampler = PlannedBatchSampler(selector, N)
    sampler.set_epoch(2)
    sampler.update(embeddings())
    iterator = iter(sampler)
    head = [next(iterator) for _ in range(done)]
    state = through_a_file(sampler.state_dict())
    tail = list(iterator)
    assert state == sampler.state_dict(batches_done=done) | {"plan": state["plan"]}
    fresh = PlannedBatchSampler(selector, N)
    fresh.load_state_dict(state)
    assert fresh.epoch == 2
    assert through_a_file(fresh.state_dict())["position"] == done
    assert batches(fresh) == tail
    assert batches(fresh) == head + tail  # the epoch after the resumed one starts at the beginning again


def test_a_finished_epoch_is_not_trained_on_again():
    sampler = PlannedBatchSampler(ShuffledBatches(4), N)
    first = batches(sampler)
    fresh = PlannedBatchSampler(ShuffledBatches(4), N)
    fresh.load_state_dict(through_a_file(sampler.state_dict()))
    fresh.set_epoch(0)  # a training loop that takes up the saved epoch finds nothing left of it
    assert batches(fresh) == []
    assert batches(fresh) == first


def test_a_loader_that_fetches_ahead_resumes_from_the_batches_done():
    sampler = PlannedBatchSampler(ShuffledBatches(4), N)
    loader = iter(DataLoader(DATA, batch_sampler=sampler, num_workers=1, prefetch_factor=2))
    first = next(loader)[0].tolist()
    assert sampler.state_dict()["position"] > 1  # handed out, not yet trained on
    fresh = PlannedBatchSampler(ShuffledBatches(4), N)
    fresh.load_state_dict(sampler.state_dict(batches_done=1))
    assert [first, *batches(fresh)] == batches(sampler)


def test_a_state_before_the_plan_resumes_too():
    sampler = PlannedBatchSampler(ShuffledBatches(4), N)
    fresh = PlannedBatchSampler(ShuffledBatches(4), N)
    fresh.load_state_dict(through_a_file(sampler.state_dict()))
    assert batches(fresh) == batches(sampler)


def test_another_process_makes_the_same_plan():
    program = f"""
import torch
from replication.selection import OrderedSGD, PlannedBatchSampler
sampler = PlannedBatchSampler(OrderedSGD(4, k=5, q=2), {N}, seed=7)
sampler.set_epoch(3)
sampler.update(torch.randn({N}, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64))
print(sampler.plan.tolist())
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    sampler = PlannedBatchSampler(OrderedSGD(4, k=5, q=2), N, seed=7)
    sampler.set_epoch(3)
    sampler.update(embeddings())
    assert done.stdout.strip() == str(sampler.plan.tolist())


def test_errors_are_one_clear_line():
    sampler = PlannedBatchSampler(SpectralClustering(4), N)
    state = sampler.state_dict()
    cases = [
        (RuntimeError, r"^SpectralClustering has no plan for epoch 0; call update\(u, v\)", lambda: list(sampler)),
        (ValueError, r"^u has 3 rows; .* num_samples=23", lambda: sampler.update(embeddings()[:3])),
        (ValueError, r"^epoch=-1 must be >= 0$", lambda: sampler.set_epoch(-1)),
        (ValueError, r"^batches_done=6 must be >= 0 and <= 5$", lambda: sampler.state_dict(6)),
        (ValueError, r"^num_samples=1 must be >= 2$", lambda: PlannedBatchSampler(ShuffledBatches(1), 1)),
        (ValueError, r"^seed=-1 must be >= 0$", lambda: PlannedBatchSampler(ShuffledBatches(1), 4, -1)),
        (
            ValueError,
            r"^batch_size=24 must be >= 1 and <= 23 \(num_samples\)$",
            lambda: PlannedBatchSampler(ShuffledBatches(24), N),
        ),
    ]
    for name, value in (("num_samples", 24), ("batch_size", 3), ("seed", 1)):
        message = rf"^the saved state has {name}={value}; this sampler has {name}={state[name]}$"
        cases.append((ValueError, message, lambda name=name, value=value: sampler.load_state_dict(state | {name: value})))
    for kind, message, call in cases:
        with pytest.raises(kind, match=message):
            call()
    assert sampler.epoch == 0  # a refused epoch is not kept


def test_selector_must_be_an_instance():
    for wrong in ("SGD", ShuffledBatches):
        with pytest.raises(TypeError, match="must be a BatchSelector, such as"):
            PlannedBatchSampler(wrong, 20)


def test_state_that_is_no_state():
    with pytest.raises(ValueError, match="the saved state lacks batch_size, epoch"):
        PlannedBatchSampler(ShuffledBatches(4), 20).load_state_dict({})


@pytest.mark.parametrize(
    ("change", "kind", "message"),
    [
        ({"plan": [[0, 1, 2, 3]]}, ValueError, r"^the saved plan is list; it must hold integers \[5, 4\] from 0 to 22$"),
        (
            {"plan": torch.zeros(5, 3, dtype=torch.int64)},
            ValueError,
            r"^the saved plan is torch.int64 of shape \[5, 3\]; it must",
        ),
        ({"plan": torch.zeros(5, 4)}, ValueError, r"^the saved plan is torch.float32 of shape \[5, 4\]; it must"),
        ({"plan": torch.arange(4, 24).view(5, 4)}, ValueError, r"^the saved plan holds index 23; it must"),
        ({"plan": torch.arange(-1, 19).view(5, 4)}, ValueError, r"^the saved plan holds index -1; it must"),
        ({"position": 6}, ValueError, r"^position=6 must be >= 0 and <= 5 \(batches in the saved plan\)$"),
        ({"position": -1}, ValueError, r"^position=-1 must be >= 0"),
        ({"position": 1, "plan": None}, ValueError, r"^position=1 must be >= 0 and <= 0"),
        ({"epoch": -1}, ValueError, r"^epoch=-1 must be >= 0$"),
    ],
)
def test_a_damaged_state_is_refused_and_leaves_the_sampler_as_it_was(change, kind, message):
    sampler = PlannedBatchSampler(ShuffledBatches(4), N)
    served = batches(sampler)
    with pytest.raises(kind, match=message):
        sampler.load_state_dict(sampler.state_dict() | {"epoch": 3} | change)
    assert sampler.epoch == 0 and batches(sampler) == served
