"""The layouts of Flickr8k and MSCOCO below `data/`, as they are downloaded."""

import json
from pathlib import Path

from replication.clip.data.listing import Listing, from_csv, grouped
from replication.paths import data_dir

COCO_YEARS = {"train": "train2017", "val": "val2017", "test": "val2017"}
FLICKR_LISTS = {"train": "Flickr_8k.trainImages.txt", "val": "Flickr_8k.devImages.txt", "test": "Flickr_8k.testImages.txt"}


def flickr8k(split: str) -> Listing:
    """Return Flickr8k's official split: 6,000, 1,000 or 1,000 photographs with five captions each.

    Below `data/flickr8k`, either `captions.csv` (image, caption, split) beside `images/`, or the original files:
    `Flickr8k.token.txt`, `Flickr_8k.trainImages.txt` and so on, beside `Flicker8k_Dataset/` (so spelt by its authors).

    Raises:
        FileNotFoundError: neither is there.
    """
    folder = data_dir() / "flickr8k"
    if (folder / "captions.csv").is_file():
        return from_csv(folder / "captions.csv", split, "image", "caption", folder / "images")
    tokens, names = folder / "Flickr8k.token.txt", folder / FLICKR_LISTS[split]
    if not tokens.is_file() or not names.is_file():
        raise FileNotFoundError(f"Flickr8k is missing in {folder}; data/README.md says where to get it and how to lay it out")
    wanted = set(names.read_text().split())
    rows = []
    for line in tokens.read_text(encoding="utf-8").splitlines():
        place, _, caption = line.partition("\t")
        name = place.rpartition("#")[0]
        if name in wanted:
            rows.append((folder / "Flicker8k_Dataset" / name, caption))
    return grouped(rows)


def coco(split: str) -> Listing:
    """Return the captions of MSCOCO 2017: "train" is train2017; "val" and "test" are val2017, as its test set has none.

    Below `data/coco`: `annotations/captions_train2017.json`, `train2017/`, and the same for val2017.

    Raises:
        FileNotFoundError: the annotations are missing.
    """
    folder, year = data_dir() / "coco", COCO_YEARS[split]
    annotations: Path = folder / "annotations" / f"captions_{year}.json"
    if not annotations.is_file():
        raise FileNotFoundError(f"{annotations} is missing; data/README.md says where to get MSCOCO and how to lay it out")
    content = json.loads(annotations.read_text())
    names = {image["id"]: image["file_name"] for image in content["images"]}
    return grouped([(folder / year / names[entry["image_id"]], entry["caption"]) for entry in content["annotations"]])
