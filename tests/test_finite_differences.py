"""gradcheck passes what is right, names what is wrong, and is never green without having looked."""

import re

import numpy as np
import pytest

import backprop_lab as bl
from backprop_lab import ops
from backprop_lab.engine import Op
from backprop_lab.errors import DataError, GradientError, ShapeError
from backprop_lab.finite_differences import gradcheck, numeric_jacobian

rng = np.random.default_rng(3)


def normal(*shape):
    return rng.normal(size=shape)


def positive(*shape):
    return rng.uniform(0.4, 2.0, size=shape)


LABELS = np.array([0, 3, 1, 1, 2])
RIGHT = {
    "add": (lambda x, y: x + y, normal(4, 3), normal(3)),
    "subtract": (lambda x, y: x - y, normal(4, 3), normal(4, 1)),
    "multiply": (lambda x, y: x * y, normal(2, 3), normal(4, 1, 1)),
    "divide": (lambda x, y: x / y, normal(4, 3), positive(3)),
    "power": (lambda x, y: x**y, positive(4, 3), normal(3)),
    "negate": (lambda x: -x, normal(5)),
    "exp": (ops.exp, normal(4, 3)),
    "log": (ops.log, positive(4, 3)),
    "log near 0": (ops.log, np.array([1e-8, 3e-4, 0.02])),
    "sin": (ops.sin, normal(4, 3)),
    "sin, fast": (lambda x: ops.sin(60 * x), normal(4)),
    "sin, far out": (ops.sin, np.array([1e3, -4e4])),
    "cos": (ops.cos, normal(4, 3)),
    "tanh": (ops.tanh, normal(4, 3)),
    "sigmoid": (ops.sigmoid, normal(4, 3)),
    "relu": (ops.relu, normal(4, 3)),
    "relu near its kink": (ops.relu, np.array([3e-2, -3e-3, 2e-5, -1e-6, 1e-8])),
    "abs": (ops.abs, normal(4, 3)),
    "sqrt": (ops.sqrt, positive(4, 3)),
    "square, far out": (lambda x: x * x, np.array([1e10, -3e5, 1e-7])),
    "maximum": (ops.maximum, normal(4, 3), normal(3)),
    "minimum": (ops.minimum, normal(4, 3), normal(3)),
    "where": (lambda x, y: ops.where([True, False, True], x, y), normal(2, 3), normal(3)),
    "clip": (lambda x: ops.clip(x, -0.5, 0.6), normal(4, 3)),
    "matmul": (lambda x, y: x @ y, normal(4, 3), normal(3, 5)),
    "matmul, square": (lambda x, y: x @ y, normal(3, 3), normal(3, 3)),
    "matmul, batch": (lambda x, y: x @ y, normal(2, 4, 3), normal(3, 2)),
    "reshape": (lambda x: x.reshape(3, 4) ** 2, normal(4, 3)),
    "transpose": (lambda x: x.T ** 2, normal(4, 3)),
    "broadcast_to": (lambda x: ops.broadcast_to(x, (2, 3, 4)), normal(3, 1)),
    "concatenate": (lambda x, y: ops.concatenate([x, y, x], 1), normal(2, 3), normal(2, 1)),
    "stack": (lambda x, y: ops.stack([x, y], 1), normal(2, 3), normal(2, 3)),
    "index": (lambda x: x[[0, 0, 2]], normal(4, 3)),
    "sum": (lambda x: x.sum(axis=1), normal(4, 3)),
    "mean": (lambda x: x.mean(axis=0), normal(4, 3)),
    "max": (lambda x: x.max(axis=1), normal(4, 3)),
    "logsumexp": (lambda x: ops.logsumexp(x, axis=0), normal(4, 3)),
    "softmax": (ops.softmax, normal(4, 3)),
    "sum of softmax, no slope": (lambda x: ops.softmax(x).sum(axis=1), normal(4, 3)),
    "log_softmax": (ops.log_softmax, normal(4, 3)),
    "cross-entropy": (lambda x: ops.softmax_cross_entropy(x, LABELS), normal(5, 4)),
    "scalar": (lambda x: x * x, 3.0),
    "a network": (
        lambda X, W, b, V: ops.tanh(X @ W + b) @ V,
        normal(5, 3), normal(3, 4), normal(4), normal(4, 2),
    ),
    "what does not depend on y": (lambda x, y: x * 2, normal(3), normal(2)),
}  # fmt: skip


@pytest.mark.parametrize("name", RIGHT)
def test_what_is_right_passes(name):
    f, *xs = RIGHT[name]
    result = gradcheck(f, *xs, second_order=True)
    assert result, result
    assert result.error < 1e-5 * (1 + abs(result.worst.numeric))
    lost = name == "sum of softmax, no slope"  # its second derivatives are nothing but rounding
    assert lost or (len(result.tested) == 6 and not result.not_tested)
    assert lost or not any("not tested" in text for text in result.warnings), result


