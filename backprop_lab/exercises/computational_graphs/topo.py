"""Exercise `topo`: put inputs before readers."""

import numpy as np

from ...graph import order_fault
from ..exercise import Exercise, Hint, Misconception
from ..random_graphs import deep_chain, random_rows, shorten, shown, shuffled, what_came


def topo_cases(seed):
    rng = np.random.default_rng([seed, 3])
    uneven = {"d": ["*", "b", "c"], "c": ["+", "b", "a"], "a": ["input"], "b": ["exp", "a"]}
    cases = [
        {"graph": {"x": ["input"]}, "root": "x"},
        {"graph": {"z": ["*", "x", "x"], "x": ["input"]}, "root": "z"},
        {"graph": uneven, "root": "d"},
        {"graph": {"a": ["input"], "b": ["exp", "a"], "c": ["log", "a"]}, "root": "c"},
        {"graph": two_branches(rng), "root": "r"},
    ]
    for size in (5, 7, 9, 12):
        rows = random_rows(rng, size)
        for root in rng.choice(list(rows)[-3:], 2, replace=False):
            cases.append({"graph": shuffled(rng, rows), "root": str(root)})
    return [*cases, {"graph": deep_chain(10_000), "root": "t10000"}]


def two_branches(rng):
    """A tree whose two branches need each other nowhere before the root."""
    u, v, a, b = rng.permutation(list("uvab")).tolist()
    rows = {"r": ["+", u, v], v: ["exp", "n"], "n": ["sin", b], u: ["exp", "m"], "m": ["sin", a]}
    return shuffled(rng, rows | {a: ["input"], b: ["weight"]})


def judge_topo(case, order):
    if not are_names(order):
        return [f"topo has to return a list of names; {what_came(order)}"]
    if not order:
        return [f"The list is empty; it has to end with the root.\n{shown(case)}"]
    rows = needed(case["graph"], case["root"])
    spare = [name for name in order if name in case["graph"] and name not in rows]
    if spare:
        fault = f"{spare[0]} is in your list, and {case['root']} does not depend on it."
    else:
        fault = order_fault(rows, order)
    return [f"{fault}\n{shown(case)}\nYours: {shorten(order)}"] if fault else []


def needed(rows, root):
    """The rows that `root` depends on, found from the outside in: what reads what is needed."""
    keep, frontier = {root}, {root}
    while frontier:
        frontier = {x for name in frontier for x in rows[name][1:]} - keep
        keep |= frontier
    return {name: row for name, row in rows.items() if name in keep}


def orders(cases, reports):
    """(rows that the root needs, the order that came back) for every case with a list."""
    pairs = zip(cases, reports, strict=True)
    found = [(needed(case["graph"], case["root"]), r.get("returned")) for case, r in pairs]
    return [(rows, order) for rows, order in found if are_names(order) and len(rows) > 1]


def all_orders(cases, reports, looks_like):
    """Whether every order that came back names what it has to name, and looks like that."""
    found = orders(cases, reports)
    return bool(found) and all(
        set(order) == rows.keys() and looks_like(rows, order) for rows, order in found
    )


def starts_with_the_root(rows, order):
    return order[0] not in {x for row in rows.values() for x in row[1:]}


def only_the_deep_chain_fails(cases, reports):
    *small, deep = zip(cases, reports, strict=True)
    return "RecursionError" in deep[1].get("raised", "") and all(
        "returned" in report and not judge_topo(case, report["returned"]) for case, report in small
    )


def are_names(order):
    return isinstance(order, list) and all(isinstance(name, str) for name in order)


def by_distance(rows, order):
    """Whether names come furthest from the root first, counting the fewest steps to it."""
    read = {x for row in rows.values() for x in row[1:]}
    steps = {name: 0 for name in rows if name not in read}
    queue = list(steps)
    for name in queue:
        fresh = [x for x in dict.fromkeys(rows[name][1:]) if x not in steps]
        steps.update(dict.fromkeys(fresh, steps[name] + 1))
        queue.extend(fresh)
    distances = [steps.get(name, -1) for name in order]
    return distances == sorted(distances, reverse=True)


