"""Plans for more embeddings than one process can hold, made in shards by the workers of a Dask cluster.

    client = connect("local")                                   # or "tcp://host:8786", or "slurm:config.yaml"
    selector = ShardedSelector(SwapSearch(32, temperature=0.1))
    plan = selector.write_plan("u.npy", "v.npy", "plans/epoch-0", seed=0, client=client)
    sampler = PlannedBatchSampler(FixedBatches(batches="plans/epoch-0"), num_samples=N)

Needs the extra `cluster`. Embeddings, plan and the workers' folder must lie where every worker can read them. What is read
and written where:

- `parts`: embeddings as .npy memory maps, the only form in which workers read them;
- `sources`: a .npy file, a folder of them, Zarr or a Dask array as such parts;
- `cells`: a coarse quantiser, FAISS k-means, and each sample's cell;
- `shards`: what one worker does with one shard;
- `sharded_selector`: the order of these steps;
- `workers`: functions on Dask's workers, or here one after the other.
"""

from replication.cluster import connect
from replication.extras import need

need("replication.sharding", "cluster", ("faiss", "dask", "distributed"))

from replication.sharding.sharded_selector import ShardedSelector

__all__ = ["ShardedSelector", "connect"]
