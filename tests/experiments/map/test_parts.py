"""Parts on the disk: what was written is read, and what does not fit is made anew."""

import numpy as np
import pytest
import torch
from small_heads import small_settings, small_splits

from replication.experiments.map.parts import checksum_of_features, part_path, read_part, write_part
from replication.heads import Training, train_heads

SPLITS = small_splits()
TRAININGS = [Training("SGD", 0, 1e-2), Training("OSGD, k 4", 0, 1e-2)]


@pytest.fixture(scope="module")
def results():
    return train_heads(*SPLITS, small_settings(), TRAININGS, workers=1)


@pytest.fixture
def path(tmp_path):
    return part_path(tmp_path, "data", small_settings(), TRAININGS)


def test_what_was_written_is_read(results, path):
    write_part(path, results)
    for one, other in zip(results, read_part(path, TRAININGS), strict=True):
        assert one.record() == other.record() and other.heads is None
        for side in ("u2v", "v2u"):
            assert torch.equal(one.test_ranks[side], other.test_ranks[side])


def test_a_damaged_or_missing_part_is_none(results, path):
    assert read_part(path, TRAININGS) is None
    write_part(path, results)
    path.write_bytes(path.read_bytes()[:-200])
    assert read_part(path, TRAININGS) is None
    np.savez(path, other=np.zeros(2))
    assert read_part(path, TRAININGS) is None


def test_a_part_of_other_trainings_is_none(results, path):
    write_part(path, results)
    assert read_part(path, TRAININGS[::-1]) is None


def test_all_that_decides_the_numbers_is_in_the_name(tmp_path, path, monkeypatch):
    names = {path.name, part_path(tmp_path, "other", small_settings(), TRAININGS).name}
    names.add(part_path(tmp_path, "data", small_settings(epochs=9), TRAININGS).name)
    names.add(part_path(tmp_path, "data", small_settings(), TRAININGS[:1]).name)
    monkeypatch.setattr("replication.experiments.map.parts.PROTOCOL", -1)
    names.add(part_path(tmp_path, "data", small_settings(), TRAININGS).name)
    assert len(names) == 5


def test_the_checksum_sees_every_split_and_side():
    train, val, test = SPLITS
    sums = {
        checksum_of_features([train, val, test]),
        checksum_of_features([val, train, test]),
        checksum_of_features([train, val]),
    }
    assert len(sums) == 3 and checksum_of_features(list(SPLITS)) in sums
