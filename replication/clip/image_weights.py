"""ImageNet weights from a local file, put into a timm image tower."""

from pathlib import Path

import torch
from timm.layers import Conv2dSame
from torch import nn

from replication.clip.models import ModelError


def load_image_weights(model: nn.Module, path: str | Path) -> None:
    """Load a state dict of the timm network that is the model's image tower, trained with TensorFlow's "SAME" padding.

    That padding is not symmetric where a convolution strides, so these become `timm.layers.Conv2dSame`. The classifier in the
    file is left out; nothing else may be missing or left over.

    Raises:
        ValueError: the model's image tower is no timm network.
        FileNotFoundError: no such file.
        ModelError: the file is damaged, or holds another network's weights.
    """
    trunk = getattr(model.visual, "trunk", None)
    if trunk is None:
        raise ValueError(f"image_weights={str(path)!r} needs a model with an image tower of timm, 'mobilenetv2-tiny-text'")
    load_trunk_weights(trunk, path)


def load_trunk_weights(trunk: nn.Module, path: str | Path) -> None:
    """Load the state dict into a network of timm, with or without its classifier; as `load_image_weights`, which see."""
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"image_weights={str(path)!r}: there is no such file; data/README.md says how to get it")
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
        # load_state_dict copies, and so turns half precision into the model's own
        missing, unexpected = trunk.load_state_dict(state, strict=False)
    except Exception as error:
        reason = " ".join(str(error).split())[:120]
        raise ModelError(f"image_weights={str(path)!r} cannot be loaded ({type(error).__name__}: {reason})") from None
    unexpected = [name for name in unexpected if not name.startswith("classifier.")]
    if missing or unexpected:
        raise ModelError(
            f"image_weights={str(path)!r} holds another network: {len(missing)} tensors are missing"
            f" and {len(unexpected)} are left over (first: {(missing + unexpected)[0]})"
        )
    use_same_padding(trunk)


def use_same_padding(network: nn.Module) -> None:
    """Replace each convolution of stride 2 by one with TensorFlow's "SAME" padding, with the same weights."""
    for module in list(network.modules()):
        for name, child in module.named_children():
            if type(child) is nn.Conv2d and child.stride == (2, 2):
                same = Conv2dSame(
                    child.in_channels,
                    child.out_channels,
                    child.kernel_size,
                    child.stride,
                    groups=child.groups,
                    bias=child.bias is not None,
                )
                same.weight, same.bias = child.weight, child.bias
                setattr(module, name, same)
