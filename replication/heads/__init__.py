"""Two small heads on the features of pairs (`replication.features`): many trainings, each of seconds, side by side.

Both towers stay as they are ("locked", as in LiT, Zhai et al., 2022); a head for each side maps its features into a common
space, and a temperature is learned. So many seeds and ways to choose batches can be compared on real pairs in minutes.

    train, val, test = load_splits("digits")      # or centre_and_scale(*read_npz("pairs.npz").values())
    settings = HeadSettings(batch_size=32, epochs=10)
    trainings = [Training(method, seed, lr=1e-3) for method in ("SGD", "SwapSearch, k 10") for seed in range(10)]
    results = train_heads(train, val, test, settings, trainings)

- `settings`: what all trainings of a call share, and what tells one from another.
- `networks`, `gradients`: the heads of several trainings stacked in one batched program, its loss and its gradient.
- `planning`: captions and views of an epoch, and its batches.
- `optimizer`, `group`, `training`: AdamW, the epochs of one program, and several of these on all cores.
- `results`: what a training leaves.
- `benchmark`: milliseconds of an update.
- `evaluation`: retrieval with one or more captions of each item.
- `rates`: which learning rate was best on validation data.
"""

from replication.heads.networks import StackedHeads
from replication.heads.rates import best_rates
from replication.heads.results import TrainedHeads
from replication.heads.settings import HeadSettings, Training
from replication.heads.training import train_heads

__all__ = ["HeadSettings", "StackedHeads", "TrainedHeads", "Training", "best_rates", "train_heads"]
