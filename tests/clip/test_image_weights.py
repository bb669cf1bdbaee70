"""ImageNet weights in an image tower: against timm's own network with the same padding."""

from pathlib import Path

import pytest
import timm
import torch

from replication.clip.image_weights import load_image_weights
from replication.clip.models import ModelError, make_model

FILE = Path(__file__).parents[2] / "data" / "weights" / "mobilenetv2_100_tf2_fp16.pt"


def timm_network(**options):
    torch.manual_seed(0)
    return timm.create_model("mobilenetv2_100", pad_type="same", **options).eval()


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    path = tmp_path_factory.mktemp("weights") / "mobilenet.pt"
    torch.save(timm_network(num_classes=10).state_dict(), path)
    return path


@pytest.mark.parametrize("size", [64, 75])
def test_the_tower_computes_what_timm_does_with_same_padding(weights, size):
    model = make_model("mobilenetv2-tiny-text").eval()
    expected = timm_network(num_classes=10)
    images = torch.randn(2, 3, size, size, generator=torch.Generator().manual_seed(0))
    before = model.visual.trunk(images)
    load_image_weights(model, weights)
    features = expected.forward_head(expected.forward_features(images), pre_logits=True)
    torch.testing.assert_close(model.visual.trunk(images), features, rtol=1e-4, atol=1e-5)
    assert not torch.allclose(before, features, rtol=0.1)


@pytest.mark.skipif(not FILE.is_file(), reason="data/weights is empty")
def test_the_published_weights_fit():
    model, expected = make_model("mobilenetv2-tiny-text").eval(), timm_network()
    expected.load_state_dict(torch.load(FILE, weights_only=True))
    expected.reset_classifier(0)
    load_image_weights(model, FILE)
    images = torch.rand(2, 3, 96, 96, generator=torch.Generator().manual_seed(0)) * 2 - 1
    torch.testing.assert_close(model.visual.trunk(images), expected(images), rtol=1e-4, atol=1e-4)


def test_wrong_files_and_models_are_one_line(tmp_path, weights):
    model = make_model("mobilenetv2-tiny-text")
    damaged, foreign, part = tmp_path / "damaged.pt", tmp_path / "foreign.pt", tmp_path / "part.pt"
    damaged.write_bytes(weights.read_bytes()[:5000])
    torch.save({"conv.weight": torch.zeros(3)}, foreign)
    state = torch.load(weights, weights_only=True)
    del state["conv_stem.weight"]
    torch.save(state, part)
    cases = [
        (FileNotFoundError, r"no\.pt': there is no such file; data/README\.md", model, tmp_path / "no.pt"),
        (ModelError, r"damaged\.pt' cannot be loaded", model, damaged),
        (ModelError, r"foreign\.pt' holds another network: \d+ tensors are missing and 1 are left over", model, foreign),
        (ModelError, r"1 tensors are missing and 0 are left over \(first: conv_stem\.weight\)", model, part),
        (ValueError, r"needs a model with an image tower of timm", make_model("digits-tiny"), weights),
    ]
    for kind, message, network, path in cases:
        with pytest.raises(kind, match=message) as error:
            load_image_weights(network, path)
        assert "\n" not in str(error.value)
