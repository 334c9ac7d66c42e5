"""A Function under test: run on fresh inputs, as often as anybody likes, and watched."""

from contextlib import contextmanager
from dataclasses import dataclass, field

import torch

SEED = 0  # a Function that draws random numbers draws the same each time


class Stopped(Exception):
    """The Function raised, in a part of it: "forward", "backward". Its cause is what it raised."""

    def __init__(self, part):
        super().__init__(part)
        self.part = part


@dataclass
class Call:
    """One run of backward: what it was given, and what it returned."""

    given: tuple
    before: tuple  # copies of what was given, from before it ran
    returned: object = None


@dataclass
class Run:
    """One run of the Function: `leaves` (by slot), what `apply` was given, and what came out."""

    leaves: dict
    given: tuple
    before: tuple
    result: object
    calls: list
    marks: dict = field(default_factory=dict)

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

    def back(self, z_bars, again=False):
        """The cotangents of the leaves, by slot (None where none arrives)."""
        sources = [x for x in self.leaves.values() if x.requires_grad]
        try:
            x_bars = torch.autograd.grad(
                self.moving, sources, z_bars, allow_unused=True,
                create_graph=again, retain_graph=True,
            )  # fmt: skip
        except Exception as error:
            raise Stopped("backward") from error
        return dict(zip([i for i, x in self.leaves.items() if x.requires_grad], x_bars, strict=True))

    def seeds(self, seed=1):
        """A cotangent for each moving output: random, of both signs, none of them 1."""
        return [cotangent(y, seed + i) for i, y in enumerate(self.moving)]


class Trial:
    """A Function with the inputs that it is tested on.

    Attributes: function, name, inputs (as given, on the device), slots (the positions of those
    to differentiate by: the tensors that require a gradient; if none does, all that are floating
    point), single (were any of them raised to float64?), deliberate.
    """

    def __init__(self, function, inputs, device=None, deliberate=None):
        self.function, self.deliberate = function, deliberate
        self.name = getattr(function, "__name__", type(function).__name__)
        self.inputs = [at_rest(x, device) for x in inputs]
        floats = [
            i for i, x in enumerate(inputs) if is_tensor(x) and x.is_floating_point()
        ]
        asked = [i for i in floats if inputs[i].requires_grad]
        self.slots = asked or floats
        self.single = [i for i in floats if inputs[i].dtype != torch.float64]

    def double(self, inputs=None):
        """The inputs with every floating-point tensor as float64."""
        return [
            x.double() if is_tensor(x) and x.is_floating_point() else x
            for x in (self.inputs if inputs is None else inputs)
        ]

    def run(self, inputs=None, needed=None, watch=True, prepare=torch.clone):
        """Run the Function on copies of the inputs (float64 if left out).

        Arguments: needed (the slots that require a gradient; all if left out), watch (record what
        backward is given), prepare (what makes an input of a leaf; a clone, so that a Function may
        change it in place).
        """
        inputs = self.double() if inputs is None else inputs
        needed = self.slots if needed is None else needed
        calls, marks, function = [], {}, self.function
        if watch:
            function, calls, marks = watched(function)
        leaves = {i: inputs[i].detach().clone().requires_grad_(i in needed) for i in self.slots}
        given = [
            prepare(leaves[i]) if i in leaves else x.clone() if is_tensor(x) else x
            for i, x in enumerate(inputs)
        ]
        before = tuple(copied(x) for x in given)
        with seeded():
            try:
                result = function.apply(*given)
            except (Exception, SystemExit) as error:
                raise Stopped("forward") from error
        return Run(leaves, tuple(given), before, result, calls, marks)

    def points(self, count=3):
        """Inputs at several points: those given, and others near them, of the same signs."""
        yield self.double()
        for seed in range(1, count):
            random = torch.Generator().manual_seed(seed)
            moved = self.double()
            for i in self.slots:
                moved[i] = nearby(moved[i], random)
            yield moved


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


def at_rest(x, device):
    """An input without its graph, on the device that was asked for."""
    return x.detach().to(device) if is_tensor(x) else x


def nearby(x, random):
    """Another point: each entry up to a quarter larger or smaller, and zeros moved off zero."""
    noise = 2 * torch.rand(x.shape, generator=random, dtype=torch.float64).to(x.device) - 1
    return torch.where(x == 0, 0.3 * noise, x * (1 + 0.25 * noise))


def cotangent(y, seed):
    """Random numbers of the shape of y, between 0.3 and 1.7 in size, with both signs."""
    random = torch.Generator().manual_seed(seed)
    size = 0.3 + 1.4 * torch.rand(y.shape, generator=random, dtype=torch.float64)
    sign = torch.randint(0, 2, y.shape, generator=random) * 2 - 1
    return (size * sign).to(y.device, y.dtype)


@contextmanager
def seeded():
    """Within this context random numbers are always the same; outside, as if none were drawn."""
    with torch.random.fork_rng(enabled=True):
        torch.manual_seed(SEED)
        yield
