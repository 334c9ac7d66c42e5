"""Properties: what holds for every graph, in every thread, and after any number of steps.

Hypothesis writes programs (shared values, repeated operands, broadcasting, mixed dtypes); each runs
in backprop_lab and in PyTorch. Every step keeps its values between -1 and 1 and stays away from
kinks, so that nothing overflows and no slope is a matter of convention.
"""

import gc
import sys
import threading
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import backprop_lab as bl
from backprop_lab import ops
from backprop_lab.engine import topological_order
from backprop_lab.errors import AnomalyError
from tests.op_cases import OURS, PYTORCH, torch

FULL = (2, 3)  # every shape broadcasts to it
SHAPES = [(), (3,), (2, 1), (1, 3), (2, 3), (1,)]
MASK = np.array([[True, False, True], [False, False, True]])
WHOLE = np.array([[1, -2, 3], [0, 2, -1]])


def full(o, x):
    return o.astype(o.broadcast_to(x, FULL), "float64")


STEPS = {
    "add": lambda o, x, y: (x + y) / 2,
    "subtract": lambda o, x, y: (x - y) / 2,
    "multiply": lambda o, x, y: x * y,
    "divide": lambda o, x, y: x / (2 - y),
    "power": lambda o, x, y: (1.5 + x) ** y / 2.5,
    "negate": lambda o, x, y: -x,
    "cube": lambda o, x, y: x**3,
    "exp": lambda o, x, y: o.exp(x - 1),
    "log": lambda o, x, y: o.log(1.5 + x),
    "sqrt": lambda o, x, y: o.sqrt(1.5 + x) - 1,
    "sin": lambda o, x, y: o.sin(x),
    "cos": lambda o, x, y: o.cos(2 * x),
    "tanh": lambda o, x, y: o.tanh(x + y),
    "sigmoid": lambda o, x, y: o.sigmoid(3 * x),
    "relu": lambda o, x, y: o.relu(1.5 + x) - 1.5,
    "abs": lambda o, x, y: 2 - abs(x - 2),
    "maximum": lambda o, x, y: o.maximum(y - 3, x),
    "minimum": lambda o, x, y: o.minimum(x, y + 3),
    "clip": lambda o, x, y: o.clip(x, -2, 2),
    "where": lambda o, x, y: o.where(MASK, x, y),
    "softmax": lambda o, x, y: o.softmax(full(o, x + y)),
    "logsumexp": lambda o, x, y: o.logsumexp(full(o, x * y), axis=-1, keepdims=True) / 3,
    "log_softmax": lambda o, x, y: o.log_softmax(full(o, x), axis=0) / 3,
    "cross_entropy": lambda o, x, y: o.softmax_cross_entropy(full(o, x), np.array([2, 0])) / 4,
    "sum": lambda o, x, y: o.sum(x) / 6,
    "mean": lambda o, x, y: o.mean(full(o, x), axis=0),
    "max": lambda o, x, y: o.max(o.index(full(o, x), (slice(None), slice(1)))) * o.sin(y),
    "matmul": lambda o, x, y: o.mean(full(o, x) @ full(o, y).T, axis=1, keepdims=True) / 3,
    "vectors": lambda o, x, y: full(o, x)[0] @ full(o, y)[1] / 3,
    "turned": lambda o, x, y: full(o, x).T.reshape(2, 3),
    "picked": lambda o, x, y: o.index(full(o, x), (slice(None, None, -1), np.array([0, 0, 2]))),
    "stacked": lambda o, x, y: o.stack([full(o, x)[0], full(o, y)[1]]),
    "joined": lambda o, x, y: o.concatenate([full(o, x)[:, :1], full(o, y)[:, 1:]], 1),
    "float32": lambda o, x, y: o.astype(x, "float32"),
    "float64": lambda o, x, y: o.astype(x, "float64"),
    "integers": lambda o, x, y: x * o.constant(WHOLE) / 3,
    "integer": lambda o, x, y: x * o.constant(np.array(2)) / 2,
    "truth": lambda o, x, y: x * o.constant(MASK) + 0 * y,
    "constant": lambda o, x, y: x * o.constant(np.array([0.5, -1.0, 0.25])),
    "small constant": lambda o, x, y: x * o.constant(np.array([0.5, -1, 0.25], np.float32)),
}
LEAVES = st.lists(
    st.tuples(st.sampled_from(SHAPES), st.sampled_from(["float64", "float64", "float32"])),
    min_size=1, max_size=3,
)  # fmt: skip
NUMBER = st.integers(0, 99)
PROGRAMS = st.lists(st.tuples(st.sampled_from(sorted(STEPS)), NUMBER, NUMBER), max_size=12)


