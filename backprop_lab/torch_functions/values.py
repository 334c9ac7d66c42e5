"""What comes out of forward: does it run, and are its values to be relied upon?"""

import inspect

import torch

from .card import FAILED, NOT_APPLICABLE, PASSED
from .runs import Stopped, has_setup_context, is_tensor
from .wording import constant, count, kind, line_of, listed, shape, what_it_raised


def forward(trial):
    """It runs on what was given, and returns a tensor through which gradients pass."""
    try:
        run = trial.run(trial.inputs)
    except Stopped as stopped:
        text, error = what_it_raised(stopped)
        return FAILED, f"{text}. {remedy(trial, stopped)}".strip(), error
    if not run.outputs or not isinstance(run.result, (torch.Tensor, tuple)):
        return FAILED, (
            f"forward returned {kind(run.result)}: it owes a tensor, or a tuple of tensors."
        )
    if not run.moving:
        return FAILED, (
            "Nothing that came out requires a gradient, so none can ever come back. Are all "
            "outputs integers, or marked as non-differentiable?"
        )
    given = listed([shape(x) if is_tensor(x) else constant(x) for x in trial.inputs])
    return PASSED, f"It ran. Given: {given}; returned: {listed(map(shape, run.outputs))}."


def remedy(trial, stopped):
    """What a forward that raises lacks, if that can be told."""
    line = line_of(stopped.cause)
    if stopped.marks.get("dirty") and not line:
        return DIRTY
    if "autograd.grad(" in line or ".backward(" in line:
        return (
            "Inside forward nothing is recorded, so autograd has nothing to go by: compute the "
            "derivative in backward, by its formula."
        )
    if line or not isinstance(stopped.cause, TypeError):
        return ""
    parameters = list(inspect.signature(trial.function.forward).parameters)
    takes_ctx = parameters[:1] == ["ctx"]
    if has_setup_context(trial.function):
        wrong = "Beside setup_context, forward takes the inputs alone, without ctx."
        return wrong if takes_ctx else "It is called as forward(*inputs)."
    wrong = "Its first argument is ctx, and is missing: def forward(ctx, x, ...)."
    return "It is called as forward(ctx, *inputs)." if takes_ctx else wrong


DIRTY = "What is marked dirty has to be returned: the same tensor, not a copy of it."


def values(trial):
    """The same inputs give the same numbers, at several points, recorded or not."""
    tried = 0
    for inputs in trial.points():
        try:
            runs = [trial.run(inputs), trial.run(inputs), trial.run(inputs, needed=[])]
        except Stopped:
            if not tried:
                raise
            continue  # a point near the one that was given, outside of where it is defined
        tried += 1
        first, *others = [run.outputs for run in runs]
        if tried == 1 and has_nan(first) and not has_nan(inputs):
            return FAILED, "nan came out, and none went in. Which operation has no value there?"
        for other in others:
            if not same(first, other):
                return FAILED, (
                    "The same inputs gave two different results: something outside of them takes "
                    "part, such as a counter or a global. Let all that matters be an input."
                )
    return PASSED, f"The same inputs gave the same numbers, at {count(tried, 'point')}."


def has_nan(xs):
    return any(is_tensor(x) and bool(x.isnan().any()) for x in xs)


def same(ys, others, tolerance=0.0):
    """Whether tensors are the same, nan included."""
    return len(ys) == len(others) and all(
        x.shape == y.shape and torch.allclose(x, y, rtol=tolerance, atol=tolerance, equal_nan=True)
        for x, y in zip(ys, others, strict=True)
    )


def dtypes(trial):
    """float64 in gives float64 out, float32 gives float32; for gradients as well."""
    for dtype in (torch.float64, torch.float32):
        inputs = [
            x.to(dtype) if is_tensor(x) and x.is_floating_point() else x for x in trial.inputs
        ]
        try:
            run = trial.run(inputs)
            run.back(run.seeds())
        except Stopped as stopped:
            text, error = what_it_raised(stopped)
            if dtype != torch.float64:
                return FAILED, f"With float32 inputs, {text}.", error
            if stopped.part == "backward":
                raise
            return FAILED, (
                f"With float64 inputs, {text}. Give constants the dtype of an input: "
                "torch.ones(n, dtype=x.dtype)."
            ), error  # fmt: skip
        returned = run.calls[0].returned
        returned = returned if isinstance(returned, tuple) else (returned,)
        for what, xs in (("the result", run.outputs), ("a gradient", returned)):
            for x in xs:
                if is_tensor(x) and x.is_floating_point() and x.dtype != dtype:
                    return FAILED, (
                        f"{name_of(dtype)} went in, and {what} is {name_of(x.dtype)}: digits are "
                        "lost, or memory is. Make new tensors with dtype=x.dtype."
                    )
        strayed = [y for y in run.outputs if y.device != run.given[trial.slots[0]].device]
        if strayed:
            return FAILED, (
                f"The result is on {strayed[0].device}, and the inputs are not. Make new tensors "
                "with device=x.device."
            )
    return PASSED, "float64 stays float64, and float32 stays float32; gradients as well." + (
        " (All other lines use float64: float32 has too few digits to measure slopes.)"
        * bool(trial.single)
    )


def name_of(dtype):
    return str(dtype).removeprefix("torch.")


def layout_of_inputs(trial):
    """Inputs whose entries lie in memory in another order give the same result."""
    if not any(rearranged(x) is not x for x in trial.inputs if is_tensor(x)):
        return NOT_APPLICABLE, "No input has several entries, so they have no order in memory."
    plain, _, seeds, _ = trial.first
    if plain.is_random:
        return NOT_APPLICABLE, "It draws random numbers, and in another order they are others."
    x_bars = trial.gradients()
    try:
        other = trial.run(prepare=rearranged)
        back = other.back(seeds)
    except Stopped as stopped:
        text, error = what_it_raised(stopped)
        return FAILED, f"With an input that is not contiguous, {text}. {LAYOUT}", error
    if not same(plain.outputs, other.outputs, 1e-9):
        return FAILED, (
            f"The same numbers, in another order in memory, gave another result. {LAYOUT}"
        )
    if not same_gradients(x_bars, back):
        return FAILED, (
            f"The same numbers, in another order in memory, gave another gradient. {LAYOUT}"
        )
    return PASSED, "Inputs that are not contiguous give the same result and the same gradients."


LAYOUT = (
    "A tensor may be a transposed or strided view: use operations that follow strides, or call "
    ".contiguous() first (and .reshape for .view)."
)


def same_gradients(x_bars, others):
    """Whether two sets of cotangents, by slot, are the same; None counts as zeros."""
    pairs = [(x, others[i]) for i, x in x_bars.items()]
    filled = [(as_zeros(x, y), as_zeros(y, x)) for x, y in pairs if x is not None or y is not None]
    return all(same([x], [y], 1e-9) for x, y in filled)


def as_zeros(x, other):
    return torch.zeros_like(other) if x is None else x


def rearranged(x):
    """The same entries in another order in memory, as a tensor of its own; x if it has but one."""
    if not is_tensor(x) or x.numel() < 2:
        return x.clone() if is_tensor(x) and x.requires_grad else x
    strides, step = [], 2  # twice as far apart as they need to be, and the first axis fastest
    for size in x.shape:
        strides.append(step)
        step *= size
    return torch.empty_strided(x.shape, strides, dtype=x.dtype, device=x.device).copy_(x)


LINES = [
    ("forward", forward),
    ("values", values),
    ("dtypes", dtypes),
    ("layout of inputs", layout_of_inputs),
]
