"""200 random programs, recorded in PyTorch and run in our engine: one record, to ten digits."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import backprop_lab as bl  # noqa: E402
from backprop_lab.torch_graph import record_torch  # noqa: E402
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
    return output, bl.Graph.from_tensor(output, gradient=1.0 if output.requires_grad else None)


def torch_record(program, recorded=True):
    leaves = {
        name: torch.tensor(data, dtype=torch.float64, requires_grad=name not in program.constants)
        for name, data in program.leaves.items()
    }
    with record_torch():
        output = program.run(leaves.values(), torch)
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
    own_output, own = own_record(program)
    if not own_output.requires_grad:
        pytest.skip("nothing in it requires a gradient")
    leaves, output, other = torch_record(program)
    assert [{k: n[k] for k in FACTS} for n in own.nodes] == [
        {k: n[k] for k in FACTS} for n in other.nodes
    ]
    for a, b in zip(own.nodes, other.nodes, strict=True):
        assert_close(a["value"], b["value"])
    for a, b in zip(own.edges, other.edges, strict=True):
        assert (a["id"], a["tensor"], a["copies"]) == (b["id"], b["tensor"], b["copies"])
        assert (a["local"] is None) == (b["local"] is None)
        if a["local"]:
            assert (a["local"]["kind"], a["local"]["text"]) == (b["local"]["kind"], b["local"]["text"])
            assert_close(a["local"]["value"], b["local"]["value"])
    assert [event["event"] for event in own.events] == [event["event"] for event in other.events]
    for a, b in zip(own.events, other.events, strict=True):
        if a["event"] == "vjp":
            assert (a["edge"], a["awaited"]) == (b["edge"], b["awaited"])
            assert_close(a["contribution"], b["contribution"])
            assert_close(a["total"], b["total"])
