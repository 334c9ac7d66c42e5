"""Exercise `WeightedProduct`: z = c·x·w, with one place in the answer for each input."""

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
    values_of,
)
from .runs import is_blank, load_backward, rule_of, run

FROZEN = {"nothing": (), "w": (1,), "x": (0,)}  # who wants no gradient, in the three runs


def product_cases(seed):
    rng = np.random.default_rng([seed, 63])
    return [
        {"x": numbers(rng, B, N), "w": numbers(rng, N), "c": float(c), "z_bar": numbers(rng, B, N)}
        for (B, N), c in zip([(3, 2), (5, 3), (4, 4)], numbers(rng, 3) * [1.5, 3, 3], strict=True)
    ]


def probe_product(answer, case):
    """{what is frozen: what the run told, with the number of tensors that backward made}."""
    if is_blank(answer):
        return ...
    inputs, told = [case["x"], case["w"], case["c"]], {}
    z_bars = {name: case["z_bar"].copy() for name in FROZEN} | {"nothing": case["z_bar"]}
    for name, frozen in FROZEN.items():
        made = []
        told[name] = run(counted(answer, made), inputs, z_bars[name], frozen)
        if told[name] is ... or "kept" not in told[name]:
            return ... if told[name] is ... else told
        told[name]["made"] = len(made)
    return told


def counted(answer, made):
    """The same Function; every tensor that its backward computes is noted in `made`."""
    from torch import Tensor
    from torch.overrides import TorchFunctionMode

    class Count(TorchFunctionMode):
        def __torch_function__(self, function, types, args=(), kwargs=None):
            result = function(*args, **(kwargs or {}))
            if isinstance(result, Tensor):
                made.append(function)
            return result

    rule = rule_of(answer)
    inner = getattr(answer, rule)

    def outer(ctx, *z_bars):
        with Count():
            return inner(ctx, *z_bars)

    return type(answer.__name__, (answer,), {rule: staticmethod(outer)})


def judge_product(case, told):
    x, w, c, _ = case.values()
    at = f"With {shown(x=x, w=w, c=c)}"
    complaint = about_value(told["nothing"], c * x * w, at)
    if complaint:
        return [complaint]
    wanted = gradients(case)
    for name in FROZEN:
        sizes = [("B", x.shape[0]), ("N", x.shape[1])]
        complaint = about_one_run(name, told, wanted, at, sizes)
        if complaint:
            return [complaint]
    return []


def gradients(case):
    """What each input is due."""
    x, w, c, z_bar = case.values()
    return {
        "x": pull_back(lambda x: c * x * w, x, z_bar),
        "w": pull_back(lambda w: c * x * w, w, z_bar),
        "c": None,
    }


def about_one_run(name, told, wanted, at, sizes):
    """What is wrong in the run in which `name` wants no gradient, or None."""
    if name == "nothing":
        return about_gradients(told[name], wanted, at, sizes) or about_keeping(told[name])
    at = f"{at}, where {name} wants no gradient"
    complaint = about_gradients(told[name], wanted | {name: None}, at, sizes)
    if complaint is None and told[name]["made"] >= told["nothing"]["made"]:
        return (
            f"{at}, backward returns None for it, and works as much as if it did: it computed "
            f"{told[name]['made']} tensors. Ask first, and compute only what somebody wants."
        )
    return complaint


def returned(told, place, name="nothing"):
    return told[name]["returned"][place]


def sends(place, rule):
    """A looks_like: one entry of the answer follows a wrong rule, case -> numbers, everywhere."""

    def looks_like(cases, reports):
        return all(
            np.shape(values) == np.shape(suspect) and np.allclose(values, suspect, rtol=1e-9)
            for values, suspect in [
                (values_of(returned(report["returned"], place)), rule(*case.values()))
                for case, report in zip(cases, reports, strict=True)
            ]
        )

    return looks_like


def works_for_nobody(cases, reports):
    """Whether all is right but that nobody wants something that backward worked out."""
    return all(
        about_gradients(report["returned"]["nothing"], gradients(case), "") is None
        and all(does_too_much(report["returned"], name) for name in ("w", "x"))
        for case, report in zip(cases, reports, strict=True)
    )


def does_too_much(told, name):
    """Whether an input that wants no gradient got one, or cost as much work as if it did."""
    (place,) = FROZEN[name]
    return returned(told, place, name) or told[name]["made"] >= told["nothing"]["made"]


def wrong(result, forward="ctx.save_for_backward(x, w); ctx.c = c; return c * x * w"):
    return f"""
import torch

class WeightedProduct(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, w, c):
        {forward}

    @staticmethod
    def backward(ctx, z_bar):
        x, w = ctx.saved_tensors
        return {result}
"""


