"""The training loop: epochs of planned mini-batches, with a checkpoint from which a killed run continues exactly."""

import math
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from pathlib import Path

import torch
from torch import LongTensor, Tensor

from replication.seeding import derived_seed
from replication.selection import BatchSelector
from replication.training.checkpoint import CheckpointError, check_identity, load_checkpoint, save_checkpoint
from replication.training.planning import plan_epoch
from replication.validation import check_count


class TrainingDiverged(FloatingPointError):
    """The loss or the weights became NaN or infinite; the last good checkpoint is kept."""


class Task(ABC):
    """What is trained: data, network, objective and optimiser.

    All randomness of a step must come from `derived_seed(seed, ..., epoch, position)` or from torch's global generators,
    which the checkpoint holds; then a resumed run ends as an uninterrupted one does.

    Attributes:
        num_samples: size of the training set, N.
    """

    num_samples: int

    @abstractmethod
    def identity(self) -> dict:
        """Return the plain values that a checkpoint must agree on: parameters, data, code."""

    @abstractmethod
    def embed(self, epoch: int, pass_number: int) -> tuple[Tensor, Tensor]:
        """Return the embeddings u, v [N, d] of two views of every training sample, in the order of the data."""

    @abstractmethod
    def steps(self, plan: LongTensor, start: int, epoch: int) -> Iterator[Tensor]:
        """Make one update for each batch plan[start:], and yield its loss (0-d, detached) once the update is done."""

    @abstractmethod
    def state_dict(self) -> dict:
        """Return network, objective and optimiser, as tensors and plain values."""

    @abstractmethod
    def load_state_dict(self, state: dict) -> None:
        """Continue from `state_dict()`."""

    def is_sound(self, state: dict) -> bool:
        """Return whether a `state_dict()` may be kept: no NaN, no infinity, except where an infinity has a meaning."""
        return all_finite(state)


