"""The contestants, one module each, all with the same small interface.

A module has VERSION and two classes. `Mlp(problem)` and `Chain(problem)` take a problem of
`benchmarks.problems`; their `step()` does the work that is timed, and `answer()` returns, as
arrays, what all must agree on: an Mlp's parameters (a step changes them by the gradient times
the rate), a Chain's gradients with respect to (y, w, b). A class that cannot take a problem
raises `NotRun` with the reason.
"""

from importlib import import_module

from .not_run import NotRun

NAMES = {
    "ours": "backprop_lab",
    "floor": "NumPy by hand",
    "torch_eager": "PyTorch eager",
    "torch_modules": "PyTorch eager, torch.nn",
    "hips_autograd": "HIPS autograd",
    "micrograd_scalar": "micrograd (scalar)",
    "mygrad_tensors": "MyGrad",
    "jax_jit": "JAX jit",
}
KEYS = tuple(NAMES)
OURS, FLOOR, *_ = KEYS  # whom the ratios are about, and who does without an engine

__all__ = ["FLOOR", "KEYS", "NAMES", "OURS", "NotRun", "load"]


def load(keys=KEYS):
    """(modules, missing): a dict of those that import, and one from the others to a reason."""
    modules, missing = {}, {}
    for key in keys:
        try:
            modules[key] = import_module(f"{__name__}.{key}")
        except ImportError as error:
            missing[key] = f"not installed ({error})"
    return modules, missing
