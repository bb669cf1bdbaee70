"""What can be downloaded: addresses, checksums, and the one command that does it."""

import shutil
import tempfile
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path

from replication import files
from replication.validation import check_choice


@dataclass(frozen=True)
class Archive:
    """A published archive: title, address, its MD5, megabytes, and the one folder that it unpacks to."""

    title: str
    url: str
    md5: str
    megabytes: int
    folder: str

    @property
    def filename(self) -> str:
        """Return the name of the archive itself."""
        return self.url.rsplit("/", 1)[1]


# What stands here of both CIFAR sets is torchvision's, which takes seconds to load; a test compares. The MD5 of Tiny ImageNet
# is not published by its authors: it is the value that independent loaders agree on. Those of the corrupted sets are the ones
# on Zenodo, as others' loaders repeat them.
ARCHIVES = {
    "cifar10": Archive(
        "CIFAR-10",
        "https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz",
        "c58f30108f718f92721af3b95e74349a",
        170,
        "cifar-10-batches-py",
    ),
    "cifar100": Archive(
        "CIFAR-100",
        "https://www.cs.toronto.edu/~kriz/cifar-100-python.tar.gz",
        "eb9058c3a382ffc7106e4002c42a8d85",
        169,
        "cifar-100-python",
    ),
    "tiny-imagenet": Archive(
        "Tiny ImageNet",
        "http://cs231n.stanford.edu/tiny-imagenet-200.zip",
        "90528d7ca1a48142e341f4ef8d21d0de",
        248,
        "tiny-imagenet-200",
    ),
    "cifar10-c": Archive(
        "CIFAR-10-C",
        "https://zenodo.org/records/2535967/files/CIFAR-10-C.tar",
        "56bf5dcef84df0e2308c6dcbcbbd8499",
        2918,
        "CIFAR-10-C",
    ),
    "cifar100-c": Archive(
        "CIFAR-100-C",
        "https://zenodo.org/records/3555552/files/CIFAR-100-C.tar",
        "11f0ed0f1191edbf9fa23466ae6021d3",
        2918,
        "CIFAR-100-C",
    ),
    "tiny-imagenet-c": Archive(
        "Tiny ImageNet-C",
        "https://zenodo.org/records/8206060/files/Tiny-ImageNet-C.tar",
        "f9c9a9dbdc11469f0b850190f7ad8be1",
        1795,
        "Tiny-ImageNet-C",
    ),
}


def folder_of(name: str) -> Path:
    """Return the folder in which the unpacked archive `name` is expected."""
    return files.data_dir() / ARCHIVES[name].folder


def unavailable(name: str, reason: str) -> FileNotFoundError:
    """Return the error that says in one line what is wrong with the data set `name` and which command gets it."""
    archive = ARCHIVES[name]
    return FileNotFoundError(
        f"{archive.title} is {reason}; download it ({archive.megabytes} MB, to {folder_of(name)}) with: "
        f"python -m replication.datasets {name}"
    )


def download(name: str) -> Path:
    """Download an archive into `data/` unless it is there already, compare its checksum, unpack it; return its folder.

    The folder appears complete or not at all; one that was there is replaced. The archive is kept.

    Raises:
        ValueError: unknown name.
        RuntimeError: the address cannot be reached, the file that came has another checksum or another content, or the disk
            is full.
    """
    check_choice("dataset", name, ARCHIVES)
    from torchvision.datasets import utils

    archive, data = ARCHIVES[name], files.data_dir()
    data.mkdir(parents=True, exist_ok=True)
    file = data / archive.filename
    with tempfile.TemporaryDirectory(prefix=".unfinished-", dir=data) as scratch:
        if not utils.check_integrity(str(file), archive.md5):
            _fetch(archive, Path(scratch), file)
        unpacked, target = Path(scratch, archive.folder), folder_of(name)
        try:
            utils.extract_archive(str(file), scratch)
            if not unpacked.is_dir():
                raise RuntimeError(f"{file} does not hold the folder {archive.folder}")
            if target.exists():
                target.rename(Path(scratch, "replaced"))
            shutil.move(unpacked, target)
        except OSError as error:
            raise RuntimeError(f"{file} cannot be unpacked to {target}: {error.strerror or error}") from None
    return target


def _fetch(archive: Archive, scratch: Path, file: Path) -> None:
    from torchvision.datasets import utils

    try:
        utils.download_url(archive.url, str(scratch), archive.filename)
    except (OSError, HTTPException) as error:  # urllib's own errors are OSErrors
        raise RuntimeError(f"{archive.url} cannot be downloaded to {file}: {error}") from None
    found = utils.calculate_md5(str(scratch / archive.filename))
    if found != archive.md5:
        raise RuntimeError(f"{archive.url} came with MD5 {found}; it must be {archive.md5}. Nothing was kept in {file}")
    (scratch / archive.filename).replace(file)
