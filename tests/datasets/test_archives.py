"""Downloads: from a small server on this machine in place of the internet."""

import errno
import hashlib
import tarfile
import threading
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from torchvision.datasets import CIFAR10, CIFAR100

from replication.datasets.__main__ import main
from replication.datasets.archives import ARCHIVES, download


class Silent(SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture
def published(tmp_path, monkeypatch):
    """A small archive, published under the name of a real data set; its path."""
    source = tmp_path / "elsewhere" / "CIFAR-100-C"
    source.mkdir(parents=True)
    (source / "fog.npy").write_bytes(b"pixels")
    archive = tmp_path / "elsewhere" / "CIFAR-100-C.tar"
    with tarfile.TarFile(archive, "w") as tar:
        tar.add(source, "CIFAR-100-C")
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Silent, directory=str(archive.parent)))
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}/{archive.name}"
    md5 = hashlib.md5(archive.read_bytes()).hexdigest()
    monkeypatch.setitem(ARCHIVES, "cifar100-c", replace(ARCHIVES["cifar100-c"], url=url, md5=md5))
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    yield archive
    server.shutdown()
    server.server_close()


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr("replication.files.data_dir", lambda: tmp_path / "data")
    return tmp_path / "data"


def test_a_download_is_unpacked_and_leaves_nothing_else(published, folder):
    assert download("cifar100-c") == folder / "CIFAR-100-C"
    assert (folder / "CIFAR-100-C" / "fog.npy").read_bytes() == b"pixels"
    assert sorted(path.name for path in folder.iterdir()) == ["CIFAR-100-C", "CIFAR-100-C.tar"]


def test_an_archive_that_is_there_is_not_fetched_again_and_a_damaged_folder_is_replaced(published, folder):
    download("cifar100-c")
    published.unlink()
    (folder / "CIFAR-100-C" / "fog.npy").write_bytes(b"damaged")
    (folder / "CIFAR-100-C" / "more").write_bytes(b"")
    download("cifar100-c")
    assert [path.name for path in (folder / "CIFAR-100-C").iterdir()] == ["fog.npy"]
    assert (folder / "CIFAR-100-C" / "fog.npy").read_bytes() == b"pixels"


def test_half_an_archive_from_before_is_fetched_again(published, folder):
    folder.mkdir()
    (folder / "CIFAR-100-C.tar").write_bytes(published.read_bytes()[:100])
    download("cifar100-c")
    assert (folder / "CIFAR-100-C.tar").read_bytes() == published.read_bytes()


def test_a_wrong_checksum_keeps_nothing(published, folder, capsys):
    published.write_bytes(published.read_bytes() + b"x")
    with pytest.raises(
        RuntimeError,
        match=r"CIFAR-100-C.tar came with MD5 [0-9a-f]{32}; it must be [0-9a-f]{32}. Nothing was kept in .*tar$",
    ):
        download("cifar100-c")
    assert list(folder.iterdir()) == []
    assert main(["cifar100-c"]) == 1
    assert capsys.readouterr().err.splitlines()[-1].startswith("error: http://127")  # after the progress bar


def test_an_address_that_does_not_answer_is_reported_in_one_line(published, folder):
    published.unlink()
    with pytest.raises(RuntimeError, match=r"^http:.*CIFAR-100-C.tar cannot be downloaded to .*tar: .*404") as caught:
        download("cifar100-c")
    assert "\n" not in str(caught.value) and list(folder.iterdir()) == []


@pytest.mark.parametrize(("name", "source"), [("cifar10", CIFAR10), ("cifar100", CIFAR100)])
def test_what_stands_here_of_cifar_is_what_torchvision_says(name, source):
    archive = ARCHIVES[name]
    assert (archive.url, archive.md5, archive.folder) == (source.url, source.tgz_md5, source.base_folder)


def test_a_disk_that_is_full_while_unpacking_is_one_line_and_leaves_nothing_half_unpacked(published, folder, monkeypatch):
    def full(file, place):
        Path(place, "CIFAR-100-C").mkdir()
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("torchvision.datasets.utils.extract_archive", full)
    with pytest.raises(RuntimeError, match=r"CIFAR-100-C.tar cannot be unpacked to .*CIFAR-100-C: No space left on device$"):
        download("cifar100-c")
    assert [path.name for path in folder.iterdir()] == ["CIFAR-100-C.tar"]


def test_an_archive_with_another_content_is_refused(published, folder, monkeypatch):
    monkeypatch.setitem(ARCHIVES, "cifar100-c", replace(ARCHIVES["cifar100-c"], folder="other"))
    with pytest.raises(RuntimeError, match=r"does not hold the folder other$"):
        download("cifar100-c")


def test_the_command_downloads_lists_and_refuses(published, folder, capsys):
    assert main(["cifar100-c"]) == 0
    assert capsys.readouterr().out.endswith(f"CIFAR-100-C is in {folder / 'CIFAR-100-C'}\n")
    assert main([]) == 0
    listed = capsys.readouterr().out
    assert all(name in listed and archive.url in listed for name, archive in ARCHIVES.items())
    with pytest.raises(SystemExit) as caught:
        main(["mnist"])
    assert caught.value.code == 2
    with pytest.raises(ValueError, match=r"^dataset='mnist' must be one of 'cifar10', "):
        download("mnist")
