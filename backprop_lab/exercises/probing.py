"""Running a learner's answer, and bringing back plain data whatever it does.

Everything here runs beside the learner's code, so nothing here decides anything: it only reports
what came out.
"""

import contextlib
import ctypes
import importlib
import io
import linecache
import sys
import sysconfig
import threading
import traceback
import warnings
from collections import deque
from copy import deepcopy
from pathlib import Path

import numpy as np

from .watching import release, watch

UNFILLED = {"__unfilled__": True}  # a `...` where an answer was to be
SECONDS = 10  # for one case; every case takes milliseconds if the answer is right
TOO_LONG = (
    f"It ran for {SECONDS} seconds and was stopped. Is there a loop that cannot end, or one that "
    "is far too slow?"
)
STOPPED = "You stopped it."
PRINTED = 2000  # characters of what an answer prints that are kept
DEEPEST = 20  # how far lists in lists are followed
NOT_THEIRS = (  # in the name of a file: it is ours, an installed library's or Python's own
    str(Path(__file__).parent), sysconfig.get_path("stdlib"), "site-packages", "dist-packages",
    "<own exercises>",
)  # fmt: skip


def run_cases(exercise, answer, cases):
    """The reports on all cases; once one has had to be stopped, the rest are not tried."""
    reports = []
    for case in cases:
        stuck = reports and reports[-1].get("raised") in (TOO_LONG, STOPPED)
        reports.append(reports[-1] if stuck else run_case(exercise, answer, case))
    return reports


def run_case(exercise, answer, case):
    """What `answer` does with one case, as a dict of plain data.

    Keys: "returned", or "raised" with its text; "changed" (names of inputs that it changed),
    "called" (a function it may not call, or None), "printed".
    """
    warm_up(exercise)
    given, printed, report, called = deepcopy(case), Printed(), {}, []
    handed, left = {name: plain(case[name]) for name in case}, {}
    depth, profiler = sys.getrecursionlimit(), sys.getprofile()

    def attempt():
        with watch(exercise.may_use, called):
            report["returned"] = plain(exercise.probe(answer, given))
            left.update({name: plain(given[name]) for name in case})

    with quiet(printed):
        try:
            within(SECONDS, attempt)
        except BaseException as error:  # also SystemExit, and Ctrl-C
            report.pop("returned", None)
            report["raised"] = describe_error(error)
    release(profiler)  # it may have been stopped in the middle of that
    report["changed"] = [name for name in left if not same(handed[name], left[name])]
    sys.setrecursionlimit(depth)
    was_stopped = report.get("raised") in (TOO_LONG, STOPPED)
    report["called"] = called[0] if called and not was_stopped else None
    report["printed"] = printed.getvalue()[:PRINTED]
    return report


def warm_up(exercise):
    """Load what takes seconds to load before the clock runs: they are not the learner's."""
    with contextlib.suppress(ImportError):
        if "torch" in exercise.may_use:
            importlib.import_module("torch")
        exercise.prepare()


class Printed(io.StringIO):
    """What an answer prints; it cannot be closed by it."""

    def close(self):
        pass


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


class TookTooLong(BaseException):
    """The answer was still running when its time was up."""


def within(seconds, function, *inputs):
    """`function(*inputs)`, interrupted by TookTooLong if it takes longer than `seconds`.

    Works on every system, for loops of Python code; a single long call into C is not interrupted.
    """
    thread, ended, this_call = threading.get_ident(), threading.Event(), sys._getframe()

    def interrupt():
        wait = seconds
        while not ended.wait(wait) and is_running(this_call, thread):
            raise_in(ctypes.c_ulong(thread), ctypes.py_object(TookTooLong))
            wait = 0.2  # and again: a generator that is being closed swallows an exception

    threading.Thread(target=interrupt, daemon=True).start()
    try:
        return function(*inputs)
    finally:
        ended.set()


raise_in = ctypes.pythonapi.PyThreadState_SetAsyncExc


def is_running(call, thread):
    """Whether a call is still on a thread's stack (an interrupted one cannot say that it ended)."""
    frame = sys._current_frames().get(thread)
    while frame is not None and frame is not call:
        frame = frame.f_back
    return frame is call


def plain(value, depth=0):
    """`value` as exact plain types: None, bool, int, float, str, list, dict, array.

    Subclasses are not trusted (they may compare equal to anything); what cannot be said in plain
    types becomes {"__type__": its name}.
    """
    if value is ...:
        return dict(UNFILLED)
    if value is None or type(value) in (bool, int, float, str):
        return value
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, np.ndarray) and value.dtype.kind in "biuf":
        value = np.array(value, dtype=float if value.dtype.kind == "f" else None, subok=False)
        return value if value.ndim else value.item()
    if isinstance(value, np.bool_):
        return bool(value)
    if isinstance(value, (int, np.integer)):
        return int(value)
    if isinstance(value, (float, np.floating)):
        return float(value)
    if type(value) is list and SIMPLE.issuperset(map(type, value)):
        return value.copy()  # much faster than item by item, where a profiler watches
    if depth < DEEPEST and isinstance(value, LISTS):
        return [plain(x, depth + 1) for x in value]
    if depth < DEEPEST and isinstance(value, dict) and all(isinstance(key, str) for key in value):
        return {str.__str__(key): plain(x, depth + 1) for key, x in value.items()}
    return {"__type__": type(value).__name__}


SIMPLE = frozenset({bool, int, float, str, type(None)})
LISTS = (list, tuple, deque, type({}.keys()), type({}.values()))


def other(value):
    """The name of the type of a value that `plain` could not say in plain types, or None."""
    is_other = isinstance(value, dict) and value.keys() == {"__type__"}
    return value["__type__"] if is_other else None


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
    if isinstance(error, KeyboardInterrupt):
        return STOPPED
    if isinstance(error, TookTooLong):
        return TOO_LONG
    try:
        what = f"{type(error).__name__}: {str(error)[:300]}".rstrip(": ")
    except Exception:  # its own message cannot be made
        what = type(error).__name__
    frames = own_frames(error)
    if frames:
        line = linecache.getline(frames[0].filename, frames[0].lineno).strip()
        place = f"line {frames[0].lineno} of {frames[0].name}" + (f": {line}" if line else "")
        what = f"{what}\nat {place}"
    return "\n".join([what, *getattr(error, "__notes__", [])])


def own_frames(error):
    """The calls on the way to an exception that stand in the learner's own code."""
    frames = traceback.extract_tb(error.__traceback__, limit=60)
    return [f for f in frames if not any(place in f.filename for place in NOT_THEIRS)]
