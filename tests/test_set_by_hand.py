"""Attributes that are replaced with something odd: each has its exception, and nothing is lost."""

import numpy as np
import pytest

import backprop_lab as bl
from backprop_lab import ops
from backprop_lab.errors import (
    DataError,
    GradientError,
    ShapeError,
)


def leaf(data, name):
    return bl.tensor(data, requires_grad=True, name=name)


class TestSetByHand:
    """Attributes that are replaced with something odd."""

    @pytest.mark.parametrize(
        "grad, error, message",
        [
            (np.ones((2, 2)), ShapeError, r"a of shape \(3,\) has shape \(2, 2\).*Set it to None"),
            (0.0, ShapeError, "Set it to None"),
            ("a", DataError, "replaced with a str.*Set it to None"),
            ({}, DataError, "replaced with a dict"),
            (bl.tensor([1.0, 2.0, 3.0]), DataError, "replaced with a Tensor"),
            (np.ones(3) * 1j, DataError, "replaced with an array of complex128"),
        ],
    )
    def test_an_odd_grad_changes_nothing(self, grad, error, message):
        a, b = leaf([1.0, 2.0, 3.0], "a"), leaf(2.0, "b")
        a.grad = grad
        with pytest.raises(error, match=message):
            (a * b).sum().backward()
        assert a.grad is grad and b.grad is None

    @pytest.mark.parametrize("grad", [[1.0, 2.0, 3.0], np.ones(3, int), np.ones(3, np.float32)])
    def test_numbers_of_the_right_shape_are_added_to(self, grad):
        a = leaf([1.0, 2.0, 3.0], "a")
        a.grad = grad
        a.sum().backward()
        assert (a.grad == np.array(grad) + 1).all()

    @pytest.mark.parametrize("data", [[1.0, 2.0, 3.0], 2.0, None, "a"], ids=type)
    def test_odd_data_is_named(self, data):
        for act in (
            lambda a: a * 2,
            lambda a: a + a,
            lambda a: a.relu(),
            lambda a: a.sum(),
            lambda a: a.reshape(3, 1),
            lambda a: a[0],
            lambda a: a @ a,
        ):
            a = leaf([1.0, 2.0, 3.0], "a")
            a.data = data
            with pytest.raises(DataError, match="data of a has been replaced"):
                act(a)

    def test_a_tensor_for_data_is_named_by_backward(self):
        w, g = leaf(np.ones(3), "w"), bl.tensor(np.ones(3))
        w.data = w - 0.1 * g
        with pytest.raises(DataError, match=r"data of w .*replaced with a Tensor.*y\.data"):
            ops.exp(w * 2).sum().backward()

    def test_text_for_data_is_named(self):
        w = leaf(np.ones(3), "w")
        w.data = np.array(["a"] * 3)
        for act in (lambda: w * 2, lambda: w @ w, lambda: w.exp()):
            with pytest.raises(DataError, match="data of w has been replaced"):
                act()

    def test_odd_data_is_named_by_backward(self):
        a = leaf([1.0, 2.0, 3.0], "a")
        loss = (a * a).sum()
        a.data = [1.0, 2.0, 3.0]
        with pytest.raises(DataError, match="data of a has been replaced with a list"):
            loss.backward()

    @pytest.mark.parametrize(
        "loss", [lambda i: (i * 2.0).sum(), lambda i: (i * i).sum(), lambda i: i.mean(),
                 lambda i: ops.exp(i).sum(), lambda i: i.softmax()[0]]
    )  # fmt: skip
    def test_integers_never_get_a_gradient(self, loss):
        i = bl.tensor(np.arange(3), name="i")
        i.requires_grad = True
        with pytest.raises(GradientError, match="small amount can nudge"):
            loss(i).backward()
        assert i.grad is None

    def test_a_cycle_is_named(self):
        y = ops.exp(leaf(2.0, "x"))
        z = ops.sin(y)
        y.grad_fn.inputs = (z,)
        with pytest.raises(GradientError, match=r"<Exp> depends on <Sin>, which ran later.*cycle"):
            z.backward()

    def test_data_replaced_before_a_second_derivative(self):
        def f(a):
            y = ops.exp(a) * a
            a.data = np.array([4.0, 5.0])
            return y.sum()

        with pytest.raises(GradientError, match="other data since"):
            bl.grad(lambda a: bl.grad(f)(a).sum())([1.0, 2.0])
