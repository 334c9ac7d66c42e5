"""The memory that an answer takes: measured, and told apart from what a rule needs."""

import tracemalloc

import numpy as np
import pytest

from backprop_lab.exercises import exercises
from backprop_lab.exercises.judging import assess
from backprop_lab.exercises.memory import measured
from tests.answers import define
from tests.answers.jacobians_and_vjps import RIGHT

ROWS = "[z_bar[i] * np.exp(x) * (np.arange(len(x)) == i) for i in range(len(x))]"
DENSE = [
    ("exp", "z_bar @ np.diag(np.exp(x))"),
    ("exp", "np.outer(np.exp(x), z_bar).diagonal()"),
    ("exp", "(np.eye(len(x), dtype=bool) * z_bar).sum(axis=0) * np.exp(x)"),
    ("exp", f"np.sum({ROWS}, axis=0)"),
    ("center", "(np.eye(len(x)) - 1 / len(x)) @ z_bar"),
    ("center", "np.subtract.outer(z_bar, z_bar).mean(axis=1)"),
    ("cumsum", "np.tri(len(x)).T @ z_bar"),
    ("cumsum", "np.tri(len(x), dtype=np.int8).T @ z_bar"),
    ("cumsum", "[sum(row) for row in [z_bar[i:].tolist() for i in range(len(x))]]"),
]


def test_the_most_that_was_held_at_once_is_measured():
    def answer(n):
        for _ in range(3):
            np.ones(n)
        return np.ones(1)

    result, peak = measured(answer, 10_000)
    assert result == 1
    assert 80_000 <= peak < 170_000  # one or two of the three arrays, never all of them


def test_what_was_held_before_does_not_count():
    tracemalloc.start()
    try:
        held = np.ones(100_000)
        assert measured(lambda: held.sum())[1] < 10_000
        assert tracemalloc.is_tracing()
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("answer", [lambda: None, lambda: 1 / 0, tracemalloc.stop])
def test_measuring_ends_whatever_the_answer_does(answer):
    try:
        measured(answer)
    except (ZeroDivisionError, RuntimeError):
        assert answer() is None if answer is tracemalloc.stop else True
    assert not tracemalloc.is_tracing()


def test_an_answer_that_stops_the_measurement_is_not_believed():
    with pytest.raises(RuntimeError, match="stopped"):
        measured(tracemalloc.stop)


@pytest.mark.parametrize("op, dense", DENSE)
def test_a_dense_jacobian_is_told_by_its_bytes(op, dense):
    """Also where its entries are small, or where it is a list of rows."""
    code = f"def vjp_of(op, x, z_bar): return {dense} if op == {op!r} else ..."
    exercise = exercises()["vjp_of"]
    verdict = assess(exercise, define(code, exercise), 0)
    assert verdict.share == 0
    assert verdict.misconception == "dense_jacobian"
    assert f"{op}: The numbers are right. But it allocated" in verdict.text
    assert "that is a Jacobian" in verdict.text


@pytest.mark.parametrize("code", RIGHT["vjp_of"])
def test_right_answers_stay_far_below_the_cap(code, monkeypatch):
    """However wasteful with vectors: a third of what is allowed at the very most."""
    monkeypatch.setattr("backprop_lab.exercises.memory.ROOM", 200 / 3)
    exercise = exercises()["vjp_of"]
    for seed in range(3):
        assert assess(exercise, define(code, exercise), seed).status == "right"
