"""Exercise `forward`: run every operator once and keep what comes out."""

import numpy as np

from ...graph import LEAVES
from ..exercise import Exercise, Hint, Misconception
from ..random_graphs import random_order, random_rows, shorten, shown

FUNCTIONS = {
    "+": lambda x, y: x + y,
    "-": lambda x, y: x - y,
    "*": lambda x, y: x * y,
    "exp": np.exp,
    "sin": np.sin,
}


def forward_cases(seed):
    rng = np.random.default_rng([seed, 5])
    diamond = {"a": ["input"], "b": ["exp", "a"], "c": ["-", "b", "a"], "d": ["*", "b", "c"]}
    graphs = [{"x": ["input"], "z": ["*", "x", "x"]}, diamond]
    graphs += [random_rows(rng, size, tuple(FUNCTIONS)) for size in (6, 9)]
    cases = []
    for rows, shape in zip(graphs, [(), (), (), (3,)], strict=True):
        leaves = [name for name, row in rows.items() if row[0] in LEAVES]
        values = {name: rng.uniform(0.3, 1.7, shape) * rng.choice([-1, 1]) for name in leaves}
        values = {name: value if shape else float(value) for name, value in values.items()}
        cases.append({"graph": rows, "order": random_order(rng, rows), "leaves": values})
    return cases


def probe_forward(answer, case):
    """Run the answer with functions that count how often they are called."""
    calls = []

    def counted(symbol):
        def function(*inputs):
            calls.append(symbol)
            return FUNCTIONS[symbol](*inputs)

        return function

    functions = {symbol: counted(symbol) for symbol in FUNCTIONS}
    values = answer(case["graph"], case["order"], case["leaves"], functions)
    return {"values": values, "calls": len(calls)} if values is not ... else ...


def judge_forward(case, output):
    rows, values = case["graph"], output["values"]
    if not isinstance(values, dict):
        return ["forward has to return a dictionary with a value for every name in the order."]
    missing = [name for name in case["order"] if name not in values]
    if missing:
        return [f"No value is stored for {shorten(missing)}.\n{shown(case)}"]
    extra = [name for name in values if name not in rows]
    if extra:
        return [f"There are values for names that the graph does not have: {shorten(extra)}."]
    for name in case["order"]:
        wrong = wrong_value(case, values, name)
        if wrong:
            return [wrong]
    operators = sum(row[0] not in LEAVES for row in rows.values())
    if output["calls"] != operators:
        return [
            f"The values are right. The graph has {operators} operators, and your code made "
            f"{output['calls']} calls: each should run once.\n{shown(case)}"
        ]
    return []


def wrong_value(case, values, name):
    """What is wrong with one value, given the values that its inputs have; or None."""
    made_by, *inputs = case["graph"][name]
    if made_by in LEAVES:
        wanted = case["leaves"][name]
        return None if matches(values[name], wanted) else f"The value of the leaf {name} changed."
    if not all(is_number(values[x]) for x in inputs):
        return f"The values of {shorten(inputs)} are not numbers."
    if matches(values[name], FUNCTIONS[made_by](*[values[x] for x in inputs])):
        return None
    return (
        f"{name} is made by {made_by} from {', '.join(inputs)}, and its value does not fit theirs: "
        f"{name} = {numbers(values[name])}, "
        + ", ".join(f"{x} = {numbers(values[x])}" for x in dict.fromkeys(inputs))
        + "."
    )


def is_number(value):
    return isinstance(value, (int, float, np.ndarray))


def matches(value, wanted):
    return is_number(value) and np.shape(value) == np.shape(wanted) and np.allclose(value, wanted)


def numbers(value):
    return np.array2string(np.asarray(value), precision=4) if is_number(value) else repr(value)


def returned_values(reports):
    outputs = [report.get("returned") for report in reports]
    return [output.get("values") if isinstance(output, dict) else None for output in outputs]


def swapped(case, values):
    """Whether some difference was taken the wrong way round."""
    if not isinstance(values, dict):
        return False
    for name, row in case["graph"].items():
        if row[0] == "-" and all(is_number(values.get(x)) for x in row[1:]):
            x, y = (values[source] for source in row[1:])
            if matches(values.get(name), y - x) and np.any(x != y):
                return True
    return False


