"""The engine: tensors are the edges, nodes are the operators, and two sweeps run over them.

Forward, every operator that runs leaves a `Node` behind: what ran, what it was given, what it
saved. Backward, `reverse_sweep` walks the same nodes in the opposite order and asks each one a
single question: if the output moves this much per unit of your result, how much does it move
per unit of each thing you were given?

The words are the field's: a value x, its tangent x_dot (how fast x moves), its cotangent x_bar
(how much the output moves per unit of x). See Griewank and Walther, "Evaluating Derivatives"
(2008), chapter 3.
"""

import threading

import numpy as np

from .errors import (
    GradientError,
    RuleError,
    ShapeError,
    call_rule,
    check_cotangents,
    check_result,
    check_seed,
    check_tangent,
    describe,
    locked,
)


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
        "__weakref__", "data", "grad", "grad_fn", "kind", "name", "requires_grad", "seed",
    )  # fmt: skip

    def __init__(self, data, requires_grad=False, name=None, kind="constant", grad_fn=None):
        self.data = data
        self.requires_grad = requires_grad
        self.name = name
        self.kind = kind
        self.grad_fn = grad_fn  # the Node that made this tensor; None for a leaf
        self.grad = None  # what backward() has added up so far, an array like data; leaves only
        self.seed = None  # the gradient backward() last started from, so that it can be replayed

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

    def item(self):
        """The one number of a tensor with one entry, as a Python number."""
        if self.data.size != 1:
            raise ShapeError(
                f"item() needs exactly one number; {describe(self)} has {self.data.size}. "
                "Reduce it first, with .sum() or .mean() for instance."
            )
        return self.data.item()

    def numpy(self):
        """The data as an array. Refused while a gradient is required, as in PyTorch."""
        if self.requires_grad:
            raise GradientError(
                f"{describe(self)} is being recorded, and NumPy would work on it unseen: "
                "the gradient would stop here. Write .detach().numpy() if that is what you want."
            )
        return np.asarray(self.data)

    def detach(self):
        """The same data, outside the graph: no gradient flows back through it."""
        return Tensor(self.data, name=self.name)

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
        totals = {self: gradient} if self.is_leaf else {}
        for node, slot, _, total in reverse_sweep(self, gradient):
            if node.inputs[slot].is_leaf:
                totals[node.inputs[slot]] = total
        sums = [(leaf, leaf.grad_plus(total)) for leaf, total in totals.items()]
        for leaf, grad in sums:
            leaf.grad = grad
        self.seed = gradient

    def __repr__(self):
        if self.data.size <= 6:
            what = np.array2string(self.data, precision=4, separator=", ").replace("\n", "")
        else:
            what = f"shape={self.shape}, dtype={self.dtype}"
        if self.name:
            what += f", name={self.name!r}"
        if self.grad_fn is not None:
            what += f", grad_fn={self.grad_fn.op.__name__}"
        elif self.requires_grad:
            what += ", requires_grad=True"
        return f"tensor({what})"

    def grad_plus(self, total):
        """`.grad` with one more sum added to it, as an array of its own."""
        if self.grad is None:
            return total.copy()  # rules may have handed the same array to two inputs
        if np.shape(self.grad) != self.shape:
            raise ShapeError(
                f"The .grad of {describe(self)} has shape {np.shape(self.grad)}, so nothing can be "
                "added to it. Set it to None to start afresh."
            )
        return self.grad + total

    def __float__(self):
        return float(self.item())

    def __bool__(self):
        return bool(self.item())

    def __array__(self, dtype=None, copy=None):
        return np.array(self.numpy(), dtype=dtype, copy=copy)


class Node:
    """One application of an operator, and the `ctx` that its rules receive.

    Attributes: op (the `Op` subclass), inputs (what it was given, in order: tensors, and plain
    values that take no part in differentiation), needs_input_grad (one bool for each input),
    saved_tensors (arrays kept for the rules), shape and dtype (of the result). A rule may hang
    other things on it, such as `ctx.axis = axis`.
    """

    def __init__(self, op, inputs):
        self.op = op
        self.inputs = inputs
        self.needs_input_grad = tuple([isinstance(x, Tensor) and x.requires_grad for x in inputs])
        self.saved_tensors = ()

    def save_for_backward(self, *arrays):
        """Keep arrays for vjp and jvp: inputs of the op, its output, or constants."""
        self.saved_tensors = arrays

    def __repr__(self):
        return f"<{self.op.__name__}>"


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

    def __new__(cls, *args, **kwargs):
        raise TypeError(f"An Op is never instantiated. Write {cls.__name__}.apply(...).")

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        if "backward" in cls.__dict__ and "vjp" not in cls.__dict__:
            cls.vjp = cls.__dict__["backward"]
        for name in ("forward", "vjp", "jvp"):
            rule = cls.__dict__.get(name)
            if rule is not None and not isinstance(rule, staticmethod):
                setattr(cls, name, staticmethod(rule))

    def forward(ctx, *inputs):
        raise RuleError(f"{ctx.op.__name__} has no forward: write forward(ctx, x, ...).")

    def vjp(ctx, z_bar):
        raise RuleError(f"{ctx.op.__name__} has no vjp: write vjp(ctx, z_bar) to go backward.")

    def jvp(ctx, *x_dots):
        raise RuleError(f"{ctx.op.__name__} has no jvp: write jvp(ctx, x_dot, ...).")

    @classmethod
    def apply(cls, *inputs, **options):
        """Run forward on the inputs' data; record a node if any of them requires a gradient."""
        node = Node(cls, inputs)
        arrays = [x.data if isinstance(x, Tensor) else x for x in inputs]
        if cls.__module__.startswith(__package__):
            data = cls.forward(node, *arrays, **options)
        else:  # a rule that is being learned: see that it leaves its inputs alone
            with locked(arrays):
                data = check_result(cls, call_rule(cls, "forward", node, *arrays, **options))
        node.shape, node.dtype = data.shape, data.dtype
        if True in node.needs_input_grad and recording.on:
            return Tensor(data, requires_grad=True, grad_fn=node)
        return Tensor(data)


