"""Fine-tuning CLIP with chosen batches, through open_clip.

- `settings`, `finetuning`: everything that decides a run, and the task that the training loop drives.
- `models`, `image_weights`, `towers`, `starting`: models that open_clip can make, our small ones, their weights, what learns.
- `objectives`: what is minimised, on one process or several.
- `frozen_towers`, `head_tuning`: the same with both towers frozen: two heads learn on features that are computed once.
- `optimizer`: AdamW as open_clip sets it up.
- `selecting`: selectors for a temperature that is learned.
- `evaluation`: retrieval, also with recalibrated batch normalisation, and the losses of chosen batches.
- `processes`, `distributed`: one run on several GPUs.

Pairs come from `replication.datasets.pairs`; `replication.experiments.clip` is what the notebook makes of all this.
"""

from replication.extras import need

need("replication.clip", "clip", ("open_clip", "timm", "torchvision", "yaml"))
