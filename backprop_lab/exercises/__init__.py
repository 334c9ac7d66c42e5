"""Exercises and their checks: `check("topo", topo)` in a notebook, the same judge in a grader.

One module defines the exercises of one notebook. The package holds no solutions: judges work
from properties, and the wrong rules that they recognise stand here as code.
"""

from difflib import get_close_matches
from functools import cache
from importlib import import_module

from .card import Mark
from .diagnosis import as_array, as_numbers, close, diagnose, shown
from .exercise import Exercise, Hint, Misconception, Verdict, as_it_is, call
from .judging import assess
from .own import OWN, add_exercises
from .progress import note

__all__ = [  # noqa: RUF022
    "NOTEBOOKS", "add_exercises", "check", "exercises", "hint", "ours",
    # What a module of an instructor's own exercises is made of.
    "Exercise", "Hint", "Misconception", "as_array", "as_it_is", "as_numbers", "call", "close",
    "diagnose", "shown",
]  # fmt: skip

NOTEBOOKS = {
    1: "computational_graphs", 2: "chain_rule", 3: "build_an_engine", 4: "jacobians_and_vjps",
    5: "tensors_and_broadcasting", 6: "custom_functions", 7: "dynamic_graphs",
    8: "train_and_diagnose",
}  # fmt: skip


def exercises():
    """Every exercise of the series, then those that were added, as {id: Exercise}."""
    return ours() | OWN


@cache
def ours():
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
        return Mark(0, 0, str(name), Verdict("not judged here", 0.0, unknown(name)))
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
        return unknown(name)
    hints = exercises()[name].hints
    if not hints:
        return f"There are no hints to {name!r}."
    if step not in range(1, len(hints) + 1):
        return f"The hints of {name!r} are numbered 1 to {len(hints)}."
    return f"{hints[step - 1].symptom}\n{hints[step - 1].text}"


def unknown(name):
    """What to say of an id that is not known here: a slip of the pen, or a private exercise.

    >>> "Do you mean sweep?" in unknown("sweeep")
    True
    """
    near = get_close_matches(str(name), exercises(), cutoff=0.75)
    meant = f" Do you mean {' or '.join(near)}?" if near else ""
    return (
        f"No exercise that can be tried here is called {name!r}.{meant} If it is one that your "
        "instructor set, it is judged when you hand it in."
    )
