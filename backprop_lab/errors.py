"""The sentences that errors are made of, and the checks of a rule's contract that raise them.

Each says what happened, with names and shapes; the rule it broke; and the remedy.
"""

from contextlib import contextmanager

import numpy as np


class ShapeError(ValueError):
    """Shapes that do not fit together."""


class GradientError(RuntimeError):
    """A derivative that this graph cannot give."""


class RuleError(TypeError):
    """An `Op` whose forward, vjp or jvp broke its contract."""


def describe(x):
    """How a message names a tensor: its name if it has one, and its shape.

    >>> from backprop_lab import tensor
    >>> describe(tensor([1.0, 2.0], name="x"))
    'x of shape (2,)'
    """
    kind = "an input" if x.kind == "input" else f"a {x.kind}"
    maker = f"the result of {x.grad_fn.op.__name__}" if x.grad_fn else kind
    return f"{x.name or maker} of shape {x.shape}"


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
        gradient = np.asarray(gradient, dtype=output.dtype)
    except (TypeError, ValueError):
        raise TypeError(
            f"The gradient has to be an array of numbers, of shape {output.shape}; it is a "
            f"{type(gradient).__name__}."
        ) from None
    if gradient.shape != output.shape:
        raise ShapeError(
            f"The gradient has shape {gradient.shape}, and {describe(output)} needs one number for "
            f"each of its entries: shape {output.shape}."
        )
    return read_only(gradient)


def check_cotangents(node, x_bars):
    """What a vjp returned, as a list with one cotangent for each input that needs one."""
    if not isinstance(x_bars, tuple):
        x_bars = (x_bars,)
    if len(x_bars) != len(node.inputs):
        raise RuleError(
            f"{node.op.__name__}.vjp returned {len(x_bars)} cotangents for {len(node.inputs)} "
            "inputs: it owes one to each input, in the order of forward, None for a plain value."
        )
    return [
        check_cotangent(node, slot, x_bar) if needed else None
        for slot, (x_bar, needed) in enumerate(zip(x_bars, node.needs_input_grad, strict=True))
    ]


def check_cotangent(node, slot, x_bar):
    """The cotangent for one input, refused if it is missing or misshapen."""
    x, rule = node.inputs[slot], f"{node.op.__name__}.vjp"
    if x_bar is None:
        raise RuleError(
            f"{rule} returned None for input {slot}, {describe(x)}, which requires a gradient. "
            "Did the rule forget its return, or that input?"
        )
    x_bar = np.asarray(x_bar)
    if x_bar.dtype.kind not in "biuf":
        raise RuleError(f"{rule} returned {x_bar.dtype} for {describe(x)}: it owes real numbers.")
    if x_bar.shape != x.shape:
        raise RuleError(
            f"{rule} returned shape {x_bar.shape} for an input of shape {x.shape}: "
            "a cotangent has the shape of the tensor it belongs to."
        )
    return read_only(np.asarray(x_bar, dtype=x.dtype))


def read_only(array):
    """A view that cannot be written to: one cotangent may be on its way to several rules."""
    view = array[()]
    if isinstance(view, np.ndarray):
        view.flags.writeable = False
    return view


def call_rule(op, rule, *inputs, **options):
    """Run a rule; explain it if the rule writes into what it was given."""
    try:
        return getattr(op, rule)(*inputs, **options)
    except ValueError as error:
        if "read-only" not in str(error):
            raise
        raise RuleError(
            f"{op.__name__}.{rule} changed in place what it was given, and others still need that. "
            "Make a new array: x = x * 2 instead of x *= 2."
        ) from None


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


def check_tangent(node, z_dot):
    """The tangent of a node's result, refused if it is misshapen."""
    if np.shape(z_dot) != node.shape:
        raise RuleError(
            f"{node.op.__name__}.jvp returned shape {np.shape(z_dot)} for a result of shape "
            f"{node.shape}: a tangent has the shape of the tensor it belongs to."
        )
    return np.asarray(z_dot, dtype=node.dtype)[()]


def check_result(op, data):
    """What forward returned, as an array; refused if it is not real numbers."""
    if isinstance(data, (bool, int, float)):
        return np.float64(data)
    if isinstance(data, (np.ndarray, np.generic)) and data.dtype.kind in "biuf":
        return data
    raise RuleError(
        f"{op.__name__}.forward returned a {type(data).__name__}: it is given arrays and returns "
        "one array of real numbers. (Did it forget its return?)"
    )
