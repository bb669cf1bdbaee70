"""What decides how this machine rounds: the kernels that the libraries choose for its processor.

Each library looks at the processor and takes other instructions, so sums are added in another order. Results then differ in
their last digits. A tie in a plan can flip, and training amplifies the difference.
"""

import contextlib
import os
import re
from pathlib import Path

import numba
import numpy as np
import sklearn.utils  # noqa: F401  loads SciPy's OpenBLAS beside NumPy's, so that both are listed
import torch
from llvmlite import binding
from threadpoolctl import threadpool_info

# By these, users (and our tests) hold the libraries back to other kernels.
VARIABLES = (
    "ATEN_CPU_CAPABILITY",
    "MKL_CBWR",
    "MKL_ENABLE_INSTRUCTIONS",
    "NPY_DISABLE_CPU_FEATURES",
    "NPY_ENABLE_CPU_FEATURES",
    "NUMBA_CPU_FEATURES",
    "NUMBA_CPU_NAME",
    "ONEDNN_MAX_CPU_ISA",
    "OPENBLAS_CORETYPE",
)
# What oneDNN and MKL, which torch computes with, distinguish; neither says itself what it has chosen.
FLAGS = ("avx2", "fma", "avx512f", "avx512_vnni", "avx512_bf16", "amx_bf16")


def kernels() -> dict[str, str]:
    """Return what decides rounding here, in words: the kernels of each library, the processor, threads and variables."""
    blas = dict.fromkeys(pool.get("architecture", "unknown") for pool in threadpool_info() if pool["user_api"] == "blas")
    vendor, flags = _processor()
    chosen = {
        "torch": torch.backends.cpu.get_cpu_capability(),
        "processor": " ".join([vendor, *flags]),
        "OpenBLAS": ", ".join(blas),
        "NumPy": ", ".join(_numpy_features()),
        "numba": numba.config.CPU_NAME or binding.get_host_cpu_name(),
        "threads": str(torch.get_num_threads()),
    }
    return chosen | {name: os.environ[name] for name in VARIABLES if os.environ.get(name)}


def difference(here: dict | None, there: dict | None) -> str:
    """Return in words what differs between two machines' `kernels`; "" if nothing does, or a record does not say."""
    if not here or not there:
        return ""
    names = [name for name in dict.fromkeys([*there, *here]) if here.get(name) != there.get(name)]
    if not names:
        return ""
    describe = lambda kernels: ", ".join(f"{name} {kernels.get(name, 'not set')}" for name in names)  # noqa: E731
    return f"made with {describe(there)}; here {describe(here)}"


def _processor() -> tuple[str, list[str]]:
    """Return the processor's maker and those of its instruction sets that matter, as Linux tells them."""
    with contextlib.suppress(OSError):
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
        vendor = re.search(r"^vendor_id\s*:\s*(\S+)", text, re.MULTILINE)
        flags = re.search(r"^flags\s*:\s*(.+)", text, re.MULTILINE)
        if vendor and flags:
            return vendor[1], [name for name in FLAGS if name in flags[1].split()]
    return "unknown", []


def _numpy_features() -> list[str]:
    with contextlib.suppress(KeyError, TypeError):
        return np.show_config(mode="dicts")["SIMD Extensions"].get("found") or ["baseline"]
    return ["unknown"]
