"""The parts of the check machinery: plain data, diagnosis in a fixed order, comparisons."""

from collections import deque

import numpy as np
import pytest

import backprop_lab as bl
from backprop_lab.exercises.diagnosis import diagnose
from backprop_lab.exercises.probing import plain, same, watch

rng = np.random.default_rng(2)
A = rng.normal(size=(4, 4))


@pytest.mark.parametrize(
    "value, wanted",
    [
        (..., {"__unfilled__": True}),
        ((1, 2.5, "a", None, True), [1, 2.5, "a", None, True]),
        (deque(["a"]), ["a"]),
        ({"a": (1,)}.keys(), ["a"]),
        (np.float64(2.5), 2.5),
        (np.int64(3), 3),
        (np.bool_(True), True),
        (np.array(True), True),
        (np.str_("a"), "a"),
        ({1: 2}, {"__type__": "dict"}),
        ({"type": ...}, {"type": {"__unfilled__": True}}),
        ({1, 2}, {"__type__": "set"}),
        (object(), {"__type__": "object"}),
        (bl.tensor(1.0), {"__type__": "Tensor"}),
        (np.array(["a"]), {"__type__": "ndarray"}),
    ],
)
def test_what_comes_back_is_plain(value, wanted):
    result = plain(value)
    assert same(result, wanted)
    assert type(result) is type(wanted)


def test_a_subclass_comes_back_as_its_exact_type():
    class Sneaky(float):
        def __eq__(self, other):
            return True

        __hash__ = float.__hash__

    class SneakyArray(np.ndarray):
        pass

    assert type(plain(Sneaky(2))) is float
    assert type(plain(np.ones(2).view(SneakyArray))) is np.ndarray


def test_same_tells_types_shapes_and_nan():
    assert same({"a": [1.0, np.ones(2)]}, {"a": [1.0, np.ones(2)]})
    assert same(float("nan"), float("nan"))
    assert same(np.array([np.nan]), np.array([np.nan]))
    assert not same(1, True)
    assert not same(np.ones(2), np.ones((2, 1)))
    assert not same([1, 2], [1, 2, 3])


def test_a_diagnosis_goes_from_shape_to_factor_to_transpose_to_the_worst_entry():
    """Each wrong array shows several faults; the one that is named is the first of the list."""
    assert "shape is (4, 3)" in diagnose(2 * A[:, :3], A)
    assert diagnose(2 * A, A) == "Every number is twice what it has to be."
    assert diagnose(A / 2, A) == "Every number is half of what it has to be."
    assert diagnose(-A, A) == "Every number is the negative of what it has to be."
    assert diagnose(7 * A, A, [("batch size", 7)]) == (
        "Every number is batch size times what it has to be."
    )
    assert diagnose(A / 7, A, [("n", 7)]) == "Every number is one n-th of what it has to be."
    assert diagnose(3.3 * A, A) == "Every number is 3.3 times what it has to be."
    assert "transposed" in diagnose(A.T, A)
    nearly = A.copy()
    nearly[2, 1] += 5
    nearly[0, 0] -= 0.1
    assert diagnose(nearly, A) == f"{nearly[2, 1]:.4g} at [2, 1] is too large."
    assert diagnose(A, A) is None


def test_a_diagnosis_never_gives_the_answer_away():
    wanted = np.array([[1.2345]])
    for wrong in (np.array([[2.0]]), np.zeros((1, 2)), -wanted, np.array([[np.nan]])):
        assert "1.23" not in diagnose(wrong, wanted).replace("-1.23", "")


def test_scalars_do_not_pass_by_broadcasting():
    assert diagnose(1.0, np.ones(3)) == "The shape is (), and it has to be (3,)."
    assert diagnose(np.ones((3, 1)), np.ones(3)) is not None


def test_the_watch_sees_calls_into_our_package_and_into_torch():
    def answer():
        bl.tensor(1.0)

    called = []
    with watch(frozenset(), called):
        answer()
    assert called[0] == "backprop_lab.leaves.tensor"
    called.clear()
    with watch(frozenset({"backprop_lab"}), called):
        answer()
    assert called == []
    torch = pytest.importorskip("torch")
    with watch(frozenset(), called):
        torch.ones(2).sum()
    assert called[0].startswith("torch")


@pytest.mark.parametrize(
    "guess, value, text",
    [
        (..., 135.0, "No guess yet. Put yours in place of the dots, and run both cells again."),
        (54, np.float64(135.0), "Your guess: 54. It is 135."),
        (135, 135.0, "Your guess: 135. So it is."),
        (2.61, 2.612, "Your guess: 2.61. So it is."),
        ("no", True, "Your guess: no. It is True."),
        ("nan", np.float64("nan"), "Your guess: nan. So it is."),
        ("inf", np.float64("nan"), "Your guess: inf. It is nan."),
        ([1, 2], [1, 2], "Your guess: [1, 2]. So it is."),
        ([1, 2], 3, "Your guess: [1, 2]. It is 3."),
        (None, 3, "Your guess: None. It is 3."),
        ("<b>", "x", "Your guess: <b>. It is x."),
    ],
)
def test_a_guess_is_set_beside_the_truth(guess, value, text):
    shown = bl.compare(guess, value)
    assert repr(shown) == text
    assert "<b>" not in shown._repr_html_()
