"""Exercise `unroll`: the same weight, once for each step."""

import numpy as np

from ..diagnosis import close
from ..exercise import Exercise, Hint, Misconception, call
from .pieces import leaf, pull, reports_of, returned, signed, slopes, tell, wrong_gradients


def unroll_cases(seed):
    """The page's number, with no step, one, and several; then states of other shapes."""
    rng = np.random.default_rng([seed, 73])
    one = [{"w": np.array(0.9), "h": np.array(1.0), "steps": T, "u": np.array(1.0)} for T in (1, 3)]
    cases = [
        {"w": np.array(sign * abs(signed(rng, ()))), "h": signed(rng, shape), "steps": steps,
         "u": signed(rng, shape)}
        for shape, steps, sign in (
            ((3,), 0, 1), ((3,), 2, -1), ((4,), 5, -1), ((2, 3), 4, 1), ((2,), 10, -1),
        )
    ]  # fmt: skip
    return [*one, *cases]


def probe_unroll(answer, case):
    w, h = leaf(case["w"]), leaf(case["h"])
    last = call(answer, {"w": w, "h": h, "steps": case["steps"]})
    if last is ...:
        return ...
    told = tell(last, w=w, h=h) | {"operators": operators(last)}
    return told | {"gradients": pull(last, case["u"], w=w, h=h)}


def operators(tensor):
    """How many operators the graph of a tensor holds."""
    seen = {getattr(tensor, "grad_fn", None)} - {None}
    waiting = list(seen)
    while waiting:
        for node, _ in waiting.pop().next_functions:
            if node is not None and node not in seen:
                seen.add(node)
                waiting.append(node)
    return sum(not hasattr(node, "variable") for node in seen)


def judge_unroll(case, output):
    steps, shape = case["steps"], case["h"].shape
    at = f"With w = {float(case['w']):.3g} and {steps} step{'s' * (steps != 1)}"
    trouble = returned(output, shape)
    if trouble:
        return [f"{at}: {trouble}"]
    if not close(output["value"], state(case, steps)):
        came = counted(case, output["value"])
        said = f" It is the state after {came}." if came is not None else ""
        return [f"{at} the last state is not right.{said}"]
    if not output["tracked"]:
        return [f"{at} the last state has no history: nothing can be sent back from it."]
    trouble = wrong_gradients(output["gradients"], gradients(case))
    if trouble:
        return [f"{at} the last state is right. {trouble}"]
    if output["operators"] < steps:
        return [
            f"{at} all numbers are right. But the graph holds {output['operators']} operators; one "
            "product for each step is asked for."
        ]
    return []


def state(case, steps):
    return case["h"] * np.prod([case["w"]] * steps)


def counted(case, value):
    """The number of steps that a wrong last state would be right for, or None."""
    if np.shape(value) != case["h"].shape:
        return None
    return next((n for n in range(20) if close(value, state(case, n))), None)


def gradients(case):
    """By w and h, found by complex steps; w gets none if it was not used."""

    def projected(w, h):
        return (case["u"] * h * np.prod([w] * case["steps"])).sum()

    found = slopes(projected, w=case["w"], h=case["h"])
    return found if case["steps"] else {"h": found["h"]}


def only_one_step_back(cases, reports):
    """The gradient by w is the one of a single step, wherever there are several."""
    return any(case["steps"] > 1 for case in cases) and all(
        close(told["value"], state(case, case["steps"]))
        and close(
            told["gradients"]["w"],
            (case["u"] * state(case, case["steps"] - 1)).sum(),
        )
        for case, told in reports_of(cases, reports)
        if case["steps"]
    )


def same_length(cases, reports):
    """As many steps in every case, whatever `steps` is."""
    counts = {counted(case, told["value"]) for case, told in reports_of(cases, reports)}
    return len(counts) == 1 and None not in counts


def in_place(cases, reports):
    return any("in-place" in report.get("raised", "") for report in reports)


