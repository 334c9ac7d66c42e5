"""Exercises of an instructor's own: a file that defines EXERCISES, tried and judged like ours.

The file is run by whoever names it: the grader, or the notebook of a learner who was given it. In
the grader's sandbox it is not there; only what trying an answer needs is taken in (`packed`).
"""

import sys
import traceback
from dataclasses import replace
from functools import cache
from keyword import iskeyword
from pathlib import Path
from types import ModuleType

from .exercise import Exercise, Hint, Misconception

OWN = {}  # {id: Exercise}: what this process knows beside the series
FILE = "<own exercises>"  # in a traceback: nobody's place on the disk goes into the sandbox
SET_BY_THE_PAGE = ("np", "bl", "ops", "check")
MISSING = (
    "There is no file {path} here, so nothing of it can be tried: its exercises are judged when "
    "you hand them in. (If it came with this notebook, put it into the same folder.)"
)


class BadExercises(ValueError):
    """A file with exercises that cannot be used; the text says why and what to do."""


def add_exercises(path):
    """Let `check` and `hint` know the exercises in a file that came with a notebook.

    Arguments: path (of the file, from the notebook's folder). Returns a sentence. Never raises: a
    notebook without the file goes on, and is judged when it is handed in.

    >>> add_exercises("week_9.py")[:31]
    'There is no file week_9.py here'
    """
    if not Path(path).is_file():
        return MISSING.format(path=path)
    try:
        found, _ = load(read(path))
    except (BadExercises, OSError) as error:
        return f"{error}\nThat is for your instructor to mend; the rest of the page works."
    OWN.update(found)
    return f"New here: {', '.join(found)}."


def read(path):
    """The text of a file that `load` finds in order. Raises BadExercises, which names the file."""
    if not Path(path).is_file():
        raise BadExercises(
            f"There is no file {path}. A module of exercises is a Python file that defines "
            "EXERCISES; examples/my_exercises.py is one."
        )
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
        load(text)
    except UnicodeDecodeError:
        raise BadExercises(f"{path} is not a text in UTF-8, as a Python file has to be.") from None
    except BadExercises as error:
        raise BadExercises(f"{path}: {error}") from None
    return text


def use_only(text):
    """Know the exercises in this text beside ours, and no others; "" for none."""
    found = load(text)[0] if text else {}
    OWN.clear()
    OWN.update(found)


@cache
def load(text):
    """({id: Exercise}, {id: text of a right answer, where one is given}). Raises BadExercises."""
    module = run(text)
    found = getattr(module, "EXERCISES", None)
    if found is None:
        raise BadExercises(
            "It defines no EXERCISES. Below the exercises, name them: EXERCISES = (ENTROPY,)"
        )
    if not isinstance(found, (tuple, list)) or not all(isinstance(e, Exercise) for e in found):
        raise BadExercises(
            "EXERCISES has to be a tuple of Exercise; with one in it, it has a comma: (ENTROPY,)"
        )
    if not found:
        raise BadExercises("EXERCISES is empty.")
    for exercise in found:
        for said in faults_of_form(exercise):
            raise BadExercises(f"Exercise {exercise.id!r}: {said}")
    ids = [exercise.id for exercise in found]
    if len({*ids}) < len(ids):
        twice = next(name for name in ids if ids.count(name) > 1)
        raise BadExercises(f"Two exercises have the id {twice!r}; answers are told apart by it.")
    solutions = getattr(module, "SOLUTIONS", {})
    if not isinstance(solutions, dict) or not {*solutions} <= {*ids}:
        raise BadExercises(f"SOLUTIONS is a dict of texts by id; the ids are {', '.join(ids)}.")
    return dict(zip(ids, found, strict=True)), solutions


def run(text):
    """The module that a text defines. It is known nowhere: pickled, its functions go as code."""
    module = ModuleType(f"{__name__}.module")  # under this name, so that its calls are no learner's
    sys.modules[module.__name__] = module  # while it runs: data classes look for it
    try:
        exec(compile(text, FILE, "exec"), vars(module))
    except SyntaxError as error:
        raise BadExercises(f"Line {error.lineno} is not Python: {error.msg}.") from None
    except (Exception, SystemExit) as error:
        remedy = ""
        if isinstance(error, ImportError):
            remedy = " Such a module is one file; what it imports has to be installed."
        raise BadExercises(f"It stops with {where(error)}.{remedy}") from None
    finally:
        del sys.modules[module.__name__]
    return module


def where(error):
    """An exception in a few words, with the line of the instructor's file that it came from."""
    lines = [f.lineno for f in traceback.extract_tb(error.__traceback__) if f.filename == FILE]
    return f"{type(error).__name__}: {error}" + (f" (line {lines[-1]})" if lines else "")


def faults_of_form(exercise):
    """Sentences on what an Exercise is made of, before anything of it is run."""
    from . import ours

    name = exercise.id
    if not isinstance(name, str) or not name.isidentifier() or iskeyword(name):
        yield "an id is the name that the answer has in the notebook, such as entropy."
    elif name in ours():
        yield f"notebook {ours()[name].notebook} has one of that id already. Give it another."
    elif name in SET_BY_THE_PAGE:
        yield "every notebook has something of that name. Give it another."
    for field in ("title", "contract", "why"):
        if not isinstance(getattr(exercise, field), str):
            yield f"{field} is a text."
    for field in ("notebook", "points", "parts"):
        number = getattr(exercise, field)
        if type(number) is not int or number < 1:
            yield f"{field} is a whole number from 1; it is {number!r}."
    for field in ("cases", "probe", "judge", "prepare"):
        if not callable(getattr(exercise, field)):
            yield f"{field} is a function; it is {getattr(exercise, field)!r}."
    for field, kind in (("misconceptions", Misconception), ("hints", Hint)):
        items = getattr(exercise, field)
        if not isinstance(items, (tuple, list)) or not all(isinstance(x, kind) for x in items):
            yield f"{field} is a tuple of {kind.__name__}; with one in it, it has a comma: (…,)"
    if not isinstance(exercise.given, dict):
        yield "given is a dict of what the page has defined, by name."
    allowed = exercise.may_use
    if not isinstance(allowed, (set, frozenset)) or not allowed <= {"backprop_lab", "torch"}:
        yield 'may_use is a set out of {"backprop_lab", "torch"}.'


def packed(exercises):
    """Own exercises as bytes, with what trying answers needs alone; b"" if there are none.

    The cases, the judge and the known mistakes stay here, as does all of the file that neither
    `probe` nor `prepare` nor `given` makes use of: a judge may hold a right answer.
    """
    chosen = [exercise for exercise in exercises if exercise.id in OWN]
    if not chosen:
        return b""
    try:
        import cloudpickle
    except ImportError:
        raise RuntimeError(
            "Exercises of your own need cloudpickle, which takes their probes into the sandbox: "
            ".venv/bin/python -m pip install cloudpickle"
        ) from None
    bare = {"cases": None, "judge": None, "misconceptions": (), "hints": (), "contract": "",
            "why": ""}  # fmt: skip
    return cloudpickle.dumps([replace(exercise, **bare) for exercise in chosen])
