"""Image data sets: scikit-learn's digits, which need no download, and what `data/` holds.

    data = load_image_set("cifar100", "train")             # images uint8 [N, 3, H, W], labels, mean, std
    gallery, types, source = corrupted_gallery("cifar100", severity=1, limit=1000)

`python -m replication.datasets cifar100` downloads a set and checks it (without a name: the list). Data are looked for in
`replication.files.data_dir()` and nowhere else.
"""

from replication.extras import need

need("replication.datasets", "clip", ("torchvision", "PIL", "tqdm"))

from replication.datasets.arrays import DATASETS, checksums, load_images
from replication.datasets.corruptions import CORRUPTIONS, corrupt
from replication.datasets.gallery import corrupted_gallery
from replication.datasets.image_set import IMAGE_SETS, ImageSet, load_image_set

__all__ = [
    "CORRUPTIONS",
    "DATASETS",
    "IMAGE_SETS",
    "ImageSet",
    "checksums",
    "corrupt",
    "corrupted_gallery",
    "load_image_set",
    "load_images",
]
