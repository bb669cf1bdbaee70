"""PlannedBatchSampler in a real DataLoader: epochs, plans, errors, and resuming in the middle of an epoch."""

import io
import subprocess
import sys
import warnings

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader, TensorDataset

from replication.selection import (
    AllBatches,
    FixedBatches,
    FullBatch,
    MixedBatches,
    OrderedSGD,
    PlannedBatchSampler,
    ShuffledBatches,
    SpectralClustering,
    SwapSearch,
)

N = 23
DATA = TensorDataset(torch.arange(N))
replays_on_purpose = pytest.mark.filterwarnings("ignore:PlannedBatchSampler served epoch")


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


@replays_on_purpose
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


@replays_on_purpose
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


@replays_on_purpose
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


@replays_on_purpose
def test_a_finished_epoch_is_not_trained_on_again():
    sampler = PlannedBatchSampler(ShuffledBatches(4), N)
    first = batches(sampler)
    fresh = PlannedBatchSampler(ShuffledBatches(4), N)
    fresh.load_state_dict(through_a_file(sampler.state_dict()))
    fresh.set_epoch(0)  # a training loop that takes up the saved epoch finds nothing left of it
    assert batches(fresh) == []
    assert batches(fresh) == first


@replays_on_purpose
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
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, encoding="utf-8")
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


@replays_on_purpose
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


def documented_loop(sampler, epochs, first=0, stop_after=None):
    """Train as the class docstring says; return the batches served, and the state after `stop_after` of them, if any."""
    served, loader = [], DataLoader(DATA, batch_sampler=sampler)
    for epoch in range(first, epochs):
        sampler.set_epoch(epoch)
        sampler.update(embeddings(epoch), embeddings(epoch + 100))
        for batch in loader:
            served.append(batch[0].tolist())
            if len(served) == stop_after:
                return served, through_a_file(sampler.state_dict())
    return served, None


@pytest.mark.parametrize("stop_after", [1, 7, 9, 10, 11])
@pytest.mark.parametrize("selector", [ShuffledBatches(4), SwapSearch(4), MixedBatches(ShuffledBatches(4), 0.5)])
def test_the_documented_loop_resumes_with_the_rest_of_the_plan(selector, stop_after):
    everything, _ = documented_loop(PlannedBatchSampler(selector, N), 4)
    head, state = documented_loop(PlannedBatchSampler(selector, N), 4, stop_after=stop_after)
    sampler = PlannedBatchSampler(selector, N)
    sampler.load_state_dict(state)
    tail, _ = documented_loop(sampler, 4, first=sampler.epoch)
    assert head + tail == everything


def test_resuming_twice_in_one_epoch():
    everything, _ = documented_loop(PlannedBatchSampler(SwapSearch(4), N), 2)
    served, state = documented_loop(PlannedBatchSampler(SwapSearch(4), N), 2, stop_after=1)
    for _ in range(2):
        sampler = PlannedBatchSampler(SwapSearch(4), N)
        sampler.load_state_dict(state)
        more, state = documented_loop(sampler, 2, first=sampler.epoch, stop_after=2)
        served += more
    assert served == everything[:5] and state["position"] == 5


def test_a_learned_temperature_decides_the_plan_and_leaves_the_selector_alone():
    sampler = PlannedBatchSampler(SwapSearch(4, temperature=1.0), N)
    sampler.update(embeddings(), None, 0.05)
    cold = PlannedBatchSampler(SwapSearch(4, temperature=0.05), N)
    cold.update(embeddings())
    assert torch.equal(sampler.plan, cold.plan) and sampler.selector.temperature == 1.0
    sampler.update(embeddings())
    assert not torch.equal(sampler.plan, cold.plan)
    resumed = PlannedBatchSampler(SwapSearch(4, temperature=1.0), N)
    resumed.load_state_dict(sampler.state_dict())  # what a temperature was is no part of the state: the plan is
    for wrong, kind in ((0.0, ValueError), (torch.ones(1), TypeError), ("0.1", TypeError)):
        with pytest.raises(kind, match=r"^temperature"):
            resumed.update(embeddings(), None, wrong)


