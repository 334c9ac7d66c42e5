"""Mutants of an operator: classes that are like it but for one fault, whatever the operator is.

What they do to a result is written so that it works on arrays and on Tensors, as rules are.
"""

import numpy as np


def without_entry(place):
    def change(x):
        mask = np.ones(x.shape)
        mask.reshape(-1)[place : place + 1 or None] = 0.0
        return x * mask

    return change


def backwards(x):
    return x.reshape(-1)[::-1].reshape(x.shape)


def above_zero(x):
    data = x if isinstance(x, (np.ndarray, np.generic)) else x.data
    return x * (np.asarray(data) > 0)


# What becomes of what a right rule gives, or is given: {name: (what it does, change)}.
FORWARD = {
    "forward shifted": ("forward gives 0.01 too much", lambda z: z + 0.01),
    "forward scaled": ("forward gives one percent too much", lambda z: 1.01 * z),
    "forward negated": ("forward has the wrong sign", lambda z: -z),
    "forward reversed": ("forward gives its numbers in reverse order", backwards),
}
VJP = {
    "vjp scaled": ("vjp gives one percent too much", lambda x: 1.01 * x),
    "vjp negated": ("vjp has the wrong sign", lambda x: -x),
    "vjp shifted": ("vjp gives 0.01 too much", lambda x: x + 0.01),
    "first entry lost": ("vjp sends 0 to the first entry of an input", without_entry(0)),
    "last entry lost": ("vjp sends 0 to the last entry of an input", without_entry(-1)),
    "vjp reversed": ("vjp gives its numbers in reverse order", backwards),
}
UPSTREAM = {
    "upstream ignored": ("vjp gives the same whatever z_bar is", lambda z_bar: 0 * z_bar + 1.0),
    "negative upstream": ("vjp takes what is negative in z_bar for 0", above_zero),
    "upstream reversed": ("vjp takes the numbers of z_bar in reverse order", backwards),
}
JVP = {
    "jvp scaled": ("jvp gives one percent too much", lambda z_dot: 1.01 * z_dot),
    "jvp negated": ("jvp has the wrong sign", lambda z_dot: -z_dot),
    "jvp last lost": ("jvp gives 0 for the last entry of the result", without_entry(-1)),
    "jvp shifted": ("jvp is that of another function", lambda z_dot: z_dot + 0.01),
}
WHAT = {name: pair[0] for bank in (FORWARD, VJP, UPSTREAM, JVP) for name, pair in bank.items()} | {
    "second input": "vjp sends nothing to the second input",
    "both scaled": "vjp and jvp agree with each other, and are one percent too large",
}


def mutants(op):
    """{name: class}, each like `op` but for one fault; some may be no different from it."""
    rules = {name: {"forward": then(op.forward, change)} for name, (_, change) in FORWARD.items()}
    rules |= {name: {"vjp": for_each(op.vjp, change)} for name, (_, change) in VJP.items()}
    rules |= {name: {"vjp": first(change, op.vjp)} for name, (_, change) in UPSTREAM.items()}
    rules |= {name: {"jvp": then(op.jvp, change)} for name, (_, change) in JVP.items()}
    rules["second input"] = {"vjp": for_each(op.vjp, lambda x: 0 * x, only=1)}
    rules["both scaled"] = rules["vjp scaled"] | rules["jvp scaled"]
    about = {"__module__": op.__module__, "__qualname__": op.__qualname__, "__doc__": op.__doc__}
    return {name: type(op.__name__, (op,), rule | about) for name, rule in rules.items()}


def then(rule, change):
    return lambda ctx, *given, **options: change(numbers(rule(ctx, *given, **options)))


def first(change, rule):
    return lambda ctx, z_bar: rule(ctx, change(numbers(z_bar)))


def for_each(rule, change, only=None):
    def vjp(ctx, z_bar):
        x_bars = rule(ctx, z_bar)
        x_bars = list(x_bars) if isinstance(x_bars, (tuple, list)) else [x_bars]
        return tuple(
            [x if x is None or only not in (None, i) else change(numbers(x))
             for i, x in enumerate(x_bars)]
        )  # fmt: skip

    return vjp


def numbers(value):
    """A plain number as an array, and anything else as it is."""
    return value if hasattr(value, "reshape") else np.asarray(value, dtype=float)
