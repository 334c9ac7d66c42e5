"""Exercise `apply`: run an operator, and write down that it ran."""

import numpy as np

from ..diagnosis import close
from ..exercise import Exercise, Hint, Misconception
from ..random_graphs import what_came
from .pieces import Node, Value


def apply_cases(seed):
    rng = np.random.default_rng([seed, 31])
    pairs = rng.choice([-1, 1], (3, 2)) * rng.uniform(0.4, 3.0, (3, 2))
    return [{"x": float(x), "y": float(y)} for x, y in pairs]


def probe_apply(answer, case):
    """z = x · y, then w = z − z · x, then v = w · y; what each run left behind, seen at the end."""
    x, y = Value(case["x"]), Value(case["y"])
    RAN.clear()
    z = answer(Product, x, y)
    if z is ...:
        return ...
    if not hasattr(z, "node"):  # the page has a Value of its own, so its class says nothing
        return {"z": None if z is None else what_is(z)}
    w = answer(Mix, z, z, x)
    v = answer(Product, w, y)
    return {"z": tell(z, x=x, y=y), "w": tell(w, x=x, y=y, z=z), "v": tell(v, x=x, y=y, w=w),
            "ran": list(RAN), "leaf": x.node is None}  # fmt: skip


RAN = []  # what the operators were called with: the types of their inputs


class Product:
    def forward(ctx, x, y):
        RAN.append([what_is(x), what_is(y)])
        ctx.save_for_backward(x, y)
        return number(x) * number(y)


class Mix:
    def forward(ctx, x, y, z):
        RAN.append([what_is(x), what_is(y), what_is(z)])
        ctx.save_for_backward(y)
        return number(x) - number(y) * number(z)


def number(x):
    """What a supplied operator computes with, so that it says nothing of its own about Values."""
    return getattr(x, "data", x)


def what_is(value):
    return type(value).__name__


def tell(value, **known):
    """A value as plain data: its number, and its node with inputs under their names."""
    node = getattr(value, "node", None)
    names = {id(x): name for name, x in known.items()}
    inputs = getattr(node, "inputs", None)
    listed = isinstance(inputs, (list, tuple))
    op = getattr(node, "op", None)
    return {
        "data": getattr(value, "data", None),
        "node": what_is(node),
        "op": op.__name__ if isinstance(op, type) else f"a {what_is(op)}",
        "inputs": [names.get(id(x), what_is(x)) for x in inputs] if listed else what_is(inputs),
        "saved": list(getattr(node, "saved_tensors", ())),
        "grad": getattr(value, "grad", None),
    }


def judge_apply(case, output):
    x, y = case["x"], case["y"]
    if not isinstance(output, dict) or not isinstance(output.get("z"), dict):
        came = output["z"] if isinstance(output, dict) and "z" in output else output
        came = f"yours returned a {came}." if isinstance(came, str) else what_came(came)
        return [f"apply has to return a Value; {came}"]
    others = [kind for kinds in output["ran"] for kind in kinds if kind not in ("float", "float64")]
    if others:
        return [
            f"forward was called with a {others[0]}. It computes with numbers: hand it what stands "
            "in `.data`."
        ]
    w = x * y - x * y * x
    wanted = {
        "z": (x * y, "Product", ["x", "y"], [x, y]),
        "w": (w, "Mix", ["z", "z", "x"], [x * y]),
        "v": (w * y, "Product", ["w", "y"], [w, y]),
    }
    for name, (data, op, inputs, saved) in wanted.items():
        complaint = compare(name, output[name], data, op, inputs, saved)
        if complaint:
            return [complaint]
    if len(output["ran"]) != len(wanted):
        return [f"forward ran {len(output['ran'])} times for {len(wanted)} calls of apply."]
    return [] if output["leaf"] else ["A leaf was given a node, and nothing has made it."]


