"""Features of texts: equal texts once, cached, and one line where the encoder cannot be had. No real encoder is needed."""

import sys
from types import ModuleType

import pytest
import torch

from replication.extras import MissingExtra
from replication.features import texts as module
from replication.features.texts import TextTowerError, text_features


@pytest.fixture
def encoder(monkeypatch):
    """A stand-in for sentence-transformers whose features are the lengths of texts; lists what it was asked."""
    asked = []

    class SentenceTransformer:
        def __init__(self, name, device):
            if "missing" in name:
                raise OSError("no such model\non the hub")

        def encode(self, texts, **options):
            asked.append(texts)
            return torch.tensor([[len(text), 1.0] for text in texts], dtype=torch.float64)

    fake = ModuleType("sentence_transformers")
    fake.SentenceTransformer = SentenceTransformer
    monkeypatch.setitem(sys.modules, "sentence_transformers", fake)
    monkeypatch.setattr(module, "need", lambda *arguments: None)
    return asked


def test_equal_texts_are_encoded_once(data, encoder):
    for _ in range(2):
        found = text_features(["a dog", "cat", "a dog"], "some/model")
        assert found.dtype == torch.float32 and found.tolist() == [[5, 1], [3, 1], [5, 1]]
    assert encoder == [["a dog", "cat"]]


def test_another_tower_or_other_weights_are_other_features(data, encoder, tmp_path):
    folder = tmp_path / "model"
    folder.mkdir()
    for weights in ("one", "two", "two"):
        (folder / "weights").write_text(weights, encoding="utf-8")
        text_features(["a dog"], str(folder))
    text_features(["a dog"], "some/model")
    assert len(encoder) == 3


def test_a_model_that_cannot_be_loaded_is_one_line(data, encoder):
    with pytest.raises(TextTowerError, match=r"^text tower 'missing' cannot be loaded \(OSError: no such model on the hub\); "):
        text_features(["a dog"], "missing")
    with pytest.raises(ValueError, match="texts is empty"):
        text_features([], "missing")


def test_the_missing_extra_is_named(data, monkeypatch):
    monkeypatch.setattr("replication.extras.find_spec", lambda name: None)
    with pytest.raises(MissingExtra, match=r"features of texts needs sentence_transformers; install the extra: .*\[text\]'"):
        text_features(["a dog"], "some/model")
