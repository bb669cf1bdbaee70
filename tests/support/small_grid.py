"""A grid of pre-training runs of seconds on digits."""

from replication.experiments.cifar.evaluation import Evaluation
from replication.experiments.cifar.experiment import run_experiment

COMMON = {"dataset": "digits", "network": "narrow", "images": 64, "batch_size": 16, "epochs": 1, "warmup_epochs": 0}
COMMON |= {"size": 16, "k": 2}
EVALUATION = Evaluation(test_images=30, corrupted_images=3, severities=(2,), linear_probe=False)


def run(folder, workers=2, seeds=2, epochs=1, **options):
    common = COMMON | {"epochs": epochs}
    return run_experiment(folder, ["SGD", "SC"], ["simclr"], seeds, common, EVALUATION, workers=workers, **options)


def run_alone(folder):
    """Run it in this process, with a budget, until it is done or killed."""
    run(folder, workers=1, minutes=60)
