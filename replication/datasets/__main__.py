"""Download a data set into `data/`, with its checksum compared: `python -m replication.datasets cifar100`."""

import argparse
import sys

from replication.datasets.archives import ARCHIVES, download


def main(arguments: list[str] | None = None) -> int:
    """Download one data set, or list them; return the exit code: 0 done, 1 the download failed."""
    parser = argparse.ArgumentParser(prog="python -m replication.datasets", description=__doc__)
    parser.add_argument("name", nargs="?", choices=tuple(ARCHIVES), help="which one; without it, show the list")
    name = parser.parse_args(arguments).name
    if name is None:
        for key, archive in ARCHIVES.items():
            print(f"{key:16} {archive.title:16} {archive.megabytes:5} MB  {archive.url}")
        return 0
    try:
        print(f"{ARCHIVES[name].title} is in {download(name)}")
    except RuntimeError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