def wrong(step="h = w * h", before="pass", count="steps", after="return h"):
    return (
        f"import torch\n\ndef unroll(w, h, steps):\n    {before}\n"
        f"    for _ in range({count}):\n        {step}\n    {after}\n"
    )


UNROLL = Exercise(
    id="unroll",
    title="As many steps as the input has",
    notebook=7,
    minutes=6,
    points=2,
    core=False,
    may_use=frozenset({"torch"}),
    contract=r"""Write `unroll(w, h, steps)` in PyTorch: the smallest recurrent network,
$h \leftarrow w \cdot h$, taken `steps` times. `w` is a tensor with one number, `h` has any shape.

- Return the last state. Its graph holds one product for each step, and gradients reach `w` and `h`.
- With 0 steps the last state is the first one.""",
    cases=unroll_cases,
    probe=probe_unroll,
    judge=judge_unroll,
    misconceptions=(
        Misconception(
            "the_last_step_only",
            wrong("h = w * h.detach()"),
            "Only the last step sends something to w. Each step has used w, and each has a message "
            "for it; the state was cut from its history on the way.",
            only_one_step_back,
        ),
        Misconception(
            "in_place",
            wrong("h *= w"),
            "The state that came in was written over. It belongs to whoever called you, and as a "
            "leaf it is protected. `h = w * h` makes a new tensor in every step.",
            in_place,
        ),
        Misconception(
            "a_fixed_length",
            wrong(count="3"),
            "The number of steps is always the same. It comes with the input, as `steps`.",
            same_length,
        ),
        Misconception(
            "one_power",
            "def unroll(w, h, steps):\n    return w**steps * h\n",
            "You computed all steps at once, by a power. That is right for this network, and for "
            "hardly any other. The exercise is about the graph of the steps.",
        ),
        Misconception(
            "one_step_more",
            wrong(count="steps + 1"),
            "That is one step too many, in every case. What comes out when `steps` is 0?",
        ),
        Misconception(
            "one_step_less",
            wrong(count="1, steps"),
            "That is one step short. `range(n)` gives n numbers, from 0 to n − 1.",
        ),
        Misconception(
            "a_copy_of_the_weight",
            wrong(before="w = w.detach().requires_grad_()"),
            "Nothing reaches w: you computed with its number, or with a copy that is a new leaf. "
            "`requires_grad_()` lets a copy gather a gradient of its own, and joins it to nothing.",
        ),
        Misconception(
            "forgets_the_first_state",
            wrong(before="h = h.detach()"),
            "Gradients reach w and not the state that you were given. Whoever made it may want "
            "them.",
        ),
        Misconception(
            "numbers_not_tensors",
            wrong(after="return h.detach()"),
            "The last state has no history: it was cut off, as a bare number or by `detach`, "
            "`.data` or `no_grad`.",
            lambda cases, reports: all(
                close(told["value"], state(case, case["steps"])) and not told["tracked"]
                for case, told in reports_of(cases, reports)
                if case["steps"]
            ),
        ),
    ),
    hints=(
        Hint(
            "Do I have to prepare the graph for T steps?",
            "No. An ordinary for loop will do: each product that runs becomes one operator.",
        ),
        Hint(
            "The gradient by w is too small, by a factor of T",
            "Each of the T products has read w, so T messages have to arrive there. Is there a "
            "`detach` or a `.data` between the steps?",
        ),
        Hint(
            "PyTorch speaks of an in-place operation",
            "`h *= w` writes over the tensor that came in. `h = w * h` makes a new one and gives "
            "it the old name.",
        ),
    ),
    why="With h₀ = 1 the gradient by w is T·wᵀ⁻¹: T messages, one for each use, and in each "
    "there is a w for every other step: the earlier ones in the state that it read, the later ones "
    "met on the way back. That is all of backpropagation through time.",
)  # fmt: skip
