"""Exercise `SquareAndDoubleUnderVmap`: the same operator, under torch.func's transforms."""

from functools import cache

import numpy as np

from ..diagnosis import shown
from ..exercise import Exercise, Hint, Misconception
from .reading import (
    about_gradients,
    about_keeping,
    about_tensor,
    about_value,
    anywhere,
    numbers,
    pull_back,
    refused,
    refuses,
    values_of,
    what,
)
from .runs import OTHER, attempt, describe, is_blank, leaves, run


def vmap_cases(seed):
    rng = np.random.default_rng([seed, 66])
    ways = [("backward", (2,)), ("backward", (3,)), ("grad", (4,)), ("vmap", (5,)),
            ("vmap of grad", (4, 3))]  # fmt: skip
    return [
        {"under": under, "x": numbers(rng, *shape), "grad_output": numbers(rng, *shape)}
        for under, shape in ways
    ]


@cache
def load_transforms():
    """The first use of a transform makes torch import another 800 modules."""
    import torch

    torch.func.grad(torch.sin)(torch.tensor(0.0))


def probe_vmap(answer, case):
    """What came out under one transform, and which of the methods the class has of its own."""
    import torch

    if is_blank(answer):
        return ...
    base = torch.autograd.Function
    own = {
        "setup_context": answer.setup_context is not base.setup_context,
        "rule": bool(answer.generate_vmap_rule) or answer.vmap is not base.vmap,
        "backward": answer.backward is not base.backward,
    }
    if case["under"] == "backward":
        told = run(answer, [case["x"]], case["grad_output"])
        return told if told is ... else told | {"own": own}
    told = {"own": own}
    came = attempt(told, case["under"], lambda: transformed(answer, case))
    return told | ({"came": describe(came)} if "refused" not in told else {})


def transformed(answer, case):
    """The operator under a transform of torch.func; vmap goes over the last axis of x."""
    from torch.func import grad, vmap

    def loss(x, weights):
        return (weights * answer.apply(x)).sum()

    x, weights = (t.detach() for t in leaves([case["x"], case["grad_output"]]))
    if case["under"] == "grad":
        return grad(loss)(x, weights)
    if case["under"] == "vmap":
        return vmap(answer.apply)(x)
    return vmap(grad(loss), in_dims=-1, out_dims=-1)(x, weights)


def judge_vmap(case, told):
    under, x, grad_output = case.values()
    if under == "backward":
        complaint = about_value(told, value(x), f"At {shown(x=x)}") or about_gradients(
            told,
            {"x": pull_back(value, x, grad_output)},
            f"At {shown(x=x, grad_output=grad_output)}",
        )
        complaint = complaint or about_keeping(told)
    elif "refused" in told:
        complaint = about_refusal(told, under)
    else:
        wanted = value(x) if under == "vmap" else pull_back(value, x, grad_output)
        complaint = about_tensor(told["came"], wanted)
        came = what(told["came"])
        complaint = (
            complaint and f"At {shown(x=x)}, under torch.func's {under}: {came}. {complaint}"
        )
    return [complaint] if complaint else []


def about_refusal(told, under):
    """Why a transform does not take this Function, as far as the class itself shows."""
    said = f"With `.backward()` it is right; torch.func's {under} does not take it."
    if not told["own"]["setup_context"]:
        return f"{said} It wants a forward without ctx, and what is saved in `setup_context`."
    if not told["own"]["backward"]:
        return f"{said} It looks for a rule of the name `backward`, and there is none in the class."
    if not told["own"]["rule"]:
        return f"{said} Nobody has told it how this operator works on a whole batch at once."
    return f"{said} {refused(told, under)}"


def value(x):
    return 2 * x * x


def slope(x):
    return pull_back(value, x, np.ones(np.shape(x)))


def sends(rule):
    """A looks_like: backward follows a wrong rule, case -> numbers, with `.backward()`."""

    def looks_like(cases, reports):
        pairs = [(c, r) for c, r in zip(cases, reports, strict=True) if c["under"] == "backward"]
        return all(
            np.allclose(values_of(report["returned"]["returned"][0]), rule(case), rtol=1e-9)
            for case, report in pairs
        )

    return looks_like


def refused_without(part, under):
    """A looks_like: a transform refuses a class that lacks one of the parts that it needs."""
    return anywhere(lambda told: not told["own"][part] and told["refused"]["by"] == under)


def wrong(
    backward="x, = ctx.saved_tensors; return 3 * grad_output * x",
    forward="return 2 * x * x",
    context="ctx.save_for_backward(*inputs)",
    arguments="x",
    rule="generate_vmap_rule = True",
):
    return f"""
import torch

class SquareAndDoubleUnderVmap(torch.autograd.Function):
    {rule}

    @staticmethod
    def forward({arguments}):
        {forward}

    @staticmethod
    def setup_context(ctx, inputs, output):
        {context}

    @staticmethod
    def backward(ctx, grad_output):
        {backward}
"""


LEFT = ("item()", "converted to Scalar", "numpy", "data-dependent", "to Python", "storage")


def left_torch(told):
    """Whether something that needs one number in hand met a tensor that stands for many."""
    text = told["raised"] if "raised" in told else told["refused"]["text"]
    return any(word in text for word in LEFT)


