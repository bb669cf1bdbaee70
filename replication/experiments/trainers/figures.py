"""How the trainings look."""

import matplotlib.pyplot as plt
import pandas as pd


def retrieval_figure(runs: pd.DataFrame, title: str) -> plt.Figure:
    """Return R@1 and R@10 of every training, a point each, with the mean of each way to choose batches as a bar."""
    methods = list(runs.selector.unique())[::-1]
    figure, axes = plt.subplots(1, 2, figsize=(9, 1.2 + 0.45 * len(methods)), sharey=True)
    for axis, name in zip(axes, ("R@1", "R@10"), strict=True):
        for place, method in enumerate(methods):
            values = runs.loc[runs.selector == method, name]
            axis.plot(values, [place] * len(values), "o", color="tab:blue", alpha=0.6)
            axis.plot([values.mean()] * 2, [place - 0.3, place + 0.3], color="black")
        axis.set_xlabel(f"{name} in %")
        axis.set_yticks(range(len(methods)), methods)
    figure.suptitle(title)
    return figure
