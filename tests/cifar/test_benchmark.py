from replication.cifar.benchmark import compare_pipelines

COMMON = {"dataset": "digits", "network": "narrow", "images": 64, "batch_size": 8, "size": 16, "released_first_visit": True}


def test_both_pipelines_are_timed_on_the_same_updates():
    table = compare_pipelines(COMMON, steps=2).set_index("pipeline")
    assert list(table.index) == ["views on the device", "DataLoader and PIL"]
    assert table.loc["DataLoader and PIL", "times faster"] == 1
    assert ((table["ms per update"] * table["images/s"] / 1000 - 8).abs() < 1e-6).all()
    # Forward and backward of 16 views, 3 operations (forward, input gradient, weight gradient) of the same size.
    assert table["GFLOP per update"].nunique() == 1 and 0.05 < table["GFLOP per update"].iloc[0] < 1
    assert (table["share of the matrix rate"] > 0).all()
