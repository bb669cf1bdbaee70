"""Contrastive pre-training on CIFAR-sized images with every way to choose batches (section 6.2 of the paper).

- `settings`, `checks`: everything that decides a training, and what the notebook's parameters may be.
- `network`: ResNet-18 with its projection head.
- `pretraining`: the task that the training loop drives.
- `step_variants`, `captured_step`, `lars_step`: how an update is launched: kernel by kernel, compiled, or as one CUDA graph.
- `fastest_step`: which of these is fastest on a machine, measured before the trainings; `step_table` and what it needs,
  `step_crew` and `step_timer`, measure.
- `evaluation`: what a trained network is worth: retrieval, corrupted galleries, kNN, linear probe, in-batch losses.
- `experiment`: a grid of trainings; `replication.experiments.grid` has its tables and figures.
- `claims`: what the notebook claims, and the verdicts.
- `benchmark`, `forecast`: images a second against the usual pipeline; what a profile would cost.
"""
