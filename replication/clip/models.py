"""Models by name through open_clip, among them two of our own for CPUs and for places without a hub."""

import difflib
import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import open_clip
import torch
from torch import nn

from replication.validation import check_count

# Ours: "mobilenetv2-tiny-text", whose image tower takes ImageNet weights of timm's mobilenetv2_100 (64 to 128 pixels), and
# "digits-tiny", a transformer of seconds without batch normalisation. Both see pixels scaled to [-1, 1].
CONFIGS = Path(__file__).parent / "configs"
OWN_MODELS = tuple(sorted(path.stem for path in CONFIGS.glob("[!.]*.json")))
HALF = (0.5, 0.5, 0.5)
SCHEMES = ("hf-hub:", "local-dir:")  # open_clip's own: such a name says where the weights are, and needs no tag
SUFFIXES = (".pt", ".pth", ".bin", ".ckpt", ".safetensors")

open_clip.add_model_config(CONFIGS)


class ModelError(RuntimeError):
    """Weights cannot be fetched, read, or fitted into the model: one line says which and what to do."""


def make_model(name: str, pretrained: str = "", size: int = 0, seed: int = 0) -> nn.Module:
    """Return a dual encoder of open_clip in float32, on the CPU; `model.visual.preprocess_cfg` says how it sees images.

    Args:
        name: one of `open_clip.list_models()`, which includes ours, or "hf-hub:..." or "local-dir:...".
        pretrained: "" (from scratch), one of open_clip's tags for this model, or the path of a checkpoint.
        size: pixels of an image's side; 0: the model's own.
        seed: of the initial weights. The global generator is left alone.

    Raises:
        ValueError: an unknown model or tag, with the nearest ones that there are; a model that is no dual encoder.
        FileNotFoundError: `pretrained` is a path where no file is.
        ModelError: weights that cannot be downloaded, or do not fit the model.
    """
    check_count("size", size, 0)
    tag = check_names(name, pretrained)
    statistics = {"image_mean": HALF, "image_std": HALF} if name in OWN_MODELS else {}
    with torch.random.fork_rng(devices=[]), _quiet():
        torch.manual_seed(seed)
        try:
            model, _, _ = open_clip.create_model_and_transforms(
                name,
                pretrained or None,
                force_image_size=size or None,
                force_quick_gelu=bool(tag.get("quick_gelu")),  # as these weights were trained; open_clip only warns
                **statistics,
            )
        except Exception as error:
            raise ModelError(_explain(name, pretrained, bool(tag), error)) from None
    if not hasattr(model, "logit_scale") or hasattr(model, "text_decoder"):
        raise ValueError(f"model={name!r} must be a dual encoder with a learned logit scale, such as 'RN50'")
    if getattr(model, "logit_bias", None) is not None:
        model.logit_bias.requires_grad_(False)  # added to all logits alike, it cancels in a softmax
    return model


def make_tokenizer(name: str):
    """Return the model's tokenizer: texts -> int64 [number, context length]; longer texts are cut off.

    Offline for all models whose texts are split by CLIP's own vocabulary, which open_clip contains.

    Raises:
        ModelError: another tokenizer, which cannot be downloaded.
    """
    with _quiet():
        try:
            return open_clip.get_tokenizer(name)
        except Exception as error:
            raise ModelError(f"the tokenizer of model={name!r} cannot be loaded: {_first_line(error)}") from None


def check_names(name: str, pretrained: str) -> dict:
    """Return open_clip's entry for a pretrained tag, {} for none, for a path, and for a name that says where its weights are.

    Raises:
        ValueError, FileNotFoundError: as `make_model`.
    """
    if name.startswith(SCHEMES):
        return {}
    known = open_clip.list_models()
    if name.replace("/", "-") not in known:
        raise ValueError(f"model={name!r} is unknown to open_clip; {nearest(name, known)}")
    if not pretrained or Path(pretrained).is_file():
        return {}
    tag = open_clip.get_pretrained_cfg(name.replace("/", "-"), pretrained)
    if not tag and (pretrained.endswith(SUFFIXES) or len(Path(pretrained).parts) > 1):
        raise FileNotFoundError(f"pretrained={pretrained!r}: there is no such file")
    if not tag:
        tags = open_clip.list_pretrained_tags_by_model(name.replace("/", "-"))
        raise ValueError(f"pretrained={pretrained!r} is neither a file nor a tag of {name!r}; {nearest(pretrained, tags)}")
    return tag


def nearest(word: str, known: list[str]) -> str:
    """Return the known names most like `word`, ignoring case; or, of a few, all."""
    if not known:
        return "it has none: give the path of a checkpoint, or ''"
    lower = {name.lower(): name for name in known}
    found = [lower[match] for match in difflib.get_close_matches(word.lower(), lower, n=3, cutoff=0.5)]
    return f"nearest: {', '.join(map(repr, found))}" if found else f"there are {', '.join(map(repr, known[:8]))}"


def _explain(name: str, pretrained: str, is_tag: bool, error: Exception) -> str:
    if is_tag or name.startswith("hf-hub:"):
        what = f"weights {pretrained!r} of model {name!r}" if is_tag else f"model {name!r}"
        return (
            f"{what} cannot be downloaded ({_first_line(error)}); "
            f"give pretrained the path of a local checkpoint, or run once where the network reaches the hub"
        )
    return f"model={name!r} with pretrained={pretrained!r} cannot be made: {_first_line(error)}"


def _first_line(error: Exception) -> str:
    """Return an error in at most 200 letters of one line."""
    text = re.sub(r"\s+", " ", str(error)).strip() or type(error).__name__
    return text if len(text) <= 200 else text[:199] + "…"


@contextmanager
def _quiet() -> Iterator[None]:
    """Silence what open_clip and the hub log on the way; what matters is raised."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(before)
