"""Are they the derivatives? Held against slopes by nudging, to first and second order."""

import re

import torch
from torch.autograd.forward_ad import dual_level, make_dual, unpack_dual
from torch.autograd.function import once_differentiable

from .card import FAILED, NOT_APPLICABLE, NOT_TRIED, PASSED
from .numbers import disagreement, measured, random_like, total, weighed
from .runs import Stopped
from .values import same_gradients
from .wording import count, number, what_it_raised


def linear(trial):
    """Twice the grad_output, twice the gradient."""
    _, _, seeds, _ = trial.first
    x_bars = trial.gradients()
    if same_gradients({i: 2 * x for i, x in x_bars.items() if x is not None},
                      twice := trial.run().back([2 * z for z in seeds])):  # fmt: skip
        return PASSED, "Twice the grad_output gives twice the gradient."
    i = next(i for i, x in x_bars.items() if not same_gradients({i: 2 * x}, twice))
    x = x_bars[i]
    k = int((twice[i] - 2 * x).abs().reshape(-1).argmax())
    if trial.deliberate:
        return NOT_APPLICABLE, (
            "Twice the grad_output does not give twice the gradient; declared to be "
            f"{trial.deliberate}."
        )
    before, after = number(x.reshape(-1)[k]), number(twice[i].reshape(-1)[k])
    how = "stayed what it was" if before == after else f"became {after}, and not twice that"
    return FAILED, (
        f"With grad_output doubled, a gradient of {before} {how}. Every derivative is multiplied "
        "by grad_output, once: how much the loss moves per unit of this output."
    )


def derivative(trial):
    """What backward returns is what nudging gives, at several points."""
    if why := exempt(trial):
        return why
    tried, is_linear = 0, linear(trial)[0] == PASSED
    for inputs in trial.points():
        try:
            run = trial.run(inputs)
            seeds = run.seeds()
            x_bars = run.back(seeds)
        except Stopped:
            if not tried:
                raise
            continue
        if any(y.isnan().any() for y in run.moving):
            continue
        slopes = measured(weighed(trial, seeds), inputs, trial.slots)
        fault = disagreement(slopes, x_bars, inputs, "backward returns", seeds, is_linear)
        if fault:
            elsewhere = "It is right at the inputs given, and not near them. " if tried else ""
            return FAILED, elsewhere + fault
        tried += bool(slopes)
    if not tried:
        return NOT_TRIED, "There is no point near these inputs where slopes can be measured."
    return PASSED, f"Backward gives what nudging gives, at {count(tried, 'point')}."


def exempt(trial):
    """Why there is nothing to compare, as a line; None if there is."""
    if trial.deliberate:
        return NOT_APPLICABLE, f"Not compared: declared to be {trial.deliberate}."
    if not any(trial.inputs[i].numel() for i in trial.slots):
        return (
            NOT_APPLICABLE,
            "The inputs have no entries, so there is nothing to differentiate by.",
        )
    return None


def smooth_point(trial):
    """The slots' tensors at a point without kinks; None if there is none near."""
    for inputs in trial.points(5):
        try:
            seeds = trial.run(inputs).seeds()
            slopes = measured(weighed(trial, seeds), inputs, trial.slots)
        except Stopped:
            continue
        if slopes and not any(slope.is_kink for slope in slopes):
            return [inputs[i].clone().requires_grad_() for i in trial.slots]
    return None


def gradcheck(trial):
    """What PyTorch's own check says."""
    if why := exempt(trial):
        return why
    trial.gradients()
    xs = smooth_point(trial)
    if xs is None:
        return NOT_TRIED, NO_POINT
    if agrees(torch.autograd.gradcheck, trial, xs):
        return PASSED, "torch.autograd.gradcheck agrees."
    if agrees(torch.autograd.gradcheck, trial, xs, check_undefined_grad=False):
        return FAILED, (
            "torch.autograd.gradcheck agrees, but for a grad_output that is None (an output that "
            "nobody used). With set_materialize_grads(False), backward has to look for that."
        )
    return FAILED, "torch.autograd.gradcheck does not agree either: see the line on derivatives."


NO_POINT = "There is no point near these inputs that is free of kinks."


def agrees(check, trial, xs, **options):
    """Whether one of PyTorch's checks passes; what raises in it does not."""
    try:
        many = sum(x.numel() for x in xs) > 60
        return check(trial.applied, xs, raise_exception=False, fast_mode=many, **options)
    except Exception:
        return False