class _Recording(threading.local):
    on = True


recording = _Recording()


class no_grad:
    """Within this context nothing is recorded (in this thread only, as in PyTorch).

    >>> from backprop_lab import tensor
    >>> x = tensor(3.0, requires_grad=True)
    >>> with no_grad():
    ...     y = x * x
    >>> y.requires_grad
    False
    """

    def __init__(self):
        self.before = []  # one entry for each block that is open, since blocks may nest

    def __enter__(self):
        self.before.append(recording.on)
        recording.on = False

    def __exit__(self, *exception):
        recording.on = self.before.pop()


def topological_order(output):
    """Every node that `output` depends on, each after the nodes that its inputs come from.

    Iterative, so that depth is bounded by memory and not by Python's recursion limit.
    Raises GradientError if somebody has tied the graph into a cycle.

    >>> from backprop_lab import tensor
    >>> x = tensor(3.0, requires_grad=True)
    >>> topological_order((x * x).exp())
    [<Multiply>, <Exp>]
    """
    order, started, finished = [], set(), set()
    stack = [output.grad_fn] if output.grad_fn else []
    while stack:
        node = stack[-1]
        if node in started:  # back on top: everything it depends on is in the order by now
            stack.pop()
            if node not in finished:
                finished.add(node)
                order.append(node)
            continue
        started.add(node)
        for x in reversed(node.inputs):
            source = x.grad_fn if isinstance(x, Tensor) else None
            if source is None or source in finished:
                continue
            if source in started:  # started, not finished: it waits for the node that reads it
                raise GradientError(
                    f"{source} depends on its own result: the graph has a cycle, so no order can "
                    "put inputs before their readers. Graphs made by running operators have none; "
                    "look for an assignment to node.inputs."
                )
            stack.append(source)
    return order


def reverse_sweep(output, gradient):
    """Carry cotangents from `output` back to its leaves, one message at a time.

    Arguments: output (a tensor with a graph), gradient (its cotangent, an array of its shape).
    Yields (node, slot, x_bar, total) for every message: the node that sent it, which of its
    inputs it is for, the message, and the sum of all messages that this input has had so far.
    A node speaks once, after all of its readers. (Griewank and Walther 2008, table 3.2.)

    >>> from backprop_lab import tensor
    >>> x = tensor(3.0, requires_grad=True)
    >>> [print(node, slot, x_bar, total) for node, slot, x_bar, total in reverse_sweep(x * x, 1.0)]
    <Multiply> 0 3.0 3.0
    <Multiply> 1 3.0 6.0
    [None, None]
    """
    cotangents = {output.grad_fn: gradient}
    for node in reversed(topological_order(output)):
        z_bar = cotangents.pop(node)
        x_bars = check_cotangents(node, call_rule(node.op, "vjp", node, z_bar))
        for slot, x_bar in enumerate(x_bars):
            if node.needs_input_grad[slot]:
                x = node.inputs[slot]
                source = x.grad_fn or x
                if source in cotangents:
                    cotangents[source] = cotangents[source] + x_bar
                else:
                    cotangents[source] = x_bar
                yield node, slot, x_bar, cotangents[source]


def forward_sweep(output, x_dots):
    """Push tangents from the leaves to `output`: the same loop, in the other order.

    Arguments: output (a tensor with a graph), x_dots (a dict from leaf tensors to arrays of
    their shapes; a leaf that is left out stands still).
    Yields (node, z_dot) for every node, inputs first; the last z_dot belongs to `output`.

    >>> from backprop_lab import tensor
    >>> x = tensor(3.0, requires_grad=True)
    >>> list(forward_sweep(x * x, {x: 1.0}))
    [(<Multiply>, np.float64(6.0))]
    """
    tangents = dict(x_dots)
    for node in topological_order(output):
        x_dots = [
            tangents.get(x.grad_fn or x, np.zeros_like(x.data)) if isinstance(x, Tensor) else None
            for x in node.inputs
        ]
        tangents[node] = check_tangent(node, node.op.jvp(node, *x_dots))
        yield node, tangents[node]
