"""The ways to install: pyproject.toml, the lock and environment.yml agree, and a wheel works outside the repository."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path

import pytest
import yaml
from light_install import WITHOUT_EXTRAS
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]
DIRECT = [Requirement(line) for lines in (PROJECT["dependencies"], *EXTRAS.values()) for line in lines]
DIRECT = [requirement for requirement in DIRECT if requirement.name != PROJECT["name"]]  # an extra that holds another
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
LOCK = [
    Requirement(line)
    for line in (ROOT / "requirements.lock").read_text(encoding="utf-8").splitlines()
    if line.strip() and not line.startswith("#")
]


def load_yaml(name):
    return yaml.safe_load((ROOT / name).read_text(encoding="utf-8"))


def pins(name, python):
    """Return the versions that the lock gives a package on Linux x86-64 under a version of Python."""
    platform = {
        "python_version": python,
        "python_full_version": f"{python}.9",
        "sys_platform": "linux",
        "platform_machine": "x86_64",
        "implementation_name": "cpython",
    }
    found = [r for r in LOCK if canonicalize_name(r.name) == canonicalize_name(name)]
    return [str(r.specifier).removeprefix("==") for r in found if r.marker is None or r.marker.evaluate(platform)]


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("requirement", DIRECT, ids=lambda requirement: requirement.name)
def test_the_lock_pins_every_direct_dependency_inside_its_range(requirement, python):
    versions = pins(requirement.name, python)
    assert len(versions) == 1, f"{requirement.name} is pinned {len(versions)} times for Python {python}; run `make lock`"
    assert requirement.specifier.contains(versions[0]), f"{versions[0]} is outside {requirement}; run `make lock`"


@pytest.mark.parametrize("python", PYTHONS)
def test_the_lock_pins_exactly_and_never_twice(python):
    for requirement in LOCK:
        assert [specifier.operator for specifier in requirement.specifier] == ["=="], requirement
        assert len(pins(requirement.name, python)) <= 1, requirement


def test_what_the_locked_dependencies_need_is_locked():
    """The versions installed here name their requirements; each that applies to this Python must be in the lock.

    `make test` installs all extras but those of the book.
    """
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    installed = {canonicalize_name(distribution.metadata["Name"]) for distribution in metadata.distributions()}
    left_out = {canonicalize_name(Requirement(line).name) for extra in ("book", "browser") for line in EXTRAS[extra]}
    assert {canonicalize_name(requirement.name) for requirement in DIRECT} - left_out <= installed
    for direct in (requirement for requirement in DIRECT if canonicalize_name(requirement.name) in installed):
        for line in metadata.requires(direct.name) or []:
            needed = Requirement(line)
            if needed.marker is None or needed.marker.evaluate({"extra": ""}):
                assert pins(needed.name, python) or sys.platform != "linux", f"{needed.name}, needed by {direct.name}"


def test_conda_brings_only_python_and_pip():
    environment = load_yaml("environment.yml")
    assert environment.keys() == {"name", "channels", "dependencies"}
    assert environment["channels"] == ["conda-forge"]
    from_conda = [entry for entry in environment["dependencies"] if isinstance(entry, str)]
    assert from_conda == [f"python{PROJECT['requires-python']}", "pip"]
    (from_pip,) = [entry["pip"] for entry in environment["dependencies"] if not isinstance(entry, str)]
    assert from_pip == ["--constraint requirements.lock", f"--editable .[{','.join(sorted(EXTRAS))}]"]


def test_continuous_integration_runs_make_test_on_supported_pythons():
    job = load_yaml(".github/workflows/test.yml")["jobs"]["test"]
    assert [step["run"] for step in job["steps"] if "run" in step] == ["make test"]
    supported = Requirement(f"python{PROJECT['requires-python']}").specifier
    assert all(supported.contains(python) and python in PYTHONS for python in job["strategy"]["matrix"]["python-version"])


def test_the_book_is_published_from_make_book():
    job = load_yaml(".github/workflows/book.yml")["jobs"]["book"]
    assert [step["run"] for step in job["steps"] if "run" in step] == ["make book"]
    assert [step["with"]["path"] for step in job["steps"] if "pages-artifact" in step.get("uses", "")] == ["docs/_build/html"]


def test_a_release_is_checked_and_published_without_a_password():
    jobs = load_yaml(".github/workflows/release.yml")["jobs"]
    commands = [step["run"] for step in jobs["build"]["steps"] if "run" in step]
    assert "python -m build" in commands and "python -m twine check --strict dist/*" in commands
    assert jobs["publish"]["permissions"] == {"id-token": "write"} and "secrets" not in str(jobs)


def test_the_citation_names_this_version_and_the_paper():
    citation = load_yaml("CITATION.cff")
    assert (citation["version"], citation["license"]) == (PROJECT["version"], PROJECT["license"])
    paper = citation["preferred-citation"]
    assert paper["title"] == "Mini-Batch Optimization of Contrastive Loss"
    assert paper["identifiers"][0]["value"] == "arXiv:2307.05906"
    assert len(paper["authors"]) == 10


def test_git_ignores_everything_in_data_but_its_readme():
    def ignored(name):
        return subprocess.run(["git", "check-ignore", "-q", name], cwd=ROOT).returncode == 0

    assert ignored("data/cifar-100-python.tar.gz") and ignored("data/cifar-100-python/train")
    assert not ignored("data/README.md")


@pytest.mark.slow
def test_a_wheel_holds_the_whole_package_and_works_outside_the_repository(tmp_path):
    source, target = tmp_path / "source", tmp_path / "installed"
    shutil.copytree(ROOT / "replication", source / "replication", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):  # a copy: building in place would leave build/ behind
        shutil.copy(ROOT / name, source)
    # Without isolation nothing is downloaded; torch brings a setuptools that is recent enough.
    options = ["--quiet", "--no-deps", "--no-build-isolation", "--disable-pip-version-check", "--target", str(target)]
    subprocess.run([sys.executable, "-m", "pip", "install", *options, str(source)], check=True)

    def files(folder):
        return {path.relative_to(folder) for path in folder.rglob("*") if path.suffix in {".py", ".yaml"}}

    assert files(target / "replication") == files(source / "replication")
    program = (
        "import torch, replication.reporting.run\nfrom replication.losses import contrastive_loss\n"
        "from replication.selection import PlannedBatchSampler, ShuffledBatches\n"
        "assert len(list(PlannedBatchSampler(ShuffledBatches(2), 6))) == 3\n"
        "assert contrastive_loss(torch.eye(3), torch.eye(3)) > 0\nprint(replication.__file__)"
    )
    environment = os.environ | {"PYTHONPATH": str(target)}
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env=environment,
        check=True,
        capture_output=True,
        text=True,
        encoding="utf-8",
    )
    assert Path(done.stdout.strip()).is_relative_to(target)
    program = (
        f"{WITHOUT_EXTRAS}import runpy\nsys.argv = ['choose_batches.py', '--selector', 'OrderedSGD']\n"
        f"runpy.run_path({str(ROOT / 'examples' / 'choose_batches.py')!r}, run_name='__main__')"
    )
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, encoding="utf-8")
    assert done.returncode == 0 and "OrderedSGD" in done.stdout, done.stderr
    (entry,) = metadata.distributions(path=[str(target)])
    assert re.fullmatch(re.escape(PROJECT["name"]).replace(r"\-", "[-_]"), entry.metadata["Name"])
    assert {script.value for script in entry.entry_points} == set(PROJECT["scripts"].values())
