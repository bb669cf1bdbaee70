"""Trainings of one learning rate whose heads are stacked, from their first epoch to their results."""

import math
import time
from collections.abc import Callable

import torch
from torch import LongTensor, Tensor

from replication.evaluation.shares import same_class_share
from replication.features import PairFeatures
from replication.heads.evaluation import measures_of_ranks, retrieval_ranks
from replication.heads.gradients import loss_and_gradients
from replication.heads.networks import StackedHeads
from replication.heads.optimizer import HeadsOptimizer
from replication.heads.planning import draw_rows, plan_training
from replication.heads.results import TrainedHeads
from replication.heads.settings import HeadSettings, Training
from replication.training.loop import TrainingDiverged


class Group:
    """One batched program: each update is one of every training, each on a batch of its own plan.

    Args:
        train, val, test: features; all large tensors on `device`.
        settings: what the trainings share.
        trainings: of one learning rate.
        device: where the heads live.
        on_epoch: called with a training and a row of its curve.
    """

    def __init__(
        self,
        train: PairFeatures,
        val: PairFeatures,
        test: PairFeatures,
        settings: HeadSettings,
        trainings: list[Training],
        device: str = "cpu",
        on_epoch: Callable[[Training, dict], None] | None = None,
    ):
        self.train, self.val, self.test, self.settings, self.trainings = train, val, test, settings, trainings
        self.left, self.right = train.left.flatten(0, 1), train.right  # [V*N, d1], [C, d2]
        self.steps_per_epoch = len(train) // settings.batch_size
        seeds = [training.seed for training in trainings]
        self.heads = StackedHeads.random(settings, self.left.shape[1], self.right.shape[1], seeds, device)
        self.gradients = self.heads.empty_like()
        self.optimizer = HeadsOptimizer(self.heads, self.gradients, settings, trainings[0].lr, self.steps_per_epoch)
        self.results = [TrainedHeads(training) for training in trainings]
        self.on_epoch = on_epoch or (lambda training, row: None)

    def run(self) -> list[TrainedHeads]:
        """Train all epochs, test the heads that were kept, and return the results.

        Raises:
            TrainingDiverged: a loss is not finite.
        """
        for epoch in range(self.settings.epochs):
            views, captions, shares = self._plan(epoch)
            begin = time.perf_counter()
            losses = self.steps(views, captions).double().cpu()
            seconds = (time.perf_counter() - begin) / len(self.trainings)
            self._check_losses(losses, epoch)
            for place, result in enumerate(self.results):
                result.seconds["steps"] += seconds
                result.updates += self.steps_per_epoch
                self._evaluate(place, epoch, float(losses[:, place].mean()), shares[place])
        for result in self.results:
            begin = time.perf_counter()
            result.test_ranks = retrieval_ranks(result.heads, self.test)
            result.test = measures_of_ranks(result.test_ranks)
            result.seconds["evaluation"] += time.perf_counter() - begin
        return self.results

    def steps(self, views: LongTensor, captions: LongTensor) -> Tensor:
        """Make M updates, and return their losses [M, G].

        Args:
            views, captions: rows of the two sides' features in each batch of each training, [M, G, B].
        """
        losses = []
        for left, right in zip(views, captions, strict=True):
            x, y = (side[rows.flatten()].view(*rows.shape, -1) for side, rows in ((self.left, left), (self.right, right)))
            losses.append(loss_and_gradients(self.heads, x, y, self.gradients))
            self.optimizer.step()
        return torch.stack(losses)

    def _plan(self, epoch: int) -> tuple[LongTensor, LongTensor, list[float]]:
        """Return the rows of both sides in each batch, [M, G, B], and each training's share of likely false negatives."""
        drawn = {seed: draw_rows(self.train, seed, epoch) for seed in {training.seed for training in self.trainings}}
        views, captions, shares = [], [], []
        for place, (training, result) in enumerate(zip(self.trainings, self.results, strict=True)):
            rows = drawn[training.seed]
            on_device = tuple(side.to(self.left.device) for side in rows)
            plan = plan_training(training, self.settings, self.heads[place], self.train, on_device, epoch)
            result.seconds["features"] += plan.feature_seconds
            result.seconds["selection"] += plan.selection_seconds
            views.append(rows[0][plan.batches])
            captions.append(rows[1][plan.batches])
            shares.append(self._false_negatives(plan.batches, rows[1]))
        return *(torch.stack(sides, dim=1).to(self.left.device) for sides in (views, captions)), shares

    def _false_negatives(self, batches: LongTensor, captions: LongTensor) -> float:
        if self.train.groups is not None:
            return same_class_share(batches, self.train.groups)
        if self.train.near_duplicates is not None:
            return self.train.near_duplicates.share(captions[batches])
        return math.nan

    def _check_losses(self, losses: Tensor, epoch: int) -> None:
        bad = (~torch.isfinite(losses)).nonzero()
        if len(bad):
            step, place = bad[0].tolist()
            raise TrainingDiverged(
                f"the loss of {self.trainings[place]} is {float(losses[step, place])} at epoch {epoch + 1}, step {step + 1}"
                f" of {len(losses)}"
            )

    def _evaluate(self, place: int, epoch: int, loss: float, share: float) -> None:
        """Add a row to a training's curve, and keep its heads if they are the best so far."""
        result, heads = self.results[place], self.heads[place]
        begin = time.perf_counter()
        measures = measures_of_ranks(retrieval_ranks(heads, self.val))
        result.seconds["evaluation"] += time.perf_counter() - begin
        row = {"epoch": epoch + 1, "loss": loss, "share of ln B": loss / math.log(self.settings.batch_size)}
        row |= {"temperature": float(heads.temperatures()[0]), "false negatives": share} | measures
        result.curve.append(row)
        if result.heads is None or measures[self.settings.stop_by] > result.validation[self.settings.stop_by]:
            result.best_epoch, result.validation, result.heads = epoch + 1, measures, heads.clone()
        self.on_epoch(result.training, row)
