"""Pairs of captions: two of one scene, none in both splits, the same for the same seed."""

import pytest

pytest.importorskip("datasets")
from replication.experiments.trainers.captions import SYNONYMS, caption_pairs
from replication.integrations.sentence_transformers import linked_rows

OTHER = {word: pair.split()[1] for kind in SYNONYMS for pair in kind for word in pair.split()[:1]}


def test_made_up_captions_say_one_scene_in_two_ways():
    first, second = caption_pairs("made up", "train", 500, 0)
    for one, two in zip(first, second, strict=True):
        words = [{*text.split()} for text in (one, two)]
        says = [{OTHER.get(word, word) for word in each} - {"a", "at", "the", "one"} for each in words]
        assert says[0] == says[1] and len(says[0]) == 4 and not words[0] & words[1] - {"at", "the"}
    assert len(set(linked_rows([first, second]))) == 500  # no text twice


def test_splits_share_no_scene_and_seeds_draw_others():
    sizes = {"train": 1400, "val": 200, "test": 400}
    drawn = (caption_pairs("made up", *size, 0) for size in sizes.items())
    train, val, test = ({*first, *second} for first, second in drawn)
    assert (len(train), len(val), len(test)) == (2800, 400, 800) and not train & test | train & val | val & test
    assert caption_pairs("made up", "train", 20, 1) == caption_pairs("made up", "train", 20, 1)
    assert caption_pairs("made up", "train", 20, 1) != caption_pairs("made up", "train", 20, 2)


def test_errors_are_one_clear_line():
    with pytest.raises(ValueError, match=r"^captions='digits' must be one of 'made up', 'flickr8k'$"):
        caption_pairs("digits", "train", 20, 0)
    with pytest.raises(ValueError, match=r"^count=5000 must be >= 2 and <= \d+ \(scenes of made up, split 'test'\)$"):
        caption_pairs("made up", "test", 5000, 0)
