"""Exercise `Cube`: a backward that can itself be differentiated."""

import numpy as np

from ..diagnosis import shown
from ..exercise import Exercise, Hint, Misconception
from .reading import (
    about_gradients,
    about_keeping,
    about_tensor,
    about_value,
    anywhere,
    holds,
    numbers,
    pull_back,
    refused,
    refuses,
    sends,
    what,
)
from .runs import attempt, describe, is_blank, load_backward, run, tensor


def cube_cases(seed):
    rng = np.random.default_rng([seed, 64])
    return [
        {name: numbers(rng, *shape) for name in ("x", "grad_output", "u", "v")}
        for shape in ((2,), (4, 3), (3, 3))
    ]


def probe_cube(answer, case):
    """What a run told, and "second": how the gradient of L = Σ u·y·y moves when x moves along v."""
    if is_blank(answer):
        return ...
    told = run(answer, [case["x"]], case["grad_output"])
    if told is not ... and "kept" in told and "refused" not in told:
        attempt(told, "second", lambda: differentiate_twice(answer, case, told))
    return told


def differentiate_twice(answer, case, told):
    import torch

    x = tensor(case["x"]).requires_grad_()
    y = answer.apply(x)
    (x_bar,) = torch.autograd.grad((tensor(case["u"]) * y * y).sum(), x, create_graph=True)
    told["second"] = None
    if x_bar.requires_grad:
        (moved,) = torch.autograd.grad((tensor(case["v"]) * x_bar).sum(), x)
        told["second"] = describe(moved)


def judge_cube(case, told):
    x, grad_output, u, v = case.values()
    at = f"At {shown(x=x)}"
    complaint = about_value(told, x**3, at)
    if complaint is None:
        x_bar = pull_back(lambda x: x**3, x, grad_output)
        complaint = about_gradients(told, {"x": x_bar}, f"{at}, {shown(grad_output=grad_output)}")
    complaint = complaint or about_second(told, u * v * bend(x), at) or about_keeping(told)
    return [complaint] if complaint else []


def bend(x):
    """The second derivative of y·y by x, of the polynomial that it is."""
    return np.polyval(np.polyder([1.0] + 6 * [0.0], 2), x)


def about_second(told, wanted, at):
    """What is wrong with the second derivative, or None."""
    first = "The first derivative is right, and the second is not."
    if "second" not in told:
        objection = refused(told, "second")
        return objection and f"{first} {objection}"
    complaint = about_tensor(told["second"], wanted)
    return complaint and (
        f"{first} {at}, the second derivative of y · y came as {what(told['second'])}. {complaint}"
    )


def wrong(backward, forward="ctx.save_for_backward(x); return x**3", decorated=""):
    return f"""
import torch
from torch.autograd.function import once_differentiable

class Cube(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        {forward}

    @staticmethod{decorated}
    def backward(ctx, grad_output):
        {backward}
"""


def unpacked(result, decorated=""):
    return wrong(f"x, = ctx.saved_tensors; return {result}", decorated=decorated)


def parts(case):
    """The second derivative in two parts: what is due to y moving, and to its slope moving."""
    x, _, u, v = case.values()
    slope = pull_back(lambda x: x**3, x, np.ones(x.shape))
    by_y = 2 * u * v * slope**2
    return by_y, u * v * bend(x) - by_y


def lacks(told, *found):
    """Whether the second derivative is nothing, or no more than one of these parts."""
    return told["second"] is None or any(about_tensor(told["second"], x) is None for x in found)


def cut_in_backward(cases, reports):
    """Whether the first derivative is right, and the second misses some step of backward."""
    return holds(lambda told: "numpy()" in told["raised"], reports[0]) or all(
        not report["returned"]["kept"]
        and "refused" not in report["returned"]
        and "other" not in report["returned"]["saved"]
        and lacks(report["returned"], *parts(case))
        for case, report in zip(cases, reports, strict=True)
    )


def kept_a_constant(cases, reports):
    """Whether the slope does not move, and something else than input and output was kept."""
    return all(
        (report["returned"]["kept"] or "other" in report["returned"]["saved"])
        and lacks(report["returned"], parts(case)[0])
        for case, report in zip(cases, reports, strict=True)
    )


