"""The choice of the update: planted speeds and failures, real processes, and the command."""

import ast
import importlib.util
from pathlib import Path

import pandas as pd
import pytest
from small_pretraining import small_settings

from replication.experiments.cifar import experiment, fastest_step, step_table
from replication.experiments.cifar.evaluation import Evaluation
from replication.experiments.cifar.fastest_step import main, profile_settings
from replication.experiments.cifar.step_crew import Crew, StepFailed, reason
from replication.experiments.cifar.step_table import time_steps
from replication.experiments.cifar.step_timer import Beginning
from replication.experiments.grid.budget import NothingFinished, Outcome
from replication.training.settings import PRECISIONS

BEGUN = Beginning([4.0, 3.9], 0.5)
TRAININGS = [small_settings(), small_settings(objective="sogclr")]


class PlantedCrews:
    """Crews whose variants begin and take so many seconds an update as planted; an error stands for a failure."""

    def __init__(self, seconds, beginnings=None):
        self.seconds, self.beginnings, self.started, self.closed = seconds, beginnings or {}, 0, 0

    def __call__(self, count):
        self.started += 1
        return self

    def ask(self, members, call, *arguments):
        members = list(members)
        if call == "flops":
            return [2e9]
        if call == "prepare":
            (self.variant,) = arguments
            begun = self.beginnings.get(self.variant, BEGUN)
            if isinstance(begun, StepFailed):
                raise begun
            return [{"simclr": BEGUN, "sogclr": begun} for _ in members]
        seconds = self.seconds.get((self.variant, len(members)), 1.0)
        if isinstance(seconds, StepFailed):
            raise seconds
        return [(100, 100 * seconds) for _ in members]

    def close(self):
        self.closed += 1


def timed(crews, counts=(1, 2, 4)):
    return time_steps(TRAININGS, "cuda", [*counts], start=crews)


def chosen(table):
    (row,) = table[table.verdict == "chosen"].itertuples()
    return row.variant, row[2]


def test_the_fastest_is_chosen_and_its_row_says_how_fast():
    crews = PlantedCrews({("graph", 1): 0.002, ("graph", 2): 0.002, ("compiled", 4): 0.003, ("graph", 4): 0.0029})
    table = timed(crews)
    assert chosen(table) == ("graph", 4) and len(table) == 12 and crews.started == crews.closed == 1
    row = table[(table.variant == "compiled") & (table["side by side"] == 4)].iloc[0]
    assert row["ms per update"] == pytest.approx(3) and row["ms per update and training"] == pytest.approx(0.75)
    assert row["updates/s"] == pytest.approx(4 / 0.003) and row["images/s"] == pytest.approx(16 * 4 / 0.003)
    assert row["TFLOP/s"] == pytest.approx(2e9 * 4 / 0.003 / 1e12) and row["largest deviation"] == 0


def test_of_equals_more_trainings_side_by_side_are_chosen():
    crews = PlantedCrews({("graph", 1): 0.001, ("graph", 2): 0.00202, ("graph", 4): 0.0045})
    assert chosen(timed(crews)) == ("graph", 2)
    assert chosen(timed(PlantedCrews({("eager", 1): 0.1}), counts=[1])) == ("eager", 1)


@pytest.mark.parametrize(
    ("begun", "why"),
    [
        (StepFailed("RuntimeError: CUDA error"), "skipped: RuntimeError: CUDA error"),
        (Beginning([4.0, 3.8], 0.5), "skipped: the losses of sogclr deviate by 0.025 from those of eager; at most 0.001"),
        (Beginning([4.0, float("nan")], 0.5), "skipped: the losses of sogclr deviate by nan from those of eager"),
        (Beginning([4.0, 3.9], 0.0), "skipped: the moved weights of sogclr deviate by 1 from those of eager; at most 0.05"),
    ],
)
def test_a_variant_that_fails_or_deviates_is_skipped_with_its_reason(begun, why):
    crews = PlantedCrews({("graph", 1): 0.001, ("compiled", 1): 0.5}, {"graph": begun})
    table = timed(crews, counts=[1])
    assert chosen(table) == ("compiled", 1) and crews.started == crews.closed == 2  # the failure may have spoiled its process
    (row,) = table[table.variant == "graph"].itertuples()
    assert row.verdict.startswith(why) and pd.isna(row[5])


