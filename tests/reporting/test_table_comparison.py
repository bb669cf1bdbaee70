"""How tables are judged: identical, rounding, the noise of the seeds, different; and false alarms under pure noise."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from replication.reporting.table_comparison import (
    ABSOLUTE,
    DIFFERS,
    IDENTICAL,
    NOISE,
    RELATIVE,
    ROUNDING,
    changes_of_means,
    compare_tables,
)

FRAME = pd.DataFrame(
    {"method": ["SGD", "OSGD", "SC"], "loss": [0.5, 2.0, np.nan], "tiny": [0.0, 1e-14, np.inf], "n": [1, 2, 3]}
)


def changed(column, row, value, frame=FRAME):
    frame = frame.copy()
    frame[column] = frame[column].astype(object if isinstance(value, str) else float)
    frame.loc[row, column] = value
    return frame


def compared(tmp_path, ours, theirs, marks=None):
    """Compare tables, given as {name: frame} for each side, through files, as runs write them."""
    for folder, frames in (("here", ours), ("there", theirs)):
        (tmp_path / folder).mkdir(exist_ok=True)
        for name, frame in frames.items():
            frame.to_csv(tmp_path / folder / f"{name}.csv", index=False)
    names = sorted({*ours, *theirs})
    return compare_tables(names, tmp_path / "here", tmp_path / "there", marks or {})


def one(tmp_path, ours, theirs=FRAME, **mark):
    return compared(tmp_path, {"t": ours}, {"t": theirs}, {"t": mark})["t"]


def test_identical_files_are_identical(tmp_path):
    assert one(tmp_path, FRAME).state == IDENTICAL


@pytest.mark.parametrize(
    "frame",
    [changed("loss", 0, 0.5 * (1 + 0.9 * RELATIVE)), changed("tiny", 0, 0.9 * ABSOLUTE), changed("tiny", 1, 0.0)],
)
def test_rounding_is_called_rounding(tmp_path, frame):
    assert one(tmp_path, frame).state == ROUNDING


@pytest.mark.parametrize(
    ("frame", "place"),
    [
        (changed("loss", 1, 2.1), "row 2, 'loss': 2.1 here, 2.0 committed"),
        (changed("loss", 0, 0.5 * (1 + 2 * RELATIVE)), "row 1, 'loss': 0.500001 here, 0.5 committed"),
        (changed("loss", 2, 1.0), "row 3, 'loss': 1.0 here, nan committed"),
        (changed("loss", 0, np.nan), "row 1, 'loss': nan here, 0.5 committed"),
        (changed("tiny", 2, -np.inf), "row 3, 'tiny': -inf here, inf committed"),
        (changed("tiny", 0, 2 * ABSOLUTE), "row 1, 'tiny': 2e-09 here, 0.0 committed"),
        (changed("n", 2, 4), "row 3, 'n': 4.0 here, 3 committed"),
        (changed("method", 1, "SC"), "row 2, 'method': SC here, OSGD committed"),
    ],
)
def test_a_cell_that_differs_is_named(tmp_path, frame, place):
    found = one(tmp_path, frame)
    assert (found.state, found.lines) == (DIFFERS, [place])


def test_the_worst_cell_comes_first(tmp_path):
    found = one(tmp_path, changed("loss", 1, 3.0, changed("loss", 0, 0.51)))
    assert found.lines == ["row 2, 'loss': 3.0 here, 2.0 committed", "row 1, 'loss': 0.51 here, 0.5 committed"]


def test_a_column_without_a_definite_value_is_left_out(tmp_path):
    frame = changed("loss", 1, 2.1)
    assert one(tmp_path, frame, indefinite=["loss"]).state == ROUNDING
    assert one(tmp_path, changed("n", 0, 7, frame), indefinite=["loss"]).state == DIFFERS


@pytest.mark.parametrize("frame", [FRAME[:2], FRAME.rename(columns={"n": "m"}), FRAME.assign(more=1)])
def test_another_shape_differs(tmp_path, frame):
    found = one(tmp_path, frame)
    assert found.state == DIFFERS and found.lines[0].startswith("another shape")


def test_a_table_of_one_side_differs(tmp_path):
    found = compared(tmp_path, {"new": FRAME}, {"old": FRAME})
    assert found["new"].lines == ["exists only here"] and found["old"].lines == ["exists only in the committed results"]


def per_seed(seeds=3, methods=4, noise=0.0, shift=0.0, rng=None):
    """Return a table over seeds of three measures; each run differs from the common one by `noise`, all by `shift`."""
    common = np.random.default_rng(0)
    rows = [{"method": f"m{m}", "seed": seed} for m in range(methods) for seed in range(seeds)]
    frame = pd.DataFrame(rows)
    for measure in ("R@1", "kNN", "loss"):
        frame[measure] = common.normal(20, 1, len(frame)) + shift
        if noise:
            frame[measure] += (rng or np.random.default_rng(1)).normal(0, noise, len(frame))
    return frame


@pytest.mark.parametrize("seeds", [2, 3, 10])
def test_trainings_that_went_apart_are_within_the_noise(tmp_path, seeds):
    false_alarms = 0
    for draw in range(100):
        rng = np.random.default_rng(draw)
        ours, theirs = (per_seed(seeds, noise=1.0, rng=rng) for _ in range(2))
        false_alarms += one(tmp_path, ours, theirs, per_seed=["method"]).state == DIFFERS
    assert false_alarms <= 12  # 5 % are meant; the 99.9 % quantile of Binomial(100, 0.05)


@pytest.mark.parametrize("seeds", [3, 10])
def test_a_shift_of_all_seeds_differs(tmp_path, seeds):
    rng = np.random.default_rng(3)
    ours, theirs = per_seed(seeds, noise=0.2, shift=2.0, rng=rng), per_seed(seeds, noise=0.2, rng=rng)
    found = one(tmp_path, ours, theirs, per_seed=["method"])
    assert found.state == DIFFERS and len(found.lines) == 12
    assert found.lines[0].startswith("mean of '") and "sd over seeds" in found.lines[0]


def test_a_column_without_a_definite_value_is_left_out_of_the_means_too(tmp_path):
    ours, theirs = per_seed(1, noise=1e-3), per_seed(1)  # one seed: any change differs
    assert one(tmp_path, ours, theirs, per_seed=["method"]).state == DIFFERS
    found = one(tmp_path, ours, theirs, per_seed=["method"], indefinite=["R@1", "kNN", "loss"])
    assert found.state == ROUNDING
    moved = ours.assign(loss=theirs.loss)
    assert one(tmp_path, moved, theirs, per_seed=["method"], indefinite=["R@1"]).lines[0].startswith("mean of 'kNN'")
    assert one(tmp_path, moved, theirs, per_seed=["method"], indefinite=["R@1", "kNN"]).state == ROUNDING


def test_a_shift_far_below_the_spread_of_the_seeds_is_noise(tmp_path):
    ours, theirs = per_seed(10, shift=1e-3), per_seed(10)
    assert one(tmp_path, ours, theirs, per_seed=["method"]).state == NOISE


def test_seeds_that_are_drawn_anew_are_noise_though_other_methods_hardly_move(tmp_path):
    """R@5 of CLIP on digits under other kernels: SC's plans flip, shuffled batches do not."""
    committed = {
        "SC": [18.3, 17.5, 15.0],
        "SGD": [19.7, 17.5, 15.3],
        "OSGD": [18.1, 17.8, 12.8],
        "SwapSearch": [15.6, 12.2, 13.9],
    }
    here = {"SC": [16.4, 14.7, 11.4], "SGD": [19.7, 17.8, 15.6], "OSGD": [18.1, 17.8, 12.5], "SwapSearch": [14.7, 10.8, 13.3]}
    ours, theirs = (
        pd.DataFrame({"selector": name, "seed": seed, "R@5": x} for name, row in run.items() for seed, x in enumerate(row))
        for run in (here, committed)
    )
    assert one(tmp_path, ours, theirs, per_seed=["selector"]).state == NOISE