WEIGHTED_PRODUCT = Exercise(
    id="WeightedProduct",
    title="A place for every input",
    notebook=6,
    minutes=10,
    points=4,
    contract="""\
Write `WeightedProduct`, so that `WeightedProduct.apply(x, w, c)` is $z = c \\cdot x \\cdot w$.

- `x` is (B, N); `w` is (N,) and broadcasts along the rows; `c` is a plain Python number.
- `backward(ctx, z_bar)` returns a gradient of x, of its shape; one of w, of *its* shape; and what c
  gets.
- `ctx.needs_input_grad` holds one True or False for each input. Do no work for an input that wants
  no gradient: it gets None.
- Tensors are kept with `save_for_backward`.""",
    cases=product_cases,
    probe=probe_product,
    judge=judge_product,
    may_use=frozenset({"torch"}),
    prepare=load_backward,
    misconceptions=(
        Misconception(
            "broadcast_not_undone",
            wrong("ctx.c * z_bar * w, ctx.c * z_bar * x, None"),
            "The gradient of w has the shape of the batch. PyTorch sums it to (N,) for you, "
            "without a word; your own engine did not, and nor will anybody who calls your rule "
            "directly. Every row used w: what becomes of their messages?",
            anywhere(lambda told: np.shape(values_of(returned(told, 0)))
                     == np.shape(values_of(returned(told, 1)))
                     == np.shape(values_of(told["nothing"]["y"]))),
        ),
        Misconception(
            "mean_over_the_batch",
            wrong("ctx.c * z_bar * w, ctx.c * (z_bar * x).mean(0), None"),
            "w got the mean over the batch. Each row used w, and their messages *add*; if a mean "
            "is wanted, it is in the loss, and z_bar knows of it.",
            sends(1, lambda x, w, c, z_bar: c * (z_bar * x).mean(0)),
        ),
        Misconception(
            "summed_over_the_other_axis",
            wrong("ctx.c * z_bar * w, ctx.c * (z_bar * x).sum(1), None"),
            "The gradient of w was summed along a row. w was copied from row to row: sum along "
            "the axis that it was copied along.",
            sends(1, lambda x, w, c, z_bar: c * (z_bar * x).sum(1)),
        ),
        Misconception(
            "each_gets_itself",
            wrong("ctx.c * z_bar * x, ctx.c * (z_bar * w).sum(0), None"),
            "Each factor got itself. Hold the others still and nudge x: z moves by c · w for "
            "every unit.",
            sends(0, lambda x, w, c, z_bar: c * z_bar * x),
        ),
        Misconception(
            "the_constant_is_lost",
            wrong("z_bar * w, (z_bar * x).sum(0), None"),
            "The number c is missing from the gradients. It wants none itself, and it stretches "
            "those of the others.",
            sends(0, lambda x, w, c, z_bar: z_bar * w),
        ),
        Misconception(
            "ignores_upstream",
            wrong("(ctx.c * w).expand_as(x), ctx.c * x.sum(0), None"),
            "These are the local derivatives alone. What came from upstream, `z_bar`, is a factor "
            "of every message, before anything is summed.",
            sends(1, lambda x, w, c, z_bar: c * x.sum(0)),
        ),
        Misconception(
            "w_never_learns",
            wrong("ctx.c * z_bar * w, None, None"),
            "w wants a gradient and got None. PyTorch does not complain: w would never learn, "
            "and nobody would say why.",
            anywhere(lambda told: returned(told, 1) is None and len(told["nothing"]["returned"]) > 1
                     and "values" in returned(told, 0)),
        ),
        Misconception(
            "no_place_for_c",
            wrong("ctx.c * z_bar * w, ctx.c * (z_bar * x).sum(0)"),
            "forward was given three things after ctx, and backward answers for two. A number "
            "wants no gradient, and has its place in the answer all the same.",
            anywhere(lambda told: len(told["nothing"]["returned"]) == 2),
        ),
        Misconception(
            "gradient_for_a_number",
            wrong("ctx.c * z_bar * w, ctx.c * (z_bar * x).sum(0), (z_bar * x * w).sum()"),
            "c is a plain number. It cannot receive a gradient, and PyTorch refuses one; what "
            "stands in its place?",
            anywhere(lambda told: "values" in returned(told, 2) or "kind" in returned(told, 2)),
        ),
        Misconception(
            "kept_on_ctx",
            wrong("ctx.c * z_bar * ctx.w, ctx.c * z_bar[0] * ctx.x[0], None",
                  "ctx.x, ctx.w, ctx.c = x, w, c; ctx.save_for_backward(x, w); return c * x * w"),
            "A tensor is kept as an attribute of ctx. PyTorch then cannot let it go after the "
            "backward pass, and does not notice when somebody changes it in between. "
            "`save_for_backward` sees to both.",
            anywhere(lambda told: told["nothing"]["kept"]),
        ),
        Misconception(
            "works_for_frozen_inputs",
            wrong("ctx.c * z_bar * w, ctx.c * (z_bar * x).sum(0), None"),
            "The gradients are right, and one is worked out for an input that wants none. In a "
            "frozen layer that can be half of the work on the way back. `ctx.needs_input_grad` "
            "says who wants one.",
            works_for_nobody,
        ),
    ),
    hints=(
        Hint(
            "The shape of the gradient of w is that of the batch",
            "One entry of w went into B entries of z, one in each row, and each of them sends a "
            "message back. Along which axis do they lie?",
        ),
        Hint(
            "It says that I work for nobody",
            "`ctx.needs_input_grad` is a tuple, one True or False for each input of forward. Start "
            "with `x_bar = w_bar = None`, and compute each one only if its place is True.",
        ),
        Hint(
            "PyTorch counts my gradients and is not content",
            "Three inputs after ctx, three places in the answer: the message for x is "
            "z_bar · c · w; that for w is summed over the rows; a number gets None.",
        ),
    ),
    why="One place for every input, each in its own shape, and no work that nobody asked for. "
    "Saving could be as thrifty: x is needed for the gradient of w alone, and w for that of x.",
)  # fmt: skip
