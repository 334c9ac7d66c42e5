"""What is drawn of PyTorch: a tensor, or what a module makes of an input."""

import inspect
import sys
from dataclasses import dataclass

from ..errors import DataError, GradientError, a_kind_of
from .keeping import kept_by
from .naming import Names, each_tensor, named_tensors
from .recorder import Recorder
from .recording import record_torch
from .walking import walk


@dataclass
class Source:
    """output: the torch tensor to draw; names: a Names; is_pair: was it a module's result?"""

    output: object
    names: Names
    is_pair: bool = False

    def recorder(self, local=False):
        """The Recorder that makes its Graph."""
        return Recorder(self.output, self.names, local)

    def operators(self, most):
        """What operators made on the way to it, in forward order; None if there are more."""
        return walk(self.output, most) if self.output.grad_fn is not None else []

    def expand(self, asked):
        """Which groups to open: a module is drawn folded unless something else is asked for."""
        return () if self.is_pair and asked is None else asked

    def title(self, inside=False):
        """What a sentence calls it, at its start or inside of it."""
        return self.names.name_of(self.output) or ("this tensor" if inside else "This tensor")

    def why_no_graph(self):
        """Why there is nothing to draw, as a sentence; None if there is."""
        return None if self.output.requires_grad else self.why_no_steps()

    def why_no_steps(self):
        """What a tensor without a grad_fn lacks."""
        if self.output.requires_grad:
            return (
                f"{self.title()} is a leaf: no operator made it, so it has no graph yet. Compute "
                "something from it, and show that."
            )
        return (
            f"{self.title()} has no graph: PyTorch records only what is computed from a tensor "
            "that requires a gradient, outside of no_grad(), and not detached. Make a leaf with "
            "requires_grad=True, and compute again."
        )

    def why_spent(self):
        """Why no reverse sweep can run, once PyTorch has freed the graph; None if it can."""
        for result in self.operators(None):
            if kept_by(result) is None and result.freed:
                return (
                    f"backward() has run through the graph of {self.title(inside=True)}, and "
                    "PyTorch has freed what its operators had saved: a graph is good for one "
                    "sweep. Compute it again, or keep it with backward(retain_graph=True)."
                )
        return None

    def can_start(self):
        """Is it clear what a reverse sweep starts from?"""
        return self.is_pair or self.output.shape == ()

    def why_no_sweep(self):
        """Why no reverse sweep starts at a tensor that is no scalar."""
        return (
            f"{self.title()} has shape {tuple(self.output.shape)}, and a reverse sweep starts by "
            "itself only from one number. Reduce it, with .sum() or .mean(), and show that."
        )

    def seed(self):
        """What the reverse sweep starts from: 1 for a scalar. What a module returned cannot be
        summed before it is drawn, so its sweep starts from ones, which comes to the same. Raises
        GradientError for any other tensor."""
        import torch

        if not self.can_start():
            raise GradientError(self.why_no_sweep())
        return torch.ones_like(self.output.detach())


def is_torch(what):
    """Is it something of PyTorch: a tensor, a module, or a pair of a module and its input?

    >>> is_torch(3.0), is_torch(("a", "b"))
    (False, False)
    """
    torch = sys.modules.get("torch")  # not imported: then it cannot be
    if torch is None or not hasattr(torch, "nn"):
        return False
    first = what[0] if isinstance(what, tuple) and len(what) == 2 else what
    kinds = (torch.nn.Module,) if first is not what else (torch.Tensor, torch.nn.Module)
    return isinstance(first, kinds)


def source_of(what, frame):
    """The Source of a torch tensor, or of a pair (module, input), which is run for that.

    Arguments: what, frame (whose variables name tensors).
    """
    import torch

    if isinstance(what, torch.Tensor):
        return Source(what, Names(frame))
    if isinstance(what, torch.nn.Module):
        raise DataError(
            f"{type(what).__name__} is a module, and a graph is made when it runs on an input. "
            "Give both as a pair: (module, input)."
        )
    return run(*what, frame)


def run(module, given, frame):
    """The Source of module(given): run and recorded as it stands, with its buffers left alone.

    A tuple is given as several arguments. Where several tensors come out, the first is taken.
    """
    import torch

    args = given if isinstance(given, tuple) else (given,)
    buffers = {name: x.clone() for name, x in module.named_buffers()}
    recording = record_torch()
    recording.modules.root, recording.modules.frame = module, None
    with torch.random.fork_rng(devices=[]), torch.enable_grad(), recording:
        found = torch.func.functional_call(module, buffers, args)
    output = first_tensor(found)
    if output is None:
        raise DataError(
            f"{type(module).__name__} returned {a_kind_of(found)}, in which there is no tensor to "
            "draw the graph of."
        )
    names = Names(frame, arguments(module, args) | dict(named_tensors(module)) | buffers)
    return Source(output, names, is_pair=True)


def first_tensor(found):
    """The first tensor in what a module returned: itself, or in a tuple, list or dict."""
    import torch

    todo = [found]
    while todo:
        x = todo.pop(0)
        if isinstance(x, torch.Tensor):
            return x
        parts = x.values() if isinstance(x, dict) else x if isinstance(x, (tuple, list)) else ()
        todo = [*parts, *todo]
    return None


def arguments(module, args):
    """The arguments of a module by the names that its forward has for them."""
    try:
        parameters = list(inspect.signature(module.forward).parameters)
    except (TypeError, ValueError):
        parameters = []
    return dict(each_tensor(zip(parameters, args, strict=False)))
