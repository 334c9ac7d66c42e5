"""Exercise `ExpScaled`: y = exp(k·x), and what belongs on ctx."""

import gc
import weakref

import numpy as np

from ..diagnosis import shown
from ..exercise import Exercise, Hint, Misconception
from .reading import (
    about_gradients,
    about_keeping,
    about_value,
    anywhere,
    numbers,
    pull_back,
    refuses,
    sends,
)
from .runs import is_blank, leaves, load_backward, run


def exp_cases(seed):
    rng = np.random.default_rng([seed, 62])
    return [
        {"x": numbers(rng, *shape), "k": float(k), "grad_output": numbers(rng, *shape)}
        for shape, k in zip([(2,), (3, 4), (3, 3)], numbers(rng, 3), strict=True)
    ]


def probe_exp(answer, case):
    if is_blank(answer):
        return ...
    inputs = [case["x"], case["k"]]
    told = run(answer, inputs, case["grad_output"])
    if told is not ... and "kept" in told:
        told["lives on"] = lives_on(answer, inputs)
    return told


def lives_on(answer, inputs):
    """Whether a run's ctx is still there when nobody holds its output any more.

    It is if ctx holds the output: each then keeps the other until Python looks for such circles.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        y = answer.apply(*leaves(inputs))
        ctx = weakref.ref(y.grad_fn)
        del y
        return ctx() is not None
    finally:
        if was_on:
            gc.enable()


def judge_exp(case, told):
    x, k, grad_output = case.values()
    at = f"At {shown(x=x, k=k)}"
    complaint = about_value(told, np.exp(k * x), at)
    if complaint is None:
        wanted = {"x": pull_back(lambda x: np.exp(k * x), x, grad_output), "k": None}
        at = f"{at}, {shown(grad_output=grad_output)}"
        complaint = (
            about_gradients(told, wanted, at) or about_keeping(told) or about_what_is_saved(told)
        )
    return [complaint] if complaint else []


def about_what_is_saved(told):
    """What is wrong with what save_for_backward was given, or None."""
    if told["lives on"]:
        return (
            "The numbers are right. But the output is still in memory when nobody holds it any "
            "more: ctx refers to it, and it refers to ctx."
        )
    if told["saved"] != ["output"]:
        words = " and ".join(WORDS.get(x, x) for x in told["saved"]) or "nothing"
        return f"The numbers are right. But save_for_backward was given {words}, and not y alone."
    return None


def holds_its_output(cases, reports):
    """Whether the numbers are right, and tensors are kept on ctx all the same."""
    return all(
        judge_exp(case, report["returned"])[0].startswith("The numbers are right")
        and (report["returned"]["kept"] or report["returned"]["lives on"])
        for case, report in zip(cases, reports, strict=True)
    )


WORDS = {
    "input 0": "x",
    "output": "y",
    "other": "a tensor that is neither x nor y",
    "changed": "a tensor that was changed afterwards",
    "detached output": "a detached copy of y",
    "detached input 0": "a detached copy of x",
}
EXP = "y = torch.exp(k * x); ctx.save_for_backward(y); ctx.k = k; return y"


def wrong(backward, forward=EXP):
    return f"""
import torch

class ExpScaled(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, k):
        {forward}

    @staticmethod
    def backward(ctx, grad_output):
        {backward}
"""


def unpacked(result):
    return wrong(f"y, = ctx.saved_tensors; return {result}")


EXP_SCALED = Exercise(
    id="ExpScaled",
    title="What belongs on ctx",
    notebook=6,
    minutes=8,
    points=3,
    contract="""\
Write `ExpScaled`, so that `ExpScaled.apply(x, k)` is $y = e^{kx}$, entry by entry, where `k` is a
plain Python number.

- For exp, the output is all that the way back needs. Save y, and y alone, with
  `save_for_backward`: no second exp, and x may go.
