"""What all corruptions share: shapes, determinism, independence of the rest of the call, severity, size."""

import pytest
import torch
from torch.nn.functional import interpolate

from replication.datasets import CORRUPTIONS, corrupt

# With the published parameters these do not move pixels further at every step. From severity 3 to 4, glass blur adds a pass
# but narrows the blur, and motion blur grows longer but not wider; elastic transform exchanges shift for bending.
NOT_MONOTONE = {"glass_blur", "motion_blur", "elastic_transform"}


def pictures(count, size=32, seed=0):
    """Return smooth random colour fields with a sharp square on each."""
    generator = torch.Generator().manual_seed(seed)
    fields = interpolate(torch.rand(count, 3, 6, 6, generator=generator), size=(size, size), mode="bicubic").clamp(0, 1)
    fields[:, :, size // 4 : size // 2, size // 3 : size // 2] = torch.rand(count, 3, 1, 1, generator=generator)
    return (fields * 255).to(torch.uint8)


def distance(images, clean):
    return float((images.float() - clean.float()).abs().mean())


def test_the_types_are_the_fifteen_standard_ones_without_frost():
    assert len(CORRUPTIONS) == 14 and "frost" not in CORRUPTIONS


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_an_image_becomes_the_same_whatever_else_is_in_the_call(name):
    clean = pictures(20)
    before = clean.clone()
    corrupted = corrupt(clean, name, 3, seed=5)
    assert corrupted.shape == clean.shape and corrupted.dtype == torch.uint8
    assert torch.equal(clean, before)
    assert torch.equal(corrupt(clean, name, 3, seed=5), corrupted)
    assert torch.equal(corrupt(clean[7:8], name, 3, seed=5)[0], corrupted[7])
    assert torch.equal(corrupt(clean.flip(0), name, 3, seed=5), corrupted.flip(0))
    assert (corrupted != clean).flatten(1).any(1).all()


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_severity_moves_images_away_from_the_clean_ones(name):
    clean = pictures(60)
    distances = [distance(corrupt(clean, name, severity), clean) for severity in range(1, 6)]
    assert min(distances) > 0.2
    if name not in NOT_MONOTONE:
        assert distances == sorted(distances)
    elif name != "elastic_transform":
        assert distances[4] > 1.2 * distances[0]


@pytest.mark.parametrize("name", sorted(set(CORRUPTIONS) - {"pixelate", "jpeg_compression"}))
def test_lengths_grow_with_the_size(name):
    clean = pictures(40)
    larger = interpolate(clean.float(), size=(64, 64), mode="bilinear").round().to(torch.uint8)
    ratio = distance(corrupt(larger, name, 4), larger) / distance(corrupt(clean, name, 4), clean)
    assert 0.5 < ratio < 1.6  # sharp detail is lost in enlarging; with fixed lengths, smears alone would halve


@pytest.mark.parametrize("name", ["gaussian_noise", "glass_blur", "motion_blur", "snow", "fog", "elastic_transform"])
def test_seeds_types_and_severities_draw_anew(name):
    clean = pictures(4)
    assert not torch.equal(corrupt(clean, name, 2, seed=0), corrupt(clean, name, 2, seed=1))


def test_every_image_has_noise_of_its_own():
    flat = torch.full((2, 3, 32, 32), 120, dtype=torch.uint8)
    flat[1] += 1
    first, second = corrupt(flat, "gaussian_noise", 1).double().flatten(1)
    assert abs(float(torch.corrcoef(torch.stack([first, second]))[0, 1])) < 0.1


def test_more_images_than_fit_one_chunk(monkeypatch):
    clean = pictures(7)
    whole = corrupt(clean, "fog", 2)
    monkeypatch.setattr("replication.datasets.corruptions.CHUNK", 3)
    assert torch.equal(corrupt(clean, "fog", 2), whole)
    assert corrupt(clean[:0], "fog", 2).shape == (0, 3, 32, 32)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((pictures(1), "frost", 1), ValueError, r"^corruption='frost' must be one of 'gaussian_noise', "),
        ((pictures(1), "fog", 6), ValueError, r"^severity=6 must be >= 1 and <= 5$"),
        ((pictures(1), "fog", 1, -1), ValueError, r"^seed=-1 must be >= 0$"),
        ((pictures(1).float(), "fog", 1), TypeError, r"^images is torch.float32; it must be a uint8 tensor"),
        ((pictures(1)[0], "fog", 1), ValueError, r"^images has shape \[3, 32, 32\]; it must be \[N, 3, S, S\]$"),
        ((pictures(1)[:, :, 1:], "fog", 1), ValueError, r"^images has shape \[1, 3, 31, 32\]; it must be \[N, 3, S, S\]$"),
    ],
)
def test_wrong_inputs_are_refused_in_one_line(arguments, error, message):
    with pytest.raises(error, match=message):
        corrupt(*arguments)
