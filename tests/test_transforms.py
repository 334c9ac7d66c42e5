"""The transforms: numbers as torch.func's, levels that never mix, and what they leave behind.

Tests without arguments here are also checks that every mutant in `mutants.py` has to face.
"""

import numpy as np
import pytest

import backprop_lab as bl
from backprop_lab import ops
from backprop_lab.errors import DataError, GradientError, LabError, RuleError, ShapeError
from tests.op_cases import OURS, PYTORCH, SQUARE, array, normal, torch

FUNCTIONS = {  # of one input: (function, a value of it)
    "cubic": (lambda o, x: o.sum(x**3), normal(4)),
    "shared": (lambda o, x: o.sum(o.sin(x) * o.sin(x) * x), normal(3, 2)),
    "quadratic form": (lambda o, x: x @ (o.constant(SQUARE) @ x), normal(3)),
    "softmax": (lambda o, x: o.logsumexp(x @ x.T) + o.sum(o.softmax(x) * x), normal(3, 2)),
    "scalar": (lambda o, x: o.exp(o.sin(x)) / (1 + x * x), np.array(0.7)),
    "loss": (lambda o, x: o.softmax_cross_entropy(o.tanh(x), np.array([0, 2, 1])), SQUARE),
    "picked": (lambda o, x: o.sum(o.index(x, np.array([0, 0, 2])) ** 2) * x[1], normal(3)),
    "linear": (lambda o, x: o.sum(2 * x), normal(3)),
    "one entry": (lambda o, x: x[0] * 1, normal(3)),
}
SEVERAL = {  # of one input and with several outputs
    "wide": (lambda o, x: x[:2] * x[2], normal(4)),
    "tall": (lambda o, x: o.concatenate([x, o.sin(x), x * x]), normal(2)),
    "square": (lambda o, x: o.tanh(o.constant(SQUARE) @ x), normal(3)),
    "matrix to matrix": (lambda o, x: x.T @ x, normal(2, 3)),
    "scalar to vector": (lambda o, x: x * o.constant(array(1, 2, 3)), np.array(0.5)),
    "matrix to scalar": (lambda o, x: o.sum(x * x), normal(2, 3)),
    "the input": (lambda o, x: x, normal(3)),
}


def both(f):
    """A function of ours, and PyTorch's."""
    return lambda *xs: f(OURS, *xs), lambda *xs: f(PYTORCH, *xs)


