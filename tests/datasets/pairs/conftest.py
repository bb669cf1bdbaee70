"""Stand-ins for the data folder, and small pictures and tables in it."""

import pytest
from PIL import Image

from replication import files


@pytest.fixture
def data(monkeypatch, tmp_path):
    """An empty folder that takes the place of `data/`."""
    monkeypatch.setattr(files, "data_dir", lambda: tmp_path)
    return tmp_path


@pytest.fixture
def picture():
    """picture(path, colour): write a picture of one colour."""

    def write(path, colour=(1, 2, 3), mode="RGB", size=(20, 10)):
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", size, colour).convert(mode).save(path)
        return path

    return write


@pytest.fixture
def write_csv(data):
    """write_csv(rows, header): write a table into the data folder and return its path as a source."""

    def write(rows, header="filepath,title", encoding="utf-8"):
        path = data / "pairs.csv"
        path.write_text("\n".join([header, *rows]) + "\n", encoding=encoding)
        return str(path)

    return write
