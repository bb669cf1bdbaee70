"""The losses of the first updates of a small training, which pin its numerics."""

import torch

from replication.selection import ShuffledBatches


def first_losses(task, count=20):
    """Return the losses of the first updates with shuffled batches, one thread."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    losses, epoch = [], 0
    while len(losses) < count:
        plan = ShuffledBatches(task.settings.batch_size).plan(task.num_samples, torch.Generator().manual_seed(epoch))
        losses += [float(loss) for loss in task.steps(plan, 0, epoch)]
        epoch += 1
    torch.set_num_threads(threads)
    return losses[:count]
