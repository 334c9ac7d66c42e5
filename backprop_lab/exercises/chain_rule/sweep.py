"""Exercise `sweep`: all gradients in one pass backward through the order."""

from math import isclose

import numpy as np

from ..exercise import Exercise, Hint, Misconception
from ..judging import near
from ..probing import TOO_LONG, other
from ..random_graphs import random_order, random_slopes, shorten, shown_slopes, what_came

DIAMONDS = 40  # by paths that would take 2⁴⁰ steps


def sweep_cases(seed):
    rng = np.random.default_rng([seed, 24])
    uneven = {"a": ["input"], "b": ["f", "a"], "c": ["g", "b", "a"], "d": ["f", "b", "c"]}
    graphs = [
        {"x": ["input"], "z": ["f", "x"]},
        {"x": ["input"], "z": ["f", "x", "x"]},
        uneven,
        skipping(),
        *(all_needed(rng, size) for size in (5, 7, 9)),
        ladder(),
    ]
    cases = []
    for rows in graphs:
        local = random_slopes(rng, rows)
        order = list(rows) if rows is uneven else random_order(rng, rows)
        cases.append({"graph": mixed(rng, rows), "order": order, "local": local})
    twice = {"z": [float(rng.uniform(0.3, 1.9))] * 2}  # equal slopes, as in x · x
    cases.insert(2, {"graph": graphs[1], "order": ["x", "z"], "local": twice})
    return cases


def skipping():
    """A tensor that is one step from the result along one path and three along another."""
    return {
        "x": ["input"], "w": ["weight"], "s": ["f", "x", "w"], "t": ["g", "s"],
        "u": ["f", "t", "w"], "z": ["g", "u", "s"],
    }  # fmt: skip


def all_needed(rng, size):
    """`size` operators in which everything is read on the way to the last."""
    rows, unread = {"x": ["input"], "w": ["weight"]}, ["x", "w"]
    for i in range(size):
        first = unread.pop(int(rng.integers(len(unread))))
        inputs = [first, str(rng.choice(list(rows)))]
        unread = [name for name in unread if name not in inputs]
        rows[f"t{i + 1}"] = [str(rng.choice(["f", "g"])), *inputs]
        unread.append(f"t{i + 1}")
    rows["z"] = ["f", *unread, *unread[:1]]
    return rows


def ladder():
    rows = {"t0": ["input"]}
    for i in range(DIAMONDS):
        rows[f"u{i}"], rows[f"v{i}"] = ["f", f"t{i}"], ["g", f"t{i}"]
        rows[f"t{i + 1}"] = ["f", f"u{i}", f"v{i}"]
    return rows


def mixed(rng, rows):
    return {str(name): rows[name] for name in rng.permutation(list(rows))}


def judge_sweep(case, gradients):
    order, rows, local = case["order"], case["graph"], case["local"]
    if not isinstance(gradients, dict) or other(gradients):
        return [f"sweep has to return a dictionary of gradients; {what_came(gradients)}"]
    missing = [name for name in order if name not in gradients]
    if missing:
        return [f"No gradient is stored for {shorten(missing)}.\n{shown_slopes(case)}"]
    extra = [name for name in gradients if name not in rows]
    if extra:
        return [f"There are gradients for names that the graph does not have: {shorten(extra)}."]
    if not all(isinstance(gradients[name], (int, float)) for name in order):
        return ["Every gradient has to be a number."]
    if gradients[order[-1]] != 1:
        return [
            f"The gradient of the result {order[-1]} is {gradients[order[-1]]:.4g}. How far does "
            "it move per unit of itself?"
        ]
    spoken = {name: [] for name in rows}  # to whom which reader says how much
    for reader, slopes in local.items():
        for x, slope in zip(rows[reader][1:], slopes, strict=True):
            spoken[x].append((reader, slope))
    for name in reversed(order[:-1]):
        heard = sum(slope * gradients[reader] for reader, slope in spoken[name])
        if not isclose(gradients[name], heard, rel_tol=1e-7, abs_tol=1e-9):
            told = {reader: f"{reader} has {gradients[reader]:.4g}" for reader, _ in spoken[name]}
            return [
                f"The gradient of {name} is {gradients[name]:.4g}, which does not fit its readers: "
                f"{'; '.join(told.values())}.\n{shown_slopes(case)}"
            ]
    return []


