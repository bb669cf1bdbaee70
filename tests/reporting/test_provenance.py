"""What run.json records of code, machine and versions, and what makes a run out of date."""

import json
import subprocess
from importlib import metadata

import pytest
import torch
from packaging.requirements import Requirement

from replication.files import sha256
from replication.reporting import provenance


@pytest.fixture
def project(tmp_path, monkeypatch):
    """An empty project as the working directory, its code hashed anew at every call."""
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "pyproject.toml").touch()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(provenance, "code_hash", provenance.code_hash.__wrapped__)
    return tmp_path


def write_notebook(project, code="x = 1", text="words", outputs=()):
    cells = [
        {"cell_type": "markdown", "source": [text]},
        {"cell_type": "code", "source": code.splitlines(keepends=True), "outputs": list(outputs)},
    ]
    (project / "notebooks" / "01_alpha.ipynb").write_text(json.dumps({"cells": cells}), encoding="utf-8")


def key(parameters=None, data=None, notebook="01_alpha"):
    return provenance.run_key(notebook, {"seeds": 3, "lr": 0.5} if parameters is None else parameters, data or {})


def test_code_cells_change_the_key_and_words_and_outputs_do_not(project):
    write_notebook(project)
    before = key()
    write_notebook(project, text="other words", outputs=[{"text": "1"}])
    assert key() == before
    write_notebook(project, code="x = 2")
    assert key() != before


def test_parameters_data_and_lock_change_the_key_and_the_folder_does_not(project):
    write_notebook(project)
    before = key()
    assert key({"lr": 0.5, "seeds": 3}) == before  # the order of parameters says nothing
    assert key({"seeds": 3, "lr": 0.5, "results_dir": "/somewhere"}) == before
    (project / "requirements.lock").write_text("torch==2.14\n", encoding="utf-8")
    changed = [before, key(), key({"seeds": 4, "lr": 0.5}), key(data={"digits": "abc"}), key(notebook="02_beta")]
    assert len(set(changed)) == 5


def test_every_module_of_the_package_changes_the_key(project, monkeypatch):
    package = project / "package"
    (package / "inner").mkdir(parents=True)
    monkeypatch.setattr(provenance.replication, "__file__", str(package / "__init__.py"))
    keys = []
    for content in ("a = 1", "a = 2"):
        (package / "inner" / "module.py").write_text(content, encoding="utf-8")
        keys.append(key())
    (package / "inner" / "module.py").rename(package / "inner" / "renamed.py")
    assert len({*keys, key()}) == 3


def test_the_state_of_git_ignores_results(project):
    def git(*arguments):
        identity = ["-c", "user.name=tester", "-c", "user.email=tester@example.org"]
        done = subprocess.run(["git", *identity, *arguments], check=True, capture_output=True, text=True, encoding="utf-8")
        return done.stdout.strip()

    assert provenance.git_state() == {"sha": None, "dirty": None}
    git("init", "--quiet")
    git("add", "pyproject.toml")
    git("commit", "--quiet", "--message", "First")
    clean = {"sha": git("rev-parse", "HEAD"), "dirty": False}
    (project / "results").mkdir()
    (project / "results" / "run.json").touch()
    assert provenance.git_state() == clean
    (project / "pyproject.toml").write_text("changed", encoding="utf-8")
    assert provenance.git_state() == clean | {"dirty": True}


def test_versions_are_those_of_the_direct_dependencies():
    declared = [Requirement(line) for line in metadata.requires("mini-batch-contrastive-replication")]
    needed = [{"extra": extra} for extra in ("", "clip", "experiments")]
    names = {r.name for r in declared if r.marker is None or any(map(r.marker.evaluate, needed))}
    found = provenance.versions()
    assert found.keys() == {"python"} | names - {"mini-batch-contrastive-replication"}
    assert found["torch"].split("+")[0] == torch.__version__.split("+")[0]


def test_the_hardware_is_described():
    found = provenance.hardware()
    assert found["cores"] >= 1 and found["memory_gib"] > 0 and found["processor"]
    assert (found["gpu"] is None) == (not torch.cuda.is_available())
    json.dumps(found)


def test_sha256_of_a_known_text(tmp_path):
    (tmp_path / "abc").write_bytes(b"abc")  # the test vector of FIPS 180
    assert sha256(tmp_path / "abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
