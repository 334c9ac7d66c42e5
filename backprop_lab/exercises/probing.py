"""Running a learner's answer, and bringing back plain data whatever it does.

Everything here runs beside the learner's code, so nothing here decides anything: it only reports
what came out.
"""

import contextlib
import ctypes
import io
import linecache
import sys
import threading
import traceback
import warnings
from collections import deque
from copy import deepcopy
from pathlib import Path

import numpy as np

UNFILLED = {"unfilled": True}  # a `...` where an answer was to be
HERE = str(Path(__file__).parent)
SECONDS = 10  # for one case; every case takes milliseconds if the answer is right
SUPPLIED = ("backprop_lab.exercises.supplied", __name__)  # what runs here is ours
TOO_LONG = f"It ran for {SECONDS} seconds and was stopped. Is there a loop that cannot end?"
PRINTED = 2000  # characters of what an answer prints that are kept


def run_cases(exercise, answer, cases):
    """The reports on all cases; once one has taken too long, the rest are not tried."""
    reports = []
    for case in cases:
        stuck = reports and reports[-1].get("raised") == TOO_LONG
        reports.append(reports[-1] if stuck else run_case(exercise, answer, case))
    return reports


def run_case(exercise, answer, case):
    """What `answer` does with one case, as a dict of plain data.

    Keys: "returned", or "raised" with its text; "changed" (names of inputs that it changed),
    "called" (a function it may not call, or None), "printed".
    """
    given = deepcopy(case)
    report, printed = {}, io.StringIO()
    with quiet(printed), watch(exercise.may_use) as called:
        try:
            with time_limit(SECONDS):
                report["returned"] = plain(exercise.probe(answer, given))
        except BaseException as error:  # also SystemExit, and Ctrl-C
            report["raised"] = describe_error(error)
    report["changed"] = [name for name in case if not same(plain(case[name]), plain(given[name]))]
    report["called"] = called[0] if called else None
    report["printed"] = printed.getvalue()[:PRINTED]
    return report


@contextlib.contextmanager
def quiet(printed):
    """Keep warnings and prints away from the cell: nbgrader gives 0 to a cell that uses stderr."""
    with (
        warnings.catch_warnings(),
        np.errstate(all="ignore"),
        contextlib.redirect_stdout(printed),
        contextlib.redirect_stderr(io.StringIO()),
    ):
        warnings.simplefilter("ignore")
        yield


class TookTooLong(Exception):
    """The answer was still running when its time was up."""


@contextlib.contextmanager
def time_limit(seconds):
    """Raise TookTooLong in this thread after `seconds`, so that an endless loop gets an answer.

    Works on every system, for loops of Python code; a single long call into C is not interrupted.
    """
    thread, ended = ctypes.c_ulong(threading.get_ident()), threading.Event()

    def interrupt():
        wait = seconds
        while not ended.wait(wait):  # again and again: a bare except, or a generator that is being
            wait = 0.2  # closed at that moment, swallows an exception
            raise_in(thread, ctypes.py_object(TookTooLong))

    watchman = threading.Thread(target=interrupt, daemon=True)
    watchman.start()
    try:
        yield
    finally:
        ended.set()
        watchman.join()


raise_in = ctypes.pythonapi.PyThreadState_SetAsyncExc


@contextlib.contextmanager
def watch(may_use):
    """Note every call into a library that the answer is not to use.

    Calls that a library makes itself do not count, nor do calls of what the check supplied.
    """
    forbidden = {"backprop_lab", "torch"} - may_use
    called = []

    def library(module):
        return (module or "").split(".")[0]

    def notice(frame, event, argument):
        if event == "call":
            module, name = frame.f_globals.get("__name__"), frame.f_code.co_name
            caller = frame.f_back and frame.f_back.f_globals.get("__name__")
        elif event == "c_call":
            module, name = getattr(argument, "__module__", None), argument.__name__
            caller = frame.f_globals.get("__name__")
        else:
            return
        from_outside = library(caller) not in ("backprop_lab", "torch")
        if library(module) in forbidden and from_outside and module not in SUPPLIED:
            called.append(f"{module}.{name}")

    before = sys.getprofile()
    sys.setprofile(notice)
    try:
        yield called
    finally:
        sys.setprofile(before)


def plain(value):
    """`value` as exact plain types: None, bool, int, float, str, list, dict, array.

    Subclasses are not trusted (they may compare equal to anything); what cannot be said in plain
    types becomes {"type": its name}.
    """
    if value is ...:
        return dict(UNFILLED)
    if value is None or type(value) in (bool, int, float, str):
        return value
    if isinstance(value, np.ndarray) and value.dtype.kind in "biuf":
        return np.array(value, dtype=float if value.dtype.kind == "f" else None, subok=False)
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    if isinstance(value, (int, np.integer)):
        return int(value)
    if isinstance(value, (float, np.floating)):
        return float(value)
    if isinstance(value, (list, tuple, deque, type({}.keys()), type({}.values()))):
        return [plain(x) for x in value]
    if isinstance(value, dict) and all(type(key) is str for key in value):
        return {key: plain(x) for key, x in value.items()}
    return {"type": type(value).__name__}


def blank(value):
    """Whether a piece of plain data is a place that was not filled in."""
    return value is None or same(value, UNFILLED)


def same(x, y):
    """Whether two pieces of plain data are equal, arrays entry by entry (nan equals nan)."""
    if type(x) is not type(y):
        return False
    if isinstance(x, np.ndarray):
        return x.shape == y.shape and np.array_equal(x, y, equal_nan=x.dtype.kind == "f")
    if isinstance(x, list):
        return len(x) == len(y) and all(same(a, b) for a, b in zip(x, y, strict=True))
    if isinstance(x, dict):
        return x.keys() == y.keys() and all(same(x[key], y[key]) for key in x)
    return x == y or (x != x and y != y)


def describe_error(error):
    """An exception as its type and text, with the line of the learner's code that raised it."""
    what = f"{type(error).__name__}: {str(error)[:300]}".rstrip(": ")
    if isinstance(error, KeyboardInterrupt):
        return "You stopped it."
    if isinstance(error, TookTooLong):
        return TOO_LONG
    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__, limit=60)
        if not frame.filename.startswith(HERE)
    ]
    if not frames:
        return what
    line = linecache.getline(frames[0].filename, frames[0].lineno).strip()
    place = f"line {frames[0].lineno} of {frames[0].name}" + (f": {line}" if line else "")
    return f"{what}\nat {place}"
