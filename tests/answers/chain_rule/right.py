"""For notebook 2: answers that differ from the solution and are as good."""

RIGHT = {
    "partials": [
        """
def partials(op, x, y):
    rules = {
        "+": lambda: [1, 1],
        "*": lambda: [y, x],
        "max": lambda: [1, 0] if x > y else [0, 1],
        "exp": lambda: [np.exp(x)],
        "log": lambda: [x**-1],
    }
    return rules[op]()
""",
        """
import math

def partials(op, x, y):
    first = 1.0 if y is None or x >= y else 0.0
    if op == "max":
        return first, 1.0 - first
    if op == "exp":
        return np.array([math.exp(x)])
    if op == "log":
        return np.array([1.0 / x])
    return (1.0, 1.0) if op == "+" else (y, x)
""",
    ],
    "two_roads": [
        """
def two_roads(x, y):
    return 1 / x + y * np.exp(x * y), 1 / y + x * np.exp(x * y)
""",
        """
def two_roads(x, y):
    z = x * y
    roads = np.array([1 / z, np.exp(z)])
    return [float((roads * y).sum()), float((roads * x).sum())]
""",
    ],
    "path_sum": [
        """
def path_sum(graph, local, start, end):
    # forward: how far each tensor moves per unit of start
    moves = {start: 1.0}
    def move(name):
        if name not in moves:
            slopes = local.get(name, [])
            moves[name] = sum(d * move(x) for x, d in zip(graph[name][1:], slopes))
        return moves[name]
    return move(end)
""",
        """
def path_sum(graph, local, start, end):
    total, paths = 0.0, [(end, 1.0)]
    while paths:
        name, product = paths.pop()
        if name == start:
            total += product
            continue
        for i, x in enumerate(graph[name][1:]):
            paths.append((x, product * local[name][i]))
    return total
""",
    ],
    "sweep": [
        """
def sweep(graph, order, local):
    gradients = {order[-1]: 1.0}
    for name in order[::-1]:
        for i, x in enumerate(graph[name][1:]):
            gradients[x] = gradients.get(x, 0.0) + gradients[name] * local[name][i]
    return gradients
""",
        """
def sweep(graph, order, local):
    # by readers: each tensor collects what its readers say
    gradients = {}
    for name in reversed(order):
        gradients[name] = 1.0 if name == order[-1] else 0.0
        for reader in list(gradients):
            for x, d in zip(graph[reader][1:], local.get(reader, ())):
                if x == name:
                    gradients[name] += d * gradients[reader]
    return gradients
""",
        """
def sweep(graph, order, local):
    # waits by counting, and takes any tensor that has heard from everyone
    waiting = {name: 0 for name in order}
    for name in order:
        for x in graph[name][1:]:
            waiting[x] += 1
    gradients = {name: 0.0 for name in order}
    gradients[order[-1]] = 1.0
    ready = [order[-1]]
    while ready:
        name = ready.pop()
        for x, d in zip(graph[name][1:], local.get(name, [])):
            gradients[x] += d * gradients[name]
            waiting[x] -= 1
            if waiting[x] == 0:
                ready.append(x)
    return gradients
""",
    ],
    "visits": [
        "def visits(n): return [1 << n, n * 4]",
        """
def visits(n):
    paths, messages = 1, 0
    for _ in range(n):
        paths, messages = paths + paths, messages + 4
    return paths, messages
""",
    ],
    "slope": [
        """
def slope(f, x, nudge):
    rise = f(x + nudge) - f(x - nudge)
    run = (x + nudge) - (x - nudge)
    return rise / run
""",
        """
def slope(f, x, nudge):
    right = (f(x + nudge) - f(x)) / nudge
    left = (f(x) - f(x - nudge)) / nudge
    return (left + right) / 2
""",
    ],
}
