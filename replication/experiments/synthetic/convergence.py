"""Figure 3: how fast each way to choose batches brings free embeddings to the optimal configuration."""

from itertools import product

import pandas as pd
import torch
from joblib import Parallel, delayed
from torch import Tensor

from replication import machine
from replication.evaluation.interval import student_interval
from replication.experiments.synthetic.descent import PARAMETRIZATIONS, Embeddings, family_losses, gram_blocks
from replication.experiments.synthetic.methods import make_method
from replication.geometry import distance_to_optimum, optimal_gram, released_row_wise_distance, target_name
from replication.selection import FullBatch
from replication.validation import check_choice, check_count, check_positive

CONFIGURATION = ["N", "d", "B", "vectors"]  # what names one panel: the columns shared by all tables here


def check_problem(pairs: list[list[int]], batch_size: int, methods: list[str], epochs: int, seeds: int, lr: float) -> None:
    """Raise one clear line for a parameter of the experiment that cannot work, before anything runs."""
    check_count("epochs", epochs, 1)
    check_count("seeds", seeds, 1)
    check_positive("lr", lr)
    for method in methods:
        make_method(method, batch_size)
    if "SGD" not in methods or len(methods) < 2:
        raise ValueError(f"methods={methods} must hold 'SGD', which the others are compared with, and another")
    if not pairs:
        raise ValueError(f"pairs={pairs} must hold at least one [N, d]")
    for pair in pairs:
        if not isinstance(pair, list | tuple) or len(pair) != 2:
            raise ValueError(f"pairs holds {pair!r}; every entry must be [N, d]")
        check_count("N", pair[0], 2)
        check_count("d", pair[1], 1)
        check_count("batch_size", batch_size, 2, pair[0], f"N of the pair {list(pair)}")


