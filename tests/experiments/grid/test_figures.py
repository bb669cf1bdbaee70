import pandas as pd

from replication.experiments.grid.figures import learning_figure, measures_figure
from replication.experiments.grid.records import UNTRAINED


def test_every_seed_is_a_dot_and_every_method_a_mean():
    runs = pd.DataFrame(
        {"selector": ["SGD", "SGD", "SC", "SC", UNTRAINED], "seed": [0, 1, 0, 1, 0], "kNN": [1.0, 3.0, 4.0, 8.0, 0.5]}
    )
    figure = measures_figure(runs, {"kNN": "kNN accuracy (%)"}, "digits")
    (axis,) = figure.axes
    dots = [line for line in axis.lines if line.get_marker() == "o"]
    assert [list(line.get_xdata()) for line in dots] == [[1, 3], [4, 8]]
    diamonds = [container.lines[0].get_xdata()[0] for container in axis.containers]
    assert diamonds == [2, 6]
    assert axis.get_xlabel() == "kNN accuracy (%)" and "n=2 seeds" in figure.get_suptitle()
    measures_figure(runs, {"kNN": "kNN"}, "was $12_2; 25% off: $9").draw_without_rendering()  # no mathematics


def test_learning_curves_are_means_over_seeds():
    history = pd.DataFrame(
        {"selector": "SGD", "seed": [0, 0, 1, 1], "epoch": [0, 1, 0, 1]}
        | {"loss": [4.0, 2.0, 2.0, 1.0], "same-class pairs": [0.1, 0.1, 0.3, 0.3]}
    )
    left, right = learning_figure(history, "digits", "same-class pairs", "share").axes
    assert list(left.lines[0].get_xdata()) == [1, 2] and list(left.lines[0].get_ydata()) == [3, 1.5]
    assert list(right.lines[0].get_ydata()) == [0.2, 0.2] and "nats" in left.get_ylabel()
    learning_figure(history, "was $12_2; 25% off: $9", "same-class pairs", "share").draw_without_rendering()
