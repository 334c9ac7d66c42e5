"""An operator of ours as one of PyTorch's: what crosses the border is converted, both ways.

Forward, tensors of PyTorch become leaves of ours, our operator runs on them and leaves its graph
behind. That graph is kept, and each derivative is one of its sweeps, which is a computation on
our tensors again and crosses in the same way: so there are derivatives of every order, and no
rule of the operator ever runs twice for one.
"""

import numpy as np
import torch
from torch.autograd.forward_ad import unpack_dual

from ..engine import Op, Tensor, exhaust, forward_sweep, reverse_sweep
from ..errors import DataError, GradientError, RuleError, a_kind_of
from ..modes import differentiating, recorded


def as_torch_function(op):
    """A torch.autograd.Function that computes what `op` does, by the rules of `op`.

    Arguments: op (an `Op`; or a function of our tensors, such as ops.softmax). The result is used
    as any Function is, `.apply(x, ...)`, with options by name if `op` takes any. Inputs and
    gradients are converted at the border, on the CPU, whatever device they are on; dtypes are
    kept. It can be differentiated as often as PyTorch's own, forward (`jvp`) as well as backward.
    What the rules have saved is freed with the result, and not, as in PyTorch, by backward().
    (Rules that use nothing but operators and methods which both kinds of tensor have do not need
    it: for those it is enough to write torch.autograd.Function instead of Op.)
    Raises DataError if `op` is neither; its `.apply` raises what `op` does.

    >>> from backprop_lab import ops
    >>> Exp = as_torch_function(ops.exp)
    >>> x = torch.tensor([0.0, 1.0], requires_grad=True)
    >>> Exp.apply(x).sum().backward()
    >>> x.grad
    tensor([1.0000, 2.7183])
    """
    is_op = isinstance(op, type) and issubclass(op, Op)
    if not is_op and (isinstance(op, type) or not callable(op)):
        what = op.__name__ if isinstance(op, type) else a_kind_of(op)
        raise DataError(
            f"as_torch_function takes an Op, class MyOp(bl.Op), or a function of tensors such as "
            f"ops.exp; this is {what}."
        )

    def compute(*xs, **options):
        return (result_of(op, xs, options) if is_op else op(*xs, **options),)

    made = crossing(getattr(op, "__name__", "Crossing"), compute, op.__doc__)
    if is_op and op.jvp is Op.jvp:  # then PyTorch is to know that there is none
        made.jvp = torch.autograd.Function.jvp
    return made


def result_of(op, xs, options):
    """One operator of ours, whose own checks stand in the function beside it."""
    if op.ours and not all(isinstance(x, Tensor) for x in xs):
        raise DataError(
            f"{op.__name__}.apply takes tensors by position, and options by name: "
            f"{op.__name__}.apply(x, axis=0). What is neither was {a_kind_of(xs[-1])}."
        )
    return op.apply(*xs, **options)


def crossing(name, compute, doc=None):
    """The class of Functions that carry one computation of ours across."""

    def apply(cls, *xs, **options):
        if xs and isinstance(xs[-1], Piece):  # a transform of torch.func, one level further in
            return super(made, cls).apply(*xs)
        for x in xs:
            refuse_hidden_tensors(name, x)
        for key, option in options.items():
            refuse_hidden_tensors(name, [option], f"as {key}=")
        ours = {key: numpy_of(option) for key, option in options.items()}
        return super(made, cls).apply(*xs, Piece(name, lambda *ts: compute(*ts, **ours), xs))

    made = type(name, (Crossing,), {"apply": classmethod(apply), "__doc__": doc})
    return made


