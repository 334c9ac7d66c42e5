"""Products of matrices and vectors, and of batches of them."""

import numpy as np

from ..engine import Op, run
from ..errors import ShapeError, describe
from .lifting import promote
from .shapes import broadcast_to, reshape


class Matmul(Op):
    """z = x @ y: matrices, vectors (a row on the left, a column on the right), equal batches."""

    symbol, local = "@", "matmul"

    def forward(ctx, x, y):
        ctx.save_for_backward(x, y)
        return product(x, y)

    def vjp(ctx, z_bar):
        x, y = ctx.saved_tensors
        if 1 in (x.ndim, y.ndim):
            return Matmul.vjp_of_vectors(ctx, x, y, z_bar)
        # Each of these is as much work as forward, so it is not done for an input that is data.
        x_needs, y_needs = ctx.needs_input_grad
        if type(x) is np.ndarray and x.ndim == y.ndim == 2:  # as in product
            return z_bar.dot(y.T) if x_needs else None, x.T.dot(z_bar) if y_needs else None
        x_bar = z_bar @ y.swapaxes(-1, -2) if x_needs else None
        y_bar = x.swapaxes(-1, -2) @ z_bar if y_needs else None
        return x_bar, y_bar

    @staticmethod
    def vjp_of_vectors(ctx, x, y, z_bar):
        """The same, with a vector on the left as a row, and one on the right as a column."""
        row = x.reshape((1, -1)) if x.ndim == 1 else x
        column = y.reshape((-1, 1)) if y.ndim == 1 else y
        z_bar = z_bar.reshape((row.shape[0], column.shape[1]))
        x_bar = (z_bar @ column.T).reshape(x.shape) if ctx.needs_input_grad[0] else None
        y_bar = (row.T @ z_bar).reshape(y.shape) if ctx.needs_input_grad[1] else None
        return x_bar, y_bar

    def jvp(ctx, x_dot, y_dot):
        x, y = ctx.saved_tensors
        return x_dot @ y + x @ y_dot


def product(x, y):
    """x @ y. For two matrices .dot is the same, and NumPy takes half as long to get to work."""
    return x.dot(y) if type(x) is np.ndarray is type(y) and x.ndim == y.ndim == 2 else x @ y


def matmul(x, y):
    """The matrix product x @ y; a vector counts as a row on the left, a column on the right.

    With more than two axes, the last two are matrices and the others are batches, which broadcast.
    Raises ShapeError unless the inner sizes agree.

    >>> matmul([[1.0, 2.0]], [3.0, 4.0])
    tensor([11.])
    """
    x, y = promote(x, y)
    x_shape, y_shape = x.data.shape, y.data.shape
    if x_shape == () or y_shape == ():
        raise ShapeError(
            f"@ multiplies matrices and vectors; these are {describe(x)} and {describe(y)}. "
            "For numbers, write *."
        )
    inner = -2 if len(y_shape) > 1 else -1
    if x_shape[-1] != y_shape[inner]:
        raise ShapeError(
            f"{describe(x)} @ {describe(y)}: the columns on the left ({x.shape[-1]}) must be as "
            f"many as the rows on the right ({y.shape[inner]})."
        )
    if len(x_shape) <= 2 and len(y_shape) <= 2:
        return run(Matmul, (x, y))
    return matmul_batches(x, y)


def matmul_batches(x, y):
    """x @ y where one of them has a batch: shapes are made equal by operators of their own."""
    if y.ndim <= 2:  # one matrix for all: a long batch of rows is one large product
        z = matmul(reshape(x, -1, x.shape[-1]), y)
        return reshape(z, *x.shape[:-1], *y.shape[1:])
    if x.ndim == 1:
        z = matmul(reshape(x, 1, -1), y)
        return reshape(z, *z.shape[:-2], z.shape[-1])
    batch = common_batch(x, y)
    x, y = (
        t if t.shape[:-2] == batch else broadcast_to(t, (*batch, *t.shape[-2:])) for t in (x, y)
    )
    return Matmul.apply(x, y)


def common_batch(x, y):
    """The axes before the last two, broadcast against each other."""
    try:
        return np.broadcast_shapes(x.shape[:-2], y.shape[:-2])
    except ValueError:
        raise ShapeError(
            f"{describe(x)} @ {describe(y)}: before the last two axes stand batches, "
            f"{x.shape[:-2]} and {y.shape[:-2]}; read from the right, sizes must be equal or 1."
        ) from None
