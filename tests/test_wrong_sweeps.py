"""The classic wrong sweeps, against programs that make the same mistakes in the plainest way."""

import json
from pathlib import Path

import jsonschema
import numpy as np
import pytest

import backprop_lab as bl
from backprop_lab import Graph
from backprop_lab import graph as graph_module
from backprop_lab.engine import topological_order
from backprop_lab.widgets.wrong_sweeps import MOST, wrong_sweeps
from tests.graphs_to_draw import HOSTILE, TENSORS, leaf
from tests.scalar_graphs import growing

SCHEMA = json.loads(Path(graph_module.__file__).with_name("graph.schema.json").read_text())
RECIPES = growing(60)


class Naive:
    """The wrong programs over a record of scalars, as dictionaries and calls that call themselves.

    g holds the gradients by node id.
    """

    def __init__(self, graph):
        self.g = {}
        self.order = [node["id"] for node in graph.nodes]
        self.leaves = {node["id"] for node in graph.nodes if node["op"] is None}
        self.inputs = {
            key: [(e["from"], e["local"]["value"]["data"][0]) for e in edges if e["local"]]
            for key, edges in graph.inputs().items()
        }
        (seed,) = [event for event in graph.events if event["event"] == "seed"]
        self.root, self.seed = seed["node"], seed["gradient"]["data"][0]
        self.g[self.root] = self.seed

    def speak(self, node):
        for x, slope in self.inputs[node]:
            self.g[x] = self.g.get(x, 0.0) + self.g[node] * slope

    def sources(self, node):
        return dict.fromkeys(x for x, _ in self.inputs[node])

    def right(self):
        for node in reversed(self.order):
            if node in self.g:
                self.speak(node)

    def overwrite(self):
        for node in reversed(self.order):
            for x, slope in self.inputs[node]:
                self.g[x] = self.g[node] * slope

    def depth_first(self, node=None, visited=()):
        node, visited = node or self.root, visited or set()
        visited.add(node)
        self.speak(node)
        for x in self.sources(node):
            if x not in visited:
                self.depth_first(x, visited)

    def breadth_first(self):
        layer, visited = [self.root], {self.root}
        while layer:
            reached = []
            for node in layer:
                self.speak(node)
                new = [x for x in self.sources(node) if x not in visited]
                reached += new
                visited.update(new)
            layer = reached

    def recursion(self, node=None):
        node = node or self.root
        self.speak(node)
        for x in self.sources(node):
            self.recursion(x)

    def zero_leaves(self):
        self.right()
        for x in self.leaves & self.g.keys():
            self.g[x] = 0.0
        self.g[self.root] = self.seed
        self.right()


def all_of(output, gradient=1.0, names=None):
    """The record of a tensor, and its wrong sweeps by id."""
    graph = Graph.from_tensor(output, gradient=gradient, names=names)
    return graph, {wrong["id"]: wrong for wrong in wrong_sweeps(output, graph, gradient)}


def finals(graph, events):
    """{node id: its gradient in the end, as an array}, or what sums a large one up."""
    found = Graph(graph.nodes, graph.edges, events).gradients()
    entries = {k: value.get("data") or value["statistics"].values() for k, value in found.items()}
    return {key: np.array([float(x) for x in numbers]) for key, numbers in entries.items()}


def final(graph, events, name):
    (key,) = [node["id"] for node in graph.nodes if node["name"] == name]
    return finals(graph, events)[key].tolist()


def differing(graph, events):
    """The ids of tensors whose gradient comes out otherwise than in the right sweep."""
    found, right = finals(graph, events), finals(graph, graph.events)
    return {
        key
        for key in found | right
        if key not in found or key not in right or not np.allclose(found[key], right[key], 1e-9, 0)
    }


def close(found, expected):
    assert found.keys() == expected.keys()
    for key in found:
        np.testing.assert_allclose(found[key], expected[key], rtol=1e-10)


@pytest.mark.parametrize("number", range(len(RECIPES)))
def test_each_wrong_sweep_is_that_of_the_plain_program_with_the_same_mistake(number):
    recipe, numbers, _ = RECIPES[number]
    graph, wrong = all_of(recipe.run(numbers), -2.0)
    for key, made in wrong.items():
        naive = Naive(graph)
        getattr(naive, key.replace("-", "_"))()
        assert not made["cut"]
        close(finals(graph, made["events"]), naive.g)
    naive = Naive(graph)
    naive.right()
    close(finals(graph, graph.events), naive.g)


def test_the_random_graphs_show_every_mistake_and_hide_every_mistake():
    shown = {}
    for recipe, numbers, _ in RECIPES:
        graph, wrong = all_of(recipe.run(numbers))
        for key, made in wrong.items():
            shown.setdefault(key, []).append(bool(differing(graph, made["events"])))
    counts = {key: sum(found) for key, found in shown.items()}
    assert all(3 <= count < len(RECIPES) for count in counts.values()), counts


# What `why` says where the graph does not show the mistake.
HIDDEN = ("Nothing here is read twice", "No operator's result", "Each node happened", "No tensor")


