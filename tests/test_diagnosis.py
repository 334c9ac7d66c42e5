"""What a diagnosis says of arrays: the layout, the order, one amount, a rounded number."""

import numpy as np
import pytest

from backprop_lab.exercises.diagnosis import as_array, diagnose, shown

J = np.array([[3.25, 2.5], [-0.75, 0.0], [0.0, 6.125]])
X_BAR = np.array([1.75, -0.5, 2.25, 0.125])


@pytest.mark.parametrize("got", [J.ravel(), J[None], J.reshape(2, 3), X_BAR[:, None]])
def test_right_numbers_in_another_shape(got):
    wanted = X_BAR if got.size == 4 else J
    said = diagnose(got, wanted)
    assert said.startswith(f"The shape is {got.shape}, and it has to be {wanted.shape}.")
    assert "only the shape is not" in said


def test_a_transposed_array_that_is_not_square():
    assert "lie transposed" in diagnose(J.T, J)
    assert "lie transposed" not in diagnose(2 * J.T, J)


def test_right_numbers_in_wrong_places():
    assert "reverse order" in diagnose(X_BAR[::-1], X_BAR)
    assert "wrong places" in diagnose(J[:, ::-1], J)
    assert "wrong places" in diagnose(X_BAR[[1, 0, 2, 3]], X_BAR)


def test_one_amount_too_much_everywhere():
    assert diagnose(X_BAR + 0.5, X_BAR).endswith("too large, all of them by the same amount.")
    assert diagnose(X_BAR - 0.5, X_BAR).endswith("too small, all of them by the same amount.")


def test_a_measured_or_rounded_number_is_nearly_right():
    assert "nearly right" in diagnose(X_BAR * (1 + 1e-6), X_BAR)
    assert "nearly right" in diagnose(np.round(X_BAR * np.pi, 4), X_BAR * np.pi)
    assert diagnose(np.float32(X_BAR * np.pi), X_BAR * np.pi) is None
    assert "nearly right" not in diagnose(X_BAR * 1.01, X_BAR)


@pytest.mark.parametrize("got", [X_BAR + 0.5, X_BAR[:, None] * 3, X_BAR * [1, 1, 1, 2], X_BAR * 0])
def test_none_of_it_gives_the_answer_away(got):
    wanted = X_BAR + np.pi
    for number in wanted:
        assert f"{number:.4g}" not in diagnose(got, wanted)


@pytest.mark.parametrize("odd", [None, "ab", [[1], [2, 3]], {}, [None], [1j], ["1"], object()])
def test_what_is_no_array_of_numbers_is_none(odd):
    assert as_array(odd) is None


def test_numbers_and_nested_lists_are_arrays():
    assert as_array(2.0).shape == ()
    assert as_array([[1, 2.5], [True, 0]]).tolist() == [[1, 2.5], [1, 0]]


def test_long_arrays_are_not_written_out():
    assert shown(x=np.ones(800)) == "x = (an array of shape (800,))"
    assert shown(J=J, y=2) == "J = [[3.25, 2.5], [-0.75, 0], [0, 6.125]], y = 2"
