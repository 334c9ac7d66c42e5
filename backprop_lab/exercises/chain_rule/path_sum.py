"""Exercise `path_sum`: multiply along every path, add over all of them."""

import numpy as np

from ..diagnosis import close, diagnose
from ..exercise import Exercise, Hint, Misconception
from ..random_graphs import random_slopes, shown_slopes, what_came


def path_sum_cases(seed):
    rng = np.random.default_rng([seed, 23])
    cases = []
    for rows, start, end in (
        ({"x": ["input"], "z": ["f", "x"]}, "x", "z"),
        ({"x": ["input"], "z": ["f", "x", "x"]}, "x", "z"),
        ({"a": ["input"], "b": ["f", "a"], "c": ["g", "b", "a"], "d": ["f", "b", "c"]}, "a", "d"),
        ({"a": ["input"], "k": ["weight"], "b": ["f", "a"], "z": ["g", "b", "b"]}, "k", "b"),
        ({"a": ["input"], "b": ["f", "a"], "c": ["g", "b", "a"]}, "c", "c"),
    ):
        local = random_slopes(rng, rows)
        cases.append({"graph": rows, "local": local, "start": start, "end": end})
    twice = {"x": ["input"], "z": ["f", "x", "x"]}  # with equal slopes, as in x · x
    local = {"z": [float(rng.uniform(0.3, 1.9))] * 2}
    cases.insert(2, {"graph": twice, "local": local, "start": "x", "end": "z"})
    for size in (4, 6, 8):
        rows = random_rows_of(rng, size)
        leaf = next(name for name, row in rows.items() if name in rows[list(rows)[2]][1:])
        local = random_slopes(rng, rows)
        cases.append({"graph": rows, "local": local, "start": leaf, "end": list(rows)[-1]})
    return cases


def random_rows_of(rng, size):
    """`size` operators above two leaves; each reads the newest tensor and an older one."""
    rows = {"x": ["input"], "w": ["weight"]}
    names = list(rows)
    for i in range(size):
        older = str(rng.choice(names))
        inputs = [names[-1], older] if rng.random() < 0.8 else [names[-1]]
        rows[f"t{i + 1}"] = [str(rng.choice(["f", "g"])), *inputs]
        names.append(f"t{i + 1}")
    return rows


def wanted(case):
    """The sum over all paths, from linear algebra: I + A + A² + … = (I − A)⁻¹."""
    names = list(case["graph"])
    place = {name: i for i, name in enumerate(names)}
    steps = np.zeros((len(names), len(names)))
    for name, slopes in case["local"].items():
        for x, slope in zip(case["graph"][name][1:], slopes, strict=True):
            steps[place[name], place[x]] += slope
    unit = np.eye(len(names))[place[case["start"]]]
    return np.linalg.solve(np.eye(len(names)) - steps, unit)[place[case["end"]]]


def judge_path_sum(case, output):
    if not isinstance(output, (int, float)):
        return [f"path_sum has to return a number; {what_came(output)}"]
    right = wanted(case)
    if close(output, right):
        return []
    return [
        f"From {case['start']} to {case['end']} you found {output:.4g}. "
        f"{diagnose(output, right)}\n{shown_slopes(case)}"
    ]


