"""What every op has promised, as plain functions of a case: tests call them, and mutants face them.

None of them takes more than a few milliseconds, so that all can be run for each mutant.
"""

from functools import cache

import numpy as np

import backprop_lab as bl
from backprop_lab.engine import Plain, forward_sweep, reverse_sweep, topological_order
from tests.op_cases import CASES, OURS, PYTORCH, torch

RTOL, ATOL = 1e-9, 1e-12
SINGLE = {"rtol": 2e-5, "atol": 2e-6}  # where float32 takes part


class Case:
    """A function of tensors with inputs, and what else a check needs: seeds and directions."""

    def __init__(self, op, number, function, inputs):
        self.op, self.name, self.function = op, f"{op}-{number}", function
        self.inputs = [np.asarray(x) for x in inputs]
        random = np.random.default_rng(number)
        self.x_dots = [np.asarray(random.normal(size=x.shape), x.dtype) for x in self.inputs]
        z = self.run(OURS, [bl.tensor(x) for x in self.inputs])
        self.z_bar, self.bend = np.asarray(random.normal(size=(2, *z.shape)), z.dtype)
        self.close = SINGLE if op == "Cast" else {"rtol": RTOL, "atol": ATOL}
        self.pytorch = cache(self.pytorch)

    def run(self, o, xs):
        return self.function(o, *xs)

    def recorded(self):
        """Leaves of ours, and the result that was computed from them."""
        leaves = [bl.parameter(x) for x in self.inputs]
        return leaves, self.run(OURS, leaves)

    def scalar(self, o, *xs):
        """A number that depends on every entry of the result, and not linearly."""
        z = self.run(o, xs)
        return o.sum(o.constant(self.z_bar) * z + o.constant(self.bend) * z * z)

    def pytorch(self):
        """By PyTorch: the value, the gradients, and the Hessian of `scalar` times x_dots."""
        xs = [torch.tensor(x, requires_grad=True) for x in self.inputs]
        z = self.run(PYTORCH, xs)
        grads = torch.autograd.grad(z, xs, torch.tensor(self.z_bar))
        slopes = torch.autograd.grad(self.scalar(PYTORCH, *xs), xs, create_graph=True)
        along = sum((g * torch.tensor(v)).sum() for g, v in zip(slopes, self.x_dots, strict=True))
        hvps = torch.autograd.grad(along, xs, allow_unused=True)
        hvps = [
            np.zeros(x.shape) if h is None else h.numpy() for x, h in zip(xs, hvps, strict=True)
        ]
        return z.detach().numpy(), [g.numpy() for g in grads], hvps

    def __repr__(self):
        return self.name


def fresh(cases):
    return [Case(op, i, *case) for op in cases for i, case in enumerate(cases[op])]


ALL = fresh(CASES)


def equal(ours, expected, what="", **tolerance):
    for x, y in zip(ours, expected, strict=True):
        x = getattr(x, "data", x) if isinstance(x, bl.Tensor) else x
        assert np.shape(x) == np.shape(y), what
        np.testing.assert_allclose(x, y, err_msg=what, **tolerance)


def total(terms):
    return float(sum(np.sum(np.asarray(term, float)) for term in terms))


def back(z, z_bar):
    """The cotangents of the leaves, by leaf."""
    cotangents = {z.grad_fn: z_bar}
    list(reverse_sweep(z, cotangents))
    return cotangents


def value_and_gradients_agree_with_pytorch(case):
    leaves, z = case.recorded()
    value, grads, _ = case.pytorch()
    z.backward(case.z_bar)
    close = case.close if case.close is SINGLE else {"rtol": 1e-12}
    equal([z], [value], "value", **close)
    equal([x.grad for x in leaves], grads, "gradient", **case.close)


def forward_and_reverse_rules_are_transposes(case):
    """⟨z_bar, J x_dot⟩ = ⟨Jᵀ z_bar, x_dot⟩."""
    leaves, z = case.recorded()
    *_, (_, z_dot) = forward_sweep(z, dict(zip(leaves, case.x_dots, strict=True)))
    x_bars = back(z, case.z_bar)
    left = total([case.z_bar * z_dot])
    right = total(x_bars[x] * x_dot for x, x_dot in zip(leaves, case.x_dots, strict=True))
    close = case.close if case.close is SINGLE else {"rtol": 1e-11, "atol": 1e-11}
    np.testing.assert_allclose(left, right, **close)


