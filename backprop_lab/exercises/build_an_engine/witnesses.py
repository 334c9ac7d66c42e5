"""Exercise `witnesses`: the smallest graph that shows what is wrong with an engine."""

from math import isclose, isfinite

import numpy as np

from ..exercise import Exercise, Hint, Misconception
from ..probing import UNFILLED
from ..slips import LOCAL, add, sweep
from .pieces import Traced, one_by_one

MOST = 5  # operators
THE_ENGINE = "this engine is right"
ENGINES = {
    "overwrites": "writes `=` where messages have to add",
    "nearest first": "goes outward from the result, nearest first",
    "stale": "is called twice, and the leaves alone are cleared in between",
}


def witnesses_cases(seed):
    rng = np.random.default_rng([seed, 37])
    return [{"x": float(x)} for x in rng.uniform(1.3, 2.2, 2) * rng.choice([-1, 1], 2)]


def probe_witnesses(answer, case):
    """{engine: the rows that its graph wrote down, and their values}."""
    if not isinstance(answer, dict):
        raise TypeError("witnesses is a dictionary: from an engine to a function of x.")
    return one_by_one(trace, answer, ENGINES, case)


def trace(graph, name, case):
    rows, values = {}, {}
    result = graph(Traced(rows, values, case["x"], ["input"]))
    if result is ...:
        return ...
    if not isinstance(result, Traced):
        return {"rows": {}, "result": type(result).__name__}
    return {"rows": needed(rows, result.name), "values": values}


def needed(rows, root):
    """The rows that the result depends on, in their order."""
    keep = {root}
    for name in reversed(rows):
        if name in keep:
            keep.update(x for x in rows[name][1:] if x in rows)
    return {name: row for name, row in rows.items() if name in keep}


def judge_witnesses(case, output):
    return [text for name in ENGINES if (text := complain(name, case, output[name]))]


def complain(name, case, told):
    if told == UNFILLED or told is None:
        return f"{name}: still blank."
    if "raised" in told:
        return f"{name}: {told['raised']}"
    rows = told["rows"]
    if not rows:
        return f"{name}: return what you have computed from x; a {told['result']} came."
    operators = sum(len(row) > 1 for row in rows.values())
    if operators > MOST:
        return f"{name}: {operators} operators are too many; {MOST} are enough for any of them."
    totals = gradients(rows, told["values"])
    right, found = totals["right"], totals[name]
    if right is None:
        return f"{name}: your graph does not depend on x."
    if not isfinite(right):
        return f"{name}: the numbers in your graph grow beyond all bounds (inf or nan)."
    if isclose(right, found, rel_tol=1e-6, abs_tol=1e-9):
        return (
            f"{name}: on your graph {THE_ENGINE}, with {right:.4g} at x. It "
            f"{ENGINES[name]}; what does a graph need for that to matter?"
        )
    return None


def gradients(rows, values):
    """The gradient at the leaf that each engine finds: {"right", "overwrites", …}."""
    leaf = next((name for name, row in rows.items() if row == ["input"]), None)
    if leaf is None:
        return dict.fromkeys(["right", *ENGINES])
    local = {
        name: LOCAL[row[0]](*[values[i] for i in row[1:]]) for name, row in rows.items() if row[1:]
    }
    queue = [list(rows)[-1]]
    for name in queue:
        queue += [i for i in dict.fromkeys(rows[name][1:]) if i not in queue]
    return {
        "right": sweep(rows, local, add)[leaf],
        "overwrites": sweep(rows, local, lambda before, message: message)[leaf],
        "nearest first": sweep(rows, local, add, queue)[leaf],
        "stale": second_call(rows, local)[leaf],
    }


def second_call(rows, local):
    """A second sweep that finds the first one's gradients at everything but the leaves."""
    first = sweep(rows, local, add)
    found = {name: 0.0 if len(row) == 1 else first[name] for name, row in rows.items()}
    found[list(rows)[-1]] = 1.0
    for name in reversed(rows):
        for x, slope in zip(rows[name][1:], local.get(name, []), strict=True):
            found[x] += found[name] * slope
    return found


def graphs(reports):
    """{engine: rows} of the first report."""
    told = reports[0]["returned"]
    return {name: told[name]["rows"] for name in ENGINES if "rows" in (told[name] or {})}


def readers(rows):
    read = [x for row in rows.values() for x in row[1:]]
    return {name: read.count(name) for name in rows}


def fails(name, cases, reports):
    """Whether a graph that can be judged does not give its engine away."""
    return THE_ENGINE in (complain(name, cases[0], reports[0]["returned"][name]) or "")


def wrong(**graphs):
    written = ", ".join(f'"{name.replace("_", " ")}": lambda x: {g}' for name, g in graphs.items())
    return f"witnesses = dict.fromkeys({list(ENGINES)}, ...) | {{{written}}}\n"


WITNESSES = Exercise(
    id="witnesses",
    title="Find the graph that gives it away",
    notebook=3,
    minutes=12,
    points=3,
    parts=3,
    core=False,
    contract="""\
Three engines, each with one line wrong (they stand above). For each one, write a function of a
Value `x` that computes a result on which that engine finds a *wrong* gradient at `x`.

- Use `x`, numbers, `+` and `*`; at most 5 operators. Fewer show more clearly what is wrong.
- `witnesses` is a dictionary with the keys `"overwrites"`, `"nearest first"` and `"stale"`; each
  counts one point.""",
    cases=witnesses_cases,
    probe=probe_witnesses,
    judge=judge_witnesses,
    misconceptions=(
        Misconception(
            "a_tree",
            wrong(overwrites="x * 3.0 + 2.0"),
            "In a graph without forks every Value has one reader, and nearly any engine is right. "
            "Let something be read twice.",
            lambda cases, reports: any(
                fails(name, cases, reports)
                and max(n for key, n in readers(rows).items() if rows[key][0] != "constant") < 2
                for name, rows in graphs(reports).items()
            ),
        ),
        Misconception(
            "even_roads",
            wrong(nearest_first="(x * 2.0) * (x * 3.0)"),
            "Here nobody speaks too early who has something to pass on: either all roads are "
            "equally long, and nearest first *is* a valid order, or it is x itself that is reached "
            "early, and x has no inputs. Let a Value in between be near along one road and far "
            "along another.",
            lambda cases, reports: (
                fails("nearest first", cases, reports)
                and max(readers(graphs(reports)["nearest first"]).values()) > 1
            ),
        ),
        Misconception(
            "nothing_in_between",
            wrong(stale="x * x"),
            "Between x and your result there is no other Value that depends on x, so nothing is "
            "left lying there for the second call. Give it a step in between.",
            lambda cases, reports: (
                fails("stale", cases, reports)
                and sum(len(row) > 1 for row in graphs(reports)["stale"].values()) == 1
            ),
        ),
    ),
    hints=(
        Hint(
            "I don't see what is wrong with them",
            "Go through each engine on d = b · (b + a), b = a · a by hand, and write down what "
            "every Value has when it speaks.",
        ),
        Hint(
            "nearest first is right on everything I try",
            "It is wrong when a Value speaks before a message that has farther to come. Whoever "
            "speaks too early needs inputs of its own, or nothing is lost.",
        ),
        Hint(
            "stale is right on everything I try",
            "The second call adds new messages to what the first one left in between. So there "
            "has to be a Value in between.",
        ),
    ),
    why="A test is worth what it can tell apart. These three graphs are worth more than a hundred "
    "that any engine gets right.",
)