PATH_SUM = Exercise(
    id="path_sum",
    title="Add over all paths",
    notebook=2,
    minutes=14,
    points=4,
    contract="""\
Write `path_sum(graph, local, start, end)`.

- `graph` is a dictionary of rows; `local[z]` lists the local derivatives of `z`, one for each of
  its inputs, in their order. A leaf has no entry there.
- Return the sum over all paths from `start` to `end` of the product of the local derivatives along
  it: 0 if there is no path, and 1 if `start` is `end`.
- The graphs are small: a function that calls itself will do.""",
    cases=path_sum_cases,
    judge=judge_path_sum,
    misconceptions=(
        Misconception(
            "multiplies_paths",
            """
def path_sum(graph, local, start, end):
    def products(name):
        if name == start:
            return [1.0]
        inputs = zip(graph[name][1:], local.get(name, []))
        return [d * p for x, d in inputs for p in products(x)]
    found = products(end)
    return float(np.prod(found)) if found else 0.0
""",
            "The products of the paths were multiplied with each other. They belong to nudges that "
            "arrive side by side: add them.",
        ),
        Misconception(
            "adds_along_paths",
            """
def path_sum(graph, local, start, end):
    def sums(name):
        if name == start:
            return [0.0]
        return [d + p for x, d in zip(graph[name][1:], local.get(name, [])) for p in sums(x)]
    return 1.0 if start == end else float(sum(sums(end)))
""",
            "Along a path you added the local derivatives. Each step stretches what the step "
            "before it let through, so they multiply.",
        ),
        Misconception(
            "loses_repeated_edges",
            """
def path_sum(graph, local, start, end):
    if start == end:
        return 1.0
    inputs = dict(zip(graph[end][1:], local.get(end, [])))
    return sum(d * path_sum(graph, local, start, x) for x, d in inputs.items())
""",
            "Where an operator reads the same tensor twice, one of the two edges was lost. In "
            "`x * x` both are paths of their own. A dictionary or a set of inputs keeps each name "
            "only once.",
        ),
        Misconception(
            "looks_slopes_up_by_name",
            """
def path_sum(graph, local, start, end):
    if start == end:
        return 1.0
    inputs = graph[end][1:]
    return sum(
        local[end][inputs.index(x)] * path_sum(graph, local, start, x) for x in inputs
    )
""",
            "`index` finds the first place of a name. Where an operator reads the same tensor "
            "twice, the second edge was given the first one's local derivative. Go through inputs "
            "and local derivatives side by side.",
        ),
        Misconception(
            "nothing_at_the_start",
            """
def path_sum(graph, local, start, end):
    if start == end:
        return 0.0
    inputs = zip(graph[end][1:], local.get(end, []))
    return sum((d * path_sum(graph, local, start, x) for x, d in inputs), 0.0)
""",
            "Everything is 0. A path that has arrived at its start multiplies nothing more, and "
            "what is a product that leaves all others as they are? The contract's last case says "
            "it.",
        ),
        Misconception(
            "one_path_only",
            """
def path_sum(graph, local, start, end):
    if start == end:
        return 1.0
    for x, d in zip(graph[end][1:], local.get(end, [])):
        found = path_sum(graph, local, start, x)
        if found:
            return d * found
    return 0.0
""",
            "You stopped at the first path that arrives. Every other one brings a nudge as well.",
        ),
        Misconception(
            "each_tensor_once",
            """
def path_sum(graph, local, start, end):
    seen = set()
    def visit(name):
        if name == start:
            return 1.0
        if name in seen:
            return 0.0
        seen.add(name)
        return sum(d * visit(x) for x, d in zip(graph[name][1:], local.get(name, [])))
    return visit(end)
""",
            "You go through each tensor once only. Different paths may share a tensor, and each of "
            "them counts: a path is a list of edges, not of tensors.",
        ),
        Misconception(
            "counts_the_paths",
            """
def path_sum(graph, local, start, end):
    if start == end:
        return 1.0
    return float(sum(path_sum(graph, local, start, x) for x in graph[end][1:]))
""",
            "This is how many paths there are. Each one counts as the product of its local "
            "derivatives.",
        ),
        Misconception(
            "averages_the_paths",
            """
def path_sum(graph, local, start, end):
    def products(name):
        if name == start:
            return [1.0]
        inputs = zip(graph[name][1:], local.get(name, []))
        return [d * p for x, d in inputs for p in products(x)]
    found = products(end)
    return sum(found) / len(found) if found else 0.0
""",
            "You took the mean over the paths. A nudge that reaches the result by three roads "
            "moves it three times, so the contributions add.",
        ),
    ),
    hints=(
        Hint(
            "I don't know how to find the paths",
            "Look at the last edge of a path. It enters `end` from one of its inputs; what comes "
            "before it is a path from `start` to that input: the same question, one step shorter.",
        ),
        Hint(
            "KeyError",
            "A leaf has no inputs, and no entry in `local`. Its row has a single entry, so the "
            "list of inputs, everything after the first entry, is empty: sum over nothing.",
        ),
        Hint(
            "x · x gives half of what it should",
            "Go through inputs and local derivatives side by side (`zip`), and count an input "
            "that stands there twice two times.",
        ),
    ),
    why="Every edge was asked for its factor, every path counted once, repeated operands twice. "
    "Keep this function: it is slow, and right, and a sweep can be held against it.",
)
