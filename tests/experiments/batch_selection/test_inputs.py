import pytest
import torch

from replication.experiments.batch_selection.inputs import PHASES, real_images, synthetic_phase
from replication.losses import mini_batch_loss
from replication.selection import ShuffledBatches


def test_phases_are_seeded_unit_rows_with_classes():
    for phase in PHASES:
        data, again = synthetic_phase(phase, 200, 16), synthetic_phase(phase, 200, 16)
        assert torch.equal(data.u, again.u) and torch.equal(data.v, again.v)
        assert torch.allclose(data.u.norm(dim=1), torch.ones(200))
        assert data.labels.shape == (200,) and data.labels.min() >= 0 and data.labels.max() < 100
        assert not torch.equal(data.u, synthetic_phase(phase, 200, 16, seed=1).u)


def test_loss_falls_and_classes_tighten_from_phase_to_phase():
    phases = [synthetic_phase(phase, 1280) for phase in ("early", "middle", "late")]
    plan = ShuffledBatches(32).plan(1280, torch.Generator().manual_seed(0))
    losses = [float(mini_batch_loss(data.u, data.v, plan, 0.1)) for data in phases]
    assert losses[0] > 2 * losses[1] > 4 * losses[2]
    within = [float((data.u @ data.v.T)[data.labels[:, None] == data.labels].mean()) for data in phases]
    assert within == sorted(within)


def test_real_images_and_head():
    data = real_images("digits", 8, samples=50)
    assert data.u.shape == data.v.shape == (50, 8)
    assert torch.equal(data.head(10).labels, data.labels[:10])


def test_unknown_phase():
    with pytest.raises(ValueError, match="phase='dawn' must be one of 'early', 'middle', 'late'"):
        synthetic_phase("dawn", 10)