LOOP = """
def sweep(graph, order, local):
    gradients = dict.fromkeys(order, 0.0)
    gradients[order[-1]] = 1.0
    for name in {names}:
        for x, slope in {edges}:
            {line}
    return gradients
"""
EDGES = "zip(graph[name][1:], local.get(name, []))"
BACK = "order[::-1]"


def wrong(line, names=BACK, edges=EDGES):
    return LOOP.format(line=line, names=names, edges=edges)


def recursion(sent):
    """An answer that tells on at once; it gives up where it would not come to an end."""
    return f"""
def sweep(graph, order, local):
    gradients, told = dict.fromkeys(order, 0.0), []
    def tell(name, message):
        told.append(name)
        if len(told) > 5000:
            raise TimeoutError("there are too many paths")
        gradients[name] += message
        for x, slope in {EDGES}:
            tell(x, {sent} * slope)
    tell(order[-1], 1.0)
    return gradients
"""


def small(cases, reports):
    """Cases and reports without the last, on which paths explode."""
    return list(zip(cases, reports, strict=True))[:-1]


def passed_on_again(case):
    """What is found if each message passes on all that has arrived so far."""
    gradients = dict.fromkeys(case["graph"], 0.0)

    def tell(name, message):
        gradients[name] += message
        for x, slope in zip(case["graph"][name][1:], case["local"].get(name, []), strict=True):
            tell(x, gradients[name] * slope)

    tell(case["order"][-1], 1.0)
    return {name: gradients[name] for name in case["order"]}


