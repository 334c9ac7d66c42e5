"""The contract between the engine and the rules of an `Op`, and the checks that hold them to it."""

from contextlib import contextmanager
from functools import wraps

import numpy as np

from .errors import DataError, GradientError, RuleError, ShapeError, describe


def guarded(name, rule):
    """A rule that is being learned, with its contract checked each time that it runs.

    The rules of this package are held to the same contract by tests, and run unguarded.
    """
    check = {"forward": check_result, "vjp": check_count, "jvp": lambda ctx, given, z_dot: z_dot}

    @wraps(rule)
    def run(ctx, *given, **options):
        if name == "forward":
            ctx.given = given  # a second derivative asks whether they are still what they were
        with locked([*given, *ctx.saved_tensors]):
            try:
                result = rule(ctx, *given, **options)
            except ValueError as error:
                if "read-only" not in str(error):
                    raise
                raise RuleError(
                    f"{ctx.op.__name__}.{name} changed in place what it was given, and others "
                    "still need that. Make a new array: x = x * 2 instead of x *= 2."
                ) from None
        return check[name](ctx, given, result)

    return run


@contextmanager
def locked(arrays):
    """Within this context nothing can be written into these arrays."""
    open_arrays = [x for x in arrays if isinstance(x, np.ndarray) and x.flags.writeable]
    for array in open_arrays:
        array.flags.writeable = False
    try:
        yield
    finally:
        for array in open_arrays:
            array.flags.writeable = True


def check_result(ctx, given, data):
    """What forward returned, as an array of its own; refused if it is not real numbers."""
    if isinstance(data, (bool, int, float)):
        return np.float64(data)
    if isinstance(data, (np.ndarray, np.generic)) and data.dtype.kind in "biuf":
        is_input = any(data is x for x in given)
        return np.array(data)[()] if is_input or isinstance(data, np.generic) else data[()]
    raise RuleError(
        f"{ctx.op.__name__}.forward returned a {type(data).__name__}: it is given arrays and "
        "returns one array of real numbers. (Did it forget its return?)"
    )


def check_count(ctx, given, x_bars):
    """What a vjp returned, as a tuple with one cotangent for each input."""
    several = isinstance(x_bars, list) and len(ctx.inputs) > 1
    x_bars = tuple(x_bars) if several or isinstance(x_bars, tuple) else (x_bars,)
    if len(x_bars) != len(ctx.inputs):
        raise RuleError(
            f"{ctx.op.__name__}.vjp returned {len(x_bars)} cotangents for {len(ctx.inputs)} "
            "inputs: it owes one to each input, in the order of forward, None for a plain value."
        )
    # Views: what a rule returns may be an array that it has saved.
    return tuple([x[()] if isinstance(x, np.ndarray) else x for x in x_bars])


def check_seed(output, gradient):
    """The gradient that a backward pass starts from, of the output's shape and dtype."""
    if not output.requires_grad:
        raise GradientError(
            f"{describe(output)} depends on nothing that requires a gradient, so there is no graph "
            "to go back through. Make a leaf with requires_grad=True (or bl.parameter), outside "
            "no_grad(), and compute again."
        )
    if gradient is None:
        if output.shape != ():
            raise GradientError(
                f"backward() can start by itself only from a scalar; this is {describe(output)}. "
                "Reduce it with .sum() or .mean(), or say how much each entry matters: "
                f"backward(gradient) with an array of shape {output.shape}."
            )
        gradient = 1.0
    try:
        gradient = np.array(gradient, dtype=output.dtype)[()]
    except (TypeError, ValueError):
        raise DataError(
            f"The gradient has to be an array of numbers, of shape {output.shape}; it is a "
            f"{type(gradient).__name__}."
        ) from None
    if gradient.shape != output.shape:
        raise ShapeError(
            f"The gradient has shape {gradient.shape}, and {describe(output)} needs one number for "
            f"each of its entries: shape {output.shape}."
        )
    return gradient


def check_cotangent(node, slot, x_bar):
    """The cotangent for one input, in its dtype; refused if it is missing or misshapen."""
    x = node.inputs[slot]
    if type(x_bar) is np.ndarray and x_bar.shape == x.data.shape and x_bar.dtype == x.data.dtype:
        return x_bar
    rule = f"{node.op.__name__}.vjp"
    if x_bar is None:
        raise RuleError(
            f"{rule} returned None for input {slot}, {describe(x)}, which requires a gradient. "
            "Did the rule forget its return, or that input?"
        )
    if not hasattr(x_bar, "grad_fn"):  # an array or a number, and not a Tensor
        x_bar = np.asarray(x_bar)[()]
    if x_bar.shape != x.data.shape and node.op.broadcasts:
        x_bar = unbroadcast(x_bar, x.data.shape)
    if x_bar.shape != x.data.shape:
        raise RuleError(
            f"{rule} returned shape {x_bar.shape} for an input of shape {x.shape}: "
            "a cotangent has the shape of the tensor it belongs to."
        )
    if x_bar.dtype != x.data.dtype:
        if x_bar.dtype.kind not in "biuf":
            raise RuleError(
                f"{rule} returned {x_bar.dtype} for {describe(x)}: it owes real numbers."
            )
        if x.data.dtype.kind != "f":
            raise GradientError(
                f"{describe(x)} holds {x.dtype}, which no small amount can nudge, and yet it "
                "requires a gradient. Make it from floating-point data: data.astype(float)."
            )
        x_bar = x_bar.astype(x.data.dtype)
    return x_bar


def unbroadcast(x_bar, shape):
    """The sum of x_bar over all copies that broadcasting made of an input of this shape.

    An entry that was copied is told by each of its copies how much the output moves.
    """
    new = x_bar.ndim - len(shape)
    if new == 1 and x_bar.shape[1:] == shape:  # the bias of a batch, by far the most common
        return x_bar.sum(axis=0)
    axes = [*range(new), *(i for i, size in enumerate(shape, new) if size != x_bar.shape[i])]
    return x_bar.sum(axis=tuple(axes)).reshape(shape)


def check_tangent(node, z, z_dot):
    """The tangent of a node's result z, in its dtype; refused if it is missing or misshapen."""
    rule = f"{node.op.__name__}.jvp"
    if z_dot is None:
        raise RuleError(f"{rule} returned None. Did it forget its return?")
    if not hasattr(z_dot, "grad_fn"):
        z_dot = np.asarray(z_dot)[()]
    if z_dot.shape != z.shape:
        raise RuleError(
            f"{rule} returned shape {z_dot.shape} for a result of shape {z.shape}: "
            "a tangent has the shape of the tensor it belongs to."
        )
    if z_dot.dtype.kind not in "biuf":
        raise RuleError(f"{rule} returned {z_dot.dtype}: it owes real numbers.")
    return z_dot if z_dot.dtype == z.dtype else z_dot.astype(z.dtype)
