"""What the contestants are given: the same numbers for all, as plain arrays."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np


@dataclass(frozen=True)
class Mlp:
    """One training step of a network: relu layers, softmax cross-entropy, plain SGD."""

    sizes: tuple
    batch: int
    dtype: str
    rate: float = 0.01

    def data(self):
        """(x, labels): a batch of random inputs and their classes."""
        rng = np.random.default_rng(0)
        x = rng.standard_normal((self.batch, self.sizes[0])).astype(self.dtype)
        return x, rng.integers(0, self.sizes[-1], self.batch)

    def parameters(self):
        """[W, b, W, b, ...], new arrays at every call, since steps change them.

        Near the identity, so that nothing dies out or overflows at a depth of 1,000 layers.
        """
        rng = np.random.default_rng(1)
        arrays = []
        for rows, columns in pairwise(self.sizes):
            noise = rng.standard_normal((rows, columns)) / np.sqrt(rows)
            arrays.append(np.eye(rows, columns) + noise / 10)
            arrays.append(rng.standard_normal(columns) / 10)
        return [array.astype(self.dtype) for array in arrays]

    def before(self):
        """What an answer is before the first step."""
        return self.parameters()

    def __str__(self):
        return f"MLP {'-'.join(map(str, self.sizes))}, batch {self.batch}"


@dataclass(frozen=True)
class Chain:
    """y = relu(y * w + b), over and over: three operators on single numbers in every link."""

    links: int
    dtype: str

    @property
    def operators(self):
        return 3 * self.links

    def numbers(self):
        """(y, w, b); y tends to b / (1 - w) = 1, so nothing overflows or dies out."""
        return 0.5, 0.9, 0.1

    def before(self):
        """What an answer is before the first step."""
        return 0.0, 0.0, 0.0

    def __str__(self):
        return f"chain of {self.operators:,} scalar operators"
