"""A recording: while it lasts, what PyTorch would not keep is noted on the nodes of its graph.

Every grad_fn has a dict, `metadata`, that lives as long as the node does. A recording writes there
what a picture needs beyond what autograd itself keeps: the values that came out, what else was
read, and the group it belongs to. So a recorded graph is drawn like any other, and is freed like
any other.
"""

import sys
from collections import Counter
from threading import get_ident

from ..graph.parts import make_value
from ..modes import GROUPS
from ..names import variables
from .arrays import as_array
from .kinds import is_custom, is_leaf
from .missing import need_torch


class record_torch:
    """Within this context, what PyTorch computes is recorded with all of its values.

    A bare torch tensor is drawn from its `grad_fn`: PyTorch keeps only what its backward needs, and
    other values are gone. A tensor that was computed within this context has them all, so that
    `draw`, `step`, `paths` and `rosetta` show every number. What is called is run as it stands;
    no `.grad` is touched. The calls of modules, and `group(...)`, become groups that fold.
    (In this thread only.) Raises ImportError where PyTorch is not installed.

    >>> import torch
    >>> import backprop_lab as bl
    >>> x = torch.tensor(3.0, requires_grad=True)
    >>> with bl.record_torch():
    ...     y = 2 * x**2
    >>> bl.draw(y)
    Graph of y, from the input x = 3 and the constants 2 and 2. In 2 steps: x ** 2 = 9; \
y = 2 × (x ** 2) = 18. No gradients yet: backward() has not run.
    """

    def __init__(self):
        need_torch("record_torch records what PyTorch runs")
        self.frame = sys._getframe(1)
        self.modules = Modules(self.frame)
        self.count = 0  # of operators that were recorded

    def __enter__(self):
        self.mode = make_mode(self)
        self.mode.notes.modules = self.modules
        self.modules.watch()
        self.mode.__enter__()
        return self

    def __exit__(self, *exception):
        self.mode.__exit__(*exception)
        self.modules.release()
        self.mode.notes.look_back()
        self.count += self.mode.notes.count

    def __repr__(self):
        return f"<a recording of {self.count} operator{'s' * (self.count != 1)}>"
