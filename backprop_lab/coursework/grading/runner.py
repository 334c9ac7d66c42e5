"""Runs one submission, beside the learner's code and inside the sandbox. It decides nothing.

A job comes in on stdin; messages go out on what was stdout, one a line. Everything that the
learner's code writes goes nowhere. Cells run one after another as in a notebook, but nothing is
shown. An answer is tried in a child process, so that it can ruin nothing but itself.
"""

import importlib
import os
import pickle
import signal
import sys
import time

from backprop_lab.coursework.grading.wire import dump, encode

STATEFUL = ("builtins", "sys", "os", "io", "copy", "contextlib", "importlib", "json",
            "signal", "warnings", "traceback", "numpy", "numpy.linalg", "numpy.random",
            "numpy.testing")  # fmt: skip
CHECKS = "backprop_lab.exercises"
FUNCTION = type(lambda: None)
LARGEST = 1_000_000  # entries of lists and dictionaries in what an answer gives


class TookTooLong(BaseException):
    """A cell was still running when its time was up."""


class Channel:
    """The way out. Only the process that owns it may speak: not what a learner forks off."""

    def __init__(self, fd, nonce):
        self.fd, self.nonce, self.owner = fd, nonce, os.getpid()

    def tell(self, **message):
        if os.getpid() != self.owner:
            os._exit(0)
        line = f"\n{self.nonce} {dump(message)}\n".encode()
        while line:
            line = line[os.write(self.fd, line) :]


def main():
    job = pickle.load(sys.stdin.buffer)  # from the grader, which trusts itself
    channel = Channel(os.dup(1), job["nonce"])
    nowhere = os.open(os.devnull, os.O_RDWR)
    for fd in (0, 1, 2):
        os.dup2(nowhere, fd)
    shell = make_shell(job)
    load(job)
    before = snapshot()
    channel.tell(started=True)
    tried = {}
    for number, text in job["cells"]:
        channel.tell(cell=number)
        run_cell(shell, text, job["limit"], number, channel, before)
        for name in job["after"].get(number, ()):
            tried[name] = try_answer(shell, name, job, channel)
    for name in job["exercises"]:
        if tried.get(name, UNDECIDED) is not shell.user_ns.get(name, UNDECIDED + 1):
            try_answer(shell, name, job, channel)
    channel.tell(done=True)
    os._exit(0)  # whatever a learner's code wanted to do at the end


def make_shell(job):
    """A shell as a kernel has one, so that magics work; it shows nothing and remembers nothing."""
    from IPython.core.interactiveshell import InteractiveShell

    import backprop_lab as bl

    class Shell(InteractiveShell):
        def enable_gui(self, gui=None):
            pass

        def showtraceback(self, *args, **options):
            pass

        showsyntaxerror = showindentationerror = showtraceback

    shell = Shell.instance()
    shell.history_manager.enabled = False
    for exercise in exercises_of(job):
        shell.user_ns.update(exercise.given)
    shell.user_ns.update(np=importlib.import_module("numpy"), bl=bl, ops=bl.ops, check=bl.check)
    return shell


def load(job):
    """Load what takes seconds to load once, and not in each child that tries an answer."""
    probing = importlib.import_module(f"{CHECKS}.probing")
    for exercise in exercises_of(job):
        if exercise.id in job["exercises"]:
            probing.warm_up(exercise)


def run_cell(shell, text, limit, number, channel, before):
    """Run one cell; says what it raised, and nothing if all went well."""

    def interrupt(*_):
        raise TookTooLong

    error = None
    try:
        if hasattr(signal, "setitimer"):
            signal.signal(signal.SIGALRM, interrupt)
            signal.setitimer(signal.ITIMER_REAL, limit, 0.5)
        result = shell.run_cell(text, store_history=False, silent=True)
        error = result.error_before_exec or result.error_in_exec
    except BaseException as stray:  # SystemExit from a hook, an interrupt between two steps
        error = stray
    finally:
        quiet_alarm()
        restore(before)
    if isinstance(error, TookTooLong):
        channel.tell(late=number)
    elif error is not None:
        channel.tell(failed=number, error=type(error).__name__, line=line_of(error))


def quiet_alarm():
    if hasattr(signal, "setitimer"):
        try:
            signal.setitimer(signal.ITIMER_REAL, 0)
        except TookTooLong:  # it rang while it was being switched off
            signal.setitimer(signal.ITIMER_REAL, 0)


