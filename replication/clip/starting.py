"""The network that a run begins with: pretrained towers, ImageNet weights, or an earlier run."""

from pathlib import Path

import torch
from torch import nn

from replication.clip.image_weights import load_image_weights
from replication.clip.models import ModelError, make_model
from replication.clip.settings import Settings
from replication.clip.towers import freeze_towers
from replication.provenance import sha256
from replication.training.checkpoint import load_checkpoint


def make_network(settings: Settings) -> nn.Module:
    """Return the network of a run before its first update, frozen where it shall not learn.

    Raises:
        ValueError, FileNotFoundError, ModelError: as `make_model`, `load_image_weights` and `load_start`.
        CheckpointError: `settings.start` is damaged.
    """
    for name in ("image_weights", "start"):  # before anything is downloaded
        path = getattr(settings, name)
        if path and not Path(path).is_file():
            raise FileNotFoundError(f"{name}={path!r}: there is no such file")
    network = make_model(settings.model, settings.pretrained, settings.size, settings.seed)
    if settings.image_weights:
        load_image_weights(network, settings.image_weights)
    if settings.start:
        load_start(network, settings.start, settings.model)
    freeze_towers(network, settings.freeze)
    if settings.objective == "sogclr":
        network.logit_scale.requires_grad_(False)  # the moving averages hold for one temperature only
    if settings.checkpointing:
        network.set_grad_checkpointing()
    # The channels-last layout is the faster one for convolutions, on CPUs and on GPUs.
    return network.to(memory_format=torch.channels_last)


def load_start(network: nn.Module, path: str, model: str) -> None:
    """Load the weights that an earlier run's `checkpoint.pt` holds.

    Raises:
        ModelError: it is no checkpoint of such a run, or one of another model.
    """
    saved = load_checkpoint(Path(path))
    identity = saved.get("identity", {}) if isinstance(saved, dict) else {}
    if "model" not in identity or "network" not in saved.get("task", {}):
        raise ModelError(f"start={path!r} must be the checkpoint.pt of a fine-tuning run")
    if identity["model"] != model:
        raise ModelError(f"start={path!r} holds model {identity['model']!r}; it must be of model={model!r}")
    try:
        network.load_state_dict(saved["task"]["network"])
    except RuntimeError as error:
        reason = " ".join(str(error).split())[:160]
        raise ModelError(f"start={path!r} does not fit model={model!r}: {reason}") from None


def file_digests(settings: Settings) -> dict:
    """Return the SHA-256 of each local file that gives weights, by the setting that names it: what a path cannot tell."""
    paths = {name: getattr(settings, name) for name in ("pretrained", "image_weights", "start")}
    return {name: sha256(Path(path)) for name, path in paths.items() if path and Path(path).is_file()}
