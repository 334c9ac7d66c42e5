"""Exercise `visits`: how much work is it, by paths and by one sweep?"""

from ..diagnosis import as_numbers
from ..exercise import Exercise, Hint, Misconception
from ..random_graphs import what_came


def visits_cases(seed):
    return [{"n": n} for n in (1, 2, 3, 5 + seed % 4, 16, 40)]


def diamonds(n):
    """n diamonds in a row, as rows."""
    rows = {"t0": ["input"]}
    for i in range(n):
        rows[f"u{i}"], rows[f"v{i}"] = ["f", f"t{i}"], ["g", f"t{i}"]
        rows[f"t{i + 1}"] = ["*", f"u{i}", f"v{i}"]
    return rows


def counts(n):
    """Paths and edges, counted on the graph itself."""
    rows, paths = diamonds(n), {}
    for name, row in rows.items():
        paths[name] = sum(paths[x] for x in row[1:]) if row[1:] else 1
    return paths[f"t{n}"], sum(len(row) - 1 for row in rows.values())


def judge_visits(case, output):
    n = case["n"]
    numbers = as_numbers(output)
    if numbers is None or len(numbers) != 2:
        return [f"visits has to return two numbers, as a tuple; {what_came(output)}"]
    for what, mine, right in zip(("paths", "messages"), numbers, counts(n), strict=True):
        if mine != right:
            side = "large" if mine > right else "small"
            return [f"Number of {what} with n = {n}: {mine:,} is too {side}."]
    return []


def wrong(paths, messages):
    return f"def visits(n):\n    return {paths}, {messages}\n"


VISITS = Exercise(
    id="visits",
    title="Paths and messages",
    notebook=2,
    minutes=5,
    points=2,
    core=False,
    contract="""\
A diamond: `t` is read by two operators, and a third one reads both of their results. Put `n` of
them in a row, each starting where the last one ended.

Write `visits(n)`: return the tuple (number of paths from the first tensor to the last, number of
messages that one backward sweep sends).""",
    cases=visits_cases,
    judge=judge_visits,
    misconceptions=(
        Misconception(
            "two_for_each",
            wrong("2 * n", "4 * n"),
            "2n would be right if the roads ended at each join. But whoever comes out of the first "
            "diamond chooses again at the second: choices multiply.",
        ),
        Misconception(
            "n_squared",
            wrong("n**2", "4 * n"),
            "n² is right for two diamonds and for four, by chance. Draw three and count: each fork "
            "doubles what there was.",
        ),
        Misconception(
            "the_same_for_both",
            wrong("2**n", "2**n"),
            "The paths double, and the messages do not: the sweep sends one along each edge, "
            "however many paths run through it.",
        ),
        Misconception(
            "one_for_each_tensor",
            wrong("2**n", "3 * n"),
            "You count one message for each operator. A message goes along an edge, and the "
            "operator at the join reads two tensors.",
        ),
        Misconception(
            "one_for_each_node",
            wrong("2**n", "3 * n + 1"),
            "You count the nodes. Messages go along edges: how many edges has one diamond?",
        ),
    ),
    hints=(
        Hint("How many paths?", "One diamond: two. At its end the next fork offers two again."),
        Hint(
            "How many messages?",
            "One along each edge. Draw a diamond: two arrows leave the fork, and two reach the "
            "join.",
        ),
        Hint("Right for 2 and wrong for 3", "2 + 2, 2 × 2 and 2² are all 4. For three it shows."),
    ),
    why="Paths double with every diamond, messages grow by four. At 40 diamonds it is a million "
    "million paths against 160 messages.",
)
