"""Features of frozen towers, and heads on them, against open_clip's own encoders and plain formulas."""

import torch
from small_finetuning import small_settings

from replication import files
from replication.augmentation import as_input
from replication.clip.frozen_towers import FrozenTowers, Heads, digest
from replication.clip.models import make_model, make_tokenizer
from replication.datasets.pairs import load_pairs

CPU = torch.device("cpu")
TEXTS = ["a zero", "the digit one, bold"]


def towers(tmp_path, monkeypatch, **changes):
    monkeypatch.setattr(files, "data_dir", lambda: tmp_path)
    return FrozenTowers(small_settings(freeze="towers", **changes), CPU)


def test_features_are_those_of_the_models_own_encoders(tmp_path, monkeypatch):
    images = load_pairs("digits", "train", 16).images[:70]  # more than a block
    found = towers(tmp_path, monkeypatch, seed=3)
    model = make_model("digits-tiny", size=16, seed=3).eval()
    with torch.no_grad():
        whole = model.encode_image(as_input(images, (0.5,) * 3, (0.5,) * 3, 16))
        texts = model.encode_text(make_tokenizer("digits-tiny")(TEXTS))
    torch.testing.assert_close(found.images(images)[:, 0], whole, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(found.texts(TEXTS), texts, rtol=1e-5, atol=1e-5)


def test_views_begin_with_the_whole_image_and_differ(tmp_path, monkeypatch):
    images = load_pairs("digits", "train", 16).images[:8]
    found = towers(tmp_path, monkeypatch, views=3, crop_min=0.5)
    features = found.images(images, 3)
    assert features.shape == (8, 3, 64)
    torch.testing.assert_close(features[:, 0], found.images(images)[:, 0])
    assert all((features[:, a] - features[:, b]).abs().max() > 1e-3 for a, b in ((0, 1), (0, 2), (1, 2)))


def test_what_was_computed_is_not_computed_again_and_other_weights_are(tmp_path, monkeypatch):
    images = load_pairs("digits", "train", 16).images[:8]
    first = towers(tmp_path, monkeypatch)
    expected = first.images(images), first.texts(TEXTS)
    for again in (first, towers(tmp_path, monkeypatch, method="SGD")):
        monkeypatch.setattr(again, "encode", None)
        monkeypatch.setattr(again.model, "encode_text", None)
        assert torch.equal(again.images(images), expected[0]) and torch.equal(again.texts(TEXTS), expected[1])
    other = towers(tmp_path, monkeypatch, seed=1)
    assert not torch.equal(other.images(images), expected[0]) and not torch.equal(other.texts(TEXTS), expected[1])


def test_heads_see_features_centred_and_scaled_and_draw_by_the_seed():
    generator = torch.Generator().manual_seed(0)
    images, texts = torch.randn(50, 2, 6, generator=generator) * 7 + 3, torch.randn(90, 4, generator=generator) * 0.01
    heads = Heads(small_settings(freeze="towers", out=5), images, texts, {}, 2.0)
    x = images.flatten(0, 1)
    scaled = (x - x.mean(0)) / (x - x.mean(0)).square().mean().sqrt()
    linear = heads.visual.layers[0]
    expected = torch.nn.functional.normalize(scaled @ linear.weight.T + linear.bias, dim=1)
    u, v, scale = heads(x, texts)
    torch.testing.assert_close(u, expected)
    torch.testing.assert_close(v.norm(dim=1), torch.ones(90))
    assert u.shape == (100, 5) and v.shape == (90, 5) and scale.item() == torch.tensor(2.0).exp().item()
    same, other = (Heads(small_settings(freeze="towers", out=5, seed=s), images, texts, {}, 2.0) for s in (0, 1))
    assert digest(same) == digest(heads) != digest(other)
    mlp = Heads(small_settings(freeze="towers", heads="mlp", out=5), images, texts, {}, 2.0)
    assert [tuple(p.shape) for p in mlp.text.layers.parameters()] == [(5, 4), (5,), (5, 5), (5,)]


def test_a_side_without_variance_stays_zero():
    heads = Heads(small_settings(freeze="towers", out=2), torch.ones(4, 1, 3), torch.ones(4, 3), {}, 0.0)
    torch.testing.assert_close(heads.encode_image(torch.ones(1, 3)), heads.visual.layers[0].bias[None])
