"""The exercises of notebook 6: operators of one's own in PyTorch's graph.

Answers are classes. A probe (`runs`) calls `apply`, sends random cotangents back and writes down
what came out; a judge (`reading`) sees these notes alone. torch is imported by the probes.
"""

from .cube import CUBE
from .exp_scaled import EXP_SCALED
from .max_with_index import MAX_WITH_INDEX
from .round_straight_through import ROUND_STRAIGHT_THROUGH
from .square_and_double import SQUARE_AND_DOUBLE
from .square_and_double_under_vmap import SQUARE_AND_DOUBLE_UNDER_VMAP
from .weighted_product import WEIGHTED_PRODUCT

EXERCISES = (
    SQUARE_AND_DOUBLE, EXP_SCALED, WEIGHTED_PRODUCT, CUBE, MAX_WITH_INDEX,
    SQUARE_AND_DOUBLE_UNDER_VMAP, ROUND_STRAIGHT_THROUGH,
)  # fmt: skip
