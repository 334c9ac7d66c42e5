"""Functions in, derivatives out: grad, vjp, jvp, jacobian and hvp, as in torch.func and JAX.

Each runs the function once, on leaves of its own, and sends one of the two sweeps through the
graph that comes out. Whatever is computed inside is recorded, so derivatives can be nested; that
every level has leaves of its own is what keeps the levels apart (Siskind and Pearlmutter, 2005,
"Perturbation confusion and referential transparency").
"""

import numpy as np

from . import ops
from .engine import Op, Tensor, exhaust, forward_sweep, reverse_sweep, topological_order
from .errors import (
    DataError,
    GradientError,
    ShapeError,
    a_kind_of,
    describe,
    raised_by_the_call,
)
from .modes import differentiating, is_recording, recorded
from .ops.lifting import NUMBERS, lift


class Alias(Op):
    """The same value, one level of differentiation further in."""

    symbol, local = "=", "identity"

    def forward(ctx, x):
        return x[()]

    def vjp(ctx, z_bar):
        return z_bar

    def jvp(ctx, x_dot):
        return x_dot


def grad(f, argnums=0):
    """The function that gives the gradient of f, which must return one number.

    Arguments: f (a function of tensors), argnums (which argument to differentiate by; a tuple for
    several). The result takes what f takes, and gives a Tensor of the argument's shape (a tuple of
    them for a tuple). Raises ShapeError if f returns more than one number.

    >>> print(grad(lambda x: 2 * x**2)(3.0).item())
    12.0
    >>> print(grad(grad(lambda x: x**3))(2.0).item())
    12.0
    """
    check_function("grad", f)

    def gradient(*xs):
        run = Run(f, xs, as_tuple(argnums, xs))
        if run.y.shape != ():
            raise ShapeError(
                f"grad needs a function that returns one number; this one returned "
                f"{describe(run.y)}. Reduce it with .sum() or .mean(), or use jacobian."
            )
        x_bars = run.pull_back(1.0)
        return x_bars if isinstance(argnums, tuple) else x_bars[0]

    return gradient


def vjp(f, *xs):
    """(y, pull_back): the value of f, and the function that takes a cotangent back to its inputs.

    `pull_back(y_bar)` gives a tuple with x_bar = Jᵀ y_bar for each x, without building J; it may be
    called again with another y_bar (of the shape of y).

    >>> y, pull_back = vjp(lambda x: x * x, [1.0, 2.0])
    >>> pull_back([1.0, 10.0])
    (tensor([ 2., 40.]),)
    """
    check_function("vjp", f)
    run = Run(f, xs, range(len(xs)))
    return run.value(), run.pull_back


def jvp(f, xs, x_dots):
    """(y, y_dot): the value of f at xs, and how fast it moves when xs move with x_dots.

    Arguments: f, xs (a tuple of inputs), x_dots (a tuple of their shapes). y_dot = J x_dot,
    without building J.

    >>> jvp(lambda x: x * x, ([1.0, 2.0],), ([1.0, 10.0],))
    (tensor([1., 4.]), tensor([ 2., 40.]))
    """
    check_function("jvp", f)
    for name, value in (("xs", xs), ("x_dots", x_dots)):
        if not isinstance(value, (tuple, list)):
            raise DataError(
                f"jvp takes {name} as a tuple, one entry for each argument of f; this is a "
                f"{type(value).__name__}. For one argument, write (x,)."
            )
    if len(xs) != len(x_dots):
        raise ShapeError(f"jvp was given {len(xs)} inputs and {len(x_dots)} tangents.")
    run = Run(f, xs, range(len(xs)))
    return run.value(), run.push_forward(x_dots)


def jacobian(f, argnums=0):
    """The function that gives the Jacobian of f: J[i, j] = ∂y_i/∂x_j, row = output.

    It takes one sweep for each row (backward) or for each column (forward), whichever are fewer;
    the result's name says which. Its shape is y.shape + x.shape. f and argnums as for `grad`.

    >>> jacobian(lambda x: x[:2] * x[2])([2.0, 3.0, 5.0])
    tensor([[5., 0., 2.], [0., 5., 3.]], name='Jacobian, row by row (2 backward)')
    """
    check_function("jacobian", f)

    def jacobian_of_f(*xs):
        found = Run(f, xs, as_tuple(argnums, xs)).jacobians()
        return found if isinstance(argnums, tuple) else found[0]

    return jacobian_of_f


