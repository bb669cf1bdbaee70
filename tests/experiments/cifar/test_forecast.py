"""The forecast: counted operations against a hand count, sums, and the command."""

import pytest
import torch
from small_pretraining import small_task

from replication.experiments.cifar import forecast as module
from replication.experiments.cifar.forecast import flops_of_a_view, flops_of_an_update, forecast, main

COMMON = {"dataset": "digits", "network": "narrow", "images": 64, "batch_size": 16, "epochs": 3, "warmup_epochs": 0, "size": 16}


def test_operations_of_a_convolution_and_a_matrix_are_those_counted_by_hand():
    task = small_task()
    task.network = torch.nn.Sequential(torch.nn.Conv2d(3, 5, 3, padding=1), torch.nn.Flatten(), torch.nn.Linear(5 * 16 * 16, 7))
    one = 2 * (16 * 16 * 5 * 3 * 9) + 2 * (5 * 16 * 16 * 7)
    assert flops_of_a_view(task) == one
    # Backwards: the gradients of both weights, and that of the input of the matrix, which is not needed of the images.
    assert flops_of_an_update(task) == 32 * (2 * one + 2 * (5 * 16 * 16 * 7))


def test_the_forecast_counts_updates_and_feature_passes(monkeypatch):
    monkeypatch.setattr(module, "seconds_of_an_update", lambda task: 2.0)
    monkeypatch.setattr(module, "seconds_of_a_view", lambda task: 0.5)
    monkeypatch.setattr(module, "flops_of_an_update", lambda task: 1e15)
    monkeypatch.setattr(module, "flops_of_a_view", lambda task: 1e12)
    table = forecast(COMMON, ["SGD", "SC"], ["simclr", "sogclr"], seeds=2, workers=2).set_index("selector")
    updates, views = 4 * 3 * 4, 4 * 3 * 128  # trainings x epochs x batches, or views
    assert table.trainings.tolist() == [4, 4, 8]
    assert table["PFLOP of updates"].tolist() == [updates, updates, 2 * updates]
    assert table["PFLOP of features"].tolist() == pytest.approx([0, views / 1000, views / 1000])
    seconds = [2 * updates, 2 * updates + views / 2, 4 * updates + views / 2]
    assert table.hours.tolist() == pytest.approx([each / 3600 for each in seconds])
    assert table["hours, 2 side by side"].tolist() == pytest.approx((table.hours / 2).tolist())


def test_a_snapshot_costs_a_renewal_and_a_feature_pass_an_epoch(monkeypatch):
    monkeypatch.setattr(module, "seconds_of_an_update", lambda task: 0.0)
    monkeypatch.setattr(module, "seconds_of_a_view", lambda task: 1.0)
    monkeypatch.setattr(module, "seconds_of_a_snapshot", lambda task: 1000.0)
    table = forecast(COMMON, ["SGD", "SC"], ["simclr", "simclr, snapshot"], seeds=2).set_index("selector")
    views, snapshots = 3 * 128, 2 * 3 * 1000  # three epochs, two trainings with a snapshot
    assert (3600 * table.hours).tolist() == pytest.approx(
        [2 * views + snapshots, 4 * views + snapshots, 6 * views + 2 * snapshots]
    )


def test_an_update_is_timed_without_the_renewal_of_the_snapshot(monkeypatch):
    task, renewals = small_task(objective="simclr, snapshot"), []
    renew = task.objective.renew
    monkeypatch.setattr(task.objective, "renew", lambda *arguments: renewals.append(arguments) or renew(*arguments))
    assert module.seconds_of_a_snapshot(task) > 0 and len(renewals) == 2
    assert module.seconds_of_an_update(task) > 0 and len(renewals) == 2


def test_refreshed_features_cost_a_pass_for_every_plan_that_covers_a_part_of_the_data(monkeypatch):
    monkeypatch.setattr(module, "seconds_of_an_update", lambda task: 0.0)
    monkeypatch.setattr(module, "seconds_of_a_view", lambda task: 3600.0)
    methods, more = ["SGD", "OSGD", "JEST", "SC"], {"images": 1024, "refresh_features": True, "epochs": 1}
    table = forecast(COMMON | more, methods, ["simclr"], seeds=1, workers=8)  # 64 batches; OSGD returns 6 of them, JEST 12
    assert table["hours"].tolist()[:4] == [0, 2048 * 11, 2048 * 6, 2048]
    assert "hours, 4 side by side" in table  # there are no more trainings


def test_the_network_is_timed_and_threads_are_left_as_they_were():
    threads = torch.get_num_threads()
    table = forecast(COMMON, ["SGD"], ["simclr"], seeds=1)
    assert (table.hours > 0).all() and torch.get_num_threads() == threads


def test_the_command_prints_a_profile_or_says_what_is_wrong(capsys, monkeypatch):
    assert main(["smoke"]) == 0
    assert "PFLOP of updates" in capsys.readouterr().out
    assert main(["enormous"]) == 2
    assert capsys.readouterr().err.startswith("error: profile 'enormous' of cifar must be one of")