def second(trial):
    """It can be differentiated again, or says that it cannot."""
    if is_once(trial.function):
        return PASSED, (
            "Declared @once_differentiable: a second derivative is refused, instead of being wrong."
        )
    if why := exempt(trial):
        return why
    trial.gradients()
    point = smooth_point(trial)
    if point is None:
        return NOT_TRIED, NO_POINT
    inputs = trial.double()
    for i, x in zip(trial.slots, point, strict=True):
        inputs[i] = x.detach()
    try:
        xs, analytic, weights = twice(trial, inputs)
    except Stopped as stopped:
        text, error = what_it_raised(stopped)
        return FAILED, f"Differentiating again, {text}. {REMEDY}", error

    def f(given):
        run = trial.run(given[: len(inputs)], watch=False)
        return total_of(run.back(given[len(inputs) :]), weights)

    slots = [*trial.slots, *range(len(inputs), len(xs))]
    fault = disagreement(measured(f, xs, slots), analytic, xs, "differentiating backward gives")
    if fault:
        for k in range(len(inputs), len(xs)):  # they stand behind the inputs
            fault = re.sub(rf"\binput {k}\b", f"grad_output {k - len(inputs)}", fault)
        return FAILED, f"The first derivative can be right, and the second is not. {fault} {REMEDY}"
    if not agrees(torch.autograd.gradgradcheck, trial, point):
        return FAILED, f"torch.autograd.gradgradcheck does not agree. {REMEDY}"
    return PASSED, "It can be differentiated again: nudging and gradgradcheck agree."


REMEDY = (
    "backward is differentiated through its own operations: save inputs or outputs with "
    "save_for_backward, compute with PyTorch alone (no .data, .detach() or NumPy), or declare "
    "@once_differentiable."
)


def twice(trial, inputs):
    """(inputs and cotangents, second derivatives by position, weights of the first ones)."""
    run = trial.run(inputs)
    z_bars = [z.requires_grad_() for z in run.seeds()]
    x_bars = run.back(z_bars, again=True)
    weights = random_like([x_bars[i] for i in trial.slots], 7)
    terms = [
        (x * w).sum()
        for x, w in zip(x_bars.values(), weights, strict=True)
        if x is not None and x.requires_grad
    ]
    sources = [*run.leaves.values(), *z_bars]
    found = [None] * len(sources)
    if terms:
        try:
            found = torch.autograd.grad(sum(terms), sources, allow_unused=True)
        except Exception as error:
            raise Stopped("PyTorch", error) from error
    positions = [*trial.slots, *range(len(inputs), len(inputs) + len(z_bars))]
    xs = [*inputs, *(z.detach() for z in z_bars)]
    return xs, dict(zip(positions, found, strict=True)), weights


def total_of(x_bars, weights):
    pairs = [(x, w) for x, w in zip(x_bars.values(), weights, strict=True) if x is not None]
    return total(*zip(*pairs, strict=True)) if pairs else (0.0, 0.0)


def is_once(function):
    """Whether its backward stands under @once_differentiable, which wraps it in code of its own."""
    rule = function.backward if function.vjp is torch.autograd.Function.vjp else function.vjp
    wrapper = once_differentiable(lambda ctx: None)
    return getattr(rule, "__code__", None) is wrapper.__code__


def forward_mode(trial):
    """⟨z_bar, J x_dot⟩ = ⟨Jᵀ z_bar, x_dot⟩, if there is a jvp."""
    if trial.function.jvp is torch.autograd.Function.jvp:
        return NOT_APPLICABLE, "It has no jvp, so it cannot be used in forward mode."
    if why := exempt(trial):
        return why
    x_bars = trial.gradients()
    inputs, (_, _, seeds, _) = trial.double(), trial.first
    x_dots = random_like([inputs[i] for i in trial.slots], 8)
    try:
        with dual_level():
            duals = [make_dual(inputs[i], x) for i, x in zip(trial.slots, x_dots, strict=True)]
            z_dots = [unpack_dual(y).tangent for y in trial.applied(*duals)]
    except Exception as error:
        text, words = what_it_raised(Stopped("jvp", error))
        return FAILED, (
            f"{text}. What jvp reads of ctx.saved_tensors is kept with ctx.save_for_forward."
        ), words  # fmt: skip
    pushed = sum(float((z * s).sum()) for z, s in zip(z_dots, seeds, strict=True) if z is not None)
    pulled = sum(
        float((x_bars[i] * x).sum())
        for i, x in zip(trial.slots, x_dots, strict=True)
        if x_bars[i] is not None
    )
    if abs(pushed - pulled) > 1e-8 * (1 + abs(pulled)):
        return FAILED, (
            f"⟨z_bar, J x_dot⟩ is {number(pushed)} by jvp and {number(pulled)} by backward: they "
            "are one number, if both know the same J."
        )
    return PASSED, "jvp and backward know the same Jacobian: the transpose test holds."


LINES = [
    ("linear in grad_output", linear),
    ("derivative", derivative),
    ("gradcheck", gradcheck),
    ("second derivative", second),
    ("forward mode", forward_mode),
]
