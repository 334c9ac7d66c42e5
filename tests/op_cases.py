"""What the tests put every op through: functions of tensors, written once for us and PyTorch.

A case is a function f(o, *xs) and its inputs. `o` holds the operators: OURS or PYTORCH, which has
the same names and takes the same arguments.
"""

from types import SimpleNamespace

import numpy as np
import pytest

import backprop_lab as bl
from backprop_lab import ops
from backprop_lab.transforms import Alias

torch = pytest.importorskip("torch")
rng = np.random.default_rng(1)


def normal(*shape):
    return rng.normal(size=shape)


def positive(*shape):
    return rng.uniform(0.4, 2.0, size=shape)


def array(*entries):
    return np.array(entries, float)


def every_axis(x, axis):
    return (tuple(range(x.ndim)) or 0) if axis is None else axis


def reduction(function):
    return lambda x, axis=None, keepdims=False: function(x, every_axis(x, axis), keepdims)


def positions(index, shape):
    """Where an index points to in the flattened array, by NumPy: any index will do."""
    entries = np.arange(np.prod(shape, dtype=int)).reshape(shape)
    return torch.tensor(np.array(entries[index]))


def torch_scatter(x, index, shape):
    zeros, where = torch.zeros(int(np.prod(shape)), dtype=x.dtype), positions(index, shape)
    x = x.expand(where.shape).reshape(-1)
    return zeros.index_add(0, where.reshape(-1), x).reshape(shape)


def torch_log_softmax(x, axis=-1):
    return x - torch.logsumexp(x, every_axis(x, axis), keepdim=True)


def torch_cross_entropy(logits, labels):
    labels = torch.as_tensor(labels).reshape(-1)
    return torch.nn.functional.cross_entropy(logits.reshape(-1, logits.shape[-1]), labels)


OURS = SimpleNamespace(
    **{name: getattr(ops, name) for name in ops.__all__}, alias=Alias.apply, constant=bl.tensor
)
ALIKE = [
    "abs", "add", "broadcast_to", "cos", "divide", "exp", "log", "matmul", "maximum", "minimum",
    "multiply", "relu", "sigmoid", "sin", "sqrt", "subtract", "tanh", "transpose",
]  # fmt: skip
PYTORCH = SimpleNamespace(
    **{name: getattr(torch, name) for name in ALIKE},
    alias=torch.clone,
    astype=lambda x, dtype: x.to(getattr(torch, dtype)),
    clip=torch.clamp,
    concatenate=torch.cat,
    constant=torch.as_tensor,
    index=lambda x, i: x.reshape(-1)[positions(i, tuple(x.shape))],
    log_softmax=torch_log_softmax,
    logsumexp=reduction(torch.logsumexp),
    max=reduction(torch.amax),
    mean=reduction(torch.mean),
    min=reduction(torch.amin),
    negate=torch.neg,
    power=torch.pow,
    reshape=lambda x, *shape: x.reshape(*shape),
    scatter=torch_scatter,
    softmax=lambda x, axis=-1: torch.exp(torch_log_softmax(x, axis)),
    softmax_cross_entropy=torch_cross_entropy,
    stack=torch.stack,
    sum=reduction(torch.sum),
    where=lambda condition, x, y: torch.where(torch.as_tensor(condition), x, y),
)


def named(name, *inputs):
    """Cases of one operator by its name, one for each tuple of inputs."""
    return [(lambda o, *xs: getattr(o, name)(*xs), xs) for xs in inputs]


def along(name, *cases):
    """Cases of an operator with options such as axis: (input, options)."""
    return [
        (lambda o, x, options=options: getattr(o, name)(x, **options), (x,)) for x, options in cases
    ]


def indexed(*cases):
    return [(lambda o, x, i=i: o.index(x, i), (x,)) for x, i in cases]


def scattered(*cases):
    return [(lambda o, x, a=(i, shape): o.scatter(x, *a), (x,)) for x, i, shape in cases]


REDUCTIONS = [{}, {"axis": 1}, {"axis": -3}, {"axis": (0, -1), "keepdims": True},
              {"axis": (2, 0)}, {"keepdims": True}, {"axis": (0, 1, 2)}]  # fmt: skip
SQUARE = np.array([[1.0, -2.0, 0.5], [3.0, 0.25, -1.5], [-0.75, 2.5, 1.25]])
TIES = np.array([[1.0, 3.0, 3.0], [2.0, 2.0, 2.0], [0.0, -0.0, -1.0]])
HUGE = np.array([[1000.0, -1000.0, 999.0], [-1000.0, -1001.0, -999.5], [0.0, 1000.0, 1000.0]])
TIED = [(TIES, {}), (TIES, {"axis": 1}), (TIES.T, {"axis": 1}), (HUGE, {"axis": -1})]
KINKS = array(0, -0.0, -1, 1, 0.5)


