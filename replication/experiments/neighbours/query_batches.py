"""What a batch of queries adds to zero- and few-shot classification, by the number of classes it holds (EM-Dirichlet)."""

import numpy as np
import pandas as pd
import torch
from torch import LongTensor, Tensor

from replication.directions import directions
from replication.evaluation import class_probabilities, em_dirichlet, matched_classes
from replication.evaluation.inputs import checked_embeddings, checked_labels
from replication.evaluation.interval import student_interval
from replication.validation import check_count, check_not_negative

ZERO_SHOT, FEW_SHOT = "zero-shot", "few-shot"
DRAWN = (ZERO_SHOT, "soft", "hard", FEW_SHOT, f"{FEW_SHOT}, soft", f"{FEW_SHOT}, hard")  # what figures and sentences show
ELEMENTS = 2**21  # parameters of distributions that are fitted at once


def prototypes_of_shots(features: Tensor, labels: Tensor, shots: int, seed: int) -> tuple[Tensor, LongTensor]:
    """Return the mean direction [K, d] of `shots` samples of each class, drawn at random, and all other samples [N - K shots].

    Args:
        features: embeddings [N, d].
        labels: integers [N], the classes 0 to K-1.
        shots: labelled samples of each class.
        seed: of the draw.

    Raises:
        TypeError, ValueError: wrong kinds or shapes, or a class that has too few samples.
    """
    features = checked_embeddings("features", features)
    labels = checked_labels("labels", labels, len(features), features.device).cpu().numpy()
    check_count("shots", shots, 1)
    sizes = _class_sizes(labels, int(labels.max()) + 1)
    if sizes.min() <= shots:
        raise ValueError(f"shots={shots} must be < {sizes.min()}, the number of samples of class {sizes.argmin()}")
    generator = np.random.default_rng(check_count("seed", seed, 0))
    drawn = np.stack([generator.choice(np.flatnonzero(labels == k), shots, replace=False) for k in range(len(sizes))])
    rest = np.setdiff1d(np.arange(len(labels)), drawn)
    prototypes = directions(features, dim=1)[torch.from_numpy(drawn).to(features.device)].mean(dim=1)
    return prototypes, torch.from_numpy(rest)


