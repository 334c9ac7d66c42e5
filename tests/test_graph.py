"""The Graph record: its schema, its events, and the rows that learners write."""

import json
import re
from pathlib import Path

import jsonschema
import numpy as np
import pytest

import backprop_lab as bl
from backprop_lab import Graph, ops
from backprop_lab import graph as graph_module

SCHEMA = json.loads(Path(graph_module.__file__).with_name("graph.schema.json").read_text())


class Cube(bl.Op):
    """An operator as a learner writes one: no symbol, no second derivative."""

    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x**3

    def vjp(ctx, z_bar):
        (x,) = ctx.saved_tensors
        return 3 * x**2 * z_bar


def leaf(data, name=None):
    return bl.tensor(data, requires_grad=True, name=name)


def diamond():
    a = leaf(3.0, "a")
    b = a**2
    return b * (b + a)


def without_gradient_inside():
    x = leaf([1.0, 2.0], "x")
    with bl.no_grad():
        scale = x * 2
    return (x * scale).sum()


def layer():
    rng = np.random.default_rng(0)
    X, W, b = (
        bl.tensor(rng.normal(size=(5, 3))),
        bl.parameter(rng.normal(size=(3, 4))),
        leaf([0.0] * 4),
    )
    return ((X @ W + b).relu() ** 2).mean()


def deep():
    x = leaf(0.3, "x")
    for _ in range(200):
        x = x.sin() + x
    return x


EXPRESSIONS = {
    "square": lambda: (lambda x: x * x)(leaf(3.0, "x")),
    "diamond": diamond,
    "layer": layer,
    "deep": deep,
    "not a number": lambda: leaf(float("nan")) * leaf(float("inf")),
    "empty": lambda: (leaf(np.zeros((0, 3))) * 2.0).sum(),
    "large": lambda: (leaf(np.ones((20, 20))) * leaf(np.full((20, 20), np.inf))).sum(),
    "leaf": lambda: bl.parameter([1.0, 2.0], name="w"),
    "number": lambda: leaf(1.0),
    "no gradient inside": without_gradient_inside,
    "own op": lambda: Cube.apply(leaf(2.0, "x")) + 1,
    "subtract itself": lambda: (lambda x: x - x)(leaf(3.0)),
    "whole numbers": lambda: leaf([1.0, 2.0]).sum() * bl.tensor(np.array(2)),
    "float32": lambda: (leaf(np.ones(3, np.float32)) * 2).sum(),
}


@pytest.fixture(params=EXPRESSIONS, name="output")
def output_of_each(request):
    with np.errstate(invalid="ignore"):
        return EXPRESSIONS[request.param]()


def record(output, gradient=1.0):
    with np.errstate(invalid="ignore"):
        return Graph.from_tensor(output, gradient=gradient)


def array(value):
    """A recorded value as an array again: NaN and the infinities are strings in the record."""
    return np.array([float(x) for x in value["data"]]).reshape(value["shape"])


def vjp_events(graph):
    return [event for event in graph.events if event["event"] == "vjp"]


@pytest.mark.parametrize("gradient", [None, 1.0])
def test_every_record_satisfies_the_schema_and_is_json(output, gradient):
    data = record(output, gradient).to_dict()
    jsonschema.validate(data, SCHEMA)
    assert json.loads(json.dumps(data, allow_nan=False)) == data


def test_nodes_stand_in_forward_order_and_edges_join_them(output):
    graph = record(output)
    place = {node["id"]: i for i, node in enumerate(graph.nodes)}
    assert len(place) == len(graph.nodes)
    assert all(place[edge["from"]] < place[edge["to"]] for edge in graph.edges)
    assert len({edge["id"] for edge in graph.edges}) == len(graph.edges)


def test_forward_runs_every_operator_once_inputs_first(output):
    graph = record(output)
    forward = [event["node"] for event in graph.events if event["event"] == "forward"]
    assert forward == [node["id"] for node in graph.nodes if node["op"]]


def test_every_edge_that_passes_a_gradient_speaks_once_and_no_other(output):
    graph = record(output)
    passing = {edge["id"] for edge in graph.edges if edge["local"]}
    spoken = [event["edge"] for event in vjp_events(graph)]
    assert len(spoken) == len(set(spoken))
    assert set(spoken) == passing


def test_displayed_sums_add_up_exactly(output):
    graph, totals = record(output), {}
    sources = {edge["id"]: edge["from"] for edge in graph.edges}
    for event in vjp_events(graph):
        if "data" not in event["total"]:
            continue
        source, contribution = sources[event["edge"]], array(event["contribution"])
        before = totals.get(source)
        total = contribution if before is None else before + contribution
        np.testing.assert_array_equal(array(event["total"]), total)
        totals[source] = total


def test_awaited_counts_down_to_zero_before_a_node_speaks(output):
    graph = record(output)
    source_of = {edge["id"]: edge["from"] for edge in graph.edges}
    reader_of = {edge["id"]: edge["to"] for edge in graph.edges}
    awaited = {}
    for event in vjp_events(graph):
        assert awaited.get(reader_of[event["edge"]], 0) == 0, "it spoke before it had heard all"
        source = source_of[event["edge"]]
        assert event["awaited"] == awaited.get(source, event["awaited"] + 1) - 1
        awaited[source] = event["awaited"]
    assert set(awaited.values()) <= {0}


