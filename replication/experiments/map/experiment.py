"""All trainings of a map: those that are on the disk are read, the others made."""

from dataclasses import dataclass, replace
from pathlib import Path

from tqdm import tqdm

from replication.experiments.map.design import BASELINE, OWN_RATE, SHARED_RATE, Design, in_parts
from replication.experiments.map.parts import checksum_of_features, part_path, read_part, write_part
from replication.features import PairFeatures
from replication.heads import HeadSettings, TrainedHeads, Training, train_heads
from replication.machine import BAR


@dataclass(frozen=True)
class Mapped:
    """One training of a map.

    Attributes:
        batch_size: B.
        line: `SHARED_RATE` or `OWN_RATE`; a training at the shared rate that is the method's own too stands in both.
        selector: the method, as tables name it.
        result: without the heads.
    """

    batch_size: int
    line: str
    selector: str
    result: TrainedHeads


@dataclass(frozen=True)
class MapResults:
    """All trainings of a map.

    Attributes:
        tuned: those by which rates were chosen, by batch size.
        trainings: those that are compared, and shuffled ones that go on for longer.
        earlier_seconds: what trainings took that an earlier call had made.
    """

    tuned: dict[int, list[TrainedHeads]]
    trainings: list[Mapped]
    earlier_seconds: float


def run_map(
    folder: Path, features: tuple[PairFeatures, PairFeatures, PairFeatures], design: Design, workers: int = 0
) -> MapResults:
    """Return all trainings of a map; each part is on the disk as soon as it is done.

    Args:
        folder: the run's results folder.
        features: train, val and test.
        design: which trainings.
        workers: threads; 0: one for each core.

    Raises:
        TrainingDiverged: a loss became NaN or infinite.
        OSError: a part cannot be written.
    """
    trainer = _Trainer(folder, features, workers)
    tuned, trainings = {}, []
    with tqdm(desc="map", total=_updates(design, features[0]), **BAR) as bar:
        for batch_size in design.batch_sizes:
            settings = design.settings_of(batch_size)
            tuned[batch_size] = trainer.trained(settings, design.tuning(batch_size), bar)
            best = design.chosen_rates(tuned[batch_size])
            further = design.own(best)
            bar.total += len(further) * settings.epochs * (len(features[0]) // batch_size)
            shared = trainer.trained(settings, design.shared(best), bar)
            own = trainer.trained(settings, further, bar)
            trainings += [Mapped(batch_size, SHARED_RATE, r.training.method, r) for r in shared]
            same = [r for r in shared if best[r.training.method] == best[BASELINE]]
            trainings += [Mapped(batch_size, OWN_RATE, r.training.method, r) for r in same + own]
            longer = trainer.trained(design.settings_of(batch_size, design.longer or 1), design.shuffled_longer(best), bar)
            trainings += [Mapped(batch_size, SHARED_RATE, design.longer_name, r) for r in longer]
    return MapResults(tuned, trainings, trainer.earlier_seconds)


class _Trainer:
    """Trains parts that are not on the disk."""

    def __init__(self, folder: Path, features: tuple[PairFeatures, PairFeatures, PairFeatures], workers: int):
        self.folder, self.features, self.workers = folder, features, workers or None
        self.data, self.earlier_seconds = checksum_of_features(list(features)), 0.0

    def trained(self, settings: HeadSettings, trainings: list[Training], bar: tqdm) -> list[TrainedHeads]:
        """Return the results of some trainings of equal settings."""
        results, per_epoch = [], len(self.features[0]) // settings.batch_size
        for part in in_parts(trainings):
            path = part_path(self.folder, self.data, settings, part)
            found = read_part(path, part)
            if found is None:
                made = train_heads(
                    *self.features, settings, part, workers=self.workers, on_epoch=lambda *_: bar.update(per_epoch)
                )
                found = [replace(result, heads=None) for result in made]
                write_part(path, found)
            else:
                bar.update(per_epoch * settings.epochs * len(part))
                self.earlier_seconds += sum(sum(result.seconds.values()) for result in found)
            results += found
        return results


def _updates(design: Design, train: PairFeatures) -> int:
    """Return the updates of a map, but for methods at rates of their own, which only tuning tells."""
    total = 0
    for batch_size in design.batch_sizes:
        per_epoch = len(train) // batch_size
        trainings = len(design.tuning(batch_size)) + design.seeds * len(design.methods_at(batch_size))
        epochs = design.settings_of(batch_size).epochs * trainings
        epochs += design.settings_of(batch_size, design.longer or 1).epochs * (design.seeds if design.longer else 0)
        total += per_epoch * epochs
    return total
