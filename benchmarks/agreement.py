"""All gradients must agree before anything is timed."""

import numpy as np

from .peers import FLOOR

TOLERANCE = {"float64": 1e-9, "float32": 1e-3}  # of the largest entry of each gradient


def check(contestants, problem):
    """Let everyone take one step; raise AssertionError unless it equals the hand-derived one.

    A step of an Mlp moves each parameter by rate * gradient, so the parameters after one step
    compare both the gradients and the update. A Chain answers with its gradients.
    """
    for contestant in contestants.values():
        contestant.step()
    truth = movement(contestants[FLOOR], problem)
    for key, contestant in contestants.items():
        for i, (mine, right) in enumerate(zip(movement(contestant, problem), truth, strict=True)):
            error = np.max(np.abs(mine - right)) / np.max(np.abs(right))
            if not (np.shape(mine) == np.shape(right) and error < TOLERANCE[problem.dtype]):
                raise AssertionError(f"{problem}: gradient {i} of {key} is off by {error:.1e}")


def movement(contestant, problem):
    """How far the first step moved each array of the answer."""
    arrays = zip(contestant.answer(), problem.before(), strict=True)
    return [np.asarray(after, float) - before for after, before in arrays]
