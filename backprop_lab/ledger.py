"""The ledger of memory: what a graph keeps alive for the way back, in bytes.

Reverse mode pays for its speed with memory: what the rules need has to wait until the sweep comes
back (Griewank and Walther, "Evaluating Derivatives", 2008, section 4.1). Much of it exists anyway,
as weights and as results that several rules share. And none of it is a Jacobian.
"""

import sys
from collections import Counter
from html import escape

import numpy as np

from .engine import Tensor, topological_order
from .errors import DataError, GradientError, describe
from .names import unused, variable_names
from .torch_graph import Entry, accounts, is_torch, source_of

SHOWN = 30  # rows in a table; of more nodes, those that need most
HEAD = ("tensor", "made by", "keeps", "its rule needs", "of that shared", "a dense Jacobian")
NOTE = (
    "1 kB is 1000 B. Shared is what is a leaf's own data, or what several rules need; the totals "
    "count it once."
)


def saved(loss):
    """The ledger of a tensor's graph: what every rule needs, and what all of it costs together.

    Arguments: loss (a Tensor, or a torch tensor, that was computed from something that requires a
    gradient; or a pair (module, input) of PyTorch's).
    Raises DataError if it is no Tensor, GradientError if it has no graph, or PyTorch has freed it.

    >>> from backprop_lab import parameter
    >>> x = parameter([1.0, 2.0, 3.0], name="x")
    >>> saved((x * x).exp())
    tensor | made by  | keeps | its rule needs | of that shared | a dense Jacobian
    t1     | Multiply | x     |           24 B |           24 B |            144 B
    t2     | Exp      | t2    |           24 B |            0 B |             72 B
    The rules need 48 B, of which 24 B are shared; the whole graph holds 72 B.
    Dense Jacobians would take 216 B.
    (1 kB is 1000 B. Shared is what is a leaf's own data, or what several rules need; the totals
    count it once.)
    """
    if is_torch(loss):
        return Ledger(*accounts(source_of(loss, sys._getframe(1))))
    if not isinstance(loss, Tensor):
        raise DataError(
            f"saved looks at the graph of a tensor; this is a {type(loss).__name__}. Give it what "
            "your function returned, before .item() or .data."
        )
    if loss.grad_fn is None:
        raise GradientError(
            f"{describe(loss)} has no graph, so nothing is kept for it. Compute it from a leaf "
            "with requires_grad=True (or bl.parameter), outside no_grad()."
        )
    return Ledger(*own_accounts(loss, variable_names(sys._getframe(1))))


def own_accounts(loss, variables):
    """What the Ledger of a Tensor is made from."""
    order = topological_order(loss)
    results = {x.grad_fn: x for node in order for x in tensors(node)} | {loss.grad_fn: loss}
    names = name_all(order, results, variables)
    owners = {}  # a name for each buffer: that of the first tensor whose data lies in it
    for x, name in names.items():
        owners.setdefault(*buffers([x.data]), name)
    entries = []
    for node in order:
        kept = {
            key: (owners.get(key, name), size)
            for name, x in kept_by(node)
            for key, size in buffers([x]).items()
        }
        title = names[results[node]]
        entries.append(Entry(title, node.op.__name__, kept, dense(node, results[node])))
    leaves = buffers([x.data for node in order for x in tensors(node) if x.is_leaf])
    held = buffers([*(x.data for node in order for x in node.inputs), loss.data])
    return entries, leaves, held