class Piece:
    """A part of a graph of ours, with tensors of PyTorch at its ends.

    Arguments: name, compute (from our tensors to a tuple of ours), xs (what it will be given),
    stand_ins (tensors of ours that stand for the last of xs already, in a graph of ours),
    devices (where each result goes; all to that of the first tensor if left out).
    """

    def __init__(self, name, compute, xs, stand_ins=(), devices=None):
        self.name, self.compute, self.stand_ins = name, compute, stand_ins
        self.slots = [i for i, x in enumerate(xs) if isinstance(x, torch.Tensor)]
        self.needed = [needs_a_derivative(x) for x in xs]
        self.devices = devices or [xs[i].device for i in self.slots[:1]] or ["cpu"]
        self.input_devices = [xs[i].device for i in self.slots]

    def run(self, *xs):
        """Results as tensors of PyTorch; the graph of ours stays in here."""
        new = len(xs) - len(self.stand_ins)
        given = [
            leaf(x, needed) if isinstance(x, torch.Tensor) else x
            for x, needed in zip(xs[:new], self.needed[:new], strict=True)
        ]
        self.given = [*given, *self.stand_ins]
        with recorded(), differentiating():
            self.results = self.compute(*given)
        self.results = [
            x if x is None or isinstance(x, Tensor) else Tensor(np.asarray(x)[()])
            for x in self.results
        ]
        devices = self.devices * (len(self.results) if len(self.devices) == 1 else 1)
        return tuple(map(to_torch, self.results, devices))

    @property
    def tensors(self):
        """Our tensors that stand for those of PyTorch."""
        return [self.given[i] for i in self.slots]

    def back(self, z_bars, xs, wanted):
        """The reverse sweep as a piece: from the cotangents of the results, and the inputs."""
        sources, again = self.tensors, torch.is_grad_enabled()

        def pull_back(*z_bars):
            totals = {}
            for z, z_bar in zip(self.results, z_bars, strict=True):
                if z is None or not z.requires_grad:
                    continue
                cotangents = {z.grad_fn or z: z_bar if again else z_bar.data}
                exhaust(reverse_sweep(z, cotangents, quiet=True))
                for x in sources:
                    if x in cotangents:
                        before = totals.get(x)
                        totals[x] = cotangents[x] if before is None else before + cotangents[x]
            return [
                totals.get(x) if want else None for x, want in zip(sources, wanted, strict=True)
            ]

        return Piece(f"{self.name}Backward", pull_back, [*z_bars, *xs], sources, self.input_devices)

    def forth(self, x_dots, xs):
        """The forward sweep as a piece: from the tangents of the inputs, and the inputs."""
        sources = self.tensors

        def push_forward(*x_dots):
            tangents = dict(zip(sources, x_dots, strict=True))
            tangents = {x: x_dot for x, x_dot in tangents.items() if x.dtype.kind == "f"}
            (z,) = self.results
            z_dot = tangents.get(z)
            for node, moved in forward_sweep(z, tangents):
                z_dot = moved if node is z.grad_fn else z_dot
            return (np.zeros_like(z.data) if z_dot is None else z_dot,)

        return Piece(f"{self.name}Forward", push_forward, [*x_dots, *xs], sources, self.devices)


class Crossing(torch.autograd.Function):
    """What all of them have in common. The last input is the `Piece` to run."""

    @staticmethod
    def forward(*given):
        *xs, piece = given
        results = piece.run(*xs)
        return results if len(results) > 1 else results[0]

    @staticmethod
    def setup_context(ctx, inputs, output):
        *xs, ctx.piece = inputs
        tensors = [xs[i] for i in ctx.piece.slots]
        ctx.save_for_backward(*tensors)  # PyTorch sees to it that nobody has changed them since
        ctx.save_for_forward(*tensors)
        ctx.count = len(xs)

    @staticmethod
    def backward(ctx, *z_bars):
        piece, xs = ctx.piece, ctx.saved_tensors
        wanted = [ctx.needs_input_grad[i] for i in piece.slots]
        back = piece.back(z_bars, xs, wanted)
        x_bars = carried(back, *z_bars, *xs)
        found = [None] * (ctx.count + 1)
        for i, x_bar in zip(piece.slots, x_bars, strict=True):
            found[i] = x_bar
        return tuple(found)

    @staticmethod
    def jvp(ctx, *x_dots):
        piece, xs = ctx.piece, ctx.saved_tensors
        x_dots = [
            torch.zeros_like(x) if x_dots[i] is None else x_dots[i]
            for i, x in zip(piece.slots, xs, strict=True)
        ]
        (z_dot,) = carried(piece.forth(x_dots, xs), *x_dots, *xs)
        return z_dot


def carried(piece, *xs):
    """The results of a piece, always as a tuple."""
    results = type(piece.name, (Crossing,), {}).apply(*xs, piece)
    return results if isinstance(results, tuple) else (results,)


def leaf(x, needed):
    """A leaf of ours with the numbers of a tensor of PyTorch, in the same memory on the CPU."""
    return Tensor(numpy_of(x)[()], needed, kind="input")


def needs_a_derivative(x):
    """Whether anything will be asked of this input: backward, or by its tangent."""
    if not isinstance(x, torch.Tensor) or not x.is_floating_point():
        return False
    return x.requires_grad or unpack_dual(x).tangent is not None


def numpy_of(x):
    """A tensor of PyTorch as an array; anything else as it is."""
    if not isinstance(x, torch.Tensor):
        return x
    try:
        return x.detach().cpu().numpy()
    except TypeError:
        raise DataError(
            f"NumPy has no {x.dtype}, so a tensor of it cannot cross. Convert it first: x.float()."
        ) from None


def to_torch(x, device):
    """A copy: nothing that PyTorch does to it in place reaches our graph."""
    if x is None:
        return None
    try:
        return torch.from_numpy(np.array(x.data, order="C")).to(device)
    except TypeError:
        raise RuleError(
            f"{x.dtype} cannot cross: PyTorch has no such dtype. Return float64 or float32."
        ) from None


def refuse_hidden_tensors(name, x, where="in a list"):
    """PyTorch looks for tensors among the inputs only: not in lists, not under names."""
    for part in x if isinstance(x, (list, tuple)) else ():
        if isinstance(part, torch.Tensor) and part.requires_grad:
            raise GradientError(
                f"{name}.apply was given a tensor that requires a gradient {where}: only what is "
                f"given by position gets one. Give each of them as an input: {name}.apply(x, y)."
            )
