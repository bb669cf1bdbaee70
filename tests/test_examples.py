import runpy
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[1] / "examples"


@pytest.mark.parametrize("selector", ["SwapSearch", "ShuffledBatches"])
def test_choose_batches_trains(selector):
    program = runpy.run_path(str(EXAMPLES / "choose_batches.py"))
    accuracy = program["main"](selector, epochs=2)
    assert accuracy > 10 / 1797  # ten times chance


def test_example_fits_on_a_page():
    assert len((EXAMPLES / "choose_batches.py").read_text().splitlines()) <= 60
