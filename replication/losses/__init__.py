"""Contrastive losses: of all pairs, of families of mini-batches, and the objectives that networks are trained with.

| name | class | candidates of a view | in the paper |
|---|---|---|---|
| | `contrastive_loss`, `batch_losses`, `mini_batch_loss` | other view, whole input or given batches | eq. (1), theory |
| `infonce` | `InfoNCE` | other view of the batch | eq. (1) |
| `simclr` | `NTXent`, `nt_xent_losses` | both views of the batch | section 6.2 |
| `simclr, snapshot` | `SnapshotNTXent` | likewise, with a correction towards both views of all samples | no |
| `sogclr` | `SogCLR` | both views of all samples, by moving averages | section 6.2 |
| `sogclr, as released` | `SogCLR` | likewise, other first averages | the authors' code |
| | `BimodalSogCLR` | other view of all samples, by moving averages of each direction | no |
| `dcl` | `DCL` | both views of the batch, positive left out | no |
| `mmcl` | `MMCL` | other view of the batch, weighted by a support vector machine | no |
| `mmcl, as released` | `ReleasedMMCL` | likewise, with the width and the ceiling of the authors' code | no |
| `partial auc` | `PartialAUC` | other view of all samples, the highest-scored share, by dual variables | no |
| `partial auc, as released` | `PartialAUC` | likewise, with the sign of one dual as in the authors' code | no |
| `spectral` | `SpectralContrastive` | both views of the batch, squared | no |
| | `spectral_loss`, `spectral_dual` | both views of the whole input, and the dual that needs no pairs | no |
| | `partial_auc_loss`, `optimal_duals` | scores of positives and negatives, whole input | no |
| | `multiclass_auc_loss` | scores of classes instead of views | no |

`make_objective` makes an objective by name. All are called alike: `objective(u, v, index)`, see `Objective`.
"""

from replication.losses.bimodal_sogclr import BimodalSogCLR
from replication.losses.dcl import DCL
from replication.losses.info_nce import InfoNCE, batch_losses, contrastive_loss, mini_batch_loss
from replication.losses.mmcl import MMCL, ReleasedMMCL
from replication.losses.multiclass_auc import multiclass_auc_loss
from replication.losses.nt_xent import NTXent, nt_xent_losses
from replication.losses.objective import Objective
from replication.losses.partial_auc import PartialAUC
from replication.losses.partial_auc_form import Duals, optimal_duals, partial_auc_loss
from replication.losses.registry import OBJECTIVES, make_objective
from replication.losses.snapshot import SnapshotNTXent
from replication.losses.sogclr import SogCLR
from replication.losses.spectral import SpectralContrastive, spectral_dual, spectral_loss

__all__ = [
    "DCL",
    "MMCL",
    "OBJECTIVES",
    "BimodalSogCLR",
    "Duals",
    "InfoNCE",
    "NTXent",
    "Objective",
    "PartialAUC",
    "ReleasedMMCL",
    "SnapshotNTXent",
    "SogCLR",
    "SpectralContrastive",
    "batch_losses",
    "contrastive_loss",
    "make_objective",
    "mini_batch_loss",
    "multiclass_auc_loss",
    "nt_xent_losses",
    "optimal_duals",
    "partial_auc_loss",
    "spectral_dual",
    "spectral_loss",
]
