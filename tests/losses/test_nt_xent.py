"""NT-Xent against a loop over anchors and candidates."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from replication.losses import NTXent, nt_xent, nt_xent_losses


def slow_nt_xent(u, v, temperature):
    """SimCLR's loss in Python's own floats: every view against all other 2B-1."""
    views = [[x / math.hypot(*row) for x in row] for row in u.tolist() + v.tolist()]
    total, size = 0.0, len(u)
    for i, anchor in enumerate(views):
        z = [math.fsum(a * b for a, b in zip(anchor, other, strict=True)) / temperature for other in views]
        others = [value for j, value in enumerate(z) if j != i]
        peak = max(others)
        total += peak + math.log(math.fsum(math.exp(value - peak) for value in others)) - z[(i + size) % (2 * size)]
    return total / (2 * size)


@given(st.integers(2, 7), st.integers(1, 5), st.sampled_from([1.0, 0.1, 0.01]), st.integers(0, 999))
@settings(max_examples=30, deadline=None)
def test_equals_the_slow_loop(n, d, temperature, seed):
    u, v = torch.randn(2, n, d, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
    expected = pytest.approx(slow_nt_xent(u, v, temperature), rel=1e-10, abs=1e-10)
    assert NTXent(temperature)(u, v).item() == expected
    assert NTXent(temperature)(u.float(), v.float()).item() == pytest.approx(expected.expected, rel=1e-4, abs=1e-4)


def test_negatives_of_the_same_view_count():
    """Two samples alike in view u but not in view v cost more than ones that differ in both."""
    base = torch.eye(4, dtype=torch.float64)
    u = base.clone()
    u[1] = u[0]
    mixed = NTXent(0.5)(u, base)
    assert mixed > NTXent(0.5)(base, base) and mixed.item() == pytest.approx(slow_nt_xent(u, base, 0.5))


def test_the_losses_of_many_batches_are_those_of_each_and_do_not_depend_on_the_blocks(monkeypatch):
    generator = torch.Generator().manual_seed(3)
    u, v = torch.nn.functional.normalize(torch.randn(2, 60, 5, dtype=torch.float64, generator=generator), dim=2)
    batches = torch.randperm(60, generator=generator).view(15, 4)
    expected = torch.tensor([slow_nt_xent(u[row], v[row], 0.1) for row in batches], dtype=torch.float64)
    sizes, of_block = [], nt_xent._losses_of_block
    monkeypatch.setattr(nt_xent, "_losses_of_block", lambda *block: sizes.append(len(block[2])) or of_block(*block))
    for most, blocks in ((2**24, [15]), (8 * 8 * 6 + 1, [6, 6, 3]), (1, [1] * 15)):  # 8 x 8 logits for each batch
        sizes.clear()
        torch.testing.assert_close(nt_xent_losses(u, v, batches, 0.1, max_elements=most), expected)
        assert sizes == blocks
