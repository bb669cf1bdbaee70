"""Ways to choose mini-batches for contrastive learning, behind one contract.

    plan = selector.select(u, v, generator)      # LongTensor [M, B]: one mini-batch of sample indices a row

`u` and `v` [N, d] are the two embeddings of each sample (`v=None` means `u`); they are scaled to norm 1 where a selector
looks at them. Selectors know nothing of training: `PlannedBatchSampler` turns any of them into a batch sampler for a
DataLoader.

| selector | chooses | looks at embeddings |
|---|---|---|
| `FullBatch` | all samples as one batch | no |
| `FixedBatches` | one partition, the same at every call; or batches you give | no |
| `ShuffledBatches` | a new random partition each call (SGD); or independent random batches | no |
| `AllBatches` | all C(N, B) batches | no |
| `OrderedSGD` | the q of k random batches with the largest loss | yes |
| `SpectralClustering` | an even partition with large edge weights inside the batches (the paper's proposal) | yes |
| `SwapSearch` | such a partition by local search: harder and faster, up to the whole data set | yes |
"""

from replication.selection.all_batches import AllBatches
from replication.selection.base import BatchSelector, IndexSelector
from replication.selection.fixed import FixedBatches
from replication.selection.full import FullBatch
from replication.selection.ordered_sgd import OrderedSGD
from replication.selection.planned_sampler import PlannedBatchSampler
from replication.selection.shuffled import ShuffledBatches
from replication.selection.spectral_clustering import SpectralClustering
from replication.selection.swap_search import SwapSearch
from replication.selection.weights import edge_weights

__all__ = [
    "AllBatches",
    "BatchSelector",
    "FixedBatches",
    "FullBatch",
    "IndexSelector",
    "OrderedSGD",
    "PlannedBatchSampler",
    "ShuffledBatches",
    "SpectralClustering",
    "SwapSearch",
    "edge_weights",
]