def test_totals_of_the_leaves_are_what_backward_leaves_in_grad():
    a, b = leaf(3.0, "a"), leaf([1.0, -2.0], "b")
    output = ((a * b + a) ** 2 * a).sum()
    graph = record(output)
    assert a.grad is None, "making a record touches no .grad"
    output.backward()
    names = {node["name"]: node["id"] for node in graph.nodes}
    for x in (a, b):
        np.testing.assert_array_equal(array(graph.gradients()[names[x.name]]), x.grad)


TORCH = {
    "product of sums": lambda a, b, f: (a + b) * (b + 1),
    "branches": lambda a, b, f: (a * b + f.sin(a)) * (a * b),
    "powers": lambda a, b, f: a**3 / b - f.exp(-a) * f.log(b),
    "squashed": lambda a, b, f: f.tanh(a * b) + f.sigmoid(b - a) * f.relu(a),
}


@pytest.mark.parametrize("name", TORCH)
def test_values_and_gradients_are_those_of_pytorch(name):
    torch = pytest.importorskip("torch")
    expression = TORCH[name]
    ours = expression(leaf(1.2, "a"), leaf(0.7, "b"), ops)
    graph = record(ours)
    a, b = (torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in (1.2, 0.7))
    theirs = expression(a, b, torch)
    theirs.backward()
    nodes = {node["name"] or node["kind"]: node for node in graph.nodes}
    np.testing.assert_allclose(array(nodes["output"]["value"]), theirs.item(), rtol=1e-12)
    for name, x in (("a", a), ("b", b)):
        found = array(graph.gradients()[nodes[name]["id"]])
        np.testing.assert_allclose(found, x.grad.item(), rtol=1e-12)


def test_a_name_of_its_own_comes_before_one_that_is_lent():
    x, y = leaf(1.0, "x"), leaf(2.0)
    graph = Graph.from_tensor(x * y, names={id(x): "lent", id(y): "y"})
    assert [node["name"] for node in graph.nodes] == ["x", "y", None]


def test_kinds_tell_leaves_operators_and_the_output_apart():
    w, x = bl.parameter(2.0, name="w"), bl.tensor(3.0, name="x")
    graph = Graph.from_tensor((w * x + 1).tanh())
    kinds = [(node["name"] or node["label"], node["kind"]) for node in graph.nodes]
    assert kinds == [
        ("w", "weight"), ("x", "input"), ("×", "op"), ("1", "constant"), ("+", "op"),
        ("tanh", "output"),
    ]  # fmt: skip


def test_what_an_operator_keeps_is_named_by_where_it_came_from():
    a, b = leaf(2.0), leaf(3.0)
    saved = {n["label"]: n["saved"] for n in Graph.from_tensor(((a + b) * b).exp()).nodes}
    assert saved["+"] == []
    assert saved["×"] == ["input 0", "input 1"]
    assert saved["exp"] == ["output"]


def test_large_arrays_are_summarised_and_small_ones_are_whole():
    graph = record((leaf(np.arange(100.0)) * 1.0).sum() + leaf(np.arange(3.0)).sum())
    values = {tuple(node["shape"]): node["value"] for node in graph.nodes if not node["op"]}
    assert values[100,]["statistics"] == {
        "min": 0,
        "max": 99,
        "mean": 49.5,
        "std": np.std(range(100)),
    }
    assert values[3,]["data"] == [0, 1, 2]


def test_numbers_keep_every_digit():
    graph = record(leaf(0.1) * leaf(0.2))
    assert graph.nodes[-1]["value"]["data"] == [0.1 * 0.2]


ROWS = {
    "shared": {"a": ["input"], "b": ["weight"], "c": ["*", "a", "b"], "d": ["-", "c", "a"]},
    "twice": {"x": ["input"], "y": ["*", "x", "x"]},
    "any order": {"d": ["*", "b", "a"], "b": ["exp", "a"], "a": ["input"], "1": ["constant"]},
    "signs": {"x": ["input"], "y": ["/", "x", "x"], "z": ["sigmoid", "y"], "w": ["-", "z"]},
    "two results": {"x": ["input"], "y": ["sin", "x"], "z": ["my op", "x"]},
}


@pytest.mark.parametrize("name", ROWS)
def test_rows_come_back_as_they_were_written(name):
    graph = Graph.from_rows(ROWS[name])
    jsonschema.validate(graph.to_dict(), SCHEMA)
    assert graph.rows() == ROWS[name]
    assert Graph.from_rows(graph.rows()).rows() == graph.rows()


def test_the_rows_of_a_tensor_make_the_same_graph_again(output):
    rows = record(output).rows()
    assert Graph.from_rows(rows).rows() == rows


def test_an_output_is_what_nobody_reads():
    kinds = [node["kind"] for node in Graph.from_rows(ROWS["two results"]).nodes]
    assert kinds == ["input", "output", "output"]


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ({}, "no rows"),
        ([("a", ["input"])], "dictionary"),
        ({1: ["input"]}, "in quotes"),
        ({"a": "input"}, "'a' must be a list"),
        ({"a": []}, "'a' must be a list"),
        ({"a": ["input"], "b": ["*", "a", 2]}, "'b' must be a list"),
        ({"a": ["input", "b"], "b": ["input"]}, "'a' is a leaf"),
        ({"a": ["+"]}, "'a' says '+' and names nothing"),
        ({"a": ["exp", "b"]}, "'a' reads 'b', but no row makes"),
        ({"a": ["exp", "a"]}, "wait for each other"),
        ({"a": ["exp", "b"], "b": ["exp", "a"]}, "wait for each other"),
    ],
)
def test_rows_that_do_not_fit_are_refused_by_name(rows, said):
    with pytest.raises(ValueError, match=re.escape(said)):
        Graph.from_rows(rows)
