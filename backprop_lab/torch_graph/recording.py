"""A recording: while it lasts, what PyTorch would not keep is noted on the nodes of its graph.

Every grad_fn has a dict, `metadata`, that lives as long as the node does. A recording writes there
what a picture needs beyond what autograd itself keeps: the values that came out, what else was
read, and the group it belongs to. So a recorded graph is drawn like any other, and freed like any
other.
"""

import sys

from .arrays import as_value, is_complex
from .kinds import is_custom, is_leaf
from .missing import need_torch
from .modules import Modules
from .naming import Names
from .recorder import Recorder
from .walking import OPEN, notes


class record_torch:
    """Within this context, what PyTorch computes is recorded with all of its values.

    A bare torch tensor is drawn from its `grad_fn`: PyTorch keeps only what its backward needs, and
    other values are gone. A tensor that was computed within this context has them all, so that
    `draw`, `step`, `paths` and `rosetta` show every number. Nothing is computed differently, and no
    `.grad` is touched. The calls of modules, and `group(...)`, become groups that fold. (In this
    thread only.) Raises ImportError where PyTorch is not installed.

    >>> import torch
    >>> import backprop_lab as bl
    >>> x = torch.tensor(3.0, requires_grad=True)
    >>> with record_torch():
    ...     y = 2 * x**2
    >>> bl.step(y)
    Forward through **: x ** 2 = 9.
    Forward through ×: y = (x ** 2) × 2 = 18.
    Backward starts at y: its gradient is 1.
    Backward through × to x ** 2: 1 × 2 = 2.
    Backward through ** to x: 2 × 6 = 12.
    """

    def __init__(self):
        need_torch("record_torch records what PyTorch computes")
        self.modules = Modules(sys._getframe(1))
        self.notebook = Notebook(self.modules)

    def __enter__(self):
        self.mode = mode(self.notebook)
        self.modules.watch()
        self.mode.__enter__()
        OPEN.append(self.notebook)
        return self

    def __exit__(self, *exception):
        self.mode.__exit__(*exception)
        self.modules.release()
        OPEN.remove(self.notebook)
        self.notebook.look_back()
        self.notebook.calls.clear()

    def graph(self, t, gradient=None):
        """The Graph of a torch tensor t, to be drawn or compared with another.

        Arguments: gradient (a torch tensor like t; if given, the reverse sweep is run from it and
        recorded, without touching any `.grad`).
        """
        names = Names(sys._getframe(1))
        return Recorder(t, names, local=gradient is not None).graph(gradient)

    def __repr__(self):
        self.notebook.look_back()
        count = self.notebook.count
        return f"<a recording of {count} operator{'s' * (count != 1)}>"


def mode(notebook):
    """A mode of PyTorch in which every operator that runs is shown to the notebook first."""
    from torch.utils._python_dispatch import TorchDispatchMode

    class Recording(TorchDispatchMode):
        @classmethod
        def _should_skip_dynamo(cls):
            return False  # else PyTorch loads its compiler here: seconds, and 100 MB

        def __torch_dispatch__(self, function, types, args=(), kwargs=None):
            kwargs = kwargs or {}
            notebook.before(function, args, kwargs)
            out = function(*args, **kwargs)
            notebook.after(out)
            return out

    return Recording()


class Notebook:
    """Notes on what runs, written on a node as soon as a tensor that it made is seen.

    The node of an operator exists before the operator runs, and its tensor points at it only
    afterwards. What links the two is PyTorch's own count of nodes, `_sequence_nr`.
    """

    def __init__(self, modules):
        self.modules = modules
        self.calls = {}  # {sequence number: (what the operator read, its group)}
        self.pending = []  # what the last operator made
        self.count = 0

    def before(self, function, args, kwargs):
        import torch

        self.look_back()
        tensors = [x for x in flat([args, kwargs]) if isinstance(x, torch.Tensor)]
        for x in tensors:
            self.see(x)
        number = torch.autograd._get_sequence_nr() - 1
        if number not in self.calls:
            recorded = torch.is_grad_enabled() and any(x.requires_grad for x in tensors)
            read = arguments(function, args, kwargs) if recorded else None
            self.calls[number] = read, self.modules.group()

    def after(self, out):
        import torch

        self.pending = [x for x in flat([out]) if isinstance(x, torch.Tensor)]

    def look_back(self):
        """See what the last operator made, now that its tensors point at their node."""
        for x in self.pending:
            self.see(x)
        self.pending = []

    def see(self, x):
        """Note what is known of the node that made a tensor."""
        function = x.grad_fn
        if function is None or is_leaf(function):
            return
        found = notes(function)
        if not found:
            read, found["group"] = self.calls.pop(function._sequence_nr(), (None, None))
            found["read"] = {} if is_custom(function) else aligned(function, read)
            found["numbers"] = [x for x in read or () if isinstance(x, (int, float))]
            found["values"] = {}
            function.metadata["backprop_lab"] = found
            self.count += 1
        if x.output_nr not in found["values"] and not is_complex(x):
            found["values"][x.output_nr] = as_value(x)


def flat(values):
    """The values in nested lists, tuples and dicts, one by one."""
    found = list(values)
    for x in found:  # a list that grows
        if isinstance(x, (list, tuple)):
            found.extend(x)
        elif isinstance(x, dict):
            found.extend(x.values())
    return [x for x in found if not isinstance(x, (list, tuple, dict))]


def arguments(function, args, kwargs):
    """What an operator is given where it takes tensors or numbers: a flat list in its own order."""
    found = []
    for place, wanted in enumerate(function._schema.arguments):
        if place >= len(args) and wanted.name not in kwargs:
            x = None
        else:
            x = args[place] if place < len(args) else kwargs[wanted.name]
        if "Tensor" in str(wanted.type):
            xs = x if isinstance(x, (list, tuple)) else [x]
            found += [IN_THE_GRAPH if getattr(x, "requires_grad", False) else x for x in xs]
        elif str(wanted.type) == "number" and isinstance(x, (int, float)):
            found.append(Option(x))
    return found


IN_THE_GRAPH = object()  # a tensor that the node leads to by itself: held here, it would not go


class Option(float):
    """A number that an operator takes beside its tensors."""


def aligned(function, read):
    """Which of the things read stand where a node has no next function, as {slot: tensor or
    number}: those that require no gradient."""
    import torch

    slots = function.next_functions
    candidates = [x for x in read or () if not isinstance(x, Option)]
    floating = [
        x for x in candidates
        if not (isinstance(x, torch.Tensor) and not x.dtype.is_floating_point)
    ]  # fmt: skip
    for found in (candidates, floating):
        if len(found) == len(slots):
            return {
                slot: x
                for slot, (x, (source, _)) in enumerate(zip(found, slots, strict=True))
                if source is None and x is not None
            }
    return {}
