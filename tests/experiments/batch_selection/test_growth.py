import importlib.util

import matplotlib.pyplot as plt
import pytest
import torch

from replication.experiments.batch_selection.growth import growth, growth_figure
from replication.experiments.batch_selection.inputs import synthetic_phase
from replication.losses import mini_batch_loss
from replication.selection import SpectralClustering


def test_growth_reports_and_draws_every_size():
    table = growth(lambda size: synthetic_phase("late", size, 8), [200, 300], 8, 0.1, largest_graph=200)
    assert list(table.N) == [200, 300]
    assert (table[["whole set loss", "whole set (s)", "chunks of 5,120 loss", "peak memory (MiB)"]] > 0).all().all()
    data = synthetic_phase("late", 300, 8)
    plan = SpectralClustering(8, temperature=0.1).select(data.u, data.v, torch.Generator().manual_seed(0))
    assert table["SC, chunks of 1,280 loss"][1] == pytest.approx(float(mini_batch_loss(data.u, data.v, plan, 0.1)))
    lines = 4
    if importlib.util.find_spec("pymetis"):
        assert list(table["METIS loss"].isna()) == [False, True]
        lines = 5
    figure = growth_figure(table)
    assert [len(axis.lines) for axis in figure.axes] == [lines, lines]
    assert len(figure.legends[0].get_texts()) == lines
    plt.close(figure)
