"""Black boxes that pull back and push forward, one vector at a time, and count their calls."""

import numpy as np

MANY = 10_000  # calls, after which somebody is going round in circles


class Box:
    """A function of one vector of a given length; `calls` counts how often it was called."""

    def __init__(self, name, letter, size, product):
        self.name, self.letter, self.size, self.product = name, letter, size, product
        self.calls = 0

    def __call__(self, vector):
        self.calls += 1
        if self.calls > MANY:
            raise RuntimeError(f"{self.name} was called {MANY:,} times, and nothing came of it.")
        vector = np.array(vector, dtype=float)
        if vector.shape != (self.size,):
            raise ValueError(
                f"{self.name} takes one vector {self.letter} of shape ({self.size},), and was "
                f"given {vector.shape}."
            )
        return self.product(vector)


def black_boxes(pull, push, M, N):
    """(pull_back, push_forward) for a function of N inputs and M outputs, from two products."""
    return Box("pull_back", "u", M, pull), Box("push_forward", "v", N, push)
