"""Practice without end: small random graphs to work through by hand.

A problem is made from a topic, a difficulty and a seed, and nothing else: the same three give the
same problem on every machine, so a course can hand each learner a variant and mark it later.
"""

import hashlib
from html import escape

import numpy as np

from ..graph import SYMBOLS, Graph
from ..pictures import draw
from .feedback import feedback
from .guess import Comparison
from .practice_picture import fill_in
from .slips import SLIPS, entries, forward, right

LEVELS = {1: 2, 2: 3, 3: 4, 4: 5, 5: 6}  # how many operators
OPERATORS = {1: "+*", 2: "+*-", 3: "+*-", 4: "+*-s", 5: "+*-sm"}
IN_FULL = {"s": "square", "m": "max"}
ARITY = {"square": 1}
LARGEST = 400  # numbers that are still pleasant by hand


def practice(topic="chain-rule", difficulty=2, seed=None, learner=None):
    """A small graph to work through by hand: values, local derivatives, gradients.

    Arguments: topic ("chain-rule"), difficulty (1 to 5), seed (an int; if left out, a fresh one),
    learner (a name or number in place of a seed: everyone gets a variant of their own).
    Returns a Problem. Raises ValueError for a topic or difficulty that there is none of.

    >>> problem = practice(difficulty=1, seed=3)
    >>> problem.check(problem.form)
    Nothing is filled in yet.
    """
    if topic != "chain-rule":
        raise ValueError(f'There is practice on "chain-rule", and none on {topic!r} yet.')
    if difficulty not in LEVELS:
        raise ValueError(f"The difficulty is a number from 1 to 5; {difficulty!r} is none of them.")
    if learner is not None:
        digest = hashlib.sha256(f"{topic}/{difficulty}/{learner}".encode()).digest()
        seed = int.from_bytes(digest[:4], "big")
    elif seed is None:
        seed = int(np.random.default_rng().integers(2**31))
    return Problem(difficulty, int(seed))


class Problem:
    """A graph with numbers at its leaves, and blanks everywhere else.

    Attributes: rows (the graph, as in notebook 1), leaves (their values), seed, difficulty, form
    (the dictionary to fill in: values, local derivatives by each input, gradients of the result).
    """

    def __init__(self, difficulty, seed):
        self.difficulty, self.seed = difficulty, seed
        rng = np.random.default_rng([seed, difficulty, 31])
        self.rows, self.leaves = next(filter(is_telling, tries(rng, difficulty)))

    @property
    def form(self):
        operators = [name for name in self.rows if name not in self.leaves]
        return {
            "values": dict.fromkeys(operators, ...),
            "local": {name: [...] * (len(self.rows[name]) - 1) for name in operators},
            "gradients": dict.fromkeys(self.rows, ...),
        }

    def check(self, answer):
        """What is right and wrong in a filled-in form; a slip that explains it gets its name."""
        return Comparison(feedback(self, answer))

    def next(self):
        """A fresh problem of the same difficulty."""
        return Problem(self.difficulty, self.seed + 1)

    def __repr__(self):
        return "\n".join([self.instructions(), *self.formulas(), f"answer = {self.text_of_form()}"])

    def _repr_html_(self):
        lines = {name: written(name, row) for name, row in self.rows.items() if len(row) > 1}
        listed = "".join(f"<li><code>{escape(line)}</code></li>" for line in lines.values())
        picture = draw(Graph.from_rows(self.rows))
        picture.html = (
            f"<p>{escape(self.instructions())}</p>{picture.html}<ul>{listed}</ul><p>Copy this into "
            "a cell, fill it in, and run <code>problem.check(answer)</code>:</p>"
            f"<pre>answer = {escape(self.text_of_form())}</pre>"
        )
        return fill_in(self, lines, picture).html

    def instructions(self):
        given = ", ".join(f"{name} = {value:g}" for name, value in self.leaves.items())
        return (
            f"Work through this graph by hand, with {given}. Every value, every local derivative, "
            f"and the gradient of {list(self.rows)[-1]} by every tensor."
        )

    def formulas(self):
        return [written(name, row) for name, row in self.rows.items() if len(row) > 1]

    def text_of_form(self):
        parts = [f'    "{part}": {entries},' for part, entries in self.form.items()]
        return "\n".join(["{", *parts, "}"]).replace("Ellipsis", "...").replace("'", '"')


def written(name, row):
    """A row as a formula.

    >>> written("c", ["*", "a", "b"]), written("d", ["max", "a", "c"])
    ('c = a × b', 'd = max(a, c)')
    """
    symbol, *inputs = row
    if symbol == "square":
        return f"{name} = {inputs[0]}²"
    if symbol == "max":
        return f"{name} = max({', '.join(inputs)})"
    return f"{name} = {inputs[0]} {SYMBOLS.get(symbol, symbol)} {inputs[1]}"


def tries(rng, difficulty):
    """Random graphs of one difficulty, one after the other: (rows, leaves)."""
    while True:
        names = iter("abcdefghij")
        leaves = {next(names): 0.0 for _ in range(2 if difficulty < 5 else 3)}
        rows = {name: ["input"] for name in leaves}
        for _ in range(LEVELS[difficulty]):
            letter = str(rng.choice(list(OPERATORS[difficulty])))
            symbol = IN_FULL.get(letter, letter)
            inputs = [str(x) for x in rng.choice(list(rows)[-4:], ARITY.get(symbol, 2))]
            rows[next(names)] = [symbol, *inputs]
        for name in leaves:
            leaves[name] = float(rng.choice([-4, -3, -2, 2, 3, 4, 5]))
        yield rows, leaves


def is_telling(problem):
    """Whether a graph is worth anyone's time: used to the last leaf, pleasant, and unambiguous."""
    rows, leaves = problem
    read = [x for row in rows.values() for x in row[1:]]
    if set(rows) - set(read) != {list(rows)[-1]}:
        return False
    if any(
        len(set(row[1:])) == 1 < len(row) - 1 and row[0] in ("-", "max") for row in rows.values()
    ):
        return False  # x − x is 0, and max(x, x) is x
    if max(map(read.count, rows)) < 2:
        return False  # without a fork there is nothing to add up
    values = forward(rows, leaves)
    if any(row[0] == "max" and values[row[1]] == values[row[2]] for row in rows.values()):
        return False  # a kink, where more than one answer is right
    local, gradients = right(rows, values)
    numbers = [*values.values(), *gradients.values()]
    if not all(0 < abs(x) <= LARGEST for x in numbers):
        return False
    found = [entries(values, local, gradients)]
    for slip in SLIPS:
        wrong = entries(values, *slip.rule(rows, values))
        if wrong != found[0]:  # else this graph gives no occasion for it
            found.append(wrong)
    return len(found) > 4 and all(x != y for i, x in enumerate(found) for y in found[:i])
