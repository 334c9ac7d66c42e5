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
    check_cotangents,
    check_result,
    check_seed,
    check_tangent,
    describe,
)


class Tensor:
    """A value in a graph: an edge, carrying data from the node that made it to its readers.

    Arguments: data (array or NumPy scalar), requires_grad, name (for pictures and messages),
    kind ("input", "weight" or "constant"; matters for leaves only). Make one with
    `backprop_lab.tensor` or `backprop_lab.parameter`. Operators and methods come from `ops`.

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
        for leaf, total in totals.items():
            # A copy, because rules may hand the same array to two inputs.
            leaf.grad = total.copy() if leaf.grad is None else leaf.grad + total
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

    def __float__(self):
        return float(self.item())

    def __bool__(self):
        return bool(self.item())

    def __array__(self, dtype=None, copy=None):
        return np.array(self.numpy(), dtype=dtype, copy=copy)


def tensor(data, requires_grad=False, name=None):
    """An input of a computation: a leaf tensor with a copy of `data`.

    Arguments: data (number, nested list or array; Python numbers become float64, arrays keep
    their dtype), requires_grad (record what is done with it), name (shown in pictures).
    Raises TypeError for data that is not numbers, or integers with requires_grad=True.

    >>> tensor([1, 2], name="x")
    tensor([1., 2.], name='x')
    """
    if isinstance(data, Tensor):
        raise TypeError(
            f"{describe(data)} is a tensor already, and wrapping it again would cut the graph. "
            "Use it as it is, or .detach() for a copy that gradients do not pass."
        )
    array = np.array(data) if isinstance(data, (np.ndarray, np.generic)) else from_python(data)
    if array.dtype.kind not in "biuf":
        raise TypeError(f"A tensor holds real numbers; this data has dtype {array.dtype}.")
    if requires_grad and array.dtype.kind != "f":
        raise TypeError(
            f"Only floating-point data can require a gradient; this is {array.dtype}: integers "
            "cannot be nudged by a small amount. Convert it first: data.astype(float)."
        )
    return Tensor(array[()], requires_grad, name, "input")


def parameter(data, name=None):
    """A weight: a leaf tensor that is to be learned, so it always requires a gradient.

    Arguments and errors as for `tensor`.

    >>> parameter(0.5, name="w")
    tensor(0.5, name='w', requires_grad=True)
    """
    weight = tensor(data, requires_grad=True, name=name)
    weight.kind = "weight"
    return weight


def from_python(data):
    """Python numbers, alone or in nested lists, as float64."""
    try:
        array = np.array(data)
    except ValueError:
        array = np.array(None)  # lists of unequal length
    if array.dtype.kind not in "biuf":
        raise TypeError(
            "A tensor needs a number, an array, or lists of equal length with numbers in them; "
            f"this {type(data).__name__} is none of these: {str(data)[:60]}"
        )
    return array.astype(np.float64)


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
        data = cls.forward(node, *arrays, **options)
        if not isinstance(data, (np.ndarray, np.generic)):
            data = check_result(cls, data)
        node.shape, node.dtype = data.shape, data.dtype
        if True in node.needs_input_grad and recording.on:
            return Tensor(data, requires_grad=True, grad_fn=node)
        return Tensor(data)


class _Recording(threading.local):
    on = True


recording = _Recording()


class no_grad:
    """Within this context nothing is recorded (in this thread only, as in PyTorch).

    >>> x = tensor(3.0, requires_grad=True)
    >>> with no_grad():
    ...     y = x * x
    >>> y.requires_grad
    False
    """

    def __enter__(self):
        self.before = recording.on
        recording.on = False

    def __exit__(self, *exception):
        recording.on = self.before


def topological_order(output):
    """Every node that `output` depends on, each after the nodes that its inputs come from.

    Iterative, so that depth is bounded by memory and not by Python's recursion limit.
    Raises GradientError if somebody has tied the graph into a cycle.

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

    >>> x = tensor(3.0, requires_grad=True)
    >>> [print(node, slot, x_bar, total) for node, slot, x_bar, total in reverse_sweep(x * x, 1.0)]
    <Multiply> 0 3.0 3.0
    <Multiply> 1 3.0 6.0
    [None, None]
    """
    cotangents = {output.grad_fn: gradient}
    for node in reversed(topological_order(output)):
        z_bar = cotangents.pop(node)
        for slot, x_bar in enumerate(check_cotangents(node, node.op.vjp(node, z_bar))):
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
