"""Training with planned batches: one mechanism for every experiment that trains a network.

A *task* knows its data, network and objective; `Trainer` asks a selector for one plan an epoch, walks through it, and keeps
a checkpoint from which a killed run continues exactly where it was.

- `loop`: the `Trainer`, and the `Task` that it drives.
- `network_task`, `settings`: what every such task and its settings have in common.
- `planning`: one plan an epoch from the features of the whole training set.
- `checkpoint`: written whole or not at all; refused where it does not fit.
- `schedule`: warm-up and cosine.
- `grid`: many trainings side by side, resumable.
"""
