"""JointExamples: draws against enumeration, the greedy limit against a slow search, the reference, sizes, errors."""

import itertools
import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from replication.losses import mini_batch_loss
from replication.selection import JointExamples, OrderedSGD, PlannedBatchSampler, ShuffledBatches, SwapSearch
from replication.selection.joint_examples import draw_jointly


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def unit_embeddings(n, d=3, seed=0):
    g = generator(seed)
    return [torch.nn.functional.normalize(torch.randn(n, d, generator=g, dtype=torch.float64), dim=1) for _ in range(2)]


def clustered(groups, size, seed=0):
    g = generator(seed)
    label = torch.arange(groups).repeat(size)[torch.randperm(groups * size, generator=g)]
    sample = torch.randn(groups, 16, generator=g)[label] + 0.6 * torch.randn(len(label), 16, generator=g)
    return [torch.nn.functional.normalize(sample + 0.2 * torch.randn(sample.shape, generator=g), dim=1) for _ in range(2)]


def slow_score(u, v, temperature, i, company):
    """Return how hard pair i is in a company: the mean over both directions of log sum exp(others - own)."""
    own = float(u[i] @ v[i])
    if not company:
        return -own / temperature
    forth = sum(math.exp((float(u[i] @ v[j]) - own) / temperature) for j in company)
    back = sum(math.exp((float(v[i] @ u[j]) - own) / temperature) for j in company)
    return (math.log(forth) + math.log(back)) / 2


def slow_scores(models, company):
    """Return the score of each sample that is not in the company, the reference's subtracted."""
    others = [i for i in range(len(models[0][0])) if i not in company]
    signs = (1, -1)[: len(models)]
    return {i: sum(sign * slow_score(*model, i, company) for sign, model in zip(signs, models, strict=True)) for i in others}


def sequential_probability(models, blocks, gain, outcome):
    """Return the probability of drawing `outcome` in this order: one sample after the other, scores renewed by block."""
    probability, drawn = 1.0, 0
    for block in blocks:
        weights = {i: math.exp(gain * score) for i, score in slow_scores(models, outcome[:drawn]).items()}
        for i in outcome[drawn : drawn + block]:
            probability *= weights[i] / sum(weights.values())
            del weights[i]
        drawn += block
    return probability


@pytest.mark.parametrize("blocks", [[1, 1, 1], [2, 1], [3]])
@pytest.mark.parametrize("with_reference", [False, True])
def test_draws_have_the_probabilities_of_enumeration(blocks, with_reference):
    """5 samples, batches of 3: all 60 orders, each within five standard errors over 40,000 draws."""
    models = [(*unit_embeddings(5, 2, seed=4), 0.5)]
    models += [(*unit_embeddings(5, 3, seed=9), 0.8)] if with_reference else []
    draws = 40_000
    repeated = [(u.expand(draws, -1, -1), v.expand(draws, -1, -1), temperature) for u, v, temperature in models]
    found = draw_jointly(repeated, blocks, 0.7, generator(1))
    counts = (found * torch.tensor([25, 5, 1])).sum(dim=1).bincount(minlength=125)
    total = 0
    for outcome in itertools.permutations(range(5), 3):
        expected = sequential_probability(models, blocks, 0.7, list(outcome))
        error = math.sqrt(expected * (1 - expected) / draws)
        assert abs(counts[outcome[0] * 25 + outcome[1] * 5 + outcome[2]] / draws - expected) < 5 * error
        total += expected
    assert total == pytest.approx(1)


@settings(max_examples=25, deadline=None)
@given(n=st.integers(3, 12), batch_size=st.integers(2, 6), seed=st.integers(0, 10**6), with_reference=st.booleans())
def test_where_only_scores_decide_each_sample_is_the_hardest_in_the_company_of_the_others(n, batch_size, seed, with_reference):
    batch_size = min(batch_size, n)
    u, v = unit_embeddings(n, 3, seed)
    reference = unit_embeddings(n, 4, seed + 1) if with_reference else None
    selector = JointExamples(batch_size, 0.999, batch_size, 0.3, reference, gain=1e9)
    models = [(u, v, 0.3)] + ([(*reference, 0.3)] if with_reference else [])
    company = []
    while len(company) < batch_size:
        scores = slow_scores(models, company)
        company.append(max(scores, key=scores.get))
    assert selector.select(u, v, generator(seed)).tolist() == [company]


