"""The exercises of notebook 1: writing graphs down, ordering them, running them.

Graphs are rows, `{tensor: [what makes it, *its inputs]}`, as in `backprop_lab.graph`.
"""

from .forward import FORWARD
from .is_valid_order import IS_VALID_ORDER
from .keep import KEEP
from .kinds import KINDS
from .rows import ROWS
from .topo import TOPO

EXERCISES = (ROWS, KINDS, TOPO, IS_VALID_ORDER, FORWARD, KEEP)
