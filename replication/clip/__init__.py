"""Fine-tuning CLIP with chosen batches, through open_clip.

- `data`: image-caption pairs: digits, Flickr8k, MSCOCO, or a CSV of your own.
- `models`: anything that open_clip can make, and two small configurations of our own.
- `settings`, `finetuning`: everything that decides a run, and the task that the training loop drives.
- `evaluation`, `experiment`, `figures`, `verdicts`: what the notebook measures, shows and concludes.
"""

from replication.extras import need

need("replication.clip", "clip", ("open_clip", "timm", "torchvision", "yaml"))
