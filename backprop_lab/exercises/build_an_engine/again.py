"""Exercise `again`: a second call adds up in the leaves, and counts nothing twice."""

from ..diagnosis import close
from ..exercise import Exercise, Hint, Misconception
from ..random_graphs import shown_slopes
from .backward import are_numbers, slopes_cases
from .pieces import Node, Value, build, given, order_of


def again_cases(seed):
    return slopes_cases(seed, 33)[:5]


def probe_again(answer, case):
    """The gradients of the leaves after one call, a second one, and one on another output."""
    values = build(case["graph"], case["local"])
    output = list(values.values())[-1]
    leaves = {name: value for name, value in values.items() if value.node is None}
    if answer(output) is ...:
        return ...
    once = {name: leaf.grad for name, leaf in leaves.items()}
    answer(output)
    twice = {name: leaf.grad for name, leaf in leaves.items()}
    further = Value(-2.5, given([output, *leaves.values()], further_slopes(leaves)))
    answer(further)
    thrice = {name: leaf.grad for name, leaf in leaves.items()}
    return {"once": once, "twice": twice, "thrice": thrice}


def further_slopes(leaves):
    """Of an output that is computed from the first one and from every leaf."""
    return [-0.75, *[1.25] * len(leaves)]


def wanted(case):
    """The gradients of the leaves, by following every path."""
    rows, local = case["graph"], case["local"]

    def walk(name, product):
        found[name] = found.get(name, 0.0) + product
        for x, slope in zip(rows[name][1:], local.get(name, []), strict=True):
            walk(x, product * slope)

    found = {}
    walk(list(rows)[-1], 1.0)
    return {name: x for name, x in found.items() if len(rows[name]) == 1}


def judge_again(case, output):
    if not isinstance(output, dict) or not all(are_numbers(output[part]) for part in output):
        return ["Every `.grad` of a leaf has to be a number when backward is done."]
    said = {"once": "After one call", "twice": "After a second call on the same output",
            "thrice": "After a call on another output, computed from that one and the leaves,",
            }  # fmt: skip
    for part in said:
        for name, right in wanted(case).items():
            if not close(output[part][name], due(part, right)):
                return [
                    f"{said[part]} the gradient of {name} is {output[part][name]:.4g}"
                    + ("" if part == "once" else f"; after one it was {output['once'][name]:.4g}")
                    + f".\n{shown_slopes(case)}"
                ]
    return []


def due(part, right):
    """What has come together in a leaf, if one call gives `right`."""
    slope, direct = further_slopes([None])
    return {"once": right, "twice": 2 * right, "thrice": (2 + slope) * right + direct}[part]


def wrong(start, end="pass", line="x.grad += message"):
    return f"""
def again(output):
    order = order_of(output)
    {start}
    output.grad = 1.0
    for value in order[::-1]:
        if value.node is None:
            continue
        messages = value.node.op.vjp(value.node, value.grad)
        for x, message in zip(value.node.inputs, messages):
            {line}
    {end}
"""


def last_call_alone(right):
    return due("thrice", right) - due("twice", right)


def came_to(cases, reports, part, rule):
    """Whether all gradients of one part follow from what one right call gives, by a rule."""
    return all(
        close(report["returned"][part][name], rule(right))
        for case, report in zip(cases, reports, strict=True)
        for name, right in wanted(case).items()
    )


AGAIN = Exercise(
    id="again",
    title="Call it twice",
    notebook=3,
    minutes=8,
    points=3,
    contract="""\
Write `again(output)`: your `backward`, made safe to be called more than once.

- In the **leaves** the gradients of all calls add up: after two calls on the same output each leaf
  has twice the gradient. That is how the gradients of several examples are put together.
- Between the leaves and the output, each call starts afresh: nothing that an earlier call left
  there may be sent again.
- `order_of(output)` is there.""",
    cases=again_cases,
    probe=probe_again,
    judge=judge_again,
    given={"Node": Node, "Value": Value, "order_of": order_of},
    misconceptions=(
        Misconception(
            "stale_in_between",
            wrong("pass"),
            "The second call found the first one's gradients still lying at the Values in between, "
            "and sent them once more: x · x · x at 2 gives 32 instead of 24. Clear them, or keep "
            "them somewhere of their own.",
        ),
        Misconception(
            "clears_everything",
            wrong("for value in order: value.grad = 0.0"),
            "Each call wipes the leaves clean, so only the last one counts. What lies in the "
            "leaves belongs to whoever trains them, and is theirs to clear.",
            lambda cases, reports: (
                came_to(cases, reports, "twice", lambda right: right)
                and came_to(cases, reports, "thrice", last_call_alone)
            ),
        ),
        Misconception(
            "once_only",
            wrong("if getattr(output, 'done', False): return\n    output.done = True"),
            "The second call on the same output left no trace. It has to count again: whoever "
            "calls twice wants twice the gradient.",
            lambda cases, reports: came_to(cases, reports, "twice", lambda right: right),
        ),
        Misconception(
            "clears_the_leaves_only",
            wrong("for value in order: value.grad = 0.0 if value.node is None else value.grad"),
            "You clear the leaves and leave the Values in between as they are. It is the other way "
            "round: leaves add up, and everything else starts afresh.",
        ),
        Misconception(
            "overwrites_the_leaves",
            wrong(
                "for value in order: value.grad = value.grad if value.node is None else 0.0",
                line="x.grad = message if x.node is None else x.grad + message",
            ),
            "In the leaves the last message erases what was there. There messages add like "
            "anywhere else, within one call and over several.",
        ),
        Misconception(
            "clears_too_late",
            wrong("pass", end="for value in order[:-1]: value.grad = 0.0"),
            "After a call the leaves have 0: nobody said the first word, or after the walk you "
            "cleared what it had found. The leaves are where the result is wanted.",
            lambda cases, reports: came_to(cases, reports, "once", lambda right: 0.0),
        ),
    ),
    hints=(
        Hint(
            "32 instead of 24",
            "Print `.grad` of the Values in the middle before the second call. They still hold "
            "what the first call left; the new messages are added to that, and all of it is sent.",
        ),
        Hint(
            "Which of them do I clear, and when?",
            "Whoever has a node is in between. Clear those before the walk begins; keep your hands "
            "off the leaves.",
        ),
        Hint(
            "Is there another way?",
            "Keep the gradients of one call in a dictionary, and add to `.grad` only at the "
            "leaves.",
        ),
    ),
    why="Leaves add up over calls, and nothing that an earlier call left in between is sent again. "
    "PyTorch has the same rule. It lets a batch come in pieces.",
)
