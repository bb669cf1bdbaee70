"""Tiny ImageNet, in a small copy of the layout that the official archive unpacks to."""

import shutil

import numpy as np
import pytest
from PIL import Image

from replication.datasets import load_image_set, load_images
from replication.datasets.tiny_imagenet import fair_order, load_tiny_imagenet

CLASSES = ("n03", "n01", "n02")  # as listed in wnids.txt: not in alphabetical order


def write_jpeg(path, level):
    path.parent.mkdir(parents=True, exist_ok=True)
    mode = "L" if level % 2 else "RGB"  # some of the official files are grey
    Image.new(mode, (64, 64), level if mode == "L" else (level, level, level)).save(path, "JPEG", quality=95)


@pytest.fixture
def folder(data):
    """Two training images of each class and four for validation; the grey level tells which is which."""
    folder = data / "tiny-imagenet-200"
    for place, wnid in enumerate(CLASSES):
        for number in range(2):
            write_jpeg(folder / "train" / wnid / "images" / f"{wnid}_{number}.JPEG", 100 + 10 * place + number)
    rows = [("val_0.JPEG", "n02"), ("val_1.JPEG", "n01"), ("val_2.JPEG", "n03"), ("val_3.JPEG", "n01")]
    for number, (name, _) in enumerate(rows):
        write_jpeg(folder / "val" / "images" / name, 20 + 20 * number)
    lines = [f"{name}\t{wnid}\t0\t0\t62\t62" for name, wnid in rows]
    (folder / "val" / "val_annotations.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (folder / "wnids.txt").write_text("\n".join(CLASSES) + "\n", encoding="utf-8")
    return folder


def refusal(split):
    with pytest.raises(FileNotFoundError) as caught:
        load_tiny_imagenet(split)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_labels_number_the_classes_in_alphabetical_order(folder):
    images, labels = load_tiny_imagenet("train")
    assert images.shape == (6, 64, 64, 3) and images.dtype == np.uint8
    found = sorted(zip(labels.tolist(), images.mean((1, 2, 3)).round().astype(int).tolist(), strict=True))
    assert found == [(0, 110), (0, 111), (1, 120), (1, 121), (2, 100), (2, 101)]
    images, labels = load_tiny_imagenet("val")
    found = sorted(zip(images.mean((1, 2, 3)).round().astype(int).tolist(), labels.tolist(), strict=True))
    assert found == [(20, 1), (40, 0), (60, 2), (80, 0)]


@pytest.mark.parametrize(("split", "levels"), [("train", [110, 111, 120, 121, 100, 101]), ("val", [20, 40, 60, 80])])
def test_both_splits_come_in_the_fair_order_decoded_or_read(folder, split, levels):
    for _ in ("decoded", "read"):
        images, _ = load_tiny_imagenet(split)
        assert np.abs(images.mean((1, 2, 3)) - np.array(levels)[fair_order(len(levels))]).max() < 2


def test_every_prefix_of_the_fair_order_is_a_sample_of_all_classes():
    order = fair_order(100_000)
    assert np.array_equal(np.sort(order), np.arange(100_000)) and np.array_equal(order, fair_order(100_000))
    classes = order // 500  # as the files of the archive are sorted
    for size in (5_000, 16_000, 50_000):
        counts, share = np.bincount(classes[:size], minlength=200), size / 100_000
        deviation = (500 * share * (1 - share)) ** 0.5  # of the hypergeometric law
        assert np.abs(counts - 500 * share).max() < 5 * deviation


def test_it_is_an_image_set_whose_test_split_is_the_validation_set(folder):
    train, test = load_image_set("tiny-imagenet", "train"), load_image_set("tiny-imagenet", "test")
    assert train.images.shape == (6, 3, 64, 64) and test.images.shape == (4, 3, 64, 64) and test.classes == 200
    assert np.array_equal(load_images("tiny-imagenet", train=False)[0], test.images.permute(0, 2, 3, 1))


def test_the_second_call_reads_the_decoded_array(folder, data):
    images, labels = load_tiny_imagenet("val")
    assert sorted(path.name for path in data.iterdir()) == ["tiny-imagenet-200", "tiny-imagenet-200-val.npz"]
    shutil.rmtree(folder)
    again, same = load_tiny_imagenet("val")
    assert np.array_equal(again, images) and np.array_equal(same, labels)


@pytest.mark.parametrize("keep", [0, 3, 200, -20])
def test_a_damaged_array_says_that_it_can_be_deleted(folder, data, keep):
    load_tiny_imagenet("val")
    cache = data / "tiny-imagenet-200-val.npz"
    cache.write_bytes(cache.read_bytes()[:keep])
    assert refusal("val") == f"{cache} is damaged; delete it, and the next call decodes the images again"


def test_a_changed_byte_of_the_array_is_noticed(folder, data):
    load_tiny_imagenet("val")
    cache = data / "tiny-imagenet-200-val.npz"
    content = bytearray(cache.read_bytes())
    content[5000] ^= 1
    cache.write_bytes(content)
    assert refusal("val").startswith(f"{cache} is damaged")


def test_missing_and_damaged_files_are_named(folder, data):
    command = f"download it (248 MB, to {folder}) with: python -m replication.datasets tiny-imagenet"
    file = folder / "train" / "n01" / "images" / "n01_1.JPEG"
    content = file.read_bytes()
    file.write_bytes(content[: len(content) // 3])
    assert refusal("train") == f"Tiny ImageNet is damaged ({file} cannot be read or has another size); {command}"
    Image.new("RGB", (64, 32)).save(file, "JPEG")
    assert refusal("train") == f"Tiny ImageNet is damaged ({file} cannot be read or has another size); {command}"
    file.unlink()
    assert refusal("train") == f"Tiny ImageNet is damaged ({file.parent} holds 1 images, other classes 2); {command}"
    (folder / "val" / "images" / "val_2.JPEG").unlink()
    assert refusal("val").startswith(f"Tiny ImageNet is damaged ({folder / 'val' / 'images' / 'val_2.JPEG'} does not exist)")
    with open(folder / "val" / "val_annotations.txt", "a", encoding="utf-8") as file:
        file.write("val_4.JPEG\tn77\n")
    write_jpeg(folder / "val" / "images" / "val_2.JPEG", 60)
    assert "has a line 'val_4.JPEG n77' without a known class" in refusal("val")
    (folder / "val" / "val_annotations.txt").unlink()
    assert "val_annotations.txt does not exist" in refusal("val")
    (folder / "wnids.txt").unlink()
    assert refusal("train") == f"Tiny ImageNet is missing ({folder / 'wnids.txt'} does not exist); {command}"
    assert [path.name for path in data.iterdir()] == ["tiny-imagenet-200"]  # nothing half-written


def test_hidden_files_are_no_images(folder):
    for place in ("train/n01/images/._n01_0.JPEG", "train/n02/images/.DS_Store", "train/._n01", "val/images/._val_0.JPEG"):
        (folder / place).write_bytes(b"\0\5\x16\7")  # as macOS leaves them on other file systems
    assert len(load_tiny_imagenet("train")[1]) == 6 and len(load_tiny_imagenet("val")[1]) == 4


def test_lists_that_are_empty_or_not_utf8(folder):
    listing = folder / "wnids.txt"
    command = f"download it (248 MB, to {folder}) with: python -m replication.datasets tiny-imagenet"
    for content, reason in (
        (b"\n", f"{listing} is empty"),
        (b"n01\n\xe9", f"{listing}, line 2: not UTF-8 (byte 0xe9); save the file as UTF-8"),
    ):
        listing.write_bytes(content)
        for split in ("train", "val"):
            assert refusal(split) == f"Tiny ImageNet is damaged ({reason}); {command}"


def test_damage_that_no_decoder_expects(folder, monkeypatch):
    def fail(file):
        raise RuntimeError("of a kind of its own")

    monkeypatch.setattr("replication.datasets.tiny_imagenet._pixels", fail)
    assert refusal("train").startswith(
        f"Tiny ImageNet is damaged ({folder / 'train' / 'n01' / 'images' / 'n01_0.JPEG'} cannot be"
    )


def test_a_full_disk_leaves_no_half_written_array(folder, data, monkeypatch):
    def full(file, **arrays):
        file.write(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez", full)
    with pytest.raises(OSError, match="No space left on device"):
        load_tiny_imagenet("val")
    assert [path.name for path in data.iterdir()] == ["tiny-imagenet-200"]