def bounded(examples=120):
    return settings(max_examples=examples, derandomize=True, deadline=None, database=None)


class Program:
    """A function that is made of steps, each of which reads two of the values before it."""

    def __init__(self, leaves, steps, seed):
        random = np.random.default_rng(seed)
        draw = lambda shape, dtype: np.asarray(random.uniform(-1, 1, shape), dtype)  # noqa: E731
        self.steps = steps
        self.xs = tuple(draw(*leaf) for leaf in leaves)
        self.x_dots = tuple(draw(*leaf) for leaf in leaves)
        values = self.values(OURS, [bl.parameter(x) for x in self.xs])
        self.z_bar = draw(values[-1].shape, values[-1].dtype)
        self.every = tuple(range(len(self.xs)))
        dtypes = {x.dtype for v in values for node in topological_order(v) for x in node.inputs} | {
            v.dtype for v in values
        }
        self.tolerance = 1e-4 if np.dtype(np.float32) in dtypes else 1e-9

    def values(self, o, xs):
        values = list(xs)
        for name, i, j in self.steps:
            n = len(values)
            values.append(STEPS[name](o, values[n - 1 - i % n], values[n - 1 - j % n]))
        return values

    def on(self, o):
        """The program as a function: its last value."""
        return lambda *xs: self.values(o, xs)[-1] * 1.0

    def scalar(self, o):
        """A number that every value takes part in, most of them more than once."""
        return lambda *xs: sum(o.sum(full(o, v) ** 2 + full(o, v)) for v in self.values(o, xs))

    def close(self, ours, theirs):
        for x, y in zip(ours, theirs, strict=True):
            y = np.zeros(x.shape) if y is None else y.detach().numpy()
            assert x.shape == y.shape
            scale = max(1.0, np.abs(y).max())
            np.testing.assert_allclose(x.data, y, rtol=0, atol=self.tolerance * scale)


@bounded()
@given(LEAVES, PROGRAMS, NUMBER)
def test_any_graph_agrees_with_pytorch(leaves, steps, seed):
    """Values, dtypes, gradients, tangents, and Hessians times vectors."""
    p = Program(leaves, steps, seed)
    ts = [torch.tensor(x, requires_grad=True) for x in p.xs]
    tangents = [torch.tensor(x) for x in p.x_dots]
    f, g, tz = p.on(OURS), p.scalar(OURS), p.on(PYTORCH)(*ts)
    z, z_dot = bl.jvp(f, p.xs, p.x_dots)
    p.close([z], [tz])
    assert f"torch.{z.dtype}" == str(tz.dtype)
    x_bars = bl.vjp(f, *p.xs)[1](p.z_bar)
    p.close(x_bars, torch.autograd.grad(tz, ts, torch.tensor(p.z_bar), allow_unused=True))
    assert [x_bar.dtype for x_bar in x_bars] == [x.dtype for x in p.xs]
    left, right = (p.z_bar * z_dot.data).sum(), 0.0
    for x_bar, x_dot in zip(x_bars, p.x_dots, strict=True):
        right += (x_bar.data * x_dot).sum()
    assert abs(left - right) < 20 * p.tolerance

    slopes = torch.autograd.grad(p.scalar(PYTORCH)(*ts), ts, create_graph=True)
    leaves = [bl.parameter(x) for x in p.xs]
    g(*leaves).backward()
    p.close([bl.tensor(x.grad) for x in leaves], slopes)
    along = sum((s * t).sum() for s, t in zip(slopes, tangents, strict=True))
    hvps = torch.autograd.grad(along, ts, allow_unused=True)
    p.close([bl.jvp(bl.grad(g, i), p.xs, p.x_dots)[1] for i in p.every], hvps)
    p.close(bl.grad(lambda *xs: bl.jvp(g, xs, p.x_dots)[1], p.every)(*p.xs), hvps)


