"""Functions with a pull_back each, five right ones and ten mutants, and what is seen of their use.

The check of `gradcheck` hands them to an answer. Every mutant is a mistake that people make.
"""

import numpy as np

from .arrays import mixed

RIGHT = {  # what each function is, and why a check might refuse its right pull_back
    "smooth": (
        "x + ½ sin x, with an x of two axes",
        "Where x has two axes, x[i] is a whole row: is one entry nudged at a time? If so, look at "
        "how the slope is measured, and how exactly.",
    ),
    "linear": (
        "a matrix times x, with fewer outputs than inputs",
        "uᵀJ has an entry for each input; u has one for each output.",
    ),
    "large": (
        "a function whose values are in the millions",
        "Its slopes are as large, and a difference of 0.0001 is nothing beside them.",
    ),
    "tiny": (
        "a function whose values are in the millionths",
        "Its slopes are as small: hold a difference against the size of what is compared.",
    ),
    "kink": (
        "max(x, 0), well away from 0",
        "Where x is negative, both slopes are exactly 0: what does your comparison make of that?",
    ),
}
MUTANTS = {
    "transposed": "has u reshaped where it was to be transposed: the numbers in the wrong places",
    "twice": "is twice too large, for a function whose values are in the millionths",
    "sign": "has the wrong sign",
    "branch": "has lost one of the two paths through x · tanh x",
    "one_entry": "is right but for a single entry",
    "far": "is right where x is near 0 and wrong further out; x had entries of both kinds",
    "unsummed": "returns the shape of f(x), not that of x: a stretched x was not folded back",
    "ones_only": "is right only if all entries of u are the same",
    "zero_only": "always returns 0",
    "one_percent": "is one percent too large",
}


def points(rng):
    """{name: where it is checked}: away from kinks and from slopes of 0, of several shapes."""
    signs = np.array([-1, 1, 1, -1, 1])
    shapes = {
        "smooth": (3, 2), "linear": (5,), "large": (4,), "tiny": (3,), "kink": (5,),
        "transposed": (2, 3), "twice": (3,), "sign": (5,), "branch": (2, 3), "one_entry": (4,),
        "far": (4,), "unsummed": (4,), "ones_only": (5,), "zero_only": (3, 2), "one_percent": (4,),
    }  # fmt: skip
    x = {name: mixed(rng, *shape) for name, shape in shapes.items()}
    x["kink"] = signs * np.abs(x["kink"])
    x["far"] = np.array([0.1, 3.7, -0.2, -4.4]) * rng.uniform(0.9, 1.1, 4)
    x["tiny"], x["twice"] = 0.3 * x["tiny"], 0.3 * x["twice"]
    return x


def pairs(wide, square):
    """{name: (f, pull_back)}, for a wide matrix and a square one that is not symmetric."""
    smooth, smooth_slope = lambda x: x + 0.5 * np.sin(x), lambda x: 1 + 0.5 * np.cos(x)
    cubic, cubic_slope = lambda x: x + x**3 / 3, lambda x: 1 + x * x
    steep, steep_slope = lambda x: 2 * x + np.cos(x), lambda x: 2 - np.sin(x)
    right = {
        "smooth": (smooth, lambda x, u: u * smooth_slope(x)),
        "linear": (lambda x: wide @ x, lambda x, u: u @ wide),
        "large": (lambda x: 1e6 * steep(x), lambda x, u: 1e6 * u * steep_slope(x)),
        "tiny": (lambda x: 1e-6 * cubic(x), lambda x, u: 1e-6 * u * cubic_slope(x)),
        "kink": (lambda x: np.maximum(x, 0), lambda x, u: u * (x > 0)),
    }
    mutants = {
        "transposed": (np.transpose, lambda x, u: np.reshape(u, np.shape(x))),
        "twice": (lambda x: 1e-6 * cubic(x), lambda x, u: 2e-6 * u * cubic_slope(x)),
        "sign": (smooth, lambda x, u: -u * smooth_slope(x)),
        "branch": (lambda x: x * np.tanh(x), lambda x, u: u * np.tanh(x)),
        "one_entry": (lambda x: square @ x, lambda x, u: (u @ square) * [1, 1, -2, 1]),
        "far": (np.sin, lambda x, u: u * np.where(np.abs(x) < 3, np.cos(x), 1.0)),
        "unsummed": (lambda x: np.tile(x, (3, 1)), lambda x, u: 1.0 * u),
        "ones_only": (lambda x: wide @ x, lambda x, u: np.mean(u) * wide.sum(axis=0)),
        "zero_only": (cubic, lambda x, u: np.zeros(np.shape(x))),
        "one_percent": (lambda x: 1e6 * steep(x), lambda x, u: 1.01e6 * u * steep_slope(x)),
    }
    return right | mutants


class Watched:
    """A function and its pull_back, and notes on what they were called with."""

    def __init__(self, f, pull_back, x):
        self.f, self.rule, self.given, self.x = f, pull_back, x, x.copy()
        self.moves, self.cotangents, self.single = [], [], False

    def call(self, x):
        self.single |= np.asarray(x).dtype in (np.float16, np.float32)
        if np.shape(x) == self.x.shape:
            self.moves.append(np.asarray(x, dtype=float) - self.x)
        return self.f(np.asarray(x))

    def pull_back(self, x, u):
        self.single |= np.asarray(u).dtype in (np.float16, np.float32)
        self.cotangents.append(np.array(u, dtype=float))
        return self.rule(np.asarray(x), np.asarray(u))

    def notes(self):
        """What was seen, as plain data."""
        steps = [np.abs(move).max() for move in self.moves]
        nudged = [move for move, step in zip(self.moves, steps, strict=True) if step > 0]
        asked = bool(self.cotangents)
        return {
            "step": float(min((s for s in steps if s > 0), default=0.0)),
            "closest": float(min(steps, default=0.0)),
            "both_sides": mirrored(nudged[:60]),
            "constant": asked and all(np.ptp(u) == 0 for u in self.cotangents),
            "zero": asked and all(not u.any() for u in self.cotangents),
            "single": self.single,
            "drift": float(np.abs(self.given - self.x).max()),  # in x, once the answer is done
        }


def mirrored(moves):
    """Whether two of some moves go equally far in opposite directions."""
    if not moves:
        return False
    flat = np.reshape(moves, (len(moves), -1))
    sums = np.abs(flat[:, None] + flat).max(axis=2)
    return bool((sums < 1e-3 * np.abs(flat).max(axis=1)).any())
