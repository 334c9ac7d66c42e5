"""Products of matrices and vectors."""

from ..engine import Op
from ..errors import ShapeError, describe
from .lifting import lift


class Matmul(Op):
    """z = x @ y for matrices and vectors (a vector is a row on the left, a column on the right)."""

    symbol, local = "@", "matmul"

    def forward(ctx, x, y):
        ctx.save_for_backward(x, y)
        return x @ y

    def vjp(ctx, z_bar):
        x, y = ctx.saved_tensors
        row = x.reshape((1, -1)) if x.ndim == 1 else x
        column = y.reshape((-1, 1)) if y.ndim == 1 else y
        z_bar = z_bar.reshape((row.shape[0], column.shape[1]))
        # Each of these is as much work as forward, so it is not done for an input that is data.
        x_bar = (z_bar @ column.T).reshape(x.shape) if ctx.needs_input_grad[0] else None
        y_bar = (row.T @ z_bar).reshape(y.shape) if ctx.needs_input_grad[1] else None
        return x_bar, y_bar

    def jvp(ctx, x_dot, y_dot):
        x, y = ctx.saved_tensors
        return x_dot @ y + x @ y_dot


def matmul(x, y):
    """The matrix product x @ y; a vector counts as a row on the left, a column on the right.

    Raises ShapeError unless the inner sizes agree.

    >>> matmul([[1.0, 2.0]], [3.0, 4.0])
    tensor([11.])
    """
    x, y = lift(x), lift(y)
    if not (0 < x.ndim < 3 and 0 < y.ndim < 3):
        raise ShapeError(
            f"@ multiplies matrices and vectors; these are {describe(x)} and {describe(y)}. "
            "For numbers, write *."
        )
    inner = -2 if y.ndim == 2 else -1
    if x.shape[-1] != y.shape[inner]:
        raise ShapeError(
            f"{describe(x)} @ {describe(y)}: the columns on the left ({x.shape[-1]}) must be as "
            f"many as the rows on the right ({y.shape[inner]})."
        )
    return Matmul.apply(x, y)
