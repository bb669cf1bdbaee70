"""Classes of a whole batch of queries at once: EM-Dirichlet, zero-shot and few-shot.

Martin et al., *Transductive Zero-Shot and Few-Shot CLIP*, CVPR 2024. The rules are those of their released code; they could not
be checked against the paper. A query is described by its class probabilities z in the simplex of K classes
(`class_probabilities`), and each class of the batch by a Dirichlet distribution of z. Which classes a query may get then
depends on the other queries of its batch. A batch with few of the K classes can gain from that; one with all of them can lose.

    z = class_probabilities(images, texts)                                       # [n, K]
    found = em_dirichlet(z, released_prior_weight(num_classes=K), hard=True)
    found.predicted                                                              # [n]
    matched_classes(z, found.assignments)                                        # [n], each class named at most once
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from scipy.optimize import linear_sum_assignment
from torch import LongTensor, Tensor

from replication.evaluation.dirichlet_fit import fit_dirichlet
from replication.evaluation.inputs import checked_labels
from replication.evaluation.probabilities import checked_probabilities
from replication.torch_settings import plain_tensors
from replication.validation import check_count, check_flag, check_not_negative

EPSILON = 1e-15  # inside every logarithm, as released


@dataclass(frozen=True)
class Transduction:
    """What `em_dirichlet` found in a batch of n queries, or in several: [tasks, ...].

    - `assignments` [..., n, K], float64: how far each query belongs to each class; rows sum to 1.
    - `alpha` [..., K, K], float64: the Dirichlet distribution of each class in a row.
    - `capped` [..., K], bool: classes whose last fit has no maximum within `largest`, such as a class with one query. Their
      likelihood means nothing.
    """

    assignments: Tensor
    alpha: Tensor
    capped: Tensor

    @property
    @plain_tensors()
    def predicted(self) -> LongTensor:
        """The class [..., n] to which each query belongs most."""
        return self.assignments.argmax(dim=-1)


def released_prior_weight(num_classes: int, effective_classes: int = 5) -> int:
    """Return floor(K/k), the `prior_weight` of the released code: its lambda is n floor(K/k), for n queries.

    There k is 5 for zero-shot tasks, whose queries come from 3 to 10 classes, and the number of classes in the batch for
    few-shot tasks.

    Raises:
        TypeError, ValueError: a value out of range, or K < k, where the rule gives 0 and no class is preferred to another.
    """
    check_count("effective_classes", effective_classes, 1)
    if check_count("num_classes", num_classes, 2) < effective_classes:
        raise ValueError(
            f"num_classes={num_classes} must be >= effective_classes={effective_classes}: the released rule gives 0 below it"
        )
    return num_classes // effective_classes


@plain_tensors()
def em_dirichlet(
    queries: Tensor,
    prior_weight: float,
    *,
    hard: bool = False,
    iterations: int | None = None,
    supports: Tensor | None = None,
    support_labels: Tensor | None = None,
    largest: float = 1e4,
) -> Transduction:
    """Assign the queries of a batch to classes together: expectation-maximisation of a mixture of K Dirichlet distributions.

    Every iteration fits the Dirichlet distribution of each class to the queries assigned to it, and then assigns the queries
    anew, by likelihood and by `prior_weight` times the logarithm of the share pi_k of each class. It raises

        sum_nk u_nk (log p_k(z_n) - log u_nk) + prior_weight n sum_k pi_k log pi_k,    pi_k = mean_n u_nk

    over the assignments u and the distributions p, as long as no fit is capped. `hard` leaves out log u_nk. It starts from
    u = z. The released code fits by at most 1,000 steps of majorise-minimise, from where the last fit ended. Here each fit is
    exact, and capped: see `fit_dirichlet`.

    Args:
        queries: class probabilities [n, K] of one batch, or [tasks, n, K] of several, which do not depend on each other.
        prior_weight: >= 0, the paper's lambda divided by n: 0 lets all classes count alike, 1 is a usual mixture, more pulls
            the queries into few classes. `released_prior_weight` gives the released rule.
        hard: assign each query to one class.
        iterations: None: as released, 20, or 10 with `hard`.
        supports, support_labels: class probabilities [(tasks,) s, K] of labelled samples and their classes [(tasks,) s], which
            take part in each fit, but not in the shares (few-shot); None: zero-shot. A class may have none.
        largest: >= K, bound on the concentration, the sum of the parameters, of each distribution.

    A class that no query and no support belongs to keeps its distribution, at first the uniform one.

    Raises:
        TypeError, ValueError: wrong kinds, shapes or ranges, or rows that are no probabilities.
    """
    check_not_negative("prior_weight", prior_weight)
    check_flag("hard", hard)
    iterations = (10 if hard else 20) if iterations is None else check_count("iterations", iterations, 1)
    queries = checked_probabilities("queries", queries)
    known = _support_sums(queries, supports, support_labels)
    several = queries.ndim == 3
    queries, (known_count, known_logs) = (queries, known) if several else (queries[None], [x[None] for x in known])
    logs = (queries + EPSILON).log()
    assignments = queries
    alpha = queries.new_ones(len(queries), queries.shape[-1], queries.shape[-1])
    capped = torch.zeros(alpha.shape[:2], dtype=torch.bool, device=alpha.device)
    for _ in range(iterations):
        count = assignments.sum(dim=1) + known_count  # [tasks, K]
        filled = count > EPSILON
        mean_logs = (assignments.mT @ logs + known_logs)[filled] / count[filled].unsqueeze(-1)
        capped = torch.zeros_like(capped)
        alpha[filled], capped[filled] = fit_dirichlet(mean_logs, largest)
        scores = _log_densities(logs, alpha) + prior_weight * (assignments.mean(dim=1, keepdim=True) + EPSILON).log()
        assignments = scores.softmax(dim=-1)
        if hard:
            assignments = F.one_hot(scores.argmax(dim=-1), scores.shape[-1]).to(scores)
    found = assignments, alpha, capped
    return Transduction(*(found if several else (x[0] for x in found)))


@plain_tensors()
def matched_classes(queries: Tensor, assignments: Tensor, *, one_to_one: bool = True) -> LongTensor:
    """Return classes [(tasks,) n] of the queries after naming each cluster by the mean probabilities of its members.

    A cluster is the queries whose largest assignment is the same; empty ones take no part.

    Args:
        queries: class probabilities [n, K] or [tasks, n, K].
        assignments: of the same shape, as `em_dirichlet` returns them.
        one_to_one: no two clusters get the same class, and the sum of mean probabilities is largest (Hungarian algorithm);
            False: each cluster gets its most probable class.

    Raises:
        TypeError, ValueError: wrong kinds or shapes, or rows that are no probabilities.
    """
    check_flag("one_to_one", one_to_one)
    queries = checked_probabilities("queries", queries)
    assignments = checked_probabilities("assignments", assignments).to(queries.device)
    if assignments.shape != queries.shape:
        raise ValueError(f"assignments has shape {list(assignments.shape)}; it must be that of queries, {list(queries.shape)}")
    if queries.ndim == 3:
        return torch.stack([matched_classes(*task, one_to_one=one_to_one) for task in zip(queries, assignments, strict=True)])
    _, cluster, sizes = assignments.argmax(dim=-1).unique(return_inverse=True, return_counts=True)
    means = queries.new_zeros(len(sizes), queries.shape[-1]).index_add_(0, cluster, queries) / sizes[:, None]
    names = linear_sum_assignment(-means.cpu().numpy())[1] if one_to_one else means.argmax(dim=-1).cpu().numpy()
    return torch.from_numpy(names).to(cluster)[cluster]


def _log_densities(logs: Tensor, alpha: Tensor) -> Tensor:
    """Return the log-densities [tasks, n, K] of queries with logarithms [tasks, n, K] under each class's `alpha`."""
    constant = alpha.sum(dim=-1).lgamma() - alpha.lgamma().sum(dim=-1)
    return constant.unsqueeze(1) + logs @ (alpha - 1).mT


