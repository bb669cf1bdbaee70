"""Histograms of batch losses: their titles are plain texts."""

import matplotlib.pyplot as plt
import pandas as pd

from replication.experiments.grid.histograms import loss_histogram, loss_histograms

LOSSES = pd.DataFrame({"selector": ["SGD"] * 5 + ["SC"] * 5, "loss": [1.0, 2, 3, 4, 5, 2, 3, 4, 5, 6]})
PRICES = "was $12_2; 25% off: $9"  # read as mathematics, it cannot be drawn


def test_dollar_signs_are_shown():
    for figure in (loss_histogram(LOSSES, PRICES), loss_histograms({PRICES: LOSSES}, PRICES)):
        figure.draw_without_rendering()
        assert PRICES in {figure.get_suptitle(), figure.axes[0].get_title()}
        plt.close(figure)
