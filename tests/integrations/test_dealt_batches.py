"""DealtBatches: which process gets which part of a plan, resuming, and what is refused."""

import pytest
import torch

from replication.integrations.dealt_batches import DealtBatches
from replication.selection import PlannedBatchSampler, ShuffledBatches, SwapSearch

EMBEDDINGS = torch.randn(50, 4, generator=torch.Generator().manual_seed(0))


def dealt(selector=None, **options):
    batches = DealtBatches(PlannedBatchSampler(selector or SwapSearch(8), 50), **options)
    batches.update(EMBEDDINGS)
    return batches


def test_rows_are_parts_of_global_batches():
    batches = dealt(processes=2)
    plan = batches.planned.plan
    served = torch.tensor(list(batches))
    assert len(batches) == 12 and batches.batch_size == 4 and torch.equal(served.view(6, 8), plan)
    for rank in (0, 1):
        own = dealt(processes=2, rank=rank)
        assert len(own) == 6 and list(own) == plan[:, 4 * rank : 4 * rank + 4].tolist()


def test_whole_batches_and_an_uneven_end():
    batches = dealt(split="batches", processes=4)  # 6 batches: 4 are dealt, one to each
    plan = batches.planned.plan.tolist()
    assert list(batches) == plan[:4] and len(batches) == 4 and batches.batch_size == 8
    assert [list(dealt(split="batches", processes=4, rank=rank)) for rank in range(4)] == [[batch] for batch in plan[:4]]


@pytest.mark.parametrize("split", ["rows", "batches"])
def test_resume_in_the_middle_of_an_epoch(split):
    options = {"split": split, "processes": 2, "rank": 1}
    whole = dealt(**options)
    whole.set_epoch(3)
    whole.update(EMBEDDINGS)
    expected = list(whole)
    resumed = DealtBatches(PlannedBatchSampler(SwapSearch(8), 50), **options)
    resumed.load_state_dict(whole.state_dict(steps_done=2))
    resumed.set_epoch(3)
    resumed.update(-EMBEDDINGS)  # another model; the loaded plan stays
    assert len(resumed) == len(expected) and list(resumed) == expected[2:]
    assert resumed.planned.epoch == 3


def test_a_finished_epoch_leads_to_the_next():
    first = dealt()
    second = DealtBatches(PlannedBatchSampler(SwapSearch(8), 50))
    second.load_state_dict(first.state_dict(steps_done=6))
    assert second.planned.epoch == 1 and second.planned.plan is None and second.steps_done == 0


def test_another_epoch_begins_at_its_beginning():
    batches = dealt(ShuffledBatches(8))
    batches.load_state_dict(batches.state_dict(steps_done=4))
    batches.set_epoch(1)
    assert len(list(batches)) == 6


def test_errors_are_one_clear_line():
    planned = PlannedBatchSampler(ShuffledBatches(8), 50)
    for arguments, kind, message in [
        ((ShuffledBatches(8),), TypeError, r"^planned is ShuffledBatches; it must be a PlannedBatchSampler$"),
        ((planned, "columns"), ValueError, r"^split='columns' must be one of 'rows', 'batches'$"),
        ((planned, "rows", 3), ValueError, r"^batch_size=8 must be divisible by 3, the number of processes \(split='rows'\)$"),
        ((planned, "batches", 7), ValueError, r"^num_samples=50 gives no batch of 8 to each of 7 processes$"),
        ((planned, "rows", 2, 2), ValueError, r"^rank=2 must be >= 0 and <= 1 \(processes - 1\)$"),
    ]:
        with pytest.raises(kind, match=message):
            DealtBatches(*arguments)
    for state, found in (({}, r"\{\}"), (planned.state_dict(), "holds .*epoch.*"), (None, "None")):
        with pytest.raises(ValueError, match=rf"^state must be what DealtBatches.state_dict returned, .* it (is )?{found}"):
            dealt().load_state_dict(state)
    with pytest.raises(ValueError, match=r"^steps_done=7 must be >= 0 and <= 6 \(steps of an epoch\)$"):
        dealt().state_dict(7)


def test_a_sampler_in_the_middle_of_its_epoch_is_refused():
    planned = PlannedBatchSampler(ShuffledBatches(4), 20)
    handed = iter(planned)
    next(handed), next(handed)
    other = PlannedBatchSampler(ShuffledBatches(4), 20)
    other.load_state_dict(planned.state_dict())
    with pytest.raises(ValueError, match=r"^planned begins after 2 batches of its epoch; load a state into DealtBatches"):
        DealtBatches(other)
