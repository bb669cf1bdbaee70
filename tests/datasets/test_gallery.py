"""Galleries: generated without downloads, and the official layouts in small or sparse copies."""

from collections import OrderedDict

import numpy as np
import pytest
import torch
from PIL import Image

from replication.datasets import CORRUPTIONS, corrupt, corrupted_gallery, gallery, load_image_set
from replication.datasets.archives import ARCHIVES
from replication.datasets.gallery import STANDARD


def test_the_official_order_of_the_types():
    assert len(STANDARD) == 15 and STANDARD[7:10] == ("snow", "frost", "fog")


def test_generated_galleries_hold_the_same_images_under_every_type(data):
    images, types, source = corrupted_gallery("digits", 2, 9)
    assert images.shape == (14, 9, 3, 32, 32) and images.dtype == torch.uint8
    assert types == list(CORRUPTIONS) and source == "generated"
    clean = load_image_set("digits", "test").images[:9]
    for one, name in zip(images, types, strict=True):
        assert torch.equal(one, corrupt(clean, name, 2))
    fewer, _, _ = corrupted_gallery("digits", 2, 4)
    assert torch.equal(fewer, images[:, :4])
    assert not torch.equal(corrupted_gallery("digits", 2, 9, seed=1)[0], images)
    assert corrupted_gallery("digits", 1, 10_000)[0].shape[1] == 360


@pytest.fixture
def made(monkeypatch, data):
    """The (severity, number of images, seed) of every gallery that is made, in a process that has none yet."""
    made = []

    def counted(images, name, severity, seed):
        if name == CORRUPTIONS[0]:
            made.append((severity, len(images), seed))
        return corrupt(images, name, severity, seed)

    monkeypatch.setattr(gallery, "corrupt", counted)
    monkeypatch.setattr(gallery, "_kept", OrderedDict())
    return made


def test_a_gallery_is_made_once_in_a_process(made, monkeypatch):
    first = {severity: corrupted_gallery("digits", severity, 3)[0] for severity in (1, 4)}
    corrupted_gallery("digits", 1, 2)
    corrupted_gallery("digits", 1, 3, seed=5)
    everything = [(1, 3, 0), (4, 3, 0), (1, 2, 0), (1, 3, 5)]
    assert made == everything
    monkeypatch.setattr(gallery, "load_image_set", lambda *arguments: pytest.fail("it read the data again"))
    for severity in (1, 4, 1):
        again, types, source = corrupted_gallery("digits", severity, 3)
        assert torch.equal(again, first[severity]) and (types, source) == (list(CORRUPTIONS), "generated")
    assert made == everything


def test_the_galleries_that_are_kept_are_bounded_and_the_one_used_last_stays(made, monkeypatch):
    one = 14 * 2 * 3 * 32 * 32
    monkeypatch.setattr(gallery, "KEPT_BYTES", 2 * one + 1)
    for severity in (1, 2, 1, 3, 1, 2):
        corrupted_gallery("digits", severity, 2)
    assert [severity for severity, *_ in made] == [1, 2, 3, 2]
    for _ in range(2):  # larger than all that may be kept: made each time, and drives nothing out
        corrupted_gallery("digits", 5, 5)
    corrupted_gallery("digits", 1, 2)
    assert [severity for severity, *_ in made] == [1, 2, 3, 2, 5, 5]
    assert sum(kept.nbytes for kept in gallery._kept.values()) == 2 * one


def test_other_data_are_other_galleries(made, monkeypatch, tmp_path):
    corrupted_gallery("digits", 1, 2)
    monkeypatch.setattr("replication.files.data_dir", lambda: tmp_path / "other")
    corrupted_gallery("digits", 1, 2)
    assert len(made) == 2


@pytest.fixture
def cifar_c(data):
    """Sparse files of the official size, with images at the begin of severity 1 and 3 only."""
    folder = data / "CIFAR-100-C"
    folder.mkdir()
    rng = np.random.default_rng(0)
    stored = {}
    for name in STANDARD:
        file = np.lib.format.open_memmap(folder / f"{name}.npy", "w+", np.uint8, (50_000, 32, 32, 3))
        for severity in (1, 3):
            stored[name, severity] = rng.integers(0, 256, (5, 32, 32, 3), dtype=np.uint8)
            file[(severity - 1) * 10_000 : (severity - 1) * 10_000 + 5] = stored[name, severity]
        file.flush()
        del file
    return folder, stored


