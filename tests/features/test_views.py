"""Views of images: the whole one, random ones, the same for equal seeds."""

import pytest
import torch

from replication.augmentation import Augmentation, as_input
from replication.features import views as module
from replication.features.views import Views
from replication.seeding import derived_seed

IMAGES = torch.randint(0, 256, (5, 3, 12, 12), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
STATISTICS = ((0.5, 0.5, 0.5), (0.25, 0.25, 0.25))


def inputs(views, images=IMAGES):
    rows = {}
    for view, begin, block in views.inputs(images, 16, *STATISTICS):
        assert block.shape[1:] == (3, 16, 16)
        rows.setdefault(view, []).append(block)
        assert begin == sum(map(len, rows[view][:-1]))
    return torch.stack([torch.cat(blocks) for blocks in rows.values()])


def test_the_first_view_is_the_whole_image(monkeypatch):
    monkeypatch.setattr(module, "BLOCK", 2)
    found = inputs(Views(3))
    assert found.shape == (3, 5, 3, 16, 16)
    assert torch.equal(found[0], as_input(IMAGES, *STATISTICS, 16))
    assert not torch.equal(found[1], found[0]) and not torch.equal(found[1], found[2])
    assert torch.equal(inputs(Views(3)), found)
    assert torch.equal(inputs(Views(2)), found[:2])  # more views leave the first ones as they are
    assert not torch.equal(inputs(Views(3, seed=1))[1], found[1])


def test_two_random_views_of_simclr():
    found = inputs(Views(2, whole_first=False, kind="simclr"))
    assert not torch.equal(found[0], inputs(Views(2, whole_first=False))[0])
    assert not torch.equal(found[0], as_input(IMAGES, *STATISTICS, 16))


def test_views_of_simclr_are_drawn_at_the_size_of_small_images_and_enlarged():
    generator = torch.Generator().manual_seed(derived_seed(0, "feature views", 0, 0))
    drawn = Augmentation(12, crop_scale=(0.5, 1.0))(IMAGES, generator)
    enlarged = torch.nn.functional.interpolate(drawn, size=(16, 16), mode="bilinear")
    mean, std = (torch.tensor(each).view(3, 1, 1) for each in STATISTICS)
    found = inputs(Views(1, whole_first=False, kind="simclr"))
    torch.testing.assert_close(found[0], (enlarged - mean) / std)
    large = torch.nn.functional.interpolate(IMAGES.float(), size=(24, 24)).to(torch.uint8)
    generator = torch.Generator().manual_seed(derived_seed(0, "feature views", 0, 0))
    shrunk = Augmentation(16, crop_scale=(0.5, 1.0))(large, generator)
    torch.testing.assert_close(inputs(Views(1, whole_first=False, kind="simclr"), large)[0], (shrunk - mean) / std)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"count": 0}, "views=0 must be >= 1"),
        ({"kind": "crop"}, "kind='crop' must be one of 'crops', 'simclr'"),
        ({"crop_min": 1.5}, "crop_min=1.5 must be <= 1, the whole image"),
        ({"crop_min": 0.0}, "crop_min=0.0 must be a finite number > 0"),
    ],
)
def test_what_cannot_work_is_one_line(changes, message):
    with pytest.raises(ValueError, match=message):
        Views(**changes)
