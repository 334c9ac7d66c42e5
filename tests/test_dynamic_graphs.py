"""Notebook 7: what its page shows before the exercises is what their judges judge."""

import re
import subprocess
import sys

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from backprop_lab.coursework.build import NOTEBOOKS, SOLUTION, STUB  # noqa: E402
from backprop_lab.exercises import exercises  # noqa: E402
from backprop_lab.exercises.dynamic_graphs import branch_facts, repair  # noqa: E402
from backprop_lab.exercises.judging import assess  # noqa: E402
from tests.answers import define, reference  # noqa: E402

PAGE = (NOTEBOOKS / "source" / "07-dynamic-graphs.py").read_text(encoding="utf-8")


def on_the_page(name):
    """A function as a cell of the page defines it."""
    text = STUB.sub("", SOLUTION.sub("", PAGE))
    found = re.search(rf"^def {name}\(.*?(?=^\S)", text, re.M | re.S)
    namespace = {"torch": torch}
    exec(found[0], namespace)
    return namespace[name]


@pytest.mark.filterwarnings("ignore:Converting a tensor")  # torch.tensor is not quite silent
@pytest.mark.parametrize("name", repair.VALUES)
def test_a_broken_function_is_silent_has_the_right_loss_and_is_not_accepted(name):
    broken = on_the_page(name)
    for case in repair.repair_cases(0):
        x, w, b = (torch.tensor(case[key], requires_grad=key != "x") for key in "xwb")
        loss = broken(x, w, b)
        loss.backward()
        wanted = repair.VALUES[name](case["x"], case["w"], case["b"])
        assert np.isclose(loss.item(), wanted, rtol=1e-5)
    exercise = exercises()["repair"]
    mended = define(reference(exercise), exercise)
    verdict = assess(exercise, mended | {name: broken}, 0)
    assert np.isclose(verdict.share, 4 / 5)
    assert name in verdict.text
    assert verdict.misconception is not None


def test_the_forked_function_has_the_graph_and_gradients_that_are_judged():
    forked = on_the_page("forked")
    for case in branch_facts.branch_facts_cases(0):
        leaves = {name: torch.tensor(case[name], requires_grad=True) for name in "xwb"}
        result = forked(**leaves)
        result.backward()
        facts = {
            name: None if leaf.grad is None else leaf.grad.numpy() for name, leaf in leaves.items()
        }
        facts["operators"] = operators(result)
        assert branch_facts.judge_branch_facts(case, facts) == []


def operators(tensor):
    """The names of the operators in a chain, the first one first."""
    names, node = [], tensor.grad_fn
    while node is not None and not hasattr(node, "variable"):
        names.append(re.sub(r"Backward\d*$", "", type(node).__name__).lower())
        node = node.next_functions[0][0]
    return names[::-1]


def test_the_exercises_are_there_without_torch():
    code = (
        "import sys; sys.modules['torch'] = None\n"
        "from backprop_lab.exercises.judging import assess\n"
        "from backprop_lab.exercises import exercises\n"
        "for e in exercises().values():\n"
        "    if e.notebook == 7:\n"
        "        e.cases(0)\n"
        "print(len(exercises()))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_probe_loads_nothing_heavy_beside_torch():
    """backward() with a gradient makes torch load sympy, which takes seconds and much memory."""
    code = (
        "import sys, torch\n"
        "from backprop_lab.exercises import exercises\n"
        "from backprop_lab.exercises.judging import assess\n"
        "from tests.answers import define, reference\n"
        "before = 'sympy' in sys.modules\n"
        "for e in exercises().values():\n"
        "    if e.notebook == 7:\n"
        "        assert assess(e, define(reference(e), e), 0).status == 'right', e.id\n"
        "print(before, 'sympy' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    before, after = done.stdout.split()
    assert before == after
