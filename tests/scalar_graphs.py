"""Random graphs of scalars, as recipes that can be run on any numbers."""

import numpy as np

import backprop_lab as bl
from backprop_lab import ops
from backprop_lab.transforms import Alias

OPERATORS = {
    1: {
        "negate": ops.negate, "sin": ops.sin, "cos": ops.cos, "exp": ops.exp, "log": ops.log,
        "tanh": ops.tanh, "sigmoid": ops.sigmoid, "relu": ops.relu, "abs": ops.abs,
        "sqrt": ops.sqrt, "sum": ops.sum, "mean": ops.mean, "max": ops.max, "min": ops.min,
        "logsumexp": ops.logsumexp, "cast": lambda x: ops.astype(x, float),
        "reshape": lambda x: ops.reshape(x, ()), "broadcast": lambda x: ops.broadcast_to(x, ()),
        "index": lambda x: x[()], "alias": lambda x: Alias.apply(x),
        "square": lambda x: x**2, "cube": lambda x: x**3, "invert": lambda x: 1 / x,
    },
    2: {
        "+": ops.add, "-": ops.subtract, "*": ops.multiply, "/": ops.divide, "**": ops.power,
        "maximum": ops.maximum, "minimum": ops.minimum,
    },
}  # fmt: skip
GROWING = {1: ["square", "sqrt", "exp", "sum"], 2: ["+", "*"]}  # all slopes are positive
SATURATES = 4  # beyond it, 1 - tanh(x)² is rounding more than it is a slope


class Recipe:
    """Steps (operator, number of inputs, places of its inputs) over a few leaves.

    Tame on every row of numbers that it is made for: no value is tiny or huge, and no difference
    is mostly rounding, so that two programs that are right agree to many digits.
    """

    def __init__(self, rng, size, rows, operators=OPERATORS):
        self.count = len(rows[0])
        self.steps = []
        columns = [[float(row[i]) for row in rows] for i in range(self.count)]
        while len(self.steps) < size:
            arity = int(rng.integers(1, 3))
            name = str(rng.choice(list(operators[arity])))
            read = {place for _, _, places in self.steps for place in places}
            idle = [i for i in range(len(columns)) if i not in read]
            places = [int(rng.choice(idle or len(columns))), int(rng.integers(len(columns)))]
            places = [int(i) for i in rng.permutation(places)][-arity:]
            inputs = [columns[place] for place in places]
            column = [run(arity, name, xs) for xs in zip(*inputs, strict=True)]
            if all(tame(name, z, xs) for z, *xs in zip(column, *inputs, strict=True)):
                self.steps.append((arity, name, places))
                columns.append(column)

    def run(self, numbers, constants=()):
        """The output of the recipe on these numbers at its leaves, as a tensor with a graph."""
        tensors = [
            bl.tensor(float(x), requires_grad=i not in constants, name=f"x{i}")
            for i, x in enumerate(numbers)
        ]
        for arity, name, places in self.steps:
            tensors.append(OPERATORS[arity][name](*[tensors[place] for place in places]))
        return tensors[-1]


def run(arity, name, inputs):
    with np.errstate(all="ignore"):
        return OPERATORS[arity][name](*[bl.tensor(x) for x in inputs]).item()


def tame(name, z, inputs):
    largest = max(map(abs, inputs))
    if name in ("tanh", "sigmoid") and largest > SATURATES:
        return False
    if name == "**" and inputs[0] < 0:  # its slope in the exponent is nan
        return False
    if name in ("+", "-") and abs(z) < 0.1 * largest:
        return False
    return 0.05 < abs(z) < 20


def messages(graph):
    """The sizes of all messages of the reverse sweep, and of the totals that they made."""
    events = [event for event in graph.events if event["event"] == "vjp"]
    sizes = [(event["contribution"]["data"][0], event["total"]["data"][0]) for event in events]
    return np.abs(sizes).reshape(-1, 2).T


def cancels(graph):
    """Is a gradient the rounding of messages that cancel, such as those of x / x?"""
    sent, totals = messages(graph)
    return (totals < 1e-3 * sent).any()


def growing(count):
    """(a recipe, numbers for it, other numbers), `count` times, with positive slopes only.

    Then every lost or repeated message shows in the gradients: none is 0, and none cancel.
    """
    rng, made = np.random.default_rng(1), []
    for _ in range(count):
        rows = rng.uniform(0.2, 2, (2, int(rng.integers(1, 4))))
        recipe = Recipe(rng, int(rng.integers(1, 16)), rows, GROWING)
        made.append((recipe, *rows))
    return made