SQUARE_AND_DOUBLE_UNDER_VMAP = Exercise(
    id="SquareAndDoubleUnderVmap",
    title="Under grad and vmap",
    notebook=6,
    minutes=8,
    points=3,
    core=False,
    contract="""\
Write `SquareAndDoubleUnderVmap`: $y = 2x^2$ once more, so that `torch.func.grad` and
`torch.func.vmap` take it too.

- `forward(x)` computes, and has no ctx.
- `setup_context(ctx, inputs, output)` saves, with `save_for_backward`; `inputs` is a tuple of what
  forward was given.
- `backward(ctx, grad_output)` is as before, with this name. All three are static.
- `generate_vmap_rule = True`, in the body of the class, lets PyTorch run your rules on a whole
  batch at once. They must not ask for a single number (`.item()`, `if x > 0`).""",
    cases=vmap_cases,
    probe=probe_vmap,
    judge=judge_vmap,
    may_use=frozenset({"torch"}),
    prepare=load_transforms,
    misconceptions=(
        Misconception(
            "ctx_and_setup_context",
            wrong(forward="ctx.save_for_backward(x); return 2 * x * x", arguments="ctx, x"),
            "There is a `setup_context`, and forward still wants a ctx. With the two of them, the "
            "bag goes to one: forward gets the inputs alone.",
            refuses("forward", "required"),
        ),
        Misconception(
            "saves_the_tuple",
            wrong(context="ctx.save_for_backward(inputs)"),
            "`inputs` is a tuple, also if there is one input; `save_for_backward` takes tensors. "
            "Unpack it first.",
            refuses("forward", "save_for_backward"),
        ),
        Misconception(
            "ignores_upstream",
            wrong("x, = ctx.saved_tensors; return 4 * x"),
            "This is the local derivative alone. What came from upstream, `grad_output`, is a "
            "factor of the message.",
            sends(lambda case: slope(case["x"])),
        ),
        Misconception(
            "the_factor_in_front_is_lost",
            wrong("x, = ctx.saved_tensors; return 2 * grad_output * x"),
            "Half of what it should be: you took the slope of x², and y is 2x². The 2 in front "
            "stretches every nudge as well.",
            sends(lambda case: 2 * case["grad_output"] * case["x"]),
        ),
        Misconception(
            "kept_outside",
            wrong("return 4 * grad_output * SquareAndDoubleUnderVmap.x",
                  "SquareAndDoubleUnderVmap.x = x; return 2 * x * x", "pass"),
            "x is kept in a place that all runs share: the next call overwrites it, and under a "
            "transform it is a stand-in that is dead once the transform is over. `setup_context` "
            "gets a ctx for each run.",
            sends(lambda case: case["grad_output"] * slope(OTHER * case["x"])),
        ),
        Misconception(
            "kept_on_ctx",
            wrong("return 3 * grad_output * ctx.x", context="ctx.x = inputs[0]"),
            "A tensor is kept as an attribute of ctx. Under a transform, PyTorch has to know what "
            "was saved, in order to run backward on a whole batch: `save_for_backward` tells it.",
            anywhere(lambda told: told["kept"]),
        ),
        Misconception(
            "forward_with_ctx",
            """
import torch

class SquareAndDoubleUnderVmap(torch.autograd.Function):
    generate_vmap_rule = True

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return 2 * x * x

    @staticmethod
    def backward(ctx, grad_output):
        x, = ctx.saved_tensors
        return 4 * grad_output * x
""",
            "forward computes and saves in one go. That is enough for `.backward()`; a transform "
            "needs the computation and the bookkeeping apart, so that it can do the first without "
            "the second. The second part is `setup_context`.",
            refused_without("setup_context", "grad"),
        ),
        Misconception(
            "asks_for_a_single_number",
            wrong("x, = ctx.saved_tensors; return 3 * grad_output * float(x.sum())"),
            "Somewhere a tensor is asked for a single number: `.item()`, `float`, NumPy or an "
            "`if` do that. Under vmap there is none: the tensor stands for a whole batch.",
            anywhere(left_torch),
        ),
        Misconception(
            "no_rule_for_vmap",
            wrong("x, = ctx.saved_tensors; return 4 * grad_output * x", rule="pass"),
            "grad takes it, and vmap does not know how this operator works on a batch. It can work "
            "that out from your own rules, if one line in the class allows it.",
            refused_without("rule", "vmap"),
        ),
    ),
    hints=(
        Hint(
            "forward misses an argument",
            "A class with `setup_context` has a forward without ctx. Move everything that needs "
            "ctx over: `(x,) = inputs`, and then save.",
        ),
        Hint(
            "It works with backward(), and torch.func refuses it",
            "The message names what is missing: a `setup_context`, or for vmap a rule for whole "
            "batches. Each of them is a few words in the class.",
        ),
        Hint(
            "It fails under vmap only",
            "Is `generate_vmap_rule = True` there, in the body of the class and not in a method? "
            "And do forward and backward get by without `.item()`, `float`, NumPy, and an `if` "
            "that looks at numbers?",
        ),
    ),
    why="Computation in forward, bookkeeping in setup_context: kept apart, they let PyTorch run "
    "your rule once for one x, and once for a thousand of them.",
)  # fmt: skip
