"""The pilot on pairs of seconds: from arrays and from a file, the same; and what cannot work is one line."""

import numpy as np
import pytest
import torch

from replication.__main__ import main
from replication.pilot import pilot, running
from replication.pilot.writing import draw, write_report


def arrays(items=200, seed=0):
    """Two noisy maps of one hidden point."""
    rng = np.random.default_rng(seed)
    hidden = rng.normal(size=(items, 4))
    u, v = (hidden @ rng.normal(size=(4, d)) + 0.1 * rng.normal(size=(items, d)) for d in (6, 5))
    return u.astype(np.float32), v.astype(np.float16)


@pytest.fixture(scope="module")
def report():
    return pilot(*arrays(), batch_size=8, minutes=0.01, methods=["SC", "SGD"], workers=1)


def test_it_answers(report):
    assert report.table.selector.tolist() == ["SGD", "SC"] and (report.table.n == 3).all()
    assert report.sentence.startswith("On these 160 pairs at B = 8: ") and report.sentence.endswith(".")
    assert (report.recommended in ("SGD", "SC") and "len(data)" in report.code) or "DataLoader" in report.code
    assert set(report.curves.epoch) == {1, 2, 3} and "160 pairs to train on, 20 to test" in report.setting


def test_a_file_gives_the_same(report, tmp_path):
    u, v = arrays()
    np.savez(tmp_path / "pairs.npz", u=u, v=v)
    other = pilot(tmp_path / "pairs.npz", batch_size=8, minutes=0.01, methods=["SGD", "SC"], workers=1)
    columns = ["selector", "n", "R@1", "R@10", "difference", "outcome"]
    assert other.table[columns].equals(report.table[columns])


def test_the_caller_keeps_its_torch_state():
    u, v = (torch.from_numpy(np.float32(x)) for x in arrays())
    before = torch.get_rng_state(), torch.get_num_threads()
    pilot(u, v, batch_size=8, minutes=0.01, methods=["SGD", "OSGD"], workers=1)
    assert torch.equal(before[0], torch.get_rng_state()) and before[1] == torch.get_num_threads()


def test_the_report_is_written_whole(report, tmp_path):
    paths = write_report(report, tmp_path / "out")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == sorted(path.name for path in paths)
    assert report.sentence in (tmp_path / "out" / "pilot.txt").read_text(encoding="utf-8")
    assert "R@10 minus" in draw(report).axes[0].get_xlabel()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"u": np.zeros((200, 3), int)}, r"^u in the arrays is int64; it must be floating-point"),
        ({"u": "nowhere.npz", "v": None}, r"^nowhere\.npz: there is no such file$"),
        ({"u": [[1.0]]}, r"^u is list; it must be an array or a tensor$"),
        ({"v": None}, r"^v is missing"),
        ({"v": np.zeros((7, 2), np.float32)}, r"^v in the arrays has 7 rows; u has 200"),
        ({"batch_size": 64}, r"^batch_size=64 needs 256 or more items to train on"),
        ({"minutes": 0}, r"^minutes=0 must be "),
        ({"margin": -1}, r"^margin=-1 must be "),
        ({"methods": ["SC"]}, r"^methods=\['SC'\] must hold 'SGD'"),
        ({"methods": ["SGD", "best"]}, r"'best' is no name"),
        ({"methods": ["SGD"]}, r"^methods=\['SGD'\] must hold another way to choose batches beside 'SGD'$"),
        ({"methods": ["SGD", "neighbours, skip 500"]}, r"^method='neighbours, skip 500' needs >= 508 samples"),
        ({"methods": ["SGD", "all batches"]}, r"^methods: 'all batches' cannot plan these 160 pairs: "),
        (
            {"split": np.array(["test"] * 19 + ["val"] * 20 + ["train"] * 161)},
            r"^19 of 200 pairs are to test on; a pilot needs",
        ),
    ],
)
def test_what_cannot_work_is_one_line(changes, message):
    u, v = arrays()
    options = {"u": u, "v": v, "batch_size": 8, "minutes": 0.01} | changes
    with pytest.raises((ValueError, TypeError, FileNotFoundError), match=message):
        pilot(options.pop("u"), options.pop("v"), **options)


def test_nothing_is_trained_before_all_is_checked(monkeypatch):
    monkeypatch.setattr(running, "train_heads", lambda *arguments, **more: pytest.fail("trained"))
    with pytest.raises(ValueError, match="needs >= 508 samples"):
        pilot(*arrays(), batch_size=8, methods=["SGD", "neighbours, skip 500"])


def test_minutes_that_are_too_few_are_told(capsys):
    pilot(*arrays(), batch_size=8, minutes=1e-4, methods=["SC", "SGD"], workers=1)
    err = capsys.readouterr().err
    assert err.startswith("the least (2 methods, 3 seeds, 3 epochs) takes about ") and "0.0001 were given" in err


def test_rows_that_are_not_finite_are_counted():
    u, v = arrays()
    u[[3, 5]] = np.nan
    with pytest.raises(ValueError, match=r"^u in the arrays has 2 of 200 rows with NaN or infinity \(first: row 3\)"):
        pilot(u, v, batch_size=8)


def test_the_command_prints_table_sentence_and_code(tmp_path, capsys, monkeypatch):
    u, v = arrays()
    np.savez(tmp_path / "mine.npz", u=u, v=v)
    command = ["pilot", str(tmp_path / "mine.npz"), "--minutes", "0.01", "--batch-size", "8", "--method", "SC"]
    assert main([*command, "--folder", str(tmp_path / "out")]) == 0
    out = capsys.readouterr().out
    assert "On these 160 pairs at B = 8: " in out and "Frozen features speak" in out and "query low" in out
    assert (tmp_path / "out" / "pilot.png").is_file()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere.npz"], "nowhere.npz: there is no such file"),
        (["README.md"], "README.md is no .npz file"),
        (["x.npz", "--minutes", "0"], "--minutes '0' must be a number > 0, such as 10"),
        (["x.npz", "--batch-size", "8.5"], "--batch-size '8.5' must be an integer"),
    ],
)
def test_wrong_usage_is_one_line(capsys, arguments, message):
    assert main(["pilot", *arguments]) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ") and message in error and error.count("\n") == 1
