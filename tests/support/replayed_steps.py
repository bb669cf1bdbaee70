"""A stand-in for CUDA graphs on a CPU, which has none: what is recorded is called again."""

import pytest

from replication.experiments.cifar import captured_step, step_variants


def record_and_call_again(step):
    """Warm up as `captured_step.record` does; the result has one place, which every call overwrites, as in a graph."""
    for _ in range(captured_step.WARM_UPS):
        place = step()
    return lambda: place.copy_(step())


def allow_graphs_on_cpu(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(captured_step, "record", record_and_call_again)
    monkeypatch.setattr(step_variants, "GRAPH_DEVICES", ("cuda", "cpu"))
