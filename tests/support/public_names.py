"""One call of every public name of the arithmetic, as a function of the device that holds its inputs.

Inputs come from a fixed seed and name their types, so that they are the same in every state of the caller. Results are
tensors, numbers, or tuples and dicts of them.
"""

import inspect
import math

import numpy as np
import pandas as pd
import torch
from torch import nn

from replication import augmentation as views
from replication import evaluation, geometry, losses, selection

FIXED = torch.Generator().manual_seed(0)
VALUES = {  # by name: what the calls take, made once
    "u": torch.randn(48, 8, generator=FIXED, dtype=torch.float32, device="cpu") + 1,
    "noise": torch.randn(48, 8, generator=FIXED, dtype=torch.float32, device="cpu"),
    "corrupted": torch.randn(2, 3, 16, 8, generator=FIXED, dtype=torch.float32, device="cpu") + 1,
    "images": torch.randint(256, (4, 3, 40, 40), generator=FIXED, dtype=torch.uint8, device="cpu"),
    "maps": torch.randn(4, 3, 6, 6, generator=FIXED, dtype=torch.float32, device="cpu"),
    "kernels": torch.randn(5, 3, 3, 3, generator=FIXED, dtype=torch.float32, device="cpu"),
    "labels": torch.arange(48, dtype=torch.int64, device="cpu") % 4,
    "groups": torch.arange(48, dtype=torch.int64, device="cpu") // 6,
    "batches": torch.arange(48, dtype=torch.int64, device="cpu").view(12, 4),
    "gram": torch.randn(6, 6, generator=FIXED, dtype=torch.float32, device="cpu"),
}
TABLE = pd.DataFrame({"selector": ["A", "B"] * 3, "seed": [0, 0, 1, 1, 2, 2], "m": [1.0, 2.0, 1.5, 2.5, 1.0, 2.0]})


class Inputs:
    """The values above on a device, as attributes; `v` is a view of `u`, `unit` and `other` have rows of norm 1.

    `network` is a convolution with batch normalisation.
    """

    def __init__(self, device="cpu"):
        with torch.inference_mode(False):
            kept = {name: value.to(device, copy=True) for name, value in VALUES.items()}
            self.__dict__.update(kept, device=device, v=kept["u"] + 0.3 * kept["noise"])
            self.scores = (self.u[:, 0].sigmoid(), self.v.flatten().sigmoid())
            self.unit, self.other = (x / x.norm(dim=1, keepdim=True) for x in (self.u, self.v))

        self.network = nn.Sequential(nn.Conv2d(3, 5, 3, bias=False), nn.BatchNorm2d(5)).to(device)
        self.network[0].weight = nn.Parameter(self.kernels)

    def generator(self):
        return torch.Generator(self.device).manual_seed(0)


def objective(name):
    """Return a call that gives the loss in training twice, as some objectives have a state."""
    return twice(lambda: losses.make_objective(name, 48, 0.1))


def twice(make):
    def call(x):
        made = make().to(x.device)
        return made(x.u, x.v, x.labels.new_tensor(range(48))), made(x.u, x.v, x.labels.new_tensor(range(48)))

    return call


class Mean(losses.Objective):
    def _loss(self, u, v, index):
        return (u @ v.T).mean() / self.temperature


class Sorted(selection.BatchSelector):
    def _select(self, u, v, generator):
        return (u @ v.T).sum(dim=1).argsort().cpu().view(-1, 4)


class Backwards(selection.IndexSelector):
    def _plan(self, num_samples, generator):
        return torch.arange(num_samples, dtype=torch.int64, device="cpu").flip(0).view(-1, 4)


def select(*selectors):
    return lambda x: tuple(each.select(x.u, x.v, torch.Generator().manual_seed(0)) for each in selectors)


def planned(x):
    plans = []
    for selector in (selection.SwapSearch(4), selection.OrderedSGD(4), selection.ShuffledBatches(4)):
        sampler = selection.PlannedBatchSampler(selector, 48)
        sampler.update(x.u, x.v)
        plans += [sampler.plan, list(sampler)]
    return tuple(plans)


def recalibrated(x):
    with evaluation.recalibrated(x.network, (scale * x.maps for scale in (1, 2))):
        return x.network[1].running_mean.clone(), x.network[1].running_var.clone()


def probabilities(x):
    return evaluation.class_probabilities(x.u, x.v[:4])


def snapshot(x):
    loss = losses.SnapshotNTXent(48, 0.1)
    loss.renew(x.u, x.v, x.batches)
    return loss.correction.clone(), loss(x.v, x.u, torch.arange(48))


