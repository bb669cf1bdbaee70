"""The absence of all that only extras bring, for a child process: what `pip install .` leaves out cannot be imported."""

HEAVY = {  # what `pip install .` does not bring; torch, numpy, scipy, scikit-learn, numba, pandas, POT and networkx stay
    *("IPython", "PIL", "ipykernel", "jupyterlab", "matplotlib", "nbclient", "nbformat", "open_clip"),
    *("accelerate", "datasets", "lightning", "sentence_transformers", "transformers"),
    *("dask", "dask_jobqueue", "distributed", "faiss", "zarr"),
    *("papermill", "psutil", "pymetis", "seaborn", "tabulate", "timm", "torchvision", "tqdm", "traitlets", "yaml"),
}
WITHOUT_EXTRAS = f"""
import sys
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {sorted(HEAVY)!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}} (it is not installed without extras)", name=name)
sys.meta_path.insert(0, Absent())
import importlib.util as util
found = util.find_spec
util.find_spec = lambda name, package=None: None if name.partition(".")[0] in {sorted(HEAVY)!r} else found(name, package)
"""
