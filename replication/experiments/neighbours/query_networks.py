"""Networks trained with each selector's batches, and the queries that they classify, alone and a batch at a time.

The networks are two small heads on simple features (`replication.heads`): digits with made-up captions, whose classes have
prompts, or CIFAR-100 in two views, whose classes have the means of a few labelled images instead.
"""

from dataclasses import dataclass

import pandas as pd
import torch
from torch import Tensor

from replication.datasets.pairs import SPLITS
from replication.datasets.pairs.digits import NAMES
from replication.experiments.neighbours.query_batches import accuracy_by_classes, prototypes_of_shots
from replication.features import PairFeatures, centre_and_scale
from replication.features.simple import word_features
from replication.features.sources import Towers, load_features, source_checksums
from replication.heads import HeadSettings, StackedHeads, TrainedHeads, Training, train_heads
from replication.machine import cores

SOURCES = ("digits", "cifar100 views")
SELECTORS = ("SGD", "OSGD", "SC", "SwapSearch")
BATCH_SIZE, RATE = 32, 1e-3
SIZE = 64  # pixels of CIFAR's images before the frozen tower
FIRST_SEED = 100  # noise, epochs and temperature were chosen with smaller seeds, so no result rests on these
PROMPT = "a photo of the digit {}"


@dataclass(frozen=True)
class QuerySetting:
    """Data and noise of the queries, the training of the networks, and the tasks.

    Attributes:
        source: one of `SOURCES`.
        items: training images of CIFAR-100; 0: all.
        noise: standard deviation of what is added to each feature of queries and labelled images, whose mean square is 1.
        epochs: of the training, in batches of `BATCH_SIZE`.
        classes: numbers of classes that a batch of queries is drawn from; 0: all.
        queries, tasks: queries in a batch, and batches for each number of classes.
        shots: labelled images of each class.
        prior_weight: of `em_dirichlet`.
    """

    source: str
    items: int
    noise: float
    epochs: int
    classes: tuple[int, ...]
    queries: int
    tasks: int
    shots: int
    prior_weight: float

    @property
    def counts(self) -> tuple[int | None, ...]:
        """The numbers of classes as `accuracy_by_classes` takes them."""
        return tuple(count or None for count in self.classes)


def checksums_of(source: str) -> dict[str, str]:
    """Return the checksums of the data behind a source, for run.json; none of digits, which scikit-learn brings."""
    return {} if source == "digits" else source_checksums(source)


def query_table(setting: QuerySetting, seeds: int) -> pd.DataFrame:
    """Train a network for each seed and selector, and classify the same batches of queries with each of a seed.

    Args:
        setting: see `QuerySetting`.
        seeds: how many, from `FIRST_SEED`; a seed decides initial weights, plans, noise, labelled images and tasks.

    Returns:
        One row for each seed, selector, number of classes and method of `accuracy_by_classes`: "accuracy" in %, the mean over
        the tasks, and "present", the mean number of classes in a batch. Probabilities are taken at the temperature that the
        network has learned.
    """
    parts, prompts = _features(setting)
    kind = HeadSettings(hidden=128, out=64, batch_size=BATCH_SIZE, epochs=setting.epochs)
    trainings = [Training(name, seed, RATE) for seed in range(FIRST_SEED, FIRST_SEED + seeds) for name in SELECTORS]
    networks = train_heads(*parts, kind, trainings, workers=cores())
    return pd.concat([_of_network(setting, parts, prompts, network) for network in networks], ignore_index=True)


def _features(setting: QuerySetting) -> tuple[list[PairFeatures], Tensor | None]:
    """Return train, val and test, and the features of the prompts [K, d2], if the classes have names."""
    towers, items = Towers(size=SIZE), 0 if setting.source == "digits" else setting.items
    parts = [load_features(setting.source, split, towers, items if split == "train" else 0) for split in SPLITS]
    if setting.source != "digits":
        return centre_and_scale(*parts), None
    texts = [PROMPT.format(name) for name in NAMES]
    right, left = word_features(parts[0].texts, texts), parts[0].left[:, : len(texts)]
    named = PairFeatures("digits", "prompts", left, right, torch.ones(len(texts), dtype=torch.int64))
    *parts, named = centre_and_scale(*parts, named)
    return parts, named.right


def _of_network(
    setting: QuerySetting, parts: list[PairFeatures], prompts: Tensor | None, network: TrainedHeads
) -> pd.DataFrame:
    train, _, test = parts
    seed, heads = network.training.seed, network.heads
    queries, labels = heads.embed("left", noisy(test.left[0], setting.noise, 2 * seed)), test.groups
    given = {"classes": setting.counts, "queries": setting.queries, "tasks": setting.tasks, "seed": seed}
    given["temperature"] = float(heads.temperatures()[0])
    if prompts is None:
        prototypes, rest = prototypes_of_shots(queries, labels, setting.shots, seed)
        shots = torch.ones(len(labels), dtype=torch.bool).index_fill(0, rest, False).nonzero().flatten()
        given |= {"supports": queries[shots], "support_labels": labels[shots]}
        queries, labels = queries[rest], labels[rest]
    else:
        prototypes = heads.embed("right", prompts)
        given |= labelled_images(setting, heads, train, seed)
    table = accuracy_by_classes(queries, prototypes, labels, setting.prior_weight, **given)
    table = table.rename(columns={"mean": "accuracy"})[["classes", "present", "method", "accuracy"]]
    return pd.concat([pd.DataFrame({"seed": seed, "selector": network.training.method}, index=table.index), table], axis=1)


def labelled_images(setting: QuerySetting, heads: StackedHeads, train: PairFeatures, seed: int) -> dict[str, Tensor]:
    """Return embeddings and classes of `shots` random training images of each class, as noisy as the queries."""
    order = torch.randperm(len(train), generator=torch.Generator().manual_seed(seed))
    classes = range(int(train.groups.max()) + 1)
    rows = torch.cat([order[train.groups[order] == k][: setting.shots] for k in classes])
    features = noisy(train.left[0][rows], setting.noise, 2 * seed + 1)
    return {"supports": heads.embed("left", features), "support_labels": train.groups[rows]}


def noisy(features: Tensor, noise: float, seed: int) -> Tensor:
    """Return features [N, d] plus Gaussian noise of a standard deviation."""
    return features + noise * torch.randn(features.shape, generator=torch.Generator().manual_seed(seed))
