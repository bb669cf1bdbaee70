"""No public name of the arithmetic depends on the torch settings of its caller, nor changes them."""

import random
import warnings
from contextlib import contextmanager

import numpy as np
import pytest
import torch
from public_names import CALLS, Inputs, public_names
from threadpoolctl import ThreadpoolController

from replication import losses
from replication.torch_settings import full_precision, plain_tensors

pytestmark = pytest.mark.filterwarnings("ignore:Number of distinct clusters")
POOLS = ThreadpoolController()
DEVICES = ["cpu", pytest.param("cuda", marks=pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU"))]
ALL = [pytest.param(call, id=name) for calls in CALLS.values() for name, call in calls.items()]


@contextmanager
def put_back(get, put, value):
    before = get()
    put(value)
    try:
        yield
    finally:
        put(before)


def default_device(device):
    return put_back(lambda: None, torch.set_default_device, device)


STATES = {
    "autocast to bfloat16": lambda: torch.autocast("cpu", torch.bfloat16),
    "autocast to float16": lambda: torch.autocast("cpu", torch.float16),
    "no_grad": torch.no_grad,
    "enable_grad": torch.enable_grad,
    "inference_mode": torch.inference_mode,
    "float64 by default": lambda: put_back(torch.get_default_dtype, torch.set_default_dtype, torch.float64),
    "bfloat16 by default": lambda: put_back(torch.get_default_dtype, torch.set_default_dtype, torch.bfloat16),
    "meta by default": lambda: default_device("meta"),
    "in torch.device": lambda: torch.device("meta"),
    "1 thread": lambda: put_back(torch.get_num_threads, torch.set_num_threads, 1),
    "3 threads": lambda: put_back(torch.get_num_threads, torch.set_num_threads, 3),
}
CUDA_STATES = {"autocast of the GPU": lambda: torch.autocast("cuda", torch.bfloat16)}


def settings():
    """Return all of the caller's settings that a call could change."""
    return {
        "autocast": [(torch.is_autocast_enabled(kind), torch.get_autocast_dtype(kind)) for kind in ("cpu", "cuda")],
        "autocast cache": torch.is_autocast_cache_enabled(),
        "gradients": (torch.is_grad_enabled(), torch.is_inference_mode_enabled()),
        "defaults": (torch.get_default_dtype(), torch.get_default_device()),
        "threads": (torch.get_num_threads(), [(pool["filepath"], pool["num_threads"]) for pool in POOLS.info()]),
        "torch": torch.get_rng_state().tolist(),
        "numpy": repr(np.random.get_state()),  # noqa: NPY002
        "python": random.getstate(),
    }


def assert_same(found, expected):
    """Check that two results are equal to the last bit, of the same types and on the same devices."""
    assert type(found) is type(expected)
    if isinstance(found, dict):
        assert list(found) == list(expected)
        found, expected = tuple(found.values()), tuple(expected.values())
    if isinstance(found, tuple):
        assert len(found) == len(expected)
        for pair in zip(found, expected, strict=True):
            assert_same(*pair)
    elif isinstance(found, torch.Tensor):
        assert (found.dtype, found.device) == (expected.dtype, expected.device)
        assert torch.equal(found, expected)
    else:
        assert found == expected


@pytest.mark.parametrize("module", CALLS, ids=lambda module: module.__name__)
def test_every_public_name_is_called_here(module):
    assert set(CALLS[module]) == public_names(module)


@pytest.mark.slow
@pytest.mark.parametrize("call", ALL)
@pytest.mark.parametrize("device", DEVICES)
def test_a_result_is_the_same_in_every_state_of_the_caller_which_stays_as_it_is(call, device):
    expected = call(Inputs(device))
    for name, state in (STATES | (CUDA_STATES if device == "cuda" else {})).items():
        inputs = Inputs(device)
        with state():
            before = settings()
            found = call(inputs)
            assert settings() == before, name
        assert_same(found, expected)


@pytest.mark.parametrize("call", [param for param in ALL if param.id not in CALLS[losses]])
def test_what_is_made_without_a_graph_is_an_ordinary_tensor_in_inference_mode_too(call):
    with torch.inference_mode():
        found = call(Inputs())
    for tensor in found if isinstance(found, tuple) else (found,):
        if isinstance(tensor, torch.Tensor) and tensor.numel() > 5:
            assert not tensor.is_inference()


@pytest.mark.parametrize("name", losses.OBJECTIVES)
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_losses_inside_autocast_are_float32_and_differentiable(name, dtype):
    """Forward and backward; the gradients are those outside, in the type of the inputs."""
    inputs, gradients = Inputs(), {}
    for inside in (False, True):
        u, v = (x.to(dtype).requires_grad_() for x in (inputs.u, inputs.v))
        with torch.autocast("cpu", torch.bfloat16, enabled=inside):
            loss = losses.make_objective(name, 48, 0.1)(u, v, torch.arange(48))
        assert loss.dtype == torch.float32
        gradients[inside] = torch.autograd.grad(loss, (u, v))
    for found, expected in zip(gradients[True], gradients[False], strict=True):
        assert found.dtype == dtype and torch.equal(found, expected)


def test_a_compiler_sees_a_loss_inside_autocast_as_one_graph():
    x = Inputs()
    call = losses.make_objective("sogclr", 48, 0.1).eval()
    compiled = torch.compile(call, backend="eager", fullgraph=True)
    with torch.autocast("cpu", torch.bfloat16), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the compiler's own
        torch.testing.assert_close(compiled(x.u, x.v, torch.arange(48)), call(x.u, x.v, torch.arange(48)))


SHAPES_SUFFICE = {*CALLS[losses], "AllBatches", "FullBatch", "IndexSelector", "ShuffledBatches", "edge_weights", "as_input"} | {
    *("learned_norms", "paired_bootstrap", "paired_comparison", "simplex_etf", "cross_polytope", "target_name", "optimal_gram"),
    *("distance_to_etf", "holm", "pair_counts", "released_prior_weight"),
}
SHAPES_SUFFICE -= {"SnapshotNTXent"}  # a snapshot holds values


@pytest.mark.parametrize("call", ALL)
def test_on_the_meta_device_shapes_come_back_or_one_line_that_names_the_argument(call, request):
    inputs = Inputs("meta")
    inputs.generator = lambda: torch.Generator().manual_seed(0)
    name = request.node.callspec.id
    if name in SHAPES_SUFFICE:
        found = call(inputs)
        if name in CALLS[losses] and isinstance(found, torch.Tensor):
            assert found.device.type == "meta" and found.shape in ((), (12,))
        return
    with pytest.raises(ValueError, match=r"^\w+ is on the meta device, which holds no values; it must be on one that does"):
        call(inputs)


def test_both_work_as_blocks_and_as_decorators_and_end_with_an_error():
    @plain_tensors()
    def product(x):
        raise ValueError if x is None else RuntimeError

    with torch.autocast("cpu", torch.bfloat16), torch.inference_mode():
        with full_precision():
            assert not torch.is_autocast_enabled("cpu") and torch.is_inference_mode_enabled()
        with plain_tensors():
            assert not torch.is_inference_mode_enabled() and not torch.is_grad_enabled()
        with pytest.raises(ValueError):
            product(None)
        assert torch.is_autocast_enabled("cpu") and torch.is_inference_mode_enabled()
