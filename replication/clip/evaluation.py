"""What a dual encoder is worth: retrieval in both directions, the losses of chosen batches, examples to look at."""

import torch
from torch import Tensor

from replication.clip.finetuning import FineTuning
from replication.clip.selecting import make_clip_selector
from replication.clip.towers import learned_temperature
from replication.datasets.pairs import PairSet, caption_groups
from replication.evaluation import learned_norms, recalibrated, retrieval_metrics, strict_areas
from replication.losses import batch_losses
from replication.seeding import derived_seed
from replication.selection import ShuffledBatches

HISTOGRAM_METHODS = ("SGD", "OSGD", "SC", "SwapSearch")
MEASURES = ("R@1", "R@5", "R@10", "median rank")
DIRECTIONS = {"u2v": "image to text", "v2u": "text to image", "mean": "mean"}


def evaluate(task: FineTuning, test: PairSet) -> dict[str, float]:
    """Return the retrieval measures of a network in its present state, with all captions of the test images.

    "image to text R@1" (also R@5, R@10): share of images, in %, with one of their captions among the first k of all captions;
    "text to image R@1": share of captions whose image is among the first k of all images; "mean R@1": of the two directions.
    "... median rank": of the best right answer, 1 is the best. "partial AUC", "two-way partial AUC": see `strict_areas`.
    "temperature": 1 / exp(logit_scale).
    """
    u, v, groups = embed_test(task, test)
    found = retrieval_metrics(u, v, torch.arange(len(u)), groups)
    measures = {f"{name} {m}": found[f"{side} {m}"] for side, name in DIRECTIONS.items() for m in MEASURES}
    measures |= strict_areas(u, v, torch.arange(len(u)), groups)
    return measures | {"temperature": learned_temperature(task.network)}


def evaluate_recalibrated(task: FineTuning, test: PairSet) -> dict[str, float]:
    """Return "mean R@1, recalibrated" and "mean R@10, recalibrated", by an image tower that normalises as shuffled batches do.

    Its running statistics are replaced by the averages over one epoch of shuffled training batches, the same ones for all
    methods (see `recalibrated`), and restored. Returns {} if the tower has no batch normalisation that learns.
    """
    if not learned_norms(task.network.visual):
        return {}
    generator = torch.Generator().manual_seed(derived_seed(task.settings.seed, "recalibration"))
    plan = ShuffledBatches(task.settings.batch_size).plan(task.num_samples, generator)
    batches = (task.whole_images(task.images[rows]) for rows in plan)
    with recalibrated(task.network.visual, batches, task.autocast()):
        found = evaluate(task, test)
    return {f"mean {name}, recalibrated": found[f"mean {name}"] for name in ("R@1", "R@10")}


def embed_test(task: FineTuning, test: PairSet) -> tuple[Tensor, Tensor, Tensor]:
    """Return the features of test images [M, d] and of all their captions [T, d], and the image [T] of each caption."""
    texts, groups = caption_groups(test)
    u, v = task.embed_pairs(test.images.to(task.device), task.tokenise(texts).to(task.device))
    return u.cpu(), v.cpu(), groups


def in_batch_losses(task: FineTuning, methods: tuple[str, ...] = HISTOGRAM_METHODS) -> dict[str, list[float]]:
    """Return the losses of the batches that each method chooses from the network's features of the training set.

    ClipLoss, half of eq. (1), in nats, at the network's own temperature: comparable with the losses of the training.
    """
    temperature = learned_temperature(task.network)
    u, v = (x.cpu() for x in task.embed(task.settings.epochs, 0))
    losses = {}
    for method in methods:
        generator = torch.Generator().manual_seed(derived_seed(task.settings.seed, "histogram"))
        plan = make_clip_selector(task, method).select(u, v, generator)
        losses[method] = (0.5 * batch_losses(u, v, plan, temperature, normalize=True)).tolist()
    return losses


def nearest_images(u: Tensor, v: Tensor, captions: list[int], count: int = 5) -> Tensor:
    """Return the `count` nearest images, best first, to each of the chosen captions: [chosen, count] rows of `u`.

    Args:
        u, v: unit features of images [M, d] and captions [T, d].
        captions: rows of `v`.
    """
    return (v[captions] @ u.T).topk(min(count, len(u)), dim=1).indices
