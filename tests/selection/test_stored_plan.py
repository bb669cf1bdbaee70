"""Plans on disk: whole or not at all, read batch by batch, and named where they are damaged."""

import errno
import json
import os
from collections import Counter
from itertools import chain

import numpy as np
import pytest
import torch

from replication.integrations.dealt_batches import DealtBatches
from replication.selection import FixedBatches, PlannedBatchSampler, ShuffledBatches, stored_plan
from replication.selection.stored_plan import StoredPlan, write_plan

BATCHES = ShuffledBatches(4).plan(103, torch.Generator().manual_seed(0)).numpy()


def stored(folder, **options):
    return write_plan(folder, BATCHES, 103, 5, "ShuffledBatches(4)", **({"per_part": 7} | options))


def test_the_batches_come_back_in_another_order(tmp_path):
    plan = stored(tmp_path / "plan")
    assert len(plan) == 25 and plan.batch_size == 4 and plan.num_samples == 103 and len(plan.parts) == 4
    rows = [tuple(plan[i]) for i in range(25)]
    assert Counter(rows) == Counter(map(tuple, BATCHES)) and rows != list(map(tuple, BATCHES))
    assert torch.equal(plan.rows(), torch.tensor(np.array(rows)))
    assert os.listdir(tmp_path) == ["plan"]
    again = stored(tmp_path / "again")
    assert again.identity == plan.identity and torch.equal(again.rows(), plan.rows())
    plan.verify()
    with pytest.raises(IndexError, match=r"^batch 25 of a plan of 25$"):
        plan[25]


def test_a_sampler_reads_it_and_resumes_in_the_middle(tmp_path):
    plan = stored(tmp_path / "plan")
    samplers = [PlannedBatchSampler(FixedBatches(batches=tmp_path / "plan"), 103) for _ in range(2)]
    every = plan.rows().tolist()
    samplers[0].set_epoch(3)
    served = iter(samplers[0])
    assert [next(served) for _ in range(9)] == every[:9]
    state = samplers[0].state_dict()
    assert state["plan"] == plan.identity and state["position"] == 9
    samplers[1].load_state_dict(json.loads(json.dumps(state)))
    assert samplers[1].epoch == 3 and list(samplers[1]) == every[9:]
    samplers[1].set_epoch(4)
    assert list(samplers[1]) == every
    assert isinstance(samplers[1].plan, StoredPlan)
    assert torch.equal(FixedBatches(batches=str(tmp_path / "plan")).plan(103), plan.rows())


def test_a_state_of_another_plan_is_refused(tmp_path):
    stored(tmp_path / "one")
    write_plan(tmp_path / "two", BATCHES, 103, 6, "ShuffledBatches(4)")
    one, two = (PlannedBatchSampler(FixedBatches(batches=tmp_path / name), 103) for name in ("one", "two"))
    next(iter(one))
    with pytest.raises(ValueError, match="the saved state has selector="):
        two.load_state_dict(one.state_dict())


@pytest.mark.parametrize("ranks", [1, 2, 4])
def test_ranks_share_every_batch(tmp_path, ranks):
    plan = stored(tmp_path / "plan")
    for selector in (FixedBatches(batches=tmp_path / "plan"), FixedBatches(batches=plan.rows())):
        samplers = [DealtBatches(PlannedBatchSampler(selector, 103), processes=ranks, rank=rank) for rank in range(ranks)]
        each = [list(sampler) for sampler in samplers]
        assert [list(chain(*mine)) for mine in zip(*each, strict=True)] == plan.rows().tolist()
        assert all(len(mine) == 4 // ranks for rank in each for mine in rank)


def test_batches_of_distinct_groups_are_made_from_a_plan_on_disk_too(tmp_path):
    plan = stored(tmp_path / "plan")
    groups = [sample // 2 for sample in range(103)]
    batches = list(PlannedBatchSampler(FixedBatches(batches=tmp_path / "plan"), 103, distinct=groups))
    assert len(batches) == len(plan.rows()) and all(len({groups[i] for i in batch}) == 4 for batch in batches)


def test_what_is_damaged_is_named(tmp_path):
    plan = stored(tmp_path / "plan")
    part = tmp_path / "plan" / "batches-00002.npy"
    content = part.read_bytes()
    part.write_bytes(content[:-1] + b"\1")
    with pytest.raises(ValueError, match=r"^part batches-00002.npy of the plan in .* differs from its checksum$"):
        plan.verify()
    part.write_bytes(content[:-8])
    with pytest.raises(ValueError, match=r"^part batches-00002.npy of the plan in .* cannot be read: it is damaged$"):
        StoredPlan(plan.folder)
    np.save(part, np.zeros((7, 4)))
    with pytest.raises(ValueError, match=r"is float64 of shape \[7, 4\]; it must hold integers \[7, 4\]$"):
        StoredPlan(plan.folder)
    part.unlink()
    with pytest.raises(ValueError, match=r"^part batches-00002.npy of the plan in .* cannot be read: No such file"):
        FixedBatches(batches=plan.folder)
    (plan.folder / "plan.json").write_text("{", encoding="utf-8")
    with pytest.raises(ValueError, match=r"holds no plan: plan.json: it is damaged$"):
        StoredPlan(plan.folder)
    with pytest.raises(ValueError, match=r"holds no plan: plan.json: No such file or directory$"):
        StoredPlan(tmp_path / "nowhere")


def test_a_plan_of_other_data_is_refused(tmp_path):
    stored(tmp_path / "plan")
    for use in (
        lambda selector: PlannedBatchSampler(selector, 104),
        lambda selector: selector.plan(104),
    ):
        with pytest.raises(ValueError, match=r"^the plan in .*plan is one of 103 samples; the data has 104$"):
            use(FixedBatches(batches=tmp_path / "plan"))


def test_a_full_disk_leaves_nothing(tmp_path, monkeypatch):
    save, calls = np.save, []

    def full(file, values):
        calls.append(1)
        if len(calls) == 3:
            raise OSError(errno.ENOSPC, "No space left on device")
        save(file, values)

    monkeypatch.setattr(stored_plan.np, "save", full)
    message = r"^batches-00002.npy of the plan in .*plan cannot be written: No space left on device$"
    with pytest.raises(OSError, match=message):
        stored(tmp_path / "plan")
    assert os.listdir(tmp_path) == []


def test_nothing_is_written_over(tmp_path):
    stored(tmp_path / "plan")
    with pytest.raises(ValueError, match=r"plan' exists; a plan is written to a new one$"):
        stored(tmp_path / "plan")
    with pytest.raises(ValueError, match=r"^batches has shape \[25, 4\]; a plan of 99 samples has floor\(N/B\) batches$"):
        write_plan(tmp_path / "other", BATCHES, 99, 0, "")
