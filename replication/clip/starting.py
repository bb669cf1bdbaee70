"""The network that a run begins with: pretrained towers, ImageNet weights, or an earlier run."""

from pathlib import Path

import torch
from torch import nn

from replication.clip.image_weights import load_image_weights
from replication.clip.models import ModelError, make_model
from replication.clip.settings import Settings
from replication.clip.towers import freeze_towers
from replication.features.texts import tower_identity
from replication.files import sha256
from replication.training.checkpoint import CheckpointError, load_checkpoint


def make_network(settings: Settings) -> nn.Module:
    """Return the network of a run before its first update, frozen where it shall not learn.

    Raises:
        ValueError, FileNotFoundError, ModelError: as `make_model`, `load_image_weights` and `load_start`.
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
    freeze_temperature(network, settings)
    if settings.checkpointing:
        network.set_grad_checkpointing()
    # The channels-last layout is the faster one for convolutions, on CPUs and on GPUs.
    return network.to(memory_format=torch.channels_last)


def freeze_temperature(network: nn.Module, settings: Settings) -> None:
    """Keep the logit scale unless the loss is open_clip's: moving averages, and duals, hold for one temperature only."""
    if settings.objective != "clip":
        network.logit_scale.requires_grad_(False)


def load_start(network: nn.Module, path: str, model: str) -> None:
    """Load the weights that an earlier run's `checkpoint.pt` holds.

    Raises:
        ModelError: it is damaged, no checkpoint of such a run, or one of another model.
    """
    try:
        saved = load_checkpoint(Path(path))
    except CheckpointError:  # whose advice, to delete it, is for runs that continue from their own
        raise ModelError(f"start={path!r} is damaged; it must be the checkpoint.pt of a fine-tuning run") from None
    identity, task = (saved.get(name) for name in ("identity", "task")) if isinstance(saved, dict) else (None, None)
    sound = isinstance(identity, dict) and "model" in identity and isinstance(task, dict)
    if not sound or not isinstance(task.get("network"), dict):
        raise ModelError(f"start={path!r} must be the checkpoint.pt of a fine-tuning run")
    if identity["model"] != model:
        raise ModelError(f"start={path!r} holds model {identity['model']!r}; it must be of model={model!r}")
    try:
        network.load_state_dict(task["network"])
    except RuntimeError as error:
        reason = " ".join(str(error).split())[:160]
        raise ModelError(f"start={path!r} does not fit model={model!r}: {reason}") from None


def file_digests(settings: Settings) -> dict:
    """Return the SHA-256 of each local file that gives weights, by the setting that names it: what a path cannot tell.

    A folder with a pretrained text tower counts as one.
    """
    tower = {"text_tower": tower_identity(settings.text_tower)} if settings.text_tower else {}
    paths = {name: getattr(settings, name) for name in ("pretrained", "image_weights", "start")}
    return tower | {name: sha256(Path(path)) for name, path in paths.items() if path and Path(path).is_file()}
