"""The exercises of notebook 2: local derivatives, sums over paths, and the backward sweep.

Graphs are rows, `{tensor: [what makes it, *its inputs]}`. What the operators do does not matter
where their local derivatives are given: `local[z]` lists one number for each input of z.
"""

from .partials import PARTIALS
from .path_sum import PATH_SUM
from .slope import SLOPE
from .sweep import SWEEP
from .two_roads import TWO_ROADS
from .visits import VISITS

EXERCISES = (PARTIALS, TWO_ROADS, PATH_SUM, SWEEP, VISITS, SLOPE)
