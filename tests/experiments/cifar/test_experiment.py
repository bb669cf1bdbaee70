"""The grid: every combination once, resumed without training again, put into tables."""

import pandas as pd
import pytest

from replication.experiments.cifar.evaluation import Evaluation
from replication.experiments.cifar.experiment import run_experiment, train_and_evaluate
from replication.experiments.cifar.settings import Settings
from replication.experiments.grid.records import UNTRAINED, Results
from replication.training.checkpoint import load_checkpoint
from replication.training.loop import Trainer

COMMON = {"dataset": "digits", "network": "narrow", "images": 64, "batch_size": 16, "epochs": 1, "warmup_epochs": 0}
COMMON |= {"size": 16, "k": 2}
EVALUATION = Evaluation(test_images=30, corrupted_images=3, severities=(2,), linear_probe=False)


@pytest.fixture(scope="module")
def grid(tmp_path_factory):
    folder = tmp_path_factory.mktemp("trainings")
    return folder, run_experiment(folder, ["SGD", "SC"], ["simclr"], 2, COMMON, EVALUATION, workers=2)


def test_every_combination_is_trained_once(grid):
    folder, results = grid
    runs = results.runs()
    assert list(zip(runs.selector, runs.seed, strict=True)) == [
        ("SGD", 0), ("SGD", 1), ("SC", 0), ("SC", 1), (UNTRAINED, 0), (UNTRAINED, 1),
    ]  # fmt: skip
    assert not runs.isna().any().any()
    assert (runs["corrupted R@1"] == runs["corrupted R@1, severity 2"]).all()
    names = {path.name.rpartition("-")[0] for path in folder.iterdir()}
    assert names == {f"simclr-{method}-{seed}" for method in ("SGD", "SC") for seed in (0, 1)}
    assert results.images == 64 and set(results.trained().selector) == {"SGD", "SC"}
    history = results.history()
    assert len(history) == 4 and history["same-class pairs"].between(0, 1).all()


def test_tables_of_cost(grid):
    _, results = grid
    cost = results.cost().set_index("selector")
    assert cost.loc["SGD", "features"] < 1e-3 < cost.loc["SC", "features"]
    assert cost["ms per update"].between(0.1, 10_000).all()
    assert (cost["share of features"] + cost["share of selection"] < 1).all()
    # One epoch of each seed: the least is at most the mean.
    assert (cost.features + cost.selection + cost.steps <= cost["mean total"] + 1e-9).all()
    assert results.seconds().total.sum() == pytest.approx(2 * cost["mean total"].sum())


def test_losses_of_one_trained_network(grid):
    _, results = grid
    losses = results.batch_losses("simclr", "SGD")
    assert set(losses.selector) == {"SGD", "SC"} and (losses.loss > 0).all()
    assert set(results.batch_losses("simclr", "SC").selector) == {"SGD", "SC"}  # the grid's own methods, in each's network
    assert results.batch_losses("simclr", "SGD", seed=1).empty  # the first seed is enough


def test_a_second_call_trains_nothing_and_gives_the_same(grid):
    folder, results = grid
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*.pt")}
    again = run_experiment(folder, ["SGD", "SC"], ["simclr"], 2, COMMON, EVALUATION, workers=1)
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*.pt")} == before
    pd.testing.assert_frame_equal(again.runs(), results.runs())
    pd.testing.assert_frame_equal(again.seconds(), results.seconds())
    assert results.earlier_seconds() == 0 and results.workers == 2
    assert again.earlier_seconds() == pytest.approx(sum(record["seconds"] for record in results.records))
    assert again.earlier_seconds() > again.seconds().total.sum()  # evaluation takes time too


