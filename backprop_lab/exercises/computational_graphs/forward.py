"""Exercise `forward`: run every operator once and keep what comes out."""

import re

import numpy as np

from ...graph import LEAVES, order_fault
from ..diagnosis import diagnose
from ..exercise import Exercise, Hint, Misconception
from ..random_graphs import random_order, random_rows, shorten, shown, shuffled, what_came
from ..supplied import counting

FUNCTIONS = {
    "+": lambda x, y: x + y,
    "-": lambda x, y: x - y,
    "*": lambda x, y: x * y,
    "exp": np.exp,
    "sin": np.sin,
}


def forward_cases(seed):
    rng = np.random.default_rng([seed, 5])
    # With a leaf after an operator, an operator run twice on the same inputs, and a value of 0.
    twins = {"a": ["input"], "b": ["exp", "a"], "k": ["weight"], "c": ["exp", "a"]}
    twins |= {"d": ["-", "k", "b"], "z": ["*", "c", "d"]}
    graphs = [{"x": ["input"], "z": ["*", "x", "x"]}, twins]
    graphs += [random_rows(rng, size, tuple(FUNCTIONS)) for size in (6, 9)]
    cases = []
    for rows, shape in zip(graphs, [(), (), (), (3,)], strict=True):
        leaves = [name for name, row in rows.items() if row[0] in LEAVES]
        values = {name: rng.uniform(0.3, 1.7, shape) * rng.choice([-1, 1]) for name in leaves}
        values = {name: value if shape else float(value) for name, value in values.items()}
        order = list(rows) if rows is twins else random_order(rng, rows)
        cases.append({"graph": shuffled(rng, rows), "order": order, "leaves": values})
    cases[1]["leaves"]["k"] = 0.0
    return [*cases, cases[1] | {"order": ["a", "k", "d", "b", "c", "z"]}]  # this one cannot run


def probe_forward(answer, case):
    """Run the answer with functions that count how often they are called."""
    functions, calls = counting(FUNCTIONS)
    try:
        values = answer(case["graph"], case["order"], case["leaves"], functions)
    except KeyError:
        if order_fault(case["graph"], case["order"]) is None:
            raise
        return {"values": None, "calls": calls, "stopped": True}
    return {"values": values, "calls": calls, "stopped": False} if values is not ... else ...


def judge_forward(case, output):
    rows, values = case["graph"], output["values"]
    fault = order_fault(rows, case["order"])
    if fault and not output["stopped"]:
        return [
            f"This order cannot run, and your code did not stop at it.\n{shown(case)}\n"
            f"Order: {shorten(case['order'])}"
        ]
    if fault:
        return []
    if not isinstance(values, dict):
        return [f"forward has to return a dictionary of values; {what_came(values)}"]
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
    if sorted(output["calls"]) != symbols(case):
        return [
            f"The values are right. Operators in the graph: {len(symbols(case))}. Functions that "
            f"your code called: {' '.join(output['calls'])}. Each operator should run once.\n"
            f"{shown(case)}"
        ]
    return []


def symbols(case):
    """The operators of a case's graph, each as often as it stands there."""
    return sorted(row[0] for row in case["graph"].values() if row[0] not in LEAVES)


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
    return is_number(value) and diagnose(value, wanted) is None


def numbers(value):
    return np.array2string(np.asarray(value), precision=4) if is_number(value) else repr(value)


def finished(cases, reports):
    """(case, what came back) for every case with an order that can run, if the answer returned."""
    pairs = zip(cases, (report.get("returned") for report in reports), strict=True)
    return [
        (case, output["values"])
        for case, output in pairs
        if isinstance(output, dict) and "values" in output and not output["stopped"]
    ]


def reason_of(case, report):
    """The first words of the judge's complaint about one report, up to a comma or a full stop."""
    complaints = judge_forward(case, report["returned"])
    return re.split("[,.]", complaints[0])[0] if complaints else ""


def every(facts):
    """`all`, but not of nothing: no evidence is no proof."""
    facts = list(facts)
    return bool(facts) and all(facts)


def last(case):
    return case["order"][-1]


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
    minutes=12,
    points=4,
    contract="""\
Write `forward(graph, order, leaves, functions)`.

- `leaves` maps leaves to values; `functions["+"](2.0, 3.0)` is 5.0, and so on.
- Walk along `order`, since the rows of `graph` may stand in any order. Return a dictionary with the
  value of every name in it, leaves included.
- Call each operator's function once, and leave `leaves` as you found it.
- If an order cannot run, let the `KeyError` happen.""",
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
            lambda cases, reports: every(
                is_number(values) or (isinstance(values, dict) and values.keys() == {last(case)})
                for case, values in finished(cases, reports)
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
            lambda cases, reports: every(
                isinstance(values, dict)
                and values.keys() == set(case["graph"]) - set(case["leaves"])
                for case, values in finished(cases, reports)
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
            lambda cases, reports: (
                all(
                    reason_of(case, report) in ("", "This order cannot run", "The values are right")
                    and len(report["returned"]["calls"]) >= len(symbols(case))
                    for case, report in zip(cases, reports, strict=True)
                )
                and "The values are right" in map(reason_of, cases, reports)
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
            "The dictionary of leaves is no longer what was handed in. The next run with the same "
            "leaves would start from something else. Put results into a dictionary of your own.",
            lambda cases, reports: any("leaves" in report["changed"] for report in reports),
        ),
        Misconception(
            "ignores_the_order",
            """
def forward(graph, order, leaves, functions):
    values = dict(leaves)
    def value(name):
        if name not in values:
            inputs = [value(x) for x in graph[name][1:]]
            values[name] = functions[graph[name][0]](*inputs)
        return values[name]
    return {name: value(name) for name in order}
""",
            "Your code finds its own way through the graph, and `order` changes nothing. That "
            "works, and searches at every run for what `topo` has found once. Take the names as "
            "they come, and rely on their inputs being there.",
            lambda cases, reports: (
                {reason_of(*pair) for pair in zip(cases, reports, strict=True)}
                == {"", "This order cannot run"}
            ),
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
                swapped(case, values) for case, values in finished(cases, reports)
            ),
        ),
    ),
    hints=(
        Hint(
            "KeyError",
            "If the key is a tensor, its value is not stored yet: do you walk along `order`, and "
            "are the leaves in your dictionary from the start? If the key is 'input', you looked a "
            "leaf up among the functions: a leaf has its value already.",
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
    "the forward pass. PyTorch's does the same, and lets go of what the way back won't ask for.",
)
