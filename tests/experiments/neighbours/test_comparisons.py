"""The tables over seeds, at sizes that cost nothing."""

import pandas as pd
import pytest

from replication.experiments.neighbours import in_words
from replication.experiments.neighbours.anchor_comparison import Setting, compare_methods
from replication.experiments.neighbours.anchor_methods import METHODS
from replication.experiments.neighbours.client_comparison import ADAPTIVE, DUAL, LOCAL, OPTIMUM, ClientSetting, compare_clients
from replication.experiments.neighbours.noise_ratios import of_selectors, of_snapshot, of_variates
from replication.experiments.neighbours.summaries import interval_in_words, over_seeds


@pytest.fixture(scope="module", autouse=True)
def one_process():
    """Starting others takes longer than all that is done here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("replication.machine.cores", lambda: 1)
        yield


@pytest.fixture(scope="module")
def anchors():
    setting = Setting(8, 4, 0.3, 0.5, 0.1, 2, 12, (0.05, 0.2))
    return compare_methods(setting, "random", tuning=1, seeds=2)


@pytest.fixture(scope="module")
def clients():
    return compare_clients(ClientSetting(3, 4, 5, 2, 0.3, 12, 2, 0.005, 0.01, 0.001, 0.01, 1), [1, 4], seeds=2)


def test_anchor_tables(anchors):
    curves, ends = anchors
    assert set(ends.method) == set(METHODS) and len(ends) == 2 * len(METHODS)
    assert set(ends.seed) == {1, 2}, "the tuning seeds are not reported"
    assert (curves.gap >= 0).all() and ends.drop(columns="slope").notna().all().all()
    assert set(ends[ends.method != "ADA-NSTORM"].rate) <= {0.05, 0.2}
    last = curves[curves.samples == curves.groupby("method").samples.transform("max")]
    pd.testing.assert_series_equal(
        last.set_index(["method", "seed"]).gap.sort_index(), ends.set_index(["method", "seed"]).gap.sort_index()
    )


def test_anchors_in_words(anchors):
    summary = over_seeds(anchors[1], ["source", "method"], ["gap"], ["gap at half the samples"])
    assert "gap at half the samples low" not in summary
    text = in_words.anchors_in_words(summary)
    assert text.startswith("**On random (n=2)") and all(name in text for name in METHODS)


def test_client_tables(clients):
    curves, ends = clients
    assert set(ends.method) == {DUAL, ADAPTIVE, LOCAL, OPTIMUM}
    assert len(ends) == 2 * (2 * 3 + 1) and (curves.gap > -1e-9).all()
    exact = ends[ends.method == OPTIMUM]
    assert (exact.share == 1).all() and (exact.q == 0).all()
    assert curves.groupby(["method", "q", "seed"]).step.max().eq(12).all()


def test_clients_in_words(clients):
    text = in_words.clients_in_words(over_seeds(clients[1], ["method", "q"], ["share"]))
    assert "FGDA q=1:" in text and "local negatives q=1:" in text


def noise():
    rows = [
        {"seed": seed, "updates since": since, "selector": selector, "snapshot": snapshot, "views": 1.0, "batches": size - 1.0}
        | {"total": size * (0.5 if snapshot == "embeddings" else 1), "bias": 0.1 if snapshot == "embeddings" else 0.4}
        | {"relative noise": size + seed}
        for seed in range(3)
        for since in (0, 5)
        for selector, size in (("SGD", 2.0), ("SC", 4.0))
        for snapshot in ("none", "embeddings")
    ]
    return pd.DataFrame(rows)


def test_ratios_of_noise():
    found = of_selectors(noise())
    assert list(found.name) == ["SGD / SC"]
    assert found.ratio.iloc[0] == pytest.approx((2 / 4 + 3 / 5 + 4 / 6) / 3)
    found = of_snapshot(noise(), "bias", "embeddings", ["SC"])
    assert list(found.name) == ["SC, 0 updates later", "SC, 5 updates later"] and found.ratio.tolist() == [0.25, 0.25]


def test_ratios_of_variates():
    left = pd.DataFrame(
        {"seed": seed, "variate": name, "left": value}
        for seed in range(2)
        for name, value in (("none", 1.0), ("one for all", 0.8), ("amortised", 0.4))
    )
    found = of_variates(left)
    assert found.set_index("name").ratio.to_dict() == {"one for all / none": 0.8, "amortised / one for all": 0.5}


def test_noise_in_words():
    summary = over_seeds(noise(), ["updates since", "selector", "snapshot"], ["views", "batches", "total", "bias"])
    assert "SC 4 (75% from the batches), bias 0.4, with the snapshot 2 and 0.1" in in_words.noise_in_words(summary)


def test_an_interval_in_words():
    row = {"n": 3, "gap": 0.1234, "gap low": 0.1, "gap high": 0.15}
    assert interval_in_words(row, "gap") == "0.123 [0.1, 0.15]"
    assert interval_in_words(row | {"n": 1}, "gap") == "0.123, one seed"
