"""The grid: every combination once, resumed without training again, put into tables."""

import shutil
import time
from importlib import metadata

import pandas as pd
import pytest
from processes import start
from small_grid import COMMON, EVALUATION, run, run_alone

from replication.experiments.cifar import experiment
from replication.experiments.cifar.conditions import conditions_of, training_folder
from replication.experiments.cifar.evaluation import Evaluation
from replication.experiments.cifar.experiment import run_experiment, train_and_evaluate
from replication.experiments.cifar.settings import Settings
from replication.experiments.grid import budget
from replication.experiments.grid.record_files import read_record, record_path
from replication.experiments.grid.records import UNTRAINED, Results
from replication.experiments.grid.side_by_side import run_grid
from replication.experiments.grid.training import epochs_done
from replication.training.loop import Trainer

FORECAST = ["selector", "trainings", "hours"]


@pytest.fixture(scope="module")
def grid(tmp_path_factory):
    folder = tmp_path_factory.mktemp("trainings")
    return folder, run(folder)


def test_every_combination_is_trained_once(grid):
    folder, results = grid
    runs = results.runs()
    assert list(zip(runs.selector, runs.seed, strict=True)) == [
        ("SGD", 0), ("SGD", 1), ("SC", 0), ("SC", 1), (UNTRAINED, 0), (UNTRAINED, 1),
    ]  # fmt: skip
    assert not runs.isna().any().any()
    assert (runs["corrupted R@1"] == runs["corrupted R@1, severity 2"]).all()
    names = {path.name.rpartition("-")[0] for path in (folder / "trainings").iterdir()}
    assert names == {f"simclr-{method}-{seed}" for method in ("SGD", "SC") for seed in (0, 1)}
    names = {path.name.rpartition("-")[0] for path in (folder / "records").iterdir()}
    assert names == {f"{method}-simclr-{seed}" for method in ("SGD", "SC") for seed in (0, 1)}
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
    assert set(losses.selector) == {"SGD", "OSGD", "SC", "SwapSearch"} and (losses.loss > 0).all()
    assert (losses.batches[losses.selector != "OSGD"] == 4).all()
    means = losses.groupby("selector").loss.mean()
    assert losses.groupby("selector")["mean"].first().tolist() == pytest.approx(means.tolist(), rel=1e-4)
    assert results.batch_losses("simclr", "no such").empty


def test_a_second_call_trains_nothing_and_gives_the_same(grid, monkeypatch):
    folder, results = grid
    monkeypatch.setattr(experiment, "forecast", lambda *arguments: pytest.fail("there is nothing to forecast"))
    again = run(folder, workers=1)
    assert again.forecast is None and results.forecast is not None
    pd.testing.assert_frame_equal(again.runs(), results.runs())
    pd.testing.assert_frame_equal(again.seconds(), results.seconds())
    assert results.earlier_seconds() == 0 and results.workers == 2
    assert again.earlier_seconds() == pytest.approx(sum(record["seconds"] for record in results.records))
    assert again.earlier_seconds() > again.seconds().total.sum()  # evaluation takes time too


def test_records_alone_make_the_same_tables_and_further_seeds_count(grid, tmp_path):
    """As on a machine without the GPU that they were made on: only records have come."""
    folder, results = grid
    shutil.copytree(folder / "records", tmp_path / "theirs" / "records")
    one = run(tmp_path / "mine", seeds=1, more_records=tmp_path / "theirs")  # seed 1 is there, and counts
    pd.testing.assert_frame_equal(one.runs(), results.runs())
    pd.testing.assert_frame_equal(one.history(), results.history())
    pd.testing.assert_frame_equal(one.cost(), results.cost())
    assert not (tmp_path / "mine").exists()
    assert set(one.provenance().device) == {"cpu"} and len(one.provenance()) == 4 and one.devices().startswith("4 on ")


def time_for_one_block():
    """A `run_grid` that runs the first jobs that it gets, and says of all others that the deadline stopped them."""
    left = [run_grid]

    def run(train, jobs, *rest, deadline):
        """Run or give up."""
        return left.pop()(train, jobs, *rest) if left else [None] * len(jobs)

    return run


