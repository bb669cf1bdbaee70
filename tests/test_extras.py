"""An install without extras: the selectors work, and what needs an extra says which."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from light_install import WITHOUT_EXTRAS

from replication.extras import MissingExtra, need

ROOT = Path(__file__).parents[1]


def run_without_extras(program, *arguments):
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", WITHOUT_EXTRAS + program, *arguments]
    return subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, encoding="utf-8")


def test_the_library_imports_without_extras():
    parts = ["losses", "selection", "selection.registry", "evaluation", "evaluation.shares", "geometry", "training"]
    parts += ["features", "heads", "integrations.dealt_batches"]
    done = run_without_extras("import importlib\n[importlib.import_module(f'replication.{p}') for p in " + repr(parts) + "]")
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("part", "extra"),
    [
        *(("datasets", "clip"), ("clip", "clip"), ("reporting", "experiments"), ("experiments", "experiments")),
        *(("integrations.transformers_trainer", "accelerate"), ("integrations.lightning", "lightning")),
        *(("integrations.sentence_transformers", "sentence-transformers"), ("sharding", "cluster")),
    ],
)
def test_what_needs_an_extra_says_which(part, extra):
    done = run_without_extras(f"import replication.{part}")
    last = done.stderr.splitlines()[-1]
    assert last.startswith(f"replication.extras.MissingExtra: replication.{part} needs ")
    assert last.endswith(f"install the extra: pip install 'mini-batch-contrastive-replication[{extra}]'")


def test_the_command_line_says_it_in_one_line():
    done = run_without_extras("from replication.__main__ import main\nsys.exit(main(['list']))")
    assert done.returncode == 2 and done.stderr.startswith("error: replication.reporting needs ")
    assert len(done.stderr.splitlines()) == 1


def test_only_what_is_missing_is_named():
    need("this", "any", ("torch",))
    with pytest.raises(MissingExtra, match=r"^this needs no_such_module; install the extra"):
        need("this", "any", ("torch", "no_such_module"))
