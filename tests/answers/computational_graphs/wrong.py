"""For notebook 1: mistakes that no misconception lists; they are refused all the same."""

WRONG = {
    "rows": [
        "rows = {}",
        "rows = [1, 2]",
        """rows = {"a": ["input"], "b": ["input"], "1": ["constant"],
        "c": ["*", "a", "b"], "d": ["*", "b", "1"], "e": ["+", "c", "d"]}""",
        """rows = {"a": ["input"], "b": ["input"], "1": ["constant"], "c": ["+", "a", "b"],
        "d": ["+", "b", "1"], "d2": ["+", "b", "1"], "e": ["*", "c", "d"]}""",
        """rows = {"a": ["input"], "b": ["input"], "1": ["constant"], "p": ["*", "a", "b"],
        "q": ["*", "b", "b"], "r": ["+", "p", "q"], "s": ["+", "r", "a"], "e": ["+", "s", "b"]}""",
        """rows = {"a": ["input"], "b": ["input"], "c": ["+", "a", "b"], "d": ["+", "b", "1"],
        "e": ["*", "c", "d"]}""",
        """rows = {"a": ["e"], "e": ["a"]}""",
        """rows = {"a": ["input"], "b": ["input"], "1": ["constant"], "c": ["+", "a", "b"],
        "d": ["+", "b", "1"], "e": ["*", "c", "c"]}""",
        """rows = {"a": ["input"], "b": ["input"], 1: ["constant"], "c": ["+", "a", "b"],
        "d": ["+", "b", 1], "e": ["*", "c", "d"]}""",
        """rows = {"a": ["input"], "b": ["input"], "1": ["constant"], "c": ["+", "a", "b", "b"],
        "d": ["+", "b", "1"], "e": ["*", "c", "d"]}""",
        """rows = {"a": ["constant"], "b": ["input"], "1": ["constant"], "c": ["+", "a", "b"],
        "d": ["+", "b", "1"], "e": ["*", "c", "d"]}""",
    ],
    "kinds": [
        "kinds = 'input'",
        "kinds = {}",
        """kinds = {"x": "leaf", "w": "leaf", "bias": "leaf", "p": "leaf", "z": "op", "y": "op",
        "loss": "output", "2": "leaf"}""",
        """kinds = {"x": "constant", "w": "weight", "bias": "weight", "p": "constant",
        "z": "intermediate", "y": "intermediate", "loss": "intermediate", "2": "constant"}""",
        """kinds = {"x": "input", "w": "weight", "bias": "constant", "p": "input",
        "z": "intermediate", "y": "intermediate", "loss": "intermediate", "2": "constant"}""",
    ],
    "topo": [
        """
def topo(graph, root):
    # leaves first, then by length of the name and name: right where names count upwards
    names, waiting = {root}, [root]
    while waiting:
        for x in graph[waiting.pop()][1:]:
            if x not in names:
                names.add(x)
                waiting.append(x)
    return sorted(names, key=lambda name: (len(graph[name]) > 1, len(name), name))
""",
        """
seen = {}
def topo(graph, root):
    # remembers the answer for a graph and forgets that there is a root
    key = str(sorted(graph.items()))
    if key not in seen:
        order, down, waiting = [], set(), [root]
        while waiting:
            missing = [x for x in graph[waiting[-1]][1:] if x not in down]
            if missing:
                waiting.append(missing[0])
            else:
                name = waiting.pop()
                if name not in down:
                    down.add(name)
                    order.append(name)
        seen[key] = order
    return list(seen[key])
""",
        """
def topo(graph, root):
    # goes up one road only: the last input of each operator
    order, name = [root], root
    while graph[name][1:]:
        order = [x for x in dict.fromkeys(graph[name][1:]) if x not in order] + order
        name = graph[name][-1]
    return order
""",
        "topo = ['a', 'b']",
        "def topo(graph, root): return None",
        "def topo(graph, root): return []",
        "def topo(graph, root): return [root]",
        "def topo(graph, root): return sorted(graph)",
        "def topo(graph, root): return set(graph)",
        "def topo(graph, root): return (name for name in graph)",
        "def topo(graph, root): return [*graph[root][1:], root]",
        "def topo(graph, root): return graph[root]",
        "def topo(graph, root): return list(graph)[::-1]",
        """
def topo(graph, root):
    # depth first, put down on arrival, turned round at the end
    order, waiting, seen = [], [root], set()
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            order.append(name)
            waiting.extend(graph[name][1:])
    return order[::-1]
""",
        """
def topo(graph, root):
    # leaves first, then operators as they are met
    seen, waiting = [], [root]
    for name in waiting:
        if name not in seen:
            seen.append(name)
            waiting.extend(graph[name][1:])
    return sorted(seen, key=lambda name: len(graph[name]) > 1)
""",
        """
def topo(graph, root):
    order = []
    while True:
        for x in graph[root][1:]:
            order.append(x)
        if not graph[root][1:]:
            return order
        root = order[-1]
""",
        """
from backprop_lab.exercises.random_graphs import random_order
def topo(graph, root):
    import numpy
    from backprop_lab.graph import Graph
    Graph.from_rows({name: row for name, row in list(graph.items())[:1]})
    return random_order(numpy.random.default_rng(0), graph)
""",
        """
def topo(graph, root):
    graph.clear()
    return [root]
""",
    ],
    "is_valid_order": [
        """
def is_valid_order(graph, order):
    if len(order) != len(graph):
        return False
    seen = set()
    for name in order:
        if name not in graph or any(x not in seen for x in graph[name][1:]):
            return False
        seen.add(name)
    return True
""",
        """
def is_valid_order(graph, order):
    if sorted(order) != sorted(graph):
        return False
    place = {name: i for i, name in enumerate(order)}
    return all(place[graph[n][1]] < place[n] for n in graph if len(graph[n]) > 1)
""",
        """
def is_valid_order(graph, order):
    if sorted(order) != sorted(graph):
        return False
    place = {name: i for i, name in enumerate(order)}
    return all(place[graph[n][-1]] < place[n] for n in graph if len(graph[n]) > 1)
""",
        """
def is_valid_order(graph, order):
    if len(set(order)) != len(graph):
        return False
    seen = set()
    for name in order:
        if any(x not in seen for x in graph.get(name, [name])[1:]):
            return False
        seen.add(name)
    return True
""",
        """
def is_valid_order(graph, order):
    if sorted(order) != sorted(graph) or len(graph[order[0]]) > 1:
        return False
    return all(b not in graph[a][1:] for a, b in zip(order, order[1:]))
""",
        "is_valid_order = True",
        "def is_valid_order(graph, order): return True",
        "def is_valid_order(graph, order): return False",
        "def is_valid_order(graph, order): return 1",
        "def is_valid_order(graph, order): return set(order) == set(graph)",
        "def is_valid_order(graph, order): return len(order) == len(graph)",
        """
def is_valid_order(graph, order):
    for name in order:
        for x in graph[name][1:]:
            if order.index(x) > order.index(name):
                return False
    return True
""",
        """
def is_valid_order(graph, order):
    for name in graph:
        for x in graph[name][1:]:
            if order.index(x) > order.index(name):
                return False
    return True
""",
        """
import backprop_lab
def is_valid_order(graph, order):
    return backprop_lab.order_fault(graph, order) is None
""",
        """
def is_valid_order(graph, order):
    return order[0] in graph and len(graph[order[0]]) == 1 and len(set(order)) == len(graph)
""",
    ],
    "forward": [
        """
def forward(graph, order, leaves, functions):
    values = {}
    for name in order:
        if graph[name][0] == "input":
            values[name] = leaves[name]
        else:
            values[name] = functions[graph[name][0]](*[values[x] for x in graph[name][1:]])
    return values
""",
        """
def forward(graph, order, leaves, functions):
    values = dict(leaves)
    for name in order:
        if not np.any(values.get(name)):
            values[name] = functions[graph[name][0]](*[values[x] for x in graph[name][1:]])
    return values
""",
        """
def forward(graph, order, leaves, functions):
    values, made = dict(leaves), {}
    for name in order:
        if name not in values:
            row = tuple(graph[name])
            if row not in made:
                made[row] = functions[row[0]](*[values[x] for x in row[1:]])
            values[name] = made[row]
    return values
""",
        """
def forward(graph, order, leaves, functions):
    values = {name: leaves[name] for name in order[:len(leaves)]}
    for name in order[len(leaves):]:
        values[name] = functions[graph[name][0]](*[values[x] for x in graph[name][1:]])
    return values
""",
        """
def forward(graph, order, leaves, functions):
    values = dict(leaves)
    for name in order:
        if name not in values:
            x = [values[y] for y in graph[name][1:]]
            values[name] = {"+": lambda a, b: a + b, "-": lambda a, b: a - b,
                "*": lambda a, b: a * b, "exp": np.exp, "sin": np.sin}[graph[name][0]](*x)
            functions["+"](1, 1)
    return values
""",
        """
def forward(graph, order, leaves, functions):
    values = dict(leaves)
    for name in order:
        if name not in values:
            x = functions[graph[name][0]](*[values[x] for x in graph[name][1:]])
            values[name] = np.float64(np.float32(x)) if np.shape(x) == () else x * (1 + 1e-6)
    return values
""",
        "def forward(graph, order, leaves, functions): return leaves",
        "def forward(graph, order, leaves, functions): return {}",
        "def forward(graph, order, leaves, functions): return [1.0]",
        "def forward(graph, order, leaves, functions): return {name: 1.0 for name in order}",
        """
def forward(graph, order, leaves, functions):
    values = dict(leaves)
    for name in graph:
        if name not in values:
            values[name] = functions[graph[name][0]](*[values[x] for x in sorted(graph[name][1:])])
    return values
""",
        """
def forward(graph, order, leaves, functions):
    values = dict(leaves)
    for name in order:
        if name not in values:
            values[name] = functions[graph[name][0]](*[values[x] for x in set(graph[name][1:])])
    return values
""",
        """
def forward(graph, order, leaves, functions):
    values = dict(leaves)
    for name in order:
        if name not in values:
            for x in graph[name][1:]:
                values[name] = functions[graph[name][0]](values[x], values[x])
    return values
""",
        """
def forward(graph, order, leaves, functions):
    values = dict(leaves)
    for name in order:
        if name not in values:
            values[name] = functions[graph[name][0]](*[values[x] for x in graph[name][1:]])
            values[name] = functions[graph[name][0]](*[values[x] for x in graph[name][1:]])
    return values
""",
        """
def forward(graph, order, leaves, functions):
    values = dict(leaves)
    for name in order:
        if name not in values:
            first, *rest = graph[name][1:]
            for x in rest:
                values[first] += 0 * values[x]
            values[name] = functions[graph[name][0]](*[values[x] for x in graph[name][1:]])
            values[first] -= 1
    return values
""",
        """
def forward(graph, order, leaves, functions):
    import math
    table = {"+": lambda x, y: x + y, "-": lambda x, y: x - y, "*": lambda x, y: x * y,
             "exp": np.exp, "sin": np.sin}
    values = dict(leaves)
    for name in order:
        if name not in values:
            values[name] = table[graph[name][0]](*[values[x] for x in graph[name][1:]])
    return values
""",
    ],
    "keep": [
        "keep = []",
        "keep = {}",
        """keep = {"+": ["x"], "*": ["x", "y"], "exp": ["z"], "square": ["x"], "relu": ["z"]}""",
        """keep = {"+": [], "*": ["y", "z"], "exp": ["z"], "square": ["x"], "relu": ["z"]}""",
        """keep = {"+": [], "*": ["x", "y"], "exp": ["z"], "square": ["x", "z"], "relu": ["z"]}""",
        """keep = {"+": [], "*": ["x", "y"], "exp": ["z"], "square": ["y"], "relu": ["z"]}""",
        """keep = {"+": [], "*": "xy", "exp": "z", "square": "x", "relu": "z"}""",
        """keep = {"+": [], "*": ["x", "y"], "exp": ["z"], "square": ["x"], "relu": []}""",
    ],
}
