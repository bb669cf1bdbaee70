"""The functions against slow ones and against their known minima."""

import math

import numpy as np
import pytest
import torch
from scipy.optimize import minimize, rosen

from replication.tuning import BENCHMARKS
from replication.tuning.benchmarks import HARTMANN_CENTRES, HARTMANN_SCALES

every = pytest.mark.parametrize("name", BENCHMARKS)


def slow_ackley(x):
    roots = math.sqrt(sum(a * a for a in x) / len(x))
    ripples = sum(math.cos(2 * math.pi * a) for a in x) / len(x)
    return -20 * math.exp(-0.2 * roots) - math.exp(ripples) + 20 + math.e


def slow_bird(x):
    a, b = x
    first = math.sin(a) * math.exp((1 - math.cos(b)) ** 2)
    return first + math.cos(b) * math.exp((1 - math.sin(a)) ** 2) + (a - b) ** 2


def slow_hartmann(x):
    total = 0.0
    for depth, scales, centres in zip((1.0, 1.2, 3.0, 3.2), HARTMANN_SCALES, HARTMANN_CENTRES, strict=True):
        total -= depth * math.exp(-sum(s * (a - c) ** 2 for s, a, c in zip(scales, x, centres, strict=True)))
    return total


SLOW = {"Ackley": slow_ackley, "Bird": slow_bird, "Rosenbrock": rosen, "Hartmann6": slow_hartmann}


@every
def test_values_are_those_of_the_slow_function(name):
    space = BENCHMARKS[name].space()
    settings = space.settings(space.draw(20, torch.Generator().manual_seed(0)))
    expected = [SLOW[name](np.array(list(setting.values()))) for setting in settings]
    np.testing.assert_allclose(BENCHMARKS[name].values(settings), expected, rtol=1e-12)


@every
def test_the_least_value_is_at_the_best_point_and_nowhere_lower(name):
    benchmark = BENCHMARKS[name]
    assert SLOW[name](np.array(benchmark.best)) == pytest.approx(benchmark.least, abs=1e-7)
    space = benchmark.space()
    settings = space.settings(space.draw(2000, torch.Generator().manual_seed(0)))
    values = benchmark.values(settings)
    assert values.min() > benchmark.least
    for place in values.argsort()[:5]:  # nor where descent from the lowest of many points ends
        found = minimize(SLOW[name], list(settings[place].values()), method="L-BFGS-B", bounds=benchmark.box)
        assert found.fun > benchmark.least - 1e-6


def test_bird_has_a_second_minimum():
    assert slow_bird((-1.58214218, -3.13024680)) == pytest.approx(BENCHMARKS["Bird"].least, abs=1e-6)