def second_derivatives_agree_with_pytorch(case):
    """Forward over reverse, reverse over reverse, reverse over forward, forward over forward."""
    hvps = case.pytorch()[2]
    xs, x_dots, every = tuple(case.inputs), tuple(case.x_dots), tuple(range(len(case.inputs)))

    def f(*xs):
        return case.scalar(OURS, *xs)

    def slope(*xs):
        return bl.jvp(f, xs, x_dots)[1]

    def gradients_along(*xs):
        x_bars = bl.grad(f, every)(*xs)
        return sum((x_bar * v).sum() for x_bar, v in zip(x_bars, x_dots, strict=True))

    forward_over_reverse = [bl.jvp(bl.grad(f, i), xs, x_dots)[1] for i in every]
    equal(forward_over_reverse, hvps, "forward over reverse", **case.close)
    equal(bl.grad(gradients_along, every)(*xs), hvps, "reverse over reverse", **case.close)
    equal(bl.grad(slope, every)(*xs), hvps, "reverse over forward", **case.close)
    curvature = total(v * h for v, h in zip(x_dots, hvps, strict=True))
    scale = total(abs(v * h) for v, h in zip(x_dots, hvps, strict=True))
    close = {"rtol": case.close["rtol"], "atol": case.close["atol"] + case.close["rtol"] * scale}
    equal([bl.jvp(slope, xs, x_dots)[1]], [curvature], "forward over forward", **close)


def no_rule_writes_into_what_it_was_given(case):
    leaves, z = case.recorded()
    z_bar, x_dots = case.z_bar.copy(), [x_dot.copy() for x_dot in case.x_dots]
    given = [x for x in (*arrays_of(z), z_bar, *x_dots) if isinstance(x, np.ndarray)]
    before = [x.copy() for x in given]
    for x in given:
        x.flags.writeable = False  # so that it is told at once
    try:
        back(z, z_bar)
        list(forward_sweep(z, dict(zip(leaves, x_dots, strict=True))))
        case.run(OURS, leaves)
    except ValueError as error:
        raise AssertionError(f"A rule wrote into what it was given: {error}") from error
    for x, old in zip(given, before, strict=True):
        np.testing.assert_array_equal(x, old)


def arrays_of(z):
    """Every array that the graph of z holds: data, and what was saved."""
    held = [z.data]
    for node in topological_order(z):
        held += [x.data for x in node.inputs if not isinstance(x, Plain)]
        held += [x for x in node.saved_tensors]
    return [x for x in held if isinstance(x, np.ndarray)]


def a_gradient_belongs_to_nobody_else(case):
    """Whatever is done to a .grad in place, nothing else changes: data, other grads, the seed."""
    leaves, z = case.recorded()
    z_bar = case.z_bar.copy()
    z.backward(z_bar)
    expected = [np.copy(x.grad) for x in leaves]
    others = [*arrays_of(z), z_bar, z.seed]
    before = [np.copy(x) for x in others]
    for i, x in enumerate(leaves):
        x.grad += 1000 + i
    equal([x.grad - (1000 + i) for i, x in enumerate(leaves)], expected, rtol=1e-3, atol=1e-3)
    for x, old in zip(others, before, strict=True):
        np.testing.assert_array_equal(x, old)
    for x in leaves:
        x.grad = None
    z.backward(z_bar)
    for x, grad in zip(leaves, expected, strict=True):
        np.testing.assert_array_equal(x.grad, grad)
    z.backward(z_bar)
    for x, grad in zip(leaves, expected, strict=True):
        np.testing.assert_array_equal(x.grad, grad + grad)


def float32_stays_float32(case):
    """The value, the gradients, tangents and second derivatives."""
    if case.op == "Cast" or "1e" in repr([x.tolist() for x in case.inputs]):
        return  # casts by intention; or numbers that float32 cannot hold
    single = Case(case.op, 0, case.function, [x.astype(np.float32) for x in case.inputs])
    leaves, z = single.recorded()
    constants = [x for node in topological_order(z) for x in node.inputs if x.ndim]
    if any(x.dtype != np.float32 for x in constants if x.is_leaf and not x.requires_grad):
        return  # an array of float64 takes part, and the result is float64
    assert z.dtype == np.float32
    x_bars = back(z, single.z_bar)
    assert {x_bars[x].dtype for x in leaves} == {np.dtype(np.float32)}
    for _, z_dot in forward_sweep(z, dict(zip(leaves, single.x_dots, strict=True))):
        assert z_dot.dtype == np.float32

    def f(*xs):
        return single.scalar(OURS, *xs)

    every = tuple(range(len(leaves)))
    assert {x.dtype.name for x in bl.grad(f, every)(*single.inputs)} == {"float32"}
    hvp = bl.jvp(bl.grad(f), tuple(single.inputs), tuple(single.x_dots))[1]
    assert hvp.dtype == np.float32


def the_record_holds_the_op(case):
    assert case.op in {node.op.__name__ for node in topological_order(case.recorded()[1])}


CHECKS = [
    value_and_gradients_agree_with_pytorch,
    forward_and_reverse_rules_are_transposes,
    second_derivatives_agree_with_pytorch,
    no_rule_writes_into_what_it_was_given,
    a_gradient_belongs_to_nobody_else,
    float32_stays_float32,
    the_record_holds_the_op,
]