def test_keys_may_have_any_names(tmp_path):
    """Such as "d", the dimension, "x" and "y"."""
    rng = np.random.default_rng(0)
    theirs = pd.DataFrame([{"d": d, "x": 1, "y": 2, "seed": s, "loss": d + rng.normal()} for d in (2, 4) for s in range(10)])
    ours = theirs.assign(loss=theirs.loss + rng.normal(scale=0.5, size=20))
    assert one(tmp_path, ours, theirs, per_seed=["d", "x", "y"]).state == NOISE
    far = theirs.assign(loss=theirs.loss + (theirs.d == 4) * 3.0)
    (place,) = one(tmp_path, far, theirs, per_seed=["d", "x", "y"]).lines
    assert place.startswith("mean of 'loss', d=4, x=1, y=2: ")


def test_a_huge_jump_of_one_seed_differs_though_a_t_test_cannot_tell(tmp_path):
    assert one(tmp_path, changed("R@1", 0, 1000.0, per_seed(3)), per_seed(3), per_seed=["method"]).state == DIFFERS


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_value_that_only_one_run_has_differs(tmp_path, value):
    assert one(tmp_path, changed("R@1", 0, value, per_seed()), per_seed(), per_seed=["method"]).state == DIFFERS


def test_one_seed_shows_no_noise(tmp_path):
    assert one(tmp_path, per_seed(1, noise=1e-3), per_seed(1), per_seed=["method"]).state == DIFFERS