@pytest.mark.slow
def test_pieces_in_two_clones_add_up_to_one_long_run(grid, tmp_path, monkeypatch):
    _, whole = grid
    here, there = tmp_path / "here", tmp_path / "there"
    for folder, seed in ((here, 0), (there, 1)):  # one clone begins with seed 0, the other with seed 1
        monkeypatch.setattr(budget, "run_grid", time_for_one_block())
        piece = run(folder, first_seed=seed, minutes=600)
        assert piece.outcome.left == 2 and set(piece.runs().seed) == {seed}
    merged = run(here, more_records=there)
    assert merged.forecast is None and merged.outcome.left == 0
    pd.testing.assert_frame_equal(merged.runs(), whole.runs())
    pd.testing.assert_frame_equal(merged.history(), whole.history())


@pytest.mark.slow
def test_a_grid_that_is_killed_loses_nothing_that_was_finished(grid, tmp_path):
    """Killed after its first record, in the middle of whatever comes then."""
    _, whole = grid
    program = start(run_alone, tmp_path)
    end = time.monotonic() + 240
    while not (finished := sorted((tmp_path / "records").glob("*.json"))) and time.monotonic() < end:
        time.sleep(0.02)
    program.kill()
    program.join()
    before = {path: path.read_bytes() for path in finished}
    assert before and all(read_record(path) for path in finished)
    again = run(tmp_path)
    assert {path: path.read_bytes() for path in finished} == before
    pd.testing.assert_frame_equal(again.runs(), whole.runs())
    assert len(list((tmp_path / "records").iterdir())) == 4


def small(**changes):
    settings = Settings(**COMMON | changes, method="SC")
    return settings, conditions_of(settings, EVALUATION, 64)


def test_the_seconds_of_a_broken_off_training_count_as_earlier_ones(tmp_path):
    class Broken(Exception):
        """The first call ends after one epoch."""

    def break_off(done):
        if done:
            raise Broken

    settings, conditions = small(epochs=2)
    with pytest.raises(Broken):
        train_and_evaluate(tmp_path, settings, EVALUATION, conditions, "cpu", break_off)
    assert epochs_done(training_folder(tmp_path, settings, conditions)) == 1
    record = train_and_evaluate(tmp_path, settings, EVALUATION, conditions, "cpu", lambda done: None)
    spent = sum(record["timings"][0][part] for part in ("features", "selection", "steps"))
    assert record["earlier seconds"] == pytest.approx(spent) and record["seconds"] > spent
    (maker,) = record["made"]  # the same machine and code both times
    assert maker["device"] == "cpu" and maker["versions"]["torch"] == metadata.version("torch")


def test_seeds_may_begin_elsewhere(tmp_path, monkeypatch):
    monkeypatch.setattr(experiment, "forecast", lambda *arguments: pd.DataFrame([("SGD", 3, 0.5)], columns=FORECAST))
    monkeypatch.setattr(experiment, "run_jobs", lambda train, jobs, *rest: pytest.fail(str([job.key for job in jobs])))
    with pytest.raises(pytest.fail.Exception, match=r"^\[\('simclr', 'SGD', 5\), .* 6\), \('simclr', 'SGD', 7\)\]$"):
        run_experiment(tmp_path, ["SGD"], ["simclr"], 3, COMMON, EVALUATION, first_seed=5)
    with pytest.raises(ValueError, match=r"^first_seed=-1 must be >= 0$"):
        run_experiment(tmp_path, ["SGD"], ["simclr"], 3, COMMON, EVALUATION, first_seed=-1)


def test_a_finished_training_is_evaluated_anew_for_another_evaluation(grid, monkeypatch):
    folder, results = grid
    monkeypatch.setattr(Trainer, "_train_epoch", lambda self: pytest.fail("it trained again"))
    record = next(r for r in results.records if r["settings"]["method"] == "SC")
    settings = Settings(**COMMON, method="SC")
    other = Evaluation(test_images=40, corrupted_images=3, severities=(2,), linear_probe=False)
    conditions = conditions_of(settings, other, 64)
    new = train_and_evaluate(folder, settings, other, conditions, "cpu", lambda done: None)
    assert [row["loss"] for row in new["history"]] == pytest.approx([row["loss"] for row in record["history"]])
    assert new["trained"]["R@1"] != record["trained"]["R@1"]
    record_path(folder, settings, conditions).unlink()


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
    monkeypatch.setattr(experiment, "run_jobs", lambda *arguments: pytest.fail("the workers began"))
    with pytest.raises(ValueError, match=message):
        run_experiment(tmp_path, methods, ["simclr"], 1, COMMON | changes, EVALUATION)


def test_records_without_the_untrained_network_have_no_row_for_it(grid):
    _, results = grid
    only_sc = Results([record for record in results.records if record["settings"]["method"] == "SC"])
    assert set(only_sc.runs().selector) == {"SC"}