def test_what_works_alone_counts_though_there_is_no_room_for_more():
    table = timed(PlantedCrews({("graph", 1): 0.001, ("graph", 2): StepFailed("OutOfMemoryError: CUDA out of memory.")}))
    assert chosen(table) == ("graph", 1)
    assert table[table.variant == "graph"].verdict.tolist() == ["chosen", "skipped: OutOfMemoryError: CUDA out of memory."]


def test_without_eager_nothing_is_chosen_and_trainings_begin_as_the_settings_say(tmp_path, monkeypatch):
    table = timed(PlantedCrews({}, {"eager": StepFailed("no data")}))
    assert table.verdict.tolist() == ["skipped: no data"] and table["updates/s"].isna().all()
    for broken in (lambda *arguments: table, lambda *arguments: 1 / 0):
        monkeypatch.setattr(fastest_step, "time_steps", broken)
        found = fastest_step.fastest_step(TRAININGS * 3, "cpu", tmp_path)
        assert found[:2] == ("", 4) and found.table.verdict[0].startswith("skipped: ") and not list(tmp_path.iterdir())


def test_a_choice_is_measured_once(tmp_path, monkeypatch):
    table = timed(PlantedCrews({("graph", 4): 0.001}))
    monkeypatch.setattr(fastest_step, "time_steps", lambda *arguments: table)
    first = fastest_step.fastest_step(TRAININGS * 3, "cpu", tmp_path)
    monkeypatch.setattr(fastest_step, "time_steps", lambda *arguments: pytest.fail("measured again"))
    again = fastest_step.fastest_step(TRAININGS * 3, "cpu", tmp_path)
    assert first[:2] == again[:2] == ("graph", 4)
    pd.testing.assert_frame_equal(first.table, again.table)


def test_a_grid_on_a_gpu_runs_with_the_choice(tmp_path, monkeypatch):
    begun = []
    choice = fastest_step.FastestStep("graph", 2, pd.DataFrame({"variant": ["graph"]}))
    hours = pd.DataFrame({"selector": ["SGD", "SC"], "trainings": 2, "hours": 1.0})
    monkeypatch.setattr(experiment, "fastest_step", lambda grid, device, folder: begun.append((len(grid), device)) or choice)
    monkeypatch.setattr(experiment, "forecast", lambda *arguments: hours)

    def note(train, jobs, workers, *rest):
        """Note with what the grid would be trained."""
        begun.append((train.keywords["variant"], workers))
        return Outcome(left=len(jobs))

    monkeypatch.setattr(experiment, "run_jobs", note)
    common = {"dataset": "digits", "network": "narrow", "images": 64, "epochs": 1, "warmup_epochs": 0}
    for device, workers in (("cuda", 0), ("cuda", 3), ("cpu", 2)):
        with pytest.raises(NothingFinished):
            experiment.run_experiment(tmp_path, ["SGD", "SC"], ["simclr"], 2, common, Evaluation(), workers, device)
    assert begun == [(4, "cuda"), ("graph", 2), ("", 3), ("", 2)]


