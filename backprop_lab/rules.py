"""The contract between the engine and the rules of an `Op`, and the checks that hold them to it."""

from contextlib import contextmanager, suppress
from functools import lru_cache, wraps

import numpy as np

from .anomaly import check_seed_value, check_value
from .errors import (
    DataError,
    GradientError,
    LabError,
    RuleError,
    ShapeError,
    a_kind_of,
    describe,
    no_data,
    no_data_behind,
    raised_by_the_call,
)

ARGUMENTS = {"forward": "ctx, x, ...", "vjp": "ctx, z_bar", "jvp": "ctx, x_dot, ..."}


def guarded(name, rule):
    """A rule that is being learned, with its contract checked each time that it runs.

    The rules of this package are held to the same contract by tests, and run unguarded.
    """
    check = {"forward": check_result, "vjp": check_count, "jvp": check_plain}
    if not callable(rule):
        raise RuleError(
            f"{name} has to be a function, def {name}({ARGUMENTS[name]}); it is {a_kind_of(rule)}."
        )

    @wraps(rule)
    def run(ctx, *given, **options):
        if not hasattr(ctx, "needs_input_grad"):
            raise RuleError(
                f"{name} is not called by hand: Op.apply(x, ...) makes the ctx that it is given, "
                "runs forward, and records it for the way back."
            )
        with locked([*given, *ctx.saved_tensors]):
            try:
                result = rule(ctx, *given, **options)
            except (ValueError, TypeError) as error:
                lesson = explain(error, f"{ctx.op.__name__}.{name}", name, len(given))
                if lesson is None:
                    raise
                raise lesson from None
        checked = check[name](ctx, given, result)
        if name == "forward" and not any(result is x for x in given):
            # What was saved of the output is to be known as the output.
            ctx.saved_tensors = tuple([checked if x is result else x for x in ctx.saved_tensors])
        return checked

    return run


def explain(error, title, name, count):
    """What to raise in place of an error that says too little of what a rule did; None to keep it.

    Arguments: error (it came out of the rule), title ("MyOp.vjp"), name ("vjp"), count (what the
    rule was given besides ctx).
    """
    if isinstance(error, ValueError):
        if isinstance(error.__cause__, LabError):  # NumPy asked a tensor for its number
            return error.__cause__
        if "read-only" not in str(error):
            return None
        return RuleError(
            f"{title} changed in place what it was given (or a view of it), and others still need "
            "that. Make a new array: x = x * 2 instead of x *= 2."
        )
    if not raised_by_the_call(error):
        return None
    return RuleError(
        f"{error}. It is called as {title}({ARGUMENTS[name]}), with ctx and {count} more. Is one "
        "of them missing in its def, or is one too many in apply?"
    )


def of_data(name):
    """A property of a tensor that is one of its array."""

    def read(x):
        try:
            return getattr(x.data, name)
        except AttributeError as error:
            raise no_data(x) or error from None

    return property(read)


def is_tensor(x):
    """Whether x is a Tensor, and not an array, a number or PyTorch's. (Tensor stands above.)"""
    return hasattr(x, "grad_fn") and isinstance(x.data, (np.ndarray, np.generic))


@contextmanager
def locked(arrays):
    """Within this context nothing can be written into these arrays."""
    open_arrays = [x for x in arrays if isinstance(x, np.ndarray) and x.flags.writeable]
    for array in open_arrays:
        array.flags.writeable = False
    try:
        yield
    finally:
        for array in sorted(open_arrays, key=lambda array: array.base is not None):
            with suppress(ValueError):  # while its owner is locked further out
                array.flags.writeable = True  # owners first: a view is refused before its owner


def check_result(ctx, given, data):
    """What forward returned, as an array of its own; refused if it is not real numbers."""
    if isinstance(data, (bool, int, float)):
        return np.float64(data)
    if isinstance(data, (np.ndarray, np.generic)) and data.dtype.kind in "biuf":
        is_input = any(data is x for x in given)
        return np.array(data)[()] if is_input or isinstance(data, np.generic) else own(data)
    remedy = ""
    if data is None:
        remedy = " Did it forget its return?"
    elif isinstance(data, (tuple, list)):
        remedy = " What has several results is several ops."
    elif is_tensor(data):
        remedy = (
            " Every tensor that it uses has to be a positional input of apply: not one from "
            "outside, nor in a list, nor with a keyword."
        )
    raise RuleError(
        f"{ctx.op.__name__}.forward returned {a_kind_of(data)}: it is given arrays and returns one "
        f"array of real numbers.{remedy}"
    )


