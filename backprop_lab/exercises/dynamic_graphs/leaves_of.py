"""Exercise `leaves_of`: from a result back to everything that its gradient reaches."""

import numpy as np

from ..exercise import Exercise, Hint, Misconception, call
from ..random_graphs import what_came
from .pieces import a, reports_of, signed
from .recipes import build, letter, random_recipe, recipe, shown, wanted

DEEP = 3300  # operators in a row; Python and Jupyter give up on recursion before


def leaves_of_cases(seed):
    """Recipes, some of which have two leaves that hold the same number."""
    rng = np.random.default_rng([seed, 74])
    same = float(signed(rng, ()))
    small = [
        recipe([same], [True]),
        recipe([same], [True], ["*00"]),
        recipe([same, same], [True, True], ["*01"]),
        recipe([same, 0.7], [True, False], ["*01", "+22"]),
        recipe([same, 0.7], [False, False], ["*01"]),
        recipe([same, same, 1.3], [True, True, True], ["*01", "s3", "+34", "*52", "+63"]),
    ]
    drawn = [random_recipe(rng, size) for size in (5, 7, 11)]
    return [*small, *drawn, recipe([same, -same], [True, True], ["*01"], deep=DEEP)]


def probe_leaves_of(answer, case):
    """Which leaves came back, by their number; -1 for another tensor, else the type's name."""
    import torch

    leaves, result = build(case)
    numbers = {id(x): i for i, x in enumerate(leaves)}
    came = call(answer, {"tensor": result})
    if came is None or came is ... or isinstance(came, torch.Tensor):
        return ... if came is ... else {"not a list": type(came).__name__}
    if not isinstance(came, (list, tuple, set, frozenset, type({}.keys()), type({}.values()))):
        return {"not a list": type(came).__name__}
    return [
        numbers.get(id(x), -1) if isinstance(x, torch.Tensor) else type(x).__name__ for x in came
    ]


def judge_leaves_of(case, output):
    if not isinstance(output, list):
        kind = output.get("not a list") if isinstance(output, dict) else None
        came = f"{a(kind)} came." if kind and kind != "NoneType" else what_came(None)
        return [f"A list of tensors is asked for; {came}"]
    at = shown(case)
    strange = [x for x in output if isinstance(x, str)]
    if strange:
        return [f"{at}\nThe list holds {a(strange[0])}. Leaves are tensors."]
    if -1 in output:
        return [f"{at}\nThe list holds a tensor that is none of the leaves, or a copy of one."]
    right = wanted(case)
    for i in dict.fromkeys(output):
        if i not in right:
            why = "requires no gradient" if not case["grad"][i] else "is not used in the result"
            return [f"{at}\nThe list holds {letter(i)}, which {why}."]
        if output.count(i) > 1:
            return [f"{at}\nThe list holds {letter(i)} {output.count(i)} times. Once is enough."]
    missing = [letter(i) for i in right if i not in output]
    if missing:
        return [f"{at}\nThe list does not hold {', '.join(missing)}."]
    return []


def shallow(cases, reports):
    """What came back for all cases but the deep one, the last, in which much may be cut short."""
    return reports_of(cases[:-1], reports[:-1])


def one_side(cases, reports):
    """Whether the first input of each operator was followed alone, or the last one."""
    return any(
        lists_as(lambda case, side=side: wanted(case, side))(cases, reports)
        for side in (slice(None, 1), slice(-1, None))
    )


def lists_as(rule):
    """Whether the lists that came back hold what `rule(case)` gives, and not all are right."""

    def looks_like(cases, reports):
        pairs = shallow(cases, reports)
        return any(judge_leaves_of(*pair) for pair in pairs) and all(
            sorted(output) == sorted(rule(case)) for case, output in pairs
        )

    return looks_like


def takes_equal_for_one(cases, reports):
    """Whether all that is missing, and something is, holds the same number as a leaf listed."""
    pairs = [pair for pair in shallow(cases, reports) if judge_leaves_of(*pair)]
    return bool(pairs) and all(
        set(output) < set(wanted(case))
        and set(case["values"][wanted(case)]) == set(case["values"][output])
        for case, output in pairs
    )


def repeats_a_leaf(report):
    came = report.get("returned", [])
    return any(type(x) is int and x >= 0 and came.count(x) > 1 for x in came)


def raised(*parts):
    """Whether the first error, the one that is shown, holds all of `parts`."""

    def looks_like(cases, reports):
        first = next((report["raised"] for report in reports if "raised" in report), "")
        return all(part in first for part in parts)

    return looks_like


WALK = """
def leaves_of(tensor):
    if tensor.grad_fn is None:
        {alone}
    leaves, seen, waiting = [], {{tensor.grad_fn}}, [tensor.grad_fn]
    while waiting:
        node = waiting.pop()
        if type(node).__name__ == "AccumulateGrad":
            {found}
        for following, place in {further}:
            if following is not None and following not in seen:
                {mark}
                waiting.append(following)
    return leaves
"""


