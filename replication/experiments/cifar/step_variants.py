"""The ways to launch one update of the pre-training. All compute the same, up to rounding; which is fastest, a GPU decides.

- "eager": Python launches one kernel after the other. On a GPU, small images and batches make this the bottleneck.
- "compiled": the network through torch.compile, which fuses kernels and records CUDA graphs of both passes of the network;
  objective and optimiser are launched as before.
- "graph": the whole update is one CUDA graph; see `captured_step`.
- "compiled graph": likewise, with the fused kernels of the compiled network in it.

A variant is no setting: it does not identify a training, and a training may be continued with another.
"""

import torch
from torch import nn

from replication.experiments.cifar.settings import Settings
from replication.validation import check_choice

VARIANTS = ("eager", "compiled", "graph", "compiled graph")
GRAPHS = ("graph", "compiled graph")
GRAPH_DEVICES = ("cuda",)
COMPILE_MODE = "reduce-overhead"  # with CUDA graphs, where there is CUDA


def variant_or_default(variant: str, settings: Settings, device: torch.device) -> str:
    """Return `variant`, or, where it is empty, what the setting `compiled` asks for.

    Raises:
        ValueError: an unknown variant, or one that `device` does not have.
    """
    if not variant:
        return "compiled" if settings.compiled else "eager"
    check_choice("variant", variant, VARIANTS)
    if variant in GRAPHS and device.type not in GRAPH_DEVICES:
        raise ValueError(f"variant={variant!r} needs a device of type {' or '.join(GRAPH_DEVICES)}; it is {device}")
    return variant


def variants_for(settings: Settings, device: torch.device) -> list[str]:
    """Return the variants worth a trial: on a GPU all, elsewhere what the settings ask for."""
    if device.type in GRAPH_DEVICES:
        return ["eager", "graph", "compiled", "compiled graph"]  # those that need minutes to compile come last
    return ["eager", "compiled"] if settings.compiled else ["eager"]


def forward_of(network: nn.Module, variant: str) -> nn.Module:
    """Return what runs the network: itself, or compiled, with the same weights."""
    if variant == "compiled":
        return torch.compile(network, mode=COMPILE_MODE)
    # The graph around it is ours, and it sees one size of batches only.
    return torch.compile(network, dynamic=False) if variant == "compiled graph" else network
