"""Pairs of captions that say the same."""

import itertools

import numpy as np

from replication.datasets.pairs.photographs import flickr8k
from replication.features.cache import checksum_of_texts
from replication.validation import check_choice, check_count

SOURCES = ("made up", "flickr8k")
SPLITS = ("train", "val", "test")
# Words with another for the same thing; a pair of captions says one scene once in the first words and once in the second.
SYNONYMS = (
    ("dog hound", "boy lad", "girl lass", "man fellow", "cat kitten", "horse mare", "rider jockey", "infant baby"),
    ("runs sprints", "jumps leaps", "sits rests", "looks gazes", "shouts yells", "eats dines", "falls tumbles", "digs burrows"),
    ("forest woods", "sea ocean", "street road", "hill slope", "house home", "field meadow", "stream brook", "shop store"),
    ("big large", "small little", "quick fast", "silent quiet"),
)
PATTERNS = ("a {3} {0} {1} at the {2}", "at the {2} {1} one {3} {0}")


def caption_pairs(source: str, split: str, count: int, seed: int) -> tuple[list[str], list[str]]:
    """Return two captions of each of `count` different photographs or made-up scenes, [N] and [N].

    Args:
        source: "made up", or "flickr8k", whose captions alone are read.
        split: "train", "val" or "test", which share no scene.
        count: pairs, drawn by `seed`.
        seed: decides which scenes, and which of the captions of a photograph.

    Raises:
        ValueError: an unknown source, or more pairs than there are.
        FileNotFoundError: Flickr8k is missing.
    """
    check_choice("captions", source, SOURCES)
    rng = np.random.default_rng(seed)
    captions = _made_up(split) if source == "made up" else flickr8k(split).captions
    check_count("count", count, 2, len(captions), f"scenes of {source}, split {split!r}")
    drawn = [captions[scene] for scene in rng.permutation(len(captions))[:count]]
    two = [[texts[place] for place in rng.permutation(len(texts))[:2]] for texts in drawn]
    return [first for first, _ in two], [second for _, second in two]


def caption_checksums(source: str) -> dict[str, str]:
    """Return SHA-256 of the captions of the splits, as run.json records them; of made-up ones nothing."""
    if source == "made up":
        return {}
    return {f"{source} {split}": checksum_of_texts([*itertools.chain(*flickr8k(split).captions)]) for split in SPLITS}


def _made_up(split: str) -> list[list[str]]:
    """Return two captions of every scene of a split; every fifth scene is a test scene, every tenth one of validation."""
    scenes = list(itertools.product(*([pair.split() for pair in kind] for kind in SYNONYMS)))
    order = np.random.default_rng(0).permutation(len(scenes))
    test, val, train = np.split(order, [len(order) // 5, 3 * len(order) // 10])
    chosen = {"train": train, "val": val, "test": test}[split]
    return [
        [pattern.format(*(word[side] for word in scenes[scene])) for side, pattern in enumerate(PATTERNS)] for scene in chosen
    ]
