"""Every operator: how it computes, how it pulls a cotangent back, how it pushes a tangent on.

Each `Op` stands beside the function that runs it, with its three rules on one screen. The rules
are written with operators and NumPy functions that accept arrays and Tensors alike, so that a
derivative can be recorded and differentiated in turn. Functions are named as in PyTorch.
"""

from . import conversions, methods  # noqa: F401  (give Tensor its methods and operators)
from .arithmetic import add, divide, multiply, negate, power, subtract
from .choices import clip, maximum, minimum, where
from .elementwise import abs, cos, exp, log, relu, sigmoid, sin, sqrt, tanh
from .indexing import index, scatter
from .lifting import astype
from .linear import matmul
from .reductions import logsumexp, max, mean, min, sum
from .shapes import broadcast_to, concatenate, reshape, stack, transpose
from .softmax import log_softmax, softmax, softmax_cross_entropy

__all__ = [
    "abs", "add", "astype", "broadcast_to", "clip", "concatenate", "cos", "divide", "exp", "index",
    "log", "log_softmax", "logsumexp", "matmul", "max", "maximum", "mean", "min", "minimum",
    "multiply", "negate", "power", "relu", "reshape", "scatter", "sigmoid", "sin", "softmax",
    "softmax_cross_entropy", "sqrt", "stack", "subtract", "sum", "tanh", "transpose", "where",
]  # fmt: skip
