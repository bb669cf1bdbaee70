"""What the tests of features share."""

import pytest

from replication import files


@pytest.fixture
def data(monkeypatch, tmp_path):
    """An empty folder that takes the place of `data/`."""
    monkeypatch.setattr(files, "data_dir", lambda: tmp_path)
    return tmp_path