def rule(forward, vjp, jvp=None):
    """An Op, as a learner would have written it, that saves its inputs."""

    def run(ctx, *xs):
        ctx.save_for_backward(*xs)
        return forward(*xs)

    rules = {"forward": run, "vjp": lambda ctx, z_bar: vjp(z_bar, *ctx.saved_tensors)}
    if jvp:
        rules["jvp"] = lambda ctx, *x_dots: jvp(*x_dots, *ctx.saved_tensors)
    return type("Mine", (Op,), rules).apply


def square(vjp, jvp=None):
    return rule(lambda x: x * x, vjp, jvp)


TRIANGLE = np.triu(np.ones((4, 4)))
WRONG = {
    "twice": (square(lambda z_bar, x: 4 * x * z_bar), (5,), "Twice", 2),
    "half": (square(lambda z_bar, x: x * z_bar), (5,), "Half", 0.5),
    "sign": (square(lambda z_bar, x: -2 * x * z_bar), (5,), "sign", -1),
    "zero": (square(lambda z_bar, x: 0 * x), (5,), "Zero", 0),
    "three times": (square(lambda z_bar, x: 21 * x * z_bar), (5,), "10.5 times", 10.5),
    "no number": (square(lambda z_bar, x: x * np.nan * z_bar), (5,), "no number", None),
    "1/n missing": (
        rule(lambda x: x.mean(), lambda z_bar, x: np.ones_like(x) * z_bar),
        (5, 3), "15 is the number of entries of x: usually the 1/n of a mean is missing", 15,
    ),
    "1/n of an axis missing": (
        rule(lambda x: x.mean(axis=0), lambda z_bar, x: np.ones_like(x) * z_bar),
        (5, 3), "5 is the size of axis 0 of x: usually the 1/n of a mean is missing", 5,
    ),
    "1/n too often": (
        rule(lambda x: x.sum(), lambda z_bar, x: np.ones_like(x) * z_bar / x.size),
        (5, 3), "1/15, and 15 is the number of entries of x", 1 / 15,
    ),
    "transposed, an axis of x": (
        rule(lambda x: x.T * 1, lambda z_bar, x: z_bar), (3, 3), "Transposed", None,
    ),
    "transposed, J for its transpose": (
        rule(lambda x: TRIANGLE @ x, lambda z_bar, x: TRIANGLE @ z_bar),
        (4,), "Transposed", None,
    ),
    "z_bar ignored": (square(lambda z_bar, x: 2 * x), (5,), "leaves z_bar out", None),
    "z_bar ignored before a sum": (
        lambda x: square(lambda z_bar, x: 2 * x)(x).sum(), (5,), "leaves z_bar out", None,
    ),
    "one in a million": (
        square(lambda z_bar, x: 2 * x * z_bar * (1 + 1e-6)), (5,), "", 1 + 1e-6,
    ),
    "one entry only": (
        square(lambda z_bar, x: 2 * x * z_bar + np.eye(5)[3] * z_bar),
        (5,), "No one factor|All of", None,
    ),
}  # fmt: skip


@pytest.mark.parametrize("f, shape, meaning, ratio", WRONG.values(), ids=WRONG.keys())
def test_what_is_wrong_is_named(f, shape, meaning, ratio):
    result = gradcheck(f, positive(*shape))
    assert not result
    assert re.search(meaning, result.worst.meaning), result
    assert meaning.split("|")[0] in repr(result) or "|" in meaning
    if ratio is not None:
        assert result.worst.ratio == pytest.approx(ratio, rel=1e-8)


def test_the_worst_entry_is_named_where_it_is():
    f = square(lambda z_bar, x: 2 * x * z_bar + 5 * np.eye(5)[3] * z_bar)
    worst = gradcheck(f, [1.0, 2.0, 3.0, 4.0, 5.0]).worst
    assert (worst.mode, worst.input, worst.index, worst.output) == ("reverse mode", "x", (3,), (3,))
    assert worst.analytic == pytest.approx(13) and worst.numeric == pytest.approx(8)
    assert worst.error == pytest.approx(5) and worst.ratio == pytest.approx(13 / 8)


def test_inputs_are_called_what_the_learner_calls_them():
    class Scale(Op):
        def forward(ctx, x, factor):
            ctx.save_for_backward(x, factor)
            return x * factor

        def vjp(ctx, z_bar):
            x, factor = ctx.saved_tensors
            return z_bar * factor, -z_bar * x

    assert gradcheck(Scale.apply, normal(3), normal(3)).worst.input == "factor"
    assert gradcheck(lambda X, W: Scale.apply(X, W), normal(3), normal(3)).worst.input == "W"


