"""Kernels are compiled where nothing can be kept on disk, too."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numba
import numpy as np
import pytest

import replication
from replication.selection.kernels import compiled as module


def double(x):
    return 2 * x


@pytest.mark.parametrize("options", [{}, {"fastmath": True}])
def test_without_a_folder_for_the_cache_the_kernel_is_compiled_all_the_same(options, monkeypatch):
    def njit(function, cache=False, **others):
        if cache:
            raise RuntimeError("cannot cache function 'double': no locator available")
        assert others == {"nogil": True} | options
        return numba.njit(function, **others)

    monkeypatch.setattr(module, "njit", njit)
    kernel = module.compiled(**options)(double) if options else module.compiled(double)
    assert np.array_equal(kernel(np.arange(3)), [0, 2, 4])


def test_every_kernel_of_the_library_goes_this_way():
    sources = Path(replication.__file__).parent.rglob("*.py")
    assert [path.name for path in sources if "njit" in path.read_text(encoding="utf-8")] == ["compiled.py"]


@pytest.mark.slow
def test_an_import_where_no_folder_can_be_written_to(tmp_path):
    """Root may write everywhere, so files stand where the folders would have to be made."""
    package = tmp_path / "replication"
    shutil.copytree(Path(replication.__file__).parent, package, ignore=shutil.ignore_patterns("__pycache__"))
    (package / "selection" / "kernels" / "__pycache__").touch()
    (tmp_path / "home").touch()
    home = str(tmp_path / "home")
    environment = os.environ | {"PYTHONPATH": str(tmp_path), "HOME": home, "XDG_CACHE_HOME": home, "IPYTHONDIR": home}
    environment |= {"PYTHONDONTWRITEBYTECODE": "1", "NUMBA_CACHE_DIR": ""}
    code = "from replication.selection.kernels import swaps; print(swaps.__file__, type(swaps.swap_by_weight._cache).__name__)"
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, encoding="utf-8")
    assert done.stdout.split() == [str(package / "selection" / "kernels" / "swaps.py"), "NullCache"], done.stderr
