import matplotlib.pyplot as plt

from replication.hardness import frontier, measure
from replication.hardness.inputs import synthetic_phase


def test_every_selector_plans_and_is_drawn():
    data = synthetic_phase("middle", 96, 8)
    selectors = frontier.frontier_selectors(96, 8, 0.1, k=4, candidates=100)
    assert {"SGD", "OSGD", "SC", "SC (exp)", "SwapSearch", "SwapSearch, k=8", "SwapSearch, whole set"} <= set(selectors)
    _, plans = measure.measure(selectors, data, 0.1, seeds=2)
    assert set(plans.selector) == set(selectors)
    assert (plans[plans.selector != "OSGD"].batches == 12).all()
    figure = frontier.frontier_figure(plans)
    assert len(figure.axes[0].texts) == len(selectors)
    named = {text.get_text().split("  ")[1] for text in figure.legends[0].get_texts()}
    assert named == set(selectors)
    plt.close(figure)


def test_chunks_that_reach_the_whole_set_are_left_out():
    assert not any("k=" in name for name in frontier.frontier_selectors(64, 32, 0.1, k=40, candidates=100))
