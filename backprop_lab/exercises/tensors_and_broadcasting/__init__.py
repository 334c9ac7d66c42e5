"""The exercises of notebook 5: cotangents of arrays, and a check that can be trusted.

A cotangent has the shape of the array that it belongs to. Most judges here know no rule of their
own: they push one unit after the other forward, and hold the cotangents against that.
"""

from .gather_vjp import GATHER_VJP
from .gradcheck import GRADCHECK
from .linear_vjp import LINEAR_VJP
from .reduce_vjp import REDUCE_VJP
from .root_or_zero import ROOT_OR_ZERO
from .softmax_cross_entropy import SOFTMAX_CROSS_ENTROPY
from .unbroadcast import UNBROADCAST

EXERCISES = (
    UNBROADCAST, REDUCE_VJP, LINEAR_VJP, GATHER_VJP, SOFTMAX_CROSS_ENTROPY, GRADCHECK, ROOT_OR_ZERO,
)  # fmt: skip
