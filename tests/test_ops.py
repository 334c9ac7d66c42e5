"""Every op: its value and derivatives against PyTorch, its three rules against each other.

Ops are found by themselves; an op without a case in `op_cases.py` fails
`test_every_op_has_a_case`.
"""

import numpy as np
import pytest

import backprop_lab as bl
from backprop_lab import ops
from backprop_lab.engine import Op
from backprop_lab.leaves import parameter
from tests.op_cases import CASES, OURS, PYTORCH, SQUARE, normal, positive, torch
from tests.op_checks import ALL, CHECKS


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("case", ALL, ids=repr)
def test_every_op(case, check):
    check(case)


def every_op(base=Op):
    return {op for child in base.__subclasses__() for op in {child, *every_op(child)}}


def test_every_op_has_a_case():
    """An op that is added to the package without a case is an op that nobody has tested."""
    ours = {op.__name__ for op in every_op() if op.ours}
    assert ours == set(CASES)
    assert {"Alias", "Min", "Cast", "Scatter"} <= ours
    assert min(map(len, CASES.values())) > 1


class TestKinks:
    """Where there is no slope, a convention; each of them is PyTorch's."""

    @pytest.mark.parametrize(
        "f, x, slope",
        [
            (lambda x: ops.relu(x), 0.0, 0.0),
            (lambda x: ops.relu(x), -0.0, 0.0),
            (lambda x: abs(x), 0.0, 0.0),
            (lambda x: ops.maximum(x, 1.0), 1.0, 0.5),
            (lambda x: ops.minimum(x, 1.0), 1.0, 0.5),
            (lambda x: ops.maximum(1.0, x), 1.0, 0.5),
            (lambda x: ops.maximum(x, x), 1.0, 1.0),
            (lambda x: x.clip(0, 1), 1.0, 1.0),
            (lambda x: x.clip(0, 1), 0.0, 1.0),
            (lambda x: x.clip(1, 1), 1.0, 1.0),
            (lambda x: x**0, 0.0, 0.0),
            (lambda x: x.sqrt(), 0.0, np.inf),
        ],
    )
    def test_the_slope_at_a_kink(self, f, x, slope):
        with np.errstate(divide="ignore"):
            assert bl.grad(f)(x).item() == slope
            assert bl.jvp(f, (x,), (1.0,))[1].item() == slope

    def test_powers_of_zero_have_derivatives(self):
        x, y = parameter([0.0, 0.0]), parameter([2.0, 3.0])
        (x**y).backward(np.ones(2))
        assert x.grad.tolist() == y.grad.tolist() == [0.0, 0.0]
        assert bl.hvp(lambda x: x**2, 0.0, 1.0).item() == 2.0
        assert bl.hvp(lambda x: x**0, 0.0, 1.0).item() == 0.0

    @pytest.mark.parametrize("name", ["max", "min"])
    def test_entries_that_tie_share_evenly(self, name):
        x = parameter([[2.0, 2.0, 2.0], [1.0, 1.0, 1.0]])
        getattr(x[0], name)().backward()
        assert x.grad.tolist() == [[1 / 3] * 3, [0.0] * 3]


@pytest.mark.parametrize("name", ["softmax", "log_softmax", "logsumexp", "sigmoid", "tanh"])
@pytest.mark.parametrize("size", [1e3, 1e8, 1e300])
def test_large_numbers_neither_overflow_nor_warn(name, size):
    x = parameter([size, -size, 0.0, size / 2])
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        z = getattr(ops, name)(x)
        z.backward(np.ones(z.shape))
    assert np.isfinite(z.data).all() and np.isfinite(x.grad).all()


def test_cross_entropy_of_large_scores_is_exact():
    x = parameter([[1e6, 0.0], [1e6, 0.0]])
    z = ops.softmax_cross_entropy(x, [0, 1])
    z.backward()
    assert z.item() == 5e5
    assert x.grad.tolist() == [[0.0, 0.0], [0.5, -0.5]]


def test_the_side_that_is_not_taken_gets_exactly_zero():
    x, y = parameter([1.0, np.inf]), parameter([np.nan, 2.0])
    ops.where([True, False], x, y).backward(np.array([3.0, 4.0]))
    assert x.grad.tolist() == [3.0, 0.0]
    assert y.grad.tolist() == [0.0, 4.0]


DTYPES = ["float32", "float64"]


