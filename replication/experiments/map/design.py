"""Which trainings of heads a map is made of: batch sizes times ways to choose batches, in four stages for each batch size."""

import math
from dataclasses import dataclass, replace

from replication.heads import HeadSettings, TrainedHeads, Training, best_rates

BASELINE = "SGD"
SHARED_RATE, OWN_RATE = "rate of SGD", "own rate"
SEEDS_IN_A_PART = 5  # of the compared trainings: what a run that is broken off may lose


@dataclass(frozen=True, kw_only=True)
class Design:
    """A map.

    Attributes:
        batch_sizes, epochs: as many of each; a batch size has its own number of epochs.
        methods: ways to choose batches, in one line each; "SGD" among them.
        left_out: the batch size from which on a method is left out, as its plans take too long or hold the whole set.
        rates: peak learning rates that are tried.
        tuning_seeds: how many seeds choose the rates, from 0; no other number rests on them.
        first_seed, seeds: of the trainings that are compared.
        longer: shuffled batches are also trained for so many times the epochs, for what choosing costs.
        settings: of the heads; batch size and epochs are replaced.
    """

    batch_sizes: tuple[int, ...]
    epochs: tuple[int, ...]
    methods: tuple[str, ...]
    left_out: dict[str, int]
    rates: tuple[float, ...]
    tuning_seeds: int
    first_seed: int
    seeds: int
    longer: float
    settings: HeadSettings

    def settings_of(self, batch_size: int, times: float = 1.0) -> HeadSettings:
        """Return the settings of one batch size, with `times` its epochs (rounded up)."""
        epochs = dict(zip(self.batch_sizes, self.epochs, strict=True))[batch_size]
        epochs = math.ceil(times * epochs)
        warmup = min(self.settings.warmup_epochs, epochs)
        return replace(self.settings, batch_size=batch_size, epochs=epochs, warmup_epochs=warmup)

    @property
    def longer_name(self) -> str:
        """What tables call shuffled batches that are trained longer."""
        return f"{BASELINE}, {self.longer:g} x epochs"

    @property
    def compared_seeds(self) -> range:
        """The seeds of the trainings that are compared."""
        return range(self.first_seed, self.first_seed + self.seeds)

    def methods_at(self, batch_size: int) -> list[str]:
        """Return the ways to choose batches of one size."""
        return [method for method in self.methods if batch_size < self.left_out.get(method, batch_size + 1)]

    def tuning(self, batch_size: int) -> list[Training]:
        """Return the trainings by which rates are chosen."""
        methods = self.methods_at(batch_size)
        return [Training(method, seed, rate) for seed in range(self.tuning_seeds) for rate in self.rates for method in methods]

    def chosen_rates(self, tuned: list[TrainedHeads]) -> dict[str, float]:
        """Return the rate of each method whose validation measure was the best."""
        return best_rates(tuned, self.settings.stop_by)

    def shared(self, best: dict[str, float]) -> list[Training]:
        """Return the trainings of all methods at the rate that is best for shuffled batches."""
        return [Training(method, seed, best[BASELINE]) for seed in self.compared_seeds for method in best]

    def own(self, best: dict[str, float]) -> list[Training]:
        """Return the further trainings of the methods for which another rate is best."""
        others = [method for method, rate in best.items() if rate != best[BASELINE]]
        return [Training(method, seed, best[method]) for seed in self.compared_seeds for method in others]

    def shuffled_longer(self, best: dict[str, float]) -> list[Training]:
        """Return the trainings with shuffled batches that go on for longer; [] if `longer` is 0."""
        return [Training(BASELINE, seed, best[BASELINE]) for seed in self.compared_seeds] if self.longer else []


def in_parts(trainings: list[Training]) -> list[list[Training]]:
    """Return trainings, in order, in parts of a few seeds each."""
    seeds = list(dict.fromkeys(training.seed for training in trainings))
    blocks = [seeds[begin : begin + SEEDS_IN_A_PART] for begin in range(0, len(seeds), SEEDS_IN_A_PART)]
    return [[training for training in trainings if training.seed in block] for block in blocks]
