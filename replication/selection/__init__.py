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
| `OrderedSGD` | the q of k random batches with the largest loss | to reproduce the paper; worse than shuffled on all maps |
| `JointExamples` | a fifth of random super-batches, drawn jointly by loss (JEST) | mildly hard; noisy pairs, with a reference |
| `MixedBatches` | a share of another selector's batches, the rest shuffled | when hard batches are too hard |
| `DistinctGroups` | another selector's batches, no two samples of one group in any | equal texts, known false negatives |
| `NearestNeighbour` | a sample and its neighbours; may skip the nearest ones | when the nearest are false negatives |
| `RandomWalk` | what random walks on a graph of near samples come by (BatchSampler) | milder batches, linear cost |
| `GraphPartition` | parts of the nearest-neighbour graph, by METIS | hard batches, or a start for `SwapSearch` |
| `GraphPartition(skip=30, communities=4)` | four small parts a batch, the nearest not joined (B3) | fewer false negatives |
| `GCBS`, `BalancedKMeans` | partitions as in Global Contrastive Batch Sampling and NGAME | to compare |
| `FixedBatches` | one partition, the same at every call; or the batches you give | any plan made elsewhere, on disk too |
| `FullBatch`, `AllBatches` | all samples as one batch; all C(N, B) batches | theory, small N |

Most plans are partitions: each sample is in one batch, but for N mod B samples left over, others each time. Three selectors
cover less: `OrderedSGD` a tenth by default, `JointExamples` the share 1 - filter, a fifth by default, and `RandomWalk` with
`overlap` what its walks come by. `PlannedBatchSampler` asks the first two until an epoch is full.

Exact nearest neighbours take time quadratic in N: `GraphPartition` and `GCBS` compare all pairs, `NearestNeighbour` about
N^2 / B. `OrderedSGD`, `JointExamples` and `RandomWalk` are linear in N, and so are `SpectralClustering` and `SwapSearch` in
chunks. Of all these only `SpectralClustering` on the whole set holds a matrix of N x N.

More samples than one process can hold: `replication.sharding` plans them in shards, by any selector of partitions.

Harder is not better by itself. That is not only our finding: Ghosh et al. (2025, arXiv 2511.20643) are said to report that
two samplers of hard negatives do not beat random batches when CLIP is pretrained. We read a note on that paper, not the paper.
"""

from replication.selection.all_batches import AllBatches
from replication.selection.balanced_kmeans import BalancedKMeans
from replication.selection.base import BatchSelector, IndexSelector
from replication.selection.distinct import DistinctGroups
from replication.selection.fixed import FixedBatches
from replication.selection.full import FullBatch
from replication.selection.gcbs import GCBS
from replication.selection.graph_partition import GraphPartition
from replication.selection.joint_examples import JointExamples
from replication.selection.mixed import MixedBatches
from replication.selection.nearest_neighbour import NearestNeighbour
from replication.selection.ordered_sgd import OrderedSGD
from replication.selection.planned_sampler import PlannedBatchSampler
from replication.selection.random_walk import RandomWalk
from replication.selection.registry import make_selector
from replication.selection.shuffled import ShuffledBatches
from replication.selection.spectral_clustering import SpectralClustering
from replication.selection.swap_search import SwapSearch
from replication.selection.weights import edge_weights

__all__ = [
    "GCBS",
    "AllBatches",
    "BalancedKMeans",
    "BatchSelector",
    "DistinctGroups",
    "FixedBatches",
    "FullBatch",
    "GraphPartition",
    "IndexSelector",
    "JointExamples",
    "MixedBatches",
    "NearestNeighbour",
    "OrderedSGD",
    "PlannedBatchSampler",
    "RandomWalk",
    "ShuffledBatches",
    "SpectralClustering",
    "SwapSearch",
    "edge_weights",
    "make_selector",
]
