"""OrderedSGD: the top q of the candidates, checked with a loop; clipping; the defaults; errors."""

import logging

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from replication.losses import NTXent, batch_losses, contrastive_loss
from replication.selection import AllBatches, OrderedSGD, ShuffledBatches


def embeddings(n=24, d=3, seed=0, dtype=torch.float64):
    generator = torch.Generator().manual_seed(seed)
    return [torch.randn(n, d, generator=generator, dtype=torch.float64).to(dtype) for _ in range(2)]


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def slow_top(u, v, candidates, q, temperature=1.0):
    """Pick the hardest remaining candidate q times; the first one wins a tie."""
    losses = [contrastive_loss(u[row], v[row], temperature, normalize=True).item() for row in candidates]
    chosen = []
    for _ in range(q):
        best = max((m for m in range(len(losses)) if m not in chosen), key=lambda m: losses[m])
        chosen.append(best)
    return candidates[chosen]


@settings(max_examples=40, deadline=None)
@given(
    n=st.integers(2, 40), batch_size=st.integers(2, 12), k=st.integers(1, 12), q=st.integers(1, 12), seed=st.integers(0, 10**6)
)
def test_returns_the_hardest_of_the_disjoint_candidates(n, batch_size, k, q, seed):
    batch_size = min(batch_size, n)
    k = min(k, n // batch_size)
    q = min(q, k)
    u, v = embeddings(n, 3, seed)
    plan = OrderedSGD(batch_size, k, q, temperature=0.5).select(u, v, generator(seed))
    assert plan.shape == (q, batch_size)
    assert plan.unique().numel() == plan.numel()
    candidates = ShuffledBatches(batch_size).plan(n, generator(seed))[:k]
    assert torch.equal(plan, slow_top(u, v, candidates, q, 0.5))


def slow_nt_xent(u, v, row, temperature):
    return NTXent(temperature)(u[row], v[row]).item()


@pytest.mark.parametrize(("batch_size", "temperature"), [(2, 1.0), (3, 0.1), (6, 0.05)])
def test_can_rank_by_the_loss_of_simclr(batch_size, temperature):
    u, v = embeddings(60, 3)
    selector = OrderedSGD(batch_size, q=7, temperature=temperature, loss="nt_xent")
    plan = selector.select(u, v, generator())
    candidates = ShuffledBatches(batch_size).plan(60, generator())
    losses = [slow_nt_xent(u, v, row, temperature) for row in candidates]
    hardest = sorted(range(len(losses)), key=lambda m: -losses[m])[:7]
    assert torch.equal(plan, candidates[hardest])
    assert not torch.equal(plan, OrderedSGD(batch_size, q=7, temperature=temperature).select(u, v, generator()))


def test_returns_the_hardest_of_all_batches():
    u, v = embeddings(7)
    plan = OrderedSGD(3, q=5, candidates="all").select(u, v)
    assert torch.equal(plan, slow_top(u, v, AllBatches(3).plan(7), 5))


def test_independent_candidates_are_not_limited_by_the_data():
    u, v = embeddings(6)
    plan = OrderedSGD(3, k=50, q=50, candidates="independent").select(u, v, generator())
    losses = torch.stack([contrastive_loss(u[row], v[row], normalize=True) for row in plan])
    assert plan.shape == (50, 3)
    assert (losses.diff() <= 1e-12).all()
    assert len(OrderedSGD(3, candidates="independent").select(u, v)) == 1


def test_ties_go_to_the_lowest_index():
    same = torch.ones(6, 2)
    assert OrderedSGD(2, q=4, candidates="all").select(same).tolist() == AllBatches(2).plan(6)[:4].tolist()


@pytest.mark.parametrize(("k", "expected"), [(None, 4), (9, 1), (10, 1), (20, 2), (39, 3), (40, 4)])
def test_by_default_a_tenth_of_the_candidates_is_kept(k, expected):
    assert len(OrderedSGD(2, k).select(*embeddings(80))) == expected


def test_a_k_that_is_too_large_is_clipped_and_logged_once(caplog):
    selector = OrderedSGD(4, k=100, q=6)
    with caplog.at_level(logging.WARNING):
        plans = [selector.select(*embeddings(), generator=generator(seed)) for seed in range(3)]
    assert [record.getMessage() for record in caplog.records] == [
        "k=100 is clipped to 6, the number of whole batches in the data"
    ]
    assert all(plan.shape == (6, 4) for plan in plans)


@pytest.mark.parametrize("candidates", ["partition", "independent"])
def test_one_generator_decides_everything(candidates):
    u, v = embeddings()
    plans = [OrderedSGD(4, 5, 2, candidates).select(u, v, generator(seed)) for seed in (3, 3, 4)]
    assert torch.equal(plans[0], plans[1])
    assert not torch.equal(plans[0], plans[2])


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
def test_norms_and_precision_do_not_matter_and_no_second_view_means_the_first(dtype):
    u, _ = embeddings(dtype=dtype)
    scaled = u * torch.linspace(1, 8, len(u))[:, None].to(dtype).log2().round().exp2()  # powers of two: exact
    plan = OrderedSGD(4, 6, 3).select(u, generator=generator())
    assert torch.equal(plan, OrderedSGD(4, 6, 3).select(scaled, u, generator()))


@pytest.mark.parametrize(
    ("arguments", "kind", "message"),
    [
        ({"batch_size": 1}, ValueError, r"^batch_size=1 must be >= 2$"),
        ({"k": 0}, ValueError, r"^k=0 must be >= 1$"),
        ({"k": 2.5}, TypeError, r"^k=2.5 must be an integer$"),
        ({"q": 0}, ValueError, r"^q=0 must be >= 1$"),
        ({"k": 4, "q": 5}, ValueError, r"^q=5 must be >= 1 and <= 4 \(k, the number of candidates\)$"),
        ({"k": 4, "candidates": "all"}, ValueError, r"^k=4 must be None for candidates='all'"),
        ({"candidates": "some"}, ValueError, r"^candidates='some' must be one of 'partition', 'independent', 'all'$"),
        ({"temperature": 0}, ValueError, r"^temperature=0 must be a finite number > 0$"),
        ({"loss": "simclr"}, ValueError, r"^loss='simclr' must be one of 'info_nce', 'nt_xent'$"),
        ({"temperature": None}, TypeError, r"^temperature=None must be a number$"),
    ],
)
def test_wrong_parameters(arguments, kind, message):
    with pytest.raises(kind, match=message):
        OrderedSGD(**{"batch_size": 2} | arguments)


def test_wrong_data():
    u, v = embeddings(6)
    nan, zero = u.clone(), v.clone()
    nan[3, 0], zero[4] = torch.nan, 0
    cases = [
        (TypeError, r"^u is ndarray; it must be a floating-point tensor", OrderedSGD(2), (u.numpy(), v)),
        (TypeError, r"^u is torch.int64; it must be a floating", OrderedSGD(2), (u.long(), v)),
        (TypeError, r"^v is torch.float32; it must have the type of u", OrderedSGD(2), (u, v.float())),
        (ValueError, r"^u has shape \[6\]; it must be \[N, d\]", OrderedSGD(2), (u[:, 0], v)),
        (ValueError, r"^u has shape \[1, 3\]; .* N >= 2", OrderedSGD(2), (u[:1], v)),
        (ValueError, r"^v has shape \[5, 3\]; it must equal", OrderedSGD(2), (u, v[:5])),
        (ValueError, r"^u has 1 of 6 rows with NaN or infinity \(first: row 3\)", OrderedSGD(2), (nan, v)),
        (ValueError, r"^v\[4\] is the zero vector", OrderedSGD(2), (u, zero)),
        (ValueError, r"^batch_size=7 must be <= 6, the number of samples$", OrderedSGD(7), (u, v)),
        (ValueError, r"^q=4 must be <= 3, the number of candidates that N=6", OrderedSGD(2, q=4), (u, v)),
        (ValueError, r"^N=6 samples have 20 batches of 3; max_batches=19$", OrderedSGD(3, None, 1, "all", 1, 19), (u, v)),
        (ValueError, r"^k=9 candidates must be <= max_batches=8$", OrderedSGD(3, 9, 1, "independent", 1, 8), (u, v)),
    ]
    for kind, message, selector, pair in cases:
        with pytest.raises(kind, match=message) as error:
            selector.select(*pair)
        assert "\n" not in str(error.value)


def test_the_order_can_be_that_of_the_released_code():
    """It trains on the same batches, the hardest last."""
    u, v = (torch.randn(24, 4, generator=torch.Generator().manual_seed(seed)) for seed in (0, 1))
    first, last = (
        OrderedSGD(3, q=4, temperature=0.1, hardest_first=order).select(u, v, torch.Generator().manual_seed(5))
        for order in (True, False)
    )
    assert torch.equal(first.flip(0), last)
    losses = batch_losses(u, v, last, 0.1, normalize=True)
    assert (losses.diff() >= 0).all()
