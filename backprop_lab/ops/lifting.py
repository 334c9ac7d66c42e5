"""Making the inputs of an operator fit: numbers become constants, dtypes become equal."""

import numpy as np

from ..engine import Op, Tensor
from ..errors import DataError, GradientError, ShapeError, describe, no_data, no_operand
from ..leaves import tensor

NUMBERS = (bool, int, float, np.integer, np.floating, np.bool_)
FLOAT = np.dtype(float)
RANK = {"b": 0, "u": 1, "i": 1, "f": 2}  # truth values, integers, floating point


def lift(x, like=None):
    """`x` as a Tensor: a number becomes a constant, in the dtype of `like` if that is floating.

    Without `like`, NumPy's numbers keep their dtype if it is floating; Python's become float64.
    """
    if isinstance(x, Tensor):
        return x
    if isinstance(x, NUMBERS):
        dtype = getattr(like if isinstance(like, (Tensor, np.ndarray)) else x, "dtype", FLOAT)
        try:
            return Tensor((dtype if dtype.kind == "f" else FLOAT).type(x))
        except OverflowError:
            raise DataError("A Python integer this long does not fit into a float64.") from None
    if isinstance(x, (np.ndarray, list, tuple)):
        return tensor(x).detach()
    raise no_operand(x)


class Cast(Op):
    """The same numbers in another dtype."""

    symbol, local = "cast", "identity"

    def forward(ctx, x, dtype):
        ctx.x_dtype, ctx.z_dtype = x.dtype, dtype
        return x.astype(dtype)

    def vjp(ctx, z_bar):
        return z_bar.astype(ctx.x_dtype)

    def jvp(ctx, x_dot):
        return x_dot.astype(ctx.z_dtype)


def astype(x, dtype):
    """The same numbers in another floating-point dtype; the gradient comes back in the old one.

    >>> astype([1.0, 2.0], "float32").dtype
    dtype('float32')
    """
    x = lift(x)
    try:
        dtype = np.dtype(dtype)
    except TypeError:
        raise DataError(f'{dtype!r:.60} is no dtype; "float32" and "float64" are.') from None
    if dtype.kind not in "biuf":
        raise DataError(f"A tensor holds real numbers, so {describe(x)} cannot become {dtype}.")
    if x.requires_grad and not x.dtype.kind == dtype.kind == "f":
        raise GradientError(
            f"{describe(x)} requires a gradient, and none passes from {x.dtype} to {dtype}: no "
            "small amount can nudge an integer. Use floating-point data, or x.detach().astype(...)."
        )
    return Cast.apply(x, dtype=dtype)


def promote(x, y):
    """Two operands as tensors, in the dtype that PyTorch would compute in.

    A scalar gives way to an array of the same kind (so float32 stays float32), integers give way
    to floating point, and truth values count as numbers.
    """
    if not type(x) is Tensor is type(y):
        x, y = lift(x, y), lift(y, x)
    try:
        dtype = x.data.dtype
        if dtype == y.data.dtype and dtype.kind != "b":
            return x, y
        a, b = (x, y) if RANK[x.dtype.kind] >= RANK[y.dtype.kind] else (y, x)
    except (AttributeError, KeyError) as error:
        raise no_data(x, y) or error from None
    if RANK[a.dtype.kind] > RANK[b.dtype.kind]:
        dtype = a.dtype
    elif (a.ndim == 0) != (b.ndim == 0):
        dtype = b.dtype if a.ndim == 0 else a.dtype
    else:
        dtype = np.promote_types(a.dtype, b.dtype)
    return in_dtype(x, dtype), in_dtype(y, dtype)


def in_dtype(x, dtype):
    """`x` in a dtype; truth values become float64, since no arithmetic is done on them."""
    dtype = np.dtype(float) if dtype.kind == "b" else dtype
    if x.dtype == dtype:
        return x
    return astype(x, dtype) if x.requires_grad else Tensor(x.data.astype(dtype), name=x.name)


def check_axis(x, axis, keepdims=False):
    """`axis`, refused if x has no such axis."""
    if keepdims is not False and keepdims is not True:
        raise DataError(
            f"keepdims is True or False; this is {keepdims!r:.60}. Several axes make one tuple: "
            "axis=(0, 1)."
        )
    axes = () if axis is None else axis if isinstance(axis, tuple) else (axis,)
    for i in axes:
        if not isinstance(i, (int, np.integer)) or isinstance(i, bool):
            raise DataError(
                f"An axis is an integer, a tuple of integers, or None; this is {i!r:.60}."
            )
        if not -x.ndim <= i < x.ndim:
            raise ShapeError(f"{describe(x)} has {x.ndim} axes, so there is no axis {i}.")
    if len({i % x.ndim for i in axes}) < len(axes):
        raise ShapeError(f"The axes {axis} of {describe(x)} name one axis twice.")
    return axis


def check_one_axis(x, axis):
    """`axis` counted from 0, refused if it is not a single axis that x has."""
    if axis is None or isinstance(axis, tuple):
        raise DataError(f"One axis is needed here, as an integer; this is {axis!r:.60}.")
    return check_axis(x, axis) % x.ndim
