"""The experiments, each a function from a `Session` to a `Result`."""

from .contest import digits, large, scalar, tiny
from .depth import depth
from .imports import imports
from .jacobian import jacobian
from .nodes import nodes

EXPERIMENTS = {
    f.__name__: f for f in (tiny, digits, large, scalar, nodes, depth, jacobian, imports)
}
