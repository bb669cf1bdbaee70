"""Another machine, as far as rounding goes: variables that hold the libraries back to the kernels of an old processor."""

OTHER = {
    "ATEN_CPU_CAPABILITY": "default",
    "MKL_CBWR": "COMPATIBLE",
    "NUMBA_CPU_NAME": "nehalem",
    "ONEDNN_MAX_CPU_ISA": "AVX",
    "OPENBLAS_CORETYPE": "Nehalem",
}
