"""EM-Dirichlet against plain loops, its objective, and its symmetries; matching against all permutations."""

from itertools import permutations

import numpy as np
import pytest
import torch
from scipy.special import digamma, gammaln, softmax

from replication.evaluation import em_dirichlet, matched_classes, released_prior_weight

CLASSES = 4


def draw(tasks=1, count=60, classes=CLASSES, own=3.0, seed=0, present=None):
    """Return class probabilities [tasks, count, K], one Dirichlet distribution a class, and their classes [tasks, count]."""
    generator = np.random.default_rng(seed)
    labels = generator.integers(present or classes, size=(tasks, count))
    z = [[generator.dirichlet(0.8 + own * np.eye(classes)[label]) for label in row] for row in labels]
    return torch.tensor(np.array(z)), torch.tensor(labels)


def slow_em(z, weight, hard, iterations, supports=None, support_labels=None):
    """The published rules for one task in NumPy, with 300 steps of majorise-minimise for each class, from the last ones."""
    classes = z.shape[1]
    logs, u, alpha = np.log(z + 1e-15), z.copy(), np.ones((classes, classes))
    for _ in range(iterations):
        for k in range(classes):
            mine = [] if supports is None else np.log(supports[support_labels == k] + 1e-15)
            total = u[:, k].sum() + len(mine)
            if total <= 1e-15:
                continue
            y = (u[:, k] @ logs + np.sum(mine, axis=0)) / total
            a = alpha[k]
            for _ in range(300):
                curvature = 2 * (digamma(a + 1) * a - gammaln(a + 1)) / a**2
                slope = digamma(a + 1) - digamma(a.sum()) - curvature * a - y
                a = (-slope + np.sqrt(slope**2 + 4 * curvature)) / (2 * curvature)
            alpha[k] = a
        density = gammaln(alpha.sum(1)) - gammaln(alpha).sum(1) + logs @ (alpha - 1).T
        u = softmax(density + weight * (np.log(u.mean(0) + 1e-15) + 1), axis=1)
        u = np.eye(classes)[u.argmax(1)] if hard else u
    return u, alpha


def objective(z, found, weight, hard):
    """Return what the docstring of `em_dirichlet` says that it raises, for one task."""
    z, u, alpha = z.numpy(), found.assignments.numpy(), found.alpha.numpy()
    density = gammaln(alpha.sum(1)) - gammaln(alpha).sum(1) + np.log(z + 1e-15) @ (alpha - 1).T
    entropy = 0 if hard else -(u * np.log(np.maximum(u, 1e-300))).sum()
    share = u.mean(0)
    return (u * density).sum() + entropy + weight * len(z) * (share * np.log(np.maximum(share, 1e-300))).sum()


@pytest.mark.parametrize("hard", [False, True])
@pytest.mark.parametrize("few_shot", [False, True])
def test_equals_plain_loops(hard, few_shot):
    (z, _), (supports, labels) = draw(2, seed=1), draw(2, 12, seed=2)
    given = {"supports": supports, "support_labels": labels} if few_shot else {}
    found = em_dirichlet(z, 0.5, hard=hard, iterations=4, **given)
    assert not found.capped.any()  # the loops have no cap
    for task in range(2):
        mine = {name: value[task].numpy() for name, value in given.items()}
        u, alpha = slow_em(z[task].numpy(), 0.5, hard, 4, **mine)
        np.testing.assert_allclose(found.assignments[task], u, atol=1e-5)
        np.testing.assert_allclose(found.alpha[task], alpha, rtol=1e-4)


@pytest.mark.parametrize("hard", [False, True])
@pytest.mark.parametrize("weight", [0.0, 1.0, 3.0])
def test_no_iteration_lowers_the_objective(weight, hard):
    z, _ = draw(count=120, seed=3)
    found = [em_dirichlet(z[0], weight, hard=hard, iterations=count) for count in range(1, 9)]
    values = [objective(z[0], each, weight, hard) for each in found if not each.capped.any()]
    assert len(values) > 3 and (np.diff(values) > -1e-7).all() and values[-1] > values[0] + 1


@pytest.mark.parametrize("hard", [False, True])
def test_assignments_are_distributions_and_defaults_are_as_released(hard):
    z, _ = draw(2, seed=4)
    found = em_dirichlet(z, 2, hard=hard)
    torch.testing.assert_close(found.assignments.sum(dim=-1), torch.ones(2, 60, dtype=torch.float64))
    assert ((found.assignments == 0) | (found.assignments == 1)).all() == hard
    again = em_dirichlet(z, 2, hard=hard, iterations=10 if hard else 20)
    assert torch.equal(found.assignments, again.assignments)


