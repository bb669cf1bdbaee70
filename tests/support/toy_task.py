"""A task small enough for the tests of the loop: a linear map of points, pulled together in pairs."""

import torch

from replication.losses import contrastive_loss
from replication.seeding import derived_seed
from replication.training.loop import Task


class ToyTask(Task):
    def __init__(self, num_samples=20, seed=0, fail_at=None, rate=0.1):
        self.num_samples, self.seed, self.fail_at, self.rate = num_samples, seed, fail_at, rate
        generator = torch.Generator().manual_seed(seed)
        self.points = torch.randn(num_samples, 6, generator=generator)
        self.weight = torch.randn(6, 4, generator=generator).requires_grad_()
        self.updates, self.passes = 0, []

    def identity(self):
        return {"samples": self.num_samples, "seed": self.seed, "rate": self.rate}

    def embed(self, epoch, pass_number):
        self.passes.append((epoch, pass_number))
        with torch.no_grad():
            return self.points @ self.weight, (self.points + 0.1 * (1 + pass_number)) @ self.weight

    def steps(self, plan, start, epoch):
        for position in range(start, len(plan)):
            generator = torch.Generator().manual_seed(derived_seed(self.seed, "noise", epoch, position))
            x = self.points[plan[position]]
            noise = torch.randn(x.shape, generator=generator) + 0.1 * torch.rand(())  # global randomness must resume too
            loss = contrastive_loss(x @ self.weight, (x + 0.3 * noise) @ self.weight, normalize=True, validate=False)
            if self.fail_at == self.updates:
                loss = loss * float("nan")
            (gradient,) = torch.autograd.grad(loss, self.weight)
            with torch.no_grad():
                self.weight -= self.rate * gradient
            self.updates += 1
            yield loss.detach()

    def state_dict(self):
        return {"weight": self.weight.detach().clone(), "updates": self.updates}

    def load_state_dict(self, state):
        with torch.no_grad():
            self.weight.copy_(state["weight"])
        self.updates = state["updates"]
