"""Image-caption pairs, decoded once: digits with made-up captions, Flickr8k, MSCOCO, or a CSV of your own."""

from replication.datasets.pairs.captions import caption_groups, draw_captions
from replication.datasets.pairs.decoding import FITS
from replication.datasets.pairs.pairs import (
    PAIR_PARAMETERS,
    PHOTOGRAPHS,
    SOURCES,
    SPLITS,
    PairSet,
    load_pairs,
    pair_checksums,
    resolved,
)

__all__ = [
    "FITS",
    "PAIR_PARAMETERS",
    "PHOTOGRAPHS",
    "SOURCES",
    "SPLITS",
    "PairSet",
    "caption_groups",
    "draw_captions",
    "load_pairs",
    "pair_checksums",
    "resolved",
]
