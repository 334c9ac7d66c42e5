"""The path explorer: what it counts, adds up and says, against brute force and PyTorch."""

import math
import random
import re
import sys
import time

import numpy as np
import pytest

import backprop_lab as bl
from backprop_lab import Graph
from backprop_lab.engine import Tensor
from backprop_lab.graph.recorder import Recorder
from backprop_lab.widgets.path_explorer import LISTED, counted
from backprop_lab.widgets.paths import MOST
from backprop_lab.widgets.routes import Routes
from tests.graphs_to_draw import HOSTILE, chain, leaf, network, recurrent, square

UNARY = ["sin", "exp", "tanh"]
BINARY = ["+", "-", "*"]


def random_program(seed):
    """Nine steps (operator, places of its inputs): the first two places are leaves, and the same
    tensor may be read twice by one operator."""
    rng = random.Random(seed)
    program = []
    for place in range(2, 11):
        op = rng.choice(UNARY + BINARY * 2)
        recent = range(max(0, place - 4), place)
        program.append((op, *rng.choices(recent, k=1 if op in UNARY else 2)))
    return program


def run(program, x, y):
    places = [x, y]
    for op, *inputs in program:
        a, *rest = [places[i] for i in inputs]
        if op in UNARY:
            places.append(getattr(a, op)())
        else:
            places.append(a + rest[0] if op == "+" else a - rest[0] if op == "-" else a * rest[0])
    return places


def brute_force(t, x):
    """The factors of every path from x to t, found by walking each from t through the nodes."""
    if t is x:
        return [[]]
    if t.grad_fn is None:
        return []
    node = t.grad_fn
    locals_ = node.op.vjp(node, np.float64(1.0))
    locals_ = locals_ if isinstance(locals_, tuple) else (locals_,)
    return [
        [*path, float(local)]
        for z, local in zip(node.inputs, locals_, strict=True)
        if isinstance(z, Tensor)
        for path in brute_force(z, x)
    ]


def routes_of(t, x):
    recorder = Recorder(t, {}, local=True)
    return Routes(Graph(*recorder.record(1.0)), recorder.ids[x.grad_fn or x])


PROGRAMS = [(seed, random_program(seed)) for seed in range(60)]
each_program = pytest.mark.parametrize("program", [p for _, p in PROGRAMS], ids=[*range(60)])


@each_program
class TestRandomGraphs:
    def cases(self, program):
        places = run(program, leaf(0.7, "x"), leaf(-0.4, "y"))
        t = places[-1]
        for x in places:
            paths = brute_force(t, x)
            if paths:
                yield t, x, paths

    def test_as_many_paths_as_brute_force_finds(self, program):
        for t, x, paths in self.cases(program):
            routes = routes_of(t, x)
            assert routes.count == len(paths)
            assert routes.walked() == sum(map(len, paths))

    def test_a_recursion_visits_a_node_for_each_way_in_which_a_path_can_begin(self, program):
        for t, x, _ in self.cases(program):
            routes = routes_of(t, x)
            ways = [[e["id"] for e in p.edges()][::-1] for p in routes.largest(10**6)]
            begun = {tuple(way[:k]) for way in ways for k in range(len(way) + 1)}
            assert routes.visited() == len(begun)

    def test_the_listed_products_are_the_largest(self, program):
        for t, x, paths in self.cases(program):
            expected = sorted(map(math.prod, paths), key=abs, reverse=True)[:7]
            found = [path.product for path in routes_of(t, x).largest(7)]
            np.testing.assert_allclose(np.abs(found), np.abs(expected), rtol=1e-12)

    def test_every_path_is_listed_once_with_its_own_factors(self, program):
        for t, x, paths in self.cases(program):
            listed = routes_of(t, x).largest(10**6)
            assert len({tuple(e["id"] for e in path.edges()) for path in listed}) == len(paths)
            factors = sorted(
                tuple(e["local"]["value"]["data"][0] for e in path.edges()) for path in listed
            )
            np.testing.assert_allclose(
                [math.prod(row) for row in factors],
                [math.prod(row) for row in sorted(map(tuple, paths))],
                rtol=1e-12,
            )
            assert sorted(map(len, factors)) == sorted(map(len, paths))

    def test_the_sum_is_the_gradient_of_the_reverse_sweep_and_of_pytorch(self, program):
        torch = pytest.importorskip("torch")
        theirs = run(
            program,
            *(torch.tensor(v, dtype=torch.float64, requires_grad=True) for v in (0.7, -0.4)),
        )
        ours = run(program, leaf(0.7, "x"), leaf(-0.4, "y"))
        graph = Graph.from_tensor(ours[-1], gradient=1.0)
        for x, z in zip(ours, theirs, strict=True):
            if not brute_force(ours[-1], x) or x is ours[-1]:
                continue
            (expected,) = torch.autograd.grad(theirs[-1], z, retain_graph=True)
            routes = routes_of(ours[-1], x)
            assert routes.total() == pytest.approx(expected.item(), rel=1e-12, abs=1e-12)
            swept = graph.gradients()[routes.source]["data"][0]
            assert routes.total() == pytest.approx(swept, rel=1e-12, abs=1e-12)
            assert sum(map(math.prod, brute_force(ours[-1], x))) == pytest.approx(swept, abs=1e-12)