@bounded(examples=40)
@given(LEAVES, PROGRAMS, NUMBER)
def test_a_jacobian_is_the_same_by_rows_and_by_columns(leaves, steps, seed):
    p = Program(leaves, steps, seed)
    f = lambda *xs: p.on(OURS)(*xs)  # noqa: E731
    y = f(*map(bl.tensor, p.xs))
    rows = bl.jacobian(f, p.every)(*p.xs)
    copies = lambda *xs: ops.stack([f(*xs)] * 20)  # noqa: E731  (more outputs than inputs)
    columns = bl.jacobian(copies, p.every)(*p.xs)
    assert "forward" in columns[0].name
    for R, C, x in zip(rows, columns, p.xs, strict=True):
        assert R.shape == y.shape + x.shape
        for one in C.data:
            np.testing.assert_allclose(one, R.data, atol=20 * p.tolerance)


@bounded(examples=40)
@given(LEAVES, PROGRAMS, NUMBER)
def test_pulling_back_is_linear_and_repeats_exactly(leaves, steps, seed):
    p = Program(leaves, steps, seed)
    _, pull_back = bl.vjp(p.on(OURS), *p.xs)
    once, again, double = pull_back(p.z_bar), pull_back(p.z_bar), pull_back(p.z_bar * 2)
    for a, b, c in zip(once, again, double, strict=True):
        np.testing.assert_array_equal(a.data, b.data)
        np.testing.assert_allclose(2 * a.data, c.data, atol=10 * p.tolerance)


@bounded(examples=40)
@given(LEAVES, PROGRAMS, NUMBER)
def test_the_order_of_nodes_is_an_order_of_dependence(leaves, steps, seed):
    p = Program(leaves, steps, seed)
    y = p.scalar(OURS)(*[bl.parameter(x) for x in p.xs])
    order = topological_order(y)
    position = {node: i for i, node in enumerate(order)}
    assert len(position) == len(order) and order[-1] is y.grad_fn
    for node in order:
        assert all(x.is_leaf or position[x.grad_fn] < position[node] for x in node.inputs)


def in_threads(*workers, meet=None):
    """Run functions at once, with the threads changing places as often as can be."""
    failures, before = [], sys.getswitchinterval()

    def guarded(worker):
        try:
            worker()
        except BaseException as error:
            failures.append(error)
            if meet:
                meet.abort()  # nobody has to wait for this thread any longer

    sys.setswitchinterval(1e-5)
    try:
        threads = [threading.Thread(target=guarded, args=(worker,)) for worker in workers]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(before)
    failures.sort(key=lambda error: isinstance(error, threading.BrokenBarrierError))
    if failures:
        raise failures[0]


