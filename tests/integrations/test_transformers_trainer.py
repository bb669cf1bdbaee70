"""PlanEpochs in transformers' Trainer: whose loader must draw from DealtBatches, and which setting is refused."""

import pytest
import torch

pytest.importorskip("transformers")
pytest.importorskip("accelerate")
from torch import nn
from torch.utils.data import DataLoader
from transformers import Trainer, TrainingArguments

from replication.integrations.dealt_batches import DealtBatches
from replication.integrations.transformers_trainer import PlanEpochs
from replication.selection import PlannedBatchSampler, SwapSearch

EMBEDDINGS = torch.randn(44, 4, generator=torch.Generator().manual_seed(0))
DATA = [{"number": number, "x": row} for number, row in enumerate(EMBEDDINGS)]


class Recorder(nn.Module):
    """A linear layer that remembers which samples each step saw."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.layer, self.seen = nn.Linear(4, 4), []

    def forward(self, number, x):
        self.seen.append(number.tolist())
        return {"loss": self.layer(x).square().mean()}


class Chosen(Trainer):
    batches = None

    def get_train_dataloader(self):
        if self.batches is None:
            return super().get_train_dataloader()
        return self.accelerator.prepare(
            DataLoader(self.train_dataset, batch_sampler=self.batches, collate_fn=self.data_collator)
        )


def make(folder, batches, **options):
    settings = {"num_train_epochs": 2, "report_to": [], "save_strategy": "no", "disable_tqdm": True, "use_cpu": True} | options
    callback = PlanEpochs(lambda model: (EMBEDDINGS, model.layer(EMBEDDINGS)))
    trainer = Chosen(Recorder(), TrainingArguments(str(folder), **settings), train_dataset=DATA, callbacks=[callback])
    trainer.batches = batches
    return trainer


def test_each_epoch_is_planned_with_the_model_as_it_is(tmp_path):
    batches = DealtBatches(PlannedBatchSampler(SwapSearch(8, k=2), 44))
    trainer = make(tmp_path, batches)
    trainer.train()
    seen = trainer.model.seen
    assert len(seen) == 10 and seen[5:] == batches.planned.plan.tolist() and seen[:5] != seen[5:]


def test_what_would_spoil_the_plan_is_refused(tmp_path):
    with pytest.raises(TypeError, match=r"^the training loader \(.*\) does not draw its batches from DealtBatches$"):
        make(tmp_path, None).train()
    with pytest.raises(ValueError, match=r"^accelerator_config: split_batches must be False"):
        make(tmp_path, None, accelerator_config={"split_batches": True})


def test_resuming_takes_the_plan_of_the_checkpoint_that_is_named_or_says_so(tmp_path):
    """The trainer keeps to itself which folder `train` was given; a checkpoint of another training may lie in output_dir."""

    def training(name, seed=0, **options):
        batches = DealtBatches(PlannedBatchSampler(SwapSearch(8, k=2), 44, seed))
        return make(tmp_path / name, batches, save_strategy="steps", save_steps=7, **options)

    one = training("one")
    one.train()
    named = str(tmp_path / "one" / "checkpoint-7")
    with pytest.raises(FileNotFoundError, match=r"^.*other.*batches.pt is missing: .*resume_from_checkpoint=...\) too$"):
        training("other").train(resume_from_checkpoint=named)
    training("other", seed=1).train()
    with pytest.raises(ValueError, match=r"^.*other.*batches.pt holds the plan of another training; .*\) too$"):
        training("other").train(resume_from_checkpoint=named)
    for resumed in (training("one"), training("third", resume_from_checkpoint=named)):
        resumed.train(resume_from_checkpoint=named)
        assert resumed.model.seen == one.model.seen[7:]
