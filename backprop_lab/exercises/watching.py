"""Noticing that an answer calls a library that it is to do without.

A profiler sees every call of the thread in which an answer runs. An audit hook, which stays for
good, notices if it is switched off, and lets nothing run where it does not look.
"""

import _thread
import contextlib
import re
import sys
import threading
from functools import cache

SUPPLIED = (  # what runs in modules whose names begin so is ours
    "backprop_lab.exercises.supplied", "backprop_lab.exercises.own.",
    "backprop_lab.exercises.build_an_engine.",
    "backprop_lab.exercises.custom_functions.",
    "backprop_lab.exercises.jacobians_and_vjps.boxes",
    "backprop_lab.exercises.tensors_and_broadcasting.pull_backs",
    "backprop_lab.exercises.train_and_diagnose.layers",
    "backprop_lab.exercises.probing", __name__,
)  # fmt: skip
LIBRARIES = frozenset({"backprop_lab", "torch"})
THREADS = [f for name, f in vars(_thread).items() if re.fullmatch(r"start_\w*thread", name)]
START = threading.Thread.start.__code__
BEGINNING = {name: vars(threading.Thread)[name].__code__
             for name in ("_bootstrap", "_bootstrap_inner")}  # fmt: skip
DENIED = {  # Python's names for these events; it tells of threads from 3.12 on
    "_thread.start_new_thread": "start a thread", "_thread.start_joinable_thread": "start a thread",
    "os.fork": "start a process", "os.forkpty": "start a process",
    "os.posix_spawn": "start a process", "os.system": "start a process",
    "os.exec": "start a process", "subprocess.Popen": "start a process",
}  # fmt: skip


@contextlib.contextmanager
def watch(may_use, called):
    """Put the name of every function into `called` that is in a library the answer may not use.

    Calls that a library makes itself do not count, nor do calls of what the check supplied. A
    plain `threading.Thread` is watched like the answer, and has to end with it. To start one in
    another way, which could call anything, counts, and so does to set a profiler (Python itself
    does that if the watch is interrupted). While it lasts, what is in DENIED raises RuntimeError.
    """
    forbidden = LIBRARIES - may_use
    before, watched, this = sys.getprofile(), watched_threads(), threading.get_ident()
    dull = {"builtins"}  # modules that are nobody's concern, so that it need not be asked again
    started, begun, of_threads = [], [], threading.getprofile()

    def notice(frame, event, argument):
        # What came from an answer is not asked anything here, as its reply would not be watched.
        if event == "call":
            module, caller = name_in(frame.f_globals), frame.f_back and frame.f_back.f_globals
        elif event == "c_call":
            module, caller = getattr(argument, "__module__", None), frame.f_globals
        else:
            return
        if type(module) is not str or module in dull:
            return
        if argument in THREADS:
            (started if is_plain(frame) else called).append("_thread.start_new_thread")
        elif library(module) not in forbidden:
            dull.update({module} - {"_thread"})
        elif library(name_in(caller or {})) not in LIBRARIES and not module.startswith(SUPPLIED):
            name = frame.f_code.co_name if event == "call" else argument.__name__
            called.append(f"{module}.{name}")

    def begin(frame, event, argument):
        """The first thing that happens in a thread of the answer's."""
        sys.setprofile(notice)
        watched[threading.get_ident()] = called
        begun.append(threading.get_ident())

    threading.setprofile(begin)
    sys.setprofile(notice)
    watched[this] = called
    try:
        yield
    finally:
        release(before)
        threading.setprofile(of_threads)
        if len(begun) != len(started) or any(t.ident in begun for t in threading.enumerate()):
            called.append("threading.Thread.start")
        for thread in begun:
            watched.pop(thread, None)


def is_plain(frame):
    """Whether a thread is started by `Thread.start` as Python has it, on a Thread as it has it."""
    thread = frame.f_locals.get("self") if frame.f_code is START else None
    return type(thread) is threading.Thread and all(
        name not in vars(thread) and vars(threading.Thread)[name].__code__ is code
        for name, code in BEGINNING.items()
    )


def release(profiler):
    """End the watch over this thread, and set the profiler that was there before."""
    watched_threads().pop(threading.get_ident(), None)
    if sys.getprofile() is not profiler:
        sys.setprofile(profiler)


def name_in(names):
    """The name of the module whose global names these are."""
    return dict.get(names, "__name__")


def library(module):
    return module.partition(".")[0] if type(module) is str else ""


@cache
def watched_threads():
    """{a thread over which there is a watch: what was called in it}; the audit hook looks there."""
    watched = {}

    def look(event, arguments):
        called = watched.get(threading.get_ident()) if watched else None
        if called is not None and event == "sys.setprofile":
            called.append(event)
        elif called is not None and event in DENIED and not is_plain(sys._getframe(1)):
            raise RuntimeError(f"An answer is tried alone: it cannot {DENIED[event]} there.")

    sys.addaudithook(look)
    return watched