def compare(name, told, data, op, inputs, saved):
    shown = {
        "z": "apply(Product, x, y)", "w": "apply(Mix, z, z, x)", "v": "apply(Product, w, y)",
    }[name]  # fmt: skip
    if not isinstance(told["data"], (int, float)) or not close(told["data"], data):
        return f"The `data` of {shown} is not what forward returned."
    if told["node"] != "Node":
        return f"The result of {shown} has no Node, so nobody will know what made it."
    if told["op"] != op:
        return f"The `op` in the node of {shown} is {told['op']}. It has to be the operator itself."
    if told["inputs"] != inputs:
        listed = told["inputs"]
        listed = ", ".join(listed) if isinstance(listed, list) else f"a {listed}"
        return f"The node of {shown} lists as inputs: {listed}."
    if len(told["saved"]) != len(saved) or not close(told["saved"], saved):
        return (
            f"After {shown} its node does not hold what this run saved. Each run has a node of "
            "its own, and that very node is the ctx that forward gets."
        )
    if told["grad"]:
        return f"The `grad` of {shown} is not 0, and nobody has said anything about it yet."
    return None


APPLY = Exercise(
    id="apply",
    title="Write down what ran",
    notebook=3,
    minutes=8,
    points=3,
    contract="""\
Write `apply(op, *inputs)`.

- `inputs` are Values. Make a `Node` that knows `op` and the list of inputs. It is the `ctx` of this
  one run: call `op.forward(ctx, ...)` with the *numbers* in the inputs.
- Return a Value with the number that came out and with that node.""",
    cases=apply_cases,
    probe=probe_apply,
    judge=judge_apply,
    given={"Node": Node, "Value": Value},
    misconceptions=(
        Misconception(
            "inputs_in_a_set",
            """
def apply(op, *inputs):
    ctx = Node(op, list(set(inputs)))
    return Value(op.forward(ctx, *[x.data for x in inputs]), ctx)
""",
            "A set keeps each input once, and in no order. In `x * x` there are two inputs that "
            "happen to be the same Value, and two messages will go back; in `x - y` the places "
            "matter.",
            lambda cases, reports: any(
                w["inputs"] == "set" or (w["op"] == "Mix" and len(w["inputs"]) == 2)
                for w in [report["returned"]["w"] for report in reports]
            ),
        ),
        Misconception(
            "records_numbers",
            """
def apply(op, *inputs):
    numbers = [x.data for x in inputs]
    ctx = Node(op, numbers)
    return Value(op.forward(ctx, *numbers), ctx)
""",
            "The node holds the numbers that went in, and not the Values. A number does not know "
            "where it came from, so the road back ends here.",
        ),
        Misconception(
            "hands_over_values",
            """
def apply(op, *inputs):
    ctx = Node(op, list(inputs))
    return Value(op.forward(ctx, *inputs), ctx)
""",
            "forward was given Values. It computes with plain numbers, which stand in `.data`; the "
            "Values belong in the node.",
            lambda cases, reports: all(
                report["returned"]["ran"][0] == ["Value", "Value"] for report in reports
            ),
        ),
        Misconception(
            "one_node_for_all",
            """
shared = Node(None, [])

def apply(op, *inputs):
    shared.op, shared.inputs = op, list(inputs)
    return Value(op.forward(shared, *[x.data for x in inputs]), shared)
""",
            "All runs share one node, and the last one overwrites what the earlier ones saved. "
            "Make a new node each time apply is called.",
        ),
        Misconception(
            "no_node",
            """
def apply(op, *inputs):
    ctx = Node(op, list(inputs))
    return Value(op.forward(ctx, *[x.data for x in inputs]))
""",
            "The node was made and then left behind. The result has to carry it, or nobody finds "
            "the way back.",
        ),
        Misconception(
            "two_nodes",
            """
def apply(op, *inputs):
    result = op.forward(Node(op, list(inputs)), *[x.data for x in inputs])
    return Value(result, Node(op, list(inputs)))
""",
            "forward saved its numbers on one node, and the result carries another, empty one. "
            "Make one node, and use it for both.",
        ),
    ),
    hints=(
        Hint(
            "What is ctx?",
            "The node itself. forward gets it first and may leave numbers on it with "
            "`save_for_backward`; vjp will get the same node and find them there.",
        ),
        Hint(
            "How do I call forward with any number of inputs?",
            "Collect the numbers in a list and hand it over with a star: "
            "`op.forward(ctx, *numbers)`.",
        ),
        Hint(
            "TypeError: unsupported operand type(s)",
            "forward was given Values. They have no arithmetic of their own yet; their numbers "
            "are in `.data`.",
        ),
    ),
    why="One new node for every run: it knows the operator, the very Values that went in, and what "
    "was saved. The graph is written by running the program; nobody draws it beforehand.",
)