class TestThreads:
    def test_gradients_by_shared_parameters_do_not_disturb_each_other(self):
        W, b = bl.parameter(np.eye(3) + 0.1), bl.parameter(np.ones(3))
        inputs = [np.full((4, 3), value) for value in (0.1, 0.7)]

        def gradients(X):
            loss = lambda W, b: (ops.tanh(X @ W + b) ** 2).sum()  # noqa: E731
            return [x.data.copy() for x in bl.grad(loss, (0, 1))(W, b)]

        def through_leaves(X):
            w = bl.parameter(W.data)
            (ops.tanh(X @ w + b.detach()) ** 2).sum().backward()
            return [w.grad]

        expected = [gradients(X) + through_leaves(X) for X in inputs]

        def worker(i):
            for _ in range(40):
                found = gradients(inputs[i]) + through_leaves(inputs[i])
                for x, y in zip(found, expected[i], strict=True):
                    np.testing.assert_array_equal(x, y)

        in_threads(lambda: worker(0), lambda: worker(1))
        assert W.grad is None and b.grad is None

    def test_no_grad_is_for_one_thread(self):
        x, meet = bl.parameter(2.0), threading.Barrier(2, timeout=60)

        def quiet():
            with bl.no_grad():
                meet.wait()
                assert not (x * x).requires_grad
                meet.wait()  # by now the other thread has opened and closed a block of its own
                assert not (x * x).requires_grad
            assert (x * x).requires_grad

        def recording():
            meet.wait()
            assert (x * x).requires_grad
            assert bl.grad(lambda x: x * x)(x).requires_grad
            with bl.no_grad():
                assert not (x * x).requires_grad
            assert (x * x).requires_grad
            meet.wait()

        in_threads(quiet, recording, meet=meet)

    def test_detect_anomaly_is_for_one_thread(self):
        x, meet = bl.parameter(-1.0), threading.Barrier(2, timeout=60)

        def watching():
            with bl.detect_anomaly():
                meet.wait()
                meet.wait()
                with pytest.raises(AnomalyError):
                    ops.log(x)

        def careless():
            meet.wait()
            with np.errstate(all="ignore"):
                assert np.isnan(ops.log(x).item())
            meet.wait()

        in_threads(watching, careless, meet=meet)


def training(steps):
    """So many steps of training a small network."""
    random = np.random.default_rng(0)
    X, labels = bl.tensor(random.normal(size=(16, 4))), random.integers(0, 3, 16)
    W = [bl.parameter(random.normal(size=shape) * 0.5) for shape in ((4, 8), (8, 3))]
    for _ in range(steps):
        loss = ops.softmax_cross_entropy(ops.tanh(X @ W[0]) @ W[1], labels)
        loss.backward()
        with bl.no_grad():
            for w in W:
                w -= 0.1 * w.grad
                w.grad = None


def penalized(steps):
    """So many steps down a gradient penalty, which needs second derivatives."""
    w = bl.parameter(np.array([0.5, -1.0, 2.0]))
    for _ in range(steps):
        slope = bl.grad(lambda x, w=w: (ops.tanh(x * w) ** 2).sum())(np.ones(3))
        (slope**2).sum().backward()
        bl.jacobian(lambda x, w=w: x * w)(np.ones(3))
        bl.hvp(lambda x, w=w: (w * x**3).sum(), np.ones(3), np.ones(3))
        w.data = w.data - 0.01 * w.grad
        w.grad = None


@pytest.mark.parametrize(
    "train, steps",
    [
        (training, 300),
        (penalized, 30),
        pytest.param(training, 10_000, marks=pytest.mark.thorough),
        pytest.param(penalized, 1_000, marks=pytest.mark.thorough),
    ],
)
def test_training_keeps_its_memory_flat_without_the_garbage_collector(train, steps):
    memory_stays_flat(train, steps)


def memory_stays_flat(train, steps):
    train(5)
    gc.collect()
    gc.disable()  # what a cycle holds would stay, and be seen
    tracemalloc.start()
    try:
        train(steps // 3)
        objects, (held, peak) = len(gc.get_objects()), tracemalloc.get_traced_memory()
        train(steps)
        more_held, higher_peak = tracemalloc.get_traced_memory()
        assert len(gc.get_objects()) - objects < 20
        # Python puts freed tuples by for later; one lost graph a step would be far more.
        assert more_held - held < 100_000
        assert higher_peak - peak < 100_000
    finally:
        tracemalloc.stop()
        gc.enable()
