"""The last number at every leaf of the stepper is the gradient that PyTorch finds.

The eight named graphs are written once; here the same functions run on PyTorch's tensors.
"""

from contextlib import nullcontext
from types import SimpleNamespace

import numpy as np
import pytest

import backprop_lab as bl
from tests import graphs_to_draw
from tests.graphs_to_draw import NAMED_EIGHT

torch = pytest.importorskip("torch")


class Named(torch.Tensor):
    """A tensor whose name can be set, as ours can."""

    name = None


@pytest.fixture
def torch_lab(monkeypatch):
    """Puts PyTorch in the place of the lab, and collects the leaves that are made."""
    leaves = {}

    def make(data, requires_grad=False, name=None):
        x = torch.as_tensor(np.asarray(data, dtype=float)).as_subclass(Named)
        if requires_grad:
            leaves[name] = x.requires_grad_()
        return x

    def parameter(data, name=None):
        return make(data, True, name)

    lab = SimpleNamespace(tensor=make, parameter=parameter, group=lambda name: nullcontext())
    softmax = SimpleNamespace(softmax=lambda x: torch.softmax(x, dim=-1))
    monkeypatch.setattr(graphs_to_draw, "bl", lab)
    monkeypatch.setattr(graphs_to_draw, "ops", softmax)
    return leaves


@pytest.mark.parametrize("name", NAMED_EIGHT)
def test_final_gradients_are_those_of_pytorch(name, request):
    graph = bl.Graph.from_tensor(NAMED_EIGHT[name](), gradient=1.0)
    data = bl.step(graph).data["graph"]
    assert [e["event"] for e in data["events"]] == [e["event"] for e in graph.events]
    leaves = request.getfixturevalue("torch_lab")  # from here on, graphs are PyTorch's
    NAMED_EIGHT[name]().backward()
    assert leaves
    found, ids = graph.gradients(), {node["name"]: node["id"] for node in graph.nodes}
    for leaf, x in leaves.items():
        total = found[ids[leaf]]
        theirs = x.grad.numpy()
        if "data" in total:
            ours = np.array(total["data"]).reshape(total["shape"])
            np.testing.assert_allclose(ours, theirs, rtol=1e-10, atol=1e-14)
        else:
            sums = total["statistics"]
            np.testing.assert_allclose(sums["mean"], theirs.mean(), rtol=1e-9, atol=1e-14)
            np.testing.assert_allclose(sums["std"], theirs.std(), rtol=1e-9, atol=1e-14)
