"""Decoded pixels, and when they are decoded again."""

import shutil

import numpy as np
import pytest
import torch
from PIL import ExifTags, Image, features

from replication.datasets.pairs import decoding

pytestmark = pytest.mark.filterwarnings("ignore:Corrupt EXIF")  # Pillow's own, about files that are damaged on purpose


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


def refusal(path):
    with pytest.raises(ValueError, match=r"^[^\n]+$") as caught:
        decoded([path])
    message = str(caught.value)
    assert message.startswith(f"1 of 1 images of it cannot be used: {path} (") and message.endswith(")")
    return message.partition("(")[2][:-1]


def half(upright):
    """White above, black below; or, not upright, the same picture as a camera held sideways stores it."""
    pixels = np.zeros((32, 32, 3), np.uint8)
    pixels[:16] = 255
    return Image.fromarray(pixels if upright else np.rot90(pixels).copy())


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "tif"])
def test_pictures_are_turned_as_their_exif_data_say(data, suffix):
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    half(upright=False).save(data / f"turned.{suffix}", exif=exif)
    half(upright=True).save(data / f"upright.{suffix}")
    turned, upright = decoded([data / f"turned.{suffix}", data / f"upright.{suffix}"]).int()
    assert upright[:, :3].min() > 230 and upright[:, 5:].max() < 25 and (turned - upright).abs().max() < 25


def test_damaged_exif_data_change_nothing(data):
    half(upright=True).save(data / "a.png")
    half(upright=True).save(data / "b.png", exif=b"Exif\0\0MM\0*\0\0\0\x08\xff\xffnonsense")
    plain, odd = decoded([data / "a.png", data / "b.png"])
    assert torch.equal(plain, odd)


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P", "L", "RGB"])
def test_transparent_parts_are_white_as_viewers_show_them(data, mode):
    picture = Image.new("RGBA", (16, 16), (0, 0, 0, 0))
    picture.paste((0, 0, 0, 255), (0, 8, 16, 16))  # black below, nothing above
    options = {}
    if mode in ("P", "L", "RGB"):  # one colour of the picture is declared to be nothing
        picture = Image.new("RGB", (16, 16), (200, 200, 200))
        picture.paste((0, 0, 0), (0, 8, 16, 16))
        picture = picture.convert(mode, palette=Image.Palette.ADAPTIVE, colors=2) if mode == "P" else picture.convert(mode)
        options["transparency"] = picture.getpixel((0, 0))
    else:
        picture = picture.convert(mode)
    picture.save(data / "a.png", **options)
    image = decoded([data / "a.png"])[0]
    assert image[:, :3].min() > 240 and image[:, 5:].max() < 15


@pytest.mark.parametrize("suffix", ["gif", "webp", "png", "tif"])
def test_of_an_animation_the_first_picture_counts(data, suffix):
    frames = [Image.new("RGB", (16, 16), colour) for colour in ((255, 0, 0), (0, 255, 0), (0, 0, 255))]
    frames[0].save(data / f"a.{suffix}", save_all=True, append_images=frames[1:])
    red, green, blue = decoded([data / f"a.{suffix}"])[0, :, 4, 4].tolist()
    assert red > 240 and green < 15 and blue < 15


def test_floating_point_values_are_shares_of_white(data):
    ramp = np.linspace(0, 1, 64, dtype=np.float32).reshape(8, 8)
    Image.fromarray(ramp).save(data / "a.tif")
    assert decoded([data / "a.tif"])[0, 0].flatten().tolist() == (ramp * 255).round().flatten().tolist()
    Image.fromarray(ramp * 300).save(data / "a.tif")
    assert refusal(data / "a.tif") == "values from 0 to 300, where black is 0 and white 1; save it with 8 bits"
    Image.fromarray(np.where(ramp > 0.5, np.nan, ramp)).save(data / "a.tif")
    assert refusal(data / "a.tif").startswith("values from nan to nan")


def test_whole_numbers_that_would_all_be_black_are_refused(data):
    few = np.arange(64, dtype=np.int32).reshape(8, 8)
    for values, name in ((few.astype(np.uint16), "a.png"), (few, "a.tif")):
        Image.fromarray(values).save(data / name)
        assert refusal(data / name) == (
            "values from 0 to 63, where black is 0 and white 65535, would become a single grey; save it with 8 bits"
        )
    Image.fromarray(few * 100_000).save(data / "a.tif")
    assert refusal(data / "a.tif") == "values from 0 to 6.3e+06, where black is 0 and white 65535; save it with 8 bits"
    Image.fromarray(np.zeros((8, 8), np.uint16)).save(data / "a.png")
    assert decoded([data / "a.png"]).max() == 0  # it is black


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "avif", "gif", "tif", "bmp", "jp2", "ppm"])
@pytest.mark.parametrize("damage", ["cut", "hole", "header"])
def test_damage_in_any_format_is_one_line(data, suffix, damage):
    if suffix == "avif" and not features.check("avif"):
        pytest.skip("this Pillow reads no AVIF")
    path = data / f"a.{suffix}"
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)).save(path)
    content = path.read_bytes()
    middle = len(content) // 2
    damaged = {
        "cut": content[:middle],
        "hole": content[:266] + bytes(64) + content[330:],  # noticed only by some formats
        "header": content[:20],
    }
    path.write_bytes(damaged[damage])
    try:
        assert decoded([path]).shape == (1, 3, 8, 8) and damage == "hole"
    except ValueError as error:
        assert str(error) == f"1 of 1 images of it cannot be used: {path} (damaged or no image)"


def test_plain_pictures_are_only_resized(data):
    """Committed results rest on these pixels."""
    pixels = np.random.default_rng(0).integers(0, 256, (33, 47, 3), dtype=np.uint8)
    for suffix in ("jpg", "png"):
        Image.fromarray(pixels).save(data / f"a.{suffix}")
        with Image.open(data / f"a.{suffix}") as image:
            expected = np.asarray(image.convert("RGB").resize((8, 8), Image.Resampling.BICUBIC))
        assert np.array_equal(decoded([data / f"a.{suffix}"])[0].permute(1, 2, 0), expected)


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
    (data / "d.jpg").write_text("no image", encoding="utf-8")
    (data / "e.png").touch()
    reason = r" \(damaged or no image\)"
    with pytest.raises(
        ValueError, match=rf"^4 of 5 images of it cannot be used: .*b\.jpg{reason}, .*c\.png{reason}, .*e\.png{reason}$"
    ):
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
    with pytest.raises(ValueError, match=r"^1 of 1 images of it cannot be used: .*a\.png \(more than 2,000 pixels\)$"):
        decoded([path])


def test_a_moved_cache_is_no_problem(data, picture, count):
    path = picture(data / "a.png", (10, 20, 30))
    decoded([path])
    shutil.rmtree(data / ".decoded")
    assert decoded([path])[0, 0, 0, 0] == 10 and len(count) == 2
