"""Chosen batches in transformers' `Trainer`."""

from replication.extras import need

need("replication.integrations.transformers_trainer", "accelerate", ("accelerate", "transformers"))

from pathlib import Path
from uuid import uuid4

import torch
from transformers import TrainerCallback
from transformers.trainer_utils import PREFIX_CHECKPOINT_DIR

from replication.files import whole
from replication.integrations.dealt_batches import DealtBatches
from replication.integrations.planning import EpochPlanner

FILE = "batches.pt"  # in a checkpoint: the plan of the epoch under way
# The trainer does not tell a callback which folder `train(resume_from_checkpoint=...)` named.
NAME_IT = "where the checkpoint does not lie in output_dir, name it in TrainingArguments(resume_from_checkpoint=...) too"


class PlanEpochs(TrainerCallback):
    """Plans each epoch with the model as it is then, and keeps the plan in the checkpoints.

    The trainer's training loader must draw its batches from `DealtBatches`:

        class ChosenTrainer(Trainer):
            def get_train_dataloader(self):
                batches = DealtBatches(PlannedBatchSampler(selector, len(self.train_dataset)))
                loader = DataLoader(self.train_dataset, batch_sampler=batches, collate_fn=self.data_collator)
                return self.accelerator.prepare(loader)

        ChosenTrainer(model, args, train_dataset=data, callbacks=[PlanEpochs(embed)]).train()

    A training that resumes in the middle of an epoch goes on with the plan in its checkpoint.

    Args:
        embed, every: as `EpochPlanner`. On several processes each embeds everything; the first one's plan counts.
    """

    def __init__(self, embed, every: int = 1):
        self.planner = EpochPlanner(embed, every)
        self.batches: DealtBatches | None = None
        self.mark = ""  # of the plan under way; a checkpoint has it beside the plan and in the trainer's own state

    def on_init_end(self, args, state, control, **kwargs):
        """Refuse a setting with which chosen batches would be cut."""
        if getattr(args.accelerator_config, "split_batches", False):
            raise ValueError(
                "accelerator_config: split_batches must be False; DealtBatches(split='rows') splits batches itself"
            )

    def on_train_begin(self, args, state, control, train_dataloader=None, **kwargs):
        """Find the batches of the training set, and the plan that a checkpoint holds."""
        self.batches = dealt(train_dataloader)
        if state.global_step:
            self._resume(args, state)

    def _resume(self, args, state) -> None:
        """Load the plan of the checkpoint that the trainer resumes from."""
        if state.epoch % 1 and args.accelerator_config.dispatch_batches and self.batches.processes > 1:
            raise ValueError("dispatch_batches=True: transformers would skip too few batches in the middle of an epoch")
        named = Path(str(args.resume_from_checkpoint))
        folder = named if named.is_dir() else Path(args.output_dir) / f"{PREFIX_CHECKPOINT_DIR}-{state.global_step}"
        path, known = folder / FILE, state.stateful_callbacks.get(FILE, {}).get("mark")
        if path.is_file():
            saved = torch.load(path)
            if known is not None and saved.get("mark") != known:
                raise ValueError(f"{path} holds the plan of another training; {NAME_IT}")
            self.batches.load_state_dict(saved)
            self.mark = saved.get("mark", "")
        elif state.epoch % 1:
            raise FileNotFoundError(f"{path} is missing: it holds the plan of the epoch that this training resumes; {NAME_IT}")

    def on_epoch_begin(self, args, state, control, model=None, **kwargs):
        """Plan the epoch."""
        before = self.batches.planned.plan
        self.planner.plan(self.batches, int((state.epoch or 0) + 1e-9), model)
        if not self.mark or self.batches.planned.plan is not before:
            self.mark = uuid4().hex
        state.stateful_callbacks[FILE] = {"mark": self.mark}

    def on_save(self, args, state, control, **kwargs):
        """Write the plan into the checkpoint; the trainer itself skips the batches that were done."""
        if state.is_world_process_zero and self.batches.planned.plan is not None:
            with whole(Path(args.output_dir) / f"{PREFIX_CHECKPOINT_DIR}-{state.global_step}" / FILE) as path:
                torch.save(self.batches.state_dict() | {"mark": self.mark}, path)


def dealt(loader) -> DealtBatches:
    """Return the `DealtBatches` from which a loader, prepared by Accelerate or not, draws; TypeError if there are none."""
    found = loader
    while found is not None and not isinstance(found, DealtBatches):
        found = getattr(found, "dealt", None) or getattr(found, "batch_sampler", None)
    if found is None:
        raise TypeError(f"the training loader ({type(loader).__name__}) does not draw its batches from DealtBatches")
    return found
