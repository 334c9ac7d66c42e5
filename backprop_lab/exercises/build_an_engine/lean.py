"""Exercise `lean`: a gradient that has been sent is not needed any more."""

import numpy as np

from ..diagnosis import close
from ..exercise import Exercise, Hint, Misconception
from ..random_graphs import random_slopes
from .again import wanted
from .backward import are_numbers, slopes_cases
from .pieces import Node, Value, Watching, build, order_of

LENGTH, MOST = 60, 12  # operators of the long chain, and messages that may be alive on it
LEFT = 0.25  # what the leaves have from an earlier call


def lean_cases(seed):
    rng = np.random.default_rng([seed, 35])
    chain = {"x": ["input"]} | {f"t{i}": ["f", f"t{i - 1}" if i else "x"] for i in range(LENGTH)}
    slopes = {name: [abs(x) ** 0.2 for x in row] for name, row in random_slopes(rng, chain).items()}
    return [*slopes_cases(seed, 35)[:5], {"graph": chain, "local": slopes}]


def probe_lean(answer, case):
    values = build(case["graph"], case["local"])
    peaks, alive = [], [0]
    for value in values.values():
        if value.node is not None:
            value.node.op, value.node.peaks, value.node.alive = Watching, peaks, alive
    for value in values.values():
        value.grad = LEFT if value.node is None else 0.0
    if answer(list(values.values())[-1]) is ...:
        return ...
    return {
        "leaves": {n: v.grad for n, v in values.items() if v.node is None},
        "changed": [n for n, v in values.items() if v.node is not None and v.grad != 0],
        "peak": max(peaks, default=0),
        "asked": len(peaks),
    }


def judge_lean(case, output):
    if not are_numbers(output["leaves"]):
        return ["Every `.grad` of a leaf has to be a number when backward is done."]
    for name, right in wanted(case).items():
        came = output["leaves"][name]
        if not close(came, right + LEFT):
            side = "large" if came > right + LEFT else "small"
            return [f"{name} had {LEFT} in `.grad`, and has {came:.4g} now: too {side}."]
    operators = sum(len(row) > 1 for row in case["graph"].values())
    if output["asked"] > operators:
        return [
            f"vjp was asked {output['asked']} times for {operators} operators: once each will do."
        ]
    if output["changed"]:
        return [
            f"The leaves are right, and in `.grad` of {', '.join(output['changed'][:3])} something "
            "else stands than before. Nobody asked for those in between."
        ]
    if operators == LENGTH and output["peak"] > MOST:
        return [
            f"The leaves are right. On a chain of {LENGTH} operators {output['peak']} messages "
            "were alive at once; two or three are enough."
        ]
    return []


def returned(cases, reports):
    return [(case, report["returned"]) for case, report in zip(cases, reports, strict=True)]


LOOP = """
def lean(output):
    gradients = {{output: 1.0}}
    for value in {order}:
        z_bar = {take}
        if value.node is None:
            {leaf}
            continue
        for x, message in zip(value.node.inputs, value.node.op.vjp(value.node, z_bar)):
            gradients[x] = gradients.get(x, 0.0) + message
"""


def wrong(order="order_of(output)[::-1]", take="gradients[value]", leaf="value.grad += z_bar"):
    return LOOP.format(order=order, take=take, leaf=leaf)


LEAN = Exercise(
    id="lean",
    title="Let go of what has been sent",
    notebook=3,
    minutes=10,
    points=3,
    core=False,
    contract="""\
Write `lean(output)`: backward for a graph that barely fits into memory.

- At the end the leaves have their gradients in `.grad` (added to what was there), and `.grad` of
  everything in between is as it was.
- On the way, hold a gradient only until it has been sent: on a long chain, a handful at a time.
- `order_of(output)` is there.""",
    cases=lean_cases,
    probe=probe_lean,
    judge=judge_lean,
    given={"Node": Node, "Value": Value, "order_of": order_of},
    misconceptions=(
        Misconception(
            "keeps_the_dictionary",
            wrong(),
            "What has been sent is held until the end, so it grows to the size of the graph. Take "
            "each gradient out, of the dictionary or wherever it is, when its turn has come.",
            lambda cases, reports: (
                [bool(judge_lean(*pair)) for pair in returned(cases, reports)]
                == [False] * (len(cases) - 1) + [True]
            ),
        ),
        Misconception(
            "keeps_all_in_grad",
            """
def lean(output):
    output.grad = 1.0
    for value in order_of(output)[::-1]:
        if value.node is None:
            continue
        for x, message in zip(value.node.inputs, value.node.op.vjp(value.node, value.grad)):
            x.grad += message
""",
            "Every Value in between holds on to its gradient. Only the leaves' are wanted.",
        ),
        Misconception(
            "drops_the_leaves",
            wrong(take="gradients.pop(value)", leaf="pass"),
            "The leaves have got nothing: all was let go, or went somewhere else. Their gradients "
            "are what all this is for, and belong in their `.grad`.",
        ),
        Misconception(
            "lets_go_too_early",
            """
def lean(output):
    waiting = [(output, 1.0)]
    seen = set()
    while waiting:
        value, z_bar = waiting.pop(0)
        if value.node is None:
            value.grad += z_bar
        elif value not in seen:
            seen.add(value)
            waiting += zip(value.node.inputs, value.node.op.vjp(value.node, z_bar))
""",
            "A gradient was sent on, and let go, before all of its messages had come; the later "
            "ones found nobody. It is complete when its turn in the order comes.",
        ),
        Misconception(
            "walks_every_path",
            """
def lean(output):
    waiting = [(output, 1.0)]
    while waiting:
        value, z_bar = waiting.pop()
        if value.node is None:
            value.grad += z_bar
        else:
            waiting += zip(value.node.inputs, value.node.op.vjp(value.node, z_bar))
""",
            "Each message is sent on by itself, so every path is walked, and their number explodes "
            "at forks. Let messages meet first: one vjp for each operator.",
            lambda cases, reports: any(
                output["asked"] > sum(len(row) > 1 for row in case["graph"].values())
                and all(close(output["leaves"][n], x + LEFT) for n, x in wanted(case).items())
                for case, output in returned(cases, reports)
            ),
        ),
    ),
    hints=(
        Hint(
            "Where do I put gradients, if not in .grad?",
            "Into a dictionary that goes from a Value to the sum of its messages. It begins with "
            "one entry, for the output.",
        ),
        Hint(
            "When may a gradient go?",
            "When it is its Value's turn in the order: all readers have spoken, and vjp is about "
            "to use it. `pop` takes an entry out of a dictionary.",
        ),
        Hint(
            "The leaves have nothing",
            "At a leaf there is nobody to send to. Add what you have taken out to its `.grad`.",
        ),
    ),
    why="Each gradient lived from its first message until it was sent, and no longer. PyTorch does "
    "the same, which is why `.grad` of what lies in between is None there unless you ask for it.",
)
