"""Replication of "Mini-Batch Optimization of Contrastive Loss" (arXiv 2307.05906, TMLR 2024).

What to import in your own code:

- `replication.losses`: the contrastive loss of eq. (1), and its mean over any family of mini-batches.
- `replication.selection`: ways to choose mini-batches, and `PlannedBatchSampler`, which feeds them to a DataLoader.
- `replication.geometry`: the optimal configurations (simplex ETF, cross-polytope) and distances to them.

Everything else serves the notebooks: `theory`, `toy`, `synthetic` and `hardness` compute what they show, `results` writes it
with its provenance, and `python -m replication` runs them.
"""

__version__ = "0.1.0"