def refusal(name):
    with pytest.raises(FileNotFoundError) as caught:
        corrupted_gallery(name, 3, 5)
    message = str(caught.value)
    assert "\n" not in message and message.endswith(f"with: python -m replication.datasets {name}-c")
    return message


def test_official_files_of_cifar_are_used_where_they_are(cifar_c):
    _, stored = cifar_c
    for severity in (1, 3):
        images, types, source = corrupted_gallery("cifar100", severity, 5)
        assert types == list(STANDARD) and source == "official" and images.shape == (15, 5, 3, 32, 32)
        for one, name in zip(images, types, strict=True):
            assert np.array_equal(one.permute(0, 2, 3, 1), stored[name, severity])


def test_missing_and_damaged_official_files_are_named(cifar_c):
    folder, _ = cifar_c
    file = folder / "fog.npy"
    with open(file, "r+b") as half:
        half.truncate(1000)
    assert refusal("cifar100").startswith(f"CIFAR-100-C is damaged ({file}: ")
    file.write_bytes(b"")
    assert refusal("cifar100").startswith(f"CIFAR-100-C is damaged ({file}: ")
    np.save(file, np.zeros((5, 32, 32, 3), np.uint8))
    assert refusal("cifar100").startswith(f"CIFAR-100-C is damaged ({file} holds uint8 [5, 32, 32, 3])")
    file.unlink()
    assert refusal("cifar100").startswith(f"CIFAR-100-C is incomplete ({file} does not exist)")


@pytest.fixture
def tiny_c(data):
    """Two classes of three images; the grey level names class, image and type."""
    folder = data / "Tiny-ImageNet-C"
    for place, name in enumerate(STANDARD):
        for group, wnid in enumerate(("n01", "n02")):
            for number in range(3):
                file = folder / name / "3" / wnid / f"test_{3 * group + number}.JPEG"
                file.parent.mkdir(parents=True, exist_ok=True)
                Image.new("RGB", (64, 64), (100 * group + 30 * number + place,) * 3).save(file, "JPEG", quality=95)
    return folder


def test_official_files_of_tiny_imagenet_come_class_by_class_in_turn(tiny_c):
    images, types, source = corrupted_gallery("tiny-imagenet", 3, 4)
    assert images.shape == (15, 4, 3, 64, 64) and types == list(STANDARD) and source == "official"
    levels = images.double().mean((2, 3, 4))
    expected = torch.tensor([0.0, 100, 30, 130]) + torch.arange(15.0)[:, None]
    torch.testing.assert_close(levels, expected.double(), atol=2, rtol=0)
    assert corrupted_gallery("tiny-imagenet", 3, 4000)[0].shape[1] == 6


def test_hidden_files_are_no_images(tiny_c):
    expected = corrupted_gallery("tiny-imagenet", 3, 4)[0]
    for place in ("n01/._test_0.JPEG", "n02/.DS_Store"):
        (tiny_c / "snow" / "3" / place).write_bytes(b"\0\5\x16\7")
    (tiny_c / "snow" / "3" / ".hidden").mkdir()
    assert torch.equal(corrupted_gallery("tiny-imagenet", 3, 4)[0], expected)


def test_missing_and_damaged_images_of_tiny_imagenet_are_named(tiny_c):
    file = tiny_c / "snow" / "3" / "n01" / "test_0.JPEG"
    file.write_bytes(b"no picture")
    assert refusal("tiny-imagenet").startswith(f"Tiny ImageNet-C is damaged ({file} cannot be read or has another size)")
    file.unlink()
    reason = f"({tiny_c / 'snow' / '3'} holds 5 images, not those of gaussian_noise)"
    assert refusal("tiny-imagenet").startswith(f"Tiny ImageNet-C is incomplete {reason}")


@pytest.mark.parametrize("name", ["cifar10", "cifar100", "tiny-imagenet"])
def test_without_the_clean_test_set_its_download_is_named(data, name):
    with pytest.raises(
        FileNotFoundError, match=rf"^{ARCHIVES[name].title} is missing .* python -m replication.datasets {name}$"
    ):
        corrupted_gallery(name, 1, 1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("mnist", 1, 1), r"^dataset='mnist' must be one of 'digits', "),
        (("digits", 0, 1), r"^severity=0 must be >= 1 and <= 5$"),
        (("digits", 1, 0), r"^limit=0 must be >= 1$"),
    ],
)
def test_wrong_arguments_are_refused_in_one_line(arguments, message):
    with pytest.raises(ValueError, match=message):
        corrupted_gallery(*arguments)
