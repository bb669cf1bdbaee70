"""Sizes that were measured are not measured again, unless settings differ or a file is damaged."""

import pytest

from replication.experiments.scale.measured_sizes import MeasuredSizes

ROWS = [{"N": 10, "shuffled": 0.1}, {"N": 10, "in shards (s)": 2.5}]


def test_a_broken_off_run_goes_on_with_the_next_size(tmp_path):
    calls = []

    def measure(size):
        calls.append(size)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return ROWS

    sizes = MeasuredSizes(tmp_path / "sizes")
    assert sizes.measured(10, {"seed": 0}, lambda: measure(10)) == ROWS and sizes.earlier_seconds == 0
    with pytest.raises(KeyboardInterrupt):
        sizes.measured(20, {"seed": 0}, lambda: measure(20))
    again = MeasuredSizes(tmp_path / "sizes")
    for size in (10, 20):
        assert again.measured(size, {"seed": 0}, lambda size=size: measure(size)) == ROWS
    assert calls == [10, 20, 20] and again.earlier_seconds > 0


def test_other_settings_and_damaged_files_are_measured_again(tmp_path):
    sizes = MeasuredSizes(tmp_path)
    sizes.measured(10, {"seed": 0}, lambda: ROWS)
    assert sizes.measured(10, {"seed": 1}, lambda: ROWS[:1]) == ROWS[:1] and len(list(tmp_path.iterdir())) == 2
    for path in tmp_path.iterdir():
        path.write_text("{", encoding="utf-8")
    assert sizes.measured(10, {"seed": 0}, lambda: ROWS[1:]) == ROWS[1:]
    assert MeasuredSizes().measured(10, {"seed": 0}, lambda: ROWS) == ROWS
