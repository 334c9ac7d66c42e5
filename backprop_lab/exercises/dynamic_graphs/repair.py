"""Exercise `repair`: five functions with right values and wrong gradients, and no error."""

import numpy as np

from ..build_an_engine.pieces import one_by_one
from ..exercise import Exercise, Hint, Misconception
from ..probing import UNFILLED
from .pieces import (
    leaf,
    nothing_arrives,
    pull,
    reports_of,
    returned,
    signed,
    slopes,
    tell,
    wrong_gradients,
)

VALUES = {  # what each of them computes, for numbers of any kind
    "scaled": lambda x, w, b: np.exp((x @ w + b) / np.sqrt(((x @ w + b) ** 2).sum())).sum(),
    "stacked": lambda x, w, b: (x @ w).sum() ** 2 + b**2 + (w**2).sum(),
    "gated": lambda x, w, b: ((x @ w + b) / (1 + np.exp(-(x @ w + b)))).sum(),
    "centered": lambda x, w, b: np.exp(x @ w + b - (x @ w + b).mean()).sum(),
    "halved": lambda x, w, b: (np.tanh(x @ w + b) / 2).sum(),
}


def repair_cases(seed):
    rng = np.random.default_rng([seed, 75])
    return [
        {"x": signed(rng, shape, 0.2, 0.9), "w": signed(rng, shape[1:]), "b": signed(rng, ()),
         "u": signed(rng, (), 1.5, 2.5)}
        for shape in ((2, 3), (5, 3), (3, 4), (3, 3))
    ]  # fmt: skip


def probe_repair(answer, case):
    """{name: what its function gave, and the gradients}; each one gets leaves of its own."""
    if not isinstance(answer, dict):
        raise TypeError("repair is a dictionary: from a name to your function.")
    return one_by_one(run, answer, VALUES, case)


def run(function, name, case):
    if not callable(function):
        raise TypeError(f"a function is asked for; a {type(function).__name__} came")
    x, w, b = leaf(case["x"], False), leaf(case["w"]), leaf(case["b"])
    loss = function(x, w, b)
    if loss is ...:
        return ...
    return tell(loss, w=w, b=b) | {"gradients": pull(loss, case["u"], w=w, b=b)}


def judge_repair(case, output):
    return [text for name in VALUES if (text := complain(name, case, output[name]))]


def complain(name, case, told):
    if told is None or told == UNFILLED:
        return f"{name}: still blank."
    if "raised" in told:
        return f"{name}: {told['raised']}"
    trouble = returned(told, (), "loss")
    if trouble:
        return f"{name}: {trouble}"
    inputs = {key: case[key] for key in ("x", "w", "b")}
    if not nearly(told["value"], VALUES[name](**inputs)):
        return f"{name}: the loss is not the one that the broken function computes."
    if not told["tracked"]:
        return f"{name}: the loss has no history now: nothing can be sent back from it."
    trouble = wrong_gradients(told["gradients"], gradients_of(name, case))
    return trouble and f"{name}: the loss is right. {trouble}"


def nearly(got, wanted):
    """Equal as far as float32 goes, which `torch.tensor` chooses for a Python number."""
    return np.allclose(got, wanted, rtol=1e-5, atol=1e-6)


def gradients_of(name, case):
    def loss(w, b):
        return case["u"] * VALUES[name](case["x"], w, b)

    return slopes(loss, w=case["w"], b=case["b"])


def reaches(told):
    """Whether something is sent back, right or wrong."""
    return isinstance(told, dict) and isinstance(told.get("gradients"), dict)


def with_gradients(name, rule):
    """Whether one function has its right value and, everywhere, the gradients of a wrong rule.

    rule(x, w, b, frozen) -> the loss, where `frozen` holds the inputs as numbers that do not move.
    """

    def looks_like(cases, reports):
        return all(
            reaches(output[name])
            and nearly(output[name]["value"], VALUES[name](case["x"], case["w"], case["b"]))
            and complain(name, case, output[name])
            and all(
                nearly(np.nan if came is None else came, right)
                for came, right in zip(
                    output[name]["gradients"].values(), frozen_slopes(rule, case), strict=True
                )
            )
            for case, output in reports_of(cases, reports)
        )

    return looks_like


def frozen_slopes(rule, case):
    x, still = case["x"], case["x"] @ case["w"] + case["b"]
    slopes_by = slopes(lambda w, b: case["u"] * rule(x @ w + b, still), w=case["w"], b=case["b"])
    return slopes_by.values()


def after_halving(z, still):
    """The road through a tanh whose noted result was halved: its slope is taken there."""
    return ((1 - (np.tanh(still) / 2) ** 2) * z).sum()


def only_a_part(name, *missing):
    """Whether one function sends nothing to `missing`, and has its right value."""

    def looks_like(cases, reports):
        return all(
            reaches(output[name])
            and nearly(output[name]["value"], VALUES[name](case["x"], case["w"], case["b"]))
            and all(output[name]["gradients"][leaf] is None for leaf in missing)
            for case, output in reports_of(cases, reports)
        )

    return looks_like


def in_any(test):
    """Whether a test holds for what some function gave, in every case."""

    def looks_like(cases, reports):
        return any(
            all(test(output[name]) for _, output in reports_of(cases, reports)) for name in VALUES
        )

    return looks_like


def wrong(name, *lines):
    body = "\n".join(f"    {line}" for line in lines)
    return (
        f"import torch\n\ndef mended(x, w, b):\n{body}\n\n"
        f"repair = dict.fromkeys({list(VALUES)}, ...) | {{{name!r}: mended}}\n"
    )


