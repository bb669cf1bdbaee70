"""How much faster the batched program is than the same updates with autograd, one seed at a time."""

from itertools import product

import pandas as pd
import torch

from replication.experiments.synthetic.descent import Embeddings
from replication.experiments.synthetic.methods import make_method
from replication.losses import contrastive_loss
from replication.machine import fastest
from replication.selection import OrderedSGD, ShuffledBatches, SpectralClustering
from replication.selection.kernels.parallel import single_threaded


def autograd_descent(method: str, n: int, d: int, batch_size: int, epochs: int, seeds: int, lr: float) -> torch.Tensor:
    """Return the final vectors [2, S, N, d] of SGD, OSGD or SC, trained with autograd and `torch.optim.SGD` seed by seed.

    The slow twin of the batched program ("free" vectors, one k-means start): same points, same batches, same updates.
    """
    selector = {
        "SGD": ShuffledBatches(batch_size),
        "OSGD": OrderedSGD(batch_size, q=1, candidates="all"),
        "SC": SpectralClustering(batch_size, n_init=1),
    }[method]
    ends = []
    for seed in range(seeds):
        x, y = (part[seed].clone().requires_grad_() for part in Embeddings.random(n, d, seed + 1).x)
        optimizer = torch.optim.SGD([x, y], lr)
        generator = torch.Generator().manual_seed(seed)
        for _ in range(epochs):
            updates = 0
            while updates < n // batch_size:  # OSGD chooses anew for every update, the others once an epoch
                for batch in selector.select(*(z.detach() / z.detach().norm(dim=-1, keepdim=True) for z in (x, y)), generator):
                    optimizer.zero_grad()
                    contrastive_loss(x[batch], y[batch], normalize=True, validate=False).backward()
                    optimizer.step()
                    updates += 1
        ends.append(torch.stack([x.detach(), y.detach()]))
    return torch.stack(ends, dim=1)


def batched_descent(method: str, n: int, d: int, batch_size: int, epochs: int, seeds: int, lr: float) -> torch.Tensor:
    """Return the final vectors [2, S, N, d] of the batched program on the same problem as `autograd_descent`."""
    embeddings = Embeddings.random(n, d, seeds)
    generators = [torch.Generator().manual_seed(seed) for seed in range(seeds)]
    epoch = make_method(method, batch_size, restarts=1)(n, batch_size, generators)
    for _ in range(epochs):
        epoch(embeddings, lr)
    return embeddings.x


def compare_speed(
    seed_counts: list[int], epochs: int, n: int = 8, d: int = 16, batch_size: int = 2, repeats: int = 3
) -> pd.DataFrame:
    """Time both programs in turn on equal work, single-threaded, and return the least seconds of the repeats, and ratios.

    Columns: method, seeds, batched (s), autograd (s), ratio (autograd / batched), largest difference of the end points.
    """
    rows = []
    for method, seeds in product(("SGD", "OSGD", "SC"), seed_counts):
        problem, ends = (method, n, d, batch_size, epochs, seeds, 0.5), {}
        programs = {
            "batched": lambda problem=problem, ends=ends: ends.update(batched=batched_descent(*problem)),
            "autograd": lambda problem=problem, ends=ends: ends.update(autograd=autograd_descent(*problem)),
        }
        with single_threaded():
            seconds = fastest(programs, repeats)
        rows.append(
            {"method": method, "seeds": seeds, "batched (s)": seconds["batched"], "autograd (s)": seconds["autograd"]}
            | {"ratio": seconds["autograd"] / seconds["batched"]}
            | {"largest difference": float((ends["batched"] - ends["autograd"]).abs().max())}
        )
    return pd.DataFrame(rows)
