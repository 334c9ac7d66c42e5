"""A Function under test: run on fresh inputs, as often as anybody likes, at several points."""

from functools import cached_property

import torch

from .runs import MISSING, Run, Stopped, copied, is_tensor, seeded, watched


class Trial:
    """A Function with the inputs that it is tested on.

    Attributes: function, inputs (as given, on the device), slots (the positions of those
    to differentiate by: the tensors that require a gradient; if none does, all that are floating
    point), single (were any of them raised to float64?), deliberate.
    """

    def __init__(self, function, inputs, device=None, deliberate=None):
        self.function, self.deliberate = function, deliberate
        self.inputs = [at_rest(x, device) for x in inputs]
        floats = [i for i, x in enumerate(inputs) if is_tensor(x) and x.is_floating_point()]
        asked = [i for i in floats if inputs[i].requires_grad]
        self.slots = asked or floats
        self.single = [i for i in floats if inputs[i].dtype != torch.float64]

    def double(self):
        """The inputs with every floating-point tensor as float64."""
        return [x.double() if is_tensor(x) and x.is_floating_point() else x for x in self.inputs]

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
        with seeded(given) as drawn:
            try:
                result = function.apply(*given)
            except (Exception, SystemExit) as error:
                raise Stopped("forward", error, marks) from error
        return Run(leaves, tuple(given), before, result, calls, marks, bool(drawn))

    @cached_property
    def first(self):
        """One run forward and backward, with what came of it: (run, x_bars, seeds, error)."""
        run = self.run()
        seeds, x_bars, error = run.seeds(), None, None
        try:
            x_bars = run.back(seeds)
        except Stopped as stopped:
            error = stopped
        return run, x_bars, seeds, error

    @property
    def returned(self):
        """What backward returned in the first run, as a tuple; Stopped if it returned nothing."""
        run, _, _, error = self.first
        if not run.calls or run.calls[0].returned is MISSING:
            raise error or Stopped("backward")
        returned = run.calls[0].returned
        return returned if isinstance(returned, tuple) else (returned,)

    def gradients(self):
        """The cotangents by slot in the first run; Stopped if backward did not get through."""
        _, x_bars, _, error = self.first
        if error:
            raise error
        return x_bars

    def applied(self, *xs):
        """The moving outputs, for tensors in the slots: what a transform of PyTorch is given."""
        inputs = self.double()
        for i, x in zip(self.slots, xs, strict=True):
            inputs[i] = x.clone()
        with seeded(inputs):
            result = self.function.apply(*inputs)
        several = isinstance(result, (tuple, list))
        ys = [y for y in (result if several else [result]) if is_tensor(y)]
        return tuple(ys[k] for k in self.moving)

    @cached_property
    def moving(self):
        """Which of the outputs pass gradients, by position."""
        return [k for k, y in enumerate(self.first[0].outputs) if y.requires_grad]

    def points(self, count=3):
        """Inputs at several points: those given, and others near them, of the same signs."""
        yield self.double()
        for seed in range(1, count):
            random = torch.Generator().manual_seed(seed)
            moved = self.double()
            for i in self.slots:
                moved[i] = nearby(moved[i], random)
            yield moved


def at_rest(x, device):
    """An input without its graph, on the device that was asked for."""
    return x.detach().to(device) if is_tensor(x) else x


def nearby(x, random):
    """Another point of the same signs: entries up to a quarter off, small ones moved off zero."""
    noise = 2 * torch.rand(x.shape, generator=random, dtype=torch.float64).to(x.device) - 1
    sign = torch.where(x == 0, noise.sign(), x.sign())
    off_zero = sign * (x.abs() + 0.05 + 0.3 * noise.abs())
    return torch.where(x.abs() < 1e-3, off_zero, x * (1 + 0.25 * noise))
