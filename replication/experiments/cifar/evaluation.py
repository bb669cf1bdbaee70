"""What a trained network is worth: retrieval, corrupted galleries, nearest neighbours, a linear probe, in-batch losses."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from replication.augmentation import as_input
from replication.datasets import ImageSet, corrupted_gallery
from replication.evaluation import (
    corruption_retrieval,
    knn_accuracy,
    linear_probe_accuracy,
    recalibrated,
    retrieval_metrics,
    strict_areas,
)
from replication.experiments.cifar.pretraining import FEATURE_BATCH, Pretraining
from replication.losses import batch_losses
from replication.seeding import derived_seed
from replication.selection import ShuffledBatches
from replication.selection.registry import make_selector
from replication.validation import check_count, check_flag

HISTOGRAM_METHODS = ("SGD", "OSGD", "SC", "SwapSearch")
NEIGHBOURS = 200  # of the kNN classifier, as usual for self-supervised learning


@dataclass(frozen=True)
class Evaluation:
    """How trained networks are evaluated.

    Attributes:
        test_images: gallery of the retrieval, and test set of the classifiers; the first so many, 0: all.
        corrupted_images: images whose corruptions form galleries; the first so many of the test set.
        severities: of the corruptions, each 1 to 5.
        linear_probe: whether to fit one (minutes at full size).
    """

    test_images: int = 0
    corrupted_images: int = 1000
    severities: tuple[int, ...] = (1, 5)
    linear_probe: bool = True

    def __post_init__(self):
        check_count("test_images", self.test_images, 0)
        check_count("corrupted_images", self.corrupted_images, 1)
        check_flag("linear_probe", self.linear_probe)
        if len(set(self.severities)) < len(self.severities):
            raise ValueError(f"severities={list(self.severities)} must not hold one twice")
        if not self.severities:
            raise ValueError(f"severities={list(self.severities)} must hold at least one of 1 to 5")
        for severity in self.severities:
            check_count("severity", severity, 1, 5)


@torch.no_grad()
def evaluate(task: Pretraining, test: ImageSet, evaluation: Evaluation) -> dict[str, float]:
    """Return the measures of a network in its present state, all with the network in eval mode; accuracies in %.

    - "R@1", "R@5", "R@10", "MRR", "median rank": a random view of each test image among the other random views of all,
      mean of both directions, which follow ("R@1 u2v", "R@1 v2u"). "R@1 un-normalised": by inner products, as the released
      evaluation. "partial AUC", "two-way partial AUC": see `strict_areas`.
    - "corrupted R@1": among the corruptions of the same image (section 6.2), likewise, mean over the severities; and by
      severity.
    - "kNN" and "linear probe": classes of the test images from the representation before the head, without augmentation.
    """
    task.network.eval()
    images = test.images[: evaluation.test_images or None].to(task.device)
    labels = test.labels[: evaluation.test_images or None]
    u, v = task.two_views(images, "test views")
    found = retrieval_metrics(u, v)
    measures = {name: found[f"mean {name}"] for name in ("R@1", "R@5", "R@10", "MRR", "median rank")}
    measures |= {f"{name} {way}": found[f"{way} {name}"] for name in ("R@1", "R@5", "R@10", "MRR") for way in ("u2v", "v2u")}
    measures |= strict_areas(u, v)
    measures["R@1 un-normalised"] = retrieval_metrics(u, v, normalize=False)["mean R@1"]
    corrupted = {}
    for severity in evaluation.severities:
        corrupted |= _corrupted(task, test.name, severity, evaluation.corrupted_images)
    for name in ("corrupted R@1", "corrupted R@1 un-normalised"):
        by_severity = [corrupted[f"{name}, severity {severity}"] for severity in evaluation.severities]
        measures[name] = sum(by_severity) / len(by_severity)
    measures |= corrupted
    train, tested = represent(task, task.images), represent(task, images)  # both classifiers run where these live
    measures["kNN"] = knn_accuracy(train, task.labels, tested, labels, min(NEIGHBOURS, len(train)))
    if evaluation.linear_probe:
        measures["linear probe"] = linear_probe_accuracy(train, task.labels, tested, labels)
    task.network.train()
    return measures


@torch.no_grad()
def evaluate_recalibrated(task: Pretraining, test: ImageSet, evaluation: Evaluation) -> dict[str, float]:
    """Return "R@1, recalibrated", likewise kNN and corrupted R@1, of a network that normalises as shuffled batches do.

    The running statistics of its batch normalisation are replaced by the averages over one epoch of shuffled training batches
    with random views, the same ones for all methods (see `recalibrated`), and restored.
    """
    with recalibrated(task.network, _shuffled_views(task), task.autocast()):
        found = evaluate(task, test, replace(evaluation, linear_probe=False))
    corrupted = ["corrupted R@1", *(f"corrupted R@1, severity {severity}" for severity in evaluation.severities)]
    return {f"{name}, recalibrated": found[name] for name in ("R@1", *corrupted, "kNN")}


def _shuffled_views(task: Pretraining) -> Iterator[Tensor]:
    """Yield the two views [2B, 3, size, size] of every batch of a shuffled epoch, as training would see them."""
    seed = derived_seed(task.settings.seed, "recalibration")
    plan = ShuffledBatches(task.settings.batch_size).plan(task.num_samples, torch.Generator().manual_seed(seed))
    task.generator.manual_seed(seed)
    for rows in plan.to(task.device):
        images = task.images[rows]
        yield task.draw_views(torch.cat([images, images])).contiguous(memory_format=torch.channels_last)


def _corrupted(task: Pretraining, dataset: str, severity: int, limit: int) -> dict[str, float]:
    gallery, names, _ = corrupted_gallery(dataset, severity, limit)  # [C, N, 3, height, width]
    flat = gallery.flatten(0, 1).to(task.device)
    u, v = (x.view(len(names), -1, x.shape[1]) for x in task.two_views(flat, "corrupted views", severity))
    found = corruption_retrieval(u, v)
    found = {"": found["mean"]} | {f" {way}": found[way] for way in ("u2v", "v2u")}
    found[" un-normalised"] = corruption_retrieval(u, v, normalize=False)["mean"]
    return {f"corrupted R@1{way}, severity {severity}": value for way, value in found.items()}


@torch.no_grad()
def represent(task: Pretraining, images: Tensor) -> Tensor:
    """Return the representations [N, features] (float32) of images before the head, without augmentation."""
    parts = []
    for part in (part for block in images.split(FEATURE_BATCH) for part in task.in_parts(block)):
        inputs = as_input(part, task.mean, task.std, task.settings.size).contiguous(memory_format=torch.channels_last)
        with task.autocast():
            parts.append(task.network.backbone(inputs).float())
    return torch.cat(parts)


@torch.no_grad()
def in_batch_losses(task: Pretraining) -> dict[str, list[float]]:
    """Return the losses (nats, eq. (1)) of the batches that each method chooses from the network's features (Figure 4).

    The methods are `HISTOGRAM_METHODS`, and the one that the network was trained with.
    """
    task.network.eval()
    u, v = (torch.nn.functional.normalize(x, dim=1).cpu() for x in task.two_views(task.images, "histogram"))
    task.network.train()
    losses = {}
    for method in dict.fromkeys((*HISTOGRAM_METHODS, task.settings.method)):
        s = task.settings
        selector = make_selector(method, task.num_samples, s.batch_size, s.temperature, s.k, s.candidates)
        plan = selector.select(u, v, torch.Generator().manual_seed(derived_seed(s.seed, "histogram")))
        losses[method] = batch_losses(u, v, plan, s.temperature, normalize=True).tolist()
    return losses