def hvp(f, x, v):
    """The Hessian of f at x times v, without building the Hessian: forward over reverse.

    Arguments: f (returns one number), x, v (of the shape of x). (Pearlmutter 1994, "Fast exact
    multiplication by the Hessian".)

    >>> hvp(lambda x: (x**3).sum(), [1.0, 2.0], [1.0, 10.0])
    tensor([  6., 120.])
    """
    check_function("hvp", f)
    return jvp(grad(f), (x,), (v,))[1]


class Run:
    """One run of a function on leaves of its own.

    Attributes: leaves (stand for the arguments that are differentiated by), y (the result),
    watched (is there anybody outside to whom the derivatives matter in turn?).
    """

    def __init__(self, f, xs, argnums):
        keep, args = is_recording(), list(xs)
        with recorded(), differentiating():
            for i in argnums:
                args[i] = as_leaf(xs[i], i, keep)
            self.leaves = [args[i] for i in argnums]
            self.y = check_output(call(f, args))
        aliases = [leaf.grad_fn for leaf in self.leaves if leaf.grad_fn]
        order = topological_order(self.y, aliases)
        given = [self.y, *(x for node in order for x in node.inputs)]
        self.watched = keep and (bool(aliases) or any(map(self.is_foreign, given)))
        self.until = [*aliases, *foreign_nodes(order, self.leaves)]  # where its sweeps stop

    def is_foreign(self, x):
        """Whether x is a leaf that requires a gradient, and not one of this run."""
        return x.requires_grad and x.grad_fn is None and not any(x is leaf for leaf in self.leaves)

    def value(self):
        """The result as it leaves this run: without a graph, unless somebody is watching."""
        return self.y if self.watched else self.y.detach()

    def pull_back(self, y_bar):
        """The cotangents of the leaves, as a tuple, from that of y."""
        y_bar = like(self.y, y_bar, "The cotangent", "the result of f")
        watched = self.watched or y_bar.requires_grad
        cotangents = {self.y.grad_fn or self.y: y_bar if watched else y_bar.data}
        with differentiating():
            exhaust(reverse_sweep(self.y, cotangents, self.until, quiet=True))
        found = [cotangents.get(leaf.grad_fn or leaf) for leaf in self.leaves]
        return tuple(
            lift(np.zeros_like(leaf.data) if x_bar is None else x_bar)
            for leaf, x_bar in zip(self.leaves, found, strict=True)
        )

    def push_forward(self, x_dots):
        """The tangent of y, from those of the leaves."""
        x_dots = [
            like(leaf, x_dot, "The tangent", "its input")
            for leaf, x_dot in zip(self.leaves, x_dots, strict=True)
        ]
        watched = self.watched or any(x_dot.requires_grad for x_dot in x_dots)
        tangents = dict(
            zip(self.leaves, x_dots if watched else [x.data for x in x_dots], strict=True)
        )
        y_dot = tangents.get(self.y, np.zeros_like(self.y.data))
        with differentiating():
            for node, z_dot in forward_sweep(self.y, tangents):
                if node is self.y.grad_fn:
                    y_dot = z_dot
        return lift(y_dot)

    def jacobians(self):
        """The Jacobian of y by each leaf, by rows or by columns, whichever are fewer."""
        size = sum(leaf.size for leaf in self.leaves)
        if self.y.size <= size:
            name = f"Jacobian, row by row ({self.y.size} backward)"
            rows = [self.pull_back(y_bar) for y_bar in one_hot(self.y)]
            found = [self.assemble([row[i] for row in rows], 0, i) for i in range(len(self.leaves))]
        else:
            name = f"Jacobian, column by column ({size} forward)"
            found = [self.assemble(self.columns(i), -1, i) for i in range(len(self.leaves))]
        for jacobian in found:
            jacobian.name = name
        return tuple(found)

    def columns(self, i):
        """∂y/∂x_j for each entry x_j of leaf i, while the others stand still."""
        x_dots = [np.zeros_like(leaf.data) for leaf in self.leaves]
        for x_dot in one_hot(self.leaves[i]):
            x_dots[i] = x_dot
            yield self.push_forward(x_dots)

    def assemble(self, parts, axis, i):
        """Rows (axis 0) or columns (axis -1) of the Jacobian by leaf i, as one tensor."""
        shape = (*self.y.shape, *self.leaves[i].shape)
        parts = list(parts)
        if not parts:
            return Tensor(np.zeros(shape, self.y.dtype))
        found = ops.reshape(ops.stack(parts, axis), shape)
        return found if found.requires_grad else Tensor(found.data + 0)  # -0 becomes 0


