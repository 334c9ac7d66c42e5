"""The engine: tensors are the edges, nodes are the operators, and two sweeps run over them.

Forward, every operator that runs leaves a `Node` behind: what ran, what it was given, what it
saved. Backward, `reverse_sweep` walks the same nodes in the opposite order and asks each one a
single question: if the output moves this much per unit of your result, how much does it move
per unit of each thing you were given?

The words are the field's: a value x, its tangent x_dot (how fast x moves), its cotangent x_bar
(how much the output moves per unit of x). See Griewank and Walther, "Evaluating Derivatives"
(2008), chapter 3.
"""

from collections import deque
from copy import copy
from functools import partial
from itertools import count
from operator import attrgetter
from weakref import ref

import numpy as np
from numpy import float64

from .anomaly import check_value
from .errors import GradientError, RuleError, ShapeError, changed_since, describe, tied_by_hand
from .modes import UNRECORDED, WATCHED, is_recording
from .rules import check_cotangent, check_seed, check_tangent, guarded


class Tensor:
    """A value in a graph: an edge, carrying data from the node that made it to its readers.

    Arguments: data (array or NumPy scalar), requires_grad, name (for pictures and messages),
    kind ("input", "weight" or "constant"; matters for leaves only). Make one with
    `backprop_lab.tensor` or `backprop_lab.parameter`. Operators and methods come from `ops`.

    >>> from backprop_lab import tensor
    >>> x = tensor(3.0, requires_grad=True)
    >>> (x * x).item()
    9.0
    """

    __slots__ = (
        "__weakref__",
        "data",
        "requires_grad",
        "grad_fn",  # the Node that made this tensor; None for a leaf
        "grad",  # what backward() has added up so far, an array like data
        "kind",
        "name",
        "seed",  # the gradient backward() last started from, so that it can be replayed
    )

    def __init__(self, data, requires_grad=False, name=None, kind="constant"):
        self.data = data
        self.requires_grad = requires_grad
        self.name = name
        self.kind = kind
        self.grad_fn = None

    def __getattr__(self, name):
        """What has not been set: most results of operators live and die without it."""
        if name in ("grad", "name", "seed"):
            return None
        if name == "kind":
            return "constant"
        raise AttributeError(f"A tensor has no {name!r}.")

    @property
    def is_leaf(self):
        """True if no recorded operator made this tensor."""
        return self.grad_fn is None

    @property
    def shape(self):
        return self.data.shape

    @property
    def ndim(self):
        return self.data.ndim

    @property
    def size(self):
        return self.data.size

    @property
    def dtype(self):
        return self.data.dtype

    def backward(self, gradient=None):
        """Add d(self)/d(leaf) into `.grad` of every leaf that requires a gradient.

        Arguments: gradient (an array of this tensor's shape; 1.0 if left out, for a scalar only):
        how much the final output moves per unit of this tensor.
        Raises GradientError for a missing gradient or graph, ShapeError for a wrong shape. When
        anything is raised, every `.grad` is as it was before.

        >>> from backprop_lab import tensor
        >>> x = tensor(3.0, requires_grad=True)
        >>> (2 * x * x).backward()
        >>> print(x.grad)
        12.0
        """
        gradient = check_seed(self, gradient)
        cotangents = {self.grad_fn or self: gradient}
        exhaust(reverse_sweep(self, cotangents, quiet=True))
        held = {id(gradient)}  # arrays that belong to somebody: no .grad may be one of them
        sums = []
        for x, total in cotangents.items():
            x = x if isinstance(x, Tensor) else x.retained_by()
            sums.append((x, x.grad_plus(total, held)))
        for x, grad in sums:
            x.grad = grad
        self.seed = gradient

    def retain_grad(self):
        """Let `backward()` fill `.grad` of this tensor too, although it is not a leaf.

        >>> from backprop_lab import tensor
        >>> y = tensor(3.0, requires_grad=True) ** 2
        >>> y.retain_grad()
        >>> (2 * y).backward()
        >>> print(y.grad)
        2.0
        """
        if not self.requires_grad:
            raise GradientError(
                f"{describe(self)} depends on nothing that requires a gradient, so none will reach "
                "it. Make a leaf with requires_grad=True (or bl.parameter), and compute again."
            )
        if self.grad_fn is not None:
            self.grad_fn.retained_by = ref(self)

    def grad_plus(self, total, held):
        """`.grad` with one more sum added to it, as an array of its own."""
        if self.grad is None:  # rules may have handed on what they were given, or a view of it
            own = total.base is None and id(total) not in held
            held.add(id(total))
            return total if own else total.copy()
        if np.shape(self.grad) != self.shape:
            raise ShapeError(
                f"The .grad of {describe(self)} has shape {np.shape(self.grad)}, so nothing can be "
                "added to it. Set it to None to start afresh."
            )
        return self.grad + total


class Plain:
    """An input of a node that takes no part in differentiation, such as an axis: only its data."""

    requires_grad, grad_fn = False, None

    def __init__(self, data):
        # A view, lest an array be taken for that of a tensor which holds the same one.
        self.data = data[()] if isinstance(data, np.ndarray) else data


