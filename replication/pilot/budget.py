"""Which trainings fit into a pilot's minutes."""

from dataclasses import dataclass, replace

from replication.heads import HeadSettings

# In the order in which they are given up, the last one first; shuffled batches stay.
METHODS = ("SGD", "SwapSearch, k 5", "SwapSearch, k 40", "SwapSearch, hardness 0.25", "OSGD", "SC")
RATES = (3e-4, 1e-3, 3e-3)  # tried for shuffled batches on validation pairs
MOST_SEEDS, FEWEST_SEEDS = 10, 3
MOST_EPOCHS, FEWEST_EPOCHS = 10, 3
FEWEST_METHODS = 3
SPARE = 0.85  # of the minutes that are planned with: the rest is for reading, judging and what goes slower than measured


@dataclass(frozen=True)
class Budgeted:
    """What a pilot trains.

    Attributes:
        methods: lines that `replication.selection.registry` reads, "SGD" first.
        seeds: how many of each.
        epochs: of each training.
        seconds: what all of it is expected to take, tuning included.
    """

    methods: tuple[str, ...]
    seeds: int
    epochs: int
    seconds: float


def fit(seconds_per_epoch: float, minutes: float, settings: HeadSettings, methods: tuple[str, ...] = METHODS) -> Budgeted:
    """Return what fits into the minutes: first fewer seeds, then fewer epochs, then fewer methods; never below the least.

    Args:
        seconds_per_epoch: of one training, measured with all cores at work.
        minutes: what the pilot may take.
        settings: of the heads; they say the most epochs.
        methods: in the order of their weight, "SGD" first.
    """
    most = min(MOST_EPOCHS, settings.epochs)
    for count in range(len(methods), min(FEWEST_METHODS, len(methods)) - 1, -1):
        for epochs in range(most, min(FEWEST_EPOCHS, most) - 1, -1):
            for seeds in range(MOST_SEEDS, FEWEST_SEEDS - 1, -1):
                plan = _planned(methods[:count], seeds, epochs, seconds_per_epoch)
                if plan.seconds <= SPARE * 60 * minutes:
                    return plan
    least = min(FEWEST_METHODS, len(methods))
    return _planned(methods[:least], FEWEST_SEEDS, min(FEWEST_EPOCHS, most), seconds_per_epoch)


def with_epochs(settings: HeadSettings, epochs: int) -> HeadSettings:
    """Return the settings with so many epochs, and a warm-up that fits into them."""
    return replace(settings, epochs=epochs, warmup_epochs=min(settings.warmup_epochs, epochs))


def _planned(methods: tuple[str, ...], seeds: int, epochs: int, seconds_per_epoch: float) -> Budgeted:
    trainings = len(methods) * seeds + len(RATES)
    return Budgeted(methods, seeds, epochs, trainings * epochs * seconds_per_epoch)
