"""The exercises of notebook 4: Jacobians, products with them, and what it costs to build one.

A Jacobian is M×N: one row for each output, one column for each input.
"""

from .bytes_of import BYTES_OF
from .curvature_along import CURVATURE_ALONG
from .jacobian_at import JACOBIAN_AT
from .pull import PULL
from .recover import RECOVER
from .transpose_test import TRANSPOSE_TEST
from .vjp_of import VJP_OF

EXERCISES = (
    JACOBIAN_AT, PULL, VJP_OF, BYTES_OF, RECOVER, TRANSPOSE_TEST, CURVATURE_ALONG,
)  # fmt: skip
