"""Image-caption pairs, decoded once: digits with made-up captions, Flickr8k, MSCOCO, or a CSV of your own."""

from replication.clip.data.captions import caption_groups, draw_captions, duplicate_share
from replication.clip.data.decoding import FITS
from replication.clip.data.pairs import (
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
    "duplicate_share",
    "load_pairs",
    "pair_checksums",
    "resolved",
]
