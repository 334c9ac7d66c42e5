"""Exercise `backward`: messages back through the order, and sums where they meet."""

import numpy as np

from ..diagnosis import close
from ..exercise import Exercise, Hint, Misconception
from ..random_graphs import random_slopes, shown_slopes
from .pieces import Node, Value, build, order_of

GRAPHS = {
    "chain": {"x": ["input"], "y": ["f", "x"], "z": ["g", "y"]},
    "twice": {"x": ["input"], "z": ["f", "x", "x"]},
    "square": {"x": ["input"], "z": ["f", "x", "x"]},  # with equal slopes, as in x · x
    "uneven": {"a": ["input"], "b": ["f", "a"], "c": ["g", "b", "a"], "d": ["f", "b", "c"]},
    "skip": {
        "x": ["input"], "w": ["weight"], "s": ["f", "x", "w"], "t": ["g", "s"],
        "u": ["f", "t", "w"], "z": ["g", "s", "u"],
    },
}  # fmt: skip


def slopes_cases(seed, key):
    """The graphs above with random slopes, and a ladder of forks on which paths explode."""
    rng = np.random.default_rng([seed, key])
    ladder = {"t0": ["input"]}
    for i in range(12):
        ladder[f"t{i + 1}"] = ["f", f"t{i}", f"t{i}"]
    cases = [
        {"graph": rows, "local": random_slopes(rng, rows)} for rows in [*GRAPHS.values(), ladder]
    ]
    square = cases[list(GRAPHS).index("square")]["local"]["z"]
    square[1] = square[0]
    return cases


def backward_cases(seed):
    return slopes_cases(seed, 32)


def probe_backward(answer, case):
    values = build(case["graph"], case["local"])
    returned = answer(values[list(values)[-1]])
    if returned is ...:
        return ...
    asked = [getattr(value.node, "asked", 0) for value in values.values()]
    return {
        "gradients": {name: value.grad for name, value in values.items()},
        "asked": max(asked), "returned": None if returned is None else type(returned).__name__,
    }  # fmt: skip


def fit_to_readers(case, gradients, seed=1.0):
    """The first name whose gradient is not what its readers, as they stand, send it; or None."""
    rows, local = case["graph"], case["local"]
    result = list(rows)[-1]
    for name in reversed(rows):
        heard = seed if name == result else 0.0
        for reader, slopes in local.items():
            for x, slope in zip(rows[reader][1:], slopes, strict=True):
                heard += slope * gradients[reader] if x == name else 0.0
        if not close(gradients[name], heard):
            return name
    return None


def are_numbers(gradients):
    return isinstance(gradients, dict) and all(
        isinstance(x, (int, float)) for x in gradients.values()
    )


def judge_backward(case, output):
    gradients = output["gradients"]
    if not are_numbers(gradients):
        return ["Every `.grad` has to be a number when backward is done."]
    if output["returned"] and not any(gradients.values()):
        return [
            f"backward returned a {output['returned']}, and every `.grad` is still 0. Leave the "
            "gradients there; nothing needs to be returned."
        ]
    name = fit_to_readers(case, gradients)
    if name is None:
        return [] if output["asked"] <= 1 else [
            f"Right, but one node was asked {output['asked']:,} times: every path is walked, and "
            "their number explodes. Let messages meet first; then one vjp for each node will do."
        ]  # fmt: skip
    result = list(case["graph"])[-1]
    if name == result:
        return [
            f"The result {name} has the gradient {gradients[name]:.4g}. How far does it move per "
            "unit of itself?"
        ]
    readers = [reader for reader, row in case["graph"].items() if name in row[1:]]
    told = "; ".join(f"{reader} has {gradients[reader]:.4g}" for reader in readers)
    said = f"The gradient of {name} is {gradients[name]:.4g}, which does not fit its readers"
    return [f"{said}: {told}.\n{shown_slopes(case)}"]


def found(cases, reports):
    """(case, gradients) for every report."""
    pairs = zip(cases, reports, strict=True)
    return [(case, report["returned"]["gradients"]) for case, report in pairs]


LOOP = """
def backward(output):
    {seed}
    for value in {order}:
        if value.node is None:
            continue
        messages = value.node.op.vjp(value.node, {upstream})
        for x, message in {pairs}:
            {line}
"""


def wrong(
    line="x.grad += message",
    seed="output.grad = 1.0",
    order="order_of(output)[::-1]",
    upstream="value.grad",
    pairs="zip(value.node.inputs, messages)",
):
    return LOOP.format(line=line, seed=seed, order=order, upstream=upstream, pairs=pairs)


