"""Chosen batches in Lightning's `Trainer`."""

from replication.extras import need

need("replication.integrations.lightning", "lightning", ("lightning",))

from lightning.pytorch import Callback

from replication.integrations.dealt_batches import DealtBatches
from replication.integrations.planning import EpochPlanner


class PlanEpochs(Callback):
    """Plans each epoch with the model as it is then; a checkpoint holds the plan and how much of it was done.

        batches = DealtBatches(PlannedBatchSampler(selector, len(data)), processes=w, rank=r)
        loader = DataLoader(data, batch_sampler=batches)
        trainer = Trainer(..., use_distributed_sampler=False, callbacks=[PlanEpochs(batches, embed)])

    Lightning deals no batches of a batch sampler of your own, so each process makes its own `DealtBatches`, in
    `train_dataloader` of a module or a data module: there `self.trainer.world_size` and `self.trainer.global_rank` are
    known. Give the callback a function without arguments that returns them.

    Args:
        batches: the `DealtBatches` of this process, or a function that returns them, called when training begins.
        embed, every: as `EpochPlanner`; `embed` takes the LightningModule.

    Raises:
        ValueError: when training begins, use_distributed_sampler=True with several processes.
    """

    def __init__(self, batches, embed, every: int = 1):
        self._batches, self.planner, self._steps, self._state = batches, EpochPlanner(embed, every), 0, None

    @property
    def batches(self) -> DealtBatches:
        """The batches of this process."""
        return self._batches() if callable(self._batches) else self._batches

    def on_fit_start(self, trainer, pl_module):
        """Plan the first epoch, before workers of the loader ask for batches."""
        if trainer.world_size > 1 and trainer._accelerator_connector.use_distributed_sampler:
            raise ValueError("use_distributed_sampler=True would deal single samples; pass use_distributed_sampler=False")
        epoch = trainer.current_epoch
        if self._state is not None:
            self.batches.load_state_dict(self._state)
            self._state, epoch = None, self.batches.planned.epoch
        self.planner.plan(self.batches, epoch, pl_module)
        self._steps = self.batches.steps_done

    def on_train_epoch_start(self, trainer, pl_module):
        """Plan the epoch, unless it goes on."""
        if trainer.current_epoch != self.batches.planned.epoch:
            self._steps = 0
        self.planner.plan(self.batches, trainer.current_epoch, pl_module)

    def on_train_batch_end(self, trainer, pl_module, outputs, batch, batch_idx):
        """Count the batches that were trained on; a loader with workers hands out more.

        The last one ends the epoch, though limit_train_batches may leave some of the plan.
        """
        self._steps = self.batches.steps if trainer.is_last_batch else batch_idx + 1

    def state_dict(self) -> dict:
        """Return the plan, and the steps of it that were done."""
        return self.batches.state_dict(self._steps)

    def load_state_dict(self, state_dict: dict) -> None:
        """Go on with a plan when training begins."""
        self._state = state_dict
