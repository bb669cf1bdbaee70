"""The reference of the book: every public name has an entry, and the examples of the docstrings run."""

import doctest
import importlib
import inspect

import pytest
from public_names import CALLS

from book.api import MODULES, kind, page, public_names

PACKAGES = public_names()


def test_every_public_name_has_an_entry():
    for package, names in PACKAGES.items():
        text = page(package, names)
        for name in names:
            assert f".. auto{kind(package, name)}:: {package}.{name}\n" in f"{text}\n", f"{package}.{name}"


def test_the_names_are_those_that_can_be_imported():
    """Read from the source, they are the ones that Python finds; among them all names whose arithmetic is tested as public."""
    for package, names in PACKAGES.items():
        try:
            module = importlib.import_module(package)
        except ImportError:
            continue
        kinds = {"class": inspect.isclass, "function": inspect.isroutine, "data": lambda value: not inspect.isroutine(value)}
        for name in names:
            assert kinds[kind(package, name)](getattr(module, name)), f"{package}.{name}"
        if package.removeprefix("replication.") not in MODULES:
            assert names == module.__all__
    for module, calls in CALLS.items():
        assert set(calls) <= set(PACKAGES[module.__name__])


@pytest.mark.parametrize("package", PACKAGES)
def test_the_examples_of_the_docstrings_run(package):
    try:
        module = importlib.import_module(package)
    except ImportError as error:
        pytest.skip(str(error))
    finder, runner = doctest.DocTestFinder(recurse=True), doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
    for name in PACKAGES[package]:
        value = getattr(module, name)
        if inspect.isclass(value) or inspect.isfunction(value):
            for test in finder.find(value, name, globs=dict(vars(inspect.getmodule(value)))):
                runner.run(test)
    assert runner.failures == 0


@pytest.mark.parametrize("name", ["ShuffledBatches", "SwapSearch", "MixedBatches", "PlannedBatchSampler"])
def test_the_first_names_that_one_uses_have_an_example(name):
    assert ">>> " in getattr(importlib.import_module("replication.selection"), name).__doc__
