"""The next settings to try: a rule, the settings that were tried, and their values, which are to be large."""

from collections.abc import Sequence

import torch
from torch import Generator, Tensor

from replication.torch_settings import plain_tensors
from replication.tuning.gaussian_process import as_values, fit
from replication.tuning.random_search import random_search
from replication.tuning.space import Space
from replication.tuning.thompson import thompson
from replication.tuning.ts_rsr import ts_rsr
from replication.validation import check_choice, check_count

RANDOM = "random"
LEARNING = {"TS-RSR": ts_rsr, "Thompson": thompson}
RULES = (*LEARNING, RANDOM)
CANDIDATES = 500
BEST = 3  # settings around which candidates are drawn
NEAR = (0.3, 0.001)  # widest and narrowest of the distances at which they are


@plain_tensors()
def propose(
    rule: str,
    space: Space,
    settings: Sequence[dict],
    values: Tensor,
    noise: Tensor | float,
    count: int,
    generator: Generator,
    candidates: int = CANDIDATES,
    avoid: Sequence[dict] = (),
) -> list[dict]:
    """Return the next `count` settings, all different and none tried.

    Args:
        rule: "TS-RSR", "Thompson" or "random".
        space: what may be tried.
        settings: what was tried; none of them, and the proposals are random.
        values: of these settings [n], to be large.
        noise: variance of the error of each value, [n] or a number for all; proposals count on its mean.
        count: how many, >= 1.
        generator: where all randomness comes from.
        candidates: from which a rule picks. Half of them are spread over the space, the others lie around the best settings;
            a space of no more settings is looked at as a whole.
        avoid: further settings that are not proposed, such as those that failed.

    Raises:
        TypeError, ValueError: an argument that cannot work; fewer than `count` settings left.
    """
    check_choice("rule", rule, RULES)
    check_count("count", count, 1)
    check_count("candidates", candidates, count)
    settings = list(settings)
    values, known = as_values("values", values, len(settings)), [*settings, *avoid]
    if rule == RANDOM or not settings:
        return space.settings(random_search(space, count, generator, known))
    tried = space.points(settings)
    offered = _candidates(space, known, tried, values, candidates, generator)
    if len(offered) < count:
        raise ValueError(f"count={count} must be <= {len(offered)}, the number of settings that are not known yet")
    process = fit(tried, values, noise)
    picks = LEARNING[rule](*process.posterior(offered), count, float(process.noise.mean()), generator)
    return space.settings(offered[picks])


def _candidates(space: Space, known: list[dict], tried: Tensor, values: Tensor, count: int, generator: Generator) -> Tensor:
    """Return different rounded points [<= count, d] that are not known."""
    if space.size is not None and space.size <= count:
        return space.fresh(space.all_points(), known)
    around = tried[values.argsort(descending=True, stable=True)[:BEST]]
    around = around[torch.randint(len(around), (count // 2,), generator=generator, device="cpu")]
    share = torch.rand(len(around), 1, generator=generator, dtype=torch.float64, device="cpu")
    steps = torch.randn(around.shape, generator=generator, dtype=torch.float64, device="cpu")
    near = around + steps * NEAR[0] * (NEAR[1] / NEAR[0]) ** share
    spread = space.draw(count - len(around), generator, known)
    return space.fresh(torch.cat([spread, space.rounded(near.clamp(0, 1))]), known)
