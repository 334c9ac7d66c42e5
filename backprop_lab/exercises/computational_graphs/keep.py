"""Exercise `keep`: what an operator has to remember for the backward pass."""

from itertools import combinations

import numpy as np

from ... import ops
from ...leaves import tensor
from ..exercise import Exercise, Hint, Misconception, as_it_is
from ..probing import blank, other

GRID = (-2.0, -1.0, 0.0, 1.0, 2.0)
KEEP_OPS = {
    "+": ("xy", lambda x, y: x + y),
    "*": ("xy", lambda x, y: x * y),
    "exp": ("x", ops.exp),
    "square": ("x", lambda x: x * x),
    "relu": ("x", ops.relu),
}


def keep_cases(seed):
    return [{"operators": list(KEEP_OPS)}]


def slopes_on_the_grid(operator):
    """All points of the grid as {"x": …, "y": …, "z": …}, each with its local derivatives."""
    inputs, function = KEEP_OPS[operator]
    points = []
    for values in np.stack(np.meshgrid(*[GRID] * len(inputs)), -1).reshape(-1, len(inputs)):
        leaves = [tensor(value, requires_grad=True) for value in values]
        z = function(*leaves)
        z.backward()
        point = dict(zip(inputs, values.tolist(), strict=True)) | {"z": round(z.item(), 9)}
        points.append((point, tuple(float(leaf.grad) for leaf in leaves)))
    return points


def clash(operator, kept):
    """Two points that agree in what is kept and differ in their derivatives, or None."""
    seen = {}
    for point, slopes in slopes_on_the_grid(operator):
        first = seen.setdefault(tuple(point[name] for name in kept), (point, slopes))
        if first[1] != slopes:
            return first, (point, slopes)
    return None


def cheapest(operator):
    """The smallest set that determines the derivatives; the output before an input."""
    names = ("z", *KEEP_OPS[operator][0])
    sets = (kept for n in range(len(names) + 1) for kept in combinations(names, n))
    return next(set(kept) for kept in sets if clash(operator, kept) is None)


def judge_keep(case, keep):
    if other(keep) or not isinstance(keep, dict):
        return ["`keep` has to be a dictionary from operators to lists of names."] * KEEP.parts
    complaints = (judge_kept(operator, keep.get(operator)) for operator in case["operators"])
    return [complaint for complaint in complaints if complaint]


def judge_kept(operator, kept):
    names = (*KEEP_OPS[operator][0], "z")
    if blank(kept):
        return f"{operator}: still blank."
    if isinstance(kept, str) and kept in names:
        return f'{operator}: {kept!r} is text. Put it in a list: ["{kept}"].'
    if not isinstance(kept, list) or not all(isinstance(x, str) and x in names for x in kept):
        return f"{operator}: give a list with some of {', '.join(names)}, or []."
    pair = clash(operator, kept)
    if pair:
        (one, one_slopes), (two, two_slopes) = pair
        what = " and ".join(kept) or "nothing"
        return (
            f"{operator}: not enough. {at(one)} and {at(two)} look the same to somebody who kept "
            f"{what}, but the local derivatives are {plainly(one_slopes)} and "
            f"{plainly(two_slopes)}."
        )
    spare = [x for x in kept if clash(operator, [y for y in kept if y != x]) is None]
    if spare:
        return f"{operator}: enough, and more than that. Without {spare[0]} it would still do."
    if set(kept) != cheapest(operator):
        return f"{operator}: it would do. But something else would do that is computed already."
    return None


def at(point):
    return "(" + ", ".join(f"{name} = {value + 0.0:g}" for name, value in point.items()) + ")"


def plainly(slopes):
    return ", ".join(f"{slope + 0.0:.3g}" for slope in slopes)


def kept_for(reports, operator):
    keep = reports[0].get("returned")
    kept = keep.get(operator) if isinstance(keep, dict) else None
    return kept if isinstance(kept, list) else None


KEEP = Exercise(
    id="keep",
    title="Decide what backward will need",
    notebook=1,
    minutes=8,
    points=3,
    parts=5,
    contract="""\
For each operator that makes `z` from `x`, or from `x` and `y`, say what to keep so that its local
derivatives can be worked out later.

- `keep` maps an operator to a list with some of `"x"`, `"y"`, `"z"`; `[]` keeps nothing.
- Keep as little as possible, and the output rather than an input where either would do.
- Each operator counts by itself.""",
    cases=keep_cases,
    probe=as_it_is,
    judge=judge_keep,
    misconceptions=(
        Misconception(
            "keeps_everything",
            """keep = {"+": ["x", "y", "z"], "*": ["x", "y", "z"], "exp": ["x", "z"],
            "square": ["x", "z"], "relu": ["x", "z"]}""",
            "All of it would do, at the price of keeping every array of a large network, needed or "
            "not. Ask of each: write the derivative down; which letters are in it?",
            lambda cases, reports: all(
                kept_for(reports, op) and len(kept_for(reports, op)) == len(KEEP_OPS[op][0]) + 1
                for op in KEEP_OPS
            ),
        ),
        Misconception(
            "keeps_nothing",
            """keep = {"+": [], "*": [], "exp": [], "square": [], "relu": []}""",
            "With nothing kept, the backward pass would have to know the derivative of x·y without "
            "knowing x or y. Only an operator whose slope is the same everywhere can afford that.",
            lambda cases, reports: all(kept_for(reports, op) == [] for op in KEEP_OPS),
        ),
        Misconception(
            "keeps_the_inputs",
            """keep = {"+": ["x", "y"], "*": ["x", "y"], "exp": ["x"], "square": ["x"],
            "relu": ["x"]}""",
            "An input is kept where the output would do. Write the derivative down once more, this "
            "time with z in it: what does z say about x?",
            lambda cases, reports: (
                kept_for(reports, "exp") == ["x"] or kept_for(reports, "relu") == ["x"]
            ),
        ),
        Misconception(
            "keeps_the_outputs",
            """keep = {"+": ["z"], "*": ["z"], "exp": ["z"], "square": ["z"], "relu": ["z"]}""",
            "The output alone is not always enough: 6 may have been 2 · 3 or 1 · 6, and 4 the "
            "square of 2 or of -2.",
            lambda cases, reports: (
                kept_for(reports, "*") == ["z"] or kept_for(reports, "square") == ["z"]
            ),
        ),
        Misconception(
            "own_factor_only",
            """keep = {"+": [], "*": ["x"], "exp": ["z"], "square": ["x"], "relu": ["z"]}""",
            "A product has two local derivatives, and each is the other factor. One factor serves "
            "only one of them.",
            lambda cases, reports: kept_for(reports, "*") in (["x"], ["y"]),
        ),
    ),
    hints=(
        Hint(
            "How do I find out what is needed?",
            "Write down the derivative of z by x (and by y), as in school. The letters in it are "
            "what you need. Then ask whether the output says the same.",
        ),
        Hint(
            "It says: not enough",
            "The card shows two points that you could not tell apart, with different derivatives. "
            "What would you have to know to tell them apart?",
        ),
        Hint(
            "It says: something else would do",
            "For exp, write the derivative down and compare it with z itself. For relu, ask "
            "whether the sign of z tells you on which side x was.",
        ),
    ),
    why="A sum needs nothing, a product needs its other factor, exp and relu get by with what they "
    "returned, and a square has to remember its input, because the output has lost the sign.",
)
