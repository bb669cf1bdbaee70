"""What each of two processes is dealt by the trainers: python trainer_processes.py folder.

Both are started as torchrun would, with RANK and WORLD_SIZE set. Each writes what it saw, and the plans, into the folder.
"""

import json
import os
import sys
from pathlib import Path

os.environ |= {"HF_HUB_OFFLINE": "1", "ACCELERATE_USE_CPU": "true"}
import torch
import transformers
from accelerate import Accelerator, skip_first_batches
from accelerate.utils import DataLoaderConfiguration
from datasets import Dataset
from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.strategies import DDPStrategy
from sentence_transformers import SentenceTransformerTrainer, SentenceTransformerTrainingArguments
from sentence_transformers.sentence_transformer.losses import MultipleNegativesRankingLoss
from torch import distributed, nn
from torch.utils.data import DataLoader, TensorDataset

from replication.integrations import transformers_trainer as transformers_planning
from replication.integrations.dealt_batches import DealtBatches
from replication.integrations.lightning import PlanEpochs
from replication.integrations.sentence_transformers import ChosenBatches
from replication.integrations.tiny_transformer import tiny_sentence_transformer
from replication.selection import PlannedBatchSampler, SwapSearch

SAMPLES = 44  # batches of 8: 5, so an odd number, and 4 samples left over
EMBEDDINGS = torch.randn(SAMPLES, 4, generator=torch.Generator().manual_seed(0))
DATA = TensorDataset(torch.arange(SAMPLES))


def planned():
    return PlannedBatchSampler(SwapSearch(8, k=2), SAMPLES)


def accelerate(rank):
    """Return the batches of epoch 1, whole and after one step, and its plan, for each way to split and to dispatch."""
    found = {}
    for dispatch in (False, True):
        accelerator = Accelerator(cpu=True, dataloader_config=DataLoaderConfiguration(dispatch_batches=dispatch))
        for split in ("rows", "batches"):
            batches = DealtBatches(planned(), split)
            loader = accelerator.prepare(DataLoader(DATA, batch_sampler=batches))
            loader.set_epoch(1)
            batches.update(EMBEDDINGS if rank == 0 else -EMBEDDINGS)  # the first process decides
            seen = [batch[0].tolist() for batch in loader]
            loader.set_epoch(1)
            rest = [batch[0].tolist() for batch in skip_first_batches(loader, 2 if dispatch else 1)]
            batches.load_state_dict(batches.state_dict(steps_done=1))
            loader.set_epoch(1)
            resumed = [batch[0].tolist() for batch in loader]
            plan = batches.planned.plan.tolist()
            found[f"{split}, dispatch {dispatch}"] = {
                "plan": plan,
                "seen": seen,
                "rest": [rest, resumed],
                "epoch": batches.planned.epoch,
            }
    return found


class Recorder(LightningModule):
    def __init__(self):
        super().__init__()
        self.layer, self.seen = nn.Linear(1, 1), []

    def training_step(self, batch, index):
        self.seen.append(batch[0].tolist())
        return self.layer(batch[0].float()[:, None]).mean()

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.0)


def lightning(rank, folder, split):
    """Return the batches of two epochs and their plans."""
    plans = []
    batches = DealtBatches(planned(), split, processes=2, rank=rank)

    class Kept(PlanEpochs):
        def on_train_epoch_start(self, trainer, module):
            super().on_train_epoch_start(trainer, module)
            plans.append(self.batches.planned.plan.tolist())

    module = Recorder()
    quiet = {"logger": False, "enable_checkpointing": False, "enable_progress_bar": False, "enable_model_summary": False}
    trainer = Trainer(
        default_root_dir=folder, accelerator="cpu", devices=2, strategy=DDPStrategy(process_group_backend="gloo"), max_epochs=2,
        use_distributed_sampler=False, callbacks=[Kept(batches, (EMBEDDINGS, EMBEDDINGS))], **quiet,
    )  # fmt: skip
    trainer.fit(module, DataLoader(DATA, batch_sampler=batches))
    return {"plans": plans, "seen": module.seen}


class Layer(nn.Module):
    """A linear layer that remembers which samples each step saw."""

    def __init__(self):
        super().__init__()
        self.layer, self.seen = nn.Linear(4, 1), []

    def forward(self, number, x):
        self.seen.append(number.tolist())
        return {"loss": self.layer(x).mean()}


def transformers_trainer(folder, split):
    """Return the batches of two epochs and their plans."""
    plans, batches = [], DealtBatches(planned(), split, processes=2)
    data = [{"number": number, "x": row} for number, row in enumerate(EMBEDDINGS)]

    class Kept(transformers_planning.PlanEpochs):
        def on_epoch_begin(self, args, state, control, **kwargs):
            super().on_epoch_begin(args, state, control, **kwargs)
            plans.append(self.batches.planned.plan.tolist())

    class Chosen(transformers.Trainer):
        def get_train_dataloader(self):
            loader = DataLoader(self.train_dataset, batch_sampler=batches, collate_fn=self.data_collator)
            return self.accelerator.prepare(loader)

    settings = {"num_train_epochs": 2, "report_to": [], "save_strategy": "no", "disable_tqdm": True, "use_cpu": True}
    arguments = transformers.TrainingArguments(f"{folder}/out", ddp_backend="gloo", **settings)
    model = Layer()
    Chosen(model, arguments, train_dataset=data, callbacks=[Kept(lambda _: (EMBEDDINGS, EMBEDDINGS))]).train()
    return {"plans": plans, "seen": model.seen}


TEXTS = [f"sample{number} text{number % 5}" for number in range(SAMPLES)]


def sentence_transformers(model, folder):
    """Return the texts of one epoch's batches and those of its plan."""
    data = Dataset.from_dict({"anchor": TEXTS, "positive": [f"{text} again" for text in TEXTS]})
    chosen, seen = ChosenBatches("SwapSearch, k 2"), []

    class Kept(MultipleNegativesRankingLoss):
        def forward(self, features, labels):
            seen.append(model.tokenizer.batch_decode(next(iter(features))["input_ids"], skip_special_tokens=True))
            return super().forward(features, labels)

    settings = {"num_train_epochs": 1, "report_to": [], "save_strategy": "no", "disable_tqdm": True, "use_cpu": True}
    settings |= {"per_device_train_batch_size": 8, "batch_sampler": chosen, "ddp_backend": "gloo"}
    arguments = SentenceTransformerTrainingArguments(f"{folder}/out", **settings)
    SentenceTransformerTrainer(model, arguments, train_dataset=data, loss=Kept(model), callbacks=[chosen]).train()
    return {"plan": [[TEXTS[sample] for sample in batch] for batch in chosen.batches.planned.plan.tolist()], "seen": seen}


if __name__ == "__main__":
    torch.set_num_threads(1)
    rank, folder = int(os.environ["RANK"]), sys.argv[1]
    # Before the processes know of each other: afterwards transformers lets only the first one write.
    model = tiny_sentence_transformer([*TEXTS, "again"], f"{folder}/model-{rank}")
    found = {"accelerate": accelerate(rank), "sentence_transformers": sentence_transformers(model, folder)}
    for split in ("rows", "batches"):
        found[f"transformers, {split}"] = transformers_trainer(folder, split)
        found[f"lightning, {split}"] = lightning(rank, folder, split)
    Path(folder, f"{rank}.json").write_text(json.dumps(found), encoding="utf-8")
    if distributed.is_initialized():
        distributed.destroy_process_group()
