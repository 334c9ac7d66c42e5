"""200 random programs, recorded in PyTorch and run in our engine: one record, to ten digits."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import backprop_lab as bl  # noqa: E402
from backprop_lab.torch_graph import (  # noqa: E402
    local,
    operands,
    record_torch,
    recorder,
    recording,
    sweeping,
    walking,
)
from backprop_lab.torch_graph.naming import Names  # noqa: E402
from backprop_lab.torch_graph.source import Source  # noqa: E402
from tests.torch_programs import Program  # noqa: E402

FACTS = ("id", "kind", "op", "label", "name", "shape")


def own_record(program):
    leaves = [
        bl.tensor(data, requires_grad=name not in program.constants, name=name)
        for name, data in program.leaves.items()
    ]
    output = program.run(leaves)
    return bl.Graph.from_tensor(output, gradient=1.0)


def torch_record(program):
    leaves = {
        name: torch.tensor(data, dtype=torch.float64, requires_grad=name not in program.constants)
        for name, data in program.leaves.items()
    }
    with record_torch():
        output = program.run(leaves.values(), in_torch=True)
    graph = Source(output, Names(given=leaves)).recorder(True).graph(torch.ones_like(output))
    return leaves, output, graph


def numbers(value):
    return value and np.array(value.get("data") or list(value["statistics"].values()), float)


def assert_close(a, b):
    assert (a is None) == (b is None)
    if a is not None:
        assert a["shape"] == b["shape"]
        np.testing.assert_allclose(numbers(a), numbers(b), rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("seed", range(200))
def test_both_engines_leave_the_same_record(seed):
    program = Program(seed)
    own, (leaves, output, other) = own_record(program), torch_record(program)
    assert [{k: n[k] for k in FACTS} for n in own.nodes] == [
        {k: n[k] for k in FACTS} for n in other.nodes
    ]
    for a, b in zip(own.nodes, other.nodes, strict=True):
        assert_close(a["value"], b["value"])
    for a, b in zip(own.edges, other.edges, strict=True):
        assert (a["id"], a["tensor"], a["copies"]) == (b["id"], b["tensor"], b["copies"])
        assert (a["local"] is None) == (b["local"] is None)
        if a["local"]:
            assert a["local"]["kind"] == b["local"]["kind"]
            assert a["local"]["text"] == b["local"]["text"]
            assert_close(a["local"]["value"], b["local"]["value"])
    assert [event["event"] for event in own.events] == [event["event"] for event in other.events]
    for a, b in zip(own.events, other.events, strict=True):
        if a["event"] == "vjp":
            assert (a["edge"], a["awaited"]) == (b["edge"], b["awaited"])
            assert_close(a["contribution"], b["contribution"])
            assert_close(a["total"], b["total"])
    check_against_backward(leaves, output, other)


def check_against_backward(leaves, output, graph):
    """PyTorch's own backward() finds at the leaves what the record says, and nothing was there."""
    assert all(x.grad is None for x in leaves.values())
    output.backward()
    found = graph.gradients()
    for node in graph.nodes:
        if node["name"] in leaves and node["id"] in found:
            want = leaves[node["name"]].grad.numpy().ravel()
            np.testing.assert_allclose(numbers(found[node["id"]]), want, rtol=1e-10, atol=1e-12)


def test_a_vector_before_a_matrix_takes_three_operators_in_pytorch_and_gives_the_same_gradients():
    rng = np.random.default_rng(0)
    v, A = rng.normal(size=3), rng.normal(size=(3, 2))
    own = [bl.tensor(v, requires_grad=True), bl.tensor(A, requires_grad=True)]
    (own[0] @ own[1]).sin().sum().backward()
    names = {"v": torch.tensor(v, requires_grad=True), "A": torch.tensor(A, requires_grad=True)}
    output = (names["v"] @ names["A"]).sin().sum()
    graph = Source(output, Names(given=names)).recorder().graph(torch.ones_like(output))
    made = [node["label"] for node in graph.nodes if node["op"]]
    assert made == ["reshape", "@", "reshape", "sin", "sum"]
    found = {n["name"]: graph.gradients()[n["id"]] for n in graph.nodes if n["name"] in names}
    for x, name in zip(own, names, strict=True):
        np.testing.assert_allclose(numbers(found[name]), x.grad.ravel(), rtol=1e-12)


def test_the_programs_use_every_operator_that_both_engines_have():
    made = set()
    for seed in range(200):
        made |= {node["label"] for node in own_record(Program(seed)).nodes if node["op"]}
    assert made == {
        "+", "−", "×", "÷", "**", "@", "abs", "broadcast", "clip", "concatenate", "cos", "exp",
        "log", "log softmax", "logsumexp", "max", "mean", "min", "relu", "reshape", "sin",
        "softmax", "stack", "sum", "tanh", "where", "[ ]", "ᵀ", "√", "σ",
    }  # fmt: skip


def overwrite(order, seed):
    """The reverse sweep with = in place of +=."""
    for result, slot, x_bar, _ in sweeping.sweep(order, seed):
        yield result, slot, x_bar, x_bar


def from_the_end(results):
    """The order of the walk, in which no operator has its inputs before it."""
    return results


def not_summed(result, slot, x_bar):
    return x_bar


class Late(recording.Notebook):
    """Looks at what operators read only after they have run, so that it finds the wrong node."""

    def before(self, function, args, kwargs):
        pass


PLANTED = [
    (recorder, "sweep", overwrite),
    (walking, "in_order", from_the_end),
    (sweeping, "fitted", not_summed),
    (recording, "aligned", lambda function, read: {}),
    (recording, "Notebook", Late),
    (recorder, "copies_of", lambda result, kind, operand: 1),
    (operands, "find_operands", lambda result: [
        operands.Operand(x, slot) for slot, x in enumerate(result.inputs) if x is not None
    ]),
    (local, "ENTRYWISE", ()),
]  # fmt: skip


@pytest.mark.parametrize(("module", "name", "wrong"), PLANTED, ids=[name for _, name, _ in PLANTED])
def test_a_planted_bug_is_found(monkeypatch, module, name, wrong):
    monkeypatch.setattr(module, name, wrong)
    assert any(map(fails, range(60)))


def fails(seed):
    try:
        test_both_engines_leave_the_same_record(seed)
    except Exception:
        return True
    return False
