"""Features of images: those of the tower, with and without the cache, and training steps from either."""

import pytest
import torch
from small_heads import small_settings

from replication.augmentation import as_input
from replication.clip.models import ModelError
from replication.features import images as module
from replication.features.images import image_features, load_image_tower
from replication.features.views import Views
from replication.heads.gradients import loss_and_gradients
from replication.heads.networks import StackedHeads
from replication.heads.optimizer import HeadsOptimizer

IMAGES = torch.randint(0, 256, (10, 3, 32, 32), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
TOWER = {"tower": "test_efficientnet", "weights": "random"}  # timm's own network for tests


def directly(images, tower="test_efficientnet"):
    tower = load_image_tower(tower, "random")
    return tower.encode(as_input(images, tower.mean, tower.std, 32)).detach()


@pytest.mark.parametrize("name", ["test_efficientnet", "open_clip:digits-tiny"])
def test_features_are_those_of_the_tower_also_from_the_cache(data, monkeypatch, name):
    size = 32 if name == "test_efficientnet" else 16
    images = torch.nn.functional.interpolate(IMAGES.float(), size).byte()
    found = image_features(images, size, name, "random")
    tower = load_image_tower(name, "random")
    with torch.no_grad():
        expected = tower.encode(as_input(images, tower.mean, tower.std))
    torch.testing.assert_close(found[0], expected, rtol=1e-4, atol=1e-5)
    monkeypatch.setattr(module, "load_image_tower", lambda *names: pytest.fail("the cache has them"))
    assert torch.equal(image_features(images, size, name, "random"), found)


def test_views_and_blocks(data):
    found = image_features(IMAGES, 32, **TOWER, views=Views(2))
    torch.testing.assert_close(found[0], directly(IMAGES), rtol=1e-4, atol=1e-5)
    assert found.shape[:2] == (2, 10) and not torch.allclose(found[0], found[1])


def test_steps_from_cached_features_are_those_from_the_tower(data):
    """The tower is frozen: running it in each step, on the batch alone, gives the same losses."""
    settings = small_settings()
    features = image_features(IMAGES, 32, **TOWER)
    image_features(IMAGES, 32, **TOWER)
    right = torch.randn(10, 5, generator=torch.Generator().manual_seed(1))
    losses = []
    for look_up in (lambda rows: features[0, rows], lambda rows: directly(IMAGES[rows])):
        heads = StackedHeads.random(settings, features.shape[2], 5, [0])
        gradients = heads.empty_like()
        optimizer = HeadsOptimizer(heads, gradients, settings, 1e-2, 2)
        order = torch.Generator().manual_seed(2)
        for _ in range(6):
            rows = torch.randperm(10, generator=order)[:5]
            losses.append(loss_and_gradients(heads, look_up(rows)[None], right[rows][None], gradients).item())
            optimizer.step()
    assert losses[:6] == pytest.approx(losses[6:], abs=1e-5) and losses[5] < losses[0]


@pytest.mark.parametrize(
    ("tower", "weights", "message"),
    [
        ("mobilnetv2_100", "random", "image tower 'mobilnetv2_100' is unknown to timm; nearest: 'mobilenetv2_100'"),
        ("mobilenetv2_100", "no.pt", "weights='no.pt' of the image tower 'mobilenetv2_100': there is no such file"),
        ("open_clip:RN5", "random", "model='RN5' is unknown to open_clip; nearest: 'RN50'"),
        ("open_clip:RN50", "no.pt", "weights='no.pt' of the image tower 'open_clip:RN50': there is no such file"),
        ("open_clip:RN50", "nobody", "pretrained='nobody' is neither a file nor a tag of 'RN50'"),
    ],
)
def test_towers_that_cannot_be_had_are_one_line(data, tower, weights, message):
    with pytest.raises((ValueError, FileNotFoundError), match=message) as error:
        image_features(IMAGES, 32, tower, weights)
    assert "\n" not in str(error.value)


def test_weights_of_a_file(data, tmp_path):
    network = load_image_tower("test_efficientnet", "random").encode
    state = {name: value + 0.01 if value.is_floating_point() else value for name, value in network.state_dict().items()}
    torch.save(state, tmp_path / "weights.pt")
    found = image_features(IMAGES, 32, "test_efficientnet", str(tmp_path / "weights.pt"))
    assert not torch.allclose(found[0], directly(IMAGES))
    torch.save({name: value for name, value in state.items() if "blocks.0" not in name}, tmp_path / "weights.pt")
    with pytest.raises(ModelError, match=r"weights.pt' holds another network: \d+ tensors are missing"):
        image_features(IMAGES, 32, "test_efficientnet", str(tmp_path / "weights.pt"))