def test_update_keeps_a_loaded_plan_until_its_end_or_another_epoch():
    state = resumable(SwapSearch(4), done=2)
    plan = state["plan"]

    def loaded():
        sampler = PlannedBatchSampler(SwapSearch(4), N)
        sampler.load_state_dict(state)
        sampler.set_epoch(3)
        sampler.update(embeddings(5))
        assert torch.equal(sampler.plan, plan) and sampler.start == 2 and len(sampler) == 3
        return sampler

    sampler = loaded()
    next(iter(sampler))  # broken off: the next iteration begins where the loaded state did
    assert list(sampler) == plan[2:].tolist()
    assert sampler.start == 0 and len(sampler) == 5
    sampler.update(embeddings(5))
    replanned = sampler.plan
    assert not torch.equal(replanned, plan)

    sampler = loaded()
    sampler.set_epoch(4)
    assert sampler.plan is None and len(sampler) == 5
    sampler.set_epoch(3)
    sampler.update(embeddings(5))
    assert torch.equal(sampler.plan, replanned)


def resumable(selector, done, epoch=3):
    """Return the state of a sampler that has handed out `done` batches of an epoch."""
    sampler = PlannedBatchSampler(selector, N)
    sampler.set_epoch(epoch)
    sampler.update(embeddings())
    iterator = iter(sampler)
    for _ in range(done):
        next(iterator)
    return through_a_file(sampler.state_dict())


@pytest.mark.parametrize("done", [0, 2, 5])
def test_the_length_is_what_the_next_iteration_yields(done):
    sampler = PlannedBatchSampler(ShuffledBatches(4), N)
    sampler.load_state_dict(resumable(ShuffledBatches(4), done))
    loader = DataLoader(DATA, batch_sampler=sampler)
    assert len(loader) == len(sampler) == 5 - done
    for _ in loader:
        assert len(loader) == 5 - done  # it does not change under way
    assert len(sampler) == 5
    sampler.set_epoch(4)
    assert len(sampler) == 5 == len(list(sampler))


def test_batches_done_count_from_the_beginning_of_the_epoch():
    sampler = PlannedBatchSampler(ShuffledBatches(4), N)
    with pytest.raises(ValueError, match=r"^batches_done=1 must be 0 while epoch 0 has no plan$"):
        sampler.state_dict(1)
    state = resumable(ShuffledBatches(4), 2)
    sampler.load_state_dict(state)
    for count, _ in enumerate(DataLoader(DATA, batch_sampler=sampler, num_workers=1), sampler.start + 1):
        assert sampler.state_dict(batches_done=count)["position"] == count
        with pytest.raises(ValueError, match=r"^batches_done=1 must be >= 2: the batches of this epoch done before load_state"):
            sampler.state_dict(batches_done=1)
    assert count == 5


@replays_on_purpose
def test_an_iteration_that_another_epoch_overtakes_leaves_the_position_alone():
    sampler = PlannedBatchSampler(ShuffledBatches(4), N)
    old = iter(sampler)
    next(old)
    sampler.set_epoch(1)
    first, *rest = sampler
    assert len(list(old)) == 4
    new = iter(sampler)
    assert next(new) == first
    list(old)
    assert sampler.state_dict()["position"] == 1 and list(new) == rest


@pytest.mark.parametrize(
    ("saved", "other"),
    [
        (ShuffledBatches(4), FixedBatches(4)),
        (ShuffledBatches(4), ShuffledBatches(4, replacement=True)),
        (SwapSearch(4, temperature=0.1), SwapSearch(4, temperature=0.2)),
        (MixedBatches(SwapSearch(4, k=2), 0.5), MixedBatches(SwapSearch(4), 0.5)),
        (FixedBatches(batches=torch.arange(20).view(5, 4)), FixedBatches(batches=torch.arange(20).flip(0).view(5, 4))),
    ],
)
def test_the_state_of_another_selector_is_refused(saved, other):
    sampler, state = PlannedBatchSampler(other, N), resumable(saved, 2)
    with pytest.raises(ValueError, match=r"^the saved state has selector=.*; this sampler has selector=[^\n]*$") as error:
        sampler.load_state_dict(state)
    assert saved.described(identity=True) in str(error.value) and other.described(identity=True) in str(error.value)
    assert sampler.epoch == 0 and sampler.plan is None


def test_the_same_selector_otherwise_written_and_states_that_do_not_tell_are_taken():
    state = resumable(SwapSearch(4, temperature=2, workers=1), 2)
    for selector in (SwapSearch(4, temperature=2.0), SwapSearch(np.int64(4), None, np.float32(2), workers=2)):
        PlannedBatchSampler(selector, N).load_state_dict(state)
    del state["selector"]
    sampler = PlannedBatchSampler(ShuffledBatches(4), N)
    sampler.load_state_dict(state)
    assert len(list(sampler)) == 3


def test_no_state_at_all():
    for state, found in ((None, "None"), ([1], "list")):
        with pytest.raises(TypeError, match=f"^the saved state is {found}; it must be a dict that state_dict\\(\\) returned$"):
            PlannedBatchSampler(ShuffledBatches(4), N).load_state_dict(state)


