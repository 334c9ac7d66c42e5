"""What is switched on in a thread: recording, and the search for the first NaN."""

from contextlib import ContextDecorator
from threading import get_ident

import numpy as np

from .errors import DataError

# Threads, by their number. Most of the time both are empty, which costs an operator next to
# nothing to see.
UNRECORDED = set()  # operators leave no Node behind
WATCHED = set()  # every value is looked at, for NaN and inf
DIFFERENTIATING = set()  # a transform is at work, so a number taken out of a graph would be missed
GROUPS = {}  # the names of the groups that are open in a thread, outermost first


class _Block(ContextDecorator):
    """A block in which this thread is, or is not, in one of these sets; then it is as before."""

    threads, inside = None, True

    def __init__(self, function=None):
        if function is not None:
            raise DataError(f"As a decorator it needs brackets: @{type(self).__name__}().")
        self.before = []  # one entry for each block that is open, since blocks may nest

    def __enter__(self):
        self.before.append(get_ident() in self.threads)
        self.put(self.inside)

    def __exit__(self, *exception):
        self.put(self.before.pop())

    def put(self, inside):
        (self.threads.add if inside else self.threads.discard)(get_ident())

    def _recreate_cm(self):
        return type(self)()  # as a decorator: a block of its own for each call, in any thread


class no_grad(_Block):
    """Within this context nothing is recorded (in this thread only, as in PyTorch).

    Works as a decorator, too: `@no_grad()`.

    >>> from backprop_lab import tensor
    >>> x = tensor(3.0, requires_grad=True)
    >>> with no_grad():
    ...     y = x * x
    >>> y.requires_grad
    False
    """

    threads = UNRECORDED


class recorded(_Block):
    """Within this context operators are recorded, also where no_grad() stands further out."""

    threads, inside = UNRECORDED, False


class differentiating(_Block):
    """Within this context a tensor may not turn into a plain number by itself."""

    threads = DIFFERENTIATING


class detect_anomaly(_Block):
    """Within this context the first NaN or inf raises an error that says where it came from.

    The error names the operator, the line of your code that called it, and its inputs; in
    `backward()`, the rule that made it. Every value is looked at, so it costs time: switch it on
    to search. (In this thread only.)

    >>> from backprop_lab import ops, tensor
    >>> with detect_anomaly():
    ...     ops.exp(tensor(1000.0, name="x"))
    Traceback (most recent call last):
    backprop_lab.errors.AnomalyError: Exp made the first inf, from x = 1000...
    """

    threads = WATCHED

    def __enter__(self):
        super().__enter__()
        quiet = np.errstate(all="ignore")  # what NumPy would warn of is about to raise an error
        quiet.__enter__()
        self.before[-1] = self.before[-1], quiet

    def __exit__(self, *exception):
        self.before[-1], quiet = self.before[-1]
        quiet.__exit__(*exception)
        super().__exit__(*exception)


class group(ContextDecorator):
    """Within this context every node belongs to a named group, and knows its line of source.

    Large graphs are drawn with each group as one box, and `step` shows the lines. Groups may nest:
    their names are joined by " / ". (In this thread only; works as a decorator, too.)
    Arguments: name (a str). Raises DataError if it is none, or empty.

    >>> from backprop_lab import tensor
    >>> x = tensor(3.0, requires_grad=True)
    >>> with group("square"):
    ...     y = x * x
    >>> y.grad_fn.group
    'square'
    """

    def __init__(self, name):
        if not isinstance(name, str) or not name.strip():
            raise DataError(f'A group has a name in quotes, as in bl.group("t=1"); not {name!r}.')
        self.name = name

    def __enter__(self):
        GROUPS.setdefault(get_ident(), []).append(self.name)

    def __exit__(self, *exception):
        names = GROUPS[get_ident()]
        names.pop()
        if not names:
            del GROUPS[get_ident()]


def is_recording():
    """Whether operators are recorded in this thread."""
    return not UNRECORDED or get_ident() not in UNRECORDED
