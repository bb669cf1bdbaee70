"""NT-Xent with a snapshot: slopes as autograd finds them, and the full-batch gradient as the mean over any plan's batches."""

import pytest
import torch
from torch.nn.functional import normalize

from replication.losses import NTXent, SnapshotNTXent, make_objective
from replication.losses.snapshot import nt_xent_slopes
from replication.selection import OrderedSGD, ShuffledBatches, SwapSearch

N, B, D = 48, 8, 6


def views(seed=0, dtype=torch.float64):
    return torch.randn(2, N, D, dtype=dtype, generator=torch.Generator().manual_seed(seed))


def gradients(objective, u, v, index):
    u, v = u.clone().requires_grad_(), v.clone().requires_grad_()
    return torch.stack(torch.autograd.grad(objective(u, v, index), (u, v)))


@pytest.mark.parametrize("most", [2**24, 300, 1])
def test_slopes_are_the_gradient_by_unit_rows(most):
    unit = normalize(views(), dim=-1).requires_grad_()
    logits = (unit.flatten(0, 1) @ unit.flatten(0, 1).T / 0.2).fill_diagonal_(-torch.inf)
    loss = torch.nn.functional.cross_entropy(logits, torch.arange(2 * N).roll(N))
    (expected,) = torch.autograd.grad(loss, unit)
    torch.testing.assert_close(nt_xent_slopes(unit.detach(), 0.2, most), expected)
    batches = unit.detach().view(2, 6, 8, D).transpose(0, 1)
    torch.testing.assert_close(nt_xent_slopes(batches, 0.2, most)[3], nt_xent_slopes(batches[3], 0.2))


@pytest.mark.parametrize("selector", [ShuffledBatches(B), SwapSearch(B, temperature=0.2, workers=1)])
def test_the_mean_over_the_batches_is_the_gradient_of_all_samples(selector):
    u, v = views(dtype=torch.float32)
    plan = selector.select(u, v, torch.Generator().manual_seed(0))
    objective = SnapshotNTXent(N, 0.2)
    objective.renew(u, v, plan)
    mean, plain = torch.zeros(2, N, D), torch.zeros(2, N, D)
    for batch in plan:
        mean[:, batch] += gradients(objective, u[batch], v[batch], batch) / len(plan)
        plain[:, batch] += gradients(NTXent(0.2), u[batch], v[batch], batch) / len(plan)
    expected = gradients(NTXent(0.2), u, v, torch.arange(N))
    torch.testing.assert_close(mean, expected, rtol=1e-4, atol=1e-7)
    assert (plain - expected).norm() > 0.1 * expected.norm()  # which the correction removes


def test_the_value_is_that_of_nt_xent_and_before_the_first_snapshot_all_is():
    u, v = views(dtype=torch.float32)
    objective, batch = SnapshotNTXent(N, 0.2), torch.arange(B)
    assert torch.equal(gradients(objective, u[:B], v[:B], batch), gradients(NTXent(0.2), u[:B], v[:B], batch))
    objective.renew(u, v, torch.arange(N).view(-1, B))
    torch.testing.assert_close(objective(u[:B], v[:B], batch), NTXent(0.2)(u[:B], v[:B]))


def test_a_snapshot_is_part_of_the_state_and_renewed_in_place():
    u, v = views(dtype=torch.float32)
    mine, theirs = SnapshotNTXent(N, 0.2), make_objective("simclr, snapshot", N, 0.2)
    mine.renew(u, v, torch.arange(N).view(-1, B))
    theirs.load_state_dict(mine.state_dict())
    assert torch.equal(mine.correction, theirs.correction) and mine.correction.abs().max() > 0
    place, old = mine.correction.data_ptr(), mine.correction.clone()
    mine.renew(v, -u, torch.arange(N).view(-1, B))
    assert mine.correction.data_ptr() == place and not torch.equal(mine.correction, old)


def test_samples_left_over_are_not_corrected():
    u, v = views(dtype=torch.float32)
    objective = SnapshotNTXent(N, 0.2)
    objective.renew(u, v, torch.arange(40).view(-1, B))
    assert (objective.correction[:, 40:] == 0).all() and (objective.correction[:, :40] != 0).all()


def test_plans_and_embeddings_that_do_not_fit_are_one_line():
    u, v = views(dtype=torch.float32)
    objective = SnapshotNTXent(N, 0.2)
    with pytest.raises(ValueError, match=r"^plan holds a sample twice; a snapshot needs batches that are disjoint, unlike"):
        objective.renew(u, v, torch.arange(B).repeat(2, 1))
    for plan, kind, message in [
        ([[0, 1]], TypeError, r"^plan is list; it must be an integer tensor of shape \[M, B\]$"),
        (torch.arange(4), ValueError, r"^plan has shape \[4\]; it must be \[M, B\]"),
        (torch.tensor([[0, -5]]), ValueError, r"^plan holds index -5; indices must lie in 0..47$"),
        (torch.tensor([[0, 99]]), ValueError, r"^plan holds index 99; indices must lie in 0..47$"),
    ]:
        with pytest.raises(kind, match=message):
            objective.renew(u, v, plan)
    with pytest.raises(ValueError, match=r"^v holds NaN or infinity; a snapshot needs finite embeddings$"):
        objective.renew(u, v.clone().index_fill_(0, torch.tensor(3), torch.nan), torch.arange(N).view(-1, B))
    with pytest.raises(ValueError, match=r"^u has 40 rows; this objective was made for num_samples=48$"):
        objective.renew(u[:40], v[:40], torch.arange(40).view(-1, B))
    with pytest.raises(ValueError, match=r"^v has shape \[47, 6\]; it must equal the shape of u, \[48, 6\]$"):
        objective.renew(u, v[:47], torch.arange(40).view(-1, B))
    plan = OrderedSGD(B, 24, temperature=0.2).select(u, v, torch.Generator().manual_seed(0))
    objective.renew(u, v, plan)  # one choice among disjoint candidates is disjoint


@pytest.mark.parametrize(
    ("index", "kind", "message"),
    [
        (None, TypeError, r"^index is NoneType; this loss needs the positions of the samples in the data set, torch.int64"),
        (torch.arange(1), ValueError, r"^index has shape \[1\]; it must be "),
        (torch.arange(B) - 1, ValueError, r"^index holds -1; positions must lie in 0..47 "),
        (torch.arange(B) + N, ValueError, r"^index holds 5\d; positions must lie in 0..47 "),
    ],
)
def test_a_wrong_index_is_one_line_and_not_a_wrong_gradient(index, kind, message):
    u, v = views(dtype=torch.float32)
    objective = SnapshotNTXent(N, 0.2)
    objective.renew(u, v, torch.arange(N).view(-1, B))
    with pytest.raises(kind, match=message):
        objective(u[:B], v[:B], index)


def test_the_state_of_another_number_of_samples_is_refused():
    snapshot = SnapshotNTXent(8, 0.1)
    z = torch.randn(8, 4, generator=torch.Generator().manual_seed(0))
    snapshot.renew(z, z, torch.arange(8).view(2, 4))
    with pytest.raises(RuntimeError, match="size mismatch for correction"):
        SnapshotNTXent(9, 0.1).load_state_dict(snapshot.state_dict())
