"""One fine-tuning run on several processes: torchrun, DistributedDataParallel, one plan for all.

    torchrun --nproc-per-node=4 -m replication.clip.distributed settings.yaml folder

`settings.yaml` holds the fields of `Settings`, one NAME: VALUE a line. `batch_size` counts over all processes. Rank 0 plans,
keeps the checkpoint in `folder`, and prints the retrieval measures of the test split at the end. Started again, the run
continues; the number of processes may then be another one.
"""

import json
import sys
from pathlib import Path

from torch import distributed

from replication.clip.evaluation import evaluate
from replication.clip.head_tuning import make_task
from replication.clip.processes import join_processes
from replication.clip.selecting import make_clip_selector
from replication.clip.settings import Settings
from replication.parameters.files import read_settings
from replication.training.loop import Trainer


class DistributedTrainer(Trainer):
    """A `Trainer` in each process of a `FineTuning` task, with one checkpoint, which rank 0 writes and all read.

    All take the same steps: losses are those of the whole batch, so a loss that is not finite stops all alike.
    """

    def _save(self) -> None:
        if self.task.processes.rank == 0:
            super()._save()


def train(settings: Settings, folder: Path, device: str = "") -> tuple[DistributedTrainer, dict[str, float]]:
    """Train in this process, together with the others that torchrun started; return trainer and retrieval measures.

    Raises:
        ValueError: a batch size that the processes cannot share, and all that `make_task` raises, before any training.
    """
    processes = join_processes(device)
    processes.check_batch_size(settings.batch_size)
    train_pairs, test = (settings.load(split) for split in ("train", "test"))
    task = make_task(settings, train_pairs, processes=processes)
    trainer = DistributedTrainer(task, make_clip_selector(task), settings.epochs, settings.seed, folder)
    trainer.run()
    return trainer, evaluate(task, test)


def main(arguments: list[str]) -> int:
    """Train as the module's description says; errors of the user are one line."""
    if len(arguments) != 2:
        print("usage: torchrun --nproc-per-node=N -m replication.clip.distributed settings.yaml folder", file=sys.stderr)
        return 2
    try:
        settings = read_settings(Settings, Path(arguments[0]))
        trainer, measures = train(settings, Path(arguments[1]))
    except (ValueError, TypeError, OSError, RuntimeError, FloatingPointError) as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return 1
    if trainer.task.processes.rank == 0:
        print(json.dumps({"loss": trainer.history[-1]["loss"]} | measures))
    if distributed.is_initialized():
        distributed.destroy_process_group()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
