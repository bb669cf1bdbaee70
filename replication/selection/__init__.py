"""Ways to choose mini-batches for contrastive learning, behind one contract.

    plan = selector.select(u, v, generator)      # LongTensor [M, B]: one mini-batch of sample indices a row

`u` and `v` [N, d] are the two embeddings of each sample (`v=None` means `u`); they are scaled to norm 1 where a selector
looks at them. Selectors know nothing of training: `PlannedBatchSampler` turns any of them into a batch sampler for a
DataLoader.

| selector | chooses | when to use it |
|---|---|---|
| `ShuffledBatches` | a new random partition each call (SGD); or independent random batches | the baseline |
| `SwapSearch` | an even partition with large loss inside the batches, by local search | hard batches, chunked or not |
| `SpectralClustering` | such a partition by spectral clustering, the paper's proposal | to reproduce the paper |
| `OrderedSGD` | the q of k random batches with the largest loss | mildly hard batches at hardly any cost |
| `MixedBatches` | a share of another selector's batches, the rest shuffled | when hard batches are too hard |
| `NearestNeighbour` | a sample and its neighbours; may skip the nearest ones | when the nearest are false negatives |
| `GraphPartition`, `GCBS`, `BalancedKMeans` | partitions as in B3, Global Contrastive Batch Sampling and NGAME | to compare |
| `FixedBatches` | one partition, the same at every call; or the batches you give | any plan made elsewhere |
| `FullBatch`, `AllBatches` | all samples as one batch; all C(N, B) batches | theory, small N |
"""

from replication.selection.all_batches import AllBatches
from replication.selection.balanced_kmeans import BalancedKMeans
from replication.selection.base import BatchSelector, IndexSelector
from replication.selection.fixed import FixedBatches
from replication.selection.full import FullBatch
from replication.selection.gcbs import GCBS
from replication.selection.graph_partition import GraphPartition
from replication.selection.mixed import MixedBatches
from replication.selection.nearest_neighbour import NearestNeighbour
from replication.selection.ordered_sgd import OrderedSGD
from replication.selection.planned_sampler import PlannedBatchSampler
from replication.selection.shuffled import ShuffledBatches
from replication.selection.spectral_clustering import SpectralClustering
from replication.selection.swap_search import SwapSearch
from replication.selection.weights import edge_weights

__all__ = [
    "GCBS",
    "AllBatches",
    "BalancedKMeans",
    "BatchSelector",
    "FixedBatches",
    "FullBatch",
    "GraphPartition",
    "IndexSelector",
    "MixedBatches",
    "NearestNeighbour",
    "OrderedSGD",
    "PlannedBatchSampler",
    "ShuffledBatches",
    "SpectralClustering",
    "SwapSearch",
    "edge_weights",
]