class Ledger:
    """What `saved` found, all in bytes.

    Arguments: entries (an Entry for each operator, in forward order), leaves, held (the buffers of
    leaves, and all those that the graph holds whatever the rules need, as {what it is: bytes}).
    Attributes: rows (a dict for each node, in forward order: tensor, op, keeps (the names of what
    is kept), needed, shared, dense), needed (by all rules), shared (of that), held (by the whole
    graph: leaves, results and what the rules need), dense (Jacobians, were they built).
    """

    def __init__(self, entries, leaves, held):
        uses = Counter(key for entry in entries for key in entry.kept)
        shared = {*leaves, *(key for key, times in uses.items() if times > 1)}
        self.rows = [
            {
                "tensor": entry.tensor,
                "op": entry.op,
                "keeps": [name for name, _ in entry.kept.values()],
                "needed": sum(size for _, size in entry.kept.values()),
                "shared": sum(size for key, (_, size) in entry.kept.items() if key in shared),
                "dense": entry.dense,
            }
            for entry in entries
        ]
        needed = {key: size for entry in entries for key, (_, size) in entry.kept.items()}
        self.needed, self.held = sum(needed.values()), sum((needed | held).values())
        self.shared = sum(size for key, size in needed.items() if key in shared)
        self.dense = sum(row["dense"] for row in self.rows)

    def conclusion(self):
        return (
            f"The rules need {in_units(self.needed)}, of which {in_units(self.shared)} are shared; "
            f"the whole graph holds {in_units(self.held)}.",
            f"Dense Jacobians would take {in_units(self.dense)}.",
        )

    def table(self):
        """The rows that are shown, as texts, and how many are not."""
        largest = sorted(self.rows, key=lambda row: -row["needed"])[:SHOWN]
        shown = [row for row in self.rows if any(row is other for other in largest)]
        texts = []
        for row in shown:
            sizes = [in_units(row[size]) for size in ("needed", "shared", "dense")]
            texts.append((row["tensor"], row["op"], ", ".join(row["keeps"]) or "nothing", *sizes))
        return texts, len(self.rows) - len(shown)

    def __repr__(self):
        texts, left = self.table()
        widths = [max(map(len, column)) for column in zip(HEAD, *texts, strict=True)]
        lines = [" | ".join(map(str.ljust, HEAD, widths)).rstrip()]
        for text in texts:
            cells = [*map(str.ljust, text[:3], widths), *map(str.rjust, text[3:], widths[3:])]
            lines.append(" | ".join(cells))
        lines += [f"and {left} more, which need less"] * (left > 0)
        note = f"({NOTE})".replace("the totals ", "the totals\n")
        return "\n".join([*lines, *self.conclusion(), note])

    def _repr_html_(self):
        texts, left = self.table()
        head = "".join(f'<th scope="col">{text}</th>' for text in HEAD)
        body = "".join(
            f'<tr><th scope="row">{escape(name)}</th>'
            + "".join(f"<td>{escape(cell)}</td>" for cell in cells)
            + "</tr>"
            for name, *cells in texts
        )
        more = f"<p>and {left} more, which need less</p>" if left else ""
        return (
            f"<table><caption>{' '.join(self.conclusion())}</caption><thead><tr>{head}</tr></thead>"
            f"<tbody>{body}</tbody></table>{more}<p>{NOTE}</p>"
        )


def tensors(node):
    return [x for x in node.inputs if isinstance(x, Tensor)]


def kept_by(node):
    """What a node's rules find on it, as pairs of a name and an array: saved, or hung on it."""
    own = {"given", "group", "line"}  # the engine's, not the rules'
    found = [("other", node.saved_tensors)]
    found += [(name, value) for name, value in vars(node).items() if name not in own]
    for name, value in found:  # a list that grows: tuples may hold tuples
        if isinstance(value, (tuple, list)):
            found.extend((name, part) for part in value)
    return found


def buffers(values):
    """The memory behind arrays, as {what it is: bytes}; views, and copies by stride 0, add none."""
    found = {}
    for x in values:
        if isinstance(x, (np.ndarray, np.generic)):
            while isinstance(x.base, np.ndarray):
                x = x.base
            found[id(x)] = x.nbytes
    return found


def dense(node, result):
    """The bytes of a node's Jacobians, were they built: result size × size of each input."""
    needing = [x for x, needed in zip(node.inputs, node.needs_input_grad, strict=True) if needed]
    return sum(result.size * x.size for x in needing) * result.dtype.itemsize


def name_all(order, results, variables):
    """{tensor: name} in forward order; those without a name are t1, t2, ..., as in Graph.rows()."""
    names, taken = {}, {}  # the latter from a name to the next number to try after its stem
    for node in order:
        for x in [*(x for x in tensors(node) if x.is_leaf), results[node]]:
            if x not in names:
                names[x] = unused(x.name or variables.get(id(x)) or unnamed(x), taken)
    return names


def unnamed(x):
    """What stands for a name before a number is found for it."""
    if x.kind != "constant" or not x.is_leaf:
        return "t1"
    return f"{x.item():.4g}" if x.shape == () else "constant"


def in_units(size):
    """Bytes with a unit, in three digits.

    >>> in_units(999), in_units(3_210), in_units(999_999)
    ('999 B', '3.21 kB', '1 MB')
    """
    units = iter(("kB", "MB", "GB", "TB", "PB"))
    text, size = f"{size} B", float(size)
    while size >= 999.5:
        size /= 1000
        text = f"{size:.3g} {next(units)}"
    return text
