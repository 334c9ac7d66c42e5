"""The tests, tested: every planted bug is found by some check, and the engine passes them all."""

import inspect

import numpy as np
import pytest

from backprop_lab.errors import LabError
from tests import test_backward, test_ops, test_properties, test_transforms
from tests.mutants import MUTANTS
from tests.op_checks import ALL, CHECKS

# How a bug shows: a check says no, or the engine does, or it breaks. Any other exception, such as
# a NameError, means that a mutant is not even Python: correct the mutant.
FOUND = (AssertionError, LabError, ValueError, TypeError, pytest.fail.Exception)
OURS = sorted((op for op in test_ops.every_op() if op.ours), key=lambda op: op.__name__)


def plain_tests_of(owner):
    """The tests of a module, or of a class in it, that take no arguments."""
    for name, test in inspect.getmembers(owner):
        if inspect.isclass(test) and name.startswith("Test"):
            yield from plain_tests_of(test())
        elif name.startswith("test_") and not inspect.signature(test).parameters:
            yield name, test


ENGINE = [
    *plain_tests_of(test_transforms),
    *plain_tests_of(test_backward),
    *plain_tests_of(test_ops),
    *plain_tests_of(test_properties.TestThreads()),
    ("memory", lambda: test_properties.memory_stays_flat(test_properties.training, 30)),
]
OPS = [(f"{case}: {check.__name__}", case, check) for case in ALL for check in CHECKS]


def checks(op=None):
    """Every check, those of one op first."""
    of_ops = [(what, lambda c=case, f=check: f(c)) for what, case, check in OPS if case.op == op]
    others = [(what, lambda c=case, f=check: f(c)) for what, case, check in OPS if case.op != op]
    yield from of_ops
    yield from ENGINE
    yield from others


def first_find(op=None):
    """The first check that fails, in words; None if the engine passes them all."""
    for what, check in checks(op):
        try:
            with np.errstate(all="ignore"):
                check()
        except FOUND as error:
            return f"{what}: {type(error).__name__}"
    return None


@pytest.fixture(scope="module")
def references():
    """PyTorch's results are worked out once, before any bug is planted."""
    for case in ALL:
        case.pytorch()


def test_the_engine_as_it_is_passes_every_check(references):
    assert first_find() is None


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda m: f"{m.where}: {m.name}")
def test_a_planted_bug_is_found(mutant, references):
    with mutant.planted():
        found = first_find(mutant.op)
    assert found is not None, "No check notices this bug: add one."


@pytest.mark.parametrize("rule", ["forward", "vjp", "jvp"])
@pytest.mark.parametrize("op", OURS)
def test_no_rule_of_any_op_can_be_a_tenth_too_large(op, rule, references, monkeypatch):
    """Found by the cases of this op alone, so each of them tests all three rules of its op."""
    original = getattr(op, rule)

    def too_large(ctx, *given, **options):
        z = original(ctx, *given, **options)
        if isinstance(z, tuple):
            return tuple(None if x is None else x * 1.1 for x in z)
        return z * 1.1

    monkeypatch.setattr(op, rule, staticmethod(too_large))
    with pytest.raises(FOUND), np.errstate(all="ignore"):
        for case in (case for case in ALL if case.op == op.__name__):
            for check in CHECKS[:2]:
                check(case)


def test_at_least_25_bugs_are_planted_and_no_two_are_the_same():
    assert len({(m.where, m.old, m.new) for m in MUTANTS}) == len(MUTANTS) >= 25
