"""What a shard reports of its work."""

import subprocess
import sys

import pytest
import torch


@pytest.mark.skipif(sys.platform == "win32", reason="this system does not say")
def test_peak_memory_is_that_of_the_process_and_not_of_the_one_that_started_it():
    program = "from replication.sharding.shards import peak_memory as peak; print(peak()); x = bytearray(2**28); print(peak())"
    large = torch.ones(2**28)  # 1 GiB here, of which the new process must know nothing
    run = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True, encoding="utf-8")
    before, after = map(float, run.stdout.split())
    assert large[0] == 1
    assert 50 < before < 1200
    assert 200 < after - before < 400
