"""Exercise `is_valid_order`: tell an order that runs from one that does not."""

import numpy as np

from ...graph import order_fault
from ..exercise import Exercise, Hint, Misconception
from ..random_graphs import (
    mutants,
    random_order,
    random_rows,
    shorten,
    shown,
    what_came,
)


def order_cases(seed):
    rng = np.random.default_rng([seed, 4])
    cases = []
    for size in (3, 5, 7, 9):
        rows = random_rows(rng, size)
        valid = [random_order(rng, rows), random_order(rng, rows), list(rows)]
        orders_to_try = [*valid, *mutants(rng, rows, valid[0])]
        cases += [{"graph": rows, "order": order} for order in orders_to_try]
    return cases


def judge_order(case, answer):
    if not isinstance(answer, bool):
        return [f"is_valid_order has to return True or False; {what_came(answer)}"]
    if answer == (order_fault(case["graph"], case["order"]) is None):
        return []
    verb = "accepts this order, and should not" if answer else "refuses this order, and it runs"
    return [f"Yours {verb}.\n{shown(case)}\nOrder: {shorten(case['order']) or 'no name at all'}"]


def said(cases, reports, fault):
    """What an answer said of all orders with one fault ("Too early", "Twice", …; None: valid)."""
    found = set()
    for case, report in zip(cases, reports, strict=True):
        here = order_fault(case["graph"], case["order"])
        here = "Missing" if case["graph"].keys() - set(case["order"]) else here
        if (here and here.split(":")[0]) == fault:
            found.add(str(report.get("returned")))
    return found


IS_VALID_ORDER = Exercise(
    id="is_valid_order",
    title="Tell a valid order from an invalid one",
    notebook=1,
    minutes=8,
    points=3,
    core=False,
    contract="""\
Write `is_valid_order(graph, order)`.

- Return `True` if `order` names every row of `graph` exactly once and every name after all of its
  inputs, else `False`.
- A graph has many valid orders; all of them have to pass.
- Yours is tried on orders that were broken on purpose, in five different ways.""",
    cases=order_cases,
    judge=judge_order,
    misconceptions=(
        Misconception(
            "one_order_only",
            """
def is_valid_order(graph, order):
    mine = []
    while len(mine) < len(graph):
        mine += [n for n in graph if n not in mine and all(x in mine for x in graph[n][1:])][:1]
    return list(order) == mine
""",
            "You refuse orders that run perfectly well. Two tensors that do not need each other "
            "may come in either order, so comparing with one list of your own is too strict. Ask "
            "each name whether its inputs are there.",
            lambda cases, reports: (
                said(cases, reports, None) == {"True", "False"}
                and said(cases, reports, "Too early") == {"False"}
            ),
        ),
        Misconception(
            "compares_the_names_only",
            """
def is_valid_order(graph, order):
    return sorted(order) == sorted(graph)
""",
            "Having the right names, each once, is half of it. In which order they come is the "
            "other half: walk along, and ask at each name whether its inputs have been.",
            lambda cases, reports: (
                said(cases, reports, "Too early") == said(cases, reports, None) == {"True"}
            ),
        ),
        Misconception(
            "looks_at_neighbours",
            """
def is_valid_order(graph, order):
    if sorted(order) != sorted(graph):
        return False
    return all(b not in graph[a][1:] for a, b in zip(order, order[1:]))
""",
            "An input that comes too late need not stand right behind its reader. Look at "
            "everything that came before a name, not at the name beside it.",
            lambda cases, reports: (
                said(cases, reports, "Too early") == {"True", "False"}
                and said(cases, reports, None) == {"True"}
                and said(cases, reports, "Missing") == {"False"}
            ),
        ),
        Misconception(
            "misses_missing",
            """
def is_valid_order(graph, order):
    seen = set()
    for name in order:
        if name not in graph or name in seen or any(x not in seen for x in graph[name][1:]):
            return False
        seen.add(name)
    return True
""",
            "An order can stop too soon: everything in it stands in the right place, and something "
            "never comes. Nobody complains during the walk, so it has to be asked at the end.",
            lambda cases, reports: (
                "True" in said(cases, reports, "Missing")
                and said(cases, reports, None) == {"True"}
                and said(cases, reports, "Too early") == {"False"}
            ),
        ),
        Misconception(
            "misses_duplicates",
            """
def is_valid_order(graph, order):
    if set(order) != set(graph):
        return False
    seen = set()
    for name in order:
        if any(x not in seen for x in graph[name][1:]):
            return False
        seen.add(name)
    return True
""",
            "You let a name come twice. A set or a dictionary of positions forgets repetitions, "
            "and the operator would run twice.",
            lambda cases, reports: (
                "True" in said(cases, reports, "Twice")
                and said(cases, reports, None) == {"True"}
                and said(cases, reports, "Too early") == {"False"}
            ),
        ),
    ),
    hints=(
        Hint(
            "It refuses a good order",
            "Take the order on the card and run it by hand: is there any name whose inputs are not "
            "there yet? If not, what else did your function object to?",
        ),
        Hint(
            "It accepts a bad order",
            "Five things can be wrong: a name too early, a name twice, a name missing in the "
            "middle, a name missing at the end, a name that is not in the graph. Which one do you "
            "not ask about?",
        ),
        Hint(
            "I don't know how to begin",
            "Walk along the order and keep a set of what you have passed. At each name there are "
            "two questions about that set; after the last name there is one about the graph.",
        ),
    ),
    why="Your function asks what running needs: nothing missing, nothing twice, nothing early. "
    "That is why it lets every valid order through and not one favourite.",
)
