"""The exercises of notebook 5: what their checks hand out is as they say, and so is the card."""

import warnings

import numpy as np
import pytest

from backprop_lab.exercises import exercises
from backprop_lab.exercises.judging import assess
from backprop_lab.exercises.tensors_and_broadcasting.arrays import transpose_of
from backprop_lab.exercises.tensors_and_broadcasting.pull_backs import MUTANTS, RIGHT, pairs
from tests.answers import define, reference
from tests.answers.tensors_and_broadcasting.wrong import checked, entropy, reduce

HEAD = "def gradcheck(f, pull_back, x):\n"


def verdict_on(name, code):
    return assess(exercises()[name], define(code, exercises()[name]), seed=0)


def slope(f, x):
    """The Jacobian of f as it acts on a nudge, by central differences."""
    return lambda nudge: (f(x + 1e-5 * nudge) - f(x - 1e-5 * nudge)) / 2e-5


@pytest.mark.parametrize("seed", range(5))
def test_of_the_fifteen_pull_backs_five_are_right_and_each_mutant_is_wrong(seed):
    (case,) = exercises()["gradcheck"].cases(seed)
    rng = np.random.default_rng(seed)
    for name, (f, pull_back) in pairs(case["wide"], case["square"]).items():
        x = case["x"][name]
        u = rng.normal(size=f(x).shape)
        true, claimed = transpose_of(slope(f, x), x.shape, u), pull_back(x, u)
        off = np.abs(claimed - true).max() / np.abs(true).max()
        assert off < 1e-6 if name in RIGHT else off > 0.009, name
    assert (len(RIGHT), len(MUTANTS)) == (5, 10)


@pytest.mark.parametrize(
    "name, asked",
    [("ones_only", np.ones), ("zero_only", np.zeros), ("transposed", np.ones)],
)
def test_some_mutants_are_right_for_a_special_cotangent(name, asked):
    (case,) = exercises()["gradcheck"].cases(0)
    (f, pull_back), x = pairs(case["wide"], case["square"])[name], case["x"][name]
    u = asked(f(x).shape)
    assert np.allclose(pull_back(x, u), transpose_of(slope(f, x), x.shape, u))


def test_some_mutants_are_right_in_all_entries_but_some():
    (case,) = exercises()["gradcheck"].cases(0)
    for name, wrong_entries in (("one_entry", [2]), ("far", [1, 3])):
        (f, pull_back), x = pairs(case["wide"], case["square"])[name], case["x"][name]
        u = np.linspace(0.5, 1.5, f(x).size)
        off = np.abs(pull_back(x, u) - transpose_of(slope(f, x), x.shape, u))
        assert np.flatnonzero(off > 1e-6).tolist() == wrong_entries


@pytest.mark.parametrize(
    "code, share, said",
    [
        (checked(u="np.ones(np.shape(f(x)))"), 0.8, "is right only if all entries of u are"),
        (checked("np.allclose(a, b, rtol=0.02, atol=0)"), 0.9, "is one percent too large"),
        (checked("np.abs(a - b).max() < 1e-5"), 0.7, "values are in the millionths"),
        (HEAD + "    return True", 0.0, "a check that never says no".capitalize()),
        (HEAD + "    return False", 0.0, "It refuses the right pull_back of x + ½ sin x"),
        (checked().replace("if a.shape != b.shape: return False", "pass"), 1.0, ""),
        (checked().replace("if a.shape != b.shape: return False", "a @ b"), 0.0, "ValueError"),
    ],
)
def test_a_check_is_told_which_mutant_slipped_through(code, share, said):
    verdict = verdict_on("gradcheck", code)
    assert np.isclose(verdict.share, share)
    assert said in verdict.text


def test_a_nudge_that_stays_in_x_is_noticed():
    code = checked("np.allclose(a, b, rtol=1e-4, atol=1e-9) and x.__iadd__(1e-9) is x")
    verdict = verdict_on("gradcheck", code)
    assert "changed what it was given: x" in verdict.text
    assert verdict.misconception is None  # far more than rounding leaves


@pytest.mark.parametrize("weights", ["ones", "rng.uniform(0.1, 1.0, x.shape)", "np.exp(cumulated)"])
def test_at_a_tie_every_split_is_right_that_adds_up(weights):
    start = "rng, cumulated = np.random.default_rng(0), np.cumsum(ones).reshape(x.shape)"
    share = f"(lambda w: w / w.sum(axis=axis, keepdims=True))(top * {weights})"
    assert verdict_on("reduce_vjp", reduce(max=f"z * {share}", start=start)).status == "right"
    assert verdict_on("reduce_vjp", reduce(max=f"1.01 * z * {share}", start=start)).share == 0


def test_the_loss_of_the_page_and_a_stable_one_without_a_warning():
    exercise = exercises()["softmax_cross_entropy"]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for case in exercise.cases(0):
            loss, gradient = define(reference(exercise), exercise)(**case)
            assert np.isfinite(loss) and np.isfinite(gradient).all()
    logits = np.array([[2.0, 1.0, 0.1]])
    _, gradient = define(reference(exercise), exercise)(logits, np.array([0]))
    assert np.allclose(gradient, [[-0.341, 0.242, 0.099]], atol=5e-4)


@pytest.mark.parametrize("limit", ["1e-12", "1e-300"])
def test_a_limit_to_the_loss_is_named(limit):
    code = entropy(loss=f"-np.log(p[rows, labels] + {limit}).mean()")
    assert verdict_on("softmax_cross_entropy", code).misconception == "loss_with_a_limit"


def test_a_one_hot_matrix_costs_the_points_and_a_loop_does_not():
    dense = "def gather_vjp(table, indices, z_bar):\n    return {}"
    eye = "np.eye(len(table))[indices.ravel()].T @ z_bar.reshape(-1, table.shape[1])"
    verdict = verdict_on("gather_vjp", dense.format(eye))
    assert (verdict.misconception, verdict.share) == ("dense_one_hot", 0)
    assert "a one-hot matrix" in verdict.text
