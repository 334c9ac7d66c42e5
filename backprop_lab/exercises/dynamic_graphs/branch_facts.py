"""Exercise `branch_facts`: what an if leaves in the graph, and what it does not."""

import numpy as np

from ..diagnosis import diagnose
from ..exercise import Exercise, Hint, Misconception
from ..probing import UNFILLED
from ..random_graphs import what_came
from .pieces import reports_of, signed, slopes

NAMES = ("x", "w", "b")
OPERATORS = {True: ["mul", "pow", "sum"], False: ["sub", "pow", "sum"]}
KNOWN = ("sum", "gt", "mul", "sub", "pow")


def branch_facts_cases(seed):
    """Both sides in turn, and once a sum of exactly 0, which is not above 0."""
    rng = np.random.default_rng([seed, 71])
    cases = []
    for size, side in ((2, 1), (2, -1), (3, 1), (4, -1), (5, 1), (3, -1)):
        x = signed(rng, size)
        x[0] += side * (0.3 + abs(x.sum()))
        x = side * abs(x) if size == 3 else x  # all of one sign, in the case of three
        cases.append({"x": x, "w": signed(rng, size), "b": signed(rng, size, 0.2, 0.9)})
    x = np.array([1.5, -0.5, -1.0])
    return [*cases, {"x": x, "w": signed(rng, 3), "b": signed(rng, 3)}]


def f(x, w, b):
    y = x * w if np.real(x).sum() > 0 else x - b
    return (y**2).sum()


def judge_branch_facts(case, output):
    keys = ["operators", *NAMES]
    if not isinstance(output, dict) or "__type__" in output or output == UNFILLED:
        return [f"A dictionary with {', '.join(keys)} is asked for; {what_came(output)}"]
    if sorted(output) != sorted(keys):
        return [f"The keys have to be {', '.join(keys)}; yours are {', '.join(output)}."]
    total = case["x"].sum()
    at = f"At x = {np.round(case['x'], 3).tolist()}, whose sum is {total:.3g}"
    return [f"{at}: {text}" for text in complaints(case, output)][:1]


def complaints(case, output):
    yield from complain_of_operators(output["operators"], OPERATORS[bool(case["x"].sum() > 0)])
    for name, wanted in slopes(f, **case).items():
        text = complain_of_gradient(name, output[name], wanted)
        if text:
            yield text


def complain_of_operators(listed, wanted):
    if not isinstance(listed, list) or not all(isinstance(name, str) for name in listed):
        yield '"operators" has to be a list of names.'
    elif [name for name in listed if name not in KNOWN]:
        strange = next(name for name in listed if name not in KNOWN)
        yield f'"operators" lists {strange!r}. The names to choose from: {", ".join(KNOWN)}.'
    elif listed == wanted[::-1]:
        yield "these operators are right, and stand in the order in which backward meets them."
    elif listed != wanted:
        yield (
            f"the operators in the graph of the result are not {', '.join(listed) or 'none at all'}"
            ". Which lines ran, and on which of their results does the loss depend?"
        )


def complain_of_gradient(name, came, wanted):
    if not wanted.any():  # the result does not depend on it at all
        if came is None:
            return None
        if isinstance(came, (int, float, np.ndarray)) and not np.any(came):
            return f"{name}: you have 0. PyTorch leaves something else in `{name}.grad` here."
        return f"{name}: a gradient cannot get there. Is there a road from the result to {name}?"
    if came is None:
        return f"{name}: you have None, but the result depends on {name} here."
    if not isinstance(came, (int, float, list, np.ndarray)):
        return f"{name}: an array of numbers is asked for, or None."
    try:
        trouble = diagnose(came, wanted)
    except (TypeError, ValueError):
        return f"{name}: an array of numbers is asked for, or None."
    return trouble and f"the gradient by {name}: {trouble}"


def gives_zero(cases, reports):
    """Right throughout, except that a parameter which was not used got some form of 0."""
    zeros = 0
    for case, output in reports_of(cases, reports):
        idle = "b" if case["x"].sum() > 0 else "w"
        came = output[idle]
        zeros += came is not None and np.size(came) > 0 and not np.asarray(came, dtype=float).any()
        if judge_branch_facts(case, output | {idle: None}):
            return False
    return zeros > 0


