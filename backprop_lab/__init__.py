"""Backprop Lab: an automatic differentiation engine that can be read, drawn and checked.

The names below are what the notebooks use; `backprop_lab.ops` holds every operator.

>>> import backprop_lab as bl
>>> x = bl.tensor(3.0, requires_grad=True)
>>> y = 2 * x**2
>>> y.backward()
>>> print(x.grad)
12.0
"""

from . import ops
from .engine import Op, Tensor, no_grad, parameter, tensor
from .exercises import check, hint
from .exercises.guess import compare
from .graph import Graph, order_fault
from .pictures import draw

__version__ = "0.1.0"

__all__ = [
    "Graph", "Op", "Tensor", "check", "compare", "draw", "hint", "no_grad", "ops", "order_fault",
    "parameter", "tensor",
]  # fmt: skip
