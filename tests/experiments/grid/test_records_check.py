"""Records made elsewhere: which profile they fit, or why none."""

import json
import shutil

import pytest

from replication.experiments.cifar.conditions import shared_by_records
from replication.experiments.cifar.settings import Settings
from replication.experiments.grid.record_files import record_path, write_record
from replication.experiments.grid.records_check import check_folder

PARAMETERS = {"dataset": "digits", "network": "narrow", "size": 16, "epochs": 2, "warmup_epochs": 0, "images": 64}
PARAMETERS |= {"objectives": ["simclr"], "first_seed": 0, "test_images": 30, "corrupted_images": 3, "severities": [2]}
PARAMETERS |= {"linear_probe": False}
KNOWN = {"cifar": {"short": PARAMETERS, "long": PARAMETERS | {"epochs": 9}, "huge": PARAMETERS | {"dataset": "cifar100"}}}


@pytest.fixture(autouse=True)
def no_data(monkeypatch, tmp_path):
    monkeypatch.setattr("replication.files.data_dir", lambda: tmp_path / "empty")


def put(folder, name="", conditions=None, **changes):
    settings = Settings(**Settings.common(PARAMETERS) | {"method": "SC", "seed": 3} | changes)
    mine = shared_by_records(PARAMETERS)[1] | (conditions or {})
    record = {"settings": settings.identity(), "conditions": mine, "before": None, "trained": {"R@1": 1.0}}
    record |= {"batch losses": {}, "history": [], "timings": [], "images": 64, "updates": 8, "seconds": 1.0, "made": []}
    path = record_path(folder, settings, mine)
    path = path.with_name(name) if name else path
    write_record(path, record)
    return path


def test_a_record_that_fits_names_its_profiles(tmp_path):
    path = put(tmp_path)
    for folder in (tmp_path, tmp_path / "records"):
        assert check_folder(folder, KNOWN) == ([f"{path} (cifar: SC, simclr, seed 3) fits short"], True)


def test_what_does_not_fit_names_the_nearest_profile_and_the_differences(tmp_path):
    put(tmp_path, epochs=8, lr=0.5)
    ((line,), good) = check_folder(tmp_path, KNOWN)
    assert not good and "fits no profile; short is the nearest: epochs=8 (here 2), lr=0.5 (here 0.075)" in line
    assert "not compared with huge (" in line  # its data are not here


def test_another_protocol_and_a_copy_are_told(tmp_path):
    path = put(tmp_path)
    shutil.copy(path, path.with_name("copy.json"))
    put(tmp_path, seed=4, conditions={"protocol": 99})
    lines, good = check_folder(tmp_path, KNOWN)
    text = "\n".join(lines)
    assert not good and "is of the same training as" in text and "protocol=99 (here 1)" in text


def test_damaged_and_foreign_records_are_one_line_each(tmp_path):
    path = put(tmp_path, conditions={"experiment": "theory"})
    path.with_name("cut.json").write_text(path.read_text(encoding="utf-8")[:50], encoding="utf-8")
    path.with_name("list.json").write_text(json.dumps([1]), encoding="utf-8")
    lines, good = check_folder(tmp_path, KNOWN | {"theory": {"default": {}}})
    assert not good and len(lines) == 3
    assert any("theory trains no networks" in line for line in lines)
    assert sum("is no record: " in line for line in lines) == 2


def test_an_empty_folder(tmp_path):
    assert check_folder(tmp_path, KNOWN) == ([f"{tmp_path} holds no records"], False)
