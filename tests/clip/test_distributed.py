"""Two processes compute what one does: plan, losses, gradients and weights."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from two_processes import first_steps

from replication.clip.distributed import main
from replication.clip.processes import Processes

PROGRAM = Path(__file__).parents[1] / "support" / "two_processes.py"


@pytest.mark.slow
def test_two_processes_take_the_steps_of_one(tmp_path):
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2", str(PROGRAM)]
    subprocess.run([*command, str(tmp_path)], env=os.environ | {"OMP_NUM_THREADS": "1"}, check=True, capture_output=True)
    for objective in ("clip", "sogclr", "partial auc", "spectral"):
        alone = first_steps(objective)
        for rank in (0, 1):
            shared = torch.load(tmp_path / f"{objective}-{rank}.pt", weights_only=True)
            assert torch.equal(shared["plan"], alone["plan"])
            for name in ("losses", "gradients", "weights"):
                torch.testing.assert_close(shared[name], alone[name], rtol=1e-5, atol=1e-5)


def test_shares_are_the_columns_of_the_plan():
    batch = torch.arange(12)
    assert [batch[Processes(rank, 3).share(batch)].tolist() for rank in range(3)] == [
        [0, 1, 2, 3],
        [4, 5, 6, 7],
        [8, 9, 10, 11],
    ]


def test_a_batch_that_cannot_be_shared_is_refused():
    with pytest.raises(ValueError, match=r"^batch_size=32 must be divisible by 3, the number of processes$"):
        Processes(0, 3).check_batch_size(32)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("source: digits\n\tmethod: SGD\n", r"ValueError: .*settings.yaml, line 2: found character"),
        ("", r"ValueError: .*settings.yaml must also give method and source$"),
        ("source: 5\nmethod: SGD\n", r"ValueError: source='5' must be one of 'digits', "),
        ("source: digits\nmethod: SGD\nlr: fast\n", r"ValueError: .*settings.yaml, line 3: lr='fast' must be a number$"),
        ("source: digits\nmethod: SGD\nlr: 5e-4\nsize: 7\n", r"ValueError: size=7 must be >= 8$"),
    ],
)
def test_a_wrong_settings_file_is_one_line(tmp_path, capsys, text, message):
    file = tmp_path / "settings.yaml"
    file.write_text(text, encoding="utf-8")
    assert main([str(file), str(tmp_path / "out")]) == 1
    error = capsys.readouterr().err
    assert re.match(message, error) and error.count("\n") == 1


def test_a_settings_file_that_is_missing_is_one_line(tmp_path, capsys):
    assert main([str(tmp_path / "no.yaml"), str(tmp_path / "out")]) == 1
    assert re.match(r"FileNotFoundError: .*no.yaml'\n$", capsys.readouterr().err)