def plain(data):
    """A view of an array, of no subclass, and as a scalar if it is one."""
    return np.asarray(data)[()]


def own(data):
    """The same, as a copy if it is a view of what was locked while it was made."""
    return plain(data) if data.flags.writeable else np.array(data)[()]


def check_count(ctx, given, x_bars):
    """What a vjp returned, as a tuple with one cotangent for each input."""
    several = isinstance(x_bars, list) and len(ctx.inputs) > 1
    x_bars = tuple(x_bars) if several or isinstance(x_bars, tuple) else (x_bars,)
    if len(x_bars) != len(ctx.inputs):
        raise RuleError(
            f"{ctx.op.__name__}.vjp returned {len(x_bars)} cotangents for {len(ctx.inputs)} "
            "inputs: it owes one to each input, in the order of forward, None for a plain value."
        )
    for x_bar in x_bars:
        check_plain(ctx, given, x_bar)
    # Views: what a rule returns may be an array that it has saved.
    return tuple([plain(x) if isinstance(x, np.ndarray) else x for x in x_bars])


def check_plain(ctx, given, found):
    """What a rule returned, refused if it is a Tensor where the rule was given arrays."""
    if is_tensor(found) and not any(map(is_tensor, [*given, *ctx.saved_tensors])):
        raise RuleError(
            f"A rule of {ctx.op.__name__} was given arrays and returned {describe(found)}, a "
            "Tensor: it owes arrays. Take what it needs from ctx.saved_tensors, or use .data."
        )
    return found


def check_options(op, options):
    """Refuse a tensor that no gradient would reach, because it has no position."""
    for name, x in options.items():
        if is_tensor(x) and x.requires_grad:
            raise RuleError(
                f"{op.__name__}.apply was given {describe(x)} as {name}=...: only what is given "
                "by position gets a cotangent. Leave the name out, and let vjp return one more."
            )


def check_seed(output, gradient):
    """The gradient that a backward pass starts from, of the output's shape and dtype."""
    if not output.requires_grad:
        raise GradientError(
            f"{describe(output)} depends on nothing that requires a gradient, so there is no graph "
            "to go back through. Make a leaf with requires_grad=True (or bl.parameter), outside "
            "no_grad(), and compute again."
        )
    if not isinstance(output.data, (np.ndarray, np.generic)):
        raise no_data_behind(output)
    shape, dtype = output.data.shape, output.data.dtype
    if gradient is None and shape != ():
        raise GradientError(
            f"backward() can start by itself only from a scalar; this is {describe(output)}. "
            "Reduce it with .sum() or .mean(), or say how much each entry matters: "
            f"backward(gradient) with an array of shape {shape}."
        )
    if dtype.kind != "f":
        raise GradientError(
            f"{describe(output)} holds {dtype}, which no small amount can nudge, so there "
            "are no slopes to send back. Compute with floating-point data: data.astype(float)."
        )
    return dtype.type(1.0) if gradient is None else check_given_seed(output, gradient)


def check_given_seed(output, gradient):
    """The gradient that somebody gave to start from, as an array of the output's dtype."""
    shape = output.data.shape
    if is_tensor(gradient):
        if gradient.requires_grad:
            raise GradientError(
                f"The gradient, {describe(gradient)}, is being recorded, and .grad takes plain "
                "numbers. Give its .data; for derivatives of derivatives, use bl.grad or bl.vjp."
            )
        gradient = gradient.data
    numbers = as_numbers(gradient)
    if numbers is None:
        raise DataError(
            f"The gradient has to be an array of numbers, of shape {shape}; it is "
            f"{a_kind_of(gradient)}."
        )
    gradient = np.array(numbers, output.data.dtype)[()]
    if gradient.shape != shape:
        raise ShapeError(
            f"The gradient has shape {gradient.shape}, and {describe(output)} needs one number for "
            f"each of its entries: shape {shape}."
        )
    check_seed_value(gradient)
    return gradient


