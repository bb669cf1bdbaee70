"""Records: read back as written, gathered where they fit, one line on each that does not."""

import errno
import json
from pathlib import Path

import pytest

from replication.experiments.cifar.settings import Settings
from replication.experiments.grid.record_files import (
    RecordError,
    differences,
    gather,
    key_of,
    read_record,
    record_path,
    write_record,
)
from replication.training.checkpoint import CheckpointError

CONDITIONS = {"samples": 64, "data": {"digits": "ab12"}, "protocol": 1, "evaluation": {"test images": 30}}


def settings(**changes):
    return Settings(**{"dataset": "digits", "method": "SC", "network": "narrow", "epochs": 1, "warmup_epochs": 0} | changes)


def a_record(conditions=CONDITIONS, **changes):
    record = {"settings": settings(**changes).identity(), "conditions": conditions, "before": None}
    record |= {"trained": {"R@1": 100 / 3}, "batch losses": {}, "history": [{"epoch": 0, "loss": 1.5}], "timings": []}
    return record | {"images": 64, "updates": 4, "seconds": 2.0, "made": [{"device": "cpu", "name": "a machine"}]}


def put(folder, name="", conditions=CONDITIONS, **changes):
    path = record_path(folder, settings(**changes), conditions)
    path = path.with_name(name) if name else path
    write_record(path, a_record(conditions, **changes))
    return path


def fitting(*folders, **changes):
    return gather(list(folders), settings(**changes).identity(), CONDITIONS)


def test_a_record_is_read_as_it_was_written_with_ten_digits(tmp_path):
    path = record_path(tmp_path, settings(), CONDITIONS)
    assert path.parent == tmp_path / "records" and path.name.startswith("SC-simclr-0-")
    written = write_record(path, a_record() | {"earlier seconds": 1.0})
    assert written == read_record(path) | {"earlier seconds": 1.0}
    assert written["trained"]["R@1"] == 33.33333333
    assert b"\r" not in path.read_bytes() and [file.name for file in path.parent.iterdir()] == [path.name]


def test_names_tell_trainings_apart_and_not_the_manner_of_computing():
    several = ({}, {"seed": 1}, {"method": "SGD"}, {"lr": 0.1})
    names = {record_path(Path("x"), settings(**more), CONDITIONS).name for more in several}
    assert len(names) == 4
    assert record_path(Path("x"), settings(compiled=True), CONDITIONS) == record_path(Path("x"), settings(), CONDITIONS)
    ends = {record_path(Path("x"), settings(seed=seed), CONDITIONS).stem[-8:] for seed in (0, 1)}
    assert len(ends) == 1  # comparable trainings share the end of their names


def test_records_of_any_seed_that_fit_are_gathered_from_all_folders(tmp_path):
    put(tmp_path / "a", seed=0), put(tmp_path / "a", seed=7, method="SGD"), put(tmp_path / "b", seed=1)
    found, lines = fitting(tmp_path / "a", tmp_path / "b")
    assert set(found) == {("simclr", "SC", 0), ("simclr", "SGD", 7), ("simclr", "SC", 1)} and lines == []
    assert found[("simclr", "SC", 0)]["earlier seconds"] == 2.0
    assert fitting(tmp_path / "nowhere") == ({}, [])


def test_the_same_record_in_two_folders_counts_once(tmp_path):
    put(tmp_path / "a"), put(tmp_path / "b")
    found, lines = fitting(tmp_path / "a", tmp_path / "b")
    assert len(found) == 1 and lines == []


def test_what_cannot_be_used_gets_one_line_and_the_rest_counts(tmp_path):
    good = put(tmp_path)
    put(tmp_path, name="copy.json")
    put(tmp_path, seed=1, conditions=CONDITIONS | {"protocol": 2})
    put(tmp_path, seed=2, lr=0.5), put(tmp_path, seed=3, lr=0.5)
    (good.parent / "cut.json").write_text(good.read_text(encoding="utf-8")[:200], encoding="utf-8")
    lacking = {name: value for name, value in a_record().items() if name != "trained"}
    (good.parent / "lacking.json").write_text(json.dumps(lacking), encoding="utf-8")
    (good.parent / ".hidden.json").write_text("{", encoding="utf-8")
    found, lines = fitting(tmp_path)
    assert set(found) == {("simclr", "SC", 0)} and len(lines) == 5
    text = "\n".join(lines)
    assert "is of the same training as" in text and "was made by another protocol: protocol=2 (here 1)" in text
    assert "cut.json is no record: " in text and "lacking.json is no record: it lacks 'trained'" in text
    assert lines[-1] == "left aside: 2 records of other settings, data or evaluations"


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"settings": 3}', "<<<<<<< HEAD\n{}", '{"a": NaN'])
def test_no_record(tmp_path, content):
    path = tmp_path / "x.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(RecordError, match=r"x\.json is no record: "):
        read_record(path)


@pytest.mark.parametrize(
    "wrong", [{"settings": {"objective": "simclr", "method": "SC", "seed": "0"}}, {"trained": {"R@1": "high"}}, {"made": {}}]
)
def test_fields_of_another_type(tmp_path, wrong):
    path = tmp_path / "x.json"
    path.write_text(json.dumps(a_record() | wrong), encoding="utf-8")
    with pytest.raises(RecordError):
        read_record(path)


def test_differences_are_named_with_both_values():
    record = a_record()
    assert differences(record, settings(seed=5, method="SGD").identity(), CONDITIONS) == []
    assert differences(record, settings(lr=0.5).identity(), CONDITIONS) == ["lr=0.075 (here 0.5)"]
    assert key_of(record) == ("simclr", "SC", 0)


def test_a_full_disk_leaves_no_half_record(tmp_path, monkeypatch):
    path = put(tmp_path)

    def full(descriptor):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("replication.training.checkpoint.os.fsync", full)
    with pytest.raises(CheckpointError, match=r"^record .* cannot be written: No space .*; the record before it is kept$"):
        write_record(path, a_record() | {"seconds": 5.0})
    assert read_record(path)["seconds"] == 2.0 and len(list(path.parent.iterdir())) == 1