def adds_the_condition(cases, reports):
    """The right operators, and those of the condition before them."""
    listed = [(case, output["operators"]) for case, output in reports_of(cases, reports)]
    return all(
        names[-3:] == OPERATORS[bool(case["x"].sum() > 0)]
        and names[:-3] in (["sum"], ["gt"], ["sum", "gt"])
        for case, names in listed
    )


FACTS = """
def branch_facts(x, w, b):
    above = {test}
    by_y = 2 * (x * w) if above else 2 * (x - b)
    facts = {{"operators": [{first}] + ["mul" if above else "sub", "pow", "sum"],
             "x": by_y * w if above else by_y,
             "w": by_y * x if above else None,
             "b": None if above else -by_y}}
    {change}
    return facts
"""


def wrong(change="pass", test="x.sum() > 0", first=""):
    return FACTS.format(change=change, test=test, first=first)


BRANCH_FACTS = Exercise(
    id="branch_facts",
    title="Which branch is in the graph?",
    notebook=7,
    minutes=8,
    points=3,
    contract="""\
Predict what PyTorch finds for `forked(x, w, b)` if x, w and b all require a gradient. Write
`branch_facts(x, w, b)` with NumPy alone, for arrays of one length. Return a dictionary:

- `"operators"`: the operators in the graph of the result, in the order they ran, by the
  names `"sum"`, `"gt"` (that is `>`), `"mul"`, `"sub"`, `"pow"`.
- `"x"`, `"w"`, `"b"`: what `.grad` holds after `backward()`: an array, or what PyTorch leaves if
  none arrives.""",
    cases=branch_facts_cases,
    judge=judge_branch_facts,
    misconceptions=(
        Misconception(
            "zero_instead_of_none",
            wrong('facts["b" if above else "w"] = np.zeros_like(x)'),
            "The parameter of the branch that did not run got zeros. No operator has read it, so "
            "nobody sends it anything: not even a 0 is written.",
            gives_zero,
        ),
        Misconception(
            "both_branches",
            wrong(
                'facts["operators"] = ["mul", "sub", "pow", "sum"]; '
                'facts["w"] = 2 * x * w * x; facts["b"] = -2 * (x - b)'
            ),
            "Both branches stand in your graph. Python runs one of them, and what has not run has "
            "not been recorded.",
        ),
        Misconception(
            "records_the_condition",
            wrong(first='"sum", "gt"'),
            "You list the operators of the condition. Its outcome is a plain True or False that "
            "tells Python where to go; the result is not computed from it.",
            adds_the_condition,
        ),
        Misconception(
            "always_the_first_branch",
            wrong(test="True"),
            "The first branch stands in your graph whatever x is. The graph is recorded anew in "
            "each call, from the lines that ran this time.",
        ),
        Misconception(
            "built_by_backward",
            wrong('facts["operators"] = []'),
            "Your graph is empty, as if backward would build it. It is recorded while the function "
            "runs, and is complete before anybody calls backward.",
        ),
        Misconception(
            "stops_before_the_square",
            wrong("facts.update(x=w if above else 1 + 0 * x, w=x if above else None, "
                  "b=None if above else -1 + 0 * x)"),
            "These are the gradients of the sum of y. The result is the sum of y²: on its way to y "
            "every message passes the square, and takes a factor along.",
        ),
        Misconception(
            "the_sign_of_b",
            wrong('facts["b"] = None if above else by_y'),
            "b is subtracted. When it grows, y shrinks: its gradient has the other sign.",
        ),
        Misconception(
            "x_only_decides",
            wrong('facts["x"] = None'),
            "x got None. It decides which branch runs, and besides that the branch computes with "
            "it.",
        ),
    ),
    hints=(
        Hint(
            "Which lines are recorded?",
            "Go through `forked` with a pencil, for one x whose sum is positive. Cross out each "
            "line that Python does not reach. Then ask of what is left: is the result computed "
            "from this?",
        ),
        Hint(
            "My gradients are right, and the parameter that is not used is refused",
            "Make three tensors, call `forked`, call `backward()`, and print all three `.grad`.",
        ),
        Hint(
            "My gradients have the wrong size",
            "First y: how does the sum of y² move per unit of y? That is the message at y. Then it "
            "passes one operator more, mul or sub, whichever ran.",
        ),
    ),
    why="The if left no trace in the graph, only the branch that it chose. A parameter of the "
    "other branch keeps `.grad = None`, and an optimizer skips it; a 0 would be a gradient like "
    "any other, and momentum would move the parameter on.",
)  # fmt: skip
