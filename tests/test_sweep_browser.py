"""The sweeps in the page: the JavaScript of sweep.js against the engine, in a real browser."""

import json
import os
import shutil
from collections import Counter
from functools import cache
from itertools import product
from pathlib import Path

import numpy as np
import pytest

import backprop_lab as bl
from backprop_lab import Graph, ops, widgets
from backprop_lab.widgets.wrong_sweeps import wrong_sweeps
from tests.graphs_to_draw import TENSORS, leaf
from tests.scalar_graphs import OPERATORS, Recipe, cancels, growing
from tests.test_wrong_sweeps import differing

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
CODE = Path(widgets.__file__).with_name("sweep.js")
GRAPHS = 200
RECIPES = growing(60)
SPECIAL = [float(x) for x in ("nan", "inf", "-inf", "0", "1", "-1", "0.5", "2", "-3", "40", "-800")]

if CHROMIUM is None and not os.environ.get("CI"):
    pytest.skip("no Chromium here: install one to run the browser tests", allow_module_level=True)


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    assert CHROMIUM, "continuous integration has to install Chromium"
    from playwright.sync_api import sync_playwright

    path = tmp_path_factory.mktemp("page") / "sweep.html"
    path.write_text(f"<!doctype html><meta charset=utf-8><script>{CODE.read_text()}</script>")
    arguments = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        page = chromium.new_page()
        page.goto(path.as_uri())
        yield page
        chromium.close()


def call(page, function, *arguments):
    """What a function of sweep.js returns; everything travels as JSON, as in a notebook."""
    return call_each(page, function, [arguments])[0]


def call_each(page, function, calls):
    """The same for many calls of one function, at the price of one visit to the page."""
    code = f"text => JSON.stringify(JSON.parse(text).map(given => {function}(...given)))"
    return json.loads(page.evaluate(code, json.dumps(calls, allow_nan=False)))


def record(output, gradient=1.0):
    with np.errstate(all="ignore"):
        return Graph.from_tensor(output, gradient=gradient).to_dict()


def numbers(x, path=""):
    """Every number of a record, and every text that stands for one, as (where, number)."""
    for key, value in x.items() if isinstance(x, dict) else enumerate(x):
        if isinstance(value, (dict, list)):
            yield from numbers(value, f"{path}/{key}")
        elif type(value) in (int, float) or value in ("nan", "inf", "-inf"):
            yield f"{path}/{key}", float(value)


def skeleton(x):
    """A record without its numbers."""
    if isinstance(x, dict):
        return {key: skeleton(value) for key, value in x.items()}
    if isinstance(x, list):
        return [skeleton(value) for value in x]
    return None if type(x) in (int, float) or x in ("nan", "inf", "-inf") else x


def error(found, expected):
    """The largest relative difference between two records that should be one."""
    assert skeleton(found) == skeleton(expected)
    places, a = zip(*numbers(found), strict=True)
    others, b = zip(*numbers(expected), strict=True)
    assert places == others
    a, b = np.array(a), np.array(b)
    finite = np.isfinite(a) & np.isfinite(b)
    np.testing.assert_array_equal(a[~finite], b[~finite])
    a, b = a[finite], b[finite]
    return max(abs(a - b) / np.maximum(np.maximum(abs(a), abs(b)), 1e-300), default=0.0)


@cache
def cases():
    """200 times: a record, {leaf: its new number}, and the engine's record at these numbers."""
    rng, made = np.random.default_rng(0), []
    while len(made) < GRAPHS:
        count = int(rng.integers(1, 5))
        old, new = rng.choice([-1, 1], (2, count)) * rng.uniform(0.2, 3, (2, count))
        constants = np.flatnonzero(rng.random(count) < 0.2)
        new[constants] = old[constants]  # what is made of them alone is not recorded
        recipe = Recipe(rng, int(rng.integers(1, 30)), [old, new])
        if not recipe.run(old, constants).requires_grad:
            continue
        seed = float(rng.choice([1.0, -2.5]))
        graph, expected = (
            Graph.from_tensor(recipe.run(row, constants), gradient=seed) for row in (old, new)
        )
        if not cancels(expected):
            values = {n["id"]: new[int(n["name"][1:])] for n in graph.nodes if n["name"]}
            made.append((recipe, graph.to_dict(), values, expected.to_dict()))
    return made


def test_the_random_graphs_are_what_they_should_be():
    used = Counter((arity, name) for recipe, *_ in cases() for arity, name, _ in recipe.steps)
    for arity, named in OPERATORS.items():
        assert not {name for name in named if used[arity, name] < 10}
    graphs = [graph for _, graph, *_ in cases()]
    reads = [max(Counter(edge["from"] for edge in graph["edges"]).values()) for graph in graphs]
    assert sum(n > 1 for n in reads) > GRAPHS / 2
    assert any(edge["local"] is None for graph in graphs for edge in graph["edges"])


def test_a_rerun_in_the_page_equals_the_engine_on_random_graphs(page):
    graphs = [graph for _, graph, *_ in cases()]
    assert all(call_each(page, "canRerun", [[graph] for graph in graphs]))
    found = call_each(page, "rerun", [[graph, values] for _, graph, values, _ in cases()])
    for (*_, expected), rerun in zip(cases(), found, strict=True):
        assert error(rerun, expected) < 1e-12
    assert call_each(page, "rerun", [[graph, {}] for graph in found]) == found