def test_the_seconds_of_a_broken_off_training_count_as_earlier_ones(tmp_path, monkeypatch):
    class Broken(Exception):
        """The first call ends after one epoch."""

    def break_off(done):
        if done:
            raise Broken

    settings, run = Settings(**COMMON | {"epochs": 2}, method="SC"), (EVALUATION, False, [], "cpu", {})
    with pytest.raises(Broken):
        train_and_evaluate(tmp_path, settings, *run, break_off)
    record = train_and_evaluate(tmp_path, settings, *run, lambda done: None)
    spent = sum(record["timings"][0][part] for part in ("features", "selection", "steps"))
    assert record["earlier seconds"] == pytest.approx(spent) and record["seconds"] > spent


def test_seeds_may_begin_elsewhere(tmp_path, monkeypatch):
    monkeypatch.setattr(
        "replication.experiments.cifar.experiment.run_grid", lambda train, jobs, *rest: [{"images": job} for job in jobs]
    )
    jobs = [r["images"] for r in run_experiment(tmp_path, ["SGD"], ["simclr"], 3, COMMON, EVALUATION, first_seed=5).records]
    assert [job[1].seed for job in jobs] == [5, 6, 7] and [job[4] for job in jobs] == [["SGD"], [], []]
    with pytest.raises(ValueError, match=r"^first_seed=-1 must be >= 0$"):
        run_experiment(tmp_path, ["SGD"], ["simclr"], 3, COMMON, EVALUATION, first_seed=-1)


def test_a_finished_training_is_evaluated_anew_for_another_evaluation(grid, monkeypatch):
    folder, results = grid
    monkeypatch.setattr(Trainer, "_train_epoch", lambda self: pytest.fail("it trained again"))
    record = next(r for r in results.records if r["settings"]["method"] == "SC")
    settings = Settings(**record["settings"])
    (place,) = folder.glob(f"{settings.name}-*")
    identity = load_checkpoint(place / "checkpoint.pt")["identity"]
    provenance = {name: value for name, value in identity.items() if name not in {*record["settings"], "samples"}}
    other = Evaluation(test_images=40, corrupted_images=3, severities=(2,), linear_probe=False)
    new = train_and_evaluate(folder, settings, other, False, [], "cpu", provenance, lambda done: None)
    assert new["history"] == record["history"] and new["trained"]["R@1"] != record["trained"]["R@1"]


@pytest.mark.parametrize(
    ("methods", "message"),
    [
        (["SGD", "best"], r"^method='best': 'best' is no name"),
        (["SGD", "SGD"], r"^methods=\['SGD', 'SGD'\] must not hold a name twice$"),
        (["SC"], r"^methods=\['SC'\] must hold 'SGD'"),
    ],
)
def test_wrong_methods_are_refused_before_anything_runs(tmp_path, methods, message):
    with pytest.raises(ValueError, match=message):
        run_experiment(tmp_path, methods, ["simclr"], 1, COMMON, EVALUATION)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("methods", "changes", "message"),
    [
        (["SGD"], {"images": 0, "batch_size": 1438}, r"^batch_size=1438 must be <= 1437, the images of digits$"),
        (["SGD"], {"images": 5000, "batch_size": 1438}, r"^batch_size=1438 must be <= 1437, the images of digits$"),
        (["SGD", "neighbours, skip 32"], {"images": 47}, r"^method='neighbours, skip 32' needs >= 48 samples .* are 47$"),
    ],
)
def test_data_that_do_not_suffice_are_noticed_before_the_workers_begin(tmp_path, monkeypatch, methods, changes, message):
    monkeypatch.setattr(
        "replication.experiments.cifar.experiment.run_grid", lambda *arguments: pytest.fail("the workers began")
    )
    with pytest.raises(ValueError, match=message):
        run_experiment(tmp_path, methods, ["simclr"], 1, COMMON | changes, EVALUATION)


def test_records_without_the_untrained_network_have_no_row_for_it(grid):
    _, results = grid
    only_sc = Results([record for record in results.records if record["settings"]["method"] == "SC"])
    assert set(only_sc.runs().selector) == {"SC"}
