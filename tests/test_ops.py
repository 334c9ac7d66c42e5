"""Every op: its value and gradients against PyTorch, its three rules against each other.

Ops are found by themselves; an op without a case here fails `test_every_op_has_a_case`.
"""

import numpy as np
import pytest

import backprop_lab as bl
from backprop_lab import ops
from backprop_lab.engine import Op, forward_sweep, reverse_sweep
from backprop_lab.leaves import parameter

rng = np.random.default_rng(1)


def normal(*shape):
    return rng.normal(size=shape)


def positive(*shape):
    return rng.uniform(0.4, 2.0, size=shape)


# op: list of (our function, inputs); the same function has to make sense to PyTorch.
CASES = {
    "Add": [(lambda x, y: x + y, (normal(5, 3), normal(3))), (lambda x: x + 2, (normal(4),))],
    "Subtract": [
        (lambda x, y: x - y, (normal(5, 3), normal(5, 1))),
        (lambda x: 2 - x, (normal(),)),
    ],
    "Multiply": [
        (lambda x, y: x * y, (normal(5, 3), normal(4, 1, 1))),
        (lambda x: x * x, (normal(3),)),
    ],
    "Divide": [
        (lambda x, y: x / y, (normal(5, 3), positive(3))),
        (lambda x: 1 / x, (positive(4),)),
    ],
    "Negate": [(lambda x: -x, (normal(5, 3),))],
    "Power": [
        (lambda x: x**3, (normal(5, 3),)),
        (lambda x: x**0, (np.array([0.0, 1.5, -2.0]),)),
        (lambda x: x**1, (np.array([0.0, 1.5, -2.0]),)),
        (lambda x: x**-2, (positive(4),)),
        (lambda x, y: x**y, (positive(5, 3), normal(3))),
        (lambda y: 2.0**y, (normal(4),)),
        (lambda x, y: x**y, (np.array([0.0, 2.0]), np.array([2.0, 3.0]))),
    ],
    "Exp": [("exp", (normal(5, 3),))],
    "Log": [("log", (positive(5, 3),))],
    "Sin": [("sin", (normal(5, 3),))],
    "Cos": [("cos", (normal(5, 3),))],
    "Tanh": [("tanh", (normal(5, 3),))],
    "Sigmoid": [("sigmoid", (normal(5, 3),)), ("sigmoid", (np.array([-800.0, -40.0, 800.0]),))],
    "Relu": [("relu", (normal(5, 3),)), ("relu", (np.array([0.0, -1.0, 1.0]),))],
    "Maximum": [
        ("maximum", (normal(5, 3), normal(3))),
        ("maximum", (np.array([1.0, 2.0]), np.array([1.0, 3.0]))),
    ],
    "Sum": [
        (lambda x: x.sum(), (normal(5, 3),)),
        (lambda x: x.sum(axis=1), (normal(5, 3, 2),)),
        (lambda x: x.sum(axis=(0, -1), keepdims=True), (normal(5, 3, 2),)),
    ],
    "Mean": [
        (lambda x: x.mean(), (normal(5, 3),)),
        (lambda x: x.mean(axis=-2), (normal(5, 3, 2),)),
        (lambda x: x.mean(axis=0, keepdims=True), (normal(5, 3),)),
    ],
    "Reshape": [
        (lambda x: x.reshape(3, 5), (normal(5, 3),)),
        (lambda x: x.reshape((-1, 2)), (normal(4),)),
    ],
    "BroadcastTo": [
        ("broadcast_to", (normal(3, 1), (2, 3, 4))),
        ("broadcast_to", (normal(1), (1,))),
        ("broadcast_to", (normal(), (2, 2))),
    ],
    "Matmul": [
        (lambda x, y: x @ y, (normal(5, 3), normal(3, 4))),
        (lambda x, y: x @ y, (normal(3, 3), normal(3, 3))),
        (lambda x, y: x @ y, (normal(5, 3), normal(3))),
        (lambda x, y: x @ y, (normal(3), normal(3, 4))),
        (lambda x, y: x @ y, (normal(3), normal(3))),
    ],
}  # fmt: skip
FLAT = [(name, *case) for name, cases in CASES.items() for case in cases]
NAMED = [f"{name}-{i}" for name, cases in CASES.items() for i in range(len(cases))]


def test_every_op_has_a_case():
    """An op that is added to the package without a case is an op that nobody has tested."""
    ours = {op.__name__ for op in Op.__subclasses__() if op.__module__.startswith("backprop_lab")}
    assert ours == set(CASES)


