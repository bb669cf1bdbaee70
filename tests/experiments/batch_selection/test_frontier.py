import matplotlib.pyplot as plt
import pandas as pd
import pytest

from replication.experiments.batch_selection import frontier, measure
from replication.experiments.batch_selection.inputs import synthetic_phase


def test_every_selector_plans_and_is_drawn():
    data = synthetic_phase("middle", 96, 8)
    selectors = frontier.frontier_selectors(96, 8, 0.1, k=4, candidates=100)
    sizes = {"SC", "SC, k=8", "SwapSearch", "SwapSearch, k=8", "SwapSearch, whole set"}
    assert {"SGD", "OSGD", "SC (exp)"} | sizes <= set(selectors)
    _, plans = measure.measure(selectors, data, 0.1, seeds=2)
    assert set(plans.selector) == set(selectors)
    assert (plans[~plans.selector.isin(["OSGD", "JEST"])].batches == 12).all()  # these two keep a part of their candidates
    assert plans[plans.selector == "JEST"].batches.max() < 12
    figure = frontier.frontier_figure(plans, k=4)
    assert {text.get_text() for text in figure.axes[0].texts} == {"k=4", "k=8", "whole set"}
    named = [text.get_text() for text in figure.legends[0].get_texts()]
    assert len(named) == len(set(named)) and {
        "SC",
        "SwapSearch",
        "METIS, then SwapSearch",
        "METIS as in B3",
        "JEST",
        "random walk",
    } <= set(named)
    assert len(named) == len(selectors) - 3  # two more chunk sizes of SwapSearch, one of SC
    plt.close(figure)


def test_every_selector_has_its_own_look():
    names = {name.partition(", k=")[0].removesuffix(", whole set") for name in frontier.frontier_selectors(640, 8, 0.1, 4, 9)}
    assert names - set(frontier.STYLES) == {"nearest neighbours, skip 8"}
    looks = [*frontier.STYLES.values(), frontier.MARGIN]
    assert len(set(looks)) == len(looks)


def test_the_grey_line_joins_the_selectors_that_none_beats():
    rows = [("SGD", 0.001, 1.0), ("OSGD", 0.01, 0.5), ("GCBS", 0.1, 2.0), ("METIS", 1.0, 1.5), ("SC", 10.0, 3.0)]
    rows += [("SGD", 50.0, 1.0)]  # the same on a busier machine
    plans = pd.DataFrame(rows, columns=["selector", "seconds", "mean"]).assign(input="late", N=10)
    figure = frontier.frontier_figure(plans, k=4)
    line = figure.axes[0].lines[0]
    assert list(line.get_xdata()) == [0.001, 0.1, 10.0] and list(line.get_ydata()) == [1.0, 2.0, 3.0]
    plt.close(figure)


@pytest.mark.parametrize(("samples", "batch_size"), [(38, 8), (37, 8), (100, 7), (4, 2)])
def test_b3_is_left_out_where_it_has_no_room(samples, batch_size):
    selectors = frontier.frontier_selectors(samples, batch_size, 0.1, 4, 9)
    assert ("METIS as in B3" in selectors) == ((samples, batch_size) == (38, 8))
    data = synthetic_phase("middle", samples, 8)
    for selector in selectors.values():
        if samples > 4:
            selector.select(data.u, data.v)


def test_chunks_that_reach_the_whole_set_are_left_out():
    assert not any("k=" in name for name in frontier.frontier_selectors(64, 32, 0.1, k=40, candidates=100))


@pytest.mark.parametrize(
    "further",
    [
        ["SwapSearch, k 5, hardness 0.5", "neighbours, skip 3"],
        ["JointExamples, filter 0.8", "METIS, skip 30, communities 4", "RandomWalk"],
    ],
)
def test_further_selectors_are_planned_and_drawn_with_looks_of_their_own(further):
    selectors = frontier.frontier_selectors(96, 8, 0.1, 4, 100, further)
    assert list(selectors)[-len(further) :] == further
    chosen = {name: selectors[name] for name in ("SGD", *further)}
    _, plans = measure.measure(chosen, synthetic_phase("middle", 96, 8), 0.1, seeds=2)
    figure = frontier.frontier_figure(plans, k=4)
    looks = {(handle.get_color(), handle.get_marker()) for handle in figure.legends[0].legend_handles}
    assert len(looks) == 1 + len(further)
    plt.close(figure)
