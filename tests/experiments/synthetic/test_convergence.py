"""Figure 3's tables: the same start for all methods, equal repeats, statistics and verdicts with known answers."""

import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal
from scipy import stats

from replication.experiments.synthetic import convergence as figure3
from replication.experiments.synthetic.descent import Embeddings
from replication.geometry import distance_to_optimum
from replication.losses import contrastive_loss

PROBLEM = {"pairs": [[4, 2], [4, 3], [5, 3]], "batch_size": 2, "methods": ["SGD", "OSGD", "SC"], "epochs": 7, "seeds": 2}


@pytest.fixture(autouse=True, scope="module")
def in_this_process():
    """Starting other processes would cost more than these problems take."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(figure3.machine, "cores", lambda: 1)
        yield


@pytest.fixture(scope="module")
def frames():
    return figure3.convergence(**PROBLEM)


def test_the_curves_have_a_row_for_each_logged_epoch_and_the_ends_for_the_last(frames):
    curves, ends = frames
    cases = 2 * 3 * 3 * 2  # parametrizations, pairs, methods, seeds
    assert curves.groupby("epoch", sort=False).size().to_dict() == {0: cases, 5: cases, 7: cases}
    assert not curves.duplicated([*figure3.CONFIGURATION, "method", "epoch", "seed"]).any()
    last = curves[curves.epoch == 7].reset_index(drop=True)
    assert_frame_equal(ends[list(curves.columns)], last)
    assert ends.singular_values.str.split().str.len().equals(ends[["N", "d"]].min(axis=1))


def test_every_method_starts_from_the_same_points(frames):
    start = frames[0].query("epoch == 0").set_index([*figure3.CONFIGURATION, "seed", "method"])[["distance", "loss"]]
    for method in ("OSGD", "SC"):
        assert_frame_equal(start.xs(method, level="method"), start.xs("SGD", level="method"))
    later = frames[0].query("epoch == 7").set_index([*figure3.CONFIGURATION, "seed", "method"]).loss
    assert not np.allclose(later.xs("OSGD", level="method"), later.xs("SGD", level="method"))


def test_the_start_is_measured_right(frames):
    """Epoch 0 against the loss and the distance of the very points, and NaN where no theorem gives the optimum."""
    for row in frames[0].query("epoch == 0").itertuples():
        u, v = Embeddings.random(row.N, row.d, 2).directions()[:, row.seed]
        assert row.loss == pytest.approx(contrastive_loss(u, v).item(), abs=1e-12)
        if (row.N, row.d) == (5, 3):
            assert np.isnan(row.distance)
        else:
            assert row.distance == pytest.approx(distance_to_optimum(u @ v.T, row.d).item(), abs=1e-12)


def test_two_calls_agree_and_other_methods_do_not_matter(frames):
    again = figure3.convergence(**PROBLEM)
    for one, other in zip(frames, again, strict=True):
        assert_frame_equal(one, other, check_exact=True)
    alone, _ = figure3.convergence(**PROBLEM | {"methods": ["SC", "SGD"]})
    shared = frames[0][frames[0].method != "OSGD"].set_index([*figure3.CONFIGURATION, "method", "epoch", "seed"]).sort_index()
    assert_frame_equal(alone.set_index(shared.index.names).sort_index(), shared, check_exact=True)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"pairs": [[4, 2], [1, 2]]}, r"^N=1 must be >= 2$"),
        ({"pairs": [[4, 0]]}, r"^d=0 must be >= 1$"),
        ({"pairs": [[4, 2], [3, 2]], "batch_size": 4}, r"^batch_size=4 must be >= 2 and <= 3 \(N of the pair \[3, 2\]\)$"),
        ({"pairs": [[4, 2, 1]]}, r"^pairs holds \[4, 2, 1\]; every entry must be \[N, d\]$"),
        ({"pairs": [4]}, r"^pairs holds 4; every entry must be \[N, d\]$"),
        ({"pairs": []}, r"^pairs=\[\] must hold at least one \[N, d\]$"),
        ({"methods": ["SGD", "Adam"]}, r"^method='Adam': 'Adam' is no name \(known: SGD, OSGD, "),
        ({"methods": ["OSGD"]}, r"^methods=\['OSGD'\] must hold 'SGD', which the others are compared with, and another$"),
        ({"methods": ["SGD"]}, r"^methods=\['SGD'\] must hold 'SGD', which the others are compared with, and another$"),
        ({"seeds": 0}, r"^seeds=0 must be >= 1$"),
        ({"epochs": 0}, r"^epochs=0 must be >= 1$"),
        ({"lr": -0.5}, r"^lr=-0.5 must be a finite number > 0$"),
        ({"batch_size": 1}, r"^batch_size=1 must be >= 2$"),
        ({"parametrizations": ("cube",)}, r"^parametrizations='cube' must be one of 'free', 'sphere'$"),
        ({"restarts": 0}, r"^restarts=0 must be >= 1$"),
        ({"log_every": 0}, r"^log_every=0 must be >= 1$"),
    ],
)
def test_a_parameter_that_cannot_work_is_refused_before_anything_runs(change, message, monkeypatch):
    monkeypatch.setattr(figure3, "_trace", lambda *_: pytest.fail("it ran"))
    with pytest.raises(ValueError, match=message):
        figure3.convergence(**PROBLEM | change)


def curves_of(distances, method="SGD", losses=None, epochs=(0, 5, 10), n=4, d=2):
    """Curves of one configuration from distances[seed][epoch]."""
    losses = distances if losses is None else losses
    rows = [
        {"epoch": epoch, "seed": seed, "distance": distances[seed][at], "loss": losses[seed][at], "method": method}
        for seed in range(len(distances))
        for at, epoch in enumerate(epochs)
    ]
    return pd.DataFrame(rows).assign(N=n, d=d, B=2, vectors="free")


def test_summary_of_hand_made_curves():
    """SGD: one seed arrives, one stands still at 0.9. OSGD: one still moving at 0.6, one exactly at the limit of near."""
    curves = pd.concat(
        [
            curves_of([[2.0, 1.0, 0.3, 0.2], [2.0, 1.0, 0.9, 0.9]], epochs=(0, 5, 8, 10), losses=[[4, 3, 2, 2], [4, 3, 2, 1]]),
            curves_of([[2.0, 1.0, 0.7, 0.6], [2.0, 0.5, 0.5, 0.5]], "OSGD", epochs=(0, 5, 8, 10), losses=[[4, 3, 3, 3]] * 2),
        ]
    )
    sgd, osgd = figure3.summarise(curves, near=0.5).to_dict("records")
    assert (sgd["method"], sgd["n"], sgd["not near"], sgd["stalled"]) == ("SGD", 2, 1, 1)
    assert (osgd["method"], osgd["n"], osgd["not near"], osgd["stalled"]) == ("OSGD", 2, 1, 0)
    assert sgd["distance mean"] == pytest.approx(0.55) and sgd["distance sd"] == pytest.approx(0.7 / 2**0.5)
    assert sgd["curve mean"] == pytest.approx((3.5 + 4.8) / 8) and sgd["curve sd"] == pytest.approx(1.3 / 4 / 2**0.5)
    assert (sgd["loss gap mean"], osgd["loss gap mean"]) == (0.5, 2.0)  # above the least loss of any method, 1


def test_mean_curves_of_hand_made_curves():
    means = figure3.mean_curves(curves_of([[2.0, 1.0, 0.0], [4.0, 2.0, 0.0]]))
    assert means["epoch"].tolist() == [0, 5, 10]
    assert means["distance mean"].tolist() == [3.0, 1.5, 0.0]
    assert means["loss sd"].tolist() == pytest.approx([2**0.5, 0.5**0.5, 0])


def test_comparison_pairs_the_seeds():
    sgd = curves_of([[2.0, 1.0, 0.0], [5.0, 4.0, 3.0], [8.0, 8.0, 8.0]])  # curve means 1, 4, 8
    faster = curves_of([[1.5, 0.5, -0.5], [4.4, 3.4, 2.4], [7.3, 7.3, 7.3]], "OSGD")  # less by 0.5, 0.6, 0.7
    unclear = curves_of([[2.0, 1.0, 0.0], [7.0, 6.0, 5.0], [6.0, 6.0, 6.0]], "SC")  # by 0, -2, 2
    slower = curves_of([[3.0, 2.0, 1.0], [6.0, 5.0, 4.0], [9.1, 9.1, 9.1]], "fixed")
    found = figure3.compare_with_sgd(pd.concat([sgd, faster, unclear, slower])).set_index("method")
    assert list(found.index) == ["OSGD", "SC", "fixed"]
    assert found.faster.tolist() == [True, False, False] and found.slower.tolist() == [False, False, True]
    expected = stats.ttest_rel([0.5, 3.4, 7.3], [1, 4, 8])
    low, high = expected.confidence_interval(0.95)
    assert found.loc["OSGD", ["difference", "low", "high"]].tolist() == pytest.approx([-0.6, low, high])
    assert (found.n == 3).all()


def test_one_seed_decides_nothing():
    curves = pd.concat([curves_of([[2.0, 1.0, 0.0]]), curves_of([[1.0, 0.0, 0.0]], "OSGD")])
    (row,) = figure3.compare_with_sgd(curves).itertuples()
    assert row.difference == pytest.approx(-2 / 3) and np.isnan(row.low) and np.isnan(row.high)
    assert not row.faster and not row.slower


def test_without_a_known_optimum_the_losses_are_compared():
    nowhere = [[np.nan] * 3] * 2
    sgd = curves_of(nowhere, losses=[[3, 3, 3], [4, 4, 4]], n=5, d=3)
    osgd = curves_of(nowhere, "OSGD", losses=[[2, 2, 2], [2.9, 2.9, 2.9]], n=5, d=3)
    (row,) = figure3.compare_with_sgd(pd.concat([sgd, osgd])).itertuples()
    assert row.difference == pytest.approx(-1.05) and row.faster