class Trainer:
    """Train a task for a number of epochs with the batches of a selector, resuming from the folder's checkpoint if any.

    Args:
        task: what is trained.
        selector: chooses the batches, once an epoch.
        epochs: number of epochs, each of floor(N/B) updates.
        seed: of the plans, and of torch's global generators when a run begins.
        folder: holds `checkpoint.pt`.
        refresh_features: see `plan_epoch`.
        describe_plan: (batches [M, B], epoch) to notes for the history, such as the share of same-class pairs.
        checkpoint_minutes: a checkpoint is written after every epoch, and inside one when so many minutes have passed.
        check_every: updates between two looks at the losses, each of which waits for the device.

    Attributes:
        history: a dict for each finished epoch: epoch, loss (mean over its batches, nats), and what `describe_plan` noted.
        timings: a dict for each finished epoch: seconds of features, selection and steps. Apart from the history, which
            equal runs repeat exactly.
        resumed_seconds: what the epochs took, features, selection and steps, that the checkpoint already held.
    """

    def __init__(
        self,
        task: Task,
        selector: BatchSelector,
        epochs: int,
        seed: int,
        folder: Path,
        *,
        refresh_features: bool = False,
        describe_plan: Callable[[LongTensor, int], dict] | None = None,
        checkpoint_minutes: float = 5,
        check_every: int = 50,
    ):
        self.task = task
        self.selector = selector
        self.epochs = check_count("epochs", epochs, 0)
        self.seed = seed
        self.path = folder / "checkpoint.pt"
        self.refresh_features = refresh_features
        self.describe_plan = describe_plan or (lambda plan, epoch: {})
        self.checkpoint_seconds = 60 * checkpoint_minutes
        self.check_every = check_count("check_every", check_every, 1)
        self.history: list[dict] = []
        self.timings: list[dict] = []
        self.resumed_seconds = 0.0
        self._begin_epoch(0)

    def run(self, on_epoch: Callable[[int], None] | None = None) -> None:
        """Train to the end; `on_epoch` is called with the number of finished epochs, at first with those of the checkpoint.

        Raises:
            TrainingDiverged: NaN or infinity; the last good checkpoint is kept.
            CheckpointError: the checkpoint in the folder is damaged or another run's, or one cannot be written.
        """
        self._resume()
        on_epoch = on_epoch or (lambda done: None)
        on_epoch(self._epoch)
        while self._epoch < self.epochs:
            self._train_epoch()
            on_epoch(self._epoch)

    def _begin_epoch(self, epoch: int) -> None:
        self._epoch, self._position, self._plan = epoch, 0, None
        self._losses: list[float] = []
        self._spent = {"features": 0.0, "selection": 0.0, "steps": 0.0}
        self._saved = time.perf_counter()

    def _train_epoch(self) -> None:
        if self._plan is None:
            try:
                plan = plan_epoch(
                    self.selector,
                    self.task.num_samples,
                    lambda number: self.task.embed(self._epoch, number),
                    self.seed,
                    self._epoch,
                    self.refresh_features,
                )
            except FloatingPointError as error:
                raise self._diverged(str(error)) from None
            self._plan = plan.batches
            self._spent |= {"features": plan.feature_seconds, "selection": plan.selection_seconds}
        begin, fresh = time.perf_counter(), []
        for loss in self.task.steps(self._plan, self._position, self._epoch):
            fresh.append(loss)
            self._position += 1
            last = self._position == len(self._plan)
            if last or len(fresh) == self.check_every:
                self._collect(fresh)
                now = time.perf_counter()
                self._spent["steps"] += now - begin
                begin, fresh = now, []
                if not last and now - self._saved >= self.checkpoint_seconds:
                    self._save()
                    begin = time.perf_counter()
        mean = math.fsum(self._losses) / len(self._losses)
        self.history.append({"epoch": self._epoch, "loss": mean} | self.describe_plan(self._plan, self._epoch))
        self.timings.append({"epoch": self._epoch} | self._spent)
        self._begin_epoch(self._epoch + 1)
        self._save()

    def _collect(self, fresh: list[Tensor]) -> None:
        losses = torch.stack(fresh).double().tolist()
        for offset, loss in enumerate(losses):
            if not math.isfinite(loss):
                step = len(self._losses) + offset + 1
                raise self._diverged(f"the loss is {loss} at epoch {self._epoch + 1}, step {step} of {len(self._plan)}")
        self._losses += losses

    def _diverged(self, what: str) -> TrainingDiverged:
        kept = f"the last good checkpoint is kept in {self.path}" if self.path.is_file() else "no checkpoint was written yet"
        return TrainingDiverged(f"{what}; {kept}")

    def _save(self) -> None:
        state = self.task.state_dict()
        if not self.task.is_sound(state):
            raise self._diverged(f"weights or state became NaN or infinite at epoch {self._epoch + (self._position > 0)}")
        random = {"cpu": torch.get_rng_state()}
        if torch.cuda.is_available():
            random["cuda"] = torch.cuda.get_rng_state_all()
        progress = {"epoch": self._epoch, "position": self._position, "plan": self._plan, "losses": self._losses}
        records = {"history": self.history, "timings": self.timings, "spent": self._spent}
        save_checkpoint(self.path, {"identity": self.task.identity(), "task": state, "random": random} | progress | records)
        self._saved = time.perf_counter()

    def _resume(self) -> None:
        saved = load_checkpoint(self.path)
        if saved is None:
            torch.manual_seed(derived_seed(self.seed, "global"))
            return
        check_identity(self.path, saved["identity"], self.task.identity())
        self._check_plan(saved["plan"])
        self.task.load_state_dict(saved["task"])
        torch.set_rng_state(saved["random"]["cpu"])
        if "cuda" in saved["random"] and torch.cuda.is_available():
            torch.cuda.set_rng_state_all(saved["random"]["cuda"][: torch.cuda.device_count()])
        self._begin_epoch(saved["epoch"])
        self._position, self._plan, self._losses = saved["position"], saved["plan"], saved["losses"]
        self.history, self.timings, self._spent = saved["history"], saved["timings"], saved["spent"]
        parts = ("features", "selection", "steps")
        self.resumed_seconds = sum(spent[part] for spent in (*self.timings, self._spent) for part in parts)

    def _check_plan(self, plan: LongTensor | None) -> None:
        size = self.selector.batch_size or self.task.num_samples
        expected = [self.task.num_samples // size, size]
        if plan is not None and list(plan.shape) != expected:
            raise CheckpointError(
                f"checkpoint {self.path} holds a plan {list(plan.shape)} of another selector; it must be {expected}"
            )


def all_finite(state) -> bool:
    """Return whether every floating-point tensor in nested dicts and lists is finite."""
    if isinstance(state, Tensor):
        return not state.is_floating_point() or bool(torch.isfinite(state).all())
    if isinstance(state, dict):
        return all(map(all_finite, state.values()))
    return not isinstance(state, list | tuple) or all(map(all_finite, state))