class Node:
    """One application of an operator, and the `ctx` that its rules receive.

    Attributes: op (the `Op` subclass), inputs (what it was given, in order: each a Tensor, or a
    Plain value), needs_input_grad (a bool for each), number
    (counts up: a node is always younger than those that its inputs come from), saved_tensors
    (arrays kept for the rules). A rule may hang other things on it, such as `ctx.axis = axis`.
    """

    saved_tensors = ()
    retained_by = None  # a weak reference to its result, if that has asked for its gradient
    line = None  # where it was called; known only within detect_anomaly()

    def save_for_backward(self, *arrays):
        """Keep arrays for vjp and jvp.

        Only inputs of the op and its output take part in second derivatives; anything else that
        is saved counts as a constant there.
        """
        self.saved_tensors = arrays

    def __repr__(self):
        return f"<{self.op.__name__}>"


exhaust = partial(deque, maxlen=0)  # runs a generator to its end, and keeps nothing
numbers = count()
new = object.__new__  # without __init__, which would take a fifth of an operator's time


class Op:
    """An operator: how a value is computed, and how a derivative passes through it.

    Subclass it and write `forward(ctx, *inputs)`, which gets arrays and returns an array, and
    `vjp(ctx, z_bar)`, which returns one cotangent for each positional input (None for a plain
    value). `jvp(ctx, *x_dots)` pushes tangents the other way. Use it with `.apply`; an `Op` is
    never instantiated. PyTorch's name for `vjp`, `backward`, is understood as well.

    >>> class Square(Op):
    ...     def forward(ctx, x):
    ...         ctx.save_for_backward(x)
    ...         return x * x
    ...     def vjp(ctx, z_bar):
    ...         (x,) = ctx.saved_tensors
    ...         return z_bar * 2 * x
    >>> from backprop_lab import tensor
    >>> x = tensor(3.0, requires_grad=True)
    >>> Square.apply(x).backward()
    >>> print(x.grad)
    6.0
    """

    symbol = None  # what pictures show; the class name if None
    local = "linear"  # what the local derivative is, in a word, where it is not one number
    broadcasts = (
        False  # may inputs be stretched? Then their cotangents are summed back by the engine
    )
    ours = False  # is it part of this package, where tests have held its rules to their contract?

    def __new__(cls, *args, **kwargs):
        raise TypeError(f"An Op is never instantiated. Write {cls.__name__}.apply(...).")

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        cls.ours = cls.__module__.startswith(f"{__package__}.")
        if "backward" in cls.__dict__ and "vjp" not in cls.__dict__:
            cls.vjp = cls.__dict__["backward"]
        for name in ("forward", "vjp", "jvp"):
            rule = cls.__dict__.get(name)
            if rule is not None:
                rule = rule.__func__ if isinstance(rule, staticmethod) else rule
                setattr(cls, name, staticmethod(rule if cls.ours else guarded(name, rule)))

    def forward(ctx, *inputs):
        raise RuleError(f"{ctx.op.__name__} has no forward: write forward(ctx, x, ...).")

    def vjp(ctx, z_bar):
        raise RuleError(f"{ctx.op.__name__} has no vjp: write vjp(ctx, z_bar) to go backward.")

    def jvp(ctx, *x_dots):
        raise RuleError(f"{ctx.op.__name__} has no jvp: write jvp(ctx, x_dot, ...).")

    @classmethod
    def apply(cls, *inputs, **options):
        """Run forward on the inputs' data; record a node if any of them requires a gradient."""
        if not cls.ours:
            inputs = tuple([x if isinstance(x, Tensor) else Plain(x) for x in inputs])
        arrays, needs = [], []
        for x in inputs:
            arrays.append(x.data)
            needs.append(x.requires_grad)
        node = Node()
        node.op = cls
        node.inputs = inputs
        node.needs_input_grad = tuple(needs)
        node.retained_by = None
        node.number = next(numbers)
        data = cls.forward(node, *arrays, **options) if options else cls.forward(node, *arrays)
        if WATCHED:
            check_value(node, data)
        z = new(Tensor)
        z.data = data
        z.requires_grad = True in needs and (not UNRECORDED or is_recording())
        z.grad_fn = node if z.requires_grad else None
        return z


def topological_order(output, until=()):
    """Every node that `output` depends on, each after the nodes that its inputs come from.

    An operator cannot run before its inputs exist, so the order in which the nodes were made is
    such an order. Nodes in `until`, and what only they depend on, are left out.
    Raises GradientError if somebody has tied the graph into a cycle.

    >>> from backprop_lab import tensor
    >>> x = tensor(3.0, requires_grad=True)
    >>> topological_order((x * x).exp())
    [<Multiply>, <Exp>]
    """
    found = {None, *until}
    nodes = [] if output.grad_fn in found else [output.grad_fn]
    found.update(nodes)
    for node in nodes:  # a list that grows while it is read: no recursion, however deep the graph
        for x in node.inputs:
            source = x.grad_fn
            if source is None:
                continue
            if source.number >= node.number:
                raise tied_by_hand(node, source)
            if source not in found:
                found.add(source)
                nodes.append(source)
    return sorted(nodes, key=attrgetter("number"))