@pytest.mark.slow
def test_processes_answer_side_by_side_and_say_what_went_wrong():
    """A crew of real processes, on the CPU: what they return, what they raise, and that one of them ended."""
    crew = Crew(2, [small_settings(objective="sogclr")], "cpu")
    try:
        first, second = crew.ask([0, 1], "prepare", "eager")
        assert first == second and len(first["sogclr"].losses) == 10 and first["sogclr"].distance > 0
        assert all(updates == 5 and seconds > 0 for updates, seconds in crew.ask([0, 1], "speed", 0.0))
        with pytest.raises(StepFailed, match=r"^ValueError: variant='graph' needs a device of type cuda; it is cpu$"):
            crew.ask([0], "prepare", "graph")
        crew.processes[1].kill()
        with pytest.raises(StepFailed, match=r"^its process ended with exit code -9$"):
            crew.ask([1], "flops")
    finally:
        crew.close()
    assert not any(process.is_alive() for process in crew.processes)


def test_a_reason_names_the_error_behind_an_error():
    try:
        try:
            raise RuntimeError("operation not permitted\nwhen stream is capturing")
        finally:
            raise ValueError("capture was invalidated")
    except ValueError as error:
        assert reason(error) == "ValueError: capture was invalidated; after RuntimeError: operation not permitted"


def test_without_a_gpu_the_table_has_the_row_of_eager():
    (row,) = time_steps(TRAININGS, "cpu", [1], seconds=0.01).to_dict("records")
    assert (row["variant"], row["side by side"], row["verdict"], row["largest deviation"]) == ("eager", 1, "chosen", 0)
    assert row["images/s"] == pytest.approx(16 * row["updates/s"]) and row["TFLOP/s"] > 0


def test_the_command_reads_a_profile_as_notebooks_do(capsys, monkeypatch):
    (settings,) = profile_settings("smoke")
    assert (settings.dataset, settings.network, settings.images, settings.epochs, settings.k) == ("digits", "narrow", 128, 2, 2)
    simclr, sogclr = profile_settings("gpu", {"dataset": "digits", "size": "16", "compiled": "false"})
    assert (simclr.objective, sogclr.objective, simclr.network, simclr.size) == ("simclr", "sogclr", "resnet18", 16)
    assert simclr.precision == "bfloat16" and simclr.compiled is False
    monkeypatch.setattr(fastest_step, "time_steps", lambda *arguments: timed(PlantedCrews({("graph", 2): 0.001})))
    assert main(["smoke", "--device", "cpu"]) == 0 and "chosen" in capsys.readouterr().out
    for arguments, error in (
        (["enormous"], "profile='enormous' must be one of 'cpu-aged', "),
        (["smoke", "--network", "wide"], "network='wide' must be one of 'resnet18', 'narrow'"),
        (["smoke", "--size", "big"], "size='big' must be an integer"),
        (["smoke", "--seconds", "0"], "seconds=0.0 must be a finite number > 0"),
        (["smoke", "--device", "tpu"], "device='tpu' must be one of 'cpu', 'cuda'"),
    ):
        assert main(arguments) == 2 and capsys.readouterr().err.startswith(f"error: {error}")


def test_the_command_needs_no_packages_of_notebooks():
    """What its module imports as it is loaded, directly or not."""
    waiting, found = ["replication.experiments.cifar.fastest_step"], set()
    while waiting:
        name = waiting.pop()
        if name in found or not name.startswith("replication."):
            found.add(name)
            continue
        found.add(name)
        spec = importlib.util.find_spec(name)
        for node in ast.parse(Path(spec.origin).read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ImportFrom):
                parts = node.module.split(".")
                waiting += [".".join(parts[: end + 1]) for end in range(len(parts))]
            if isinstance(node, ast.Import):
                waiting += [alias.name for alias in node.names]
    packages = {name.split(".")[0] for name in found}
    assert "timm" in packages and "replication.experiments.cifar.pretraining" in found
    assert not packages & {"nbformat", "papermill", "jupyterlab", "IPython", "nbclient", "open_clip", "tabulate", "ipykernel"}
    assert not [name for name in found if name.startswith("replication.reporting")]


def test_tolerances_know_every_precision():
    assert set(step_table.TOLERANCE) == set(PRECISIONS)
