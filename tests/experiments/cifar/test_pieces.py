"""Pieces without a notebook: records come out, and a wrong option is one line."""

import pytest
from small_grid import run

from replication.experiments.cifar import pieces
from replication.experiments.cifar.pieces import main
from replication.experiments.cifar.profile import profile_parameters
from replication.experiments.grid.budget import NothingFinished
from replication.reporting.notebooks import resolve


def test_profiles_are_read_as_the_runner_reads_them():
    for name in ("smoke", "gpu-narrow", "paper"):
        assert profile_parameters(name) == resolve("cifar", name)[1]
    assert profile_parameters("smoke", {"lr": "0.5", "methods": "[SGD, SC]"})["methods"] == ["SGD", "SC"]


def test_a_piece_says_what_there_is_and_what_is_left(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(pieces, "run_experiment", lambda folder, *rest, **options: run(folder, seeds=1))
    assert main(["smoke", "--folder", str(tmp_path), "--minutes", "5"]) == 0
    last = capsys.readouterr().out.splitlines()[-1]
    assert last == "trainings there are: 1 of SGD with simclr, 1 of SC with simclr; left: 0, about 0 minutes"
    assert len(list((tmp_path / "records").glob("*.json"))) == 2


def test_a_piece_that_finishes_nothing_is_no_error(tmp_path, monkeypatch, capsys):
    def nothing(*arguments, **options):
        raise NothingFinished("no training is finished")

    monkeypatch.setattr(pieces, "run_experiment", nothing)
    assert main(["smoke", "--folder", str(tmp_path), "--minutes", "5"]) == 0
    assert capsys.readouterr().out == "no training is finished\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["enormous", "--minutes", "5"], "profile='enormous' must be one of"),
        (["smoke", "--minutes", "-5"], "minutes=-5.0 must be a finite number >= 0"),
        (["smoke", "--minutes", "5", "--set", "lr=fast"], "lr='fast' must be a number"),
        (["smoke", "--minutes", "5", "--set", "lr"], "--set 'lr' must be NAME=VALUE"),
    ],
)
def test_wrong_options_are_one_line(tmp_path, capsys, arguments, message):
    assert main([*arguments, "--folder", str(tmp_path)]) == 2
    error = capsys.readouterr().err
    assert error.startswith(f"error: {message}") and error.count("\n") == 1
