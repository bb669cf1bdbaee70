"""What planning in shards costs and keeps as the set grows."""

from replication.extras import need

need("replication.experiments.scale", "cluster", ("faiss", "dask", "distributed"))
