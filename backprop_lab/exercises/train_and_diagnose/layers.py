"""Layers that a check hands out: they count their calls, and the values of theirs that are alive.

A value counts from the moment a layer makes it until nobody holds it any more, whoever holds it
and however. Copies are refused, so that nothing is kept behind the counter's back.
"""

import weakref

import numpy as np

MANY = 200  # calls of one layer, after which somebody is going round in circles


class Values:
    """The values of one run: how many are alive, and the most that ever were at once."""

    def __init__(self):
        self.alive, self.peak = {}, 0

    def add(self, value):
        """Count an array until it is freed; returns it."""
        key = id(value)
        self.alive[key] = weakref.ref(value, lambda _: self.alive.pop(key, None))
        self.peak = max(self.peak, len(self.alive))
        return value

    def owns(self, value):
        return id(value) in self.alive


class Layer:
    """z = u + sin(u) / 3 with u = x W, times a mask drawn from rng if the layer drops out.

    Its `vjp` goes with the mask of its last forward.
    """

    def __init__(self, number, W, drops, values):
        self.number, self.W, self.drops, self.values = number, W, drops, values
        self.masks, self.order = [], []  # what was drawn in each forward; nothing else is kept
        self.pulled = 0

    def forward(self, x, rng):
        self.check(x)
        if not isinstance(rng, np.random.Generator):
            raise TypeError(f"forward takes the value, and then rng; a {type(rng).__name__} came.")
        if len(self.masks) >= MANY:
            raise RuntimeError(f"Layer {self.number} ran forward {MANY} times. Twice is enough.")
        self.masks.append(drawn(rng, x.shape) if self.drops else None)
        return self.values.add(forward(x, self.W, self.masks[-1]))

    def vjp(self, x, z_bar):
        self.check(x)
        if not self.masks:
            raise RuntimeError(f"vjp of layer {self.number} goes with a forward: it has not run.")
        if np.shape(z_bar) != x.shape:
            raise ValueError(f"z_bar has shape {np.shape(z_bar)}, and the layer's z {x.shape}.")
        self.pulled += 1
        u, mask = x @ self.W, self.masks[-1]
        u_bar = z_bar * (1 + np.cos(u) / 3) * (1 if mask is None else mask)
        return u_bar @ self.W.T

    def check(self, x):
        if not self.values.owns(x):
            raise ValueError(
                f"Layer {self.number} was given something that no layer made: {type(x).__name__}. "
                "Values are counted, so hand on x, and what `forward` returned, as they are; no "
                "copies, which nobody could count."
            )


def forward(x, W, mask):
    """One layer, for arrays of any kind and number."""
    u = x @ W
    z = u + np.sin(u) / 3
    return z if mask is None else z * mask


def drawn(rng, shape):
    """A mask that drops a quarter of the numbers and makes up for it."""
    return (rng.random(shape) < 0.75) / 0.75
