"""Our operators in PyTorch: every one of them carried across, and rules that need no bridge."""

import numpy as np
import pytest

import backprop_lab as bl
from backprop_lab import ops
from backprop_lab.engine import Op
from backprop_lab.errors import DataError, GradientError, RuleError
from backprop_lab.ops.reductions import Sum
from tests.op_cases import FLAT, NAMES, OURS, torch

gradcheck, gradgradcheck = torch.autograd.gradcheck, torch.autograd.gradgradcheck
KINKY = {"Relu", "Abs", "Maximum", "Minimum", "Max", "Min", "Clip", "Sqrt", "Log", "Power"}


def distinct(inputs, positive):
    """Other inputs of the same shapes: no two entries are equal, and none is near a kink."""
    for i, x in enumerate(map(np.asarray, inputs)):
        order = np.random.default_rng(i).permutation(x.size).reshape(x.shape)
        start = 0.37 if positive else 0.37 - x.size // 2
        yield 0.217 * (order + start) + 0.1 * i


def use_of(op, function, inputs, monkeypatch):
    """(the op itself, what its apply was given, its options), from a case that uses it."""
    uses = []
    forward = op.forward

    def seen(ctx, *xs, **options):
        uses.append((xs, options))
        return forward(ctx, *xs, **options)

    with monkeypatch.context() as patch:
        patch.setattr(op, "forward", staticmethod(seen))
        function(OURS, *[bl.parameter(x) for x in inputs])
    return uses[-1]


def every_op(base=Op):
    return {op.__name__: op for child in base.__subclasses__() for op in (child, *descend(child))}


def descend(op):
    return [below for child in op.__subclasses__() for below in (child, *descend(child))]


OPS = {name: op for name, op in every_op().items() if op.ours}


def torch_inputs(xs):
    return [torch.tensor(np.asarray(x)).requires_grad_(np.asarray(x).dtype.kind == "f") for x in xs]