def convergence(
    pairs: list[list[int]],
    batch_size: int,
    methods: list[str],
    epochs: int,
    seeds: int,
    lr: float = 0.5,
    parametrizations: tuple[str, ...] = PARAMETRIZATIONS,
    restarts: int = 10,
    log_every: int = 5,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Train every method on every (N, d) from the same random points; one epoch is floor(N/B) updates.

    Args:
        pairs: list of [N, d].
        batch_size: B, for all methods but the full batch.
        methods: lines known to `make_method`, "SGD" and another among them.
        epochs, seeds: numbers of epochs and of seeds (0 ... seeds-1).
        lr: step size.
        parametrizations: see `Embeddings`.
        restarts: restarts of k-means inside spectral clustering.
        log_every: epochs between two points of the curves.

    Returns:
        (curves, ends): `curves` has a row for each logged epoch, seed, method and configuration with the distance of the
        Gram matrix to the theoretical optimum (NaN where no theorem gives one) and the full-batch loss in nats; `ends` has
        one for the last epoch, with the released code's row-wise distance and the singular values of the Gram matrix.

    Raises:
        ValueError: see `check_problem`.
    """
    check_problem(pairs, batch_size, methods, epochs, seeds, lr)
    check_count("restarts", restarts, 1)
    check_count("log_every", log_every, 1)
    for name in parametrizations:
        check_choice("parametrizations", name, PARAMETRIZATIONS)
    jobs = [
        delayed(_trace)(n, d, batch_size, method, epochs, seeds, lr, name, restarts, log_every)
        for name, (n, d), method in product(parametrizations, pairs, methods)
    ]
    # Each job is a long chain of tiny tensor operations, so one thread is best for it, and the cores take different jobs.
    curves, ends = zip(*Parallel(n_jobs=min(len(jobs), machine.cores()))(jobs), strict=True)
    return pd.concat(curves, ignore_index=True), pd.concat(ends, ignore_index=True)


def _trace(n, d, batch_size, method, epochs, seeds, lr, parametrization, restarts, log_every):
    torch.set_num_threads(1)
    embeddings = Embeddings.random(n, d, seeds, parametrization)
    epoch = make_method(method, batch_size, restarts)(n, batch_size, [torch.Generator().manual_seed(s) for s in range(seeds)])
    grams, logged = [embeddings.gram()], [0]
    for done in range(1, epochs + 1):
        epoch(embeddings, lr)
        if done % log_every == 0 or done == epochs:
            grams.append(embeddings.gram())
            logged.append(done)
    history = torch.stack(grams)  # [logged epochs, S, N, N]
    labels = {"N": n, "d": d, "B": batch_size, "vectors": parametrization, "method": method}
    index = pd.MultiIndex.from_product([logged, range(seeds)], names=["epoch", "seed"])
    curves = pd.DataFrame(index=index).reset_index().assign(**labels)
    curves["distance"] = distance_to_optimum(history, d).flatten().numpy() if target_name(n, d) else float("nan")
    curves["loss"] = family_losses(history.flatten(0, 1), gram_blocks(FullBatch().plan(n), n)).flatten().numpy()
    return curves, _ends(curves, history[-1], labels)


def _ends(curves: pd.DataFrame, gram: Tensor, labels: dict) -> pd.DataFrame:
    last = curves[curves.epoch == curves.epoch.max()].reset_index(drop=True)
    n, d = labels["N"], labels["d"]
    target = optimal_gram(n, d)
    if target is not None:
        last["released_distance"] = [float(released_row_wise_distance(matrix, target)) for matrix in gram]
    values = torch.linalg.svdvals(gram)[:, : min(n, d)]
    last["singular_values"] = [" ".join(f"{value:.3f}" for value in row) for row in values.tolist()]
    return last


def mean_curves(curves: pd.DataFrame) -> pd.DataFrame:
    """Return mean and standard deviation over the seeds at each logged epoch, for every method and configuration."""
    groups = curves.groupby([*CONFIGURATION, "method", "epoch"], sort=False)
    columns = {"distance mean": ("distance", "mean"), "distance sd": ("distance", "std")}
    return groups.agg(**columns, **{"loss mean": ("loss", "mean"), "loss sd": ("loss", "std")}).reset_index()


def summarise(curves: pd.DataFrame, near: float = 0.5) -> pd.DataFrame:
    """Return one row for each method and configuration: distance and loss gap at the end, speed, and stalls.

    The loss gap is the full-batch loss minus the least one that any method and seed reached in that configuration. A seed
    counts as not near the optimum if its last distance exceeds `near`, and as stalled if moreover it stands still: the
    distance varied by less than 1 % over the last fifth of the epochs (it neither approaches nor hovers in the noise of
    the steps). `curve mean` is the distance averaged over the epochs: small means fast.
    """
    curves = curves.assign(gap=curves.loss - curves.groupby(CONFIGURATION).loss.transform("min"))
    rows = []
    for labels, group in curves.groupby([*CONFIGURATION, "method"], sort=False):
        by_seed = group.pivot(index="epoch", columns="seed", values="distance")
        last, fifth = by_seed.iloc[-1], by_seed[by_seed.index >= 0.8 * by_seed.index[-1]]
        still = (fifth.max() - fifth.min()) < 0.01 * last
        gap = group[group.epoch == group.epoch.max()].gap
        area = by_seed.mean()
        rows.append(
            dict(zip([*CONFIGURATION, "method"], labels, strict=True))
            | {"n": len(last), "distance mean": last.mean(), "distance sd": last.std()}
            | {"curve mean": area.mean(), "curve sd": area.std(), "not near": int((last > near).sum())}
            | {"stalled": int(((last > near) & still).sum())}
            | {"loss gap mean": gap.mean(), "loss gap sd": gap.std()}
        )
    return pd.DataFrame(rows)


def compare_with_sgd(curves: pd.DataFrame) -> pd.DataFrame:
    """Return, for each method and configuration, the paired difference of its `curve mean` to that of SGD.

    Where no theorem gives the optimum, it is that of the full-batch loss averaged over the epochs, in nats. Seeds are
    paired, as they start from the same points. Negative is faster than SGD. The 95 % interval is Student's t; `faster` and
    `slower` say that it excludes zero. It is NaN, and neither, with a single seed.
    """
    quantity = curves.distance.fillna(curves.loss).rename("quantity")
    area = quantity.groupby([curves[name] for name in (*CONFIGURATION, "method", "seed")], sort=False).mean().unstack("seed")
    rows = []
    for labels, values in area.iterrows():
        difference = values - area.loc[(*labels[:-1], "SGD")]
        if labels[-1] == "SGD":
            continue
        low, high = student_interval(difference)
        rows.append(
            dict(zip([*CONFIGURATION, "method"], labels, strict=True))
            | {"n": len(difference), "difference": difference.mean(), "low": low, "high": high}
        )
    frame = pd.DataFrame(rows)
    return frame.assign(faster=frame.high < 0, slower=frame.low > 0)
