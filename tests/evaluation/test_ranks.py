"""The rank of the best right answer, against a loop; ties."""

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from replication.evaluation.ranks import ranks_of_best


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 6), st.integers(1, 8), st.integers(1, 4), st.integers(0, 10**6))
def test_counts_wrong_candidates_with_at_least_the_score_of_the_best_right_one(rows, columns, levels, seed):
    """Few levels of score, so ties are common."""
    generator = torch.Generator().manual_seed(seed)
    scores = torch.randint(levels, (rows, columns), generator=generator).float()
    correct = torch.rand(rows, columns, generator=generator) < 0.3
    correct[torch.arange(rows), torch.randint(columns, (rows,), generator=generator)] = True
    answers = torch.where(correct, torch.arange(columns), -1)  # filled up anywhere
    for row, right, rank in zip(scores.tolist(), correct.tolist(), ranks_of_best(scores, answers).tolist(), strict=True):
        best = max(score for score, ok in zip(row, right, strict=True) if ok)
        assert rank == 1 + sum(score >= best and not ok for score, ok in zip(row, right, strict=True))


def test_scores_within_rounding_are_ties():
    answers = torch.tensor([[0]])
    for gap, scale, rank in ((0.0, 1, 2), (2e-7, 1, 2), (1e-5, 1, 1), (1e-5, 100, 2)):
        assert ranks_of_best(torch.tensor([[1 + gap, 1.0]]), answers, scale).tolist() == [rank]
    assert ranks_of_best(torch.tensor([[1 + 2e-7, 1.0]], dtype=torch.float64), answers).tolist() == [1]


def test_rounding_is_that_of_the_larger_of_two_scores():
    scores = torch.tensor([[1.0, 0.9999, 0.0]])
    for sizes, rank in (([1, 1, 1e7], 2), ([1, 1e4, 1], 2), ([1, 1, 1], 1), ([1e4, 1, 1], 2)):
        sizes = torch.tensor([sizes])
        assert ranks_of_best(scores, torch.tensor([[0]]), sizes).tolist() == [rank], sizes
    several = torch.tensor([[0, 1, -1]])
    assert ranks_of_best(scores, several, torch.tensor([[1.0, 1.0, 1.0]])).tolist() == [1]
