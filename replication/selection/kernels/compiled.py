"""How the kernels of this package are compiled: once, kept on disk where that is possible."""

from collections.abc import Callable

from numba import njit


def compiled(function: Callable | None = None, **options) -> Callable:
    """Return `function` compiled by numba at its first call, without Python's lock; `options` are further ones of `njit`.

    The machine code is kept beside the source, or in the user's cache folder, for later processes. Where neither can be
    written, as in a read-only container without a home, each process compiles anew, which takes seconds.
    """
    if function is None:
        return lambda function: compiled(function, **options)
    try:
        return njit(function, cache=True, nogil=True, **options)
    except (RuntimeError, OSError):  # numba found no folder that it may write to
        return njit(function, nogil=True, **options)
