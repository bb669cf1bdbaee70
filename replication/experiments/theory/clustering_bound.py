"""Section 5.2: the pairwise lower bound on the loss of a batch, on which the paper's spectral clustering rests.

    L(U_B, V_B) >= 1/(B(B-1)) sum over the pairs {k, l} of the batch of w(k, l)

by concavity of log(1 + (B-1) y), with equality for B = 2. Expected: never violated; the slack grows with B and the spread of
the similarities, i.e. with falling temperature. The selector maximises the bound instead of the loss: over all even
partitions of small problems, the two rank partitions almost alike.
"""

from itertools import combinations, product

import numpy as np
import pandas as pd
import torch
from threadpoolctl import threadpool_limits

from replication.experiments.theory.objective import all_batches
from replication.losses import batch_losses, contrastive_loss
from replication.selection import edge_weights
from replication.validation import check_count, unit_rows

NOISE = {"aligned": 0.5, "independent": 1.0}  # weight of the noise in v_i, by kind of pairs


# Thousands of tiny tensors: on a busy machine, torch's threads would wait for each other most of the time.
@threadpool_limits.wrap(limits=1)
def bound_table(
    batch_sizes: list[int], temperatures: list[float], draws: int, dimension: int = 16, seed: int = 0
) -> pd.DataFrame:
    """Return the slack (loss - bound, nats) over random batches for every B, temperature and kind of pairs.

    Args:
        batch_sizes: B >= 2 each.
        temperatures: > 0 each.
        draws: random batches for each row.
        dimension: d of the embeddings.
        seed: >= 0.

    Returns:
        A table with the least and the largest slack and the mean slack as a share of the loss; kinds as in `random_pairs`.
    """
    rows = []
    for size, kind in product(batch_sizes, NOISE):
        generator = torch.Generator().manual_seed(seed)
        points = [random_pairs(size, dimension, kind, generator) for _ in range(draws)]
        for temperature in temperatures:
            loss = np.array([float(contrastive_loss(u, v, temperature)) for u, v in points])
            bound = [float(edge_weights(u, v, size, temperature).triu().sum()) / (size * (size - 1)) for u, v in points]
            slack = loss - bound
            row = {"B": size, "temperature": temperature, "pairs": kind, "draws": draws, "mean_loss": loss.mean()}
            row |= {"least_slack": round(slack.min(), 12) + 0.0, "largest_slack": round(slack.max(), 12) + 0.0}
            rows.append(row | {"mean_relative_slack": round((slack / loss).mean(), 9) + 0.0})
    return pd.DataFrame(rows)


@threadpool_limits.wrap(limits=1)
def partition_table(cases: list[tuple[int, int]], seeds: int, dimension: int = 8) -> pd.DataFrame:
    """Compare loss and bound over *all* partitions of N samples into batches of B, at temperature 1.

    Args:
        cases: pairs (N, B), B a divisor of N.
        seeds: random sets of embeddings, 0 ... seeds-1.
        dimension: d of the embeddings.

    Returns:
        For each case and kind of pairs, over the seeds: mean and least correlation between a partition's mean batch loss and
        its weight inside the batches; mean and largest share of (largest - mean loss) that the partition of largest weight
        gives up.
    """
    rows = []
    for (n, size), kind in product(cases, NOISE):
        partitions = even_partitions(n, size)
        batches = torch.from_numpy(all_batches(n, size))
        correlations, shares = [], []
        for seed in range(seeds):
            u, v = random_pairs(n, dimension, kind, torch.Generator().manual_seed(seed))
            weight_of_batch = edge_weights(u, v, size)[batches[:, :, None], batches[:, None, :]].sum(dim=(1, 2)) / 2
            loss, weight = (
                of_batch.numpy()[partitions].mean(axis=1) for of_batch in (batch_losses(u, v, batches), weight_of_batch)
            )
            correlations.append(np.corrcoef(loss, weight)[0, 1])
            shares.append((loss.max() - loss[weight.argmax()]) / (loss.max() - loss.mean()))
        row = {"N": n, "B": size, "pairs": kind, "partitions": len(partitions), "seeds": seeds}
        row |= {"mean_correlation": np.mean(correlations), "least_correlation": np.min(correlations)}
        rows.append(row | {"mean_given_up": round(np.mean(shares), 12), "largest_given_up": round(np.max(shares), 12)})
    return pd.DataFrame(rows)


def random_pairs(n: int, dimension: int, kind: str, generator: torch.Generator) -> tuple[torch.Tensor, torch.Tensor]:
    """Return random unit rows u, v [N, d] in float64.

    `kind` is "aligned": each v_i is a noisy copy of u_i (cosine about 0.9), as after training; or "independent": as before.
    """
    u, noise = torch.randn(2, n, dimension, generator=generator, dtype=torch.float64)
    return unit_rows("u", u), unit_rows("v", u * (kind == "aligned") + NOISE[kind] * noise)


def even_partitions(n: int, batch_size: int) -> np.ndarray:
    """Return all partitions of N samples into batches of B, [P, N/B], as indices into `all_batches(n, batch_size)`.

    Raises:
        ValueError: B does not divide N.
    """
    if check_count("n", n, 2) % check_count("batch_size", batch_size, 2, n, "n"):
        raise ValueError(f"batch_size={batch_size} must divide n={n}")
    index = {tuple(batch): row for row, batch in enumerate(all_batches(n, batch_size).tolist())}

    def split(free):
        """Yield every partition of the `free` samples into batches, as rows of the family."""
        if not free:
            yield ()
        # The first free sample is in some batch; fixing it counts every partition once.
        for others in combinations(free[1:], batch_size - 1 if free else 0):
            rest = tuple(sample for sample in free[1:] if sample not in others)
            yield from ((index[free[0], *others], *tail) for tail in (split(rest) if free else ()))

    return np.array(list(split(tuple(range(n)))))
