"""Grading many submissions at once, on the cores of one machine."""

import os
import sys
import threading
import time
from collections import deque
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_all_start_methods, get_context, parent_process

from .one import grade_one

TRIES = 2  # for a submission whose grader died
MEMORY = 4 << 30  # bytes of data for one grading process
AT_ONCE = 3  # submissions that wait for each process


def grade_all(submissions, settings, jobs):
    """Yield the result of each submission, in the order in which they come."""
    waiting = deque((submission, 1) for submission in submissions)
    while waiting:
        executor = ProcessPoolExecutor(jobs, processes(), prepare)
        running = {}
        try:
            while waiting or running:
                while waiting and len(running) < AT_ONCE * jobs:
                    submission, tries = waiting.popleft()
                    future = executor.submit(grade_one, submission, settings)
                    running[future] = (submission, tries)
                done, _ = wait(running, return_when=FIRST_COMPLETED)
                for future in done:
                    result = future.result()
                    del running[future]
                    yield result
        except BrokenProcessPool:
            # One process died. Who did it is not known: those that were on are graded one by one.
            for submission, tries in running.values():
                yield alone(submission, settings, tries)
        finally:
            executor.shutdown(wait=False, cancel_futures=True)


def processes():
    """How grading processes are made: from one that has loaded everything, where there is such."""
    if "forkserver" not in get_all_start_methods():
        return get_context("spawn")
    context = get_context("forkserver")
    context.set_forkserver_preload(["backprop_lab.coursework.grading.loaded"])
    return context


def alone(submission, settings, tries):
    """The result of a submission in a process of its own."""
    while tries <= TRIES:
        with ProcessPoolExecutor(1, processes(), prepare) as executor:
            try:
                return executor.submit(grade_one, submission, settings).result()
            except BrokenProcessPool:
                tries += 1
    return failed(submission)


def failed(submission, why="the process that graded it died"):
    """The row of a submission whose grader did not come back."""
    return {
        "learner": submission.learner, "file": submission.file, "place": list(submission.place),
        "attempt": submission.attempt, "made": submission.made, "digest": "",
        "status": "grader error", "why": why, "notebook": None,
        "points": 0.0, "out_of": 0, "exercises": {}, "looks": [], "runs": 0, "seconds": 0.0,
    }  # fmt: skip


def prepare():
    """What a grading process does first."""
    limit_memory()
    threading.Thread(target=end_with_parent, daemon=True).start()


def end_with_parent():
    """Leave nothing behind when the grader is ended by force: nobody takes the results then."""
    parent_process().join()
    os._exit(1)


def limit_memory():
    """Bound what a grading process can take, whatever it reads."""
    try:
        import resource
    except ImportError:  # Windows
        return
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    if hard == resource.RLIM_INFINITY or hard > MEMORY:
        resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, hard))


class Progress:
    """A line on stderr that says how far the work is, and how long it may take."""

    def __init__(self, total, jobs):
        self.total, self.jobs, self.done, self.start = total, jobs, 0, time.monotonic()
        self.live = sys.stderr.isatty()
        self.said = 0.0

    def step(self, name):
        self.done += 1
        passed = time.monotonic() - self.start
        if not (self.live or passed - self.said > 10 or self.done == self.total):
            return
        self.said = passed
        left = passed / self.done * (self.total - self.done)
        bar = "█" * int(20 * self.done / self.total)
        safe = "".join(c if c.isprintable() else " " for c in name)[:30]
        line = f"{bar:░<20} {self.done} of {self.total} · {clock(left)} left · {safe}"
        sys.stderr.write(f"\r\033[K{line}" if self.live else f"{line}\n")
        if self.live and self.done == self.total:
            sys.stderr.write("\n")
        sys.stderr.flush()


def clock(seconds):
    """A time in words.

    >>> clock(200), clock(7.2)
    ('3 min', '7 s')
    """
    return f"{seconds / 60:.0f} min" if seconds >= 90 else f"{seconds:.0f} s"
