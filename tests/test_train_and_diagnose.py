"""Notebook 8: what its exercises claim about the ward, the counted layers and the mutants."""

import doctest

import numpy as np
import pytest

import backprop_lab as bl
from backprop_lab.exercises import exercises
from backprop_lab.exercises.judging import assess
from backprop_lab.exercises.train_and_diagnose import experiments
from backprop_lab.exercises.train_and_diagnose.checkpointed import probe_checkpointed, turn
from backprop_lab.exercises.train_and_diagnose.experiments import (
    EXPERIMENTS,
    finding,
    fits,
    losses,
)
from backprop_lab.exercises.train_and_diagnose.mutants import WHAT, mutants
from backprop_lab.exercises.train_and_diagnose.ward import DISEASES, PATIENTS, Run
from tests.answers import define, reference

SEGMENTS = {1: 65, 2: 34, 4: 20, 8: 16, 16: 20, 32: 34, 64: 65}


def test_the_examples_of_the_ward_run():
    assert not doctest.testmod(experiments).failed


def test_six_of_the_diseases_have_a_patient_and_the_healthy_run_is_well():
    assert {*PATIENTS.values()} < {*DISEASES}
    assert len({*PATIENTS.values()}) == 6
    assert Run(None).train()[-1] < 0.3
    for patient in PATIENTS:
        assert not losses(patient)[-1] < 0.25, "its curve shows that something is wrong"


@pytest.mark.parametrize("disease", PATIENTS.values())
def test_for_each_disease_there_is_an_experiment_that_fits_it_alone(disease):
    decisive = [name for name in EXPERIMENTS if fits(disease, name) == [disease]]
    assert decisive
    assert len(decisive) <= 3, "an experiment that decides everything teaches nothing"


def test_a_healthy_run_shows_nothing_in_any_experiment_that_decides():
    for name, experiment in EXPERIMENTS.items():
        seen = finding("rate too small", name)[0]
        assert seen is None or experiment(Run(None))[0] == seen


def test_a_wrong_gradient_trains_to_a_plausible_accuracy():
    run, healthy = Run("transposed weight"), Run(None)
    run.train(), healthy.train()
    assert run.accuracy() > 0.8
    assert healthy.accuracy() - run.accuracy() < 0.15


@pytest.mark.parametrize("segments, peak", SEGMENTS.items())
def test_so_many_values_are_alive_with_so_many_segments(segments, peak):
    rng = np.random.default_rng(0)
    answer = define(reference(exercises()["checkpointed"]), exercises()["checkpointed"])
    x, z_bar = rng.normal(size=(2, 2, 3))
    W = np.array([turn(rng, 3) for _ in range(64)])
    case = {"W": W, "drops": [], "seed": 0, "x": x, "z_bar": z_bar, "segments": segments}
    told = probe_checkpointed(answer, case)
    assert abs(told["peak"] - peak) <= 1
    assert sum(told["calls"]) == 64 + 64 - segments


def test_a_copy_of_a_value_is_refused():
    verdict = assess(exercises()["checkpointed"], lambda layers, x, *rest: (
        layers[0].forward(x.copy(), rest[-1])), 0)  # fmt: skip
    assert "no copies" in verdict.text


class Cube(bl.Op):
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x**3

    def vjp(ctx, z_bar):
        return 3 * ctx.saved_tensors[0] ** 2 * z_bar

    jvp = vjp


def test_every_mutant_is_an_operator_that_differs_in_one_way():
    x = np.array([0.5, -1.5, 2.0])
    bank = mutants(Cube)
    assert {*bank} == {*WHAT}
    for name, mutant in bank.items():
        rules = {rule for rule in ("forward", "vjp", "jvp") if rule in mutant.__dict__}
        assert len(rules) == (2 if name == "both scaled" else 1)
        if name not in ("forward shifted", "second input"):  # no slope sees a constant
            assert not bl.gradcheck(mutant.apply, x), name
    assert bl.gradcheck(Cube.apply, x)


def test_mutants_work_where_a_derivative_is_itself_recorded():
    x = np.array([0.5, -1.5, 2.0])
    for mutant in mutants(Cube).values():
        assert bl.hvp(lambda x, op=mutant: op.apply(x).sum(), x, x).shape == (3,)
