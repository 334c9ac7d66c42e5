"""Backprop Lab: an automatic differentiation engine that can be read, drawn and checked.

The names below are what the notebooks use; `backprop_lab.ops` holds every operator.

>>> import backprop_lab as bl
>>> x = bl.tensor(3.0, requires_grad=True)
>>> y = 2 * x**2
>>> y.backward()
>>> print(x.grad)
12.0
"""

from importlib import import_module

from . import ops
from .engine import Op, Tensor
from .errors import UnknownName
from .leaves import parameter, tensor
from .modes import detect_anomaly, group, no_grad
from .transforms import grad, hvp, jacobian, jvp, vjp

__version__ = "0.1.0"

__all__ = [  # noqa: RUF022
    # What the notebooks use, from the first to the eighth.
    "tensor", "parameter", "ops", "draw", "step", "rosetta", "Graph", "order_fault", "compare",
    "check",
    "paths", "practice",
    "figure",
    "grad", "vjp", "jvp", "jacobian", "hvp", "show_jacobian", "show_memory",
    "show_broadcast",
    "as_torch_function", "report_card", "record_torch", "saved",
    "beside", "group",
    "Op", "gradcheck", "no_grad", "dashboard",
    # At any time.
    "Tensor", "add_exercises", "detect_anomaly", "hint", "progress", "pack", "unpack",
]  # fmt: skip

# Imported when first used, so that importing the package costs little more than NumPy does.
_ON_FIRST_USE = {
    "Graph": ".graph",
    "add_exercises": ".exercises",
    "as_torch_function": ".torch_functions",
    "beside": ".pictures.beside",
    "check": ".exercises",
    "compare": ".exercises.guess",
    "dashboard": ".widgets.dashboard",
    "draw": ".pictures",
    "figure": ".pictures.figures",
    "gradcheck": ".finite_differences",
    "hint": ".exercises",
    "order_fault": ".graph",
    "pack": ".coursework.luggage",
    "paths": ".widgets.paths",
    "practice": ".exercises.practice",
    "progress": ".exercises.progress_picture",
    "record_torch": ".torch_graph",
    "report_card": ".torch_functions",
    "rosetta": ".widgets.rosetta",
    "saved": ".ledger",
    "show_broadcast": ".widgets.broadcast",
    "show_jacobian": ".widgets.jacobian",
    "show_memory": ".widgets.memory",
    "step": ".widgets.stepper",
    "unpack": ".coursework.luggage",
}


def __getattr__(name):
    if name not in _ON_FIRST_USE:
        found = f"it is ops.{name}" if name in ops.__all__ else f"it has {', '.join(__all__)}"
        raise UnknownName(f"backprop_lab has no {name!r}; {found}.")
    globals()[name] = getattr(import_module(_ON_FIRST_USE[name], __name__), name)
    return globals()[name]


def __dir__():
    return __all__