SWEEP = Exercise(
    id="sweep",
    title="Backward in one sweep",
    notebook=2,
    minutes=15,
    points=5,
    contract="""\
Write `sweep(graph, order, local)`.

- `order` is a topological order of `graph`, inputs before readers; its last name is the result.
  `local[z]` lists the local derivatives of `z`, one for each input, in their order; a leaf has no
  entry there.
- Return a dictionary with the gradient of the result by every tensor in `order`, itself included.
- Send one message along each edge: for a graph with 2⁴⁰ paths, nothing else comes to an end.""",
    cases=sweep_cases,
    judge=judge_sweep,
    misconceptions=(
        Misconception(
            "overwrites",
            wrong("gradients[x] = gradients[name] * slope"),
            "The last message to arrive erases the one before it. A tensor with two readers gets "
            "two messages, and its gradient is their sum.",
        ),
        Misconception(
            "goes_forward",
            wrong("gradients[x] += gradients[name] * slope", names="order"),
            "You go through the order from left to right, so tensors speak before anything has "
            "reached them. The result knows its gradient first; walk back from it.",
        ),
        Misconception(
            "no_seed",
            """
def sweep(graph, order, local):
    gradients = dict.fromkeys(order, 0.0)
    for name in order[::-1]:
        for x, slope in zip(graph[name][1:], local.get(name, [])):
            gradients[x] += gradients[name] * slope
    return gradients
""",
            "Everything is 0, because nobody said the first word. Before the walk begins, the "
            "result needs its own gradient: how far does it move per unit of itself?",
        ),
        Misconception(
            "forgets_the_local_derivative",
            wrong("gradients[x] += gradients[name]"),
            "What came from upstream is handed on as it is. On its way through an operator it is "
            "stretched by the local derivative.",
        ),
        Misconception(
            "forgets_upstream",
            wrong("gradients[x] += slope"),
            "You add up local derivatives, and what came from upstream is not in them. An operator "
            "passes on its own gradient, stretched by its local derivative.",
        ),
        Misconception(
            "loses_repeated_edges",
            wrong(
                "gradients[x] += gradients[name] * slope",
                edges="dict(zip(graph[name][1:], local.get(name, []))).items()",
            ),
            "Where an operator reads the same tensor twice, one of its two messages was lost. A "
            "dictionary or a set of inputs keeps each name only once.",
        ),
        Misconception(
            "looks_slopes_up_by_name",
            wrong(
                "gradients[x] += gradients[name] * slope",
                edges="[(x, local[name][graph[name][1:].index(x)]) for x in graph[name][1:]]",
            ),
            "`index` finds the first place of a name. Where an operator reads the same tensor "
            "twice, the second edge was given the first one's local derivative. Go through inputs "
            "and local derivatives side by side.",
        ),
        Misconception(
            "first_message_only",
            wrong("gradients[x] = gradients[x] or gradients[name] * slope"),
            "Only the first message to reach a tensor counts for you. Later ones bring their part "
            "as well.",
        ),
        Misconception(
            "multiplies_messages",
            wrong("gradients[x] = (gradients[x] or 1.0) * gradients[name] * slope"),
            "Messages that meet at a tensor were multiplied. They come from different roads, and "
            "add.",
        ),
        Misconception(
            "nearest_first",
            """
def sweep(graph, order, local):
    gradients = dict.fromkeys(order, 0.0)
    gradients[order[-1]] = 1.0
    queue = [order[-1]]
    for name in queue:
        for x, slope in zip(graph[name][1:], local.get(name, [])):
            gradients[x] += gradients[name] * slope
            if x not in queue:
                queue.append(x)
    return gradients
""",
            "You go outward from the result, nearest first. A tensor that is near along one road "
            "and far along another speaks too early, and what reaches it later goes no further. "
            "The order that you were given says when everyone has been heard.",
        ),
        Misconception(
            "as_soon_as_reached",
            """
def sweep(graph, order, local):
    gradients = dict.fromkeys(order, 0.0)
    gradients[order[-1]] = 1.0
    done = set()
    def speak(name):
        done.add(name)
        for x, slope in zip(graph[name][1:], local.get(name, [])):
            gradients[x] += gradients[name] * slope
            if x not in done:
                speak(x)
    speak(order[-1])
    return gradients
""",
            "A tensor speaks as soon as the first message reaches it. What arrives later is added "
            "to its gradient, and never passed on. Use the order: it makes everyone wait for all "
            "of their readers.",
        ),
        Misconception(
            "sends_again",
            recursion("gradients[name]"),
            "Each message that arrives sends on everything that has arrived so far, so the first "
            "part goes down twice. A tensor speaks once, when all of its readers have; the order "
            "says when that is.",
            lambda cases, reports: all(
                near(report["returned"], passed_on_again(case))
                for case, report in small(cases, reports)
            ),
        ),
        Misconception(
            "walks_every_path",
            recursion("message"),
            "Right on every small graph. But each message is passed on by itself, so every path is "
            "walked, and here there are 2⁴⁰ of them. Let the messages that meet at a tensor wait "
            "for each other, and send their sum.",
            lambda cases, reports: (
                reports[-1].get("raised", "").startswith((TOO_LONG, "TimeoutError"))
                and not any(judge_sweep(c, r["returned"]) for c, r in small(cases, reports))
            ),
        ),
    ),
    hints=(
        Hint(
            "I don't know how to begin",
            "Fill a dictionary with a zero for every name, and give the result its own gradient. "
            "Then walk back through the order. At each name, send one message along each edge to "
            "its inputs.",
        ),
        Hint(
            "Right on a chain, wrong at a fork",
            "Look at the line that stores a message. If a tensor has heard from one reader "
            "already, what has to happen with what it has?",
        ),
        Hint(
            "KeyError at a leaf",
            "A leaf has no entry in `local` and sends nothing. `local.get(name, [])` is an empty "
            "list for it.",
        ),
    ),
    why="One message along each edge, upstream times local, and nobody spoke before all of their "
    "readers had. That is the whole of backpropagation; the rest is bookkeeping.",
)
