"""One core and one thread for everybody. This runs before NumPy: standard library only."""

import os

THREADS = (
    "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS",
    "NUMEXPR_NUM_THREADS",
)  # fmt: skip


def pin():
    """Keep this process, and those it starts, on one core and one thread; returns the core.

    Libraries read these variables once, when they are imported. What the environment says
    already is left as it is. Where a process cannot be pinned (macOS, Windows), returns None.
    """
    for name in THREADS:
        os.environ.setdefault(name, "1")
    os.environ.setdefault("JAX_PLATFORMS", "cpu")  # also keeps JAX from looking for a GPU
    os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false")
    if not hasattr(os, "sched_setaffinity"):
        return None
    core = max(os.sched_getaffinity(0))  # interrupts tend to be served by the first
    os.sched_setaffinity(0, {core})
    return core