@pytest.mark.parametrize("selector", [ShuffledBatches(4), AllBatches(4), SwapSearch(4), MixedBatches(FixedBatches(4), 0.5)])
def test_a_forgotten_set_epoch_is_told_once(selector):
    sampler = PlannedBatchSampler(selector, N)
    loader = DataLoader(DATA, batch_sampler=sampler)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        sampler.update(embeddings())
        list(loader)
        next(iter(loader))  # a look at one batch is no pass
    sampler.update(embeddings())
    with pytest.warns(UserWarning, match=r"^PlannedBatchSampler served epoch 0 a second time; call set_epoch\(epoch\) before"):
        list(loader)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        list(loader)


@pytest.mark.parametrize(
    "selector",
    [FixedBatches(4), FixedBatches(batches=torch.arange(20).view(5, 4)), FullBatch(), MixedBatches(FixedBatches(4), 1)],
)
def test_batches_meant_to_be_replayed_are_replayed_in_silence(selector):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        sampler = PlannedBatchSampler(selector, N)
        assert list(sampler) == list(sampler) == list(sampler)


def test_no_warning_where_set_epoch_is_called():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        sampler = PlannedBatchSampler(ShuffledBatches(4), N)
        documented_loop(sampler, 3)
        for _ in range(2):
            sampler.set_epoch(2)  # the same again, on purpose
            list(sampler)
        resumed = PlannedBatchSampler(ShuffledBatches(4), N)
        resumed.load_state_dict(resumable(ShuffledBatches(4), 2))
        documented_loop(resumed, 5, first=resumed.epoch)


@pytest.mark.parametrize("selector", [SwapSearch(4), ShuffledBatches(4)])
def test_wrong_embeddings_are_one_clear_line(selector):
    u = embeddings()
    call = r"call update\(u, v\) with two tensors \[23, d\]$"
    for arguments, kind, message in [
        ((None,), TypeError, rf"^u is None; {call}"),
        ((5,), TypeError, rf"^u is int; {call}"),
        (((u, u),), TypeError, rf"^u is tuple; {call}"),
        (([u, u],), TypeError, rf"^u is list; {call}"),
        ((torch.stack([u, u]),), ValueError, rf"^u has shape \[2, 23, 3\], the two views as one; {call}"),
        ((u[0, 0],), ValueError, r"^u has no rows; it must have one for each of the num_samples=23 samples$"),
        ((u.numpy(), u.numpy()), TypeError, r"^u is ndarray; .*: use torch.from_numpy\(u\)$"),
        ((u, u.numpy()), TypeError, r"^v is ndarray; .*: use torch.from_numpy\(v\)$"),
    ]:
        sampler = PlannedBatchSampler(selector, N)
        with pytest.raises(kind, match=message):
            sampler.update(*arguments)
        assert sampler.plan is None


@pytest.mark.parametrize("data", [DATA, torch.zeros(N, 3), np.zeros(N), [1, 2, 3]])
def test_the_data_instead_of_their_number(data):
    message = rf"^num_samples is {type(data).__name__}; it must be an integer: pass len\(data\), not the data$"
    for call in (lambda: PlannedBatchSampler(ShuffledBatches(2), data), lambda: ShuffledBatches(2).plan(data)):
        with pytest.raises(TypeError, match=message):
            call()


def test_every_rank_takes_its_part_of_the_plan_of_rank_zero():
    """As the class docstring says for DistributedDataParallel, with embeddings that differ a little from rank to rank."""
    ranks = [PlannedBatchSampler(SwapSearch(4), N) for _ in range(2)]
    for epoch in range(2):
        for sampler in ranks:
            sampler.set_epoch(epoch)
        ranks[0].update(embeddings(epoch))
        ranks[1].load_state_dict(through_a_file(ranks[0].state_dict()))
        ranks[1].update(embeddings(epoch) + 0.01)  # does not matter
        plan = ranks[0].plan
        parts = [[batch[rank * 4 // 2 : (rank + 1) * 4 // 2] for batch in ranks[rank]] for rank in range(2)]
        assert torch.equal(torch.cat([torch.tensor(part) for part in parts], dim=1), plan)


def test_a_selector_without_batches_is_one_line_and_no_endless_epoch():
    class Empty(ShuffledBatches):
        def _plan(self, num_samples, generator):
            return torch.empty(0, self.batch_size, dtype=torch.int64)

    with pytest.raises(ValueError, match=r"^the selector returned no batches; it must return one or more$"):
        list(PlannedBatchSampler(Empty(4), N))