@pytest.mark.parametrize("name", ["add", "subtract", "multiply", "divide", "maximum", "minimum"])
@pytest.mark.parametrize("shapes", [((), ()), ((), (2, 3)), ((2, 3), ()), ((3,), (2, 1))], ids=str)
@pytest.mark.parametrize("dtypes", [(a, b) for a in DTYPES for b in DTYPES], ids="-".join)
def test_dtypes_mix_as_in_pytorch(name, shapes, dtypes):
    values = [
        np.asarray(positive(*shape), dtype) for shape, dtype in zip(shapes, dtypes, strict=True)
    ]
    xs = [parameter(x) for x in values]
    z = getattr(OURS, name)(*xs)
    z.backward(np.ones(z.shape))
    ts = [torch.tensor(x, requires_grad=True) for x in values]
    tz = getattr(PYTORCH, name)(*ts)
    tz.backward(torch.ones_like(tz))
    assert z.dtype.name == tz.detach().numpy().dtype.name
    for x, t in zip(xs, ts, strict=True):
        assert x.grad.dtype == x.dtype
        np.testing.assert_allclose(x.grad, t.grad.numpy(), rtol=1e-5)


def test_numbers_do_not_lift_float32():
    x = parameter(positive(4, 4).astype(np.float32))
    for z in (x + 1, 2 * x, x**2, x / 3, 1 - x, 2.0**x, ops.maximum(x, 0), ops.where(True, x, 1)):
        assert z.dtype == np.float32
        z.backward(np.ones(z.shape))
    assert x.grad.dtype == np.float32


def test_integers_and_truth_values_are_numbers():
    x = parameter([1.5, -2.0])
    (x * np.array([2, 3]) + np.array([True, False])).sum().backward()
    assert x.grad.tolist() == [2.0, 3.0]
    assert (bl.tensor(np.array([1, 2])) + True).data.tolist() == [2, 3]


METHODS = [
    "abs", "astype", "clip", "cos", "exp", "log", "log_softmax", "logsumexp", "max", "mean", "min",
    "relu", "reshape", "sigmoid", "sin", "softmax", "sqrt", "sum", "tanh", "transpose",
]  # fmt: skip
ARGUMENTS = {"clip": (0.5, 1), "transpose": (0, 1), "reshape": (9,), "astype": ("float32",)}


@pytest.mark.parametrize("name", METHODS)
def test_a_method_is_the_operator(name):
    x, arguments = parameter(np.abs(SQUARE)), ARGUMENTS.get(name, ())
    z, same = getattr(x, name)(*arguments), getattr(ops, name)(x, *arguments)
    assert z.grad_fn.op is same.grad_fn.op
    np.testing.assert_array_equal(z.data, same.data)


UNARY = [np.exp, np.log, np.sin, np.cos, np.tanh, np.abs, np.sqrt, np.negative, np.sum, np.mean]
BINARY = [np.add, np.subtract, np.multiply, np.divide, np.power, np.maximum, np.minimum, np.matmul]


@pytest.mark.parametrize("function", UNARY, ids=lambda f: f.__name__)
def test_numpys_functions_run_ours(function):
    x = parameter(np.abs(SQUARE))
    assert function(x).requires_grad
    np.testing.assert_array_equal(function(x).data, function(x.data))


@pytest.mark.parametrize("function", BINARY, ids=lambda f: f.__name__)
def test_numpys_functions_of_two_run_ours_from_either_side(function):
    a, b = np.abs(SQUARE), positive(3, 3)
    for z in (function(parameter(a), b), function(a, parameter(b))):
        assert z.requires_grad
        np.testing.assert_array_equal(z.data, function(a, b))
    assert (np.float64(2) - parameter(a)).grad_fn.op.__name__ == "Subtract"
    assert (a * parameter(b)).grad_fn.op.__name__ == "Multiply"
    assert (a @ parameter(b)).grad_fn.op.__name__ == "Matmul"


def test_comparisons_are_plain_truth_values():
    x = parameter([1.0, -1.0])
    assert (x > 0).tolist() == [True, False]
    assert (np.zeros(2) < x).tolist() == [True, False]
    assert (x == x).tolist() == [True, True]
    assert (x != x).tolist() == [False, False]
    assert {x: 1}[x] == 1


def test_matmul_does_not_work_for_an_input_that_is_data():
    """Half of the work of a layer's backward pass would be for the gradient of the data."""
    X, W = bl.tensor(normal(5, 3)), parameter(normal(3, 4))
    node = (X @ W).grad_fn
    assert node.op.vjp(node, np.ones((5, 4)))[0] is None


def test_a_training_step_repeats_to_the_last_bit():
    def gradients():
        random = np.random.default_rng(0)
        W, b = parameter(random.normal(size=(4, 3))), parameter(np.zeros(3))
        scores = ops.tanh(bl.tensor(random.normal(size=(8, 4))) @ W + b)
        ops.softmax_cross_entropy(scores, np.arange(8) % 3).backward()
        return W.grad, b.grad

    for first, second in zip(gradients(), gradients(), strict=True):
        np.testing.assert_array_equal(first, second)
