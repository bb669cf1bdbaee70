"""A page of captions and the images that the network finds for them, to look at."""

import sys
from pathlib import Path

import torch
from matplotlib.figure import Figure

from replication.clip.evaluation import embed_test, nearest_images
from replication.clip.finetuning import FineTuning
from replication.datasets.pairs import PairSet, caption_groups
from replication.files import whole
from replication.validation import one_line

LONGEST = 120  # letters of a caption that the page has room for


def write_examples(task: FineTuning, test: PairSet, path: Path, rows: int = 6, columns: int = 6) -> None:
    """Write a page of test captions, evenly spaced, each above its own image and those found for it, best first.

    A frame marks the caption's own image, wherever it stands. The page is only to look at: where it cannot be made, one line
    says so, and the run goes on.

    It stays beside the checkpoint, which git ignores: photographs belong to their authors, and committed results show none.
    """
    try:
        with whole(path) as temporary:
            _draw(task, test, rows, columns).savefig(temporary, format="png", dpi=100)
    except Exception as error:
        print(f"no page of examples in {path}: {type(error).__name__} {one_line(str(error))}", file=sys.stderr, flush=True)


def _draw(task: FineTuning, test: PairSet, rows: int, columns: int) -> Figure:
    u, v, groups = embed_test(task, test)
    texts, _ = caption_groups(test)
    chosen = torch.linspace(0, len(texts) - 1, min(rows, len(texts))).long().tolist()
    found = nearest_images(u, v, chosen, columns - 1)
    # A figure of its own: pyplot would keep it, and choose a window system.
    figure = Figure(figsize=(1.7 * columns, 2.1 * len(chosen)), layout="constrained")
    axes = figure.subplots(len(chosen), columns, squeeze=False)
    for line, (caption, images) in enumerate(zip(chosen, found.tolist(), strict=True)):
        own = int(groups[caption])
        for axis, image in zip(axes[line], [own, *images], strict=False):
            axis.imshow(test.images[image].permute(1, 2, 0).numpy())
            for spine in axis.spines.values():
                spine.set(color="tab:blue" if image == own else "none", linewidth=4)
        for axis in axes[line]:
            axis.set(xticks=[], yticks=[])
        text = one_line(texts[caption])
        text = text if len(text) <= LONGEST else f"{text[:LONGEST]} ..."
        title = axes[line][0].set_title(text, loc="left", fontsize="medium", parse_math=False)
        title.set_in_layout(False)  # it may run on above the other columns without moving them
    return figure
