"""Training objectives by name."""

import inspect
from collections.abc import Callable
from functools import partial

from replication.losses.dcl import DCL
from replication.losses.info_nce import InfoNCE
from replication.losses.mmcl import MMCL, ReleasedMMCL
from replication.losses.nt_xent import NTXent
from replication.losses.objective import Objective
from replication.losses.partial_auc import PartialAUC
from replication.losses.snapshot import SnapshotNTXent
from replication.losses.sogclr import SogCLR
from replication.losses.spectral import SpectralContrastive
from replication.validation import check_choice, check_num_samples

OBJECTIVES: dict[str, Callable[..., Objective]] = {
    "simclr": NTXent,
    "sogclr": SogCLR,
    "sogclr, as released": partial(SogCLR, released_first_visit=True),
    "simclr, snapshot": SnapshotNTXent,
    "infonce": InfoNCE,
    "dcl": DCL,
    "mmcl": MMCL,
    "mmcl, as released": ReleasedMMCL,
    "partial auc": PartialAUC,
    "partial auc, as released": partial(PartialAUC, smoothing=2.0, ascend=False, gamma=1.0),
    "spectral": SpectralContrastive,
}


def make_objective(name: str, num_samples: int | None = None, temperature: float | None = None, **options) -> Objective:
    """Return the objective of that name.

    Args:
        name: a key of `OBJECTIVES`.
        num_samples: size of the training set; only objectives with a state for each sample, such as SogCLR, need it.
        temperature: > 0; must be given.
        options: further arguments of that objective alone, such as `gamma` of SogCLR.

    Raises:
        TypeError: an option that this objective does not have; no temperature, or no `num_samples` where it is needed.
        ValueError: an unknown name, or a value outside its range.
    """
    cls = OBJECTIVES[check_choice("objective", name, OBJECTIVES)]
    known = [parameter for parameter in inspect.signature(cls).parameters if parameter not in ("num_samples", "temperature")]
    for option in options:
        if option not in known:
            raise TypeError(f"{option}={options[option]!r} is no option of {name!r}; it has {', '.join(known) or 'none'}")
    if temperature is None:
        raise TypeError(f"temperature is missing; pass it by name: make_objective({name!r}, temperature=0.1)")
    if "num_samples" in inspect.signature(cls).parameters:
        if num_samples is None:
            raise TypeError(f"num_samples is missing; {name!r} keeps a state for each sample: pass num_samples=len(data)")
        options["num_samples"] = check_num_samples(num_samples, 1)
    return cls(temperature=temperature, **options)
