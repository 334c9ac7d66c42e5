"""Rows: a graph written down by hand, `{tensor: [what makes it, *its inputs]}`."""

from graphlib import CycleError, TopologicalSorter
from itertools import count

from .parts import LEAVES


def check_rows(rows):
    """Raise ValueError, naming the row, unless every row is [what makes it, *inputs that exist]."""
    if not isinstance(rows, dict) or not rows:
        raise ValueError("A graph is a dictionary with a row for each node; this has no rows.")
    for name, row in rows.items():
        if not isinstance(name, str):
            raise ValueError(f"A row is found under its tensor's name, in quotes; {name!r} is not.")
        if not isinstance(row, (list, tuple)) or not row or not all(type(x) is str for x in row):
            raise ValueError(
                f"Row {name!r} must be a list of names in quotes: what makes the tensor, then the "
                f"tensors that go in. It is {row!r}."
            )
        if row[0] in LEAVES and len(row) > 1:
            raise ValueError(f"Row {name!r} is a leaf ({row[0]}), so nothing goes in: {row[1:]!r}.")
        if row[0] not in LEAVES and len(row) == 1:
            raise ValueError(
                f"Row {name!r} says {row[0]!r} and names nothing that goes in. A leaf is one of "
                f"{', '.join(LEAVES)}; an operator needs its inputs."
            )
        for source in row[1:]:
            if source not in rows:
                raise ValueError(f"Row {name!r} reads {source!r}, but no row makes {source!r}.")
    try:
        TopologicalSorter({name: row[1:] for name, row in rows.items()}).prepare()
    except CycleError as error:
        raise ValueError(
            f"These rows wait for each other: {' → '.join(error.args[1])}. A graph has no cycles: "
            "somewhere a row has to come first."
        ) from None


def order_fault(rows, order):
    """The first thing that keeps rows from running in `order`, as a sentence; None if they run.

    Uses the standard library's scheduler: a name may run when the scheduler has released it.

    >>> order_fault({"x": ["input"], "z": ["*", "x", "x"]}, ["z", "x"])
    'Too early: z comes before its input x.'
    """
    sorter = TopologicalSorter({name: row[1:] for name, row in rows.items()})
    sorter.prepare()
    released, done = set(sorter.get_ready()), set()
    for name in order:
        if name not in rows:
            return f"Foreign: {name} is not among the rows."
        if name in done:
            return f"Twice: {name} comes a second time."
        if name not in released:
            missing = next(x for x in rows[name][1:] if x not in done)
            return f"Too early: {name} comes before its input {missing}."
        done.add(name)
        sorter.done(name)
        released.update(sorter.get_ready())
    left = [name for name in rows if name not in done]
    return f"Missing: {', '.join(left[:5])}." if left else None


def unused(name, taken):
    """`name`, or the next one that is not taken: t1, t2, … or x, x2, x3, …

    >>> unused("t1", {"t1", "t2"}), unused("x", {"x"}), unused("y", {"x"})
    ('t3', 'x2', 'y')
    """
    stem = name.rstrip("0123456789") or name
    candidates = (f"{stem}{n}" for n in count(2))
    return name if name not in taken else next(c for c in candidates if c not in taken)
