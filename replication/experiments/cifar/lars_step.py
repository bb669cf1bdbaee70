"""The step of LARS with a learning rate that lies on the device, so that a CUDA graph can hold it.

timm's `Lars` reads the learning rate as a number of Python (a tensor too, in its loop over single tensors), and a graph would
repeat the first one for ever. The optimiser stays timm's: it keeps the momenta and goes into checkpoints; only the arithmetic
of its step is written here once more, for the options that `make_lars` sets.
"""

import torch
from timm.optim import Lars
from torch import Tensor


def start_momenta(optimizer: Lars) -> None:
    """Give every parameter a momentum of zero where it has none yet.

    timm's first step makes the gradient the momentum. With a momentum of zero before it, every step is the same, as a graph
    needs.

    Raises:
        ValueError: an option of the optimiser that `lars_step` does not know.
    """
    for group in optimizer.param_groups:
        for name in ("dampening", "nesterov", "trust_clip"):
            if group[name]:
                raise ValueError(f"{name}={group[name]!r} of the optimiser must be 0 or False")
        for parameter in group["params"] if group["momentum"] else ():
            state = optimizer.state[parameter]
            if state.get("momentum_buffer") is None:
                state["momentum_buffer"] = torch.zeros_like(parameter)


@torch.no_grad()
def lars_step(optimizer: Lars, rate: Tensor) -> None:
    """Make the step of `optimizer` with the learning rate `rate` (0-d, on the device of the parameters).

    Nothing waits for the device, and all tensors stay at their addresses. Every parameter with a gradient must have its
    momentum; see `start_momenta`.
    """
    for group in optimizer.param_groups:
        parameters = [parameter for parameter in group["params"] if parameter.grad is not None]
        if not parameters:
            continue
        directions = [parameter.grad for parameter in parameters]
        if group["weight_decay"] or group["always_adapt"]:
            ratios = _trust_ratios(parameters, directions, group)
            directions = torch._foreach_add(directions, parameters, alpha=group["weight_decay"])
            torch._foreach_mul_(directions, ratios)
        if group["momentum"]:
            momenta = [optimizer.state[parameter]["momentum_buffer"] for parameter in parameters]
            torch._foreach_mul_(momenta, group["momentum"])
            torch._foreach_add_(momenta, directions)
            directions = momenta
        torch._foreach_add_(parameters, torch._foreach_mul(directions, -rate))


def _trust_ratios(parameters: list[Tensor], gradients: list[Tensor], group: dict) -> list[Tensor]:
    """Return trust_coeff |w| / (|g| + weight_decay |w| + eps) of each tensor, 0-d, or 1 where a norm is zero."""
    weight, gradient = (torch.stack(torch._foreach_norm(tensors)) for tensors in (parameters, gradients))
    ratios = group["trust_coeff"] * weight / (gradient + weight * group["weight_decay"] + group["eps"])
    return list(torch.where((weight > 0) & (gradient > 0), ratios, 1.0).unbind())
