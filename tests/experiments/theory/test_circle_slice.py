import numpy as np
import pytest
import torch
import torch.nn.functional as F

from replication.experiments.theory.circle_slice import PARTNER_ANGLE, extremes_table, rivals_table, slice_loss, slice_table
from replication.experiments.theory.objective import all_batches
from replication.experiments.theory.points import polygon_rows


@pytest.mark.parametrize("angle", [-2.0, 0.28, 1.1])
def test_losses_are_the_one_directional_cross_entropies(angle):
    v = torch.from_numpy(polygon_rows(10, first_angle=PARTNER_ANGLE))
    u = v.clone()
    u[0] = torch.tensor([np.cos(angle), np.sin(angle)])

    def one_way(batch):
        return float(F.cross_entropy(u[batch] @ v[batch].T, torch.arange(len(batch))))

    assert slice_loss(angle, "full batch") == pytest.approx(one_way(np.arange(10)), abs=1e-13)
    total = sum(one_way(pair) for pair in all_batches(10, 2)) / 10
    assert slice_loss(angle, "mini batch") == pytest.approx(total, abs=1e-13)


def test_extremes_lie_at_the_partner_and_opposite_to_it():
    table = extremes_table().set_index(["curve", "point"])
    for curve in ("full batch", "mini batch"):
        assert table.angle_to_partner[curve, "minimum"] == pytest.approx(0, abs=1e-6)
        assert table.angle_to_partner[curve, "maximum"] == pytest.approx(np.pi, abs=1e-6)
        grid = slice_table(201)[curve]
        assert table.loss[curve, "minimum"] <= grid.min() + 1e-12
        assert table.loss[curve, "maximum"] >= grid.max() - 1e-12
    assert table.loss["full batch", "crossing"] == pytest.approx(table.loss["mini batch", "crossing"], abs=1e-9)


def test_published_extremes_are_met():
    table = extremes_table()
    assert table.difference[table.point != "crossing"].abs().max() < 1e-3


def test_decagon_wins_for_the_full_batch_and_doubled_pentagon_for_pairs():
    table = rivals_table(starts=4)
    assert table.full_loss[0] == pytest.approx(table.full_loss.min(), abs=1e-9)
    assert table.all_batches_loss[1] == pytest.approx(table.all_batches_loss.min(), abs=1e-9)
    assert table.all_batches_loss[0] > table.all_batches_loss[1] + 1e-4
