"""One run of a Function, watched: what it was given, what it marked, what backward returned."""

from contextlib import contextmanager
from dataclasses import dataclass, field

import torch

SEED = 0  # a Function that draws random numbers draws the same each time


class Stopped(Exception):
    """The Function raised, in a part of it ("forward", "backward"): `cause` is what it raised.

    `marks` is what it had marked on ctx by then.
    """

    def __init__(self, part, cause=None, marks=()):
        super().__init__(part)
        self.part, self.cause, self.marks = part, cause, dict(marks)


MISSING = object()  # what backward returned, if it did not get as far as that


@dataclass
class Call:
    """One run of backward: what it was given, and what it returned."""

    given: tuple
    before: tuple  # copies of what was given, from before it ran
    returned: object = MISSING


@dataclass
class Run:
    """One run of the Function.

    Attributes: leaves (by slot), given (to `apply`), before (copies of that), result, calls (of
    backward), marks (what it marked on ctx), is_random (did it draw random numbers?).
    """

    leaves: dict
    given: tuple
    before: tuple
    result: object
    calls: list
    marks: dict = field(default_factory=dict)
    is_random: bool = False

    @property
    def outputs(self):
        """Every tensor that came out."""
        several = isinstance(self.result, (tuple, list))
        return [y for y in (self.result if several else [self.result]) if is_tensor(y)]

    @property
    def moving(self):
        """Those of the outputs through which gradients pass."""
        return [y for y in self.outputs if y.requires_grad]

    @property
    def ctx(self):
        """The node of the graph: the object that forward and backward know as ctx."""
        nodes = [y.grad_fn for y in self.outputs if y.grad_fn is not None]
        own = [node for node in nodes if hasattr(node, "saved_tensors")]
        return own[0] if own else None

    def back(self, z_bars, again=False, as_they_are=False, only=None):
        """The cotangents of the leaves, by slot (None where none arrives).

        Arguments: z_bars, again (is the result to be differentiated in turn?), as_they_are (hand
        over z_bars themselves, where their order in memory matters; else copies), only (one of
        the outputs, by number, as if nobody had used the others).
        """
        ys = self.moving
        if only is not None:
            ys, z_bars = [ys[only]], [z_bars[only]]
        z_bars = z_bars if as_they_are else [z.clone() for z in z_bars]
        slots = [i for i, x in self.leaves.items() if x.requires_grad]
        sources = [self.leaves[i] for i in slots]
        options = {"allow_unused": True, "create_graph": again, "retain_graph": True}
        try:
            x_bars = torch.autograd.grad(ys, sources, z_bars, **options)
        except (Exception, SystemExit) as error:
            raise Stopped("backward", error) from error
        return dict(zip(slots, x_bars, strict=True))

    def seeds(self, seed=1):
        """A cotangent for each moving output: random, of both signs, none of them 1."""
        return [cotangent(y, seed + i) for i, y in enumerate(self.moving)]


def watched(function):
    """The same Function, the list of its backward runs, and what it marked on ctx."""
    calls, marks = [], {}
    by_vjp = function.vjp is not torch.autograd.Function.vjp
    rule = function.vjp if by_vjp else function.backward

    def backward(ctx, *z_bars):
        call = Call(z_bars, tuple(copied(z) for z in z_bars))
        calls.append(call)
        call.returned = rule(ctx, *z_bars)
        return call.returned

    def forward(ctx, *inputs):
        result = function.forward(ctx, *inputs)
        note(ctx)
        return result

    def setup_context(ctx, inputs, output):
        function.setup_context(ctx, inputs, output)
        note(ctx)

    def note(ctx):
        marks["dirty"] = tuple(ctx.dirty_tensors or ())
        marks["non_differentiable"] = tuple(ctx.non_differentiable or ())
        marks["saved"] = tuple(ctx.to_save or ())

    own = {"vjp" if by_vjp else "backward": staticmethod(backward)}
    if has_setup_context(function):
        own["setup_context"] = staticmethod(setup_context)
    else:
        own["forward"] = staticmethod(forward)
    return type(function.__name__, (function,), own), calls, marks


def has_setup_context(function):
    """Whether the Function is in the newer form, in which forward takes no ctx."""
    return function.setup_context is not torch.autograd.Function.setup_context


def is_tensor(x):
    return isinstance(x, torch.Tensor)


def copied(x):
    return x.detach().clone() if is_tensor(x) else x


def cotangent(y, seed):
    """Random numbers of the shape of y, between 0.3 and 1.7 in size, with both signs."""
    random = torch.Generator().manual_seed(seed)
    size = 0.3 + 1.4 * torch.rand(y.shape, generator=random, dtype=torch.float64)
    sign = torch.randint(0, 2, y.shape, generator=random) * 2 - 1
    return (size * sign).to(y.device, y.dtype)


@contextmanager
def seeded(inputs):
    """Within this context random numbers are always the same; outside, as if none were drawn.

    Gives a list that is empty still at the end if none were drawn.
    """
    places = {x.device.index or 0 for x in inputs if is_tensor(x) and x.is_cuda}
    generators = [torch.default_generator, *(torch.cuda.default_generators[i] for i in places)]
    states = [generator.get_state() for generator in generators]
    try:
        for generator in generators:
            generator.manual_seed(SEED)
        start = [generator.get_state() for generator in generators]
        yield (drawn := [])
        ends = [generator.get_state() for generator in generators]
        drawn += [1 for a, b in zip(start, ends, strict=True) if not torch.equal(a, b)]
    finally:
        for generator, state in zip(generators, states, strict=True):
            generator.set_state(state)
