"""Parts of this package that need more than its selectors do say which extra brings it."""

from importlib.util import find_spec

PROJECT = "mini-batch-contrastive-replication"


class MissingExtra(ImportError):
    """An import that needs an extra which is not installed: one line that says which."""


def need(part: str, extra: str, modules: tuple[str, ...]) -> None:
    """Raise MissingExtra if a module is not installed that a part of this package, such as "replication.clip", needs."""
    missing = [name for name in modules if find_spec(name) is None]
    if missing:
        raise MissingExtra(f"{part} needs {', '.join(missing)}; install the extra: pip install '{PROJECT}[{extra}]'")