FORWARD = Exercise(
    id="forward",
    title="Run forward, and keep what comes out",
    notebook=1,
    minutes=10,
    points=4,
    contract="""\
Write `forward(graph, order, leaves, functions)`.

- `order` is valid; `leaves` maps the leaves to their values; `functions` maps each operator to a
  function, so that `functions["+"](2.0, 3.0)` is 5.0.
- Return a dictionary with the value of every name in `order`, leaves included.
- Call each operator's function once, and leave `leaves` as you found it.""",
    cases=forward_cases,
    probe=probe_forward,
    judge=judge_forward,
    misconceptions=(
        Misconception(
            "keeps_the_output_only",
            """
def forward(graph, order, leaves, functions):
    values = dict(leaves)
    for name in order:
        if name not in values:
            values[name] = functions[graph[name][0]](*[values[x] for x in graph[name][1:]])
    return {order[-1]: values[order[-1]]}
""",
            "The result is there, and everything on the way to it is gone. The backward pass will "
            "ask for those values again: the factor that x was multiplied by, the output of exp.",
            lambda cases, reports: all(
                is_number(values)
                or (isinstance(values, dict) and len(values) == 1 < len(case["graph"]))
                for case, values in zip(cases, returned_values(reports), strict=True)
            ),
        ),
        Misconception(
            "forgets_the_leaves",
            """
def forward(graph, order, leaves, functions):
    values = dict(leaves)
    for name in order:
        if name not in values:
            values[name] = functions[graph[name][0]](*[values[x] for x in graph[name][1:]])
    return {name: values[name] for name in order if name not in leaves}
""",
            "The results are stored and the leaves are not. A leaf is a tensor like any other: "
            "whoever reads your dictionary may need the value of x as well.",
            lambda cases, reports: all(
                isinstance(values, dict)
                and values.keys() == set(case["graph"]) - set(case["leaves"])
                for case, values in zip(cases, returned_values(reports), strict=True)
            ),
        ),
        Misconception(
            "recomputes_what_is_shared",
            """
def forward(graph, order, leaves, functions):
    def value(name):
        if name in leaves:
            return leaves[name]
        return functions[graph[name][0]](*[value(x) for x in graph[name][1:]])
    return {name: value(name) for name in order}
""",
            "The numbers are right, and some operators ran more than once: what has two readers is "
            "computed for each of them. In a deep graph that doubles at every fork. Look a value "
            "up before you compute it; the order guarantees that it is there.",
            lambda cases, reports: any(
                isinstance(report.get("returned"), dict)
                and report["returned"].get("calls", 0)
                > sum(row[0] not in LEAVES for row in case["graph"].values())
                for case, report in zip(cases, reports, strict=True)
            ),
        ),
        Misconception(
            "writes_into_the_leaves",
            """
def forward(graph, order, leaves, functions):
    for name in order:
        if name not in leaves:
            leaves[name] = functions[graph[name][0]](*[leaves[x] for x in graph[name][1:]])
    return leaves
""",
            "The dictionary of leaves has grown: the results were written into it. The next run "
            "with the same leaves would find old results there and take them for its own.",
            lambda cases, reports: any("leaves" in report["changed"] for report in reports),
        ),
        Misconception(
            "inputs_out_of_order",
            """
def forward(graph, order, leaves, functions):
    values = dict(leaves)
    for name in order:
        if name not in values:
            inputs = graph[name][:0:-1]
            values[name] = functions[graph[name][0]](*[values[x] for x in inputs])
    return values
""",
            "A difference came out with the wrong sign: its inputs went in the wrong way round. "
            "Inputs have places; x - y is not y - x. Pass them in the order of the row.",
            lambda cases, reports: any(
                swapped(case, values)
                for case, values in zip(cases, returned_values(reports), strict=True)
            ),
        ),
    ),
    hints=(
        Hint(
            "KeyError",
            "You look up a value that is not stored yet. Do you walk along `order`, and not along "
            "the graph, and are the leaves in your dictionary from the start?",
        ),
        Hint(
            "Some operators run more than once",
            "Nothing needs to be worked out twice: when it is a name's turn, all of its inputs "
            "have their values. Look them up; do not call anything to get them.",
        ),
        Hint(
            "How do I call a function with one or two inputs?",
            "Collect the values of the inputs in a list and hand it over with a star: "
            "f(*[3.0, 4.0]) is f(3.0, 4.0). The inputs of a row are everything after its first "
            "entry.",
        ),
    ),
    why="One call for each operator, every value kept, nothing touched that was handed in. This is "
    "the forward pass of every automatic differentiation library.",
)
