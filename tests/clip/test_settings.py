import pytest
from PIL import Image

from replication.clip.settings import Settings


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"source": "imagenet"}, r"^source='imagenet' must be one of 'digits', .*, or the path of a \.csv file$"),
        ({"method": "best"}, r"^method='best': 'best' is no name \(known: SGD, "),
        ({"objective": "simclr"}, r"^objective='simclr' must be one of 'clip', 'sogclr', 'partial auc', 'spectral'$"),
        ({"freeze": "all"}, r"^freeze='all' must be one of 'none', 'image', 'text', 'all but projections', 'towers'$"),
        ({"fit": "pad"}, r"^fit='pad' must be one of 'squash', 'crop'$"),
        ({"precision": "half"}, r"^precision='half' must be one of"),
        ({"batch_size": 1}, r"^batch_size=1 must be >= 2$"),
        ({"warmup_epochs": 6}, r"^warmup_epochs=6 must be <= epochs=5$"),
        ({"warmup_epochs": -0.5}, r"^warmup_epochs=-0\.5 must be a finite number >= 0$"),
        ({"temperature": float("nan")}, r"^temperature=nan must be a finite number >= 0$"),
        ({"lr": 0}, r"^lr=0 must be a finite number > 0$"),
        ({"beta2": 1}, r"^beta2=1 must be a number >= 0 and < 1$"),
        ({"crop_min": 1.5}, r"^crop_min=1\.5 must be <= 1"),
        ({"images": 20}, r"^images=20 must be 0 \(all\) or >= batch_size=32$"),
    ],
)
def test_wrong_settings_are_one_line_before_anything_runs(changes, message):
    with pytest.raises(ValueError, match=message):
        Settings(**{"source": "digits", "method": "SGD"} | changes)


def test_a_csv_is_a_source_and_names_fit_a_folder():
    s = Settings(source="my/pairs.csv", method="SwapSearch, whole set", seed=2)
    assert s.name == "clip-SwapSearch_whole_set-2"


def test_the_columns_of_a_csv_reach_the_pairs(tmp_path):
    for name, colour in (("a", "black"), ("b", "white")):
        Image.new("RGB", (20, 10), colour).save(tmp_path / f"{name}.png")
    (tmp_path / "pairs.csv").write_text("image;text;split\na.png;one;train\nb.png;two;test\n", encoding="utf-8")
    columns = {"image_column": "image", "caption_column": "text", "separator": ";", "fit": "crop"}
    s = Settings(source=str(tmp_path / "pairs.csv"), method="SGD", size=8, **columns)
    assert s.load("train").captions == [["one"]] and s.load("test").captions == [["two"]]
    assert s.plain().items() >= columns.items()  # a checkpoint tells them apart
    with pytest.raises(ValueError, match=r"has no column 'filepath'; it has 'image;text;split'$"):
        Settings(source=str(tmp_path / "pairs.csv"), method="SGD", size=8).load("train")


def test_common_settings_are_those_parameters_that_are_settings():
    assert Settings.common({"profile": "x", "epochs": 3, "lr": 0.1, "seeds": 3}) == {"epochs": 3, "lr": 0.1}
