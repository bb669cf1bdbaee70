"""The forecast is linear arithmetic from the last row."""

import pandas as pd

from replication.experiments.scale.forecast import forecast


def test_by_hand():
    cost = pd.DataFrame({"N": [10**5, 10**6], "of it in shards (s, all workers)": [1.0, 72.0]})
    table = forecast(cost, 64, 32, 2).set_index("N")
    assert list(table.index) == [10**7, 10**8, 10**9]
    row = table.loc[10**8]
    assert row["core-hours"] == 2 and row["one view (GB)"] == 12.8 and row["read (GB)"] == 76.8 and row["plan (GB)"] == 0.4
    assert row["memory of the caller (GB)"] == 6
    assert forecast(pd.DataFrame({"N": [10**9], "of it in shards (s, all workers)": [1.0]}), 64, 32, 2).empty
