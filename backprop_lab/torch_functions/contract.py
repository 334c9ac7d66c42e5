"""What backward owes: one gradient for each input, of its shape, and nothing else changed."""

import torch

from .card import FAILED, NOT_APPLICABLE, PASSED
from .numbers import moves
from .runs import MISSING, Stopped, is_tensor
from .values import LAYOUT, rearranged, same_gradients
from .wording import count, kind, line_of, listed, shape, what_it_raised


def backward(trial):
    """It runs, for gradients that are random, of both signs, and never 1."""
    run, _, seeds, error = trial.first
    returned = run.calls[0].returned if run.calls else MISSING
    if returned is not MISSING:
        parts = returned if isinstance(returned, tuple) else (returned,)
        wrong = [x for x in parts if x is not None and not is_tensor(x)]
        if wrong:
            return FAILED, (
                f"It returned {kind(wrong[0])}: it owes tensors, as a tuple if there are several."
            )
    if error:
        text, words = what_it_raised(error)
        if returned is not MISSING:
            text = "PyTorch refused what it returned: a number of gradients, or a shape, is wrong"
        return FAILED, f"{text}. {remedy(trial, run, error)}".strip(), words
    if returned is MISSING:
        return FAILED, "It was never called: no output leads back to it. Is this its own apply?"
    shapes = listed(map(shape, seeds))
    return PASSED, f"It ran, for a grad_output of shape {shapes}: random numbers of both signs."


def remedy(trial, run, error):
    """What a backward that raises lacks, if that can be told."""
    base = torch.autograd.Function
    if trial.function.backward is base.backward and trial.function.vjp is base.vjp:
        return "It has none: def backward(ctx, grad_output)."
    if isinstance(error.cause, TypeError) and not line_of(error.cause) and run.calls:
        owed = count(len(run.outputs), "output")
        return f"It is called with ctx and one grad_output for each output; here: {owed}."
    return ""


def number_of_gradients(trial):
    """As many as apply was given inputs."""
    returned, owed = trial.returned, len(trial.inputs)
    if isinstance(returned[0], list):
        return FAILED, "It returned a list: several gradients are returned as a tuple."
    extra = returned[max(owed, len(trial.first[0].ctx.needs_input_grad)) :]
    if len(returned) < owed or any(x is not None for x in extra):
        return FAILED, (
            f"forward has {count(owed, 'input')} and backward returned {len(returned)}: it owes "
            "one for each, in the same order, and None for whatever takes no gradient."
        )
    more = f" ({count(len(extra), 'None')} too many, which PyTorch overlooks.)" if extra else ""
    return PASSED, f"{count(owed, 'input')}, {count(owed, 'gradient')}.{more}"


def none_for_constants(trial):
    """Numbers, flags and the like get None."""
    constants = [i for i, x in enumerate(trial.inputs) if not is_tensor(x)]
    if not constants:
        return NOT_APPLICABLE, "Every input is a tensor."
    given = [i for i in constants if i < len(trial.returned) and trial.returned[i] is not None]
    if given:
        return FAILED, (
            f"Input {given[0]} is {kind(trial.inputs[given[0]])}, and backward returned "
            f"{kind(trial.returned[given[0]])} for it: what is no tensor gets None."
        )
    return PASSED, f"None for {listed(f'input {i}' for i in constants)}."


def gradients_arrive(trial):
    """No None for an input that the output depends on."""
    for i in trial.slots:
        missing = i >= len(trial.returned) or trial.returned[i] is None
        if missing and moves(trial, i):
            return FAILED, (
                f"Input {i} requires a gradient, and the output moves with it; backward returned "
                "None, so its .grad stays None and it never learns. Did backward forget a return?"
            )
    return PASSED, f"A gradient arrives at {listed(f'input {i}' for i in trial.slots)}."


def shapes_of_gradients(trial):
    """A gradient has the shape of its input."""
    for i, x in enumerate(trial.inputs):
        x_bar = trial.returned[i] if i < len(trial.returned) else None
        if is_tensor(x_bar) and is_tensor(x) and x_bar.shape != x.shape:
            how = (
                "PyTorch sums it down and says nothing; elsewhere that is an error."
                if sums_to(x_bar, x)
                else "PyTorch cannot make it fit."
            )
            return FAILED, (
                f"Input {i} has shape {shape(x)}, and its gradient {shape(x_bar)}. {how} An input "
                "that was copied by broadcasting gets the sum over its copies: .sum(dim), keeping "
                "what has size 1."
            )
    return PASSED, "Each gradient has the shape of its input."


def sums_to(x_bar, x):
    try:
        return torch.broadcast_shapes(x.shape, x_bar.shape) == x_bar.shape
    except RuntimeError:
        return False


