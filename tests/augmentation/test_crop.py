"""Crops: each sample as torchvision crops, resizes and mirrors a single image; boxes by torchvision's law."""

import pytest
import torch
from scipy.stats import ks_2samp
from torchvision.transforms import RandomResizedCrop
from torchvision.transforms.v2 import functional as tv

from replication.augmentation.crop import crop_resize, draw_boxes

SCALE, RATIO = (0.08, 1.0), (3 / 4, 4 / 3)


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize(("height", "width", "size"), [(32, 32, 32), (32, 32, 48), (64, 64, 32), (40, 24, 17)])
def test_every_sample_is_what_torchvision_makes_of_it(height, width, size):
    images = torch.rand(60, 3, height, width, generator=generator())
    boxes = draw_boxes(60, height, width, SCALE, RATIO, generator(1))
    flip = torch.rand(60, generator=generator(2)) < 0.5
    views = crop_resize(images, boxes, flip, size)
    assert views.shape == (60, 3, size, size)
    for image, box, mirrored, view in zip(images, boxes.int().tolist(), flip, views, strict=True):
        expected = tv.resized_crop(image, *box, size=[size, size], antialias=True)
        expected = tv.horizontal_flip(expected) if mirrored else expected
        torch.testing.assert_close(view, expected, atol=1e-5, rtol=0)


def test_single_pixels_and_the_whole_image():
    images = torch.rand(3, 3, 8, 8, generator=generator())
    boxes = torch.tensor([[7.0, 0, 1, 1], [0, 0, 8, 8], [0, 0, 8, 8]])
    views = crop_resize(images, boxes, torch.tensor([False, False, True]), 8)
    torch.testing.assert_close(views[0], images[0, :, 7:, :1].expand(3, 8, 8))
    torch.testing.assert_close(views[1], images[1])
    torch.testing.assert_close(views[2], images[2].flip(-1))


@pytest.mark.parametrize(
    ("height", "width", "scale", "ratio"),
    [(32, 32, SCALE, RATIO), (40, 24, SCALE, RATIO), (32, 32, (0.5, 1), (0.3, 3)), (16, 64, (0.3, 1), RATIO)],
)
def test_boxes_follow_the_law_of_torchvision(height, width, scale, ratio):
    ours = draw_boxes(20_000, height, width, scale, ratio, generator())
    torch.manual_seed(0)
    image = torch.empty(3, height, width)
    theirs = torch.tensor(
        [RandomResizedCrop.get_params(image, list(scale), list(ratio)) for _ in range(3000)], dtype=torch.float
    )
    ours, theirs = (torch.column_stack([b, b[:, 2] * b[:, 3], b[:, 3] / b[:, 2], b[:, 0] + b[:, 2]]) for b in (ours, theirs))
    for column in range(ours.shape[1]):  # top, left, height, width, area, ratio, bottom
        assert ks_2samp(ours[:, column].numpy(), theirs[:, column].numpy()).pvalue > 1e-3, column


@pytest.mark.parametrize(("height", "width", "ratio"), [(32, 32, RATIO), (64, 16, RATIO), (16, 64, RATIO)])
def test_where_no_draw_fits_the_box_is_the_largest_central_one(height, width, ratio):
    scale = (3.0, 4.0)  # an area that no box inside the image has
    ours = draw_boxes(5, height, width, scale, ratio, generator())
    theirs = torch.tensor(
        RandomResizedCrop.get_params(torch.empty(3, height, width), list(scale), list(ratio)), dtype=torch.float
    )
    assert torch.equal(ours, theirs.expand(5, 4))


def test_boxes_lie_inside_the_image_reach_its_edges_and_are_independent():
    boxes = draw_boxes(50_000, 32, 32, SCALE, RATIO, generator())
    top, left, height, width = boxes.unbind(1)
    assert torch.equal(boxes, boxes.round())
    assert top.min() == 0 and left.min() == 0 and height.min() >= 1 and width.min() >= 1
    assert (top + height).max() == 32 and (left + width).max() == 32
    assert len(boxes.unique(dim=0)) > 10_000
    correlation = torch.corrcoef(torch.stack([boxes[:-1, 3], boxes[1:, 3]]))[0, 1]  # of neighbours in the batch
    assert abs(correlation) < 0.02


def test_the_largest_uniform_number_stays_inside(monkeypatch):
    monkeypatch.setattr(torch, "rand", lambda *shape, **_: torch.full(shape, 1 - 2**-24))
    for side in range(2, 300):
        top, left, height, width = draw_boxes(1, side, side, (1e-9, 2 / side**2), (1, 1), generator())[0]
        assert (height, width) == (1, 1) and (top, left) == (side - 1, side - 1)