- `k` is no tensor. It can stand on ctx as an attribute.
- `backward` returns one entry for each thing that `forward` got after ctx.""",
    cases=exp_cases,
    probe=probe_exp,
    judge=judge_exp,
    may_use=frozenset({"torch"}),
    prepare=load_backward,
    misconceptions=(
        Misconception(
            "no_place_for_k",
            unpacked("grad_output * y"),
            "forward was given two things after ctx, and backward answers for one. Something that "
            "wants no gradient still has a place in the answer.",
            anywhere(lambda told: len(told["returned"]) == 1 and told["returned"][0] is not None
                     and "values" in told["returned"][0]),
        ),
        Misconception(
            "gradient_for_a_number",
            unpacked("grad_output * y, (grad_output * y).sum()"),
            "k is a plain number: it cannot receive a gradient, and PyTorch refuses one. What "
            "stands in its place?",
            anywhere(lambda told: told["returned"][0] is not None
                     and ("values" in told["returned"][1] or "kind" in told["returned"][1])),
        ),
        Misconception(
            "number_in_save_for_backward",
            wrong(
                "y, k = ctx.saved_tensors; return grad_output * y, None",
                "y = torch.exp(k * x); ctx.save_for_backward(y, k); return y",
            ),
            "`save_for_backward` takes tensors, and k is a plain number. A number on ctx does no "
            "harm: give it a name there.",
            refuses("forward", "save_for_backward"),
        ),
        Misconception(
            "number_made_a_tensor",
            wrong(
                "y, k = ctx.saved_tensors; return grad_output * y, None",
                "y = torch.exp(k * x); ctx.save_for_backward(y, torch.tensor(k)); return y",
            ),
            "k was wrapped in a tensor so that it could be saved. It is a number, and may stay "
            "one: `ctx` takes attributes.",
            anywhere(lambda told: sorted(told["saved"]) == ["other", "output"]
                     or (told["kept"] and told["saved"] == ["output"])),
        ),
        Misconception(
            "input_overwritten",
            wrong(
                "y, = ctx.saved_tensors; return grad_output * y, None",
                "y = x.mul_(k).exp(); ctx.save_for_backward(y); ctx.k = k; return y",
            ),
            "forward overwrites its input: after the call x holds other numbers, and whoever "
            "else uses it computes with them, without a word from PyTorch.",
            lambda cases, reports: any("x" in report["changed"] for report in reports),
        ),
        Misconception(
            "ignores_upstream",
            unpacked("ctx.k * y, None"),
            "This is the local derivative alone. Scale the loss by 10: the gradient should follow, "
            "and it does not.",
            sends(lambda case: case["k"] * np.exp(case["k"] * case["x"])),
        ),
        Misconception(
            "inner_factor_lost",
            unpacked("grad_output * y, None"),
            "exp is its own slope, and inside it x is stretched by k. The chain rule has a factor "
            "for that as well.",
            sends(lambda case: case["grad_output"] * np.exp(case["k"] * case["x"])),
        ),
        Misconception(
            "slope_by_k",
            wrong(
                "x, y = ctx.saved_tensors; return grad_output * x * y, None",
                "y = torch.exp(k * x); ctx.save_for_backward(x, y); return y",
            ),
            "You multiply by x: that is how y moves with k. Here x moves, and k holds still.",
            sends(lambda case: case["grad_output"] * case["x"] * np.exp(case["k"] * case["x"])),
        ),
        Misconception(
            "output_kept_on_ctx",
            wrong(
                "return grad_output * ctx.k * ctx.y, None",
                "y = torch.exp(k * x); ctx.y = y; ctx.k = k; return y",
            ),
            "A tensor hangs on ctx by a name. The output knows its ctx, and this ctx knows its "
            "output: neither is let go when you drop the result. `save_for_backward` exists for "
            "that.",
            holds_its_output,
        ),
        Misconception(
            "saves_the_input",
            wrong(
                "x, = ctx.saved_tensors; return grad_output * ctx.k * torch.exp(ctx.k * x), None",
                "ctx.save_for_backward(x); ctx.k = k; return torch.exp(k * x)",
            ),
            "x is saved, and exp has to run a second time. y is there anyway: what is the slope of "
            "exp, said with its own output?",
            anywhere(lambda told: "input 0" in told["saved"]),
        ),
    ),
    hints=(
        Hint(
            "save_for_backward refuses what I give it",
            "It takes tensors only. Numbers, shapes and the like stand on ctx as attributes of "
            "your own naming.",
        ),
        Hint(
            "PyTorch counts my gradients and is not content",
            "forward was given x and k, so the answer has two places. What is said to somebody who "
            "wants no gradient?",
        ),
        Hint(
            "The numbers are right, and still something is wrong",
            "Look at what ctx holds. Tensors go through `save_for_backward`, which lets them go "
            "after the backward pass; and $y = e^{kx}$ moves by k · y per unit of x, so x itself "
            "need not stay.",
        ),
    ),
    why="Tensors in save_for_backward, numbers on ctx, None for what wants no gradient. The output "
    "is made anyway, so the notepad holds no tensor beside it.",
)  # fmt: skip