def test_slopes_too_small_to_see_are_not_called_green():
    wrong = square(lambda z_bar, x: 5 * x * z_bar)
    result = gradcheck(lambda x: wrong(1e-12 * x), normal(3))
    assert not result


def test_only_the_input_that_is_wrong_is_accused():
    f = rule(lambda X, W: X @ W, lambda z_bar, X, W: (z_bar @ W.T, -X.T @ z_bar))
    result = gradcheck(lambda X, W: f(X, W), normal(4, 3), normal(3, 2))
    assert [fault.worst.input for fault in result.faults] == ["W"]
    assert "sign" in result.worst.meaning


def test_an_op_without_jvp_is_not_called_green_in_forward_mode():
    result = gradcheck(square(lambda z_bar, x: 2 * x * z_bar), normal(3))
    assert result
    assert result.tested == ["reverse mode"]
    assert "not tested: forward mode and the transpose test: Mine has no jvp" in repr(result)


def test_a_wrong_jvp_is_told_from_a_wrong_vjp():
    right = square(lambda z_bar, x: 2 * x * z_bar, lambda x_dot, x: 2 * x * x_dot)
    wrong = square(lambda z_bar, x: 2 * x * z_bar, lambda x_dot, x: -2 * x * x_dot)
    assert gradcheck(right, normal(3))
    modes = [fault.mode for fault in gradcheck(wrong, normal(3)).faults]
    assert modes == ["forward mode", "transpose test"]


def test_a_wrong_shape_is_a_fault_not_an_exception():
    result = gradcheck(square(lambda z_bar, x: (2 * x * z_bar).sum()), normal(3))
    assert not result
    assert "Mine.vjp returned shape () for an input of shape (3,)" in repr(result)
    result = gradcheck(square(lambda z_bar, x: 2 * x * z_bar, lambda x_dot, x: None), normal(3))
    assert [fault.mode for fault in result.faults] == ["forward mode"]


def test_a_detached_path_is_found():
    result = gradcheck(lambda x: x * 2 + bl.tensor(x.data) * 3, normal(3))
    assert not result and result.worst.ratio == pytest.approx(0.4)
    assert "Zero" in gradcheck(lambda x: ops.sin(x.detach()), normal(3)).worst.meaning


class TestSecondOrder:
    def test_a_rule_that_saved_something_else_is_found(self):
        class Mine(Op):
            def forward(ctx, x):
                ctx.save_for_backward(3 * x**2)
                return x**3

            def vjp(ctx, z_bar):
                return z_bar * ctx.saved_tensors[0]

        x = positive(3)
        assert gradcheck(Mine.apply, x)
        result = gradcheck(Mine.apply, x, second_order=True)
        assert not result
        assert {fault.mode for fault in result.faults} == {
            "second-order reverse mode", "second-order forward mode",
        }  # fmt: skip
        assert result.worst.input == "x" and "∂x_bar" in repr(result)

    def test_a_rule_that_cannot_go_on_is_a_fault(self):
        f = square(lambda z_bar, x: np.cumsum(np.diff(2 * x * z_bar, prepend=0)))
        assert gradcheck(f, normal(3))
        result = gradcheck(f, normal(3), second_order=True)
        assert not result and "np.diff has no derivative rule" in repr(result)


class TestKinks:
    @pytest.mark.parametrize("f", [ops.relu, ops.abs, lambda x: ops.clip(x, 0, 5)])
    def test_any_slope_between_the_two_sides_passes_and_is_said(self, f):
        result = gradcheck(f, [1.5, -2.0, 0.0, 3.0])
        assert result
        assert "x[2]: at a kink" in repr(result)
        assert "x[0]" not in repr(result)

    def test_a_slope_outside_of_them_does_not(self):
        f = rule(lambda x: np.maximum(x, 0), lambda z_bar, x: z_bar * ((x > 0) + 1.2 * (x == 0)))
        assert not gradcheck(f, [1.5, -2.0, 0.0])
        f = rule(lambda x: np.maximum(x, 0), lambda z_bar, x: z_bar * ((x > 0) + 0.7 * (x == 0)))
        assert gradcheck(f, [1.5, -2.0, 0.0])

    def test_a_tie(self):
        result = gradcheck(lambda x: x.max(), [1.0, 3.0, 3.0])
        assert result and "x[1], x[2]: at a kink" in repr(result)

    def test_a_bug_beside_a_kink_is_found(self):
        f = rule(lambda x: np.maximum(x, 0), lambda z_bar, x: 2 * z_bar * (x > 0))
        assert "Twice" in gradcheck(f, [1e-3, 0.0, 2.0]).worst.meaning

    def test_smooth_functions_have_none(self):
        for f in (ops.exp, ops.tanh, lambda x: ops.abs(x) * x, lambda x: 1000 + x**4):
            result = gradcheck(f, [0.0, 1e-9, 2.0])
            assert result and not result.warnings, result