def accuracy_by_classes(
    features: Tensor,
    prototypes: Tensor,
    labels: Tensor,
    prior_weight: float,
    *,
    classes: tuple[int | None, ...] = (2, 5, None),
    queries: int = 75,
    tasks: int = 50,
    temperature: float = 1 / 30,
    seed: int = 0,
    supports: Tensor | None = None,
    support_labels: Tensor | None = None,
) -> pd.DataFrame:
    """Return the accuracy of each way to classify a batch of queries, by the number of classes that the batch is drawn from.

    A task draws its classes, and then `queries` samples among all samples of these classes, both without replacement. Tasks of
    one data set share samples and prototypes, so the intervals speak of other tasks, not of other data.

    Args:
        features: embeddings [N, d] of images.
        prototypes: [K, d], of texts, or `prototypes_of_shots`.
        labels: integers [N], row numbers of `prototypes`.
        prior_weight: of `em_dirichlet`, such as `released_prior_weight(K)`.
        classes: numbers of classes; None for all that have samples.
        queries: n, in each batch.
        tasks: number of batches for each number of classes.
        temperature: of `class_probabilities`.
        seed: of the draws, which are the same for all methods.
        supports, support_labels: embeddings [s, d] and classes [s] of labelled images, some of every class, for the methods
            "few-shot ..."; None: without these.

    Returns:
        One row for each number of classes and method, with the columns "classes", "present" (the mean number of classes that a
        batch holds), "method", "mean" and "sd" of the accuracy in %, "n" tasks, and "difference" to zero-shot on the same
        batches with its 95 % interval, "low" and "high". Methods are those of `task_accuracies`.

    Raises:
        TypeError, ValueError: wrong kinds, shapes or ranges, or too few samples for a batch.
    """
    check_not_negative("prior_weight", prior_weight)
    check_count("queries", queries, 1)
    check_count("tasks", tasks, 2)
    check_count("seed", seed, 0)
    z = class_probabilities(features, prototypes, temperature)
    labels = checked_labels("labels", labels, len(z), z.device)
    shots = None
    if supports is not None:
        means = class_means(supports, support_labels, z.shape[1])
        nearest = class_probabilities(features, means, temperature).argmax(dim=-1)
        shots = class_probabilities(supports, prototypes, temperature), support_labels.to(z.device)
    sizes = _class_sizes(labels.cpu().numpy(), z.shape[1])
    at_once, rows = max(1, ELEMENTS // z.shape[1] ** 2), []
    for count in [_checked_count(count, sizes, queries) for count in classes]:
        generator = np.random.default_rng([seed, count])  # a row does not depend on the others of the table
        drawn = np.stack([_draw(labels.cpu().numpy(), sizes, count, queries, generator) for _ in range(tasks)])
        index = torch.from_numpy(drawn).to(z.device)
        found = []
        for part in index.split(at_once):
            accuracies = task_accuracies(z[part], labels[part], prior_weight)
            if shots is not None:
                accuracies = accuracies.join(few_shot_accuracies(z[part], labels[part], prior_weight, *shots, nearest[part]))
            found.append(accuracies)
        found = pd.concat(found, ignore_index=True)
        present = np.mean([len(np.unique(task)) for task in labels[index].cpu().numpy()])
        rows += [{"classes": count, "present": present} | row for row in _summary(found)]
    return pd.DataFrame(rows)


def task_accuracies(z: Tensor, labels: Tensor, prior_weight: float) -> pd.DataFrame:
    """Return the accuracy in % of every method, a column each, on every task, a row each.

    "zero-shot" takes the most probable class. "soft" and "hard" are `em_dirichlet`, whose cluster k counts as class k. With
    "nearest" each cluster gets the class that is most probable in it on average, with "matched" no two clusters get the same.

    Args:
        z: class probabilities [tasks, n, K].
        labels: integers [tasks, n].
        prior_weight: of `em_dirichlet`.
    """
    predicted = {ZERO_SHOT: z.argmax(dim=-1)}
    for name in ("soft", "hard"):
        found = em_dirichlet(z, prior_weight, hard=name == "hard")
        predicted[name] = found.predicted
        predicted[f"{name}, nearest"] = matched_classes(z, found.assignments, one_to_one=False)
        predicted[f"{name}, matched"] = matched_classes(z, found.assignments)
    return _accuracies(predicted, labels)


def few_shot_accuracies(
    z: Tensor, labels: Tensor, prior_weight: float, supports: Tensor, support_labels: Tensor, nearest: Tensor
) -> pd.DataFrame:
    """Return the accuracy in % of each few-shot method, a column each, on every task, a row each.

    "few-shot" takes the class whose labelled images are nearest on average; "few-shot, soft" and "few-shot, hard" are
    `em_dirichlet` with these images, which tell which cluster is which class.

    Args:
        z, labels, prior_weight: as in `task_accuracies`.
        supports, support_labels: class probabilities [s, K] and classes [s] of the labelled images, the same for all tasks.
        nearest: the classes [tasks, n] of the nearest means.
    """
    given = {"supports": supports.expand(len(z), -1, -1), "support_labels": support_labels.expand(len(z), -1)}
    predicted = {FEW_SHOT: nearest}
    for name in ("soft", "hard"):
        predicted[f"{FEW_SHOT}, {name}"] = em_dirichlet(z, prior_weight, hard=name == "hard", **given).predicted
    return _accuracies(predicted, labels)


def class_means(features: Tensor, labels: Tensor, classes: int) -> Tensor:
    """Return the mean direction [K, d] of the labelled samples [s, d] of each of K classes.

    Raises:
        TypeError, ValueError: wrong kinds or shapes, or a class without a sample.
    """
    features = checked_embeddings("supports", features)
    labels = checked_labels("support_labels", labels, len(features), features.device)
    sizes = _class_sizes(labels.cpu().numpy(), classes)
    if sizes.min() == 0:
        raise ValueError(f"support_labels holds no sample of class {sizes.argmin()}; each of the K={classes} classes needs one")
    members = torch.nn.functional.one_hot(labels.long(), classes).to(features.dtype)
    return members.T @ directions(features, dim=1) / members.sum(dim=0)[:, None]


def _accuracies(predicted: dict[str, Tensor], labels: Tensor) -> pd.DataFrame:
    return pd.DataFrame({name: 100 * (each == labels).double().mean(dim=-1).cpu().numpy() for name, each in predicted.items()})


def _summary(accuracies: pd.DataFrame) -> list[dict]:
    """Return mean, deviation and the paired difference to zero-shot of each column [tasks], a row each."""
    rows = []
    for method, values in accuracies.items():
        difference = values - accuracies[ZERO_SHOT]
        low, high = student_interval(difference)
        rows.append(
            {"method": method, "mean": values.mean(), "sd": values.std(), "n": len(values)}
            | {"difference": difference.mean(), "low": low, "high": high}
        )
    return rows


def _class_sizes(labels: np.ndarray, classes: int) -> np.ndarray:
    """Return the number of samples [K] of each class, after checking that labels [N] lie in 0 to K-1."""
    wrong = labels[(labels < 0) | (labels >= classes)]
    if len(wrong):
        raise ValueError(f"labels holds {wrong[0]}; each must be >= 0 and < K={classes}")
    return np.bincount(labels, minlength=classes)


def _checked_count(count: int | None, sizes: np.ndarray, queries: int) -> int:
    """Return how many classes a batch is drawn from, after checking that any so many have enough samples."""
    there = np.sort(sizes[sizes > 0])
    count = len(there) if count is None else check_count("classes", count, 1, len(there), "classes with samples")
    if there[:count].sum() < queries:
        raise ValueError(
            f"queries={queries} must be <= {there[:count].sum()}, the number of samples of the {count} smallest classes"
        )
    return count


def _draw(labels: np.ndarray, sizes: np.ndarray, count: int, queries: int, generator: np.random.Generator) -> np.ndarray:
    """Return the samples [queries] of one batch."""
    chosen = generator.choice(np.flatnonzero(sizes), count, replace=False)
    return generator.choice(np.flatnonzero(np.isin(labels, chosen)), queries, replace=False)
