"""Settings of all tests."""

import torch

# The tensors here are small, and on a machine that is busy otherwise more threads wait for each other.
torch.set_num_threads(1)
