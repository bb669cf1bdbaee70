"""Objectives by name."""

import pytest

from replication.losses import (
    DCL,
    MMCL,
    OBJECTIVES,
    InfoNCE,
    NTXent,
    PartialAUC,
    ReleasedMMCL,
    SnapshotNTXent,
    SogCLR,
    SpectralContrastive,
    make_objective,
)


def test_every_name_makes_its_class():
    expected = {"simclr": NTXent, "sogclr": SogCLR, "sogclr, as released": SogCLR, "infonce": InfoNCE, "dcl": DCL, "mmcl": MMCL}
    expected |= {"simclr, snapshot": SnapshotNTXent, "mmcl, as released": ReleasedMMCL, "spectral": SpectralContrastive}
    expected |= {"partial auc": PartialAUC, "partial auc, as released": PartialAUC}
    assert expected.keys() == OBJECTIVES.keys()
    for name, cls in expected.items():
        objective = make_objective(name, 10, 0.25)
        assert type(objective) is cls and objective.temperature == 0.25 and "temperature=0.25" in repr(objective)


def test_sogclr_as_released_differs_from_sogclr_by_the_first_visit():
    ours, released = make_objective("sogclr", 5, 0.1, gamma=0.5), make_objective("sogclr, as released", 5, 0.1, gamma=0.5)
    assert released.released_first_visit and not ours.released_first_visit
    assert released.gamma == ours.gamma and len(released.log_average) == 5


STATELESS = [name for name in OBJECTIVES if "sogclr" not in name and name not in ("simclr, snapshot", "mmcl, as released")]


@pytest.mark.parametrize("name", STATELESS)
def test_only_objectives_with_a_state_need_the_number_of_samples(name):
    assert make_objective(name, temperature=0.5).temperature == 0.5


def test_options_reach_the_objective():
    sogclr = make_objective("sogclr", 7, 0.1, gamma=0.5, released_first_visit=True)
    assert len(sogclr.log_average) == 7 and sogclr.gamma == 0.5 and sogclr.released_first_visit
    mmcl = make_objective("mmcl", 7, 0.1, ceiling=3, ridge=0.2, width=5)
    assert (mmcl.ceiling, mmcl.ridge, mmcl.width) == (3, 0.2, 5)
    assert make_objective("partial auc, as released", temperature=0.1, share=0.3).share == 0.3


@pytest.mark.parametrize(
    ("kind", "message", "arguments", "options"),
    [
        (ValueError, "objective='clip' must be one of 'simclr', 'sogclr', .*", ("clip", 5, 0.1), {}),
        (ValueError, "objective='clip' must be one of 'simclr', 'sogclr', .*", ("clip",), {}),
        (
            TypeError,
            r"num_samples is missing; 'sogclr' keeps .*: pass num_samples=len\(data\)",
            ("sogclr",),
            {"temperature": 1},
        ),
        (TypeError, "num_samples is list; .*", ("sogclr", [1, 2], 0.1), {}),
        (TypeError, r"temperature is missing; .*: make_objective\('simclr', temperature=0.1\)", ("simclr", 5), {}),
        (TypeError, "gamma=0.9 is no option of 'simclr'; it has none", ("simclr", 5, 0.1), {"gamma": 0.9}),
        (
            TypeError,
            "gama=1 is no option of 'sogclr'; it has gamma, released_first_visit, cosine_steps",
            ("sogclr", 5, 1),
            {"gama": 1},
        ),
        (ValueError, "num_samples=0 must be >= 1", ("sogclr", 0, 0.1), {}),
        (ValueError, "gamma=0 must be a number > 0 and <= 1", ("sogclr", 5, 0.1), {"gamma": 0}),
        (ValueError, "ridge=0 must be a finite number > 0", ("mmcl", 5, 0.1), {"ridge": 0}),
    ],
)
def test_wrong_arguments_raise_one_clear_line(kind, message, arguments, options):
    with pytest.raises(kind, match=f"^{message}$"):
        make_objective(*arguments, **options)
