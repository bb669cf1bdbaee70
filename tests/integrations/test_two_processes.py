"""On two processes with gloo, each sees its part of the plan that the first one made."""

import json
import os
import socket
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

NEEDED = ("sentence_transformers", "accelerate", "datasets", "lightning")
pytestmark = pytest.mark.skipif(any(find_spec(name) is None for name in NEEDED), reason="the trainers are not installed")
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    folder = tmp_path_factory.mktemp("processes")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    shared = {"WORLD_SIZE": "2", "LOCAL_WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    shared |= {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT), "TORCHELASTIC_RUN_ID": "test"}
    command = [sys.executable, str(ROOT / "tests" / "support" / "trainer_processes.py"), str(folder)]
    children = []
    for rank in ("0", "1"):
        log = open(folder / f"{rank}.log", "w", encoding="utf-8")  # noqa: SIM115
        environment = os.environ | shared | {"RANK": rank, "LOCAL_RANK": rank, "GROUP_RANK": "0"}
        children.append(subprocess.Popen(command, env=environment, cwd=folder, stdout=log, stderr=subprocess.STDOUT))
    codes = [child.wait() for child in children]
    logs = [(folder / f"{rank}.log").read_text(encoding="utf-8")[-1500:] for rank in (0, 1)]
    assert codes == [0, 0], "\n\n".join(logs)
    return [json.loads((folder / f"{rank}.json").read_text(encoding="utf-8")) for rank in (0, 1)]


@pytest.mark.parametrize("dispatch", [False, True])
def test_accelerate_deals_rows_or_whole_batches(found, dispatch):
    for rank, each in enumerate(found):
        rows, whole = (each["accelerate"][f"{split}, dispatch {dispatch}"] for split in ("rows", "batches"))
        assert rows["plan"] == found[0]["accelerate"][f"rows, dispatch {dispatch}"]["plan"]
        assert rows["seen"] == [batch[4 * rank : 4 * rank + 4] for batch in rows["plan"]] and len(rows["seen"]) == 5
        assert whole["seen"] == whole["plan"][:4][rank::2]  # the fifth batch has no fellow
        assert all(each["rest"] == [each["seen"][1:]] * 2 for each in (rows, whole))
        assert rows["epoch"] == whole["epoch"] == 1


def test_sentence_transformers_sees_whole_batches_of_its_plan(found):
    plan = found[0]["sentence_transformers"]["plan"]
    for rank, each in enumerate(found):
        assert each["sentence_transformers"]["plan"] == plan
        assert each["sentence_transformers"]["seen"] == plan[:4][rank::2]


@pytest.mark.parametrize("trainer", ["lightning", "transformers"])
def test_a_trainer_deals_rows_or_whole_batches_of_each_epochs_plan(found, trainer):
    for rank, each in enumerate(found):
        rows, whole = (each[f"{trainer}, {split}"] for split in ("rows", "batches"))
        for ran in (rows, whole):
            assert len(ran["plans"]) == 2 and ran["plans"][0] != ran["plans"][1]
        assert rows["plans"] == found[0][f"{trainer}, rows"]["plans"]
        assert whole["plans"] == found[0][f"{trainer}, batches"]["plans"]
        assert rows["seen"] == [batch[4 * rank : 4 * rank + 4] for plan in rows["plans"] for batch in plan]
        assert whole["seen"] == [batch for plan in whole["plans"] for batch in plan[:4][rank::2]]  # the fifth has no fellow
