"""SpectralClustering: valid plans on any data, the reference's losses, recovery of known groups."""

import logging

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from replication.losses import mini_batch_loss
from replication.selection import SpectralClustering
from replication.validation import unit_rows

# k-means says so when it finds fewer distinct points than clusters, which duplicates and ties make on purpose here.
pytestmark = pytest.mark.filterwarnings("ignore:Number of distinct clusters")


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def embeddings(n, d=3, seed=0):
    g = generator(seed)
    return [torch.randn(n, d, generator=g, dtype=torch.float64) for _ in range(2)]


def assert_partition(plan, n, batch_size):
    assert plan.dtype == torch.int64
    assert plan.shape == (n // batch_size, batch_size)
    assert plan.unique().numel() == plan.numel()
    assert plan.min() >= 0 and plan.max() < n


@settings(max_examples=30, deadline=None)
@given(
    n=st.integers(2, 40),
    batch_size=st.integers(2, 10),
    k=st.one_of(st.none(), st.integers(1, 12)),
    d=st.integers(1, 5),
    affinity=st.sampled_from(["log", "exp"]),
    temperature=st.sampled_from([1, 0.1, 0.01]),
    seed=st.integers(0, 10**6),
)
def test_every_plan_is_an_even_partition(n, batch_size, k, d, affinity, temperature, seed):
    batch_size = min(batch_size, n)
    u, v = embeddings(n, d, seed)
    selector = SpectralClustering(batch_size, k, affinity, temperature, n_init=2)
    plan = selector.select(u, v, generator(seed))
    assert_partition(plan, n, batch_size)
    assert torch.equal(plan, selector.select(u, v, generator(seed)))


@pytest.mark.parametrize("affinity", ["log", "exp"])
@pytest.mark.parametrize("name", ["identical", "duplicates", "orthogonal", "antipodal"])
@pytest.mark.parametrize("dtype", [torch.float16, torch.float64])
def test_degenerate_data_give_valid_plans(name, affinity, dtype):
    u = {
        "identical": torch.ones(14, 3),
        "duplicates": torch.eye(3)[torch.arange(14) % 3],
        "orthogonal": torch.eye(14),
        "antipodal": torch.eye(3)[torch.arange(14) % 3] * torch.tensor([1.0, -1.0]).repeat(7)[:, None],
    }[name].to(dtype)
    for k in (None, 1, 2):
        assert_partition(SpectralClustering(4, k, affinity, 0.05).select(u, u, generator()), 14, 4)
    assert SpectralClustering(14, affinity=affinity).select(u).sort().values.tolist() == [list(range(14))]


@pytest.mark.parametrize("temperature", [0.01, 0.005])
def test_exponentials_of_the_weights_neither_overflow_nor_vanish(temperature):
    """Opposite positives weigh about 8 / temperature with each other, which exp cannot hold; an outlier far less."""
    u = torch.eye(5)[[0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 4]]
    v = torch.cat([-u[:11].roll(1, 0), u[11:]])
    u[1::2] *= -1
    with np.errstate(all="raise", under="ignore"):
        assert_partition(SpectralClustering(4, affinity="exp", temperature=temperature).select(u, v, generator()), 12, 4)


@pytest.mark.parametrize("affinity", ["log", "exp"])
@pytest.mark.parametrize(("groups", "batch_size"), [(4, 6), (7, 3)])
def test_well_separated_groups_are_recovered(groups, batch_size, affinity):
    """A hard batch holds samples that are alike: each group becomes one batch."""
    g = generator(groups)
    label = torch.arange(groups).repeat(batch_size)[torch.randperm(groups * batch_size, generator=g)]
    centres = torch.eye(groups, dtype=torch.float64)
    u, v = (centres[label] + 0.05 * torch.randn(len(label), groups, generator=g, dtype=torch.float64) for _ in range(2))
    plan = SpectralClustering(batch_size, affinity=affinity, temperature=0.2).select(u, v, g)
    assert (label[plan] == label[plan[:, :1]]).all()


def test_left_over_samples_differ_and_no_second_view_means_the_first():
    u, _ = embeddings(10)
    selector = SpectralClustering(4)
    plans = [selector.select(u, generator=generator(seed)) for seed in range(10)]
    assert len({frozenset(plan.flatten().tolist()) for plan in plans}) > 5
    assert torch.equal(plans[0], selector.select(u, u.clone(), generator(0)))


def test_a_k_that_is_too_large_is_clipped_and_logged_once(caplog):
    selector = SpectralClustering(4, k=9)
    with caplog.at_level(logging.WARNING):
        for _ in range(2):
            assert_partition(selector.select(*embeddings(13)), 13, 4)
    assert [record.getMessage() for record in caplog.records] == [
        "k=9 is clipped to 3, the number of whole batches in the data"
    ]


@pytest.mark.parametrize("affinity", ["log", "exp"])
def test_the_plan_is_as_hard_as_the_reference_one(affinity):
    """A chunk large enough for Lanczos: the same subspace, draws and optimum, so mostly the very same batches."""
    g = generator(1)
    centres = torch.randn(30, 16, generator=g)
    points = centres[torch.randint(30, (480,), generator=g)]
    u, v = (points + torch.randn(480, 16, generator=g) for _ in range(2))
    losses = [
        [
            float(mini_batch_loss(unit_rows("u", u), unit_rows("v", v), plan, 0.1))
            for seed in range(4)
            for plan in [SpectralClustering(16, None, affinity, 0.1, 3, name).select(u, v, generator(seed))]
        ]
        for name in ("fast", "reference")
    ]
    assert np.isclose(*losses, rtol=1e-5).sum() >= 3  # of 4; rounding may decide between two equally good starts
    assert np.mean(losses[0]) == pytest.approx(np.mean(losses[1]), rel=0.01)


@pytest.mark.parametrize(
    ("arguments", "kind", "message"),
    [
        ({"batch_size": 1}, ValueError, r"^batch_size=1 must be >= 2$"),
        ({"k": 0}, ValueError, r"^k=0 must be >= 1$"),
        ({"affinity": "rbf"}, ValueError, r"^affinity='rbf' must be one of 'log', 'exp'$"),
        ({"temperature": -1}, ValueError, r"^temperature=-1 must be a finite number > 0$"),
        ({"n_init": 0}, ValueError, r"^n_init=0 must be >= 1$"),
    ],
)
def test_wrong_parameters(arguments, kind, message):
    with pytest.raises(kind, match=message):
        SpectralClustering(**{"batch_size": 2} | arguments)


def test_wrong_data():
    u, v = embeddings(6)
    for pair, message in [
        ((u[:1], v[:1]), r"^u has shape \[1, 3\]; .* N >= 2"),
        ((u, v * torch.nan), r"^v has 6 of 6 rows with NaN"),
        ((0 * u, v), r"^u\[0\] is the zero vector"),
        ((u[:3], v[:3]), r"^batch_size=4 must be <= 3, the number of samples$"),
    ]:
        with pytest.raises(ValueError, match=message):
            SpectralClustering(4).select(*pair)
