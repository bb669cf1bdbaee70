"""What decides rounding: recorded as it is in this process, and as variables change it in another."""

import json
import os
import subprocess
import sys

import torch
from other_machine import OTHER

from replication.reporting.rounding import VARIABLES, difference, kernels


def test_the_kernels_of_this_process_are_recorded(monkeypatch):
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    found = kernels()
    assert set(found) == {"torch", "processor", "OpenBLAS", "NumPy", "numba", "threads"}
    assert all(isinstance(text, str) and text for text in found.values())
    assert found["torch"] == torch.backends.cpu.get_cpu_capability()
    assert difference(found, kernels()) == ""


def test_variables_that_choose_other_kernels_show():
    program = "import json; from replication.reporting.rounding import kernels; print(json.dumps(kernels()))"
    plain = {name: value for name, value in os.environ.items() if name not in OTHER}  # the caller may have set them itself

    def found(environment):
        """Return what a process in this environment says of itself."""
        command = [sys.executable, "-c", program]
        return json.loads(subprocess.run(command, env=environment, capture_output=True, encoding="utf-8", check=True).stdout)

    here, other = found(plain), found(plain | OTHER)
    assert other["torch"] == "DEFAULT" and other["numba"] == "nehalem"
    assert {name: other[name] for name in OTHER} == OTHER
    text = difference(other, here)
    assert "; here " in text and "torch DEFAULT" in text.partition("; here ")[2]


def test_a_record_that_does_not_say_has_no_difference():
    assert difference(None, kernels()) == difference(kernels(), {}) == ""