def special_cases():
    """Every operator at numbers where rules are easily wrong: kinks, ties, NaN, the infinities."""
    for arity, named in OPERATORS.items():
        yield from product(named.values(), product(SPECIAL, repeat=arity))


def test_a_rerun_equals_the_engine_at_kinks_ties_and_beyond_the_floats(page):
    calls, expected = [], []
    for apply, new in special_cases():
        old = (0.3, 0.4)[: len(new)]
        with np.errstate(all="ignore"):
            graph, at_new = (
                record(apply(*[leaf(x, f"x{i}") for i, x in enumerate(row)]), 3.0)
                for row in (old, new)
            )
        values = {n["id"]: n["value"]["data"][0] for n in at_new["nodes"] if n["name"]}
        calls.append([graph, values])
        expected.append(at_new)
    found = call_each(page, "rerun", calls)
    for (apply, new), a, b in zip(special_cases(), found, expected, strict=True):
        assert error(a, b) < 1e-12, (apply, new)


class Times(bl.Op):
    """An operator of a learner's own, which bears the sign of another and has a rule of its own."""

    symbol = "×"
    factor = 1

    def forward(ctx, x, y):
        ctx.save_for_backward(x, y)
        return x * y

    def vjp(ctx, z_bar):
        x, y = ctx.saved_tensors
        return z_bar * y * Times.factor, z_bar * x


def test_only_graphs_that_the_page_can_compute_are_rerun(page, monkeypatch):
    def can(output):
        return call(page, "canRerun", record(output))

    x, y = leaf(2.0, "x"), leaf(3.0, "y")
    assert can(x * y.exp())
    assert can(x)
    assert not can((leaf([1.0, 2.0], "v") * x).sum())
    assert not can(leaf([2.0], "v").exp().sum())
    assert not can(ops.clip(x, 0, 1))
    assert not can(ops.where(True, x, y))
    assert not can(leaf(np.float32(2.0), "h") * leaf(np.float32(3.0), "w"))
    assert not call(
        page, "canRerun", Graph.from_rows({"a": ["input"], "b": ["exp", "a"]}).to_dict()
    )
    assert can(Times.apply(x, y))
    monkeypatch.setattr(Times, "factor", 2)
    assert not can(Times.apply(x, y)), "its rule is not that of the table"
    for name in ("constructor", "toString", "__proto__"):
        monkeypatch.setattr(Times, "symbol", name)
        assert not can(Times.apply(x, y))


def test_a_rerun_leaves_the_given_record_as_it_is(page):
    graph = record(leaf(2.0, "x") * 3.0)
    assert page.evaluate("graph => { rerun(graph, {n0: 5}); return graph; }", graph) == graph


def test_wrong_sweeps_replayed_in_the_page_are_those_of_the_engine(page):
    """Replayed on the old record, and on one with new numbers: the order is all that is needed."""
    replays, expected = [], []
    for recipe, old, new in RECIPES:
        for row in (old, new):
            output, other = recipe.run(row), recipe.run(old)
            graph, structure = Graph.from_tensor(output, 1.0), Graph.from_tensor(other, 1.0)
            for right, order in zip(
                wrong_sweeps(output, graph), wrong_sweeps(other, structure), strict=True
            ):
                replays.append([graph.to_dict(), order["events"]])
                expected.append(right["events"])
    for found, events in zip(call_each(page, "replay", replays), expected, strict=True):
        assert error(found, events) < 1e-12


def test_the_page_names_the_same_tensors_as_wrong(page):
    outputs = [recipe.run(numbers) for recipe, numbers, _ in RECIPES]
    outputs += [TENSORS[name]() for name in TENSORS]
    large = leaf(np.linspace(0, 1, 100), "large")  # recorded as statistics
    outputs.append((large * large).sum())
    named = 0
    for output in outputs:
        graph = Graph.from_tensor(output, gradient=1.0)
        for wrong in wrong_sweeps(output, graph):
            found = call(page, "compareFinals", graph.to_dict(), wrong["events"])
            assert set(found) == differing(graph, wrong["events"])
            sweep = Graph(graph.nodes, graph.edges, wrong["events"]).gradients()
            for key, pair in found.items():
                assert pair == {"found": sweep[key], "right": graph.gradients()[key]}
            named += len(found)
    assert named > 100


def test_a_tensor_that_only_one_sweep_reached_is_named_and_rounding_is_not(page):
    x, y = leaf(0.1, "x"), leaf(0.2, "y")
    graph = record(x * 3.0 + y)
    *most, last = graph["events"]
    found = call(page, "compareFinals", graph, most)
    (key,) = found
    assert found[key] == {"found": None, "right": last["total"]}
    last["total"] = {**last["total"], "data": [last["total"]["data"][0] * (1 + 1e-15)]}
    assert call(page, "compareFinals", graph, [*most, last]) == {}
    last["total"] = {**last["total"], "data": [last["total"]["data"][0] * (1 + 1e-11)]}
    assert set(call(page, "compareFinals", record(x * 3.0 + y), [*most, last])) == {key}
    last["total"] = {**last["total"], "data": ["nan"]}
    assert set(call(page, "compareFinals", record(x * 3.0 + y), [*most, last])) == {key}
    assert call(page, "compareFinals", graph, graph["events"]) == {}, "nan is what it is"
