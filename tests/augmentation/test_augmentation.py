"""The whole view: every sample as a chain of torchvision's functions on a single image, and nothing shared between samples."""

from types import SimpleNamespace

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torchvision.transforms import functional as tv
from torchvision.transforms.v2.functional import resized_crop

from replication.augmentation import Augmentation, as_input, augmentation

MEAN, STD = (0.5, 0.4, 0.3), (0.2, 0.25, 0.3)
OPERATIONS = (tv.adjust_brightness, tv.adjust_contrast, tv.adjust_saturation, tv.adjust_hue)


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def bytes_like(*shape, seed=0):
    return torch.randint(0, 256, shape, dtype=torch.uint8, generator=generator(seed))


@pytest.mark.parametrize("size", [32, 64])
def test_every_view_is_the_chain_of_torchvision_with_the_drawn_parameters(size):
    augment = Augmentation(size, mean=MEAN, std=STD)
    images = bytes_like(40, 3, 40, 40)
    views = augment(images, generator(1))
    drawn = augment._draw(images, generator(1))
    for image, view, box, flip, factors, order, grey, sigma in zip(images, views, *drawn, strict=True):
        x = resized_crop(image / 255, *box.int().tolist(), size=[size, size], antialias=True)
        x = tv.hflip(x) if flip else x
        for operation in order.tolist():
            x = OPERATIONS[operation](x, float(factors[operation]))
        x = tv.rgb_to_grayscale(x, 3) if grey else x
        x = tv.gaussian_blur(x, [7, 7], [float(sigma)] * 2) if size == 64 else x
        torch.testing.assert_close(view, tv.normalize(x, MEAN, STD), atol=1e-4, rtol=0)  # 1e-5 / std, and more steps


def test_flips_greys_and_jitter_have_their_probabilities_and_are_independent():
    augment = Augmentation(32)
    _, flip, factors, _, grey, _ = augment._draw(bytes_like(20_000, 3, 1, 1), generator())
    jittered = factors[:, 0] != 1
    for event, probability in ((flip, 0.5), (jittered, 0.8), (grey, 0.2)):
        assert abs(event.float().mean() - probability) < 0.012
    events = torch.stack([flip, jittered, grey, flip.roll(1), jittered.roll(1), grey.roll(1)]).float()
    assert (torch.corrcoef(events) - torch.eye(6)).abs().max() < 0.03


def test_one_image_many_times_gives_as_many_different_views():
    images = bytes_like(1, 3, 32, 32).expand(200, -1, -1, -1)
    u, v = Augmentation(32).pair(images, generator())
    assert u.shape == v.shape == (200, 3, 32, 32) and u.dtype == torch.float32 and u.is_contiguous()
    assert len(torch.cat([u, v]).flatten(1).unique(dim=0)) > 395  # two may draw the same large box and no change of colour


def test_equal_generators_give_equal_bits_and_one_generator_moves_on():
    augment, images = Augmentation(24), bytes_like(30, 3, 32, 32)
    source = generator(5)
    first, second = augment(images, source), augment(images, source)
    assert torch.equal(first, augment(images, generator(5)))
    assert not torch.equal(first, second)
    state = torch.get_rng_state()
    augment(images, source)
    assert torch.equal(state, torch.get_rng_state())  # the global generator has no part in it


def test_views_do_not_depend_on_the_chunks_of_the_cpu(monkeypatch):
    augment, images = Augmentation(64, mean=MEAN, std=STD), bytes_like(30, 3, 32, 32)
    whole = augment(images, generator())
    monkeypatch.setattr(augmentation, "CPU_CHUNK", 7 * 64**2)
    torch.testing.assert_close(augment(images, generator()), whole, atol=1e-5, rtol=0)
    monkeypatch.setattr(augmentation, "CPU_CHUNK", 1)
    torch.testing.assert_close(augment(images, generator()), whole, atol=1e-5, rtol=0)