def test_other_rows_differ(tmp_path):
    ours = per_seed(noise=0.1).assign(seed=lambda table: table.seed + 1)
    assert one(tmp_path, ours, per_seed(), per_seed=["method"]).state == DIFFERS


def test_texts_of_a_table_over_seeds_follow_its_numbers(tmp_path):
    ours, theirs = (per_seed(10, noise=1.0, rng=np.random.default_rng(n)).assign(status=f"text {n}") for n in range(2))
    assert one(tmp_path, ours, theirs, per_seed=["method"]).state == NOISE


def test_a_summary_follows_the_table_that_it_was_made_from(tmp_path):
    marks = {"runs": {"per_seed": ["method"]}, "summary": {"made_from": "runs"}}
    summaries = changed("n", 0, 9), FRAME
    for noise, shift, state in ((1.0, 0.0, NOISE), (0.2, 5.0, DIFFERS), (1e-9, 0.0, DIFFERS), (0.0, 0.0, DIFFERS)):
        ours = {"runs": per_seed(10, noise=noise, shift=shift), "summary": summaries[0]}
        found = compared(tmp_path, ours, {"runs": per_seed(10), "summary": summaries[1]}, marks)
        assert found["summary"].state == state  # where the runs are equal, so must be what was made from them


def test_standard_deviations_may_magnify_rounding(tmp_path):
    marks = {"runs": {"per_seed": ["method"]}, "summary": {"made_from": "runs"}}
    runs = [per_seed(3, noise=noise, methods=1) for noise in (1e-9, 0.0)]
    ours, theirs = (pd.DataFrame({"temperature": [0.07], "sd": [sd], "R@1": [20.0]}) for sd in (4.325e-5, 4.324e-5))
    found = compared(tmp_path, {"runs": runs[0], "summary": ours}, {"runs": runs[1], "summary": theirs}, marks)
    assert (found["runs"].state, found["summary"].state) == (ROUNDING, ROUNDING)
    assert compared(tmp_path, {"summary": ours}, {"summary": theirs}, marks)["summary"].state == DIFFERS


@pytest.mark.parametrize("noise", [1e-9, 1.0])
def test_a_summary_of_another_shape_or_without_a_partner_differs_whatever_it_was_made_from(tmp_path, noise):
    marks = {"runs": {"per_seed": ["method"]}, "summary": {"made_from": "runs"}, "more": {"made_from": "runs"}}
    ours = {"runs": per_seed(10, noise=noise), "summary": FRAME[:2], "more": FRAME}
    found = compared(tmp_path, ours, {"runs": per_seed(10), "summary": FRAME}, marks)
    assert found["summary"].state == found["more"].state == DIFFERS
    assert found["summary"].lines and found["more"].lines == ["exists only here"]


def test_the_paired_test_is_students():
    rng = np.random.default_rng(5)
    ours, theirs = (per_seed(8, noise=1.0, rng=rng) for _ in range(2))
    table = changes_of_means(ours, theirs, ["method"]).set_index("place")
    for method in ("m0", "m3"):
        x, y = (frame[frame.method == method]["kNN"] for frame in (ours, theirs))
        row = table.loc[f"'kNN', method={method}"]
        np.testing.assert_allclose([row.p, row.change], [stats.ttest_rel(x, y).pvalue, x.mean() - y.mean()], rtol=1e-10)