@pytest.mark.parametrize("hard", [False, True])
def test_a_batch_of_tasks_is_a_loop_over_tasks(hard):
    z, _ = draw(5, count=20, seed=5)
    supports, labels = draw(5, count=8, seed=6)
    z[1] = z[1, :1]  # one query 20 times: its fits are capped
    for given in ({}, {"supports": supports, "support_labels": labels}):
        together = em_dirichlet(z, 1, hard=hard, iterations=6, **given)
        for task in range(5):
            mine = {name: value[task] for name, value in given.items()}
            alone = em_dirichlet(z[task], 1, hard=hard, iterations=6, **mine)
            torch.testing.assert_close(alone.assignments, together.assignments[task], atol=1e-8, rtol=0)
            torch.testing.assert_close(alone.alpha, together.alpha[task], atol=0, rtol=1e-6)
            assert torch.equal(alone.capped, together.capped[task])


@pytest.mark.parametrize("hard", [False, True])
def test_order_of_queries_and_classes_does_not_matter(hard):
    z, _ = draw(seed=7)
    generator = torch.Generator().manual_seed(0)
    rows, columns = torch.randperm(60, generator=generator), torch.randperm(CLASSES, generator=generator)
    found, moved = em_dirichlet(z[0], 2, hard=hard), em_dirichlet(z[0][rows][:, columns], 2, hard=hard)
    torch.testing.assert_close(moved.assignments, found.assignments[rows][:, columns], atol=1e-8, rtol=0)
    torch.testing.assert_close(moved.alpha, found.alpha[columns][:, columns], atol=0, rtol=1e-6)
    expected = matched_classes(z[0], found.assignments)[rows]
    assert torch.equal(columns[matched_classes(z[0][rows][:, columns], moved.assignments)], expected)


def test_a_class_with_one_query_is_capped_and_finite():
    """One query far from all others stays alone in its class, whose likelihood has no maximum."""
    z = draw(classes=3, own=6.0, seed=3, present=2)[0][0]
    z[0] = torch.tensor([1e-6, 1e-6, 1 - 2e-6])
    for largest in (1e2, 1e4, 1e6):
        found = em_dirichlet(z, 0, hard=True, largest=largest)
        assert found.assignments.sum(dim=0).tolist() == [33, 26, 1] and found.assignments[0, 2] == 1
        assert found.capped.tolist() == [False, False, True]
        assert all(torch.isfinite(x).all() for x in (found.assignments, found.alpha))
        assert largest / 10 < found.alpha[2].sum() <= largest


def test_corners_of_the_simplex_and_equal_queries_give_no_nan():
    corners = torch.eye(3).repeat(4, 1)
    for z in (corners, corners[:1], torch.full((5, 3), 1 / 3), torch.tensor([[1.0, 0, 0], [1e-30, 1, 0]])):
        for hard in (False, True):
            found = em_dirichlet(z, 1, hard=hard, iterations=5)
            assert torch.isfinite(found.assignments).all() and (found.alpha > 0).all()
    assert em_dirichlet(corners, 0).predicted.tolist() == corners.argmax(dim=1).tolist()


def test_a_class_without_queries_keeps_the_uniform_distribution():
    z = torch.tensor([[0.9, 0.1, 0.0], [0.6, 0.4, 0.0], [0.2, 0.8, 0.0], [0.1, 0.9, 0.0]])
    found = em_dirichlet(z, 1, hard=True)
    assert torch.equal(found.alpha[2], torch.ones(3, dtype=torch.float64)) and not found.capped[2]


def test_supports_name_the_clusters():
    """The classes of queries and supports are moved on by one against their probabilities, which only supports can tell."""
    (z, labels), (supports, known) = draw(count=80, own=8.0, seed=9), draw(count=200, own=8.0, seed=10)
    with_supports = em_dirichlet(z[0], 0, supports=supports[0], support_labels=(known[0] + 1) % CLASSES, iterations=30)
    assert (em_dirichlet(z[0], 0).predicted == labels[0]).double().mean() > 0.9
    assert (with_supports.predicted == (labels[0] + 1) % CLASSES).double().mean() > 0.9


def test_more_weight_leaves_fewer_classes():
    z, _ = draw(8, seed=11, present=2)
    left = [(em_dirichlet(z, weight).assignments.mean(dim=1) > 0.01).double().sum() for weight in (0.0, 2.0, 8.0)]
    assert left[0] > left[1] >= left[2]


