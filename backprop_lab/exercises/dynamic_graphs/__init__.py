"""The exercises of notebook 7: graphs that are recorded while a program runs, in PyTorch.

torch is imported when a probe runs, never when this module is: the other notebooks do without it.
"""

from .branch_facts import BRANCH_FACTS
from .double_until import DOUBLE_UNTIL
from .leaves_of import LEAVES_OF
from .masked_mean_loss import MASKED_MEAN_LOSS
from .repair import REPAIR
from .unroll import UNROLL
from .watch import WATCH

EXERCISES = (
    BRANCH_FACTS, DOUBLE_UNTIL, UNROLL, LEAVES_OF, REPAIR, MASKED_MEAN_LOSS, WATCH,
)  # fmt: skip