def economy(trial):
    """No work for an input that is frozen, and the others still right."""
    if len(trial.slots) < 2:
        return NOT_APPLICABLE, "With one input to differentiate by, there is nothing to leave out."
    x_bars = trial.gradients()
    _, _, seeds, _ = trial.first
    for frozen in trial.slots:
        run = trial.run(needed=[i for i in trial.slots if i != frozen])
        try:
            back = run.back(seeds[: len(run.moving)])
        except Stopped as stopped:
            text, error = what_it_raised(stopped)
            return FAILED, f"With input {frozen} frozen, {text}.", error
        if not same_gradients({i: x_bars[i] for i in back}, back):
            return FAILED, (
                f"With input {frozen} frozen, the others got other gradients than before. "
                "Gradients are returned by position, None for the one that is not needed."
            )
        returned = run.calls[0].returned
        x_bar = returned[frozen] if isinstance(returned, tuple) else returned
        if is_tensor(x_bar) and not any(shares(x_bar, z) for z in run.calls[0].given):
            return FAILED, (
                f"Input {frozen} was frozen, and backward computed {kind(x_bar)} for it that "
                f"nobody reads. Not wrong, but wasted: only if ctx.needs_input_grad[{frozen}], "
                "else None."
            )
    return PASSED, "No work is done for an input that is frozen."


def shares(x, z):
    """Whether x is z, or a view of it: then it was no work."""
    return is_tensor(z) and x.untyped_storage().data_ptr() == z.untyped_storage().data_ptr()


def grad_output_unchanged(trial):
    """What backward is given may be somebody else's gradient as well."""
    run, _, _, error = trial.first
    if not run.calls or run.calls[0].returned is MISSING:
        raise error or Stopped("backward")
    call = run.calls[0]
    for k, (z_bar, before) in enumerate(zip(call.given, call.before, strict=True)):
        if is_tensor(z_bar) and not torch.equal(z_bar, before):
            return FAILED, (
                f"backward changed grad_output {k} in place: its first entry was "
                f"{before.reshape(-1)[0]:.4g} and is {z_bar.reshape(-1)[0]:.4g}. Others may be "
                "given the same tensor (in y + y both sides are). Make a new one, g * 2 instead of "
                "g *= 2."
            )
    return PASSED, "backward left grad_output as it was."


def layout_of_grad_output(trial):
    """A gradient that is not contiguous, or one number expanded, is as good as any."""
    _, _, seeds, _ = trial.first
    x_bars = trial.gradients()
    if all(z.numel() < 2 for z in seeds):
        return NOT_APPLICABLE, "Each output is one number, which has no order in memory."
    expanded = [z.reshape(-1)[0].expand(z.shape) if z.numel() else z for z in seeds]
    pairs = [
        ("is not contiguous", x_bars, [rearranged(z) for z in seeds]),
        ("is one number, expanded (as after y.sum())", None, expanded),
    ]
    for what, expected, z_bars in pairs:
        try:
            expected = expected or trial.run().back([z.contiguous() for z in z_bars])
            back = trial.run().back(z_bars, as_they_are=True)
        except Stopped as stopped:
            text, error = what_it_raised(stopped)
            return FAILED, f"With a grad_output that {what}, {text}. {LAYOUT}", error
        if not same_gradients(expected, back):
            return FAILED, (
                f"With a grad_output that {what}, the same numbers gave another gradient. {LAYOUT}"
            )
    return PASSED, "A grad_output that is transposed, strided or expanded gives the same gradients."


def unused_outputs(trial):
    """An output that nobody used counts for nothing."""
    run, _, seeds, _ = trial.first
    trial.gradients()
    if len(run.moving) < 2:
        return NOT_APPLICABLE, "There is one output to come back from."
    for k in range(len(run.moving)):
        zeros = [z if j == k else torch.zeros_like(z) for j, z in enumerate(seeds)]
        expected = trial.run().back(zeros)
        try:
            back = trial.run().back(seeds, only=k)
        except Stopped as stopped:
            text, error = what_it_raised(stopped)
            return FAILED, f"With output {k} alone in use, {text}. {UNUSED}", error
        if not same_gradients(expected, back):
            return FAILED, f"With output {k} alone in use, the gradients are others. {UNUSED}"
    return PASSED, "An output that nobody used counts for nothing."


UNUSED = (
    "The grad_output of an output that nobody used arrives as zeros, or, after "
    "set_materialize_grads(False), as None: look for that."
)

LINES = [
    ("backward", backward),
    ("number of gradients", number_of_gradients),
    ("None for constants", none_for_constants),
    ("gradients arrive", gradients_arrive),
    ("shapes of gradients", shapes_of_gradients),
    ("needs_input_grad", economy),
    ("grad_output unchanged", grad_output_unchanged),
    ("layout of grad_output", layout_of_grad_output),
    ("unused outputs", unused_outputs),
]