Z = "z = x @ w + b"
REPAIR = Exercise(
    id="repair",
    title="Five breaks that raise no error",
    notebook=7,
    minutes=12,
    points=5,
    parts=5,
    may_use=frozenset({"torch"}),
    contract="""\
The five functions above compute the right loss, and `backward()` raises no error; yet gradients are
wrong. Write mended versions, and list them in `repair` under the old names.

- They get `x` of shape (B, N), `w` of shape (N,) and a number `b`; w and b require a gradient.
- The loss stays what it is; every road from it to w and b is open.
- Each is one point.""",
    cases=repair_cases,
    probe=probe_repair,
    judge=judge_repair,
    misconceptions=(
        Misconception(
            "the_norm_is_still_a_number",
            wrong("scaled", Z, "scale = torch.tensor(z.norm().item(), requires_grad=True)",
                  "return (z / scale).exp().sum()"),
            "scaled: the norm depends on w and b as well, and its road is still cut. A new tensor "
            "with `requires_grad=True` is a new leaf: gradients end there.",
            with_gradients("scaled", lambda z, s: np.exp(z / np.sqrt((s**2).sum())).sum()),
        ),
        Misconception(
            "the_parts_are_still_copied",
            wrong("stacked", "parts = torch.tensor([(x @ w).sum(), b], requires_grad=True)",
                  "return parts.square().sum() + w.square().sum()"),
            "stacked: nothing arrives at b: a copy of its number took its place. `torch.tensor` "
            "makes a new leaf, and `requires_grad=True` joins it to nothing. Which function joins "
            "tensors that exist?",
            only_a_part("stacked", "b"),
        ),
        Misconception(
            "one_factor_is_still_cut",
            wrong("gated", Z, "return (z * z.detach().clone().requires_grad_().sigmoid()).sum()"),
            "gated: z is in the product twice, and one of its two roads is still cut. A clone of "
            "something that has been detached has no history either.",
            with_gradients("gated", lambda z, s: (z / (1 + np.exp(-s))).sum()),
        ),
        Misconception(
            "the_other_factor_is_cut",
            wrong("gated", Z, "return (z.detach() * z.sigmoid()).sum()"),
            "gated: now the other one of the two roads is cut. Both factors depend on z.",
            with_gradients("gated", lambda z, s: (s / (1 + np.exp(-z))).sum()),
        ),
        Misconception(
            "the_mean_is_still_fixed",
            wrong("centered", Z, "with torch.no_grad():", "    center = z.mean()",
                  "center.requires_grad_()", "return (z - center).exp().sum()"),
            "centered: the mean moves with every z, and what was computed under `no_grad` has no "
            "history. Setting `requires_grad` afterwards does not bring it back.",
            with_gradients("centered", lambda z, s: np.exp(z - s.mean()).sum()),
        ),
        Misconception(
            "in_place_again",
            wrong("halved", "h = (x @ w + b).tanh()", "h *= 0.5", "return h.sum()"),
            "halved: without `.data` the change in place is seen, and refused: tanh has noted its "
            "result for the backward pass. Leave that one alone and make a new tensor.",
            lambda cases, reports: any(
                isinstance(output["halved"], dict)
                and output["halved"].get("gradients") == "changed"
                for _, output in reports_of(cases, reports)
            ),
        ),
        Misconception(
            "still_behind_its_back",
            wrong("halved", "h = (x @ w + b).tanh().clone()", "h.data *= 0.5", "return h.sum()"),
            "halved: the halving happens behind autograd's back still, so the factor is missing "
            "from the gradient. What goes through `.data` is not recorded.",
            lambda cases, reports: any(
                with_gradients("halved", rule)(cases, reports)
                for rule in (lambda z, s: np.tanh(z).sum(), after_halving)
            ),
        ),
        Misconception(
            "runs_backward_itself",
            wrong("gated", Z, "loss = (z * z.sigmoid()).sum()", "loss.backward(retain_graph=True)",
                  "return loss"),
            "One of your functions runs backward itself, so the gradients are counted twice. "
            "`retain_graph` mends no cut: it only keeps what was noted for another pass.",
            in_any(lambda told: isinstance(told, dict) and bool(told.get("touched"))),
        ),
        Misconception(
            "a_fresh_leaf",
            wrong("halved", "w = w.detach().clone().requires_grad_()",
                  "b = b.detach().clone().requires_grad_()", "return (x @ w + b).tanh().sum() / 2"),
            "In one of your functions nothing reaches w and b at all: a copy, a new leaf, took the "
            "place of something on the way. It gathers a gradient of its own.",
            in_any(lambda told: reaches(told) and nothing_arrives(told)),
        ),
    ),
    hints=(
        Hint(
            "How can the loss be right and the gradient wrong?",
            "Call a function, and show its loss with `bl.draw`. Where numbers were taken out of a "
            "tensor, a constant stands in the picture. If another road is open, nobody complains.",
        ),
        Hint(
            "I set requires_grad, and nothing changes",
            "That makes a new leaf, which gathers a gradient of its own. What helps is to stay "
            "with tensors from beginning to end: nothing that turns them into numbers.",
        ),
        Hint(
            "An error about an in-place operation",
            "tanh needs its own result on the way back. A new tensor that is half as large leaves "
            "it alone.",
        ),
    ),
    why="Each break has an honest use: to log a number, to freeze a target, to update a weight. "
    "PyTorch cannot know that you did not mean it. A nudge of w and a look at the loss can.",
)  # fmt: skip
