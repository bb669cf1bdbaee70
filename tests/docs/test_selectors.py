"""The selectors' page: each selector is there, and its picture is the same in each build."""

import pytest
import torch

from book.pictures import BATCH, POINTS, SHOWN, embeddings, picture, plan, points, shown
from book.selectors import rows, selectors_of_the_table
from replication import selection

TITLES = {title: make for names, _, _ in rows() for name in names for title, make in shown(name).items()}


def test_every_selector_has_a_row_and_a_picture():
    abstract = {"BatchSelector", "IndexSelector"}
    classes = {
        name
        for name in selection.__all__
        if isinstance(getattr(selection, name), type) and issubclass(getattr(selection, name), selection.BatchSelector)
    }
    assert selectors_of_the_table() == classes - abstract
    assert set(SHOWN) <= {name for names, _, _ in rows() for name in names}
    assert all(chooses and use for _, chooses, use in rows())


@pytest.mark.parametrize("title", TITLES)
def test_a_plan_is_deterministic_and_of_the_points(title):
    if title.startswith("GraphPartition"):
        pytest.importorskip("pymetis")
    first, state = plan(TITLES[title]()), torch.random.get_rng_state()
    torch.manual_seed(1)
    assert plan(TITLES[title]()) == first
    torch.random.set_rng_state(state)
    assert {index for batch in first for index in batch} <= set(range(POINTS))
    assert len(first[0]) in (2, BATCH, POINTS)


def test_a_picture_has_the_same_bytes_each_time():
    drawn = [picture(selection.SwapSearch(BATCH, temperature=0.1), "SwapSearch(6)") for _ in range(2)]
    assert drawn[0] == drawn[1] and drawn[0].lstrip().startswith("<?xml")
    assert drawn[0] != picture(selection.ShuffledBatches(BATCH), "SwapSearch(6)")


def test_near_points_are_alike():
    rows = torch.nn.functional.normalize(embeddings(), dim=1)
    place = torch.from_numpy(points()).float()
    nearest = torch.cdist(place, place).fill_diagonal_(9).argmin(dim=1)
    assert ((rows @ rows.T)[torch.arange(POINTS), nearest] > 0.9).float().mean() > 0.9
