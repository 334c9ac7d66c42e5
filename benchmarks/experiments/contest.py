"""One step, everyone side by side: three networks and a chain of single numbers."""

from statistics import median

from .. import agreement
from ..peers import FLOOR, NAMES, OURS, NotRun
from ..problems import Chain, Mlp
from ..results import Result, Row, Target
from ..timing import interleave, ratio


def tiny(session):
    """What an operator costs beside the arithmetic it does."""
    targets = {FLOOR: Target(1.5), "torch_eager": Target(0.5), "torch_modules": Target(0.5)}
    problem = Mlp((2, 16, 16, 2), 100, session.dtype)
    return contest("tiny", session, problem, "Mlp", targets)


def digits(session):
    """The size of a first real network."""
    problem = Mlp((784, 128, 10), 64, session.dtype)
    return contest("digits", session, problem, "Mlp", {FLOOR: Target(1.15)})


def large(session):
    """Nearly all of the time goes into matrix products."""
    problem = Mlp((1024, 1024, 1024, 10), 256, session.dtype)
    return contest("large", session, problem, "Mlp", {FLOOR: Target(1.05)})


def scalar(session):
    """Forward and backward through single numbers; seconds are per operator."""
    problem = Chain(300, session.dtype)
    targets = {"micrograd_scalar": Target(1.0, goal=0.8)}
    return contest("scalar", session, problem, "Chain", targets, problem.operators, "s/operator")


def contest(name, session, problem, kind, targets, operations=1, unit="s/step"):
    """Everyone's time, and the ratio of ours to it, after a check that all compute the same."""
    contestants, absent = enter(session, problem, kind)
    agreement.check(contestants, problem)
    seconds = interleave({key: c.step for key, c in contestants.items()}, session.rounds)
    rows = []
    for key in session.keys:
        row = Row(NAMES[key], target=targets.get(key), note=absent.get(key, ""))
        if key in seconds:
            row.samples = [s / operations for s in seconds[key]]
            row.value, row.unit = median(row.samples), unit
            row.ratio = ratio(seconds[OURS], seconds[key]) if key != OURS else None
        rows.append(row)
    return Result(name, str(problem), rows, ratios="ours / theirs")


def enter(session, problem, kind):
    """(contestants, absent): who takes the problem, and why the others do not."""
    contestants, absent = {}, dict(session.missing)
    for key, module in session.modules.items():
        try:
            contestants[key] = getattr(module, kind)(problem)
        except NotRun as reason:
            absent[key] = str(reason)
    return contestants, absent
