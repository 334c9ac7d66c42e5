"""Random graphs as rows, and orders of them, good and broken, for cases and judges."""

from graphlib import TopologicalSorter
from itertools import pairwise

ARITY = {"+": 2, "-": 2, "*": 2, "exp": 1, "log": 1, "sin": 1}


def random_rows(rng, size, operators=("+", "*", "exp")):
    """`size` operators over two or three leaves, with shared tensors and at least one fork.

    Rows stand in a valid order. The last operator reads the one before it, and everything that
    nobody reads is picked up on the way, so that the last row depends on most of the graph.
    """
    leaves = [f"x{i + 1}" for i in range(int(rng.integers(2, 4)))]
    rows = {name: ["input"] for name in leaves}
    for i in range(size):
        names = list(rows)
        read = {x for row in rows.values() for x in row[1:]}
        idle = [name for name in names if name not in read]
        symbol = "-" if "-" in operators and i == 1 else str(rng.choice(operators))
        if symbol == "exp":  # once, because exp of exp of exp is inf
            operators = [other for other in operators if other != "exp"]
        first = names[-1] if i else names[0]
        second = str(rng.choice(idle if len(idle) > 1 and i > size // 2 else names))
        inputs = [first] if ARITY[symbol] == 1 else [first, second]
        rows[f"t{i + 1}"] = [symbol, *map(str, rng.permutation(inputs))]
    return rows


def deep_chain(length):
    """A chain of `length` operators, written last row first."""
    rows = {f"t{i}": ["exp", f"t{i - 1}"] for i in range(length, 0, -1)}
    return rows | {"t0": ["input"]}


def random_order(rng, rows):
    """One of the valid orders of the rows, chosen at random step by step."""
    sorter = TopologicalSorter({name: row[1:] for name, row in rows.items()})
    sorter.prepare()
    ready, order = list(sorter.get_ready()), []
    while ready:
        name = ready.pop(int(rng.integers(len(ready))))
        order.append(name)
        sorter.done(name)
        ready.extend(sorter.get_ready())
    return order


def mutants(rng, rows, order):
    """Orders broken on purpose: a reader far too early, a reader just before its input, a name
    twice, a name missing in the middle and at the end, a foreign name, and no name at all."""
    neighbours = list(rows)
    i = next(i for i, (x, z) in enumerate(pairwise(neighbours)) if x in rows[z])
    neighbours[i : i + 2] = neighbours[i + 1], neighbours[i]
    reader = str(rng.choice([name for name, row in rows.items() if len(row) > 1]))
    early = [name for name in order if name != reader]
    last_input = max(early.index(x) for x in rows[reader][1:])
    early.insert(0 if len(order) > 3 else last_input, reader)
    repeated = order[int(rng.integers(len(order)))]
    middle = int(rng.integers(len(order) - 1))
    at = int(rng.integers(1, len(order)))
    return [
        early,
        neighbours,
        [*order, repeated],
        order[:middle] + order[middle + 1 :],
        order[:-1],
        [*order[:at], "q", *order[at:]],
        [],
    ]


def shown(case):
    """The graph of a case, one row a line, if it is small enough to be read."""
    if len(case["graph"]) > 14:
        return f"(a graph of {len(case['graph'])} rows)"
    rows = [f"  {name}: {' '.join(row)}" for name, row in case["graph"].items()]
    root = [f"root: {case['root']}"] if "root" in case else []
    return "\n".join(["Graph:", *rows, *root])


def shorten(names):
    """The first dozen of many names, in one line."""
    return ", ".join(map(str, names[:12])) + (", …" if len(names) > 12 else "")


def what_came(answer):
    """How a card says what a function returned instead of what was asked for."""
    if answer is None:
        return "yours returned nothing (None): did it forget its return?"
    if isinstance(answer, dict) and "type" in answer:
        return f"yours returned a {answer['type']}."
    return f"yours returned {str(answer)[:60]}."