def diamonds(n):
    """n diamonds in a row, three nodes and four edges each."""
    x = leaf(0.5, "x")
    y = x
    for _ in range(n):
        y = y.sin() * y.cos()
    return y, x


def recursion(t):
    """Node visits of the recursion that sends each message on as soon as it arrives."""
    if t.grad_fn is None:
        return 1
    return 1 + sum(recursion(x) for x in t.grad_fn.inputs)


class TestCounts:
    @pytest.mark.parametrize("n", range(1, 9))
    def test_diamonds_cost_what_brute_force_counts(self, n):
        t, x = diamonds(n)
        routes = routes_of(t, x)
        assert routes.count == 2**n == len(brute_force(t, x))
        assert routes.walked() == 2 * n * 2**n == sum(map(len, brute_force(t, x)))
        assert routes.visited() == 4 * 2**n - 3 == recursion(t)
        assert len(routes.edges) == 4 * n

    def test_sixteen_diamonds(self):
        t, x = diamonds(16)
        explorer = bl.paths(t, x)
        assert [text for _, text, _ in explorer.data["costs"]] == [
            "2,097,152 edges", "262,141 node visits", "64 edges",
        ]  # fmt: skip
        assert explorer.data["heading"] == "65,536 paths from x to t"
        assert len(explorer.data["paths"]) == LISTED
        assert "65,528 more paths" in str(explorer)

    def test_counts_beyond_all_bounds_are_instant_and_exact(self):
        t, x = diamonds(1200)
        start = time.perf_counter()
        routes = routes_of(t, x)
        assert time.perf_counter() - start < 5
        assert routes.count == 2**1200
        assert routes.visited() == 4 * 2**1200 - 3
        assert counted(routes.count) == "about 1.722e361"

    def test_a_recurrent_network_has_as_many_paths_as_its_weights_have_uses(self):
        """Paths from W through three steps: 1 from the last use, 1 from each before it; the sum of
        squares at the end reads its input twice."""
        h = recurrent()
        assert routes_of(h, next(x for x in leaves(h) if x.name == "W")).count == 6

    def test_the_rest_is_what_the_listed_leave_of_the_total(self):
        t, x = diamonds(8)
        sums = dict(bl.paths(t, x).data["sums"])
        products = sorted(map(math.prod, brute_force(t, x)), key=abs, reverse=True)
        assert [*sums] == [
            "sum of these 50", "sum of the other 206", "sum of all 256",
            "gradient of x, from one reverse sweep",
        ]  # fmt: skip
        part, rest, total, swept = [float(text.replace("−", "-")) for text in sums.values()]
        assert part == pytest.approx(sum(products[:LISTED]), rel=1e-3)
        assert rest == pytest.approx(sum(products[LISTED:]), rel=1e-3)
        assert total == swept == pytest.approx(sum(products), rel=1e-3)


def leaves(t):
    seen, stack = {}, [t]
    while stack:
        x = stack.pop()
        if isinstance(x, Tensor) and id(x) not in seen:
            seen[id(x)] = x
            stack += x.grad_fn.inputs if x.grad_fn else []
    return seen.values()