def test_what_the_reference_knows_as_well_is_not_sought():
    """With itself as reference everything scores zero: the draws are those without scores."""
    u, v = unit_embeddings(60)
    learnable = JointExamples(4, temperature=0.1, reference=(u, v)).select(u, v, generator())
    assert torch.equal(learnable, JointExamples(4, gain=0).select(u, v, generator()))
    assert not torch.equal(learnable, JointExamples(4, temperature=0.1).select(u, v, generator()))


def test_a_reference_turns_away_from_wrong_pairs():
    """A tenth of the partners are wrong. Hardness alone seeks them; they are as hard for a reference that knows the rest."""
    g = generator(2)
    centre = torch.randn(500, 8, generator=g)
    u, v = (centre + 0.8 * torch.randn(500, 8, generator=g) for _ in range(2))
    wrong = torch.randperm(500, generator=g)[:50]
    v[wrong], partner = v[wrong.roll(1)], centre.clone()
    partner[wrong] = centre[wrong.roll(1)]
    share = {}
    for name, reference in (("hard", None), ("learnable", (centre, partner))):
        plans = [JointExamples(10, temperature=0.2, reference=reference).select(u, v, generator(seed)) for seed in range(5)]
        share[name] = torch.isin(torch.cat(plans), wrong).double().mean()
    assert share["hard"] > 0.25
    assert share["learnable"] < 0.1


@pytest.mark.parametrize(
    ("n", "batch_size", "filter", "batches"),
    [(100, 4, 0.8, 5), (99, 4, 0.8, 4), (19, 4, 0.8, 1), (64, 8, 0.5, 4), (64, 8, 0, 8)],
)
def test_one_batch_of_each_disjoint_super_batch(n, batch_size, filter, batches):
    u, v = unit_embeddings(n)
    plan = JointExamples(batch_size, filter).select(u, v, generator())
    assert plan.shape == (batches, batch_size) and len(plan.unique()) == plan.numel()
    size = min(n, round(batch_size / (1 - filter)))
    supers = torch.randperm(n, generator=generator())[: batches * size].view(batches, size)
    assert all(torch.isin(row, whole).all() for row, whole in zip(plan, supers, strict=True))


def test_all_samples_have_their_turn_where_nothing_is_preferred():
    """40 samples, 150 plans of 2 batches of 4 each: every sample comes about 30 times (five standard errors are 26)."""
    u, v = unit_embeddings(40)
    plans = torch.stack([JointExamples(4, gain=0).select(u, v, generator(seed)) for seed in range(150)])
    counts = plans.flatten().bincount(minlength=40)
    assert counts.min() > 4 and counts.max() < 56


def test_blocks_are_as_equal_as_can_be_and_one_by_one_at_most():
    u, v = unit_embeddings(60)
    plans = {chunks: JointExamples(5, chunks=chunks, temperature=0.1).select(u, v, generator()) for chunks in (1, 2, 5, 16)}
    assert torch.equal(plans[5], plans[16])
    samples = torch.randperm(60, generator=generator())[:50].view(2, 25)
    halves = draw_jointly([(u[samples], v[samples], 0.1)], [3, 2], 1.0, _after_shuffle(60))
    assert torch.equal(plans[2], samples.gather(1, halves))
    assert len({str(plan.tolist()) for plan in plans.values()}) == 3


def _after_shuffle(n):
    g = generator()
    torch.randperm(n, generator=g)
    return g


def test_batches_lie_between_those_of_ordered_sgd_and_swap_search():
    u, v = clustered(groups=32, size=20)
    selectors = (ShuffledBatches(16), OrderedSGD(16, temperature=0.1), JointExamples(16, temperature=0.1), SwapSearch(16))
    losses = []
    for selector in selectors:
        plans = torch.cat([selector.select(u, v, generator(seed)) for seed in range(5)])
        losses.append(float(mini_batch_loss(u, v, plans, 0.1)))
    assert losses == sorted(losses)
    assert losses[2] > losses[0] + 0.1


def test_a_sampler_asks_until_the_epoch_is_full():
    u, v = clustered(groups=10, size=20)
    sampler = PlannedBatchSampler(JointExamples(8, temperature=0.1), 200)
    sampler.update(u, v)
    assert sampler.plan.shape == (25, 8)
    assert len({tuple(sorted(row)) for row in sampler.plan.tolist()}) == 25