def wrong(alone="return [tensor] if tensor.requires_grad else []",
          found="leaves += [node.variable]", further="node.next_functions",
          mark="seen.add(following)"):  # fmt: skip
    return WALK.format(alone=alone, found=found, further=further, mark=mark)


LEAVES_OF = Exercise(
    id="leaves_of",
    title="Walk back to the leaves",
    notebook=7,
    minutes=10,
    points=4,
    may_use=frozenset({"torch"}),
    contract="""\
Write `leaves_of(tensor)`: the list of all leaf tensors that `tensor.backward()` would give a
gradient, each once, in any order.

- Walk from `tensor.grad_fn` along `next_functions`, a tuple of (node, number) pairs. Where the
  node is None, no gradient is required.
- The node of a leaf is an `AccumulateGrad`; the leaf itself is its `.variable`.
- `tensor` may be a leaf itself, and the graph deep: thousands of operators in a row.""",
    cases=leaves_of_cases,
    probe=probe_leaves_of,
    judge=judge_leaves_of,
    misconceptions=(
        Misconception(
            "one_input_only",
            wrong(further="node.next_functions[:1]"),
            "Only one input of each operator was followed. A product has two, and each may lead to "
            "other leaves.",
            one_side,
        ),
        Misconception(
            "lists_operators",
            wrong(found="leaves.append(node)"),
            "There are nodes in your list. A leaf's node, AccumulateGrad, waits where the leaf "
            "gathers its gradient; the leaf is the tensor that it holds.",
            lambda cases, reports: any(
                "AccumulateGrad" in output for _, output in shallow(cases, reports)
            ),
        ),
        Misconception(
            "lists_a_leaf_twice",
            wrong(mark="if following.next_functions: seen.add(following)"),
            "A leaf stands in your list once for each road that leads to it. Remember which nodes "
            "you have visited.",
            lambda cases, reports: any(map(repeats_a_leaf, reports)),
        ),
        Misconception(
            "recursion",
            """
def leaves_of(tensor):
    leaves, seen = [], set()
    def visit(node):
        if node is None or node in seen:
            return
        seen.add(node)
        if hasattr(node, "variable"):
            leaves.append(node.variable)
        for following, place in node.next_functions:
            visit(following)
    if tensor.grad_fn is None:
        return [tensor] if tensor.requires_grad else []
    visit(tensor.grad_fn)
    return leaves
""",
            "The walk calls itself once for each operator in a row, and Python allows only so many "
            "calls inside each other. Keep the nodes that you have still to visit in a list.",
            raised("RecursionError"),
        ),
        Misconception(
            "a_leaf_has_no_leaves",
            wrong(alone="return []"),
            "A tensor that is a leaf itself gave an empty list. Its `grad_fn` is None, and still "
            "backward would give it a gradient: it is its own only leaf.",
            lists_as(lambda case: wanted(case) if case["steps"] else []),
        ),
        Misconception(
            "walks_into_none",
            wrong(alone="pass").replace("if following is not None and", "if"),
            "The walk came to a None and asked it for more. A leaf has None for its `grad_fn`, and "
            "in `next_functions` None stands for an input that requires no gradient.",
            raised("AttributeError", "NoneType"),
        ),
        Misconception(
            "compares_numbers",
            wrong(found="leaves += [node.variable] if node.variable not in leaves else []"),
            "Two leaves that hold the same number were taken for one. On tensors `in` and `==` "
            "compare numbers; remember nodes, or ask with `is`.",
            takes_equal_for_one,
        ),
        Misconception(
            "lists_constants",
            wrong(alone="return [tensor]"),
            "A tensor that requires no gradient gave a list with itself. It is a leaf, in "
            "PyTorch's sense, but no gradient comes to it.",
            lists_as(lambda case: wanted(case) or [-1]),
        ),
    ),
    hints=(
        Hint(
            "What do I walk along?",
            "Print `z.grad_fn`, then `z.grad_fn.next_functions`, for a small z. Each pair holds "
            "the node of one input. Put those that you have still to visit in a list.",
        ),
        Hint(
            "It stops with a RecursionError, or never",
            "Work with a list of waiting nodes and a loop, not with a function that calls itself. "
            "A set of nodes that were visited keeps you from going the same roads again and again.",
        ),
        Hint(
            "A leaf is missing, or stands there twice",
            "All pairs of `next_functions` count, not the first alone. Nodes may go in a set. In a "
            "list of tensors, `in` compares numbers: ask about nodes, and not about tensors.",
        ),
    ),
    why="This is the road that backward takes, without its numbers. `grad_fn` does not compute an "
    "inverse: it is the operator's record, and its edges lead to the records that come next.",
)  # fmt: skip
