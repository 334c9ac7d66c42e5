"""The trusted end of a run: starts the learner's process, listens to it, and ends it in time.

If the process dies, runs too long or floods, it is started again without the cell that did it.
"""

import os
import pickle
import secrets
import selectors
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass, field

from ...exercises import NOTEBOOKS
from ...exercises.own import packed
from . import sandbox
from .plan import bare, without
from .wire import LARGEST, Garbled, load

RUNS = 4
START = 30  # seconds for Python and what the page imports at the latest
GRACE = 3  # seconds more than a step may take, until its process is ended
LOOK = 0.5  # seconds from one look at its memory to the next
MEMORY = 3 << 30  # bytes for all its processes together
FLOOD = 64_000_000  # bytes of messages in one run
MOST_TRIES = 4  # of one answer; what says more is not our runner
RUNNER = "backprop_lab.coursework.grading.runner"


@dataclass
class Outcome:
    """What came back from all runs of one submission.

    reports: {exercise id: {round: [coded reports, one entry for each time it was tried]}}.
    lost: {exercise id: exit status of the child that tried it and ended too early}.
    failed: {place of a cell: (name of its exception, line)}. late, deadly: places of cells.
    """

    reports: dict = field(default_factory=dict)
    lost: dict = field(default_factory=dict)
    missing: set = field(default_factory=set)
    failed: dict = field(default_factory=dict)
    late: set = field(default_factory=set)
    deadly: dict = field(default_factory=dict)
    runs: int = 0
    out_of_time: bool = False
    started: bool = False
    complaint: str = ""

    def settled(self, name):
        return any(name in found for found in (self.reports, self.lost, self.missing))


def run(plan, rounds, timeout, safe=True):
    """Run a submission: the Outcome. `rounds` is {exercise id: {round: cases}}."""
    outcome, end = Outcome(), time.monotonic() + timeout
    unsafe_probes = set()
    for count in range(RUNS):
        left = [name for name in plan.exercises if not outcome.settled(name)]
        left = [name for name in left if name not in unsafe_probes]
        if count and not left:
            break
        guilty = outcome.late | set(outcome.deadly)
        now = bare(plan, left, guilty) if count == RUNS - 1 else without(plan, guilty)
        job = job_of(now, left, rounds, timeout)
        outcome.runs += 1
        outcome.missing.clear()
        step, reason = Listener(job, outcome, end, safe).listen()
        outcome.out_of_time = time.monotonic() >= end
        if reason is None or outcome.out_of_time or not outcome.started:
            break
        kind, name = step
        if kind == "probe":
            unsafe_probes.add(name)
            outcome.lost.setdefault(name, 1)
        elif kind == "cell":
            outcome.deadly[name] = reason
    left = spoiled(plan, outcome)
    now = bare(plan, left, outcome.late | set(outcome.deadly))
    if left and now.cells != plan.cells and outcome.started and time.monotonic() < end:
        outcome.runs += 1
        Listener(job_of(now, left, rounds, timeout), outcome, end, safe).listen()
    return outcome


def job_of(plan, left, rounds, timeout):
    """What the runner is to do: run the plan's cells, and try the answers that are left."""
    return {
        "cells": plan.cells, "limit": timeout / 6,
        "after": {place: [name for name in names if name in left]
                  for place, names in plan.after.items()},
        "exercises": {name: rounds[name] for name in left},
        "module": NOTEBOOKS.get(plan.number), "own": packed(plan.exercises.values()),
        "nonce": secrets.token_hex(8),
    }  # fmt: skip


def spoiled(plan, outcome):
    """The exercises of which nothing came back, although they are there.

    Another cell may have done that; they are tried once more without what they do not need.
    """
    return [
        name for name, place in plan.defined.items()
        if name not in outcome.reports and place not in outcome.deadly
        and (name in outcome.lost
             or outcome.failed.get(place, ("SyntaxError",))[0] != "SyntaxError")
    ]  # fmt: skip


