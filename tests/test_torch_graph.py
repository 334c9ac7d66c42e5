"""PyTorch's graph in our pictures: what is drawn, what is kept, and what is left alone."""

import gc
import json
import subprocess
import sys
import weakref
from pathlib import Path

import jsonschema
import numpy as np
import pytest

torch = pytest.importorskip("torch")

import backprop_lab as bl  # noqa: E402
import backprop_lab.graph as graph_module  # noqa: E402
from backprop_lab.errors import DataError, GradientError  # noqa: E402
from backprop_lab.torch_graph import source_of  # noqa: E402
from tests.torch_networks import CNN, Block, SquareAndDouble, Unrolled, mlp  # noqa: E402

SCHEMA = json.loads(Path(graph_module.__file__).with_name("graph.schema.json").read_text())


def leaf(data, dtype=torch.float64):
    return torch.tensor(data, dtype=dtype, requires_grad=True)


def graph_of(what, gradient=True, local=True):
    """The record of something of PyTorch's, with names from the caller's variables."""
    source = source_of(what, sys._getframe(1))
    return source.recorder(local).graph(source.seed() if gradient else None)


def labels(graph):
    return [node["label"] for node in graph.nodes if node["op"]]


def named(graph, name):
    return next(node for node in graph.nodes if node["name"] == name)


def gradient_at(graph, name):
    return np.array(graph.gradients()[named(graph, name)["id"]]["data"])


def check_contract(graph):
    data = graph.to_dict()
    jsonschema.validate(data, SCHEMA)
    json.dumps(data, allow_nan=False)


