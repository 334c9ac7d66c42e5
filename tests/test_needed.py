"""What of the page is run for an answer: all that it can rest on, and little else."""

import pytest

from backprop_lab.coursework.grading import plan
from backprop_lab.coursework.grading.needed import Page
from backprop_lab.exercises import NOTEBOOKS, exercises
from tests.answers import reference

PAGE = [
    "import numpy as np\nimport backprop_lab as bl\nrng = np.random.default_rng(0)",
    "np.random.seed(3)",
    "guess = ...",
    "def answer(x):\n    return ...",
    "rows = {'a': 1}\nbl.draw(rows)",
    "def noisy():\n    return rng.normal()",
    "class Value:\n    pass",
    "Value.__add__ = lambda x, y: noisy()",
    "for i in range(3):\n    noisy()",
    "alias = rows",
    "alias['b'] = 2",
    "bl.compare(guess, answer(3))",
    "count = 0\ndef step():\n    global count\n    count += 1",
    "step()",
]


def run_of(*theirs, page=PAGE):
    """The statements of the page that are run beside cells of a learner's."""
    needed = Page(PAGE, frozenset({"answer"})).needed(page, theirs)
    return [line for text in page for line in needed[text].split("\n") if line]


def test_nothing_that_an_answer_does_not_use_is_run():
    assert run_of("def answer(x):\n    rows = x\n    return rows", page=PAGE[4:]) == []
    assert run_of("guess = 3", page=PAGE[4:]) == []


@pytest.mark.parametrize(
    "theirs, runs",
    [
        ("def answer(x): return len(rows)", ["alias['b'] = 2", "bl.draw(rows)"]),
        ("class answer(Value): pass", ["Value.__add__ = lambda x, y: noisy()", "class Value:"]),
        ("answer = lambda x: rng.normal()", ["for i in range(3):", "import numpy as np"]),
        ("def answer(x):\n    def inner(): return rows\n    return inner", ["alias = rows"]),
        ("answer = [f'{rows}' for x in 'ab']", ["alias = rows"]),
        ("rows['c'] = 3", ["alias = rows"]),
        ("rows |= {}", ["alias = rows"]),
        ("class A:\n    rows = rows", ["alias = rows"]),
        ("def answer(x): return np.random.normal()", ["np.random.seed(3)"]),
        ("def answer(x): return count", ["step()", "count = 0"]),
    ],
)
def test_what_an_answer_uses_is_run_and_what_could_change_it(theirs, runs):
    assert {*runs} <= {*run_of(theirs)}


@pytest.mark.parametrize(
    "theirs",
    ["globals()['rows']", "%time rows", "from numpy import *", "eval('rows')", "def f(:",
     "import __main__", "from numpy import (\n*)", "f.__globals__", "x = 1\n!ls"],
)  # fmt: skip
def test_where_names_can_be_reached_in_hidden_ways_everything_is_run(theirs):
    assert run_of(theirs) == [line for text in PAGE for line in text.split("\n")]


@pytest.mark.parametrize("number", NOTEBOOKS)
def test_right_answers_need_little_of_their_page(number):
    """With the page's own set-up, and what it defines for them: no picture and no training."""
    answers = [reference(e) for e in exercises().values() if e.notebook == number]
    cells = [*plan.handed_out(number), *answers]
    made = plan.make(number, cells)
    ours = "\n".join(text for place, text in made.cells if place in made.ours)
    assert "draw(" not in ours and "figure(" not in ours and "compare(" not in ours
    assert len(ours) < 0.3 * sum(map(len, plan.handed_out(number)))