CALLS = {
    losses: {
        "DCL": objective("dcl"),
        "MMCL": objective("mmcl"),
        "OBJECTIVES": lambda x: tuple(objective(name)(x) for name in losses.OBJECTIVES),
        "Duals": lambda x: tuple(losses.optimal_duals(x.scores[0], x.scores[1], 0.3)),
        "PartialAUC": twice(lambda: losses.PartialAUC(0.1, dual_rate=0)),
        "ReleasedMMCL": twice(lambda: losses.ReleasedMMCL(48, 0.1, drop_epochs=(1,))),
        "SnapshotNTXent": snapshot,
        "SpectralContrastive": objective("spectral"),
        "BimodalSogCLR": twice(lambda: losses.BimodalSogCLR(48, 0.1)),
        "InfoNCE": objective("infonce"),
        "NTXent": objective("simclr"),
        "Objective": lambda x: Mean(0.1)(x.u, x.v),
        "SogCLR": objective("sogclr"),
        "batch_losses": lambda x: tuple(
            losses.batch_losses(x.unit, x.other, x.batches, 0.1, max_elements=most) for most in (2**24, 100)
        ),
        "contrastive_loss": lambda x: losses.contrastive_loss(x.u, x.v, 0.1, normalize=True),
        "make_objective": objective("sogclr, as released"),
        "mini_batch_loss": lambda x: losses.mini_batch_loss(x.u, x.v, x.batches, 0.1, normalize=True, validate=False),
        "multiclass_auc_loss": lambda x: tuple(
            losses.multiclass_auc_loss(x.u[:, :4], x.labels, surrogate) for surrogate in ("square", "exp", "hinge")
        ),
        "optimal_duals": lambda x: tuple(losses.optimal_duals(x.scores[0], x.scores[1], 0.3)),
        "partial_auc_loss": lambda x: tuple(
            losses.partial_auc_loss(*x.scores, losses.optimal_duals(*x.scores, 0.3), 0.3, kappa) for kappa in (5, math.inf)
        ),
        "spectral_dual": lambda x: losses.spectral_dual(x.u, x.v, x.gram[0, 0] * x.u[:8]),
        "spectral_loss": lambda x: losses.spectral_loss(x.u, x.v),
        "nt_xent_losses": lambda x: losses.nt_xent_losses(x.unit, x.other, x.batches, 0.1, max_elements=100),
    },
    selection: {
        "GCBS": select(selection.GCBS(4, 5)),
        "AllBatches": lambda x: selection.AllBatches(2).select(x.u),
        "BalancedKMeans": select(selection.BalancedKMeans(4, branching=3)),
        "BatchSelector": select(Sorted()),
        "DistinctGroups": select(
            *(selection.DistinctGroups(each, VALUES["groups"]) for each in (Sorted(), Backwards(), selection.SwapSearch(4)))
        ),
        "FixedBatches": lambda x: (
            selection.FixedBatches(4, seed=1).select(x.u),
            *(selection.FixedBatches(batches=rows).select(x.u) for rows in ([[3, 1], [0, 2]], x.batches)),
        ),
        "FullBatch": select(selection.FullBatch()),
        "GraphPartition": select(selection.GraphPartition(4, 5, 0.1), selection.GraphPartition(4, skip=3, communities=2)),
        "IndexSelector": select(Backwards()),
        "JointExamples": lambda x: (
            selection.JointExamples(4, temperature=0.1).select(x.u, x.v, torch.Generator().manual_seed(0)),
            selection.JointExamples(4, 0.5, reference=(x.noise, x.unit)).select(x.u, x.v, torch.Generator().manual_seed(0)),
        ),
        "MixedBatches": select(*(selection.MixedBatches(each, 0.5) for each in (Sorted(), Backwards()))),
        "NearestNeighbour": select(selection.NearestNeighbour(4, skip=2, window=8)),
        "OrderedSGD": select(
            *(selection.OrderedSGD(4, candidates=kind, loss="nt_xent") for kind in ("partition", "independent"))
        ),
        "PlannedBatchSampler": planned,
        "RandomWalk": select(*(selection.RandomWalk(4, 0.1, 20, 5, overlap) for overlap in (False, True))),
        "ShuffledBatches": select(*(selection.ShuffledBatches(4, replacement) for replacement in (False, True))),
        "SpectralClustering": select(
            *(selection.SpectralClustering(4, k, affinity, 0.1) for k, affinity in ((None, "log"), (4, "exp"))),
            selection.SpectralClustering(4, temperature=0.1, n_init=1, implementation="reference"),
        ),
        "SwapSearch": select(*(selection.SwapSearch(4, k, 0.1, goal) for k, goal in ((None, "bound"), (4, "loss")))),
        "edge_weights": lambda x: selection.edge_weights(x.unit, x.other, 4, 0.1),
        "make_selector": select(selection.make_selector("SwapSearch, k 5", 48, 4, 0.1)),
    },
    evaluation: {
        "class_probabilities": probabilities,
        "corruption_retrieval": lambda x: tuple(
            evaluation.corruption_retrieval(*x.corrupted, normalize=normalize) for normalize in (True, False)
        ),
        "em_dirichlet": lambda x: tuple(
            found
            for hard, supports, labels in ((False, None, None), (True, probabilities(x), x.labels))
            for each in [evaluation.em_dirichlet(probabilities(x), 1, hard=hard, supports=supports, support_labels=labels)]
            for found in (each.assignments, each.alpha, each.capped, each.predicted)
        ),
        "holm": lambda x: evaluation.holm(np.array([0.01, 0.04, 0.03])).tolist(),
        "knn_accuracy": lambda x: evaluation.knn_accuracy(x.u, x.labels, x.v, x.labels, k=7),
        "learned_norms": lambda x: tuple(norm.weight.detach() for norm in evaluation.learned_norms(x.network)),
        "linear_probe_accuracy": lambda x: evaluation.linear_probe_accuracy(x.u, x.labels, x.v, x.labels),
        "linear_probe_auc": lambda x: tuple(
            evaluation.linear_probe_auc(x.u, x.labels, x.v, x.labels, loss=loss) for loss in ("cross-entropy", "mauc-square")
        ),
        "matched_classes": lambda x: tuple(
            evaluation.matched_classes(probabilities(x), probabilities(x), one_to_one=each) for each in (True, False)
        ),
        "multiclass_auc": lambda x: evaluation.multiclass_auc(x.u[:, :4], x.labels),
        "partial_auc": lambda x: evaluation.partial_auc(x.u[:, 0], x.v[:, 1], 0.3, 0.2),
        "retrieval_partial_auc": lambda x: evaluation.retrieval_partial_auc(x.u, x.v),
        "strict_areas": lambda x: evaluation.strict_areas(x.u, x.v),
        "paired_bootstrap": lambda x: vars(evaluation.paired_bootstrap(np.arange(9.0), np.arange(9) ** 0.5, repeats=100)),
        "paired_comparison": lambda x: evaluation.paired_comparison(TABLE, "m", "A", 0.1).iloc[0].to_dict(),
        "recalibrated": recalibrated,
        "released_prior_weight": lambda x: evaluation.released_prior_weight(12),
        "retrieval": lambda x: evaluation.retrieval(x.u, x.v),
        "retrieval_metrics": lambda x: evaluation.retrieval_metrics(x.u, x.v, x.labels, x.labels, normalize=False),
    },
    views: {
        "Augmentation": lambda x: (
            views.Augmentation(20)(x.images, x.generator()),
            *views.Augmentation(36, blur_p=0.5).pair(x.images, x.generator()),
        ),
        "as_input": lambda x: views.as_input(x.images, (0.5, 0.4, 0.3), (0.2, 0.3, 0.4), 20),
    },
    geometry: {
        "simplex_etf": lambda x: geometry.simplex_etf(5),
        "cross_polytope": lambda x: geometry.cross_polytope(6),
        "target_name": lambda x: geometry.target_name(6, 3),
        "optimal_gram": lambda x: geometry.optimal_gram(6, 3),
        "distance_to_etf": lambda x: geometry.distance_to_etf(x.gram),
        "distance_to_cross_polytope": lambda x: geometry.distance_to_cross_polytope(x.gram),
        "antipodes_first": lambda x: geometry.antipodes_first(x.gram),
        "distance_to_optimum": lambda x: (geometry.distance_to_optimum(x.gram, 3), geometry.distance_to_optimum(x.gram, 5)),
        "released_row_wise_distance": lambda x: geometry.released_row_wise_distance(x.gram, geometry.simplex_etf(6)),
        "pair_counts": lambda x: geometry.pair_counts(x.batches, 48),
        "is_two_design": lambda x: geometry.is_two_design(x.batches, 48),
    },
}


def public_names(module) -> set[str]:
    """Return what a module offers: its `__all__`, or the functions it defines whose names have no underscore in front."""
    if hasattr(module, "__all__"):
        return set(module.__all__)
    functions = inspect.getmembers(module, inspect.isfunction)
    return {name for name, each in functions if each.__module__ == module.__name__ and name[0] != "_"}