class TestABareTensor:
    def test_is_drawn_with_what_pytorch_has_kept_and_the_rest_is_marked(self):
        x = leaf(3.0)
        y = 2 * x**2
        graph = graph_of(y)
        check_contract(graph)
        values = [node["value"] and node["value"]["data"][0] for node in graph.nodes]
        assert values == [3.0, 2.0, None, 2.0, 18.0]
        assert gradient_at(graph, "x") == 12.0
        assert repr(bl.draw(y)) == (
            "Graph of y, from the input x = 3 and the constants 2 and 2. In 2 steps: x ** 2; "
            "y = (x ** 2) × 2 = 18. Not kept by PyTorch: x ** 2. No gradients are shown: "
            "grad=True works them out."
        )
        assert "not kept" in bl.draw(y).svg

    def test_values_come_back_from_variables_and_from_what_rules_have_saved(self):
        x = leaf(2.0)
        p = x * 3.0
        q = (p + 1.0).exp() * p
        kept = {n["label"]: n["value"] for n in graph_of(q).nodes if n["op"]}
        assert kept["+"] is None
        assert kept["exp"]["data"] == [pytest.approx(np.exp(7.0))]

    def test_what_a_rule_keeps_is_an_input_or_its_result(self):
        x, w = leaf([1.0, 2.0]), torch.ones(2, dtype=torch.float64)
        y = ((w * x).exp().relu() / 2.0).sum()
        saved = {node["label"]: node["saved"] for node in graph_of(y).nodes if node["op"]}
        assert saved == {
            "×": ["input 0"], "exp": ["output"], "relu": ["output"], "÷": ["input 1"], "sum": [],
        }  # fmt: skip
        assert "■ saved for exp<" in bl.draw(y, saved=True).svg

    def test_an_input_that_nothing_is_known_of_is_a_question_mark(self):
        x = leaf(2.0)
        y = x + 1.0
        assert repr(bl.draw(y)).startswith("Graph of y, from the input x = 2 and the constant ?.")
        with bl.record_torch():
            y = x + 1.0
        assert "the constant 1." in repr(bl.draw(y))

    def test_nothing_of_the_learners_is_touched(self):
        x, w = leaf([1.0, 2.0]), torch.nn.Parameter(torch.tensor([0.5, 0.5], dtype=torch.float64))
        x.grad, calls = torch.ones_like(x), []
        p = x * w
        p.register_hook(lambda grad: calls.append(grad) or grad * 100)
        loss = p.exp().sum()
        for show in (bl.draw, bl.step, bl.rosetta, bl.saved):
            show(loss)
        bl.draw(loss, grad=True, local=True, saved=True)
        bl.paths(loss, x)
        assert x.grad.tolist() == [1.0, 1.0] and w.grad is None and not calls
        loss.backward()  # nothing has been freed, and the hook is still there
        assert len(calls) == 1

    def test_a_node_that_several_read_is_one_node_and_a_leaf_is_no_operator(self):
        x = leaf(3.0)
        y = x * x
        z = y + y * x
        graph = graph_of(z)
        assert labels(graph) == ["×", "×", "+"]
        assert sum(n["kind"] == "input" for n in graph.nodes) == 1
        assert [e["awaited"] for e in graph.events if e["event"] == "vjp"] == [1, 0, 0, 2, 1, 0]
        assert gradient_at(graph, "x") == 6.0 + 27.0

    def test_of_an_operator_with_several_results_each_is_drawn(self):
        x = leaf([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
        first, _, last = x.unbind()
        loss = (first * last.sin()).sum()
        graph = graph_of(loss)
        check_contract(graph)
        assert labels(graph)[:2] == ["[0]", "[2]"]
        loss.backward()
        np.testing.assert_allclose(gradient_at(graph, "x"), x.grad.ravel(), rtol=1e-12)

    def test_rows_written_in_place_and_rows_read_again(self):
        x = leaf([[1.0, 2.0], [3.0, 4.0]])
        y = x * 1.0
        y[0] = x[1] * x[0]
        loss = (y * y).sum()
        graph = graph_of(loss)
        assert "write" in labels(graph)
        loss.backward()
        np.testing.assert_allclose(gradient_at(graph, "x"), x.grad.ravel(), rtol=1e-12)

    def test_dtypes_layouts_and_shapes(self):
        for x in (
            leaf([1.0, 2.0], torch.float32),
            leaf([1.0, 2.0], torch.bfloat16),
            leaf([[]]),
            leaf([[1.0, 2.0], [3.0, 4.0]]).T,
        ):
            graph = graph_of((x * x.detach()).sum())
            check_contract(graph)

    def test_names_come_from_variables_lists_rows_and_parameters(self):
        xs, parts = torch.ones(3, 2), [leaf(1.0), leaf(2.0)]
        net, other = mlp(2, 3, 1), mlp(2, 3, 1)
        with bl.record_torch():
            y = net(xs[1:2]) * parts[1] + other(xs[2:3])
        names = {node["name"] for node in graph_of(y.sum(), gradient=False).nodes}
        assert {"xs[1:2]", "xs[2:3]", "parts[1]"} <= names
        assert {"net.0.weight", "other.0.weight"} <= names
        del other, y
        assert named(graph_of(net(xs).sum()), "0.weight")["kind"] == "weight"


class TestARecording:
    def test_has_every_value(self):
        x, v = leaf([[1.0, 2.0], [3.0, 4.0]]), torch.ones(2, dtype=torch.float64)
        with bl.record_torch() as record:
            h = x.T.reshape(4)[1:3] + v
            y = (h * 2.0).sum()
        assert repr(record) == "<a recording of 7 operators>"
        del h
        graph = graph_of(y)
        assert all(node["value"] for node in graph.nodes)
        assert named(graph, "v")["kind"] == "input"

    def test_notes_the_value_before_it_is_changed_in_place(self):
        x = leaf(2.0)
        with bl.record_torch():
            h = x + 1.0
            y = h * 3.0
            h.add_(10.0)
        assert [n["value"]["data"][0] for n in graph_of(y).nodes if n["op"]] == [3.0, 9.0]

    def test_goes_with_the_graph(self):
        x = torch.ones(3, requires_grad=True)
        with bl.record_torch() as record:
            noise = torch.ones(3)
            y = (x * noise).exp()
        gone = weakref.ref(noise)
        del y, noise
        gc.collect()
        assert gone() is None and repr(record)

    def test_a_custom_function_goes_by_its_own_name(self):
        x = leaf(3.0)
        with bl.record_torch():
            y = 5 * SquareAndDouble.apply(x)
        graph = graph_of(y)
        check_contract(graph)
        assert labels(graph) == ["SquareAndDouble", "×"]
        assert gradient_at(graph, "x") == 60.0
        assert repr(bl.step(y)).splitlines()[0] == (
            "Forward through SquareAndDouble: SquareAndDouble(x) = 18."
        )

    def test_gives_a_graph_to_compare(self):
        x = leaf(-1.0)
        with bl.record_torch() as record:
            y = x * 2 if x > 0 else -x
        graph = record.graph(y, gradient=torch.tensor(1.0, dtype=torch.float64))
        assert graph.rows() == {"x": ["input"], "y": ["-", "x"]}
        assert gradient_at(graph, "x") == -1.0
        assert repr(bl.draw(graph)).endswith("Gradients: −1 at x; 1 at y.")

    def test_groups_of_ours_and_modules_nest(self):
        net, x = mlp(2, 3, 1), torch.ones(1, 2)
        with bl.record_torch(), bl.group("step"):
            y = net(x)
        groups = [node["group"] for node in graph_of(y.sum()).nodes if node["op"]]
        assert groups[0] == "step / net / 0: Linear" and groups[2] == "step / net / 1: ReLU"

    def test_a_module_called_again_is_another_group_and_one_that_fails_is_closed(self):
        class Fails(torch.nn.Module):
            def forward(self, x):
                raise ValueError("on purpose")

        cell, fails, x = torch.nn.Linear(2, 2), Fails(), torch.ones(1, 2)
        with bl.record_torch():
            with pytest.raises(ValueError, match="on purpose"):
                fails(x)
            y = cell(cell(x))
        groups = [node["group"] for node in graph_of(y.sum()).nodes if node["op"]]
        assert groups == ["cell", "cell", "cell (2)", "cell (2)", None]
        assert not torch.nn.modules.module._global_forward_hooks

    def test_runs_beside_transforms_and_backward_within_it(self):
        x = leaf([1.0, 2.0])
        with bl.record_torch():
            assert torch.func.grad(lambda x: x.sin().sum())(x).shape == (2,)
            assert torch.vmap(lambda x: x * 2)(x).shape == (2,)
            (x * x).sum().backward()
            y = x.exp()
        assert x.grad.tolist() == [2.0, 4.0]
        assert labels(graph_of(y.sum())) == ["exp", "sum"]

    def test_a_picture_drawn_within_it_is_no_part_of_it(self):
        x = leaf(3.0)
        with bl.record_torch() as record:
            y = 2 * x**2
            assert "the constants 2 and 2." in repr(bl.draw(y))
            before = repr(record)
            assert "x ** 2 = 9; y = (x ** 2) × 2 = 18" in repr(bl.draw(y, grad=True, local=True))
            bl.step(y), bl.saved(y), bl.rosetta(y)
            y = y + 1
            assert "the constants 2, 2 and 1." in repr(bl.draw(y))
        assert before == "<a recording of 2 operators>"
        assert repr(record) == "<a recording of 3 operators>"
        assert labels(graph_of(y)) == ["**", "×", "+"]

    def test_loads_no_compiler(self):
        code = (
            "import sys, torch, backprop_lab as bl\nx = torch.ones(2, requires_grad=True)\n"
            "with bl.record_torch(): y = (x * x).sum()\nbl.step(y)\n"
            "assert 'torch._dynamo' not in sys.modules"
        )
        subprocess.run([sys.executable, "-c", code], check=True, timeout=100)


class TestAModuleAndItsInput:
    @pytest.mark.parametrize(
        ("module", "given", "groups"),
        [
            (mlp(3, 4, 2), torch.randn(5, 3), ["0: Linear", "1: ReLU", "2: Linear"]),
            (CNN(), torch.randn(2, 1, 12, 12), ["conv1", "norm", "conv2", "fc"]),
            (Unrolled(2, 3), torch.randn(4, 1, 2), ["cell", "cell (2)", "cell (3)", "cell (4)"]),
            (Block(8), torch.randn(1, 5, 8), ["ln1", "attn", "ln2", "mlp"]),
        ],
        ids=["MLP", "CNN", "LSTM", "transformer"],
    )
    def test_is_drawn_folded_by_module(self, module, given, groups):
        picture = bl.draw((module, given))
        assert f"Folded into {len(groups)} groups: {', '.join(groups[:-1])}" in picture.alt
        assert "not kept" not in picture.svg
        opened = bl.draw((module, given), expand=groups[:1])
        assert f"Folded into {len(groups) - 1} groups" in opened.alt
        graph = graph_of((module, given))
        check_contract(graph)
        assert all(node["value"] for node in graph.nodes)
        self.check_gradients(module, given, graph)
        assert bl.step((module, given)).alt.splitlines()[0].startswith("Forward through ")

    def check_gradients(self, module, given, graph):
        torch.manual_seed(0)
        found = torch.autograd.grad(module(given).sum(), list(module.parameters()))
        for (name, _), want in zip(module.named_parameters(), found, strict=True):
            got = graph.gradients()[named(graph, name)["id"]]
            numbers = got.get("data") or [got["statistics"]["mean"]]
            want = want.ravel() if "data" in got else want.mean()
            np.testing.assert_allclose(numbers, want.numpy(), rtol=1e-3, atol=1e-5)

    def test_is_left_as_it_was(self):
        net = torch.nn.Sequential(torch.nn.BatchNorm1d(3), torch.nn.Dropout(), mlp(3, 2, 1))
        before = {name: x.clone() for name, x in net.state_dict().items()}
        state = torch.random.get_rng_state()
        bl.draw((net, torch.randn(4, 3)), grad=True)
        assert all(torch.equal(x, before[name]) for name, x in net.state_dict().items())
        torch.randn(4, 3)
        bl.draw((net, torch.ones(4, 3)))
        assert net.training and all(p.grad is None for p in net.parameters())
        torch.random.set_rng_state(state)

    def test_takes_a_tuple_as_arguments_and_draws_the_first_tensor(self):
        cell, x = torch.nn.LSTMCell(2, 3), torch.randn(1, 2)
        h, c = torch.zeros(1, 3), torch.ones(1, 3)
        names = {node["name"] for node in graph_of((cell, (x, (h, c)))).nodes}
        assert {"input", "hx[0]", "hx[1]", "weight_hh"} <= names

    def test_frozen_parameters_are_weights_without_a_gradient(self):
        net = mlp(2, 3, 1)
        net[0].weight.requires_grad_(False)
        graph = graph_of((net, torch.ones(4, 2)))
        frozen = named(graph, "0.weightᵀ")  # no operator of the graph: nothing is differentiated
        assert frozen["kind"] == "weight" and frozen["id"] not in graph.gradients()


class TestOneSentence:
    def test_where_there_is_no_graph(self):
        x = leaf(3.0)
        with torch.no_grad():
            y = x * 2
        for show in (bl.draw, bl.step, bl.rosetta, lambda y: bl.paths(y, x)):
            assert repr(show(y)).startswith("y has no graph: PyTorch records only what is computed")
        assert repr(bl.step(x)).startswith("x is a leaf: no operator made it")
        assert repr(bl.draw(x)) == "Graph without operators: the input x = 3."
        with pytest.raises(GradientError, match="y has no graph"):
            bl.saved(y)

    def test_where_it_has_been_freed(self):
        x = leaf(3.0)
        y = x**2 * x
        y.backward()
        said = "backward\\(\\) has run through (the graph of y|this graph), and PyTorch has freed"
        assert "Freed by PyTorch, as backward() has run" in repr(bl.draw(y, saved=True))
        assert "what the operators had saved" in bl.draw(y).svg
        check_contract(graph_of(y, gradient=False, local=False))
        for show in (bl.step, lambda y: bl.paths(y, x)):
            assert repr(show(y)).startswith("backward() has run through the graph of y")
        for show in (lambda y: bl.draw(y, grad=True), bl.saved):
            with pytest.raises(GradientError, match=said):
                show(y)

    def test_where_what_was_saved_has_been_changed(self):
        x = leaf([1.0, 2.0])
        h = x * 2.0
        y = (h * h).sum()
        with torch.no_grad():
            h.add_(1.0)
        with pytest.raises(GradientError, match="changed in place since"):
            bl.draw(y, grad=True)

    def test_where_it_is_no_scalar(self):
        y = leaf([1.0, 2.0]) * 2
        assert repr(bl.step(y)).startswith("y has shape (2,), and a reverse sweep starts by itself")
        with pytest.raises(GradientError, match="Reduce it"):
            bl.draw(y, grad=True)
        assert len(repr(bl.step(y, backward=False)).splitlines()) == 1

    def test_where_it_is_large(self):
        x = leaf(1.0)
        y = x
        for _ in range(10_000):
            y = y * 1.0001
        for show in (bl.draw, bl.step, bl.rosetta, lambda y: bl.paths(y, x)):
            assert repr(show(y)).startswith("This graph has more than ")
        assert gradient_at(graph_of(y, local=False), "x") == pytest.approx(1.0001**10_000)

    def test_where_something_else_was_given(self):
        with pytest.raises(DataError, match="Give both as a pair"):
            bl.draw(mlp(2, 2, 2))
        with pytest.raises(DataError, match="complex numbers"):
            bl.draw(torch.ones(2, dtype=torch.complex64, requires_grad=True) * 2)

        x = leaf(3.0)
        with pytest.raises(DataError, match=r"bl.step\(f\(x\)\)"):
            bl.step(lambda x: x**2, x)
        with pytest.raises(DataError, match=r"bl.step\(\(module, input\)\)"):
            bl.step(mlp(2, 2, 2), torch.ones(1, 2))
        with pytest.raises(DataError, match=r"record.graph\(t\)"):
            bl.Graph.from_tensor(x * 2)

        class Counts(torch.nn.Module):
            def forward(self, x):
                return len(x)

        with pytest.raises(DataError, match="Counts returned an int"):
            bl.draw((Counts(), torch.ones(3)))

    def test_where_a_rule_breaks_its_contract(self):
        def function(backward):
            body = {"forward": staticmethod(lambda ctx, x, w: x * w), "backward": backward}
            return type("Mine", (torch.autograd.Function,), body)

        x, w = leaf([1.0, 2.0]), leaf([3.0, 4.0])
        few = function(staticmethod(lambda ctx, g: g)).apply(x, w).sum()
        with pytest.raises(GradientError, match="returned 1 gradients, and its forward"):
            bl.draw(few, grad=True)
        wrong = function(staticmethod(lambda ctx, g: (g, g.reshape(2, 1)))).apply(x, w).sum()
        with pytest.raises(GradientError, match=r"returned shape \(2, 1\) for an input"):
            bl.draw(wrong, grad=True)
        none = function(staticmethod(lambda ctx, g: (g, None))).apply(x, w).sum()
        assert "Not reached: w." in repr(bl.draw(none, grad=True))


class TestTheOtherViews:
    def test_the_ledger_of_what_pytorch_keeps(self):
        x = torch.ones(1000, requires_grad=True)
        y = (x * 2.0).exp().sum()
        ledger = bl.saved(y)
        assert [row["op"] for row in ledger.rows] == [
            "MulBackward0",
            "ExpBackward0",
            "SumBackward0",
        ]
        assert [row["keeps"] for row in ledger.rows] == [["2"], ["t2"], []]
        assert ledger.rows[1]["needed"] == 4000  # and what came out of × is gone
        assert ledger.held == 4000 + 4000 + 4 + ledger.rows[0]["needed"]

    def test_the_ledger_sees_what_hangs_on_ctx(self):
        class Hoards(torch.autograd.Function):
            @staticmethod
            def forward(ctx, x):
                ctx.x = x.clone()
                return x * 2

            @staticmethod
            def backward(ctx, grad_output):
                return grad_output * 2

        y = Hoards.apply(torch.ones(10, requires_grad=True)).sum()
        assert bl.saved(y).rows[0]["keeps"] == ["x"] and bl.saved(y).needed == 40

    def test_paths_from_a_tensor_or_a_name(self):
        a = leaf(3.0)
        b = a**2
        c = b * (b + a)
        assert bl.paths(c, b).count == 2 and bl.paths(c, "a").count == 3
        assert "They add up to 135, the gradient of a" in repr(bl.paths(c, a))
        stranger = leaf(1.0)
        assert "stranger does not reach c" in repr(bl.paths(c, stranger))
        with pytest.raises(DataError, match="starts at a tensor x"):
            bl.paths(c, 3.0)

    def test_rosetta_has_a_fourth_column_in_which_every_thing_has_its_place(self):
        x, w = leaf(3.0), torch.tensor(2.0, dtype=torch.float64)
        with bl.record_torch():
            y = (x * w) ** 2 + (x * 5.0).sin()
        data = bl.rosetta(y).data
        assert data["columns"][3]["title"] == "PyTorch’s grad_fn chain"
        markup = data["columns"][3]["markup"]
        places = {key for key in data["keys"] if f'"{key}"' in markup}
        assert {data["keys"][key] for key in places} == set(range(len(data["things"])))
        lines = [strip(line) for line in markup.split('<div class="line"')[1:]]
        assert lines == [
            "1AddBackward0 → PowBackward0, SinBackward0",
            "2SinBackward0 → MulBackward0 ↓3",
            "3MulBackward0 → AccumulateGrad(x), None",
            "4PowBackward0(2) → MulBackward0 ↓5",
            "5MulBackward0 → AccumulateGrad(x), None",
            "6None  w",
            "7AccumulateGrad  x",
        ]
        assert all("in 4 " in thing["says"] for thing in data["things"])
        assert len(bl.rosetta(bl.tensor(1.0, requires_grad=True) * 2).data["columns"]) == 3


def strip(markup):
    import re

    return re.sub(r"<[^>]*>", "", markup.partition(">")[2])