@pytest.mark.parametrize("temperature", [0.01, 100.0])
def test_small_and_large_temperatures_give_valid_batches(temperature):
    u = unit_embeddings(100)[0].float()
    selector = JointExamples(6, temperature=temperature, gain=1000)
    plan = selector.select(u, -u, generator())
    assert plan.shape == (3, 6) and len(plan.unique()) == 18
    assert torch.equal(plan, selector.select(u, -u, generator()))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
def test_norms_and_precision_of_a_reference_do_not_matter(dtype):
    u, v = unit_embeddings(50)
    reference = [x.to(dtype) for x in unit_embeddings(50, 5, seed=3)]
    scaled = [x * torch.tensor([0.5, 4]).repeat(25)[:, None].to(dtype) for x in reference]  # powers of two: exact
    plans = [JointExamples(4, temperature=0.1, reference=tuple(pair)).select(u, v, generator()) for pair in (reference, scaled)]
    assert torch.equal(*plans)


def test_the_temperature_of_the_reference_is_its_own_or_the_same():
    u, v = unit_embeddings(50)
    reference = tuple(unit_embeddings(50, 5, seed=3))
    first, same, other = (JointExamples(4, 0.8, 16, 0.1, reference, t).select(u, v, generator()) for t in (None, 0.1, 1.0))
    assert torch.equal(first, same) and not torch.equal(first, other)


ONES = torch.ones(6, 2)


@pytest.mark.parametrize(
    ("arguments", "kind", "message"),
    [
        ({"batch_size": 1}, ValueError, r"^batch_size=1 must be >= 2$"),
        ({"filter": 1.0}, ValueError, r"^filter=1.0 must be a number >= 0 and < 1$"),
        ({"filter": -0.1}, ValueError, r"^filter=-0.1 must be a number >= 0 and < 1$"),
        ({"filter": "most"}, ValueError, r"^filter='most' must be a number >= 0 and < 1$"),
        ({"chunks": 0}, ValueError, r"^chunks=0 must be >= 1$"),
        ({"chunks": 2.0}, TypeError, r"^chunks=2.0 must be an integer$"),
        ({"temperature": 0}, ValueError, r"^temperature=0 must be a finite number > 0$"),
        ({"gain": -1}, ValueError, r"^gain=-1 must be a finite number >= 0$"),
        ({"gain": math.inf}, ValueError, r"^gain=inf must be a finite number >= 0$"),
        (
            {"reference": ONES},
            TypeError,
            r"^reference is Tensor; it must be a tuple \(u, v\) of two tensors \[N, d\], or None$",
        ),
        ({"reference": (ONES,)}, TypeError, r"^reference is tuple; it must be a tuple \(u, v\) of two tensors"),
        ({"reference": (ONES, ONES[1:])}, ValueError, r"^reference: v has shape \[5, 2\]; it must equal the shape of u"),
        ({"reference": (ONES, ONES.numpy())}, TypeError, r"^reference: v is ndarray; .*use torch.from_numpy\(v\)$"),
        ({"reference": (ONES, 0 * ONES)}, ValueError, r"^reference: v\[0\] is the zero vector"),
        ({"reference": (ONES, ONES * torch.nan)}, ValueError, r"^reference: v has 6 of 6 rows with NaN"),
        ({"reference": (ONES.to("meta"),) * 2}, ValueError, r"^reference: u is on the meta device"),
        ({"reference_temperature": 0.1}, ValueError, r"^reference_temperature=0.1 must be None where there is no reference$"),
        ({"reference": (ONES, ONES), "reference_temperature": 0}, ValueError, r"^reference_temperature=0 must be a finite"),
    ],
)
def test_wrong_parameters(arguments, kind, message):
    with pytest.raises(kind, match=message) as error:
        JointExamples(**{"batch_size": 2} | arguments)
    assert "\n" not in str(error.value)


def test_a_reference_of_other_samples_is_an_error():
    with pytest.raises(ValueError, match=r"^reference has 6 rows; it must have one for each of 8 samples$"):
        JointExamples(2, reference=(ONES, ONES)).select(torch.ones(8, 2))
