"""PlanEpochs in a real Lightning Trainer: the batches of the plan, and going on in the middle of an epoch."""

import pytest
import torch

pytest.importorskip("lightning")
from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import ModelCheckpoint
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from replication.integrations.dealt_batches import DealtBatches
from replication.integrations.lightning import PlanEpochs
from replication.selection import PlannedBatchSampler, SwapSearch

DATA = TensorDataset(torch.arange(44), torch.randn(44, 4, generator=torch.Generator().manual_seed(0)))
# Lightning says what could be faster, and that it finds torch's old files in the checkpoint.
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::FutureWarning", "ignore::DeprecationWarning")


class Recorder(LightningModule):
    """A linear layer that learns, and remembers which samples each step saw."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.layer, self.seen = nn.Linear(4, 4), []

    def training_step(self, batch, index):
        self.seen.append(batch[0].tolist())
        return self.layer(batch[1]).square().mean()

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.5)


def make():
    batches = DealtBatches(PlannedBatchSampler(SwapSearch(8, k=2), 44))
    return batches, PlanEpochs(batches, lambda module: (DATA.tensors[1], module.layer(DATA.tensors[1])))


def train(folder, resume=None, every=0, workers=0, epochs=2, made=None, **options):
    module = Recorder()
    batches, callback = made or make()
    callbacks = [callback]
    if every:
        callbacks.append(ModelCheckpoint(folder, "{step}", every_n_train_steps=every, save_top_k=-1))
    options |= {"logger": False, "enable_progress_bar": False, "enable_model_summary": False, "accelerator": "cpu"}
    options |= {"max_epochs": epochs, "use_distributed_sampler": False, "enable_checkpointing": bool(every)}
    trainer = Trainer(default_root_dir=folder, callbacks=callbacks, **options)
    trainer.fit(module, DataLoader(DATA, batch_sampler=batches, num_workers=workers), ckpt_path=resume)
    return module.seen, batches


def test_each_epoch_is_planned_with_the_model_as_it_is(tmp_path):
    seen, batches = train(tmp_path)
    assert len(seen) == 10 and seen[5:] == batches.planned.plan.tolist() and seen[:5] != seen[5:]
    assert batches.planned.epoch == 1


@pytest.mark.parametrize("step", [3, 5, 7])
def test_resuming_from_a_checkpoint_goes_on_with_its_plan(tmp_path, step):
    whole, _ = train(tmp_path, every=1)
    rest, _ = train(tmp_path, resume=tmp_path / f"step={step}.ckpt")
    assert rest == whole[step:]


def test_workers_ask_for_batches_before_the_epoch_begins(tmp_path):
    assert train(tmp_path, workers=1, epochs=1)[0] == train(tmp_path, epochs=1)[0]


@pytest.mark.parametrize("workers", [0, 1])
def test_the_last_step_of_an_epoch_that_is_cut_short_leads_to_the_next(tmp_path, workers):
    options = {"limit_train_batches": 3, "epochs": 3}
    whole, _ = train(tmp_path, every=3, **options)
    rest, _ = train(tmp_path, resume=tmp_path / "step=3.ckpt", workers=workers, **options)
    assert len(whole) == 9 and rest == whole[3:]


@pytest.mark.parametrize("workers", [0, 1])
def test_another_training_with_the_same_callback_begins_anew(tmp_path, workers):
    made = make()
    first, _ = train(tmp_path, made=made, workers=workers)
    again, _ = train(tmp_path, made=made, workers=workers)
    assert again == first