class TestWhatIsSaid:
    def test_the_paths_are_spelled_out_and_add_up(self):
        x = leaf(0.7, "x")
        p = x.exp()
        f = p * x
        assert str(bl.paths(f, x)).splitlines() == [
            "2 paths from x to f.",
            "x → f: 2.014.",
            "x → p → f: 2.014 × 0.7 = 1.41.",
            "They add up to 3.423, the gradient of x; one reverse sweep gives 3.423.",
            "Cost: 3 edges path by path, 4 node visits by recursion from f, "
            "3 edges in one reverse sweep.",
        ]

    def test_parallel_edges_are_paths_of_their_own(self):
        y = square()
        first, second = bl.paths(y, "x").data["paths"]
        assert [first["says"], second["says"]] == ["x → y (input 1): 3", "x → y (input 2): 3"]
        assert first["edges"] != second["edges"]

    def test_negative_factors_stand_in_brackets(self):
        x = leaf(2.0, "x")
        minus = -x
        y = -minus
        assert "−1 × (−1) = 1" in str(bl.paths(y, x))

    def test_a_product_of_zero_is_reached(self):
        x = leaf(-2.0, "x")
        y = x.relu()
        said = str(bl.paths(y, x))
        assert "x → y: 0." in said and "not reached" not in said

    def test_no_number_is_no_error(self):
        x = leaf(float("inf"), "x")
        y = x * x + x
        said = str(bl.paths(y, x))
        assert "x → (x × x) (input 1) → y: inf × 1 = inf." in said
        z = leaf(float("nan"), "z")
        assert "They add up to nan" in str(bl.paths(z * z, z))

    def test_what_is_no_number_comes_first(self):
        x, lost = leaf(2.0, "x"), leaf(float("nan"), "lost")
        y = x * 5 + x * lost
        assert [path["product"] for path in bl.paths(y, x).data["paths"]] == ["nan", "5"]

    def test_of_equal_products_the_shorter_path_comes_first(self):
        x = leaf(2.0, "x")
        y = (x + 1) + x
        assert [len(path["edges"]) for path in bl.paths(y, x).data["paths"]] == [1, 2]

    def test_an_intermediate_tensor_and_names_as_the_picture_shows_them(self):
        a = leaf(3.0, "a")
        b = a**2
        d = b * (b + a)
        assert bl.paths(d, b).data == bl.paths(d, "b").data
        assert bl.paths(d, "b + a").data["heading"] == "1 path from b + a to d"
        assert str(bl.paths(d, "b + a")).splitlines()[1:3] == [
            "(b + a) → d: 9.",
            "It gives 9, the gradient of b + a; one reverse sweep gives 9.",
        ]

    def test_the_output_itself_is_a_path_without_edges(self):
        y = square()
        said = str(bl.paths(y, y))
        assert "1 path from y to y.\ny is the output itself" in said
        assert "It gives 1" in said
        assert bl.paths(y, y).data["paths"][0]["edges"] == []
        alone = leaf(2.0, "alone")
        assert "It gives 1" in str(bl.paths(alone, alone))

    def test_the_middle_of_a_long_path_is_counted(self):
        y = chain(30)
        path = bl.paths(y, "x").data["paths"][0]
        assert "… 23 tensors …" in path["route"] and "… 22 factors …" in path["factors"]
        assert len(path["edges"]) == 30

    def test_what_is_counted_is_said(self):
        x, w = leaf(2.0, "x"), leaf(3.0, "w")
        y = (w * w).exp() * x
        assert bl.paths(y, x).data["counted"].startswith("Counted on the edges between x and y.")
        assert "goes on along 4 other edges" in bl.paths(y, x).data["counted"]
        assert "goes on" not in bl.paths(square(), "x").data["counted"]


class TestTensors:
    def test_tensors_show_kinds_and_never_numbers(self):
        t = network()
        explorer = bl.paths(t, "W")
        (path,) = explorer.data["paths"]
        assert path["product"] is None
        assert "diagonal" in path["factors"] and "· Vᵀ" in path["factors"]
        assert path["factors"].endswith("Xᵀ ·")
        assert "a local derivative is a Jacobian" in explorer.data["notes"][0]
        assert dict(explorer.data["sums"]) == {"gradient of W, from one reverse sweep": "3×4"}

    def test_copies_are_summed(self):
        t = network()
        assert "summed over 5 copies" in bl.paths(t, "b").data["paths"][0]["factors"]

    def test_an_output_that_is_no_scalar_has_paths_and_no_gradient(self):
        x = leaf([1.0, 2.0], "x")
        y = x * x.sum()
        explorer = bl.paths(y, x)
        assert explorer.data["heading"] == "2 paths from x to y"
        assert explorer.data["sums"] == []
        assert "adds up to the gradient" in explorer.data["notes"][0]
        assert "gradient of x" not in str(explorer)
        assert "It gives" not in str(bl.paths(y, y))

    @pytest.mark.parametrize("data", [np.zeros((0, 3)), np.zeros(0)])
    def test_empty_arrays(self, data):
        x = leaf(data, "x")
        assert "1 path from x" in str(bl.paths(x.sum(), x))

    def test_scalars_of_a_tensor_graph_keep_their_numbers_where_all_factors_have_one(self):
        x = leaf([1.0, 2.0], "x")
        s = x.sum()
        y = s * s
        assert bl.paths(y, s).data["paths"][0]["product"] == "3"
        assert bl.paths(y, x).data["paths"][0]["product"] is None