CUBE = Exercise(
    id="Cube",
    title="Differentiable twice",
    notebook=6,
    minutes=10,
    points=4,
    core=False,
    contract="""\
Write `Cube`, so that `Cube.apply(x)` is $y = x^3$, entry by entry, and can be differentiated twice.

- With `create_graph=True`, PyTorch records what `backward` does. So backward has to be written in
  operations of torch, from tensors that PyTorch can follow back to x: inputs and outputs that came
  through `save_for_backward`.
- It is tried with the gradient of the gradient of a loss in which $y \\cdot y$ occurs.""",
    cases=cube_cases,
    probe=probe_cube,
    judge=judge_cube,
    may_use=frozenset({"torch"}),
    prepare=load_backward,
    misconceptions=(
        Misconception(
            "ignores_upstream",
            unpacked("3 * x * x"),
            "This is the local derivative alone. What came from upstream, `grad_output`, is a "
            "factor of the message.",
            sends(lambda case: 3 * case["x"] ** 2),
        ),
        Misconception(
            "exponent_not_lowered",
            unpacked("3 * grad_output * x**3"),
            "The exponent comes down as a factor, and the power that is left is one lower.",
            sends(lambda case: 3 * case["grad_output"] * case["x"] ** 3),
        ),
        Misconception(
            "factor_lost",
            unpacked("grad_output * x**2"),
            "The exponent went down by one, and its old value is a factor that is missing.",
            sends(lambda case: case["grad_output"] * case["x"] ** 2),
        ),
        Misconception(
            "slope_saved",
            wrong(
                "slope, = ctx.saved_tensors; return grad_output * slope",
                "ctx.save_for_backward(3 * x * x); return x**3",
            ),
            "What backward multiplies with was worked out in forward, where nothing is recorded: "
            "for PyTorch it is a constant. The first derivative is right and the second silently "
            "lacks a part. Save an input or the output, and work the slope out in backward.",
            kept_a_constant,
        ),
        Misconception(
            "cut_in_backward",
            unpacked("grad_output * 3 * x.detach() ** 2"),
            "Somewhere in backward x is taken out of PyTorch's sight: `.detach()`, `.data`, NumPy, "
            "`.item()` and `no_grad` all do that. The first derivative does not mind; the second "
            "silently lacks a part.",
            cut_in_backward,
        ),
        Misconception(
            "declared_once_differentiable",
            unpacked("grad_output * 3 * x**2", "\n    @once_differentiable"),
            "`once_differentiable` says honestly that there is no second derivative, and turns a "
            "wrong number into an error. Here one is asked for, and torch can work it out if "
            "backward is written in its operations.",
            refuses("second", ""),
        ),
        Misconception(
            "kept_on_ctx",
            wrong("return grad_output * 2 * ctx.x", "ctx.x = x; return x**3"),
            "A tensor is kept as an attribute of ctx. PyTorch then cannot let it go after the "
            "backward pass, and does not notice when somebody changes it in between. "
            "`save_for_backward` sees to both.",
            anywhere(lambda told: told["kept"]),
        ),
        Misconception(
            "asks_autograd_in_forward",
            wrong(
                "slope, = ctx.saved_tensors; return grad_output * slope",
                "y = x**3; ctx.save_for_backward(torch.autograd.grad(y.sum(), x)[0]); return y",
            ),
            "Inside forward nothing is recorded, so there is nothing that autograd could "
            "differentiate. This is the place where you write the rule yourself.",
            anywhere(lambda told: "does not require grad" in told["raised"]),
        ),
    ),
    hints=(
        Hint(
            "The first derivative is right and the second is not",
            "With `create_graph=True` your backward becomes a piece of graph itself. Go through it "
            "line by line: which step does PyTorch not see?",
        ),
        Hint(
            "The second derivative is 0.6 times what it should be",
            "grad_output · slope is a product, and both factors move with x. Only one of them is "
            "being followed: the slope counts as a constant. Where was it made?",
        ),
        Hint(
            "PyTorch says that a tensor does not require grad",
            "What forward computes is not recorded. Save x itself in forward; square it, and bring "
            "the exponent down, in backward.",
        ),
    ),
    why="Saved inputs come back as the very tensors that went in, so PyTorch can follow a backward "
    "that is written in its own operations. That is all it takes for a second derivative.",
)  # fmt: skip
