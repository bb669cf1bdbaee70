"""Equality of checkpoints, whose nested dicts and lists hold tensors."""

import torch


def equal(x, y):
    if isinstance(x, torch.Tensor):
        return torch.equal(x, y)
    if isinstance(x, dict):
        return x.keys() == y.keys() and all(equal(x[name], y[name]) for name in x)
    return all(map(equal, x, y)) if isinstance(x, list | tuple) else x == y
