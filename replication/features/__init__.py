"""Features of pairs, computed once by frozen towers: what heads are trained on (`replication.heads`).

- `pair_features`: `PairFeatures`, the features of both sides of all pairs of a split, in memory.
- `npz`: the same from and to a file of yours.
- `sources`: the same of digits, Flickr8k, CIFAR-100 and CSV files, computed and cached; needs the extra `clip`.
- `images`, `texts`: the frozen towers: timm's and open_clip's for images, sentence-transformers' for texts (extra `text`).
- `simple`: principal components of pixels and of words, for digits, which need no download and no tower.
- `pixel_components`: unit embeddings of two augmented views of images, by principal components of pixels.
- `scaling`: centred features of size one, from which heads learn best.
- `reduction`: fewer dimensions, by principal components of the training features.
- `views`: which random views of an image have features.
- `cache`: arrays in `data/.features`, whole or not at all, made anew where they are damaged.
"""

from replication.features.npz import read_npz, write_npz
from replication.features.pair_features import PairFeatures
from replication.features.reduction import reduce_dimensions
from replication.features.scaling import centre_and_scale

__all__ = ["PairFeatures", "centre_and_scale", "read_npz", "reduce_dimensions", "write_npz"]
