"""Random programs over the operators that both engines have, to be run in each of them."""

import numpy as np
import torch

from backprop_lab import ops

ENTRYWISE = {
    "exp": (lambda x: ops.exp(ops.tanh(x)), lambda x: x.tanh().exp()),
    "log": (lambda x: ops.log(x * x + 1.5), lambda x: (x * x + 1.5).log()),
    "sqrt": (lambda x: ops.sqrt(x * x + 0.5), lambda x: (x * x + 0.5).sqrt()),
    "sin": (ops.sin, lambda x: x.sin()),
    "cos": (ops.cos, lambda x: x.cos()),
    "tanh": (ops.tanh, lambda x: x.tanh()),
    "sigmoid": (ops.sigmoid, lambda x: x.sigmoid()),
    "relu": (ops.relu, lambda x: x.relu()),
    "abs": (ops.abs, lambda x: x.abs()),
    "neg": (lambda x: -x, lambda x: -x),
    "square": (lambda x: x**2, lambda x: x**2),
    "scale": (lambda x: x * 0.75, lambda x: x * 0.75),
    "shift": (lambda x: x + 1.25, lambda x: x + 1.25),
    "from two": (lambda x: 2.0 - x, lambda x: 2.0 - x),
    "halve": (lambda x: x / 2.0, lambda x: x / 2.0),
    "clip": (lambda x: ops.clip(x, -0.7, 0.9), lambda x: x.clamp(-0.7, 0.9)),
}
PAIRS = {
    "add": (lambda x, y: x + y, lambda x, y: x + y),
    "subtract": (lambda x, y: x - y, lambda x, y: x - y),
    "multiply": (lambda x, y: x * y, lambda x, y: x * y),
    "divide": (lambda x, y: x / (y * y + 1.0), lambda x, y: x / (y * y + 1.0)),
    "maximum": (ops.maximum, lambda x, y: torch.maximum(x, y)),
    "minimum": (ops.minimum, lambda x, y: torch.minimum(x, y)),
    "where": (
        lambda x, y: ops.where(x.data > 0, x, y),
        lambda x, y: torch.where(x.detach() > 0, x, y),
    ),
}
SHAPING = {  # of matrices
    "transpose": (lambda x: x.T, lambda x: x.T),
    "reshape": (lambda x: x.reshape(-1), lambda x: x.reshape(-1)),
    "sum": (lambda x: x.sum(axis=0), lambda x: x.sum(0)),
    "mean": (lambda x: x.mean(axis=1), lambda x: x.mean(1)),
    "max": (lambda x: x.max(axis=1), lambda x: x.amax(1)),
    "copies": (lambda x: ops.broadcast_to(x, (2, *x.shape)), lambda x: x.expand(2, *x.shape)),
    "row": (lambda x: x[1], lambda x: x[1]),
    "rows": (lambda x: x[[0, 1, 0]], lambda x: x[[0, 1, 0]]),
    "softmax": (lambda x: ops.softmax(x, axis=1), lambda x: x.softmax(1)),
    "log_softmax": (lambda x: ops.log_softmax(x, axis=1), lambda x: x.log_softmax(1)),
    "logsumexp": (lambda x: ops.logsumexp(x, axis=1), lambda x: x.logsumexp(1)),
    "stack": (lambda x: ops.stack([x, x]), lambda x: torch.stack([x, x])),
    "cat": (lambda x: ops.concatenate([x, x]), lambda x: torch.cat([x, x])),
}
PRODUCT = (lambda x, y: x @ y, lambda x, y: x @ y)
SUM = (lambda x: x.sum(), lambda x: x.sum())


class Program:
    """leaves: {name: array}; constants: the names of those that require no gradient; steps: what
    to run, as (rule for ours, rule for torch, the numbers of its inputs)."""

    def __init__(self, seed):
        rng = np.random.default_rng(seed)
        shapes = [(), (), ()] if seed % 3 == 0 else [(3,), (3,), ()]
        shapes = [(2, 3), (3, 2), (3,)] if seed % 3 == 2 else shapes
        self.leaves = {
            name: rng.uniform(-1.5, 1.5, s) for name, s in zip("abc", shapes, strict=True)
        }
        self.constants = {"c"} if seed % 4 == 1 else set()
        self.steps, made = [], list(shapes)
        for _ in range(rng.integers(3, 9)):
            made.append(self.step(rng, made))
        while made[-1] != ():
            self.steps.append((*SUM, [len(made) - 1]))
            made.append(())
        if not self.depends(set("abc") - self.constants):
            self.constants = set()

    def depends(self, names):
        """Does the result depend on any of these leaves?"""
        found = [name in names for name in self.leaves]
        for *_, read in self.steps:
            found.append(any(found[i] for i in read))
        return found[-1]

    def step(self, rng, made):
        """Adds a step that fits what has been made; the shape of its result."""
        i, j = rng.integers(len(made), size=2)
        i = len(made) - 1 if rng.random() < 0.6 else i  # so that most of it is used
        x, y = made[i], made[j]
        fit = [name for name in ("pair", "product") if fits(name, x, y)]
        kind = rng.choice(["entrywise", *fit, *["shaping"] * (len(x) == 2 and x[0] > 1)])
        if kind == "pair":
            rule = PAIRS[rng.choice(sorted(PAIRS))]
            self.steps.append((*rule, [i, j]))
            return np.broadcast_shapes(x, y)
        if kind == "product":
            self.steps.append((*PRODUCT, [i, j]))
            return (np.zeros(x) @ np.zeros(y)).shape
        if kind == "shaping":
            name = rng.choice(sorted(SHAPING))
            self.steps.append((*SHAPING[name], [i]))
            return SHAPING[name][1](torch.zeros(x)).shape
        rule = ENTRYWISE[rng.choice(sorted(ENTRYWISE))]
        self.steps.append((*rule, [i]))
        return x

    def run(self, leaves, in_torch=False):
        """The last tensor; leaves: tensors of one of the engines."""
        tensors = list(leaves)
        for own, other, read in self.steps:
            inputs = [tensors[i] for i in read]
            tensors.append(other(*inputs) if in_torch else own(*inputs))
        return tensors[-1]


def fits(kind, x, y):
    if kind == "product":
        if (len(x), len(y)) not in ((2, 2), (2, 1), (1, 1)):  # PyTorch makes a vector before a
            return False  # matrix one row of a matrix first, so that three operators run for one
        return x[-1] == y[0]
    try:
        np.broadcast_shapes(x, y)
    except ValueError:
        return False
    return True
