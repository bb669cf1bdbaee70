"""Experiments, their profiles, and the parameters that a run of them gets.

An experiment is a notebook, notebooks/<number>_<experiment>.ipynb. A profile of it is a YAML file with other values for its
parameters, notebooks/profiles/<experiment>/<profile>.yaml.
"""

from pathlib import Path

from replication.files import project_root, shown
from replication.parameters.files import read_values
from replication.parameters.values import value_like
from replication.reporting.checks import check_experiment
from replication.reporting.parameters_cell import notebook_defaults


class UsageError(ValueError):
    """A wrong experiment, profile or parameter: reported as one line, with exit code 2."""


def experiments() -> dict[str, Path]:
    """Return the notebooks by experiment name, in their order: {"theory": notebooks/01_theory.ipynb, ...}.

    Raises:
        UsageError: there are none, as outside a clone of this project.
    """
    found = {path.stem.split("_", 1)[1]: path for path in sorted((project_root() / "notebooks").glob("[0-9]*_*.ipynb"))}
    if not found:
        raise UsageError(
            f"{project_root()} holds no notebooks; this command works only in the cloned folder of the project, or below it"
        )
    return found


def profile_folder(notebook: Path) -> Path:
    """Return the folder in which the profiles of a notebook lie."""
    return notebook.parent / "profiles" / notebook.stem.split("_", 1)[1]


def profiles(notebook: Path) -> dict[str, Path]:
    """Return the parameter files of a notebook by profile name."""
    return {path.stem: path for path in sorted(profile_folder(notebook).glob("*.yaml")) if not path.name.startswith(".")}


def misplaced_profiles(notebook: Path) -> dict[str, str]:
    """Return a line for each profile that lies beside its notebook, where profiles were once, by its name."""
    found = sorted(notebook.parent.glob(f"{notebook.stem}.*.yaml"))
    names = {path.name.removeprefix(f"{notebook.stem}.").removesuffix(".yaml"): path for path in found}
    return {
        name: f"{shown(path)} is not used there; move it to {shown(profile_folder(notebook) / f'{name}.yaml')}"
        for name, path in names.items()
    }


def resolve(experiment: str, profile: str, overrides: dict | None = None) -> tuple[Path, dict]:
    """Return the notebook and all its parameters for a profile, with `overrides` on top.

    Args:
        experiment, profile: names.
        overrides: values by parameter, or texts as people write them; the type is that of the notebook's default.

    Raises:
        UsageError: unknown experiment or profile, a parameter that the notebook does not have, or a value that cannot work.
    """
    notebooks, overrides = experiments(), overrides or {}
    if experiment not in notebooks:
        raise UsageError(f"experiment {experiment!r} must be one of {', '.join(notebooks)}")
    notebook = notebooks[experiment]
    files, misplaced = profiles(notebook), misplaced_profiles(notebook)
    if profile not in files:
        hint = f"; {misplaced[profile]}" if profile in misplaced else ""
        raise UsageError(f"profile {profile!r} of {experiment} must be one of {', '.join(files)}{hint}")
    if "profile" in overrides:
        raise UsageError(f"parameter 'profile' is not set by itself; use --profile {overrides['profile']}")
    try:
        defaults = notebook_defaults(notebook)
        for name in overrides:
            if name not in defaults:
                raise UsageError(f"parameter {name!r} of {experiment} must be one of {', '.join(defaults)}")
        chosen = read_values(files[profile], defaults)
        chosen |= {name: value_like(defaults[name], f"--set {name}", value) for name, value in overrides.items()}
        parameters = defaults | chosen | {"profile": profile}
        check_experiment(experiment, parameters)
    except (ValueError, TypeError, OSError) as error:
        raise UsageError(str(error)) from None
    return notebook, parameters
