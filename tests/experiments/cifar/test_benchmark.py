import math

import numpy as np
import pytest
import torch
from PIL import Image
from torchvision import transforms

from replication.augmentation import Augmentation
from replication.datasets import load_image_set
from replication.experiments.cifar.benchmark import _PillowBlur, _PilViews, compare_pipelines
from replication.experiments.cifar.settings import Settings

COMMON = {"dataset": "digits", "network": "narrow", "images": 64, "batch_size": 8, "size": 16}


def test_both_pipelines_are_timed_on_the_same_updates():
    table = compare_pipelines(COMMON, steps=2).set_index("pipeline")
    assert list(table.index) == ["views on the device", "DataLoader and PIL"]
    assert table.loc["DataLoader and PIL", "times faster"] == 1
    assert ((table["ms per update"] * table["images/s"] / 1000 - 8).abs() < 1e-6).all()
    # Forward and backward of 16 views, 3 operations (forward, input gradient, weight gradient) of the same size.
    assert table["GFLOP per update"].nunique() == 1 and 0.05 < table["GFLOP per update"].iloc[0] < 1
    assert (table["share of the matrix rate"] > 0).all()


@pytest.mark.parametrize("size", [32, 64, 224])
def test_both_pipelines_take_the_same_steps(size):
    blur = Augmentation(size).blur_pixels
    made = _PilViews(load_image_set("digits", "train"), Settings(dataset="digits", method="SGD", size=size), blur)
    expected = [
        transforms.RandomResizedCrop,
        transforms.RandomHorizontalFlip,
        transforms.RandomApply,
        transforms.RandomGrayscale,
    ]
    expected += ([_PillowBlur] if size > 32 else []) + [transforms.ToTensor, transforms.Normalize]
    assert [type(step) for step in made.transform.transforms] == expected
    assert made[0][0].shape == made[0][1].shape == (3, size, size)
    if blur:
        step = made.transform.transforms[4]
        assert (step.low, step.high) == pytest.approx((0.1 * size / 224, 2 * size / 224))


def test_the_blur_of_an_edge_is_that_of_a_gaussian_of_a_width_within_the_bounds():
    edge = np.zeros((9, 40, 3), np.uint8)
    edge[:, 20:] = 255
    torch.manual_seed(0)
    widths = []
    for _ in range(40):
        values = np.asarray(_PillowBlur(1, 3)(Image.fromarray(edge)))[4, :, 0] / 255
        # The slope of the error function at the edge tells its width.
        widths.append(1 / ((values[20] - values[19]) * math.sqrt(2 * math.pi)))
    assert 0.9 < min(widths) < 1.5 and 2.5 < max(widths) < 3.2