def as_numbers(value):
    """A number, an array, or lists of them as an array; None if it is nothing of the kind."""
    try:
        array = np.asarray(value)[()]
    except (TypeError, ValueError, RuntimeError):
        return None
    return array if getattr(array, "dtype", np.dtype(object)).kind in "biuf" else None


def check_grad(x):
    """The `.grad` that x has had so far, refused if it is no array of its shape."""
    grad = None if is_tensor(x.grad) else as_numbers(x.grad)
    if grad is None:
        raise DataError(
            f"The .grad of {describe(x)} has been replaced with {a_kind_of(x.grad)}, so nothing "
            "can be added to it. Set it to None to start afresh, or to an array of numbers."
        )
    if grad.shape != x.shape:
        raise ShapeError(
            f"The .grad of {describe(x)} has shape {grad.shape}, so nothing can be added to it. "
            "Set it to None to start afresh."
        )
    return grad


def check_cotangent(node, slot, x_bar):
    """The cotangent for one input, in its dtype; refused if it is missing or misshapen."""
    x = node.inputs[slot]
    try:
        data = x.data
        shape, dtype = data.shape, data.dtype
    except AttributeError as error:
        raise no_data(x) or error from None
    if type(x_bar) is np.ndarray and x_bar.dtype == dtype:  # as most are: no more to see to
        if x_bar.shape == shape:
            return x_bar
        if node.op.broadcasts:
            return unbroadcast(x_bar, shape)
    rule = f"{node.op.__name__}.vjp"
    if x_bar is None:
        raise RuleError(
            f"{rule} returned None for input {slot}, {describe(x)}, which requires a gradient. "
            "Did the rule forget its return, or that input?"
        )
    x_bar = check_numbers(rule, x_bar)
    if x_bar.shape != shape and node.op.broadcasts:
        x_bar = unbroadcast(x_bar, shape)
    if x_bar.shape != shape:
        raise RuleError(
            f"{rule} returned shape {x_bar.shape} for an input of shape {x.shape}: "
            "a cotangent has the shape of the tensor it belongs to."
            + " (ctx.saved_tensors is a tuple: unpack it.)"
            * (x_bar.shape == (1, *shape))
        )
    if x_bar.dtype != dtype:
        if dtype.kind != "f":
            raise GradientError(
                f"{describe(x)} holds {dtype}, which no small amount can nudge, and yet it "
                "requires a gradient. Make it from floating-point data: data.astype(float)."
            )
        x_bar = x_bar.astype(dtype)
    return x_bar


def check_numbers(rule, found):
    """What a rule returned, as an array or a Tensor; refused if it is not real numbers."""
    if is_tensor(found):
        return found
    numbers = as_numbers(found)
    if numbers is None:
        raise RuleError(f"{rule} returned {a_kind_of(found)}: it owes an array of real numbers.")
    return numbers


ones = lru_cache(maxsize=8)(np.ones)  # most batches are as long as the last; nobody writes to it


def unbroadcast(x_bar, shape):
    """The sum of x_bar over all copies that broadcasting made of an input of this shape.

    An entry that was copied is told by each of its copies how much the output moves.
    """
    if type(x_bar) is np.ndarray and x_bar.ndim == 2 and x_bar.shape[1:] == shape:
        # The bias of a batch, by far the most common: as a product it takes half of the time.
        return ones(len(x_bar), x_bar.dtype).dot(x_bar)
    new = x_bar.ndim - len(shape)
    axes = [*range(new), *(i for i, size in enumerate(shape, new) if size != x_bar.shape[i])]
    return x_bar.sum(axis=tuple(axes)).reshape(shape)


def check_tangent(node, z, z_dot):
    """The tangent of a node's result z, in its dtype; refused if it is missing or misshapen."""
    rule = f"{node.op.__name__}.jvp"
    if z_dot is None:
        raise RuleError(f"{rule} returned None. Did it forget its return?")
    z_dot = check_numbers(rule, z_dot)
    if z_dot.shape != z.shape:
        raise RuleError(
            f"{rule} returned shape {z_dot.shape} for a result of shape {z.shape}: "
            "a tangent has the shape of the tensor it belongs to."
        )
    check_value(node, z_dot, rule="jvp")
    return z_dot if z_dot.dtype == z.dtype else z_dot.astype(z.dtype)