class Listener:
    """One process with a learner's code, from its start to its end."""

    def __init__(self, job, outcome, end, safe):
        self.job, self.outcome, self.end = job, outcome, end
        self.nonce = job["nonce"].encode()
        self.limit = job["limit"] + GRACE
        self.step, self.step_end = ("start", None), time.monotonic() + START
        self.received, self.done, self.rest = 0, False, b""
        self.safe = safe

    def listen(self):
        """(the last step, why it ended there or None if the job is done)."""
        with (
            tempfile.TemporaryFile() as job,
            tempfile.TemporaryFile() as complaints,
            tempfile.TemporaryDirectory() as folder,
        ):
            pickle.dump(self.job, job)
            job.seek(0)
            process = self.start(job, complaints, folder)
            try:
                reason = self.follow(process)
            finally:
                self.end_all(process)
            if not self.outcome.started:
                complaints.seek(0)
                said = complaints.read(2000).decode("utf-8", "replace").strip()
                self.outcome.complaint = said or f"exit status {process.returncode}"
        settled = all(map(self.outcome.settled, self.job["exercises"]))
        return self.step, None if self.done and settled else reason or "it ended the process"

    def start(self, job, complaints, folder):
        program = [sys.executable, "-m", RUNNER]
        if self.safe:
            arguments = {"args": sandbox.command(program), "env": {"PATH": os.defpath}}
        else:
            lab = str(sandbox.PACKAGE.parent)
            arguments = {"args": program, "env": os.environ | sandbox.variables(lab), "cwd": folder}
        return subprocess.Popen(
            **arguments, stdin=job, stdout=subprocess.PIPE, stderr=complaints,
            start_new_session=True,
        )  # fmt: skip

    def follow(self, process):
        """Read messages until the end; returns why it ended."""
        fd, look = process.stdout.fileno(), 0.0
        with selectors.DefaultSelector() as selector:
            selector.register(fd, selectors.EVENT_READ)
            while not self.done:
                wait = min(self.end, self.step_end) - time.monotonic()
                if wait <= 0:
                    return "it ran too long and did not react to being stopped"
                if time.monotonic() > look:
                    if sandbox.memory_of(process.pid) > MEMORY:
                        return "it took too much memory"
                    look = time.monotonic() + LOOK
                if not selector.select(min(wait, LOOK)):
                    continue
                content = os.read(fd, 1 << 16)
                if not content:
                    return "it ended the process"
                self.received += len(content)
                if self.received > FLOOD or len(self.rest) > LARGEST:
                    return "it flooded the grader with output"
                self.take(content)
        return None

    def take(self, content):
        *lines, self.rest = (self.rest + content).split(b"\n")
        for line in lines:
            if line.startswith(self.nonce + b" "):
                with suppress(Garbled, TypeError, KeyError, ValueError):  # not our runner's
                    self.hear(load(line[len(self.nonce) + 1 :]))

    def hear(self, message):
        """Note one message. Only names and places of this job are taken."""
        outcome = self.outcome
        places, names = dict(self.job["cells"]), self.job["exercises"]
        kind = next(iter(message), None)
        about = message.get(kind)
        if kind == "started":
            outcome.started = True
        elif kind == "done":
            self.done = True
        elif kind in ("cell", "late", "failed") and type(about) is int and about in places:
            if kind == "cell":
                self.step, self.step_end = ("cell", about), time.monotonic() + self.limit
            elif kind == "late":
                outcome.late.add(about)
            else:
                line = message["line"] if type(message["line"]) is int else None
                outcome.failed[about] = (str(message["error"])[:60], line)
        elif kind in ("probe", "missing", "report", "lost") and about in names:
            self.hear_of_answer(kind, about, message)

    def hear_of_answer(self, kind, name, message):
        outcome = self.outcome
        if kind == "probe":
            self.step, self.step_end = ("probe", name), time.monotonic() + self.limit
        elif kind == "missing":
            outcome.missing.add(name)
        elif kind == "lost":
            outcome.lost[name] = int(message["status"])
        elif message["round"] in self.job["exercises"][name]:
            tried = outcome.reports.setdefault(name, {}).setdefault(message["round"], [])
            if len(tried) < MOST_TRIES:
                tried.append(message["reports"])

    def end_all(self, process):
        """End the process and, with it, everything in its sandbox."""
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            process.kill()
        process.stdout.close()
        process.wait()
