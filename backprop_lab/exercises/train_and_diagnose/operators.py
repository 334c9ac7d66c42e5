"""What an operator that somebody wrote does: whether it can be tried, its rules, and its slopes."""

import numpy as np

from ...engine import Op, forward_sweep
from ...leaves import tensor
from ..diagnosis import short

RULES = ("forward", "vjp", "jvp")
MOST = 60  # numbers in all inputs together: the Jacobian is measured, column by column
STEP = 1e-5
SIZE = f"a float, or an array of at most {MOST} floats"


def unfit(op, tests, inputs):
    """Why what was handed in cannot be tried, or None."""
    if not isinstance(op, type) or not issubclass(op, Op):
        return "`op` has to be a class, a subclass of bl.Op, and not called."
    own = [base for base in op.__mro__ if base is not Op and base is not object]
    if any(base.__module__.startswith("backprop_lab.") for base in own):
        return f"{op.__name__} is an operator of the lab, or made from one. Write your own."
    missing = [rule for rule in RULES if all(rule not in base.__dict__ for base in own)]
    if missing:
        return f"{op.__name__} has no {' and no '.join(missing)}. An operator has all three rules."
    if not callable(tests) or isinstance(tests, type):
        return "`tests` has to be a function of an operator."
    if not any(moves(x) for x in as_tuple(inputs)):
        return f"`inputs` is a tuple of what forward is given; at least one has to be {SIZE}."
    if sum(np.size(x) for x in as_tuple(inputs) if moves(x)) > MOST:
        return f"The inputs have more than {MOST} numbers together. A few show as much."
    return None


def as_tuple(inputs):
    return tuple(inputs) if isinstance(inputs, (tuple, list)) else (inputs,)


def moves(x):
    """Whether an input is made of floats, which can be nudged."""
    return isinstance(x, (float, np.ndarray, np.floating)) and np.asarray(x).dtype.kind == "f"


def behavior(op, inputs, rng):
    """Values, both products, and nudged values, as plain data."""
    z, leaves = run(op, inputs)
    if z.size == 0 or not np.isfinite(z.data).all():
        return {"unfit": f"forward gives {short(z.data)} at these inputs: choose others."}
    z_bar = signed(rng, z.shape)
    z_bar.reshape(-1)[0] = -abs(z_bar.reshape(-1)[0])
    x_dots = [signed(rng, leaf.shape) for leaf in leaves]
    x_bars, z_dot = products(z, leaves, z_bar, x_dots)
    twice, _ = products(z, leaves, 2.5 * z_bar, x_dots)
    elsewhere = [x + 0.05 * signed(rng, np.shape(x)) if moves(x) else x for x in inputs]
    return {
        "z": z.data, "z_bar": z_bar, "x_dots": x_dots, "x_bars": x_bars, "z_dot": z_dot,
        "twice": twice, "at": [x for x in inputs if moves(x)],
        "J": slopes(op, inputs), "J elsewhere": slopes(op, elsewhere),
        "again": run(op, inputs)[0].data,
    }  # fmt: skip


def signed(rng, shape):
    return np.asarray(rng.choice([-1, 1], shape) * rng.uniform(0.5, 1.5, shape))


def run(op, inputs):
    """(result, the leaves that can be nudged) of one application."""
    given = [tensor(x, requires_grad=True) if moves(x) else x for x in inputs]
    return op.apply(*given), [x for x, data in zip(given, inputs, strict=True) if moves(data)]


def products(z, leaves, z_bar, x_dots):
    for leaf in leaves:
        leaf.grad = None
    z.backward(z_bar)
    x_bars = [np.zeros(leaf.shape) if leaf.grad is None else leaf.grad for leaf in leaves]
    pairs = zip(leaves, x_dots, strict=True)
    (_, z_dot), *_ = forward_sweep(z, {leaf: x_dot[()] for leaf, x_dot in pairs})
    return x_bars, np.asarray(z_dot)


def slopes(op, inputs):
    """The Jacobian by nudging: for each input that moves an array (entries of z, entries of x)."""
    found = []
    for i, x in enumerate(inputs):
        if moves(x):
            columns = [slope(op, inputs, i, place) for place in np.ndindex(np.shape(x))]
            found.append(np.transpose(columns))
    return found


def slope(op, inputs, i, place):
    """Central differences of two steps, extrapolated (Richardson 1911), by one entry."""

    def value(h):
        nudged = np.array(inputs[i])
        nudged[place] += h
        return np.ravel(run(op, [*inputs[:i], nudged, *inputs[i + 1 :]])[0].data)

    one, two = ((value(h) - value(-h)) / (2 * h) for h in (STEP, 2 * STEP))
    return (4 * one - two) / 3


def differs(mutant, inputs, told, probes):
    """Whether a mutant behaves otherwise than the operator, at these inputs, in any way."""
    try:
        z, leaves = run(mutant, inputs)
        x_bars, z_dot = products(z, leaves, *probes)
    except Exception:
        return True
    mine = [z.data, z_dot, *x_bars]
    return not all(
        np.allclose(a, b, rtol=1e-6, atol=1e-9)
        for a, b in zip(mine, [told["z"], told["z_dot"], *told["x_bars"]], strict=True)
    )