@pytest.mark.parametrize("number", range(len(RECIPES)))
def test_why_says_whether_the_numbers_turn_wrong(number):
    recipe, numbers, _ = RECIPES[number]
    graph, wrong = all_of(recipe.run(numbers))
    for made in wrong.values():
        hidden = made["why"].startswith(HIDDEN)
        assert hidden == (not differing(graph, made["events"])), made["why"]


def uneven_diamond(flipped=False):
    a = leaf(3.0, "a")
    b = a**2
    b.name = "b"
    c = b + a
    c.name = "c"
    d = c * b if flipped else b * c
    d.name = "d"
    return d


def recursive():
    a, b = leaf(2.0, "a"), leaf(3.0, "b")
    c, d = a + b, a * b
    e, f = c + d, c * d
    return f + e


def cubed():
    x = leaf(2.0, "x")
    return x * x * x


KNOWN = [  # the output, the mistake, {a leaf: its gradient}; worked out by hand
    (uneven_diamond(), None, {"a": 135}),
    (uneven_diamond(), "overwrite", {"a": 54}),
    (uneven_diamond(), "depth-first", {"a": 81}),
    (uneven_diamond(), "breadth-first", {"a": 81}),
    (uneven_diamond(flipped=True), "depth-first", {"a": 135}),
    (uneven_diamond(), "recursion", {"a": 207}),
    (uneven_diamond(flipped=True), "recursion", {"a": 261}),
    (recursive(), None, {"a": 25, "b": 19}),
    (recursive(), "recursion", {"a": 46, "b": 35}),
    (cubed(), None, {"x": 12}),
    (cubed(), "zero-leaves", {"x": 20}),
]


@pytest.mark.parametrize(("output", "mistake", "expected"), KNOWN)
def test_numbers_that_are_known(output, mistake, expected):
    graph, wrong = all_of(output)
    events = wrong[mistake]["events"] if mistake else graph.events
    for name, gradient in expected.items():
        assert final(graph, events, name) == [gradient]


def test_why_names_the_first_moment_on_this_graph():
    _, wrong = all_of(uneven_diamond())
    early = (
        "b passed its gradient on when it had heard from 1 of 2 readers; what came later was added "
        "to b and went no further."
    )
    assert wrong["depth-first"]["why"] == wrong["breadth-first"]["why"] == early
    assert wrong["overwrite"]["why"].startswith(
        "b held a message from d when the next came, from c"
    )
    assert wrong["recursion"]["why"].startswith("b was asked a second time")
    assert "b still held its gradient" in wrong["zero-leaves"]["why"]
    _, wrong = all_of(uneven_diamond(flipped=True))
    assert wrong["depth-first"]["why"].startswith("Each node happened to be reached here")
    x = leaf(3.0, "x")
    y = x * x
    _, wrong = all_of(y, names={id(y): "y"})
    assert wrong["overwrite"]["why"].startswith(
        "x held a message from y when the next came, from y as well"
    )
    assert wrong["zero-leaves"]["why"].startswith("No tensor stands between")
    _, wrong = all_of(cubed())
    for key in ("depth-first", "breadth-first", "recursion"):
        assert wrong[key]["why"].startswith("No operator's result has two readers here")


@pytest.mark.parametrize("name", TENSORS)
def test_events_are_those_of_a_record_and_plain_data(name):
    graph, wrong = all_of(TENSORS[name]())
    for made in wrong.values():
        assert set(made) == {"id", "title", "why", "events", "cut"}
        assert json.loads(json.dumps(made, allow_nan=False)) == made
        events = [
            {key: x for key, x in event.items() if key != "overwrites"} for event in made["events"]
        ]
        jsonschema.validate(graph.to_dict() | {"events": events}, SCHEMA)
        forward = [event for event in events if event["event"] == "forward"]
        assert forward == [event for event in graph.events if event["event"] == "forward"]
        assert events[len(forward)] == graph.events[len(forward)], "the seed"
        assert sum("overwrites" in e for e in made["events"]) == overwritten(graph, made["events"])


def overwritten(graph, events):
    """How many totals are not what was there before plus what came."""
    sources, held, count = {edge["id"]: edge["from"] for edge in graph.edges}, {}, 0
    for event in events:
        if event["event"] == "vjp":
            key = sources[event["edge"]]
            came, total = np.array(event["contribution"]["data"]), np.array(event["total"]["data"])
            if key in held and not np.array_equal(total, held[key] + came):
                np.testing.assert_array_equal(total, came)
                count += 1
            held[key] = total
    return count


@pytest.mark.parametrize("name", TENSORS)
def test_awaited_counts_those_not_heard_from_since_the_last_seed(name):
    graph, wrong = all_of(TENSORS[name]())
    sources = {edge["id"]: edge["from"] for edge in graph.edges if edge["local"]}
    for key, made in wrong.items():
        assert sum(e["event"] == "seed" for e in made["events"]) == 1 + (key == "zero-leaves")
        for event in made["events"]:
            if event["event"] == "seed":
                unheard = set(sources)
            elif event["event"] == "vjp":
                unheard.discard(event["edge"])
                source = sources[event["edge"]]
                assert event["awaited"] == sum(sources[edge] == source for edge in unheard)