def _support_sums(queries: Tensor, supports: Tensor | None, labels: Tensor | None) -> tuple[Tensor, Tensor]:
    """Return the number [(tasks,) K] of supports of each class and the sum [(tasks,) K, K] of their logarithms."""
    if (supports is None) != (labels is None):
        given, missing = ("supports", "support_labels") if labels is None else ("support_labels", "supports")
        raise ValueError(f"{missing} is None although {given} is given; pass both or neither")
    classes = queries.shape[-1]
    if supports is None:
        return queries.new_zeros(*queries.shape[:-2], classes), queries.new_zeros(*queries.shape[:-2], classes, classes)
    supports = checked_probabilities("supports", supports).to(queries.device)
    tasks = list(queries.shape[:-2])
    if list(supports.shape[:-2]) != tasks or supports.shape[-1] != classes:
        wanted = ", ".join(map(str, [*tasks, "s", classes]))
        raise ValueError(f"supports has shape {list(supports.shape)}; it must be [{wanted}], as queries")
    if isinstance(labels, Tensor) and labels.shape != supports.shape[:-1]:
        raise ValueError(f"support_labels has shape {list(labels.shape)}; it must be {list(supports.shape[:-1])}")
    flat = labels.flatten() if isinstance(labels, Tensor) else labels
    members = checked_labels("support_labels", flat, supports.shape[:-1].numel(), queries.device).view(supports.shape[:-1])
    if members.min() < 0 or members.max() >= classes:
        wrong = int(members[(members < 0) | (members >= classes)][0])
        raise ValueError(f"support_labels holds {wrong}; each must be >= 0 and < K={classes}")
    belongs = F.one_hot(members, classes).to(supports)
    return belongs.sum(dim=-2), belongs.mT @ (supports + EPSILON).log()
