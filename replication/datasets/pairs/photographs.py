"""The layouts of Flickr8k and MSCOCO below `data/`, as they are downloaded."""

import json
from pathlib import Path

from replication import files
from replication.datasets.pairs.csv_listing import from_csv
from replication.datasets.pairs.listing import Listing, grouped, named
from replication.datasets.text_files import read_lines, read_text
from replication.validation import check_choice

FLICKR_LISTS = {"train": "Flickr_8k.trainImages.txt", "val": "Flickr_8k.devImages.txt", "test": "Flickr_8k.testImages.txt"}
FLICKR_IMAGES = ("Flicker8k_Dataset", "Flickr8k_Dataset", "images")  # the first is how its authors spell it
COCO_YEARS = {"train": "train2017", "test": "val2017"}


def flickr8k(split: str) -> Listing:
    """Return Flickr8k's official split: 6,000, 1,000 or 1,000 photographs with five captions each.

    Below `data/flickr8k`, either `captions.csv` (image, caption, split) beside `images/`, or the original files:
    `Flickr8k.token.txt`, `Flickr_8k.trainImages.txt` and so on, beside `Flicker8k_Dataset/`.

    Raises:
        FileNotFoundError: neither is there.
        ValueError: photographs of the split without captions; files that are not UTF-8.
    """
    folder = files.data_dir() / "flickr8k"
    if (folder / "captions.csv").is_file():
        return from_csv(folder / "captions.csv", split, "image", "caption", folder=folder / "images")
    tokens, names = folder / "Flickr8k.token.txt", folder / FLICKR_LISTS[split]
    for file in (tokens, names):
        if not file.is_file():
            raise FileNotFoundError(
                f"Flickr8k is missing ({file}): unpack Flickr8k_Dataset.zip and Flickr8k_text.zip (1.1 GB) in {folder}; "
                "data/README.md says where to get them"
            )
    images = next((folder / name for name in FLICKR_IMAGES if (folder / name).is_dir()), folder / FLICKR_IMAGES[0])
    captions: dict[str, list[str]] = {name: [] for name in read_lines(names)}
    for line in read_lines(tokens):
        place, _, caption = line.partition("\t")
        name = place.rpartition("#")[0]
        if name in captions:
            captions[name].append(caption)
    bare = [name for name, texts in captions.items() if not texts]
    if bare:
        raise ValueError(f"{len(bare)} of {len(captions)} photographs in {names} have no caption in {tokens}: {named(bare)}")
    return grouped([(images / name, caption) for name, texts in captions.items() for caption in texts])


def coco(split: str) -> Listing:
    """Return the captions of MSCOCO 2017: "train" is train2017; "test" is val2017, as the captions of its test set are secret.

    Below `data/coco`: `annotations/captions_train2017.json`, `train2017/`, and the same for val2017.

    Raises:
        ValueError: split "val", which it does not have besides "test"; annotations that are damaged, or whose captions are
            no texts.
        FileNotFoundError: the annotations are missing.
    """
    check_choice("the split of coco", split, COCO_YEARS)
    folder, year = files.data_dir() / "coco", COCO_YEARS[split]
    annotations: Path = folder / "annotations" / f"captions_{year}.json"
    if not annotations.is_file():
        raise FileNotFoundError(
            f"MSCOCO is missing ({annotations}): unpack {year}.zip and annotations_trainval2017.zip from "
            f"http://images.cocodataset.org in {folder}; data/README.md says more"
        )
    text = read_text(annotations)
    try:
        content = json.loads(text)
        names = {image["id"]: image["file_name"] for image in content["images"]}
        rows = [(folder / year / names[entry["image_id"]], entry["caption"]) for entry in content["annotations"]]
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{annotations} is damaged, or not MSCOCO's captions: {type(error).__name__} {error}") from None
    odd = [f"{caption!r} of {path.name}" for path, caption in rows if not isinstance(caption, str)]
    if odd:
        raise ValueError(f"{len(odd)} of {len(rows)} captions in {annotations} are no texts: {named(odd)}")
    return grouped(rows)
