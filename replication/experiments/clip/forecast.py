"""What an epoch of fine-tuning takes, from a few updates and a block of features now; choosing batches is not counted."""

import torch

from replication.clip.finetuning import FEATURE_BATCH, FineTuning
from replication.clip.selecting import make_clip_selector
from replication.experiments.grid.speed import least_seconds, seconds_of_updates

BLOCK = 8  # updates that are timed at once


def seconds_of_epochs(task: FineTuning, methods: list[str]) -> dict[str, float]:
    """Return the seconds of one epoch with each method, alone on this machine; the network of `task` learns from it."""
    update = seconds_of_updates(task, task.settings.batch_size, BLOCK, task.device)
    images, tokens = task.images[:FEATURE_BATCH], task.tokens[task.caption_rows(0)[:FEATURE_BATCH].to(task.device)]
    with torch.no_grad():
        block = least_seconds(lambda: task.embed_pairs(images, tokens), task.device)
    features = block * task.num_samples / len(images)
    passes = {method: make_clip_selector(task, method).uses_embeddings for method in methods}
    return {method: task.steps_per_epoch * update + passes[method] * features for method in methods}
