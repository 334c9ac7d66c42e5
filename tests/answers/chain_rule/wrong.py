"""For notebook 2: mistakes that no misconception lists; they are refused all the same."""

LOOP = """
def sweep(graph, order, local):
    gradients = dict.fromkeys(order, 0.0)
    gradients[order[-1]] = 1.0
    for name in order[::-1]:
        for x, slope in zip(graph[name][1:], local.get(name, [])):
            {line}
    return gradients
"""
PATHS = """
def path_sum(graph, local, start, end):
    if start == end:
        return {base}
    return {total}
"""

WRONG = {
    "partials": [
        "def partials(op, x, y): return (1.0, 1.0)",
        "def partials(op, x, y): return 1.0",
        "def partials(op, x, y): return ()",
        "partials = {'+': (1.0, 1.0)}",
        "def partials(op, x, y): return (y, x) if op == '*' else (1.0, 1.0)",
        """
def partials(op, x, y):
    # the smaller one wins
    return {"+": (1, 1), "*": (y, x), "max": (x < (y or 0), x > (y or 0))}.get(
        op, (np.exp(x) if op == "exp" else 1 / x,))
""",
        """
def partials(op, x, y):
    # forgets the tuple where there is one input
    if op == "exp":
        return np.exp(x)
    if op == "log":
        return 1 / x
    return {"+": (1, 1), "*": (y, x), "max": (float(x > y), float(y > x))}[op]
""",
        """
def partials(op, x, y):
    # log to the base of ten
    if op in ("exp", "log"):
        return (np.exp(x) if op == "exp" else 1 / (x * np.log(10)),)
    return {"+": (1, 1), "*": (y, x), "max": (float(x > y), float(y > x))}[op]
""",
        """
def partials(op, x, y):
    # the positive one wins
    if op in ("exp", "log"):
        return (np.exp(x) if op == "exp" else 1 / x,)
    return {"+": (1, 1), "*": (y, x), "max": (float(x > 0), float(x < 0))}[op]
""",
        """
def partials(op, x, y):
    # exp of what it takes for a positive number
    if op in ("exp", "log"):
        return (np.exp(abs(x)) if op == "exp" else 1 / x,)
    return {"+": (1, 1), "*": (y, x), "max": (float(x > y), float(y > x))}[op]
""",
        """
def partials(op, x, y):
    # max shares the nudge
    if op in ("exp", "log"):
        return (np.exp(x) if op == "exp" else 1 / x,)
    return {"+": (1, 1), "*": (y, x), "max": (0.5, 0.5)}[op]
""",
    ],
    "two_roads": [
        "def two_roads(x, y): return 1.859, 7.437",
        "def two_roads(x, y): return x * y, x * y",
        "def two_roads(x, y): return y / (x * y) + y * np.exp(x * y)",
        "def two_roads(x, y): return 1 / x + y * np.exp(x * y), 1 / x + y * np.exp(x * y)",
        "def two_roads(x, y): return 1 / x - y * np.exp(x * y), 1 / y - x * np.exp(x * y)",
        "def two_roads(x, y): return 1 / y + x * np.exp(x * y), 1 / x + y * np.exp(x * y)",
        "def two_roads(x, y): return np.log(x * y) + np.exp(x * y), 0.0",
        "def two_roads(x, y): return 0.5 / x + y * np.exp(x * y), 1 / y + x * np.exp(x * y)",
    ],
    "path_sum": [
        PATHS.format(base="1.0", total="float(len(graph[end][1:]))"),
        PATHS.format(base="1.0", total="sum(local.get(end, []))"),
        PATHS.format(
            base="0.0",
            total="sum(d * path_sum(graph, local, start, x) "
            "for x, d in zip(graph[end][1:], local.get(end, [])))",
        ),
        PATHS.format(
            base="1.0",
            total="sum(d * path_sum(graph, local, start, x) "
            "for x, d in zip(graph[end][1:], local.get(end, [])[::-1]))",
        ),
        PATHS.format(
            base="1.0",
            total="sum(abs(d) * path_sum(graph, local, start, x) "
            "for x, d in zip(graph[end][1:], local.get(end, [])))",
        ),
        PATHS.format(
            base="1.0",
            total="max([d * path_sum(graph, local, start, x) "
            "for x, d in zip(graph[end][1:], local.get(end, []))], default=0.0)",
        ),
        PATHS.format(
            base="1.0",
            total="sum(d * path_sum(graph, local, start, x) "
            "for x, d in set(zip(graph[end][1:], local.get(end, []))))",
        ),
        """
memo = {}
def path_sum(graph, local, start, end):
    # remembers from one graph to the next
    if start == end:
        return 1.0
    if end not in memo:
        edges = zip(graph[end][1:], local.get(end, []))
        memo[end] = sum(d * path_sum(graph, local, start, x) for x, d in edges)
    return memo[end]
""",
        """
def path_sum(graph, local, start, end):
    # counts equal products once
    def products(name):
        if name == start:
            return {1.0}
        edges = zip(graph[name][1:], local.get(name, []))
        return {d * p for x, d in edges for p in products(x)}
    return sum(products(end))
""",
        """
def path_sum(graph, local, start, end):
    # takes what start is near to only
    return sum(d for x, d in zip(graph[end][1:], local.get(end, [])) if x == start)
""",
        "def path_sum(graph, local, start, end): return None",
        "path_sum = 0.0",
    ],
    "sweep": [
        LOOP.format(line="gradients[x] -= gradients[name] * slope"),
        LOOP.format(line="gradients[x] += gradients[name] + slope"),
        LOOP.format(line="gradients[x] = max(gradients[x], gradients[name] * slope)"),
        LOOP.format(line="gradients[x] += gradients[name] * slope / len(graph[name][1:])"),
        LOOP.format(line="gradients[x] += abs(gradients[name] * slope)"),
        LOOP.format(line="gradients[x] += gradients[name] * local[name][0]"),
        LOOP.format(line="gradients[x] += gradients[name] * slope; gradients[name] = 0.0"),
        """
def sweep(graph, order, local):
    # re-sends what has arrived, message by message; cut short where it would not end
    gradients, left = dict.fromkeys(order, 0.0), [5000]
    def tell(name, message):
        left[0] -= 1
        gradients[name] += message
        if left[0] > 0:
            for x, slope in zip(graph[name][1:], local.get(name, [])):
                tell(x, gradients[name] * slope)
    tell(order[-1], 1.0)
    return gradients
""",
        LOOP.replace(
            "zip(graph[name][1:], local.get(name, []))",
            "set(zip(graph[name][1:], local.get(name, [])))",
        ).format(line="gradients[x] += gradients[name] * slope"),
        """
def sweep(graph, order, local):
    # uses the order up
    gradients = dict.fromkeys(order, 0.0)
    gradients[order[-1]] = 1.0
    while order:
        name = order.pop()
        for x, slope in zip(graph[name][1:], local.get(name, [])):
            gradients[x] += gradients[name] * slope
    return gradients
""",
        """
def sweep(graph, order, local):
    # leaves only
    gradients = dict.fromkeys(order, 0.0)
    gradients[order[-1]] = 1.0
    for name in order[::-1]:
        for x, slope in zip(graph[name][1:], local.get(name, [])):
            gradients[x] += gradients[name] * slope
    return {name: gradients[name] for name in order if len(graph[name]) == 1}
""",
        """
def sweep(graph, order, local):
    # trusts the rows to stand in a valid order
    names = [name for name in graph if name in order]
    gradients = dict.fromkeys(names, 0.0)
    gradients[order[-1]] = 1.0
    for name in names[::-1]:
        for x, slope in zip(graph[name][1:], local.get(name, [])):
            gradients[x] += gradients[name] * slope
    return gradients
""",
        "def sweep(graph, order, local): return dict.fromkeys(order, 1.0)",
        "def sweep(graph, order, local): return list(order)",
        "sweep = None",
    ],
    "visits": [
        "def visits(n): return 2**n",
        "def visits(n): return 2**n, 8 * n",
        "def visits(n): return 2**n - 1, 4 * n",
        "def visits(n): return 4 * n, 2**n",
        "def visits(n): return 65536, 64",
        "def visits(n): return 2.0, 4.0",
        "def visits(n): return '2**n', '4n'",
    ],
    "slope": [
        "def slope(f, x, nudge): return f(x) / x",
        "def slope(f, x, nudge): return (f(x) - f(x - nudge)) / nudge",
        "def slope(f, x, nudge): return (f(x + nudge) - f(x - nudge)) / 2",
        "def slope(f, x, nudge): return (f(x + 2 * nudge) - f(x - 2 * nudge)) / (4 * nudge)",
        "def slope(f, x, nudge): return f((x + nudge) - (x - nudge)) / (2 * nudge)",
        "def slope(f, x, nudge): return abs((f(x + nudge) - f(x - nudge)) / (2 * nudge))",
        "def slope(f, x, nudge): return None",
        "slope = 3",
    ],
}