def line_of(error):
    """The line of the cell in which an exception was raised, or None."""
    if isinstance(error, SyntaxError):
        return error.lineno if isinstance(error.lineno, int) else None
    trace = error.__traceback__
    while trace is not None and trace.tb_frame.f_code.co_name != "<module>":
        trace = trace.tb_next
    return trace and trace.tb_lineno


def snapshot():
    """What the modules held that all of this rests on, before a learner's code could change it."""
    modules = [sys.modules[name] for name in STATEFUL if name in sys.modules]
    functions = {f for module in modules for f in vars(module).values() if type(f) is FUNCTION}
    return {
        "names": [(module, dict(vars(module))) for module in modules],
        "codes": [(f, f.__code__, f.__defaults__) for f in functions],
        "lists": [(x, list(x)) for x in (sys.path, sys.meta_path, sys.path_hooks)],
    }


def restore(before):
    """Undo what a cell did to those modules: a learner's other answers rest on them too."""
    for module, names in before["names"]:
        module.__dict__.update(names)
    for function, code, defaults in before["codes"]:
        if function.__code__ is not code or function.__defaults__ is not defaults:
            function.__code__, function.__defaults__ = code, defaults
    for found, content in before["lists"]:
        found[:] = content


def exercises_of(job):
    """The exercises of the job's notebook: ours from their module, own ones as they were packed."""
    ours = importlib.import_module(f"{CHECKS}.{job['module']}").EXERCISES if job["module"] else ()
    return (*ours, *(pickle.loads(job["own"]) if job["own"] else ()))


def fresh(job):
    """The checks and the job's exercises, loaded anew."""
    for name in [name for name in sys.modules if f"{name}.".startswith(f"{CHECKS}.")]:
        del sys.modules[name]
    probing = importlib.import_module(f"{CHECKS}.probing")
    return probing, {exercise.id: exercise for exercise in exercises_of(job)}


def try_answer(shell, name, job, channel):
    """Try an answer on its cases, in a process of its own.

    Returns what decides whether it is to be tried once more at the end, when helpers that stand
    further down are there: the object that was tried, or UNDECIDED if it missed some name.
    """
    channel.tell(probe=name)
    if name not in shell.user_ns:
        channel.tell(missing=name)
        return UNDECIDED
    tried = shell.user_ns[name]
    status = in_a_child(lambda: probe(tried, name, job, channel), job["limit"])
    if status not in (FINISHED, UNDECIDED):
        channel.tell(lost=name, status=status)
    return UNDECIDED if status == UNDECIDED else tried


FINISHED = 16  # of a child that got to its end; a learner's code would end it with another
UNDECIDED = 17  # the exit status of a child whose answer missed a name
LATE = 1000  # instead of an exit status: it was stopped because its time was up


def in_a_child(action, limit):
    """The exit status of a child that does something; negative: the signal that ended it."""
    if not hasattr(os, "fork"):
        return action()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            status = action()
        finally:
            os._exit(status)
    end, pause = time.monotonic() + limit + 1, 0.001
    while time.monotonic() < end:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(pause)
        pause = min(0.02, pause * 1.5)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return LATE


def probe(answer, name, job, channel):
    """Report what an answer gives on the cases of each round; returns an exit status.

    The public round comes first: nothing of the secret inputs can be in what it reports.
    """
    probing, exercises = fresh(job)
    probing.SECONDS = min(probing.SECONDS, job["limit"] / 2)
    channel.owner, status, reports = os.getpid(), FINISHED, None
    for kind, cases in job["exercises"][name].items():
        if reports is None or reports[-1].get("raised") != probing.TOO_LONG:
            reports = run_round(probing, exercises[name], answer, cases)
        if any(report.get("raised", "").startswith("NameError") for report in reports):
            status = UNDECIDED
        try:
            coded = encode(reports) if size(reports) < LARGEST else None
        except (RecursionError, UnicodeError, MemoryError):
            coded = None
        channel.tell(report=name, round=kind, reports=coded)
    return status


def run_round(probing, exercise, answer, cases):
    """The reports on all cases; a stub is tried on the first only."""
    first = probing.run_cases(exercise, answer, cases[:1])
    if probing.same(first[0].get("returned"), probing.UNFILLED):
        return first * len(cases)
    if first[0].get("raised") == probing.TOO_LONG:
        return first * len(cases)
    return first + probing.run_cases(exercise, answer, cases[1:])


def size(value):
    """How many things there are in plain data; an array counts as one."""
    if isinstance(value, dict):
        return 1 + sum(map(size, value.values()))
    return 1 + sum(map(size, value)) if isinstance(value, list) else 1


if __name__ == "__main__":
    main()