def residual_network():
    rng = np.random.default_rng(2)
    X, W = bl.tensor(rng.normal(size=(5, 3))), bl.parameter(rng.normal(size=(3, 3)), name="W")
    b = bl.parameter(rng.normal(size=3), name="b")
    h = X @ W + b
    h = h + (h @ W + b).relu()
    return ((h + (h @ W).tanh()) ** 2).mean()


def pull(node, z_bar):
    """(tensor, cotangent) for each input of a node, summed to its shape where it was stretched."""
    x_bars = node.op.vjp(node, z_bar)
    x_bars = x_bars if isinstance(x_bars, tuple) else (x_bars,)
    for x, x_bar in zip(node.inputs, x_bars, strict=True):
        if x.requires_grad:
            while np.ndim(x_bar) > x.ndim:
                x_bar = x_bar.sum(axis=0)
            yield x, x_bar


def test_tensors_are_swept_wrongly_too():
    output = residual_network()
    graph, wrong = all_of(output)

    def overwriting():
        held = {output.grad_fn: np.array(1.0)}
        for node in reversed(topological_order(output)):
            held.update((x.grad_fn or x, x_bar) for x, x_bar in pull(node, held[node]))
        return held

    def asked(node, held, visited, again):
        visited.add(node)
        for x, x_bar in pull(node, held[node]):
            held[x.grad_fn or x] = held.get(x.grad_fn or x, 0) + x_bar
        for source in dict.fromkeys(x.grad_fn for x, _ in pull(node, held[node])):
            if source and (again or source not in visited):
                asked(source, held, visited, again)
        return held

    expected = {
        "overwrite": overwriting(),
        "depth-first": asked(output.grad_fn, {output.grad_fn: np.array(1.0)}, set(), False),
        "recursion": asked(output.grad_fn, {output.grad_fn: np.array(1.0)}, set(), True),
    }
    output.backward()
    for x in {x for node in topological_order(output) for x in node.inputs if x.kind == "weight"}:
        assert final(graph, graph.events, x.name) == pytest.approx(x.grad.ravel().tolist())
        for key, held in expected.items():
            found = final(graph, wrong[key]["events"], x.name)
            assert found == pytest.approx(held[x].ravel().tolist())
            assert not np.allclose(found, x.grad.ravel())


def test_a_recursion_that_explodes_is_cut_off_and_says_so():
    x = leaf(0.5, "x")
    for _ in range(1200):  # deeper than Python's own recursion goes, and 2¹²⁰⁰ messages
        x = x * x.sin()
    _, wrong = all_of(x)
    assert [key for key, made in wrong.items() if made["cut"]] == ["recursion"]
    sent = [event for event in wrong["recursion"]["events"] if event["event"] == "vjp"]
    assert MOST <= len(sent) <= MOST + 6 * 1200
    assert wrong["recursion"]["why"].endswith(
        f"Cut off after {len(sent):,} messages; one right sweep needs 3,600."
    )


def test_nothing_is_changed_by_looking():
    output = residual_network()
    output.backward()
    tensors = {x for node in topological_order(output) for x in node.inputs}
    before = {x: (x.data.copy(), None if x.grad is None else x.grad.copy()) for x in tensors}
    grads = {x: x.grad for x in tensors}
    first, second = all_of(output), all_of(output)
    assert first == second
    for x, (data, grad) in before.items():
        assert x.grad is grads[x]
        np.testing.assert_array_equal(x.data, data)
        np.testing.assert_array_equal(x.grad, grad) if grad is not None else None


@pytest.mark.filterwarnings("error")
def test_numbers_beyond_the_floats_are_shown_and_not_warned_of():
    x = leaf(30.0, "x")
    with np.errstate(all="ignore"):
        graph, wrong = all_of(((x.exp() * x.exp()).exp() * x).log())
    assert "nan" in json.dumps(wrong)
    y = leaf(1.0, "y")
    for _ in range(20):  # the right sweep stays within the floats; the recursion does not
        y = (y * 1e300) * (y * 1e-300)
    graph, wrong = all_of(y)
    assert "inf" not in json.dumps(graph.to_dict())
    assert "inf" in json.dumps(wrong["recursion"])


def test_hostile_names_are_cleaned():
    for name in HOSTILE:
        x = leaf(2.0, name)
        _, wrong = all_of(x * x)
        assert "\n" not in wrong["overwrite"]["why"]
        assert len(wrong["overwrite"]["why"]) < 200


def test_a_leaf_has_no_sweep_and_a_record_without_one_is_refused():
    x = leaf(2.0, "x")
    assert wrong_sweeps(x, Graph.from_tensor(x, gradient=1.0)) == []
    with pytest.raises(ValueError, match=r"Graph.from_tensor\(t, gradient=1.0\)"):
        wrong_sweeps(x * x, Graph.from_tensor(x * x))