@pytest.mark.filterwarnings("ignore:invalid value")  # a power of what is negative
@pytest.mark.parametrize("name, function, inputs", FLAT, ids=NAMES)
def test_every_op_computes_in_pytorch_what_it_does_here(name, function, inputs, monkeypatch):
    given, options = use_of(OPS[name], function, inputs, monkeypatch)
    leaves = [bl.parameter(np.array(x)) for x in given]
    ours = OPS[name].apply(*leaves, **options)
    z_bar = np.asarray(np.random.default_rng(5).normal(size=ours.shape), ours.dtype)
    ours.backward(z_bar)
    xs = torch_inputs(given)
    z = bl.as_torch_function(OPS[name]).apply(*xs, **options)
    z.backward(torch.tensor(z_bar))
    assert type(z.grad_fn).__name__ == f"{name}Backward"
    np.testing.assert_allclose(z.detach().numpy(), ours.data, rtol=1e-12, atol=1e-14)
    assert z.detach().numpy().dtype == ours.dtype
    for x, leaf in zip(xs, leaves, strict=True):
        np.testing.assert_allclose(x.grad.numpy(), leaf.grad, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("name, function, inputs", FLAT, ids=NAMES)
def test_every_op_passes_gradcheck_and_gradgradcheck(name, function, inputs, monkeypatch):
    if name == "Cast":
        return  # float32 has too few digits for gradcheck
    given, options = use_of(OPS[name], function, inputs, monkeypatch)
    if name in KINKY:
        given = list(distinct(given, positive=name in ("Sqrt", "Log", "Power")))
    crossed = bl.as_torch_function(OPS[name])
    xs = torch_inputs(given)

    def apply(*xs):
        return crossed.apply(*xs, **options)

    assert gradcheck(apply, xs, check_forward_ad=True)
    assert gradgradcheck(apply, xs, fast_mode=True)


class Cube(bl.Op):
    """z = x³."""

    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * x * x

    def vjp(ctx, z_bar):
        (x,) = ctx.saved_tensors
        return z_bar * 3 * x * x


class Scale(bl.Op):
    """A number by position takes no gradient, and an option has a name."""

    def forward(ctx, x, k, shift=0.0):
        ctx.k = k
        return np.sinh(x) * 0 + k * x + shift

    def vjp(ctx, z_bar):
        return z_bar * ctx.k, None


class Noise(bl.Op):
    """Random: every derivative has to know the mask that forward drew."""

    runs = 0

    def forward(ctx, x):
        Noise.runs += 1
        ctx.mask = np.random.default_rng(Noise.runs).integers(1, 100, x.shape).astype(float)
        ctx.save_for_backward(x)
        return ctx.mask * x * x

    def vjp(ctx, z_bar):
        (x,) = ctx.saved_tensors
        return z_bar * ctx.mask * 2 * x


def leaf(*numbers, dtype=torch.float64):
    return torch.tensor(numbers, dtype=dtype, requires_grad=True)


class TestAnOpOfYourOwn:
    def test_every_order_of_derivative(self):
        x = torch.tensor(2.0, dtype=torch.float64, requires_grad=True)
        found = [bl.as_torch_function(Cube).apply(x)]
        for _ in range(3):
            found += torch.autograd.grad(found[-1], x, create_graph=True)
        assert [y.item() for y in found] == [8, 12, 12, 6]

    def test_constants_by_position_and_options_by_name(self):
        x = leaf(1, 2)
        z = bl.as_torch_function(Scale).apply(x, 3.0, shift=torch.tensor([1.0, 2.0]))
        assert z.tolist() == [4, 8]
        z.backward(torch.tensor([1.0, 10.0], dtype=torch.float64))
        assert x.grad.tolist() == [3, 30]

    def test_forward_runs_once_whatever_is_asked_of_it(self):
        x, before = leaf(1, 2), Noise.runs
        z = bl.as_torch_function(Noise).apply(x)
        (slope,) = torch.autograd.grad(z.sum(), x, create_graph=True)
        (bend,) = torch.autograd.grad(slope.sum(), x)
        assert torch.equal(slope, 2 * z / x)
        assert torch.equal(bend, 2 * z / x**2)
        assert Noise.runs == before + 1

    def test_without_a_jvp_pytorch_says_that_there_is_none(self):
        assert bl.as_torch_function(Cube).jvp is torch.autograd.Function.jvp
        assert bl.as_torch_function(Sum).jvp is not torch.autograd.Function.jvp

    def test_the_report_card_passes_it(self):
        crossed = bl.as_torch_function(Cube)
        card = bl.report_card(crossed, torch.linspace(-1, 2, 6).reshape(3, 2))
        assert card.passed, card
        assert card["number of gradients"].text == "1 input, 1 gradient."
        assert crossed.__name__ == "Cube"
        assert crossed.__doc__ == "z = x³."

    def test_a_wrong_rule_is_wrong_on_the_other_side_as_well(self):
        class Wrong(Cube):
            def vjp(ctx, z_bar):
                return z_bar

        card = bl.report_card(bl.as_torch_function(Wrong), leaf(0.5, 2))
        assert card["derivative"].status == "failed"


class TestAtTheBorder:
    def test_dtypes_are_kept(self):
        for dtype in (torch.float32, torch.float64):
            x = leaf(1, 2, dtype=dtype)
            z = bl.as_torch_function(ops.exp).apply(x)
            z.sum().backward()
            assert (z.dtype, x.grad.dtype) == (dtype, dtype)

    def test_a_frozen_input_gets_nothing_and_costs_nothing(self):
        asked = []

        class Times(bl.Op):
            def forward(ctx, x, y):
                ctx.save_for_backward(x, y)
                return np.multiply(x, y)

            def vjp(ctx, z_bar):
                x, y = ctx.saved_tensors
                asked.append(ctx.needs_input_grad)
                return z_bar * y, z_bar * x

        x, y = torch.ones(3), torch.ones(3, requires_grad=True)
        bl.as_torch_function(lambda x, y: Times.apply(x, y)).apply(x, y).sum().backward()
        assert x.grad is None and asked == [(False, True)]

    def test_the_report_card_sees_that_a_frozen_input_gets_nothing(self):
        x, y = torch.ones(2, 3), torch.ones(3, 4)
        card = bl.report_card(bl.as_torch_function(ops.matmul), x, y)
        assert card["needs_input_grad"].status == "passed"

    def test_nothing_is_recorded_where_nothing_is_asked_for(self):
        with torch.no_grad():
            assert not bl.as_torch_function(ops.exp).apply(leaf(1)).requires_grad
        with bl.no_grad():
            assert bl.as_torch_function(ops.exp).apply(leaf(1)).requires_grad

    def test_an_input_that_is_changed_afterwards_is_noticed(self):
        x = leaf(1, 2).clone()
        z = bl.as_torch_function(ops.exp).apply(x)
        x.add_(1)
        with pytest.raises(RuntimeError, match="modified by an inplace operation"):
            z.sum().backward()

    @pytest.mark.parametrize("function", [lambda x: x.exp(), lambda x: x.T, lambda x: x[:1]])
    def test_a_result_may_be_changed_and_nothing_else_changes(self, function):
        x = torch.tensor([[1.0, 2.0]], dtype=torch.float64, requires_grad=True)
        z = bl.as_torch_function(function).apply(x)
        expected = torch.autograd.grad(z.sum(), x, retain_graph=True)[0]
        z.mul_(0)
        assert torch.equal(torch.autograd.grad(z.sum(), x)[0], 0 * expected)
        assert x.tolist() == [[1, 2]]

    def test_tensors_of_any_layout(self):
        x = torch.arange(6.0).reshape(2, 3).T.requires_grad_()
        z = bl.as_torch_function(lambda x: x[::-1]).apply(x)
        z.backward(torch.ones(2, 3).T.mul(2.0))
        assert torch.equal(z.detach(), x.detach().flip(0))
        assert x.grad.unique().tolist() == [2]

    def test_integer_tensors_are_constants(self):
        logits, labels = torch.randn(4, 3, requires_grad=True), torch.tensor([0, 2, 1, 1])
        bl.as_torch_function(ops.softmax_cross_entropy).apply(logits, labels).backward()
        expected = torch.nn.functional.cross_entropy(logits, labels)
        (slope,) = torch.autograd.grad(expected, logits)
        torch.testing.assert_close(logits.grad, slope)

    def test_transforms_of_pytorch(self):
        f, x = bl.as_torch_function(ops.tanh).apply, torch.tensor(0.3, dtype=torch.float64)
        t = torch.tanh(x)
        torch.testing.assert_close(torch.func.grad(f)(x), 1 - t**2)
        torch.testing.assert_close(torch.func.grad(torch.func.grad(f))(x), -2 * t * (1 - t**2))
        pushed = torch.func.jvp(f, (x,), (torch.ones_like(x),))[1]
        torch.testing.assert_close(pushed, 1 - t**2)
        forward_over_reverse = torch.func.jvp(torch.func.grad(f), (x,), (torch.ones_like(x),))[1]
        torch.testing.assert_close(forward_over_reverse, -2 * t * (1 - t**2))

    @pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
    def test_on_a_gpu(self):
        x = leaf(1, 2).detach().cuda().requires_grad_()
        z = bl.as_torch_function(ops.exp).apply(x)
        (slope,) = torch.autograd.grad(z.sum(), x, create_graph=True)
        assert z.is_cuda
        assert slope.is_cuda
        assert torch.autograd.grad(slope.sum(), x)[0].is_cuda


class TestRefused:
    @pytest.mark.parametrize("what", [3, "Exp", None, int, torch.autograd.Function])
    def test_what_is_no_op(self, what):
        with pytest.raises(DataError, match="takes an Op"):
            bl.as_torch_function(what)

    def test_tensors_that_no_gradient_would_reach(self):
        with pytest.raises(GradientError, match="in a list"):
            bl.as_torch_function(ops.concatenate).apply([leaf(1), leaf(2)])
        with pytest.raises(GradientError, match="as shift="):
            bl.as_torch_function(Scale).apply(leaf(1), 3.0, shift=leaf(2))

    def test_a_number_for_an_op_of_ours(self):
        with pytest.raises(DataError, match="tensors by position, and options by name"):
            bl.as_torch_function(Sum).apply(leaf(1, 2), 0)

    def test_dtypes_that_the_other_side_does_not_have(self):
        with pytest.raises(DataError, match=r"NumPy has no torch\.bfloat16"):
            bl.as_torch_function(ops.exp).apply(torch.ones(2, dtype=torch.bfloat16))

    def test_a_rule_that_breaks_its_contract(self):
        class Nothing(bl.Op):
            def forward(ctx, x):
                ctx.save_for_backward(x)
                return x * x

            def vjp(ctx, z_bar):
                z_bar * 2

        with pytest.raises(RuleError, match="returned None for input 0"):
            bl.as_torch_function(Nothing).apply(leaf(1)).backward()


def multiply_forward(ctx, x, y):
    ctx.save_for_backward(x, y)
    return x * y


def multiply_back(ctx, z_bar):
    x, y = ctx.saved_tensors
    return z_bar * y, z_bar * x


class TestTheBaseClassIsChangedAndNothingElse:
    """Rules written with operators, as notebook 3 has them: the class statement is all there is."""

    @pytest.mark.parametrize("name", ["vjp", "backward"])
    @pytest.mark.parametrize("wrap", [staticmethod, lambda rule: rule])
    def test_rules_with_operators_run_on_both_sides(self, name, wrap):
        body = {"forward": wrap(multiply_forward), name: wrap(multiply_back)}
        here = type("Multiply", (bl.Op,), dict(body))
        there = type("Multiply", (torch.autograd.Function,), dict(body))
        x, y = bl.parameter([2.0, 3.0]), bl.parameter([5.0, 7.0])
        here.apply(x, y).sum().backward()
        u, v = leaf(2, 3), leaf(5, 7)
        there.apply(u, v).sum().backward()
        assert u.grad.tolist() == x.grad.tolist() == [5, 7]
        assert v.grad.tolist() == y.grad.tolist() == [2, 3]
        assert gradcheck(there.apply, (u, v))
        assert gradgradcheck(there.apply, (u, v))

    def test_both_names_at_once_are_one_too_many_for_pytorch(self):
        both = {"forward": multiply_forward, "vjp": multiply_back, "backward": multiply_back}
        z = type("Multiply", (torch.autograd.Function,), both).apply(leaf(2), leaf(3))
        with pytest.raises(RuntimeError):
            z.backward()

    def test_jvp_asks_for_one_line_more(self):
        def push(ctx, x_dot, y_dot):
            x, y = ctx.saved_tensors
            return x_dot * y + x * y_dot

        def saving_for_both(ctx, x, y):
            ctx.save_for_forward(x, y)
            return multiply_forward(ctx, x, y)

        for forward, status in ((multiply_forward, "failed"), (saving_for_both, "passed")):
            body = {"forward": forward, "vjp": multiply_back, "jvp": push}
            function = type("Multiply", (torch.autograd.Function,), body)
            card = bl.report_card(function, leaf(2), leaf(3))
            assert card["forward mode"].status == status

    @pytest.mark.filterwarnings("ignore:__array_wrap__")  # of NumPy, about PyTorch's tensors
    def test_numpy_inside_a_rule_needs_the_bridge_to_be_differentiated_twice(self):
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return np.sin(x)

        def vjp(ctx, z_bar):
            (x,) = ctx.saved_tensors
            return z_bar * np.cos(x)

        body = {"forward": forward, "vjp": vjp}
        as_it_stands = type("Sine", (torch.autograd.Function,), dict(body))
        crossed = bl.as_torch_function(type("Sine", (bl.Op,), dict(body)))
        x = leaf(0.5, -2)
        assert bl.report_card(as_it_stands, x)["second derivative"].status == "failed"
        assert bl.report_card(crossed, x).passed
