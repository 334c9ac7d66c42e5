"""For notebook 1: answers that differ from the solution and are as good."""

RIGHT = {
    "rows": [
        """rows = {"b": ["input"], "1": ["constant"], "right": ["+", "1", "b"], "a": ["input"],
        "left": ["+", "b", "a"], "e": ["*", "right", "left"]}""",
        """rows = dict(e=("*", "c", "d"), c=("+", "a", "b"), d=("+", "b", "1"),
        a=("input",), b=("input",)) | {"1": ("constant",)}""",
    ],
    "kinds": [
        """kinds = dict.fromkeys(["z", "y", "loss"], "intermediate") | {"x": "input", "p": "input",
        "w": "weight", "bias": "weight", "2": "constant"}""",
        """
kinds = {}
for word, names in {"input": "xp", "weight": ["w", "bias"], "constant": "2"}.items():
    for name in names:
        kinds[name] = word
for name in ("z", "y", "loss"):
    kinds[name] = "intermediate"
""",
    ],
    "topo": [
        """
def topo(graph, root):
    order, down, waiting = [], set(), [root]
    while waiting:
        missing = [x for x in graph[waiting[-1]][1:] if x not in down]
        if missing:
            waiting.append(missing[0])
            continue
        name = waiting.pop()
        if name not in down:
            down.add(name)
            order.append(np.str_(name))
    return order
""",
        """
from graphlib import TopologicalSorter

def topo(graph, root):
    needed, queue = {root}, [root]
    for name in queue:
        for x in graph[name][1:]:
            if x not in needed:
                needed.add(x)
                queue.append(x)
    return list(TopologicalSorter({name: graph[name][1:] for name in needed}).static_order())
""",
        """
def topo(graph, root):
    # Count readers and go back from the root; then turn the list round.
    readers, waiting, seen = {root: 0}, [root], {root}
    while waiting:
        for x in graph[waiting.pop()][1:]:
            readers[x] = readers.get(x, 0) + 1
            if x not in seen:
                seen.add(x)
                waiting.append(x)
    ready, order = [root], []
    while ready:
        name = ready.pop()
        order.append(name)
        for x in graph[name][1:]:
            readers[x] -= 1
            if readers[x] == 0:
                ready.append(x)
    return tuple(reversed(order))
""",
        """
def topo(graph, root):
    order, todo = {}, [(root, False)]
    while todo:
        name, inputs_are_down = todo.pop()
        if name in order:
            continue
        if inputs_are_down:
            order[name] = True
        else:
            todo.append((name, True))
            todo.extend((x, False) for x in graph[name][1:] if x not in order)
    return order.keys()
""",
        """
import sys, threading

def topo(graph, root):
    # Recursion with as much room as it needs: unusual, and right.
    order, down = [], set()
    def visit(name):
        if name not in down:
            down.add(name)
            for x in graph[name][1:]:
                visit(x)
            order.append(name)
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(10**6)
    threading.stack_size(512 * 1024 * 1024)
    thread = threading.Thread(target=visit, args=(root,))
    thread.start()
    thread.join()
    sys.setrecursionlimit(before)
    threading.stack_size(0)
    return order
""",
    ],
    "is_valid_order": [
        """
def is_valid_order(graph, order):
    if sorted(order) != sorted(graph):
        return False
    place = {name: i for i, name in enumerate(order)}
    return all(place[x] < place[name] for name in graph for x in graph[name][1:])
""",
        """
def is_valid_order(graph, order):
    if len(order) != len(set(order)) or set(order) != set(graph):
        return np.bool_(False)
    for i, name in enumerate(order):
        if not set(graph[name][1:]) <= set(order[:i]):
            return np.bool_(False)
    return np.bool_(True)
""",
    ],
    "forward": [
        """
def forward(graph, order, leaves, functions):
    values = {}
    for name in order:
        row = graph[name]
        if row[0] in ("input", "weight", "constant"):
            values[name] = leaves[name]
        elif len(row) == 2:
            values[name] = functions[row[0]](values[row[1]])
        else:
            values[name] = functions[row[0]](values[row[1]], values[row[2]])
    return values
""",
        """
def forward(graph, order, leaves, functions):
    values = {name: value for name, value in leaves.items()}
    def run(name):
        made_by, inputs = graph[name][0], [values[x] for x in graph[name][1:]]
        return functions[made_by](*inputs)
    values.update((name, run(name)) for name in order if name not in leaves)
    return values
""",
    ],
    "keep": [
        """keep = {"+": (), "*": ("y", "x"), "exp": ("z",), "square": ("x",), "relu": ("z",)}""",
        """keep = dict(exp=["z"], relu=["z"], square=["x"]) | {"*": ["x", "y"], "+": []}""",
    ],
}