def test_inputs_stay_and_kinds_agree():
    z, labels = draw(seed=12)
    before = z.clone()
    single = em_dirichlet(z.float(), 1, supports=z.float(), support_labels=labels)
    double = em_dirichlet(z, 1, supports=z, support_labels=labels)
    assert torch.equal(z, before) and single.alpha.dtype == torch.float64
    torch.testing.assert_close(single.assignments, double.assignments, atol=1e-3, rtol=0)


def test_matching_equals_the_best_of_all_permutations():
    generator = np.random.default_rng(0)
    for _ in range(20):
        z, u = (torch.tensor(generator.dirichlet(np.ones(CLASSES), 9)) for _ in range(2))
        clusters = u.argmax(dim=1)
        there = clusters.unique().tolist()
        means = {c: z[clusters == c].mean(dim=0) for c in there}

        def gain(names, there=there, means=means):
            return sum(float(means[c][name]) for c, name in zip(there, names, strict=True))

        best = dict(zip(there, max(permutations(range(CLASSES), len(there)), key=gain), strict=True))
        assert matched_classes(z, u).tolist() == [best[int(c)] for c in clusters]
        nearest = matched_classes(z, u, one_to_one=False)
        assert nearest.tolist() == [int(means[int(c)].argmax()) for c in clusters]


def test_matching_undoes_a_renaming_of_clusters_in_every_task():
    z, labels = draw(3, own=8.0, seed=13)
    renamed = torch.nn.functional.one_hot((labels + 1) % CLASSES, CLASSES).double()
    assert torch.equal(matched_classes(z, renamed), labels)
    assert matched_classes(z, renamed, one_to_one=False).shape == labels.shape


@pytest.mark.parametrize(("classes", "expected"), [(5, 1), (9, 1), (10, 2), (100, 20), (1000, 200)])
def test_the_released_weight(classes, expected):
    assert released_prior_weight(classes) == expected
    assert released_prior_weight(classes, classes) == 1


def test_wrong_inputs_raise_one_clear_line():
    z, labels = draw()
    z, labels = z[0], labels[0]
    cases = [
        (ValueError, "num_classes=4 must be >= effective_classes=5: the released rule", lambda: released_prior_weight(4)),
        (TypeError, "num_classes=9.0 must be an integer", lambda: released_prior_weight(9.0)),
        (ValueError, "effective_classes=0 must be >= 1", lambda: released_prior_weight(9, 0)),
        (ValueError, "prior_weight=-1 must be a finite number >= 0", lambda: em_dirichlet(z, -1)),
        (TypeError, "hard=1 must be true or false", lambda: em_dirichlet(z, 1, hard=1)),
        (ValueError, "iterations=0 must be >= 1", lambda: em_dirichlet(z, 1, iterations=0)),
        (ValueError, "largest=3 must be >= K=4", lambda: em_dirichlet(z, 1, largest=3)),
        (ValueError, "queries must be probabilities", lambda: em_dirichlet(2 * z, 1)),
        (ValueError, "queries has 240 of 240 values that are NaN", lambda: em_dirichlet(z * torch.nan, 1)),
        (ValueError, r"queries has shape \[4\]; it must be \[n, K\]", lambda: em_dirichlet(z[0], 1)),
        (ValueError, "support_labels is None although supports is given", lambda: em_dirichlet(z, 1, supports=z)),
        (ValueError, "supports is None although support_labels is given", lambda: em_dirichlet(z, 1, support_labels=labels)),
        (
            ValueError,
            r"supports has shape \[1, 60, 4\]; it must be \[s, 4\], as queries",
            lambda: em_dirichlet(z, 1, supports=z[None], support_labels=labels[None]),
        ),
        (
            ValueError,
            r"support_labels has shape \[59\]; it must be \[60\]",
            lambda: em_dirichlet(z, 1, supports=z, support_labels=labels[1:]),
        ),
        (
            ValueError,
            "support_labels holds 4; each must be >= 0 and < K=4",
            lambda: em_dirichlet(z, 1, supports=z, support_labels=0 * labels + 4),
        ),
        (
            TypeError,
            "support_labels is list; it must be an integer tensor",
            lambda: em_dirichlet(z, 1, supports=z, support_labels=labels.tolist()),
        ),
        (ValueError, r"assignments has shape \[59, 4\]; it must be that", lambda: matched_classes(z, z[1:])),
        (TypeError, "one_to_one=None must be", lambda: matched_classes(z, z, one_to_one=None)),
    ]
    for kind, message, call in cases:
        with pytest.raises(kind, match=message) as error:
            call()
        assert "\n" not in str(error.value)
