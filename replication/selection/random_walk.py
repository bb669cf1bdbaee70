"""Batches collected by random walks on a graph of near samples."""

import numpy as np
import torch

from replication.selection.base import BatchSelector, draw_seed, random_order, shuffled_rows
from replication.selection.kernels.neighbours import neighbours_among_some
from replication.selection.kernels.parallel import single_torch_thread
from replication.selection.kernels.walks import walk_batches
from replication.validation import check_count, check_flag, check_not_negative


class RandomWalk(BatchSelector):
    """The samples that a random walk with restart comes by, from a random start, batch after batch.

    After Yang et al. (2023), "BatchSampler: Sampling Mini-Batches for Contrastive Learning in Vision, Language, and Graphs"
    (arXiv 2306.03355). Each sample is joined with its nearest neighbours among some random candidates, the proximity graph.
    A walk strays from its start, so a batch holds neighbours of neighbours beside neighbours: harder than random batches,
    and with fewer false negatives than nearest neighbours alone. Time is linear in N, as the candidates are few.

    Near means a large u_i.v_j + v_i.u_j, as everywhere in this package; the released code compares [u_i, v_i] with [u_j, v_j].
    It lowers the restart probability from 0.1 to 0.05 in the first epochs; here it is fixed. Rules and numbers are those of
    the released code, THUDM/BatchSampler; the paper itself could not be read.

    Args:
        batch_size: samples in a batch, B >= 2.
        restart: probability that a step goes back to the start, 0 <= restart < 1. A larger one stays nearer to the start.
        candidates: random samples among which each finds its neighbours; as many as there are, or more, mean all. Fewer
            make milder batches.
        neighbours: of each sample, 1 <= neighbours < candidates; more than there are mean all. Fewer make harder batches.
        overlap: False: every sample is in one batch. The last walks hardly find samples that are still free; random ones
            fill their batches. True: as in the released code, a walk starts at a sample in no batch yet, but takes any, so
            that some samples are in several of the floor(N/B) batches and others in none.

    Raises:
        TypeError, ValueError: a parameter of the wrong kind or out of range.
    """

    def __init__(
        self, batch_size: int, restart: float = 0.1, candidates: int = 1000, neighbours: int = 100, overlap: bool = False
    ):
        self.batch_size = check_count("batch_size", batch_size, 2)
        self.restart = check_not_negative("restart", restart, below=1)
        self.candidates = check_count("candidates", candidates, 2)
        self.neighbours = check_count("neighbours", neighbours, 1, self.candidates - 1, "candidates - 1")
        self.overlap = check_flag("overlap", overlap)

    def _select(self, u, v, generator):
        rows = shuffled_rows(len(u), self.batch_size, generator)
        if len(rows) == 1:
            return rows
        samples = rows.flatten()
        candidates = min(self.candidates, len(samples))
        with single_torch_thread():  # many small products, during which threads would mostly wait for each other
            near = neighbours_among_some(u[samples], v[samples], candidates, min(self.neighbours, candidates - 1), generator)
        rng = np.random.default_rng(draw_seed(generator))
        batches = samples[torch.from_numpy(walk_batches(near.numpy(), self.batch_size, self.restart, self.overlap, rng))]
        # The last batches are easier, as the others have taken what was near.
        return batches[random_order(len(batches), generator)]
