"""torch.func: the form that it asks for, and whether grad and vmap give what they should."""

import inspect

import torch

from .card import FAILED, NOT_APPLICABLE, PASSED
from .runs import Stopped, has_setup_context
from .values import same, same_gradients
from .wording import what_it_raised


def setup_context(trial):
    """forward without ctx, and setup_context beside it."""
    if not has_setup_context(trial.function):
        return NOT_APPLICABLE, (
            "It is written in the older form, forward(ctx, ...): right for backward(), but "
            "torch.func asks for forward(x, ...) and setup_context(ctx, inputs, output)."
        )
    parameters = list(inspect.signature(trial.function.forward).parameters)
    if parameters[:1] == ["ctx"]:
        return FAILED, "Beside setup_context, forward takes the inputs alone, without ctx."
    return PASSED, "forward takes the inputs, and setup_context keeps what backward needs."


def func_grad(trial):
    """torch.func gives the same gradients as backward."""
    if not has_setup_context(trial.function):
        return NOT_APPLICABLE, "torch.func asks for setup_context."
    x_bars = trial.gradients()
    inputs, (_, _, seeds, _) = trial.double(), trial.first

    def weighed(*xs):
        return sum((y * z).sum() for y, z in zip(trial.applied(*xs), seeds, strict=True))

    try:
        every = tuple(range(len(trial.slots)))
        found = torch.func.grad(weighed, every)(*[inputs[i] for i in trial.slots])
    except Exception as error:
        return refused("torch.func.grad", error)
    if not same_gradients(x_bars, dict(zip(trial.slots, found, strict=True))):
        return FAILED, (
            "torch.func gives other gradients than backward(). Does forward keep something by "
            "itself, that setup_context should keep?"
        )
    return PASSED, "torch.func gives the same gradients as backward()."


def func_vmap(trial):
    """A batch by vmap is what a loop over its examples gives."""
    function = trial.function
    own = function.vmap is not torch.autograd.Function.vmap
    if not own and not function.generate_vmap_rule:
        return NOT_APPLICABLE, (
            "It declares no rule for vmap (generate_vmap_rule = True, or a vmap of its own)."
        )
    if trial.first[0].is_random:
        return NOT_APPLICABLE, "It draws random numbers, and vmap draws others than a loop."
    examples = list(trial.points(3))
    loop = [trial.applied(*[xs[i] for i in trial.slots]) for xs in examples]
    stacked = [torch.stack([xs[i] for xs in examples]) for i in trial.slots]
    try:
        batch = torch.func.vmap(trial.applied)(*stacked)
    except Exception as error:
        return refused("vmap", error)
    if not same(batch, [torch.stack(ys) for ys in zip(*loop, strict=True)], 1e-9):
        return FAILED, "vmap gives other numbers than a loop over the batch."
    return PASSED, "vmap gives what a loop over the batch gives."


def refused(what, error):
    text, words = what_it_raised(Stopped(what, error))
    return FAILED, (
        f"{text}. Under transforms a tensor may stand for many: compute with PyTorch's operations, "
        "without .item(), NumPy or a decision by its values."
    ), words  # fmt: skip


LINES = [
    ("setup_context", setup_context),
    ("torch.func.grad", func_grad),
    ("torch.func.vmap", func_vmap),
]