def reductions(name):
    cases = [(normal(5, 3, 2), options) for options in REDUCTIONS]
    square = [(SQUARE, {"axis": 0}), (SQUARE, {"axis": 1}), (SQUARE, {"axis": 1, "keepdims": True})]
    scalar = [(normal(), {}), (normal(1), {"axis": 0})]
    return along(name, *cases, *square, *scalar)


CASES = {
    "Add": [
        (lambda o, x, y: x + y, (normal(5, 3), normal(3))),
        (lambda o, x: x + 2, (normal(4),)),
        (lambda o, x: x + x, (normal(),)),
        (lambda o, x: 1.5 + x + o.constant(SQUARE), (normal(3, 1),)),
        *named("add", (normal(4, 1, 2), normal(3, 1)), (normal(), normal(2, 3)), (SQUARE, SQUARE)),
    ],
    "Subtract": [
        (lambda o, x, y: x - y, (normal(5, 3), normal(5, 1))),
        (lambda o, x: 2 - x, (normal(),)),
        (lambda o, x: x - 2, (normal(3),)),
        (lambda o, x: x - x, (normal(3),)),
        *named("subtract", (normal(3), normal(2, 1)), (normal(), normal())),
    ],
    "Multiply": [
        (lambda o, x, y: x * y, (normal(5, 3), normal(4, 1, 1))),
        (lambda o, x: x * x, (normal(3),)),
        (lambda o, x: 3 * x * o.constant(SQUARE), (normal(3),)),
        *named("multiply", (normal(), normal(2, 3)), (SQUARE, SQUARE.T), (normal(), normal())),
    ],
    "Divide": [
        (lambda o, x, y: x / y, (normal(5, 3), positive(3))),
        (lambda o, x: 1 / x, (positive(4),)),
        (lambda o, x: x / x, (positive(4),)),
        (lambda o, x: x / 4, (normal(2, 3),)),
        *named("divide", (normal(3), -positive(2, 1)), (normal(), positive()), (SQUARE, SQUARE.T)),
    ],
    "Negate": [(lambda o, x: -x, (normal(5, 3),)), *named("negate", (normal(),))],
    "Power": [
        (lambda o, x: x**3, (normal(5, 3),)),
        (lambda o, x: x**2, (array(0, -1.5, 2),)),
        (lambda o, x: x ** o.constant(array(0, 0, 1)), (array(0.5, 1.5, -2),)),
        (lambda o, x: x**1, (array(0, 1.5, -2),)),
        (lambda o, x: x**0.5, (positive(4),)),
        (lambda o, x: x**-2, (positive(4),)),
        (lambda o, x, y: x**y, (positive(5, 3), normal(3))),
        (lambda o, x: x**x, (positive(3),)),
        (lambda o, y: 2.0**y, (normal(4),)),
        (lambda o, x, y: x**y, (array(0.5, 2), array(3, 3))),
        *named("power", (positive(), normal()), (positive(2, 1), normal(3))),
    ],
    "Exp": named("exp", (normal(5, 3),), (normal(),), (array(-1000, -700, 0),)),
    "Log": named("log", (positive(5, 3),), (positive(),), (array(1e-8, 1, 1e8),)),
    "Sin": named("sin", (normal(5, 3),), (normal(),), (array(0, np.pi / 2, -100),)),
    "Cos": named("cos", (normal(5, 3),), (normal(),), (array(0, np.pi / 2, -100),)),
    "Tanh": named("tanh", (normal(5, 3),), (normal(),), (HUGE,)),
    "Sigmoid": named("sigmoid", (normal(5, 3),), (normal(),), (array(-800, -40, 0, 800),)),
    "Relu": named("relu", (normal(5, 3),), (normal(),), (KINKS,), (HUGE,)),
    "Abs": [
        *named("abs", (normal(5, 3),), (normal(),), (KINKS,), (HUGE,)),
        (lambda o, x: abs(x), (SQUARE,)),
    ],
    "Sqrt": named("sqrt", (positive(5, 3),), (positive(),), (array(1e-8, 1e8),)),
    "Maximum": [
        *named("maximum", (normal(5, 3), normal(3)), (array(1, 2), array(1, 3)), (TIES, TIES.T)),
        *named("maximum", (normal(), normal()), (HUGE, SQUARE)),
        (lambda o, x: o.maximum(x, x), (normal(3),)),
        (lambda o, x: o.maximum(o.constant(array(0, 0, 1)), x), (TIES,)),
    ],
    "Minimum": [
        *named("minimum", (normal(5, 3), normal(3)), (array(1, 2), array(1, 3)), (TIES, TIES.T)),
        *named("minimum", (normal(), normal()), (HUGE, SQUARE)),
        (lambda o, x: o.minimum(x, x), (normal(3),)),
    ],
    "Where": [
        (lambda o, x, y: o.where(SQUARE > 0, x, y), (normal(3, 3), normal(3))),
        (lambda o, x, y: o.where(array(1, 0, 1) > 0, x, y), (normal(), normal(2, 1))),
        (lambda o, x, y: o.where(np.array(True), x, y), (normal(), normal())),
        (lambda o, x: o.where(SQUARE > 0, x, o.constant(SQUARE)), (normal(3, 1),)),
        (lambda o, x: o.where(SQUARE > 0, x, 2 * x), (normal(3, 1),)),
    ],
    "Clip": [
        (lambda o, x: o.clip(x, -1, 1), (array(-3, -1, -0.5, 0, 1, 2),)),
        (lambda o, x: o.clip(x, 0.0, None), (SQUARE,)),
        (lambda o, x: o.clip(x, None, 0.5), (SQUARE,)),
        (lambda o, x: o.clip(x, -1, 1), (normal(),)),
    ],
    "Sum": reductions("sum"),
    "Mean": reductions("mean"),
    "Max": [*reductions("max"), *along("max", *TIED)],
    "Min": [*reductions("min"), *along("min", *TIED)],
    "LogSumExp": [
        *reductions("logsumexp"),
        *along("logsumexp", (HUGE, {}), (HUGE, {"axis": 1}), (TIES, {"axis": 0})),
    ],
    "Softmax": along(
        "softmax", (normal(5, 3), {}), (normal(5, 3, 2), {"axis": 1}), (SQUARE, {"axis": 0}),
        (SQUARE, {"axis": -1}), (normal(5, 3), {"axis": None}), (normal(5, 3, 2), {"axis": (0, 2)}),
        (HUGE, {}), (normal(1), {}),
    ),
    "LogSoftmax": along(
        "log_softmax", (normal(5, 3), {}), (normal(5, 3, 2), {"axis": 1}), (SQUARE, {"axis": 0}),
        (SQUARE, {"axis": -1}), (normal(5, 3), {"axis": None}), (normal(5, 3, 2), {"axis": (0, 2)}),
        (HUGE, {}), (normal(1), {}),
    ),
    "SoftmaxCrossEntropy": [
        (lambda o, x: o.softmax_cross_entropy(x, np.array([1, 0, 2, 2, 0])), (normal(5, 3),)),
        (lambda o, x: o.softmax_cross_entropy(x, np.array([1, 0, 2])), (SQUARE,)),
        (lambda o, x: o.softmax_cross_entropy(x, np.array([1, 0, 2])), (HUGE,)),
        (lambda o, x: o.softmax_cross_entropy(x, np.array([[3, 0, 1]] * 2)), (normal(2, 3, 4),)),
        (lambda o, x: o.softmax_cross_entropy(x, np.array(2)), (normal(3),)),
    ],
    "Reshape": [
        (lambda o, x: x.reshape(3, 5), (normal(5, 3),)),
        (lambda o, x: x.reshape((-1, 2)), (normal(4),)),
        (lambda o, x: x.reshape(()), (normal(1, 1),)),
        (lambda o, x: x.reshape(1, 1), (normal(),)),
        (lambda o, x: x.reshape(3, 3), (SQUARE,)),
    ],
    "Transpose": [
        (lambda o, x: x.T, (normal(5, 3),)),
        (lambda o, x: x.T @ x, (SQUARE,)),
        *[(lambda o, x, a=a: o.transpose(x, *a), (normal(5, 3, 2),))
          for a in [(0, 2), (-1, 1), (1, 1)]],
        (lambda o, x: o.transpose(x, 0, 1), (SQUARE,)),
    ],
    "BroadcastTo": [
        (lambda o, x, shape=shape: o.broadcast_to(x, shape), (x,))
        for x, shape in [(normal(3, 1), (2, 3, 4)), (normal(1), (1,)), (normal(), (2, 2)),
                         (normal(), ()), (normal(1, 3, 1), (2, 3, 1)), (normal(3), (3, 3)),
                         (SQUARE.T, (2, 3, 3)), (normal(1, 1), (4, 1, 3))]
    ],
    "Matmul": [
        (lambda o, x, y: x @ y, (normal(*a), normal(*b)))
        for a, b in [((5, 3), (3, 4)), ((3, 3), (3, 3)), ((5, 3), (3,)), ((3,), (3, 4)),
                     ((3,), (3,)), ((3, 3), (3,)), ((3,), (3, 3)), ((1,), (1,)), ((1, 4), (4, 1)),
                     ((2, 5, 3), (2, 3, 4)), ((2, 5, 3), (3, 4)), ((5, 3), (2, 3, 4)),
                     ((2, 1, 5, 3), (4, 3, 6)), ((3,), (2, 3, 4)), ((2, 5, 3), (3,)),
                     ((1, 3, 3), (3, 3, 3)), ((2, 3, 3, 3), (3,)), ((3,), (2, 2, 3, 3))]
    ] + [
        (lambda o, x: x @ x, (SQUARE,)),
        (lambda o, x: o.constant(SQUARE) @ x, (normal(3, 2),)),
        (lambda o, x: x @ o.constant(SQUARE), (normal(4, 2, 3),)),
    ],
    "Index": indexed(
        (normal(5), 2), (normal(5), -1), (normal(5), np.int64(3)), (normal(5), slice(3, 3)),
        (normal(5, 3), slice(None, None, -2)), (normal(5, 3), (slice(1, 4), 0)),
        (normal(5, 3, 2), (..., 1)), (normal(3), (None, ...)), (normal(), (None,)), (normal(), ()),
        (normal(5, 3), np.array([0, 0, 4])), (normal(5), np.array([-1, 4, 4])),
        (normal(5), [1, 1, 3]), (normal(5, 3), np.array([[0, 1], [1, 1]])),
        (normal(2, 3), np.array([], int)), (normal(5, 3), ([0, 0], [1, 1])),
        (SQUARE, SQUARE > 0), (SQUARE, np.array([True, False, True])),
        (SQUARE, (np.array([0, 0, 2]), np.array([1, 1, 0]))),
        (normal(5, 3), (None, slice(2), np.array([0, 0]))),
        (normal(5, 3, 2), (np.array([1, 1]), slice(1, None), -1)),
        (normal(5, 3, 2), (np.array([1, 1]), ..., np.array([0, 0]))),
        (normal(5, 3), (np.array([True, False, True, False, True]), np.array([0, 0, 2]))),
    ),
    "Scatter": scattered(
        (normal(3), np.array([0, 0, 2]), (4,)), (normal(2), slice(1, 3), (4,)), (normal(), 2, (3,)),
        (normal(2, 3), np.array([1, 1]), (3, 3)), (normal(2), (np.array([0, 2]), 1), (3, 4)),
        (normal(3), np.array([-1, 3, 0]), (4,)), (normal(2), np.array([True, False, True]), (3,)),
        (normal(), np.array([0, 0, 2]), (4,)), (normal(3), np.array([1, 1]), (2, 3)),
    ),
    "Concatenate": [
        (lambda o, x, y: o.concatenate([x, y]), (normal(2, 3), normal(4, 3))),
        (lambda o, x, y: o.concatenate([x, y, x], 1), (normal(2, 3), normal(2, 1))),
        (lambda o, x, y: o.concatenate([x, o.constant(SQUARE), y], -1),
         (normal(3, 2), normal(3, 4))),
        (lambda o, x: o.concatenate([x]), (normal(3),)),
        (lambda o, x, y: o.concatenate([x, y], -2), (SQUARE, SQUARE)),
    ],
    "Stack": [
        (lambda o, x, y: o.stack([x, y]), (normal(2, 3), normal(2, 3))),
        (lambda o, x, y: o.stack([x, y, x], 1), (normal(2, 3), normal(2, 3))),
        (lambda o, x, y: o.stack([x, o.constant(array(1, 2)), y], -1), (normal(2), normal(2))),
        (lambda o, x, y: o.stack([x, y]), (normal(), normal())),
        (lambda o, x, y, z: o.stack([x, y, z], 1), (normal(3), normal(3), normal(3))),
    ],
    "Cast": [
        (lambda o, x: o.astype(x, "float32"), (normal(5, 3),)),
        (lambda o, x: o.astype(x, "float64"), (normal(5, 3).astype(np.float32),)),
        (lambda o, x: o.astype(o.sin(x), "float32") * o.constant(SQUARE), (normal(3),)),
        (lambda o, x, y: x * y, (normal(2, 3).astype(np.float32), normal(3))),
        (lambda o, x, y: x + y, (normal(2, 3).astype(np.float32), np.array(2.5))),
    ],
    "Alias": [(lambda o, x: o.alias(x), (normal(5, 3),)), (lambda o, x: o.alias(x), (normal(),))],
}  # fmt: skip
FLAT = [(op, *case) for op, cases in CASES.items() for case in cases]
NAMES = [f"{op}-{i}" for op, cases in CASES.items() for i in range(len(cases))]
