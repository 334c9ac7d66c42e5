"""Grading on a Dask cluster: a real scheduler and workers, which are killed on the way.

dask.distributed is an instructor's choice, so it is installed for these tests alone.
"""

import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager

import pytest

from backprop_lab.__main__ import main
from backprop_lab.coursework.grading import cluster, one
from backprop_lab.exercises import exercises
from tests.answers import reference
from tests.submissions import STUBS, file
from tests.test_grading import need_sandbox

PACKAGE = cluster.sandbox.PACKAGE.parent
HERE = {"backprop_lab": "1a", "sandbox": None, "numpy": "2.0", "ipython": "9.0", "torch": "2.13"}


# --- without a cluster ---------------------------------------------------------------------------


def test_without_dask_the_remedy_is_said_and_nothing_is_begun(tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "distributed", None)
    (tmp_path / "inbox").mkdir()
    out = tmp_path / "grades.csv"
    command = ["grade", str(tmp_path / "inbox"), "--out", str(out), "--dask", "tcp://localhost:1"]
    assert main(command) == 2
    assert 'pip install -e ".[dask]"' in capsys.readouterr().err
    assert not out.with_suffix(".jsonl").exists()


@pytest.mark.parametrize(
    "changed, said",
    [
        ({}, ""),
        ({"backprop_lab": "missing"}, "no package backprop_lab"),
        ({"backprop_lab": "2b"}, "another version of backprop_lab"),
        ({"numpy": "1.26"}, "numpy is 1.26 there and 2.0 here"),
        ({"torch": "missing"}, "torch is missing there and 2.13 here"),
        ({"sandbox": "this machine has no bwrap."}, "this machine has no bwrap."),
    ],
)
def test_a_worker_that_would_give_other_marks_is_told_apart(changed, said):
    found = cluster.difference(HERE | changed, HERE)
    assert said in found and bool(found) == bool(said)


def test_what_is_looked_at_is_what_is_here():
    found = cluster.found_here(False)
    assert len(found["backprop_lab"]) == 12 and found["numpy"][0].isdigit()
    assert cluster.difference(found, found) == ""


def test_a_submission_that_ends_its_grading_process_is_a_row(monkeypatch):
    submission = one.Submission("ann", ("/not/on/this/machine.ipynb",))
    here = cluster.found_here(False)
    parcel = cluster.pickle.dumps((submission, one.Settings(b"secret12", (2,)), b"{}"))
    real, tries = cluster.start, []

    def dying():
        tries.append(subprocess.Popen([sys.executable, "-c", ""], stdin=-1, stdout=-1))
        return tries[-1]

    monkeypatch.setattr(cluster, "start", dying)
    row = cluster.grade_there(parcel, False, here)
    assert (row["learner"], row["status"], len(tries)) == ("ann", "grader error", 2)
    monkeypatch.setattr(cluster, "start", real)
    row = cluster.grade_there(parcel, False, here)
    assert row["status"] == "unreadable" and "no list of cells" in row["why"]
    cluster.OF_THREAD.process.communicate(timeout=30)  # it ends when nothing more can come


def test_a_worker_of_another_version_that_joins_later_grades_nothing():
    other = cluster.found_here(False) | {"numpy": "0"}
    answer = cluster.grade_there(b"never opened", False, other)
    assert "numpy is" in answer["unfit"]


# --- with one ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def dask(tmp_path_factory):
    """A folder with dask.distributed and all it needs."""
    folder = tmp_path_factory.mktemp("dask")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--target", folder]
    subprocess.run([*pip, "distributed==2026.1.2"], check=True)
    return folder


