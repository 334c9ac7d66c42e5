"""Notebook 3: its exercises are tried with what the page defines, and its engine is right."""

import ast
import inspect
import re

import numpy as np
import pytest

import backprop_lab as bl
from backprop_lab.coursework.build import SOLUTION, STUB, sources
from backprop_lab.exercises.build_an_engine import pieces

PAGE = next(path for path in sources() if path.name.startswith("03")).read_text(encoding="utf-8")
SOLVED = SOLUTION.sub(r"\2", STUB.sub("", PAGE))
CELLS = [cell.partition("\n")[2] for cell in re.split(r"^# %%", SOLVED, flags=re.M)]


def definitions(text):
    """{name: what defines it, without comments and docstrings} of a piece of code."""
    found = {}
    for node in ast.parse(text).body:
        if isinstance(node, (ast.ClassDef, ast.FunctionDef)):
            if ast.get_docstring(node):
                node.body = node.body[1:]
            found[node.name] = ast.unparse(node)
    return found


@pytest.mark.parametrize("name", ["Node", "Value", "Add", "Multiply", "order_of"])
def test_the_page_defines_what_the_exercises_are_given(name):
    on_page = {n: text for cell in CELLS if not cell.startswith("#")
               for n, text in definitions(cell).items()}  # fmt: skip
    assert on_page[name] == definitions(inspect.getsource(pieces))[name]


def defines(statement):
    """Is it a class, a function, or a method given to Value (Value.__mul__ = …)?"""
    return isinstance(statement, (ast.ClassDef, ast.FunctionDef)) or (
        isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Attribute)
        and ast.unparse(statement.targets[0].value) == "Value"
    )  # fmt: skip


@pytest.fixture(scope="module")
def engine():
    """The engine of a learner who has solved everything: every definition of the page."""
    namespace = {"np": np, "bl": bl}
    for cell in CELLS:
        if not cell.startswith("#"):
            kept = [statement for statement in ast.parse(cell).body if defines(statement)]
            exec(ast.unparse(ast.Module(kept, [])), namespace)
    return namespace


def random_expression(rng, leaves, combine):
    """Sums and products of earlier results, with forks and repeated operands."""
    values = list(leaves)
    for _ in range(8):
        i, j = rng.integers(len(values), size=2)
        values.append(combine(str(rng.choice(["+", "*"])), values[i], values[j]))
    return values[-1]


def test_its_gradients_are_those_of_the_lab_and_of_pytorch(engine):
    torch = pytest.importorskip("torch")
    for seed in range(30):
        start = np.random.default_rng(seed).uniform(-1.5, 1.5, 3)
        found = []
        for leaf in (
            engine["Value"],
            lambda x: bl.tensor(x, requires_grad=True),
            lambda x: torch.tensor(x, dtype=torch.float64, requires_grad=True),
        ):
            leaves = [leaf(float(x)) for x in start]
            rng = np.random.default_rng([seed, 1])
            output = random_expression(rng, leaves, lambda op, x, y: x + y if op == "+" else x * y)
            engine["backward"](output) if leaf is engine["Value"] else output.backward()
            found.append([0.0 if x.grad is None else float(x.grad) for x in leaves])
        np.testing.assert_allclose(found[0], found[1], rtol=1e-12)
        np.testing.assert_allclose(found[0], found[2], rtol=1e-12)


@pytest.mark.parametrize("name", ["backward", "again", "lean"])
def test_a_chain_of_20000_operators_is_no_problem(engine, name):
    x = y = engine["Value"](1.0)
    one = engine["Value"](1.0)
    for _ in range(20_000):
        y = y * one
    engine[name](y)
    assert x.grad == 1.0
    while y.node:  # taken apart step by step: freeing a long chain at once would go as deep
        y, y.node = y.node.inputs[0], None


def test_called_twice_it_adds_up_in_the_leaves(engine):
    x = engine["Value"](2.0)
    y = x * x * x
    engine["again"](y)
    engine["again"](y)
    assert x.grad == 24.0


def test_the_fit_finds_the_least_squares_parabola(engine):
    Value = engine["Value"]
    times, points = [-1.0, -0.5, 0.0, 0.5, 1.0], [1.2, 0.4, 0.1, 0.6, 1.9]
    weights = [Value(0.0) for _ in range(3)]

    def loss_of():
        total = Value(0.0)
        for t, y in zip(times, points, strict=True):
            off = weights[0] + weights[1] * Value(t) + weights[2] * Value(t * t) + Value(-y)
            total = total + off * off
        return total

    engine["descend"](loss_of, weights, rate=0.05, steps=300)
    found = [w.data for w in weights]
    np.testing.assert_allclose(found, np.polyfit(times, points, 2)[::-1], atol=5e-4)
