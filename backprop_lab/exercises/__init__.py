"""Exercises and their checks: `check("topo", topo)` in a notebook, the same judge in a grader.

One module defines the exercises of one notebook. The package holds no solutions: judges work
from properties, and the wrong rules that they recognise stand here as code.
"""

from functools import cache
from importlib import import_module

from .card import Mark
from .exercise import Verdict
from .judging import assess
from .progress import note

NOTEBOOKS = {
    1: "computational_graphs", 2: "chain_rule", 3: "build_an_engine", 4: "jacobians_and_vjps",
    5: "tensors_and_broadcasting", 6: "custom_functions", 7: "dynamic_graphs",
    8: "train_and_diagnose",
}  # fmt: skip


@cache
def exercises():
    """Every exercise of the series, as {id: Exercise}, in the order of the notebooks."""
    modules = [import_module(f"{__name__}.{name}") for name in NOTEBOOKS.values()]
    return {exercise.id: exercise for module in modules for exercise in module.EXERCISES}


def check(name, answer):
    """Try an answer to an exercise and say what came out.

    Arguments: name (the exercise's id, as in the notebook), answer (a function, or data).
    Returns the points as a float whose notebook display is a card. Never raises.

    >>> check("topo", lambda graph, root: ...)
    0.0
    """
    if name not in exercises():
        known = ", ".join(exercises())
        verdict = Verdict("stopped", 0.0, f"There is no exercise {name!r}. There are: {known}.")
        return Mark(0, 0, str(name), verdict)
    exercise = exercises()[name]
    try:
        verdict = assess(exercise, answer, seed=0)
    except Exception as error:  # a fault of ours must not stop a learner's page
        text = f"The check itself failed ({type(error).__name__}): a fault of the lab, not yours."
        verdict = Verdict("stopped", 0.0, text)
    points = exercise.points * verdict.share
    return Mark(points, exercise.points, exercise.title, verdict, note(exercise, verdict))


def hint(name, step):
    """One of an exercise's three hints, from a nudge (1) to nearly there (3).

    >>> hint("topo", 4)
    "The hints of 'topo' are numbered 1 to 3."
    """
    if name not in exercises():
        return f"There is no exercise {name!r}. There are: {', '.join(exercises())}."
    hints = exercises()[name].hints
    if step not in range(1, len(hints) + 1):
        return f"The hints of {name!r} are numbered 1 to {len(hints)}."
    return f"{hints[step - 1].symptom}\n{hints[step - 1].text}"
