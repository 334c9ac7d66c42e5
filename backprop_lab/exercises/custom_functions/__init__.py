"""The exercises of notebook 6: operators of one's own in PyTorch's graph.

Answers are classes. A probe (`runs`) calls `apply`, sends random cotangents back and writes down
what came out; a judge (`reading`) sees these notes alone. torch is imported by the probes.
"""

from .square_and_double import SQUARE_AND_DOUBLE

EXERCISES = (SQUARE_AND_DOUBLE,)
