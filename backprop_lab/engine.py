"""The engine: tensors are the edges, nodes are the operators, and two sweeps run over them.

Forward, every operator that runs leaves a `Node` behind: what ran, what it was given, what it
saved. Backward, `reverse_sweep` walks the same nodes in the opposite order and asks each one a
single question: if the output moves this much per unit of your result, how much does it move
per unit of each thing you were given?

The words are the field's: a value x, its tangent x_dot (how fast x moves), its cotangent x_bar
(how much the output moves per unit of x). See Griewank and Walther, "Evaluating Derivatives"
(2008), chapter 3.
"""

from itertools import count
from weakref import ref

import numpy as np
from numpy import float64

from .anomaly import look_at
from .errors import Foreign, GradientError, RuleError, describe, no_array, no_data
from .modes import GROUPS, UNRECORDED, WATCHED, is_recording
from .node import Node, Plain
from .rules import check_grad, check_options, check_seed, guarded, of_data
from .sweeps import exhaust, forward_sweep, reverse_sweep, topological_order

__all__ = [
    "Node", "Op", "Plain", "Tensor", "exhaust", "forward_sweep", "reverse_sweep", "run",
    "topological_order",
]  # fmt: skip


class Tensor(Foreign):
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
        "grad",  # what backward() has added up so far, an array like data
        "grad_fn",  # the Node that made this tensor; None for a leaf
        "kind",
        "name",
        "requires_grad",
        "seed",  # the gradient backward() last started from, so that it can be replayed
    )

    def __init__(self, data, requires_grad=False, name=None, kind="constant"):
        if type(data) is not float64 and not isinstance(data, (np.ndarray, np.generic)):
            raise no_array(data)
        self.data = data
        self.requires_grad = requires_grad
        self.name = name
        self.kind = kind
        self.grad = self.grad_fn = self.seed = None

    @property
    def is_leaf(self):
        """True if no recorded operator made this tensor."""
        return self.grad_fn is None

    shape, ndim = of_data("shape"), of_data("ndim")
    size, dtype = of_data("size"), of_data("dtype")

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
            x = x.retained_by() if type(x) is Node else x
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
        grad = self.grad
        if grad is None:  # rules may have handed on what they were given, or a view of it
            if total.base is None and id(total) not in held:
                held.add(id(total))
                return total
            return total.copy()
        if type(grad) is not type(total) or grad.shape != total.shape or grad.dtype != total.dtype:
            grad = check_grad(self)
        return grad + total


numbers = count()
new = object.__new__  # without __init__, which would take a fifth of an operator's time

OURS = (f"{__package__}.ops.", f"{__package__}.transforms")


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
    ours = False  # is it one of ops/ and transforms, whose rules tests hold to their contract?

    def __new__(cls, *args, **kwargs):
        raise RuleError(f"An Op is never instantiated. Write {cls.__name__}.apply(...).")

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        cls.ours = cls.__module__.startswith(OURS)
        if "backward" in cls.__dict__ and "vjp" not in cls.__dict__:
            cls.vjp = cls.__dict__["backward"]
        for name in ("forward", "vjp", "jvp"):
            rule = cls.__dict__.get(name)
            if rule is not None:
                rule = rule.__func__ if isinstance(rule, (staticmethod, classmethod)) else rule
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
            check_options(cls, options)
        return run(cls, inputs, options)


def run(op, inputs, options=None):
    """What `apply` does, for inputs that are tensors (or Plain) already."""
    node = Node()
    node.op = op
    node.inputs = inputs
    node.number = next(numbers)
    node.retained_by = None
    node.saved_tensors = ()
    try:
        if len(inputs) == 2 and not options:  # said outright: a star would cost it a tenth
            x, y = inputs
            node.needs_input_grad = needs = x.requires_grad, y.requires_grad
            data = op.forward(node, x.data, y.data)
        elif len(inputs) == 1 and not options:
            (x,) = inputs
            node.needs_input_grad = needs = (x.requires_grad,)
            data = op.forward(node, x.data)
        else:
            node.needs_input_grad = needs = tuple([x.requires_grad for x in inputs])
            data = op.forward(node, *[x.data for x in inputs], **(options or {}))
    except (AttributeError, TypeError):
        if no_data(*inputs):
            raise no_data(*inputs) from None
        raise
    if not op.ours:  # a second derivative asks whether they are still what they were
        node.given = tuple([x.data for x in inputs])
    if WATCHED or GROUPS:
        look_at(node, data)
    z = new(Tensor)
    z.data = data
    z.requires_grad = recorded = True in needs and (not UNRECORDED or is_recording())
    z.grad_fn = node if recorded else None
    z.grad = z.name = z.seed = None
    z.kind = "constant"
    return z