def foreign_nodes(order, leaves):
    """The nodes in order that depend on none of the leaves: no derivative comes from there."""
    moving = {leaf.grad_fn or leaf for leaf in leaves}
    foreign = []
    for node in order:
        if any((x.grad_fn or x) in moving for x in node.inputs):
            moving.add(node)
        else:
            foreign.append(node)
    return foreign


def as_tuple(argnums, xs):
    """The numbers of the arguments to differentiate by, each checked."""
    numbers = argnums if isinstance(argnums, tuple) else (argnums,)
    for i in numbers:
        if type(i) is not int or not 0 <= i < len(xs):
            raise DataError(
                f"argnums={argnums!r:.60} has to name arguments by number, and the function was "
                f"given {len(xs)}: 0 is the first."
            )
    return numbers


def as_leaf(x, i, keep):
    """The tensor that stands for argument i within a run."""
    if not isinstance(x, (Tensor, np.ndarray, list, tuple, *NUMBERS)):
        raise DataError(
            f"Argument {i} is {a_kind_of(x)}: no derivative by that. Give a tensor, an array or a "
            "number; what else f needs goes into it by lambda x: f(x, ...)."
        )
    x = lift(x)
    if x.dtype.kind != "f":
        raise DataError(
            f"Argument {i} holds {x.dtype}, and no small amount can nudge that. Convert it first: "
            "data.astype(float)."
        )
    if x.requires_grad and keep:
        leaf = Alias.apply(x)
        leaf.name = x.name
        return leaf
    return Tensor(x.data[()], True, x.name, "input")


def check_function(transform, f):
    """Refuse what cannot be called, such as a result in the place of the function."""
    if not callable(f):
        raise DataError(
            f"{transform} takes a function, and this is {a_kind_of(f)}. Give it what computes the "
            f"result: {transform}(lambda x: ...)."
        )


def call(f, args):
    """f(*args), where it takes as many as it is given."""
    try:
        return f(*args)
    except TypeError as error:
        if not raised_by_the_call(error):
            raise
        raise DataError(
            f"f was given {len(args)} arguments, one for each input, and cannot take them: {error}."
        ) from None


def check_output(y):
    """What f returned, refused if it is no Tensor."""
    if not isinstance(y, Tensor):
        raise GradientError(
            f"f returned a {type(y).__name__}, which does not know how it was computed. Compute "
            "with the tensors that f is given, without .data, .item(), float() or np.asarray(), "
            "and return the result."
        )
    return y


def like(x, seed, what, whose):
    """A cotangent or tangent as a Tensor, refused if it is not of the shape of x."""
    seed = lift(seed, x)
    if seed.shape != x.shape:
        raise ShapeError(f"{what} has shape {seed.shape}, and {whose} has shape {x.shape}.")
    return seed if seed.dtype == x.dtype else ops.astype(seed, x.dtype)


def one_hot(x):
    """Arrays of the shape of x: each has a single 1, in the place of one of its entries."""
    for i in range(x.size):
        e = np.zeros(x.size, x.dtype)
        e[i] = 1
        yield e.reshape(x.shape)