class TestNoPath:
    def test_a_foreign_tensor_does_not_reach_and_is_never_0(self):
        y, other = square(), leaf(1.0, "other")
        said = str(bl.paths(y, other))
        assert said.startswith("other does not reach y: no path leads from one to the other.")
        assert "“not reached”, which is not 0" in said
        assert said in bl.paths(y, other).html
        assert str(bl.paths(y, bl.tensor(1.0))).startswith("x does not reach y")

    def test_the_wrong_way_round_is_seen(self):
        x = leaf(3.0, "x")
        y = x * x
        assert "other way round: y is computed from x" in str(bl.paths(x, y))

    def test_what_requires_no_gradient_says_so(self):
        x, w = bl.tensor(2.0, name="x"), bl.parameter(3.0, name="w")
        y = w * x
        said = str(bl.paths(y, x))
        assert "because x does not require one" in said and "requires_grad=True" in said
        assert "0 paths" not in said
        assert "because 5 does not require one" in str(bl.paths(y + 5, "5"))

    def test_an_output_without_a_graph(self):
        x = leaf(2.0, "x")
        with bl.no_grad():
            y = x * x
        assert "x does not reach y" in str(bl.paths(y, x))


class TestMistakes:
    @pytest.mark.parametrize("t", [3.0, np.ones(2), None, {"x": ["input"]}])
    def test_an_output_that_is_no_tensor(self, t):
        with pytest.raises(TypeError, match=r"compute with bl\.tensor"):
            bl.paths(t, "x")

    @pytest.mark.parametrize("x", [3.0, None, 0])
    def test_a_start_that_is_no_tensor(self, x):
        with pytest.raises(TypeError, match="given itself or by its name"):
            bl.paths(square(), x)

    def test_an_answer_that_is_not_there_yet(self):
        with pytest.raises(TypeError, match="stands where an answer is to go"):
            bl.paths(square(), ...)

    def test_a_name_that_nobody_has(self):
        y = square()
        with pytest.raises(ValueError, match=r"called 'q'. It has x and y\."):
            bl.paths(y, "q")

    def test_a_name_with_a_slip(self):
        rate = leaf(3.0, "rate")
        y = rate * rate
        with pytest.raises(ValueError, match="Did you mean 'rate'"):
            bl.paths(y, "rates")

    def test_a_name_that_two_have(self):
        a, b = leaf(1.0, "x"), leaf(2.0, "x")
        with pytest.raises(ValueError, match="2 tensors of this graph are called 'x'"):
            bl.paths(a * b, "x")
        assert bl.paths(a * b, b).data["heading"].startswith("1 path from x")


class TestOutside:
    def test_too_large_to_draw_is_still_counted_and_listed(self):
        t, x = diamonds(120)
        explorer = bl.paths(t, x)
        assert explorer.data["scene"] is None
        assert explorer.data["heading"] == "About 1.329e36 paths from x to t"
        assert len(explorer.data["paths"]) == LISTED
        assert "more than the eye can follow" in explorer.data["notes"][0]
        assert "more than the eye can follow" in explorer.html.split("<script>")[0]

    def test_without_the_layout_engine_the_graph_is_in_words(self, monkeypatch):
        monkeypatch.setitem(sys.modules, "graphlay", None)
        explorer = bl.paths(square(), "x")
        assert explorer.data["scene"] is None
        assert explorer.data["notes"][0].startswith("Graph of")
        assert len(explorer.data["paths"]) == 2

    def test_too_large_to_work_on_is_a_sentence_in_no_time(self):
        y = chain(MOST + 1)
        start = time.perf_counter()
        said = str(bl.paths(y, "x"))
        assert time.perf_counter() - start < 0.2
        assert "5,001 operators" in said

    @pytest.mark.parametrize("name", HOSTILE, ids=ascii)
    def test_any_name_is_shown_safely(self, name):
        x = leaf(2.0, name)
        y = x * x
        explorer = bl.paths(y, x)
        page = explorer._repr_html_()
        assert page.count("<script>") == page.count("</script>") == 1
        assert "alert(1)</script>" not in page
        page.encode()
        for line in str(explorer).splitlines():
            assert line.isprintable() or "\u2068" in line

    def test_two_runs_give_the_same_bytes_and_need_nothing_from_outside(self):
        one, two = (bl.paths(*diamonds(4))._repr_html_() for _ in range(2))
        assert one == two
        assert "image/svg+xml;base64" in one and "<svg" not in one.split("<script>")[0]
        assert {"http://www.w3.org/2000/svg"} >= set(re.findall(r"https?://[^\s\"'\\]+", one))

    def test_the_grad_of_the_leaves_is_left_alone(self):
        x = leaf(2.0, "x")
        bl.paths(x * x, x)
        assert x.grad is None
