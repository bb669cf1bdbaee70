"""Decoded pixels, and when they are decoded again."""

import shutil

import numpy as np
import pytest
import torch
from PIL import Image

from replication.clip.data import decoding


@pytest.fixture
def count(monkeypatch):
    """The files that were decoded."""
    calls, real = [], decoding.decode
    monkeypatch.setattr(decoding, "decode", lambda path, *rest: calls.append(path.name) or real(path, *rest))
    return calls


def decoded(paths, size=8, fit="squash"):
    return decoding.decoded(paths, size, fit, "it")


@pytest.mark.parametrize("mode", ["L", "LA", "P", "RGBA", "CMYK", "1", "YCbCr"])
def test_other_colour_modes_are_converted(data, picture, mode):
    path = picture(data / f"a.{'jpg' if mode in ('CMYK', 'YCbCr') else 'png'}", (255, 255, 255), mode)
    images = decoded([path])
    assert images.shape == (1, 3, 8, 8) and images.dtype == torch.uint8 and images.min() > 250


def test_sixteen_bits_are_scaled(data):
    Image.fromarray(np.full((9, 9), 128 * 257, np.uint16)).save(data / "a.png")
    assert decoded([data / "a.png"]).unique().tolist() == [128]


def test_squash_keeps_the_whole_picture_and_crop_its_middle(data):
    pixels = np.zeros((32, 96, 3), np.uint8)  # three squares: red, green, blue
    for square in range(3):
        pixels[:, 32 * square : 32 * (square + 1), square] = 255
    Image.fromarray(pixels).save(data / "a.png")
    squashed, cropped = (decoded([data / "a.png"], 12, fit)[0] for fit in ("squash", "crop"))
    assert [squashed[:, 6, column].tolist() for column in (1, 6, 10)] == [[255, 0, 0], [0, 255, 0], [0, 0, 255]]
    assert (cropped[1, :, 2:-2] == 255).all() and cropped[[0, 2], :, 2:-2].max() == 0


def test_the_order_is_that_of_the_files_whatever_the_threads_do(data, picture, monkeypatch):
    monkeypatch.setattr(decoding, "BLOCK", 4)
    files = [picture(data / f"{level}.png", (level, 0, 0)) for level in range(11)]
    assert decoded(files)[:, 0, 0, 0].tolist() == [*range(11)]
    assert decoded(files[::-1])[:, 0, 0, 0].tolist() == [*range(10, -1, -1)]


def test_damaged_files_are_counted_in_one_line_and_leave_nothing(data, picture):
    good = picture(data / "a.png", size=(200, 200))
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (99, 99, 3), dtype=np.uint8)).save(data / "b.jpg")
    content = (data / "b.jpg").read_bytes()
    (data / "b.jpg").write_bytes(content[: len(content) // 2])
    (data / "c.png").write_bytes(good.read_bytes()[:60])
    (data / "d.jpg").write_text("no image")
    (data / "e.png").touch()
    with pytest.raises(ValueError, match=r"^4 of 5 images of it are damaged or no images: .*b\.jpg, .*c\.png, .*e\.png$"):
        decoded([good, *(data / name for name in ("b.jpg", "c.png", "d.jpg", "e.png"))])
    assert not list((data / ".decoded").iterdir())


def test_files_are_decoded_once_and_again_when_they_change(data, picture, count):
    path = picture(data / "a.png", (10, 20, 30))
    for _ in range(2):
        assert decoded([path])[0, :, 0, 0].tolist() == [10, 20, 30]
    assert len(count) == 1
    decoded([path], size=9)
    decoded([path], fit="crop")
    assert len(count) == 3  # other pixels
    picture(path, (99, 0, 0), size=(30, 30))
    assert decoded([path])[0, 0, 0, 0] == 99 and len(count) == 4


def test_pictures_that_are_too_large_to_be_honest_are_refused(data, picture, monkeypatch):
    path = picture(data / "a.png", size=(90, 90))
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1000)
    with pytest.raises(ValueError, match=r"^1 of 1 images of it are damaged"):
        decoded([path])


def test_a_moved_cache_is_no_problem(data, picture, count):
    path = picture(data / "a.png", (10, 20, 30))
    decoded([path])
    shutil.rmtree(data / ".decoded")
    assert decoded([path])[0, 0, 0, 0] == 10 and len(count) == 2