def test_where_f_has_no_slope_is_said_and_not_called_green():
    result = gradcheck(ops.sqrt, [0.0, 4.0])
    assert result and "x[0]: not tested" in repr(result)
    result = gradcheck(ops.sqrt, 0.0)
    assert not result and not result.tested
    assert "gradcheck tested nothing" in repr(result)


class TestFloat32:
    def test_inputs_are_converted_with_a_warning(self):
        result = gradcheck(ops.sin, normal(4).astype(np.float32))
        assert result and "float32" in repr(result)
        assert result.error < 1e-9

    def test_a_function_that_insists_on_it_is_checked_loosely(self):
        def f(x):
            return (x.astype("float32") ** 2).sum()

        result = gradcheck(f, positive(4))
        assert result, result
        assert "f computes in float32" in repr(result)
        wrong = square(lambda z_bar, x: 2.01 * x * z_bar)
        assert not gradcheck(lambda x: wrong(x.astype("float32")), positive(4))


class TestLarge:
    def test_many_entries_are_sampled_and_it_is_said(self):
        result = gradcheck(ops.tanh, normal(60, 10))
        assert result and "50 of 600 inputs and a random direction" in repr(result)

    def test_one_wrong_entry_of_many_is_still_found(self):
        spike = np.zeros(500)
        spike[123] = 0.5
        f = square(lambda z_bar, x: 2 * x * z_bar + spike * z_bar)
        assert not gradcheck(f, positive(500))

    def test_factors_are_named_there_too(self):
        assert (
            "Twice"
            in gradcheck(square(lambda z_bar, x: 4 * x * z_bar), positive(500)).worst.meaning
        )


class TestBadInput:
    def test_each_is_refused_with_its_own_words(self):
        with pytest.raises(DataError, match="f is a float"):
            gradcheck(3.0, 1.0)
        with pytest.raises(DataError, match="needs a point"):
            gradcheck(ops.sin)
        with pytest.raises(DataError, match="astype"):
            gradcheck(ops.sin, np.arange(3))
        with pytest.raises(DataError, match="Argument 0 is a str"):
            gradcheck(ops.sin, "x")
        with pytest.raises(DataError, match="x holds nan"):
            gradcheck(ops.sin, [np.nan, 1.0])
        with pytest.raises(DataError, match="inside its domain"):
            gradcheck(ops.log, [-1.0, 1.0])
        with pytest.raises(ShapeError, match="no entries"):
            gradcheck(ops.sin, np.zeros((0, 3)))
        with pytest.raises(ShapeError, match="no entries"):
            gradcheck(lambda x: x[:0], normal(3))
        with pytest.raises(GradientError, match="returned a float64"):
            gradcheck(lambda x: x.data.sum(), normal(3))
        with pytest.raises(DataError, match="two values"):
            gradcheck(lambda x: x * rng.normal(), normal(3))

    def test_what_is_given_stays_as_it_was(self):
        x = bl.parameter(normal(3), name="w")
        before = x.data.copy()
        result = gradcheck(lambda t: t * x, x)
        assert result and x.grad is None
        np.testing.assert_array_equal(x.data, before)
        assert result.worst.input == "w"


def test_weights_that_f_brings_along_do_not_matter():
    w = bl.parameter(normal(3, 2))
    mine = rule(lambda x: np.cumsum(x), lambda z_bar, x: np.cumsum(z_bar[::-1])[::-1])
    assert gradcheck(lambda x: mine((x @ w).reshape(-1)), normal(4, 3))


def test_numeric_jacobian():
    A = normal(2, 3)
    found = numeric_jacobian(lambda x: bl.tensor(A) @ x, normal(3, 4))
    assert found.shape == (2, 4, 3, 4)
    np.testing.assert_allclose(found, np.einsum("ik,jl->ijkl", A, np.eye(4)), atol=1e-11)


def test_a_pass_is_one_line_and_the_same_every_time():
    x = normal(3)
    first, second = gradcheck(ops.sin, x), gradcheck(ops.sin, x)
    assert repr(first) == repr(second)
    assert "\n" not in repr(first)
    assert re.fullmatch(
        r"gradcheck passed: reverse mode, forward mode, transpose test\. "
        r"Largest error \d\.\de-\d\d \(step .*\)\.",
        repr(first),
    )


def test_a_nan_is_no_ones_fault_but_its_rules():
    """An infinite slope elsewhere explains a nan only where it can have come from there."""

    class Lost(Op):
        def forward(ctx, x):
            return x * 2

        def vjp(ctx, z_bar):
            return z_bar * np.nan

    def f(x, y):
        return Lost.apply(x) + ops.sqrt(y)

    with np.errstate(divide="ignore"):
        assert not gradcheck(f, 2.0, 0.0)
