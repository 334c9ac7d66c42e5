"""Making the inputs of an operator fit: numbers become constants, shapes become equal."""

import numpy as np

from ..engine import Tensor
from ..errors import ShapeError, describe
from ..leaves import tensor


def lift(x, like=None):
    """`x` as a Tensor: a number becomes a constant, in the dtype of `like` if that is floating."""
    if isinstance(x, Tensor):
        return x
    if isinstance(x, (bool, int, float, np.integer, np.floating, np.bool_)):
        dtype = like.dtype if isinstance(like, (Tensor, np.ndarray)) else np.dtype(float)
        return Tensor(np.asarray(x, dtype if dtype.kind == "f" else float)[()])
    if isinstance(x, np.ndarray):
        return tensor(x).detach()
    if isinstance(x, (list, tuple)):
        return tensor(x).detach()
    raise TypeError(
        f"An operator works on tensors, arrays and numbers; it was given a {type(x).__name__}."
    )


def check_axis(x, axis):
    """`axis`, refused if x has no such axis."""
    axes = () if axis is None else axis if isinstance(axis, tuple) else (axis,)
    for i in axes:
        if not isinstance(i, (int, np.integer)) or isinstance(i, bool):
            raise TypeError(f"An axis is an integer, a tuple of integers, or None; this is {i!r}.")
        if not -x.ndim <= i < x.ndim:
            raise ShapeError(f"{describe(x)} has {x.ndim} axes, so there is no axis {i}.")
    if len({i % x.ndim for i in axes}) < len(axes):
        raise ShapeError(f"The axes {axis} of {describe(x)} name one axis twice.")
    return axis