def test_with_everything_switched_off_a_view_is_the_plain_input():
    off = Augmentation(32, crop_scale=(1, 1), crop_ratio=(1, 1), flip_p=0, jitter_p=0, gray_p=0, blur_p=0, mean=MEAN, std=STD)
    images = bytes_like(10, 3, 32, 32)
    torch.testing.assert_close(off(images, generator()), as_input(images, MEAN, STD), atol=1e-5, rtol=0)


def test_blur_is_left_out_where_it_would_not_show():
    assert Augmentation(224).blur_pixels == (0.1, 2.0)
    assert Augmentation(112).blur_pixels == (0.05, 1.0)
    assert Augmentation(32).blur_pixels is None
    assert Augmentation(34).blur_pixels is not None
    assert Augmentation(224, blur_p=0).blur_pixels is None


def test_the_blur_that_is_left_out_moves_no_pixel_by_a_grey_level():
    edge = (torch.arange(32) >= 16).float().expand(1, 3, 32, 32).contiguous()
    largest = augmentation.LEAST_BLUR
    blurred = augmentation.gaussian_blur(edge, torch.tensor([largest]), 3)
    assert (blurred - edge).abs().max() * 255 < 1


def test_mixed_precision_around_it_changes_nothing():
    augment, images = Augmentation(64), bytes_like(8, 3, 32, 32)
    with torch.autocast("cpu", torch.bfloat16):
        inside = augment(images, generator())
    assert inside.dtype == torch.float32 and torch.equal(inside, augment(images, generator()))


def test_nothing_would_wait_for_a_gpu():
    class Record(TorchDispatchMode):
        def __torch_dispatch__(self, function, types, args=(), kwargs=None):
            called.add(function._schema.name)
            return function(*args, **(kwargs or {}))

    called = set()
    with Record():
        Augmentation(64, mean=MEAN, std=STD).pair(bytes_like(8, 3, 32, 32), generator())
    # Copies of numbers to the device, single values read back, and shapes that depend on values.
    assert "aten::rand" in called or "aten::rand.generator" in called
    assert not {
        name for name in called if name.split("::")[1].startswith(("lift", "_local_scalar", "nonzero", "masked_select"))
    }


def test_no_images_give_no_views():
    assert Augmentation(32)(bytes_like(0, 3, 32, 32), generator()).shape == (0, 3, 32, 32)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"size": 1}, r"^size=1 must be >= 2$"),
        ({"gray_p": 1.2}, r"^gray_p=1.2 must be a probability, from 0 to 1$"),
        ({"flip_p": float("nan")}, r"^flip_p=nan must be a probability"),
        ({"crop_scale": (0.5, 1.5)}, r"^crop_scale=\(0.5, 1.5\) must be two numbers 0 < low <= high <= 1$"),
        ({"crop_ratio": (2, 1)}, r"^crop_ratio=\(2, 1\) must be two numbers 0 < low <= high$"),
        ({"blur_sigma": (0, 1)}, r"^blur_sigma=\(0, 1\) must be two numbers 0 < low <= high$"),
        ({"jitter": (0.4, 0.4, 0.4, 0.6)}, r"^jitter=.* must be four strengths >= 0, the last \(hue\) <= 0.5$"),
        ({"std": (1, 1, 0)}, r"^std=\(1, 1, 0\) must be three numbers > 0$"),
    ],
)
def test_wrong_settings_are_refused_in_one_line(arguments, message):
    with pytest.raises(ValueError, match=message):
        Augmentation(**{"size": 32} | arguments)


def test_wrong_images_and_generators_are_refused_in_one_line():
    augment = Augmentation(32)
    with pytest.raises(TypeError, match=r"^images is torch.float32; it must be a uint8 tensor of shape \[B, 3, H, W\]$"):
        augment(torch.zeros(2, 3, 8, 8), generator())
    with pytest.raises(ValueError, match=r"^images has shape \[2, 1, 8, 8\]; it must be \[B, 3, H, W\]$"):
        augment(bytes_like(2, 1, 8, 8), generator())
    elsewhere = SimpleNamespace(device=torch.device("cuda"))
    with pytest.raises(ValueError, match=r"^generator lives on cuda; it must be on the device of images, cpu$"):
        augment(bytes_like(2, 3, 8, 8), elsewhere)
