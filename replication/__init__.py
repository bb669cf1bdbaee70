"""Replication of "Mini-Batch Optimization of Contrastive Loss" (arXiv 2307.05906, TMLR 2024).

What to import in your own code:

- `replication.losses`: the contrastive loss of eq. (1), its mean over any family of mini-batches, and training objectives.
- `replication.selection`: ways to choose mini-batches, and `PlannedBatchSampler`, which feeds them to a DataLoader.
- `replication.training`: a loop that plans every epoch with a selector, checkpoints and resumes.
- `replication.evaluation`: retrieval, kNN, linear probe, paired comparison over seeds.
- `replication.geometry`: the optimal configurations (simplex ETF, cross-polytope) and distances to them.

- `replication.clip`: fine-tuning of CLIP models with chosen batches.
- `replication.datasets`, `replication.augmentation`: images, image-caption pairs, and views of images made on their device.

`replication.experiments` holds what each notebook computes and shows, in a package of the notebook's name, and
`replication.reporting` runs notebooks and records what they leave: `python -m replication`.
"""

import warnings

__version__ = "0.1.0"

# timm's own progress bars would like ipywidgets in a notebook; ours are plain text, and nothing else needs them.
warnings.filterwarnings("ignore", message="IProgress not found")