def ours(function):
    return getattr(ops, function) if isinstance(function, str) else function


def theirs(torch, function):
    return getattr(torch, function) if isinstance(function, str) else function


def run(function, values):
    leaves = [parameter(v) if isinstance(v, np.ndarray) else v for v in values]
    leaves = [parameter(v) if isinstance(v, float) else v for v in leaves]
    return [x for x in leaves if isinstance(x, bl.Tensor)], ours(function)(*leaves)


@pytest.mark.parametrize("name, function, values", FLAT, ids=NAMED)
def test_value_and_gradients_agree_with_pytorch(name, function, values):
    torch = pytest.importorskip("torch")
    leaves, z = run(function, values)
    z_bar = rng.normal(size=z.shape)
    z.backward(z_bar)
    there = [torch.tensor(v) if isinstance(v, (np.ndarray, float)) else v for v in values]
    for t in there:
        if isinstance(t, torch.Tensor):
            t.requires_grad_()
    tz = theirs(torch, function)(*there)
    tz.backward(torch.tensor(z_bar))
    np.testing.assert_allclose(z.data, tz.detach().numpy(), rtol=1e-12)
    for x, t in zip(leaves, [t for t in there if isinstance(t, torch.Tensor)], strict=True):
        np.testing.assert_allclose(x.grad, t.grad.numpy(), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name, function, values", FLAT, ids=NAMED)
def test_forward_and_reverse_rules_are_transposes(name, function, values):
    """⟨z_bar, J x_dot⟩ = ⟨Jᵀ z_bar, x_dot⟩ for random z_bar and x_dot."""
    leaves, z = run(function, values)
    x_dots = {x: rng.normal(size=x.shape) for x in leaves}
    z_bar = rng.normal(size=z.shape)
    *_, (_, z_dot) = forward_sweep(z, x_dots)
    totals = {}
    for node, slot, _, total in reverse_sweep(z, {z.grad_fn: z_bar}):
        totals[node.inputs[slot]] = total
    right = sum(np.sum(totals[x] * x_dot) for x, x_dot in x_dots.items())
    assert np.isclose(np.sum(z_bar * z_dot), right, rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("name, function, values", FLAT, ids=NAMED)
def test_the_record_holds_the_op_under_test(name, function, values):
    _, z = run(function, values)
    assert name in {node.op.__name__ for node, *_ in reverse_sweep(z, {z.grad_fn: np.ones(z.shape)})}


@pytest.mark.parametrize("name, function, values", FLAT, ids=NAMED)
def test_no_rule_writes_into_what_it_was_given(name, function, values):
    leaves, z = run(function, values)
    z_bar = rng.normal(size=z.shape)
    before = [x.data.copy() for x in leaves], z_bar.copy(), z.data.copy()
    list(reverse_sweep(z, {z.grad_fn: z_bar}))
    list(forward_sweep(z, {x: np.ones(x.shape) for x in leaves}))
    after = [x.data for x in leaves], z_bar, z.data
    for old, new in zip([*before[0], *before[1:]], [*after[0], *after[1:]], strict=True):
        np.testing.assert_array_equal(old, new)


def test_no_op_lifts_float32_to_float64():
    x = parameter(positive(4, 4).astype(np.float32))
    for function in (ops.exp, ops.log, ops.sin, ops.cos, ops.tanh, ops.sigmoid, ops.relu, ops.sum):
        assert function(x).dtype == np.float32, function
    for z in (x + 1, 2 * x, x**2, x / 3, 1 - x, x @ x, x.mean(), ops.maximum(x, 0)):
        assert z.dtype == np.float32
        z.backward(np.ones(z.shape))
    assert x.grad.dtype == np.float32


def test_numpys_functions_run_ours():
    x = parameter(positive(3))
    assert np.exp(x).grad_fn.op.__name__ == "Exp"
    assert (np.ones(3) * x).grad_fn.op.__name__ == "Multiply"
    assert (np.float64(2) - x).grad_fn.op.__name__ == "Subtract"


def test_comparisons_are_plain_truth_values():
    x = parameter([1.0, -1.0])
    assert (x > 0).tolist() == [True, False]
    assert (np.zeros(2) < x).tolist() == [True, False]
    assert {x: 1}[x] == 1


def test_matmul_does_not_work_for_an_input_that_is_data():
    """Half of the work of a layer's backward pass would be for the gradient of the data."""
    X, W = bl.tensor(normal(5, 3)), parameter(normal(3, 4))
    node = (X @ W).grad_fn
    assert node.op.vjp(node, np.ones((5, 4)))[0] is None
