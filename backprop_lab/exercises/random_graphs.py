"""Random graphs as rows, and orders of them, good and broken, for cases and judges."""

from graphlib import TopologicalSorter

from .probing import UNFILLED, other, same

ARITY = {"+": 2, "-": 2, "*": 2, "exp": 1, "log": 1, "sin": 1}
NAMES = "abcdfghijklmnoprstuvwxyz"  # names say nothing about the order; q stays free, and e


def random_rows(rng, size, operators=("+", "*", "exp")):
    """`size` operators over three leaves, one of each kind, with forks and parallel branches.

    Rows stand in a valid order.
    """
    names = iter(rng.permutation(list(NAMES)).tolist())
    rows = {next(names): [kind] for kind in ("input", "weight", "constant")}
    for i in range(size):
        symbol = "-" if "-" in operators and i == 1 else str(rng.choice(operators))
        if symbol == "exp":  # once, because exp of exp of exp is inf
            operators = [name for name in operators if name != "exp"]
        read = {x for row in rows.values() for x in row[1:]}
        idle = [name for name in rows if name not in read]
        first = str(rng.choice(idle if idle and rng.random() < 0.7 else list(rows)))
        second = str(rng.choice([name for name in rows if symbol != "-" or name != first]))
        rows[next(names)] = [symbol, *[first, second][: ARITY[symbol]]]
    return rows


def shuffled(rng, rows):
    """The same rows in an order that says nothing."""
    return {str(name): rows[name] for name in rng.permutation(list(rows))}


def deep_chain(length):
    """A chain of `length` operators with one fork and an idle row, written last row first."""
    rows = {f"t{i}": ["exp", f"t{i - 1}"] for i in range(length, 0, -1)}
    middle = length // 2
    rows[f"t{middle}"] = ["+", f"t{middle - 1}", f"t{middle - 2}"]
    return rows | {"t0": ["input"], "unread": ["exp", "t0"]}


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
    """Orders broken on purpose, in every way that an order can be."""
    readers = [name for name in order if len(rows[name]) > 1]
    leaves = [name for name in order if len(rows[name]) == 1]
    broken = [
        late(order, name, x, gap)
        for name in readers
        for x in dict.fromkeys(rows[name][1:])
        for gap in (1, 2)
    ]
    broken = [broken[i] for i in rng.permutation(len(broken))[:10]]
    last = order[-1]
    repeated, gone = (str(name) for name in rng.choice(order[:-1], 2))
    return [
        *broken,
        readers + leaves,
        insert(rng, order, repeated, after=order.index(repeated)),
        [*order, last],
        [name for name in order if name != gone],
        order[:-1],
        [*order[:-1], repeated],
        [*order[:-1], "q"],
        insert(rng, order, "q", after=0),
        [],
    ]


def late(order, reader, x, gap):
    """An order in which one input of one reader comes `gap` places after it, or at the end."""
    moved = [name for name in order if name != x]
    at = moved.index(reader) + gap
    return [*moved[:at], x, *moved[at:]]


def insert(rng, order, name, after):
    at = int(rng.integers(after + 1, len(order) + 1))
    return [*order[:at], name, *order[at:]]


def shown(case):
    """The graph of a case, one row a line, if it is small enough to be read."""
    if len(case["graph"]) > 14:
        return f"(a graph of {len(case['graph'])} rows)"
    rows = [f"  {name}: {' '.join(row)}" for name, row in case["graph"].items()]
    root = [f"root: {case['root']}"] if "root" in case else []
    return "\n".join(["Graph:", *rows, *root])


def random_slopes(rng, rows):
    """Local derivatives for every operator, {name: one for each input}: mixed in sign, never 1."""
    return {
        name: [
            float(x)
            for x in rng.choice([-1, 1], len(row) - 1) * rng.uniform(0.3, 1.9, len(row) - 1)
        ]
        for name, row in rows.items()
        if len(row) > 1
    }


def shown_slopes(case):
    """The graph of a case with its local derivatives, as `shown` writes it."""
    if len(case["graph"]) > 14:
        return f"(a graph of {len(case['graph'])} rows)"
    lines = ["Graph, with the local derivative by each input:"]
    for name, row in case["graph"].items():
        slopes = zip(row[1:], case["local"].get(name, []), strict=True)
        lines.append(f"  {name}: {row[0]} " + ", ".join(f"{x} ({d:.4g})" for x, d in slopes))
    return "\n".join(line.rstrip() for line in lines)


def shorten(names):
    """The first dozen of many names, in one line."""
    return ", ".join(map(str, names[:12])) + (", …" if len(names) > 12 else "")


def what_came(answer):
    """How a card says what a function returned instead of what was asked for."""
    if answer is None:
        return "yours returned nothing (None): did it forget its return?"
    if same(answer, UNFILLED):
        return "yours returned ..., which is still blank."
    if other(answer):
        return f"yours returned a {other(answer)}."
    return f"yours returned {str(answer)[:60]}."
