"""Principal components of pixels and words."""

import pytest
import torch

from replication.features.simple import pixel_features, word_features

IMAGES = torch.randint(0, 256, (30, 3, 4, 4), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
TEXTS = ["a thin zero", "a bold one", "a thin one", "a bold zero leaning left", "a one leaning left", "nine"]


def test_components_of_pixels_are_those_of_the_training_images():
    found = pixel_features(IMAGES, IMAGES, 8)
    assert found.shape == (30, 8) and found.dtype == torch.float32
    torch.testing.assert_close(found.T @ found / 29, torch.eye(8), rtol=0, atol=1e-4)
    torch.testing.assert_close(pixel_features(IMAGES, IMAGES[:3], 8), found[:3], rtol=1e-4, atol=1e-4)
    with pytest.raises(ValueError, match="dimensions=31 must be >= 1 and <= 30"):
        pixel_features(IMAGES, IMAGES, 31)


def test_texts_with_common_words_are_alike():
    found = torch.nn.functional.normalize(word_features(TEXTS, TEXTS, 5), dim=1)
    alike = found @ found.T
    assert alike[3, 4] > alike[3, 1] and abs(alike[0, 5]) < 0.1
    assert torch.allclose(word_features(TEXTS, TEXTS, 5), word_features(TEXTS, TEXTS, 5))
    with pytest.raises(ValueError, match="dimensions=40 must be >= 1 and <= 1"):
        word_features(TEXTS, TEXTS, 40)