class Cluster:
    """A scheduler on this machine; workers are started in `worker`."""

    def __init__(self, dask, folder, stack):
        self.folder, self.stack, self.file = folder, stack, folder / "scheduler.json"
        self.variables = os.environ | {"PYTHONPATH": f"{dask}{os.pathsep}{PACKAGE}"}
        self.run("scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard")
        self.wait(lambda: self.file.exists() and self.file.read_text().endswith("}"))
        self.address = json.loads(self.file.read_text())["address"]

    def worker(self, *options, **variables):
        before = self.registered()
        process = self.run("worker", "--nthreads", "1", "--no-dashboard", *options, **variables)
        self.wait(lambda: self.registered() > before)
        return process

    def run(self, kind, *options, **variables):
        program = [sys.executable, "-m", f"distributed.cli.dask_{kind}"]
        with open(self.folder / f"{kind}.log", "ab") as log:
            process = subprocess.Popen(
                [*program, "--scheduler-file", self.file, *options],
                env=self.variables | variables, cwd=self.folder, stdout=log, stderr=log,
            )  # fmt: skip
        self.stack.callback(process.wait)
        self.stack.callback(process.terminate)
        return process

    def registered(self):
        return (self.folder / "scheduler.log").read_text().count("Register worker")

    def wait(self, ready):
        end = time.monotonic() + 60
        while not ready():
            assert time.monotonic() < end, (self.folder / "scheduler.log").read_text()
            time.sleep(0.1)

    def grade(self, inbox, out, *options):
        """A process that grades."""
        return subprocess.Popen(
            [sys.executable, "-m", "backprop_lab", "grade", inbox, "--out", out, "--secret-file",
             self.folder / "secret", "--notebooks", "2", *options],
            env=self.variables, cwd=self.folder, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip


@pytest.fixture
def lone(dask, tmp_path):
    """A scheduler without workers."""
    need_sandbox()
    with ExitStack() as stack:
        yield Cluster(dask, tmp_path, stack)


@pytest.fixture
def inbox(tmp_path):
    """Ten submissions with 0 to 6 right answers, an empty folder and a link."""
    folder = tmp_path / "inbox"
    (folder / "empty").mkdir(parents=True)
    (folder / "link.ipynb").symlink_to("/etc/passwd")
    for i in range(10):
        answers = [reference(exercises()[name]) if k < i % 7 else stub
                   for k, (name, stub) in enumerate(STUBS.items())]  # fmt: skip
        (folder / f"learner{i}.ipynb").write_bytes(file(["import numpy as np", *answers]))
    return folder


def table(path):
    with open(path, newline="", encoding="utf-8") as rows:
        return [{k: v for k, v in row.items() if k != "seconds"} for row in csv.DictReader(rows)]


def graded(journal):
    """Whose rows a journal has, one for each time that a submission was graded."""
    lines = journal.read_text().splitlines()[1:] if journal.exists() else []
    return sorted(json.loads(line)["learner"] for line in lines)


@contextmanager
def ending(process):
    try:
        yield
    finally:
        process.kill()
        process.communicate()


@pytest.mark.thorough
@pytest.mark.parametrize("by", ["address", "file"])
def test_a_worker_dies_and_the_marks_are_those_of_one_machine(lone, inbox, tmp_path, by):
    workers = [lone.worker("--no-nanny") for _ in range(2)]
    options = ["inbox", "many.csv", "--dask", str(getattr(lone, by))]
    grader, journal = lone.grade(*options), tmp_path / "many.jsonl"
    with ending(grader):
        lone.wait(lambda: len(graded(journal)) >= 4)
        workers[0].send_signal(signal.SIGKILL)
        assert len(graded(journal)) < 12
        _, said = grader.communicate(timeout=200)
        assert grader.returncode == 0, said
    alone = lone.grade("inbox", "one.csv", "-j", "1")
    with ending(alone):
        assert alone.wait(200) == 0
    assert table(tmp_path / "many.csv") == table(tmp_path / "one.csv")
    assert graded(journal) == graded(tmp_path / "one.jsonl")
    assert len({row["points"] for row in table(tmp_path / "many.csv")}) == 7


@pytest.mark.thorough
def test_an_interrupted_run_is_taken_up_on_one_machine(lone, inbox, tmp_path):
    lone.worker("--no-nanny")
    grader, journal = lone.grade("inbox", "g.csv", "--dask", lone.address), tmp_path / "g.jsonl"
    with ending(grader):
        lone.wait(lambda: len(graded(journal)) >= 4)
        grader.send_signal(signal.SIGINT)
        _, said = grader.communicate(timeout=100)
    assert grader.returncode == 130 and "--resume" in said
    after = lone.grade("inbox", "g.csv", "-j", "2", "--resume")
    with ending(after):
        assert after.wait(200) == 0
    assert len(graded(journal)) == len(set(graded(journal))) == 12 == len(table(tmp_path / "g.csv"))


KILLER = """\
import os
grader = os.getppid()
worker = int(open(f"/proc/{grader}/stat").read().rpartition(")")[2].split()[1])
os.kill(worker, 9)
os.kill(grader, 9)
"""


@pytest.mark.thorough
def test_what_kills_worker_after_worker_is_a_row_and_the_run_goes_on(lone, inbox, tmp_path):
    """Without the sandbox, since nothing in it comes so far."""
    (inbox / "killer.ipynb").write_bytes(file([KILLER, *STUBS.values()]))
    for _ in range(2):
        lone.worker("--nanny")
    grader = lone.grade("inbox", "g.csv", "--dask", lone.address, "--unsafe-no-sandbox")
    with ending(grader):
        _, said = grader.communicate(timeout=300)
        assert grader.returncode == 0, said
    rows = {row["learner"]: row for row in table(tmp_path / "g.csv")}
    assert rows["killer"]["status"] == "grader error" and "died" in rows["killer"]["why"]
    assert len(graded(tmp_path / "g.jsonl")) == len(rows) == 13
    assert rows["learner6"]["points"] == "19"


@pytest.mark.thorough
def test_what_cannot_grade_is_said_before_grading(lone, inbox, tmp_path):
    def refused(word):
        grader = lone.grade("inbox", "g.csv", "--dask", lone.address)
        with ending(grader):
            _, said = grader.communicate(timeout=100)
        assert grader.returncode == 2 and word in said, said
        assert not (tmp_path / "g.jsonl").exists()

    refused("has no worker yet")
    worker = lone.worker("--no-nanny", PATH="/nowhere")
    refused("no bwrap")
    worker.terminate()
    other = tmp_path / "other"
    shutil.copytree(PACKAGE / "backprop_lab", other / "backprop_lab")
    (other / "backprop_lab" / "words.py").write_text("NEW = 1\n")
    path = lone.variables["PYTHONPATH"].replace(str(PACKAGE), str(other))
    lone.worker("--no-nanny", PYTHONPATH=path)
    refused("another version of backprop_lab")
