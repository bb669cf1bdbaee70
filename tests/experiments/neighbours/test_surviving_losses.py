import numpy as np
import pytest
import torch

from replication.experiments.neighbours.family_objectives import objectives, spectral_shared
from replication.experiments.neighbours.surviving_losses import (
    AMONG,
    ANOTHER,
    EQUAL,
    GAP,
    PROPORTIONAL,
    SAME,
    UNDECIDED,
    families,
    find_minima,
    name_relation,
    random_points,
    survival_table,
)
from replication.geometry import is_two_design
from replication.losses import contrastive_loss
from replication.selection import FullBatch


def test_families_are_what_their_names_say():
    found = families()
    assert {name: tuple(batches.shape) for name, batches in found.items()} == {
        "all batches": (84, 3),
        "2-design": (12, 3),
        "fixed": (3, 3),
    }
    assert is_two_design(found["2-design"], 9) and is_two_design(found["all batches"], 9)
    assert sorted(found["fixed"].flatten().tolist()) == list(range(9))


def test_search_finds_the_simplex():
    (loss, (u, v)), *_ = find_minima(objectives()["InfoNCE"], FullBatch().plan(9), 8, 2)
    assert loss == pytest.approx(2 * np.log(1 + 8 * np.exp(-9 / 8)), abs=1e-9)
    assert loss == pytest.approx(float(contrastive_loss(u, v)), abs=1e-12)
    assert torch.allclose(u @ v.T, 9 / 8 * torch.eye(9, dtype=torch.float64) - 1 / 8, atol=1e-4)


@pytest.fixture(scope="module", autouse=True)
def one_process():
    """Starting others takes longer than all that is done here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("replication.machine.cores", lambda: 1)
        yield


@pytest.fixture(scope="module")
def table(one_process):
    return survival_table([8], 1, 3, 0.5).set_index(["loss", "family"]).relation


def test_means_over_pairs_survive_designs_and_the_shared_dual_survives_everything(table):
    for loss in ("OPAUC, shared duals", "multiclass AUC, exp", "spectral"):
        assert table[loss].to_dict() == {"all batches": EQUAL, "2-design": EQUAL, "fixed": ANOTHER}
    assert (table["spectral, shared dual"] == EQUAL).all()


def test_averages_repair_sogclr_on_designs_only(table):
    assert table["SogCLR"].to_dict() == {"all batches": EQUAL, "2-design": EQUAL, "fixed": ANOTHER}
    assert table["SogCLR, no memory"].to_dict() == {"all batches": SAME, "2-design": AMONG, "fixed": ANOTHER}


def test_info_nce_keeps_its_optimum_as_notebook_01_says(table):
    assert table["InfoNCE"].to_dict() == {"all batches": SAME, "2-design": SAME, "fixed": ANOTHER}


def test_a_multiple_is_called_proportional(monkeypatch):
    def scaled(u, v, batches):
        return spectral_shared(u, v, batches) * len(batches)

    module = "replication.experiments.neighbours.surviving_losses.objectives"
    monkeypatch.setattr(module, lambda beta: {"scaled": scaled})
    found = survival_table([3], 1, 2, 0.5)
    assert (found.relation == PROPORTIONAL).all() and (found.difference > 0.1).all() and (found["ratio spread"] < 1e-10).all()


@pytest.mark.parametrize(
    ("gap", "worst", "relation"),
    [
        (0, 0, SAME),
        (1e-12, 0.1, AMONG),
        (0.1, 0.1, ANOTHER),
        (0.1, 0, SAME),  # each batch may have optima of its own, some of them common to all
        (GAP / 2, 0.1, UNDECIDED),
        (0, GAP / 2, UNDECIDED),
        (-0.1, 0.1, UNDECIDED),
    ],
)
def test_names_of_relations(gap, worst, relation):
    assert name_relation(gap, worst) == relation


def test_random_points_are_unit_rows_and_repeatable():
    first = random_points(3, 5)
    assert torch.equal(first, random_points(3, 5)) and torch.allclose(first.norm(dim=2), torch.ones(2, 9, dtype=torch.float64))
