"""Programs that once gave a wrong derivative without a word, each with what it should give."""

import math

import numpy as np
import pytest

import backprop_lab as bl
from backprop_lab import ops
from backprop_lab.engine import Op
from backprop_lab.errors import DataError, GradientError, RuleError
from backprop_lab.ops.arithmetic import Multiply


class Exp(Op):
    """Saves its output, as PyTorch's own does."""

    def forward(ctx, x):
        z = np.exp(x)
        ctx.save_for_backward(z)
        return z

    def vjp(ctx, z_bar):
        (z,) = ctx.saved_tensors
        return z_bar * z

    def jvp(ctx, x_dot):
        (z,) = ctx.saved_tensors
        return x_dot * z


class Cubes(Op):
    """The sum of cubes, with a vjp that fills an array, one entry at a time."""

    def forward(ctx, x):
        ctx.save_for_backward(x)
        return np.sum(x**3)

    def vjp(ctx, z_bar):
        (x,) = ctx.saved_tensors
        x_bar = np.zeros(x.shape)
        for i in range(len(x)):
            x_bar[i] = z_bar * 3 * x[i] ** 2
        return x_bar


class Double(Op):
    """Has no rule for the way back."""

    def forward(ctx, x):
        return 2 * x


class Flat(Op):
    """Returns a view of its input."""

    def forward(ctx, x):
        ctx.x_shape = x.shape
        return x.reshape(-1)

    def vjp(ctx, z_bar):
        return z_bar.reshape(ctx.x_shape)


class Scale(Op):
    def forward(ctx, x, w):
        return x * w.data

    def vjp(ctx, z_bar):
        return z_bar


class Mine(Multiply):
    """An op of the package, with a rule of a learner's."""

    def vjp(ctx, z_bar):
        x, y = ctx.saved_tensors
        return z_bar * y, z_bar * x


@pytest.mark.parametrize("index", [(slice(None), (0, 0)), (slice(None), [0, 0]), ((0, 1), (0, 0))])
def test_entries_picked_twice_by_any_sequence_add_up(index):
    x = bl.parameter(np.ones((2, 3)))
    x[index].sum().backward()
    wanted = np.zeros((2, 3))
    arrays = tuple(np.array(i) if isinstance(i, tuple) else i for i in index)
    np.add.at(wanted, arrays, 1)
    np.testing.assert_array_equal(x.grad, wanted)


def test_an_index_or_labels_that_are_used_again_do_not_change_the_graph():
    x, rows = bl.parameter(np.ones(3)), np.array([0, 1])
    y = x[rows].sum()
    rows[:] = 2
    y.backward()
    assert x.grad.tolist() == [1, 1, 0]
    scores, labels = bl.parameter(np.zeros((1, 2))), np.array([0])
    loss = ops.softmax_cross_entropy(scores, labels)
    labels[:] = 1
    loss.backward()
    assert scores.grad.tolist() == [[-0.5, 0.5]]


@pytest.mark.parametrize("x", [0.5, [0.5, -1.0]])
def test_an_op_that_saves_its_output_has_a_second_derivative(x):
    np.testing.assert_allclose(bl.hvp(lambda x: Exp.apply(x).sum(), x, x).data, np.exp(x) * x)


def test_a_rule_that_fills_an_array_is_refused_where_its_derivative_would_be_lost():
    assert bl.grad(Cubes.apply)([1.0, 2.0]).data.tolist() == [3, 12]
    with pytest.raises(GradientError, match="assignment into an array"):
        bl.grad(lambda x: bl.grad(Cubes.apply)(x).sum())([1.0, 2.0])


def test_a_number_taken_out_of_the_graph_inside_a_transform_is_refused():
    with pytest.raises(GradientError, match=r"ops\.exp"):
        bl.grad(lambda x: x * math.exp(x))(1.0)
    assert float(bl.parameter(2.0)) == 2.0  # outside of one it is as in PyTorch
    assert bl.grad(lambda x: x * x.item())(3.0).item() == 3.0


def test_an_exponent_that_stands_still_is_not_asked_for_its_slope():
    p = bl.parameter(2.0)
    assert bl.jvp(lambda x: x**p, (-2.0,), (1.0,))[1].item() == -4
    assert bl.jacobian(lambda x: ops.stack([x**p, x]))(-2.0).data.tolist() == [-4, 1]


def test_a_transform_stays_out_of_what_does_not_depend_on_its_arguments():
    h = Double.apply(bl.parameter(2.0))
    assert bl.grad(lambda x: x * h)(1.0).item() == 4
    w = bl.parameter(3.0)
    h = w * w
    w.data = np.float64(5.0)
    assert bl.grad(lambda x: x * h)(1.0).item() == 9


def test_an_op_made_from_one_of_the_packages_differentiates_twice():
    assert bl.grad(bl.grad(lambda x: Mine.apply(x, x * 1)))(3.0).item() == 2


def test_a_weight_given_by_keyword_is_refused():
    with pytest.raises(RuleError, match="by position"):
        Scale.apply(bl.tensor(1.0), w=bl.parameter(2.0, name="w"))


def test_a_result_may_be_written_to_though_it_was_a_view():
    x = bl.parameter(np.ones((2, 2)))
    z = Flat.apply(x)
    z.data[0] = 3
    assert x.data[0, 0] == 1


def test_integers_are_not_rounded_by_their_bounds():
    assert ops.clip(np.array([1, 2, 3]), 0.5, 2.5).data.tolist() == [1, 2, 2.5]
    assert ops.clip(np.array([1, 2], np.int8), 0, 300).data.tolist() == [1, 2]


def test_a_mean_over_no_examples_is_empty():
    assert ops.mean(np.ones((0, 3)), axis=1).shape == (0,)


def test_an_integer_too_long_is_named():
    with pytest.raises(DataError, match="does not fit"):
        bl.parameter(1.0) * 10**400
