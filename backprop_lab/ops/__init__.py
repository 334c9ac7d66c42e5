"""Every operator: how it computes, how it pulls a cotangent back, how it pushes a tangent on.

Each `Op` stands beside the function that runs it, with its three rules on one screen. The rules
are written with operators and NumPy functions that accept arrays and Tensors alike.
"""

from . import methods  # noqa: F401  (gives Tensor its operators)
from .arithmetic import add, divide, maximum, multiply, negate, power, subtract
from .elementwise import cos, exp, log, relu, sigmoid, sin, tanh
from .linear import matmul
from .shapes import broadcast_to, mean, reshape, sum

__all__ = [
    "add", "broadcast_to", "cos", "divide", "exp", "log", "matmul", "maximum", "mean", "multiply",
    "negate", "power", "relu", "reshape", "sigmoid", "sin", "subtract", "sum", "tanh",
]  # fmt: skip
