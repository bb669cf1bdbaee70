"""Batch normalisation with the statistics of other batches than those that a network was trained on."""

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.optim.swa_utils import update_bn

from replication.torch_settings import full_precision
from replication.validation import check_has_values


def learned_norms(network: nn.Module) -> list[_BatchNorm]:
    """Return the batch normalisations whose running statistics training changes: those with a parameter that learns."""
    norms = [module for module in network.modules() if isinstance(module, _BatchNorm) and module.track_running_stats]
    return [norm for norm in norms if any(parameter.requires_grad for parameter in norm.parameters())]


@contextmanager
def recalibrated(
    network: nn.Module, batches: Iterable[Tensor], context: AbstractContextManager | None = None
) -> Iterator[None]:
    """Let running means and variances be the averages over `batches` for the time of a `with` block; then as they were.

    A batch of similar samples has a mean of its own and a small variance. A network that was trained on such batches
    normalises test images by statistics of such batches, which is not what hard batches teach its weights. Equal statistics
    for all methods separate the two.

    Args:
        network: called with each batch, in train mode; parameters are left alone. All its batch normalisations are affected.
        batches: inputs of the network, such as shuffled training images.
        context: in which the network sees the batches, such as `torch.autocast(...)`, and not in an autocast of the caller; the
            `with` block is outside of it, as scores and ranks must not be computed in half precision.

    Raises:
        ValueError: the network is on the meta device, which has no statistics.
        Whatever the network raises; its statistics are restored then too.
    """
    norms = [module for module in network.modules() if isinstance(module, _BatchNorm) and module.track_running_stats]
    for norm in norms:
        check_has_values("network", norm.running_mean)
    kept = [{name: buffer.clone() for name, buffer in norm.named_buffers()} for norm in norms]
    momenta = [norm.momentum for norm in norms]  # update_bn leaves its own behind if the network raises
    modes = {module: module.training for module in network.modules()}
    try:
        with full_precision(), context or nullcontext():
            update_bn(batches, network)
        yield
    finally:
        for norm, buffers, momentum in zip(norms, kept, momenta, strict=True):
            norm.momentum = momentum
            for name, buffer in buffers.items():
                getattr(norm, name).copy_(buffer)
        for module, training in modes.items():
            module.training = training
