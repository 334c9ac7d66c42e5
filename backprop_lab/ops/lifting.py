"""Making the inputs of an operator fit: numbers become constants, shapes become equal."""

import numpy as np

from ..engine import Tensor, tensor
from ..errors import ShapeError, describe


def lift(x, like=None):
    """`x` as a Tensor: a number becomes a constant, in the dtype of `like` if that is floating."""
    if isinstance(x, Tensor):
        return x
    if isinstance(x, (bool, int, float, np.number)):
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
    for i in () if axis is None else np.atleast_1d(axis):
        if not -x.ndim <= i < x.ndim:
            raise ShapeError(f"{describe(x)} has {x.ndim} axes, so there is no axis {i}.")
    return axis