def close(ours, theirs):
    theirs = theirs.detach().numpy()
    assert isinstance(ours, bl.Tensor)
    assert ours.shape == theirs.shape
    np.testing.assert_allclose(ours.data, theirs, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_grad_hvp_and_hessian_agree_with_torch_func(name):
    (ours, theirs), x = both(FUNCTIONS[name][0]), FUNCTIONS[name][1]
    v, t = np.asarray(normal(*x.shape)), torch.tensor(x)
    close(bl.grad(ours)(x), torch.func.grad(theirs)(t))
    hvp = torch.func.jvp(torch.func.grad(theirs), (t,), (torch.tensor(v),))[1]
    close(bl.hvp(ours, x, v), hvp)
    close(bl.jacobian(bl.grad(ours))(x), torch.func.hessian(theirs)(t))
    close(bl.grad(lambda x: bl.jvp(ours, (x,), (v,))[1])(x), hvp)
    close(bl.grad(lambda x: (bl.grad(ours)(x) * v).sum())(x), hvp)


@pytest.mark.parametrize("name", FUNCTIONS | SEVERAL)
def test_vjp_jvp_and_jacobian_agree_with_torch_func(name):
    f, x = (FUNCTIONS | SEVERAL)[name]
    ours, theirs = both(f)
    t, x_dot = torch.tensor(x), np.asarray(normal(*x.shape))
    y, y_dot = bl.jvp(ours, (x,), (x_dot,))
    ty, ty_dot = torch.func.jvp(theirs, (t,), (torch.tensor(x_dot),))
    close(y, ty)
    close(y_dot, ty_dot)
    y, pull_back = bl.vjp(ours, x)
    ty, torch_pull_back = torch.func.vjp(theirs, t)
    close(y, ty)
    for _ in range(2):  # it may be called again, with another cotangent
        y_bar = np.asarray(normal(*y.shape))
        (x_bar,), (tx_bar,) = pull_back(y_bar), torch_pull_back(torch.tensor(y_bar))
        close(x_bar, tx_bar)
    close(bl.jacobian(ours)(x), torch.func.jacrev(theirs)(t))


@pytest.mark.parametrize("argnums", [0, 1, 2, (0, 1), (2, 0), (1,), (0, 1, 2)])
def test_argnums_agree_with_torch_func(argnums):
    ours, theirs = both(lambda o, x, y, z: o.sum(o.sin(x) * y + y * z * x[0]))
    xs = normal(3), normal(2, 3), normal(2, 1)
    ts = [torch.tensor(x) for x in xs]
    for transform, torchs in ((bl.grad, torch.func.grad), (bl.jacobian, torch.func.jacrev)):
        mine, other = transform(ours, argnums)(*xs), torchs(theirs, argnums)(*ts)
        if not isinstance(argnums, tuple):
            mine, other = (mine,), (other,)
        assert len(mine) == len(other)
        for x_bar, tx_bar in zip(mine, other, strict=True):
            close(x_bar, tx_bar)


def test_a_jacobian_by_columns_of_several_inputs_agrees_with_torch_func():
    ours, theirs = both(lambda o, x, y: o.concatenate([x * y, o.sin(x), y * y * x, x - y]))
    x, y = normal(2), normal(2)
    found = bl.jacobian(ours, (0, 1))(x, y)
    assert "4 forward" in found[0].name
    expected = torch.func.jacrev(theirs, (0, 1))(torch.tensor(x), torch.tensor(y))
    for J, T in zip(found, expected, strict=True):
        close(J, T)


def test_vjp_and_jvp_take_several_inputs():
    y, pull_back = bl.vjp(lambda a, b: a * b + a, 2.0, 3.0)
    assert y.item() == 8.0
    assert [x_bar.item() for x_bar in pull_back(10.0)] == [40.0, 20.0]
    assert bl.jvp(lambda a, b: a * b + a, (2.0, 3.0), (1.0, 10.0))[1].item() == 24.0


def test_pull_back_may_be_called_again_with_another_cotangent():
    _, pull_back = bl.vjp(lambda x: x * x, [1.0, 2.0])
    assert pull_back([1.0, 0.0])[0].data.tolist() == [2.0, 0.0]
    assert pull_back([0.0, 1.0])[0].data.tolist() == [0.0, 4.0]
    assert pull_back([1.0, 0.0])[0].data.tolist() == [2.0, 0.0]


class TestLevels:
    """Derivatives of derivatives: each level has its own leaves, and no two are confused."""

    def test_grad_inside_grad_that_closes_over_the_outer_variable(self):
        # d/dx [x * d/dy (x y)] = d/dx x² = 2x; a confusion of the levels gives 3x or x
        assert bl.grad(lambda x: x * bl.grad(lambda y: x * y)(2.0))(5.0).item() == 10.0

    def test_siskind_and_pearlmutters_example(self):
        # d/dx [x * d/dy (x + y)] = 1, and 2 for who confuses the levels
        assert bl.grad(lambda x: x * bl.grad(lambda y: x + y)(1.0))(1.0).item() == 1.0
        inner = lambda x: bl.jvp(lambda y: x + y, (1.0,), (1.0,))[1]  # noqa: E731
        assert bl.jvp(lambda x: x * inner(x), (1.0,), (1.0,))[1].item() == 1.0
        assert bl.grad(lambda x: x * inner(x))(1.0).item() == 1.0

    def test_the_outer_variable_itself_is_passed_to_the_inner_function(self):
        # the inner derivative is by y alone, although y is x: d/dx [x] = 1, and d/dx [2x * x]
        assert bl.grad(lambda x: bl.grad(lambda y: x * y)(x))(3.0).item() == 1.0
        assert bl.grad(lambda x: bl.grad(lambda y: x * y * y)(x))(3.0).item() == 12.0
        assert bl.grad(lambda x: bl.jvp(lambda y: x * y * y, (x,), (1.0,))[1])(3.0).item() == 12.0
        _, z_dot = bl.jvp(lambda x: bl.grad(lambda y: x * y * y)(x), (3.0,), (1.0,))
        assert z_dot.item() == 12.0

    def test_an_inner_function_of_the_outer_variable_alone(self):
        assert bl.grad(lambda x: x * bl.grad(lambda y: x * x)(x))(3.0).item() == 0.0
        assert bl.grad(lambda x: bl.jvp(lambda y: x, (x,), (1.0,))[1] + x)(3.0).item() == 1.0

    def test_jvp_inside_jvp(self):
        def slope(x):
            return bl.jvp(lambda y: x * ops.exp(y * y), (x,), (1.0,))[1]  # 2 x² exp(x²)

        x = 0.6
        expected = (4 * x + 4 * x**3) * np.exp(x * x)
        assert abs(bl.jvp(slope, (x,), (1.0,))[1].item() - expected) < 1e-12
        assert abs(bl.grad(slope)(x).item() - expected) < 1e-12

    def test_three_deep_in_every_mixture(self):
        forward = lambda f: lambda x: bl.jvp(f, (x,), (1.0,))[1]  # noqa: E731
        by_jacobian = lambda f: lambda x: bl.jacobian(f)(x)  # noqa: E731
        by_vjp = lambda f: lambda x: bl.vjp(f, x)[1](1.0)[0]  # noqa: E731
        for first in (bl.grad, forward, by_jacobian, by_vjp):
            for second in (bl.grad, forward, by_jacobian, by_vjp):
                for third in (bl.grad, forward, by_jacobian, by_vjp):
                    f = first(second(third(lambda x: x**5)))
                    assert f(2.0).item() == 240.0

    def test_three_deep_with_every_variable_in_the_innermost(self):
        def f(x):
            return bl.grad(lambda y: bl.grad(lambda z: x * y**2 * z**3)(y) * x)(x)

        # d/dz: 3 x y² z² at z = y: 3 x y⁴; times x, by y at y = x: 12 x² x³; by x: 60 x⁴
        assert bl.grad(f)(2.0).item() == 960.0

    def test_a_tangent_or_cotangent_may_depend_on_the_outer_variable(self):
        assert bl.grad(lambda x: bl.jvp(lambda y: y * y, (3.0,), (x * x,))[1])(2.0).item() == 24.0
        assert bl.grad(lambda x: bl.vjp(lambda y: y * y, 3.0)[1](x * x)[0])(2.0).item() == 24.0
        assert bl.grad(lambda x: bl.hvp(lambda y: y**3, x, x))(2.0).item() == 24.0

    def test_a_value_from_inside_may_be_used_outside(self):
        def f(x):
            y, pull_back = bl.vjp(lambda u: u * u, x)
            return y * pull_back(1.0)[0]  # x² 2x

        assert bl.grad(f)(3.0).item() == 54.0
        assert bl.grad(lambda x: bl.jvp(lambda u: u * u, (x,), (x,))[0])(3.0).item() == 6.0

    def test_detach_cuts_at_every_level(self):
        assert bl.grad(lambda x: bl.grad(lambda y: y * y.detach() * x)(x))(3.0).item() == 3.0

    def test_gradients_of_networks_can_be_penalized(self):
        W = bl.parameter(SQUARE)
        f = lambda x: ops.tanh(W @ x).sum()  # noqa: E731
        x = array(0.1, -0.2, 0.3)
        (bl.grad(f)(x) ** 2).sum().backward()
        T = torch.tensor(SQUARE, requires_grad=True)
        t = torch.tensor(x, requires_grad=True)
        (g,) = torch.autograd.grad(torch.tanh(T @ t).sum(), t, create_graph=True)
        (g**2).sum().backward()
        np.testing.assert_allclose(W.grad, T.grad.numpy(), rtol=1e-9, atol=1e-12)


class TestOutside:
    """What the transforms do to tensors that they were not given."""

    def test_a_parameter_that_f_closes_over_gets_its_gradient_afterwards(self):
        w = bl.parameter(3.0)
        slope = bl.grad(lambda x: w * x * x)(2.0)
        assert w.grad is None
        slope.backward()
        assert w.grad == 4.0
        y, y_dot = bl.jvp(lambda x: w * w * x, (2.0,), (1.0,))
        (y + y_dot).backward()
        assert w.grad == 4.0 + 18.0

    def test_a_parameter_that_f_is_given_gets_its_gradient_afterwards(self):
        w = bl.parameter(3.0)
        bl.grad(lambda x: x**3)(w).backward()
        assert w.grad == 18.0
        w.grad = None
        bl.vjp(lambda x: x**3, w)[1](1.0)[0].backward()
        assert w.grad == 18.0
        w.grad = None
        bl.jvp(lambda x: x**3, (w,), (1.0,))[1].backward()
        assert w.grad == 18.0

    def test_transforms_fill_no_grad(self):
        w, x = bl.parameter(3.0), bl.parameter(2.0)
        for _ in range(2):
            bl.grad(lambda x: w * x * x)(x)
            bl.jvp(lambda x: w * x * x, (x,), (1.0,))
            bl.jacobian(lambda x: w * x * x)(x)
            bl.hvp(lambda x: w * x * x, x, 1.0)
        assert w.grad is None and x.grad is None

    def test_nothing_is_left_recorded_at_the_top(self):
        f = lambda x: (x**3).sum()  # noqa: E731
        y, pull_back = bl.vjp(f, [1.0, 2.0])
        results = [
            y,
            *pull_back(1.0),
            *bl.jvp(f, ([1.0, 2.0],), ([1.0, 0.0],)),
            bl.grad(f)([1.0, 2.0]),
            bl.grad(f)(bl.tensor([1.0, 2.0])),
            bl.hvp(f, [1.0, 2.0], [1.0, 0.0]),
            bl.jacobian(f)([1.0, 2.0]),
            bl.jacobian(lambda x: x * ops.stack([x, x]).sum(0))([1.0, 2.0]),
        ]
        for result in results:
            assert not result.requires_grad and result.is_leaf

    def test_under_no_grad_derivatives_are_as_always_and_nothing_is_left(self):
        w = bl.parameter(3.0)
        with bl.no_grad():
            slope = bl.grad(lambda x: w * x**3)(w)
            assert slope.item() == 81.0 and not slope.requires_grad
            assert bl.grad(bl.grad(lambda x: w * x**3))(2.0).item() == 36.0
            assert bl.hvp(lambda x: x**3, w, 1.0).item() == 18.0
            assert bl.jvp(lambda x: w * x**3, (2.0,), (1.0,))[1].item() == 36.0
            assert bl.jacobian(lambda x: w * x**3)(2.0).item() == 36.0
            assert not (w * w).requires_grad
        assert (w * w).requires_grad

    def test_no_grad_inside_the_function_cuts(self):
        def f(x):
            with bl.no_grad():
                constant = x * x
            return constant * x

        assert bl.grad(f)(3.0).item() == 9.0

    def test_results_belong_to_nobody_else(self):
        x, y_bar = np.ones(3), np.ones(3)
        y, pull_back = bl.vjp(lambda x: x * 1 + 0, x)
        (x_bar,) = pull_back(y_bar)
        x_bar.data[0] = 7
        _, y_dot = bl.jvp(lambda x: x.reshape(3), (x,), (y_bar,))
        y_dot.data[0] = 7
        same = bl.tensor(y_bar)
        bl.vjp(lambda x: x.reshape(3), x)[1](same)[0].data[1] = 7
        bl.vjp(lambda x: x, x)[1](same)[0].data[1] = 7
        assert x.tolist() == y_bar.tolist() == same.data.tolist() == y.data.tolist() == [1] * 3

    def test_a_function_may_be_called_again_after_a_parameter_has_changed(self):
        w = bl.parameter(3.0)
        slope = bl.grad(lambda x: w * x * x)
        assert slope(1.0).item() == 6.0
        with bl.no_grad():
            w -= 1
        assert slope(1.0).item() == 4.0


class TestConstants:
    def test_a_constant_function_has_derivatives_of_zero(self):
        constant = lambda x: bl.tensor(3.0)  # noqa: E731
        assert bl.grad(constant)([1.0, 2.0]).data.tolist() == [0.0, 0.0]
        y, y_dot = bl.jvp(constant, ([1.0, 2.0],), ([1.0, 1.0],))
        assert (y.item(), y_dot.item()) == (3.0, 0.0)
        assert bl.vjp(constant, 1.0)[1](1.0)[0].item() == 0.0
        assert bl.jacobian(constant)([1.0, 2.0]).data.tolist() == [0.0, 0.0]
        assert bl.hvp(constant, [1.0, 2.0], [1.0, 1.0]).data.tolist() == [0.0, 0.0]

    def test_an_argument_that_is_not_used_has_a_derivative_of_zero(self):
        x_bar, y_bar = bl.grad(lambda x, y: x * x, (0, 1))(3.0, [1.0, 2.0])
        assert x_bar.item() == 6.0 and y_bar.data.tolist() == [0.0, 0.0]
        assert bl.jvp(lambda x, y: x * x, (3.0, 1.0), (0.0, 1.0))[1].item() == 0.0

    def test_a_parameter_alone_is_a_constant_function(self):
        w = bl.parameter(3.0)
        assert bl.grad(lambda x: w * w)(1.0).item() == 0.0
        assert bl.jvp(lambda x: w, (1.0,), (1.0,))[1].item() == 0.0

    def test_second_derivatives_of_what_is_linear_are_zero(self):
        assert bl.hvp(lambda x: (2 * x).sum(), [1.0, 2.0], [1.0, 1.0]).data.tolist() == [0.0, 0.0]
        assert bl.grad(bl.grad(lambda x: 2 * x))(1.0).item() == 0.0
        assert bl.jacobian(bl.grad(lambda x: x.sum()))([1.0, 2.0]).data.tolist() == [[0.0] * 2] * 2

    def test_the_identity(self):
        _, pull_back = bl.vjp(lambda x: x, [1.0, 2.0])
        assert pull_back([3.0, 4.0])[0].data.tolist() == [3.0, 4.0]
        assert bl.jvp(lambda x: x, ([1.0, 2.0],), ([3.0, 4.0],))[1].data.tolist() == [3.0, 4.0]
        assert bl.jacobian(lambda x: x)([1.0, 2.0]).data.tolist() == [[1.0, 0.0], [0.0, 1.0]]


class TestJacobian:
    def test_it_takes_the_fewer_sweeps_and_says_which(self):
        calls = {"vjp": 0, "jvp": 0}

        class Mix(bl.Op):
            def forward(ctx, x, A):
                ctx.A = A
                return A @ x

            def vjp(ctx, z_bar):
                calls["vjp"] += 1
                return ctx.A.T @ z_bar, None

            def jvp(ctx, x_dot, A_dot):
                calls["jvp"] += 1
                return ctx.A @ x_dot

        for rows, columns in ((2, 5), (5, 2), (3, 3)):
            A = np.arange(rows * columns, dtype=float).reshape(rows, columns)
            calls.update(vjp=0, jvp=0)
            J = bl.jacobian(lambda x, A=A: Mix.apply(x, A))(np.ones(columns))
            assert J.data.tolist() == A.tolist()
            backward = rows <= columns
            assert calls == ({"vjp": rows, "jvp": 0} if backward else {"vjp": 0, "jvp": columns})
            assert J.name == (
                f"Jacobian, row by row ({rows} backward)"
                if backward
                else f"Jacobian, column by column ({columns} forward)"
            )

    def test_its_shape_is_that_of_the_output_and_then_that_of_the_input(self):
        for f, shape, expected in (
            (lambda x: x.sum(axis=0), (2, 3), (3, 2, 3)),
            (lambda x: ops.stack([x, x, x]), (2,), (3, 2, 2)),
            (lambda x: x * np.ones((2, 2)), (), (2, 2)),
            (lambda x: x.sum(), (), ()),
            (lambda x: x[:0], (2,), (0, 2)),
            (lambda x: x + np.ones(2), (1, 2), (1, 2, 1, 2)),
        ):
            assert bl.jacobian(f)(np.ones(shape)).shape == expected

    def test_an_entry_stands_in_the_row_of_its_output(self):
        J = bl.jacobian(lambda x: ops.stack([x[0] * x[1], x[0] * 10, x[1] * 100]))([2.0, 3.0])
        assert J.data.tolist() == [[3.0, 2.0], [10.0, 0.0], [0.0, 100.0]]
        J = bl.jacobian(lambda x: ops.stack([x[0] * x[1], x[2] * 10]))([2.0, 3.0, 4.0])
        assert J.data.tolist() == [[3.0, 2.0, 0.0], [0.0, 0.0, 10.0]]


class TestDtypes:
    def test_float32_stays_float32(self):
        for x in (np.ones(2, np.float32), np.float32(2), np.array(2, np.float32)):
            f = lambda x: (x**3).sum()  # noqa: E731
            v = np.ones_like(x)
            results = [bl.grad(f)(x), bl.hvp(f, x, v), *bl.jvp(f, (x,), (v,)), bl.jacobian(f)(x)]
            y, pull_back = bl.vjp(f, x)
            for result in (*results, y, *pull_back(1.0), bl.grad(lambda x: bl.tensor(1.0))(x)):
                assert result.dtype == np.float32

    def test_seeds_take_on_the_dtype_that_they_belong_to(self):
        x = np.ones(2, np.float32)
        assert bl.jvp(lambda x: x * x, (x,), (np.ones(2),))[1].dtype == np.float32
        assert bl.vjp(lambda x: x * x, x)[1](np.ones(2, int))[0].dtype == np.float32


w, matrix = bl.parameter(2.0, name="w"), np.ones((2, 2))
double = lambda x: 2 * x  # noqa: E731
REFUSED = {
    "grad of several outputs": (lambda: bl.grad(double)([1.0, 2.0]), ShapeError, "one number"),
    "grad of one output in a list": (lambda: bl.grad(double)([1.0]), ShapeError, "one number"),
    "hvp of several outputs": (lambda: bl.hvp(double, matrix, matrix), ShapeError, "one number"),
    "f gives a float": (lambda: bl.grad(lambda x: x.item())(1.0), GradientError, "a float"),
    "f gives nothing": (lambda: bl.grad(lambda x: None)(1.0), GradientError, "returned"),
    "f gives an array": (lambda: bl.jvp(lambda x: x.data, (1.0,), (1.0,)), GradientError, "arr"),
    "f gives a tuple": (lambda: bl.vjp(lambda x: (x, x), 1.0), GradientError, "tuple"),
    "cotangent misshapen": (lambda: bl.vjp(double, [1.0])[1](1.0), ShapeError, r"\(\).*\(1,\)"),
    "tangent misshapen": (lambda: bl.jvp(double, ([1.0],), (1.0,)), ShapeError, r"\(\).*\(1,\)"),
    "hvp misshapen": (lambda: bl.hvp(lambda x: x.sum(), matrix, [1.0]), ShapeError, "tangent"),
    "integers": (lambda: bl.grad(double)(np.array(3)), DataError, r"astype\(float\)"),
    "truth values": (lambda: bl.jvp(double, (np.array(True),), (1.0,)), DataError, "nudge"),
    "text": (lambda: bl.grad(double)("x"), DataError, "Argument 0"),
    "nothing": (lambda: bl.grad(double)(None), DataError, "Argument 0"),
    "argnums too large": (lambda: bl.grad(double, 1)(1.0), DataError, "argnums=1"),
    "argnums negative": (lambda: bl.grad(double, -1)(1.0), DataError, "argnums=-1"),
    "argnums a list": (lambda: bl.grad(double, [0])(1.0), DataError, "argnums"),
    "argnums text": (lambda: bl.jacobian(double, "x")(1.0), DataError, "argnums"),
    "argnums in a tuple": (lambda: bl.grad(double, (0, 3))(1.0), DataError, "argnums"),
    "jvp without a tuple": (lambda: bl.jvp(double, 1.0, (1.0,)), DataError, r"\(x,\)"),
    "jvp without two": (lambda: bl.jvp(double, (1.0,), 1.0), DataError, r"\(x,\)"),
    "jvp of unequal lengths": (lambda: bl.jvp(double, (1.0,), (1.0, 2.0)), ShapeError, "1 inputs"),
    "retain_grad of data": (lambda: bl.tensor(1.0).retain_grad(), GradientError, "requires_grad"),
}


@pytest.mark.parametrize("act, error, message", REFUSED.values(), ids=REFUSED)
def test_what_makes_no_sense_is_refused_in_words(act, error, message):
    with pytest.raises(error, match=message) as raised:
        act()
    assert isinstance(raised.value, LabError)


def test_an_error_inside_leaves_recording_as_it_was():
    with bl.no_grad():
        with pytest.raises(ZeroDivisionError):
            bl.grad(lambda x: 1 / 0)(1.0)
        assert not (w * w).requires_grad
    with pytest.raises(ZeroDivisionError):
        bl.grad(lambda x: 1 / 0)(1.0)
    assert (w * w).requires_grad


def test_data_that_was_changed_in_between_is_not_trusted_by_a_second_derivative():
    class Square(bl.Op):
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x * x

        def vjp(ctx, z_bar):
            (x,) = ctx.saved_tensors
            return z_bar * 2 * x

    x = bl.parameter([1.0, 2.0])

    def f(y):
        z = Square.apply(x * 1).sum() + Square.apply(y).sum()
        y.data = y.data + 1
        return z

    with pytest.raises(GradientError, match="other data since Square"):
        bl.grad(lambda x: bl.grad(f)(x).sum())(np.ones(2))


def test_a_rule_of_the_learner_is_differentiated_twice():
    class Cube(bl.Op):
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x**3

        def vjp(ctx, z_bar):
            (x,) = ctx.saved_tensors
            return z_bar * 3 * x**2

        def jvp(ctx, x_dot):
            (x,) = ctx.saved_tensors
            return x_dot * 3 * x**2

    assert bl.grad(bl.grad(Cube.apply))(2.0).item() == 12.0
    assert bl.hvp(Cube.apply, 2.0, 1.0).item() == 12.0
    assert bl.grad(lambda x: bl.jvp(Cube.apply, (x,), (1.0,))[1])(2.0).item() == 12.0
    assert bl.grad(bl.grad(bl.grad(Cube.apply)))(2.0).item() == 6.0


def test_a_learners_broken_rule_is_named_in_every_transform():
    class Broken(bl.Op):
        def forward(ctx, x):
            return x * 2

        def vjp(ctx, z_bar):
            return None

    for act in (
        lambda: bl.grad(Broken.apply)(1.0),
        lambda: bl.jvp(Broken.apply, (1.0,), (1.0,)),
        lambda: bl.jacobian(Broken.apply)([1.0]),
    ):
        with pytest.raises(RuleError, match="Broken"):
            act()