TOPO = Exercise(
    id="topo",
    title="Put inputs before readers",
    notebook=1,
    minutes=20,
    points=4,
    contract="""\
Write `topo(graph, root)`.

- `graph` is a dictionary of rows, in no particular order; `root` is one of its names.
- Return a list with `root` and everything it depends on, directly or through others: each name
  once, every name after all of its inputs, and nothing else.
- It has to work for a chain of 10,000 operators. Python gives up on a function that calls itself so
  deep: use a loop and a list.""",
    cases=topo_cases,
    judge=judge_topo,
    misconceptions=(
        Misconception(
            "recursion",
            """
def topo(graph, root):
    order = []
    def visit(name):
        if name not in order:
            for x in graph[name][1:]:
                visit(x)
            order.append(name)
    visit(root)
    return order
""",
            "Right on every small graph, and out of breath on the deep one: each step down a chain "
            "takes one more call, and Python allows only a thousand or a few thousand at a time. "
            "Keep your own list of names that still wait, and loop over that.",
            only_the_deep_chain_fails,
        ),
        Misconception(
            "visits_twice",
            """
def topo(graph, root):
    order, waiting = [], [root]
    while waiting:
        name = waiting.pop()
        order.append(name)
        waiting.extend(graph[name][1:])
    return order[::-1]
""",
            "A tensor with two readers is reached along two roads, and here it is put down each "
            "time. Remember what you have been to already.",
            lambda cases, reports: any(
                len(set(order)) < len(order) for _, order in orders(cases, reports)
            ),
        ),
        Misconception(
            "takes_everything",
            """
from graphlib import TopologicalSorter

def topo(graph, root):
    return list(TopologicalSorter({name: row[1:] for name, row in graph.items()}).static_order())
""",
            "Rows that the root never uses are in your list too. Start at the root and go from "
            "each name to its inputs: what you never come to is not needed.",
            lambda cases, reports: all(
                are_names(report.get("returned"))
                and order_fault(case["graph"], report["returned"]) is None
                for case, report in zip(cases, reports, strict=True)
            ),
        ),
        Misconception(
            "root_first",
            """
def topo(graph, root):
    order, waiting, seen = [], [root], set()
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            order.append(name)
            waiting.extend(graph[name][1:])
    return order
""",
            "Your list begins with the root. It is written down on arrival, before its inputs; it "
            "belongs down there only after all of them have been.",
            lambda cases, reports: all_orders(cases, reports, starts_with_the_root),
        ),
        Misconception(
            "nearest_last",
            """
def topo(graph, root):
    order, seen = [root], {root}
    for name in order:
        for x in graph[name][1:]:
            if x not in seen:
                seen.add(x)
                order.append(x)
    return order[::-1]
""",
            "Your list goes by distance from the root: the further away, the earlier. But a tensor "
            "can be one step from the root along one road and three along another, and then "
            "the short road puts it too late. What counts is not how far it is, but who reads it.",
            lambda cases, reports: all_orders(cases, reports, by_distance),
        ),
        Misconception(
            "as_written",
            """
def topo(graph, root):
    needed, waiting = set(), [root]
    while waiting:
        name = waiting.pop()
        if name not in needed:
            needed.add(name)
            waiting.extend(graph[name][1:])
    return [name for name in graph if name in needed]
""",
            "This is the order in which the rows happen to stand in the dictionary. Somebody may "
            "have written the reader first: only the names inside the rows say what has to wait.",
        ),
    ),
    hints=(
        Hint(
            "I don't know how to begin",
            "Keep two lists: the order so far, and the names that wait, which is [root] at first. "
            "Go through the table above by hand and watch what each line does to the two lists.",
        ),
        Hint(
            "A name comes before its inputs, or twice",
            "Look at the last of the waiting names without taking it away. If one of its inputs is "
            "missing from the order, that input has to wait on top of it. If none is missing, it "
            "is its turn, unless it is down already.",
        ),
        Hint(
            "It never ends, or it is very slow",
            "Take a name off the waiting list once it is down. To ask whether a name is down, ask "
            "a set (`name in down`): looking through a list of 10,000 names for each of "
            "10,000 names takes 100 million steps.",
        ),
    ),
    why="Each name went down only after its inputs, so running the list from left to right never "
    "meets a missing value. Read from right to left, the same list will carry gradients.",
)