def reverse_sweep(output, cotangents, until=(), quiet=False):
    """Carry cotangents from `output` back to its leaves, one message at a time.

    Arguments: output (a tensor with a graph), cotangents (a dict that holds one entry, from the
    output's grad_fn to its cotangent: an array of the output's shape, or a Tensor, if the sweep is
    to be recorded like any other computation and so have derivatives of its own), until (nodes at
    which to stop), quiet (yield nothing, where nobody looks). When the sweep is over, `cotangents`
    holds those of the leaves.
    Yields (node, slot, x_bar, total) for every message: the node that sent it, which of its
    inputs it is for, the message, and the sum of all messages that this input has had so far.
    A node speaks once, after all of its readers. (Griewank and Walther 2008, table 3.2.)

    >>> from backprop_lab import tensor
    >>> x = tensor(3.0, requires_grad=True)
    >>> y = x * x
    >>> for node, slot, x_bar, total in reverse_sweep(y, {y.grad_fn: 1.0}):
    ...     print(node, slot, x_bar, total)
    <Multiply> 0 3.0 3.0
    <Multiply> 1 3.0 6.0
    """
    order = topological_order(output, until)
    recorded = any(isinstance(z_bar, Tensor) for z_bar in cotangents.values())
    tensors = results(order, output) if recorded else None
    for node in reversed(order):
        z_bar = cotangents.pop(node, None)
        if z_bar is None:  # its result has been told to require no gradient
            continue
        if node.retained_by:
            cotangents[node] = z_bar
        ctx = saving_tensors(node, tensors[node]) if recorded else node
        x_bars = node.op.vjp(ctx, z_bar)
        if type(x_bars) is not tuple:
            x_bars = (x_bars,)
        slot = 0
        for x in node.inputs:
            if node.needs_input_grad[slot]:
                x_bar = x_bars[slot]
                if type(x_bar) is not float64 or type(x.data) is not float64:
                    x_bar = check_cotangent(node, slot, x_bar)
                if WATCHED:
                    check_value(node, x_bar, slot)
                source = x.grad_fn or x
                before = cotangents.get(source)
                cotangents[source] = total = x_bar if before is None else before + x_bar
                if not quiet:
                    yield node, slot, x_bar, total
            slot += 1


def forward_sweep(output, x_dots):
    """Push tangents towards `output`: the same loop, in the other order.

    Arguments: output (a tensor with a graph), x_dots (a dict from tensors to how fast they move:
    arrays of their shapes, or Tensors if the sweep is to be recorded; leaves that are left out
    stand still).
    Yields (node, z_dot) for every node that moves, inputs first.

    >>> from backprop_lab import tensor
    >>> x = tensor(3.0, requires_grad=True)
    >>> list(forward_sweep(x * x, {x: 1.0}))
    [(<Multiply>, np.float64(6.0))]
    """
    tangents = {x.grad_fn or x: x_dot for x, x_dot in x_dots.items()}
    order = topological_order(output, until=[x.grad_fn for x in x_dots])
    tensors = results(order, output)
    recorded = any(isinstance(x_dot, Tensor) for x_dot in x_dots.values())
    for node in order:
        sources = [x.grad_fn or x for x in node.inputs]
        if any(source in tangents for source in sources):
            ctx = saving_tensors(node, tensors[node]) if recorded else node
            arriving = [
                tangents.get(source, None if isinstance(x, Plain) else np.zeros_like(x.data))
                for source, x in zip(sources, node.inputs, strict=True)
            ]
            z_dot = check_tangent(node, tensors[node], node.op.jvp(ctx, *arriving))
            tangents[node] = z_dot
            yield node, z_dot


def results(order, output):
    """The tensor that each node made, as {node: tensor}. (A node does not hold its own result.)"""
    made = {x.grad_fn: x for node in order for x in node.inputs}
    made[output.grad_fn] = output
    return made


def saving_tensors(node, result):
    """The node as a `ctx` for a sweep that is recorded: what it saved, as tensors of the graph.

    Inputs and the output are known by identity; anything else that was saved stays a constant.
    Raises GradientError if an input no longer holds what the node was given.
    """
    known = {}
    for slot, x in enumerate(node.inputs):
        if isinstance(x, Tensor):
            replaced = not node.op.ours and x.data is not node.given[slot]
            if replaced or known.setdefault(id(x.data), x) is not x:
                raise changed_since(node, x)
    known.setdefault(id(result.data), result)
    ctx = copy(node)
    ctx.saved_tensors = tuple([known.get(id(array), array) for array in node.saved_tensors])
    if node.op.ours and not all(isinstance(x, Tensor) for x in ctx.saved_tensors):
        raise changed_since(node, result)  # ours save inputs and outputs only
    return ctx
