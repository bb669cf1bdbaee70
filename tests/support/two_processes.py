"""A step and a plan of a fine-tuning run, in as many processes as torchrun starts: python two_processes.py file objective."""

import sys

import pytest
import torch
from small_finetuning import small_task
from torch import distributed

from replication.clip import finetuning
from replication.clip.processes import join_processes
from replication.clip.selecting import make_clip_selector
from replication.training.planning import plan_epoch


def first_steps(objective, processes=None):
    """Return plan, losses of two steps, gradients of the second and weights after it."""
    task = small_task(processes, objective=objective, method="SwapSearch", batch_size=16)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(finetuning, "FEATURE_BATCH", 16)  # several blocks, which the processes share
        plan = plan_epoch(make_clip_selector(task), 80, lambda number: task.embed(1, number), 0, 1).batches
    losses = torch.stack(list(task.steps(plan[:2], 0, 1)))
    gradients = {name: p.grad for name, p in task.network.named_parameters() if p.grad is not None}
    return {"plan": plan, "losses": losses, "gradients": gradients, "weights": task.network.state_dict()}


if __name__ == "__main__":
    torch.set_num_threads(1)
    processes = join_processes("cpu")
    for objective in ("clip", "sogclr", "partial auc", "spectral"):
        torch.save(first_steps(objective, processes), f"{sys.argv[1]}/{objective}-{processes.rank}.pt")
    distributed.destroy_process_group()