BACKWARD = Exercise(
    id="backward",
    title="Send the messages back",
    notebook=3,
    minutes=14,
    points=5,
    contract="""\
Write `backward(output)`: leave in `.grad` of every Value how far `output` moves per unit of it.

- `order_of(output)` lists every Value that `output` depends on, inputs before readers.
- For a Value with a node, `value.node.op.vjp(value.node, z_bar)` gives one message for each of
  `value.node.inputs`, in their order. A leaf has no node (`None`) and sends nothing.
- Ask each node once. Every `.grad` is 0.0 when you start. Nothing needs to be returned.""",
    cases=backward_cases,
    probe=probe_backward,
    judge=judge_backward,
    given={"Node": Node, "Value": Value, "order_of": order_of},
    misconceptions=(
        Misconception(
            "overwrites",
            wrong(line="x.grad = message"),
            "The last message to arrive erases the one before it. Whoever has two readers gets two "
            "messages, and they add.",
        ),
        Misconception(
            "no_seed",
            wrong(seed="pass"),
            "Everything is 0 at the end: nobody said the first word, or what was found has been "
            "cleared. How far does the output move per unit of itself?",
        ),
        Misconception(
            "seeds_with_the_value",
            wrong(seed="output.grad = output.data"),
            "The output started from another number than its derivative by itself, so everything "
            "is that many times too large.",
            lambda cases, reports: all(
                seed not in (0.0, 1.0) and fit_to_readers(case, gradients, seed) is None
                for case, gradients in found(cases, reports)
                for seed in [list(gradients.values())[-1]]
            ),
        ),
        Misconception(
            "goes_forward",
            wrong(order="order_of(output)"),
            "Only the output's own messages have arrived. Those who were to pass them on had been "
            "asked before, when they knew nothing yet, or were never asked. The output is the one "
            "who knows its gradient: begin there, and walk the order back.",
        ),
        Misconception(
            "unit_upstream",
            wrong(upstream="1.0"),
            "vjp was asked with 1.0 everywhere, so each message is the local derivative alone. "
            "What came from upstream has to go in: the Value's own gradient.",
        ),
        Misconception(
            "forgets_the_local_derivative",
            wrong(line="x.grad += value.grad"),
            "What came from upstream is handed on as it is. The message that vjp worked out is "
            "what the input has to get.",
        ),
        Misconception(
            "multiplies_messages",
            wrong(line="x.grad = (x.grad or 1.0) * message"),
            "Messages that meet at a Value were multiplied. They come along different roads, and "
            "add.",
        ),
        Misconception(
            "each_input_once",
            wrong(pairs="dict(zip(value.node.inputs, messages)).items()"),
            "Where a node has the same Value as an input twice, one of the two messages was lost.",
        ),
        Misconception(
            "first_message_only",
            wrong(line="x.grad = x.grad or message"),
            "Only the first message to reach a Value counts for you; later ones bring their part "
            "as well.",
        ),
        Misconception(
            "as_soon_as_reached",
            """
def backward(output):
    output.grad, done = 1.0, set()
    def speak(value):
        done.add(value)
        if value.node is None:
            return
        for x, message in zip(value.node.inputs, value.node.op.vjp(value.node, value.grad)):
            x.grad += message
            if x not in done:
                speak(x)
    speak(output)
""",
            "A Value speaks as soon as the first message reaches it. What comes later is added to "
            "its gradient, and never passed on. The order makes everyone wait for their readers.",
        ),
        Misconception(
            "nearest_first",
            """
def backward(output):
    output.grad, queue = 1.0, [output]
    for value in queue:
        if value.node is None:
            continue
        for x, message in zip(value.node.inputs, value.node.op.vjp(value.node, value.grad)):
            x.grad += message
            if x not in queue:
                queue.append(x)
""",
            "You go outward from the output, nearest first. A Value that is near along one road "
            "and far along another speaks too early, and what reaches it later goes no further.",
        ),
        Misconception(
            "seeds_every_value",
            """
def backward(output):
    output.grad = 1.0
    if output.node is not None:
        messages = output.node.op.vjp(output.node, output.grad)
        for x, message in zip(output.node.inputs, messages):
            x.grad += message
            backward(x)
""",
            "You call backward on each input in turn, and every call says the first word anew: it "
            "overwrites what the input has heard with 1. Only the output starts from there.",
        ),
        Misconception(
            "sends_again",
            """
def backward(output):
    output.grad = 1.0
    def speak(value):
        if value.node is None:
            return
        for x, message in zip(value.node.inputs, value.node.op.vjp(value.node, value.grad)):
            x.grad += message
            speak(x)
    speak(output)
""",
            "A Value is asked again each time a message reaches it, and sends off all that has "
            "arrived so far: the first part goes down twice. Go through the order once; each "
            "Value speaks one time, when all is in.",
            lambda cases, reports: (
                any(fit_to_readers(*pair) for pair in found(cases, reports))
                and all(
                    report["returned"]["asked"] > 1 and gradients[list(gradients)[-1]] == 1
                    for report, (case, gradients) in zip(
                        reports, found(cases, reports), strict=True
                    )
                    if case["graph"] in (GRAPHS["uneven"], GRAPHS["skip"])
                )
            ),
        ),
    ),
    hints=(
        Hint(
            "I don't know how to begin",
            "Give the output its own gradient. Then go through `order_of(output)` from its end to "
            "its start; at each Value with a node, ask vjp for the messages and hand them out.",
        ),
        Hint(
            "AttributeError: 'NoneType' object has no attribute 'op'",
            "That Value is a leaf: no operator made it, so it has nobody to tell. Go on to the "
            "next one.",
        ),
        Hint(
            "Right for a chain, wrong at a fork",
            "Look at the line that writes into `x.grad`. What should happen to what stands there?",
        ),
    ),
    why="One walk, one message along each edge, and every gradient of the graph is there, however "
    "many Values it has. The cost is a small multiple of running it forward.",
)
