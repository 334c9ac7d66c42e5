"""The bank of submissions, graded as an instructor would: what each earned, and what it touched."""

import csv
import hashlib
import os
import re
import socket
import subprocess
from pathlib import Path

import pytest

from backprop_lab.__main__ import main
from backprop_lab.coursework.grading import sandbox, scoring
from backprop_lab.exercises import exercises
from tests.submissions import POINTS, bank, heavy_bank, slow_bank, waiting


def need_sandbox():
    """Skip where there is no bubblewrap; continuous integration makes no such exception."""
    problem = sandbox.trouble()
    if problem and not os.environ.get("CI"):
        pytest.skip(f"No submission can be run here: {problem}")
    assert not problem, problem


def write(folder, cases):
    for case in cases.values():
        path = folder / f"{case.name.replace('/', ' ')}{case.ending}"
        if callable(case.content):
            case.content(path)
        else:
            path.write_bytes(case.content)


def rows_of(path):
    with open(path, newline="", encoding="utf-8") as file:
        return {row["learner"].lstrip("'"): row for row in csv.DictReader(file)}


def digests(folder):
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest()
            for path in folder.iterdir() if path.is_file() and not path.is_symlink()}  # fmt: skip


class Graded:
    """All that a run of the grader left behind."""

    def __init__(self, folder, cases, *options):
        self.inbox, self.out = folder / "inbox", folder / "grades.csv"
        self.inbox.mkdir()
        write(self.inbox, cases)
        before = digests(self.inbox)
        bystander = subprocess.Popen(["sleep", "1000"])
        try:
            self.status = main(
                ["grade", str(self.inbox), "--out", str(self.out), "--notebooks", "2",
                 "--feedback", str(folder / "feedback"), "--secret-file", str(folder / "secret"),
                 "-j", "2", *options]
            )  # fmt: skip
            self.bystander_lives = bystander.poll() is None
        finally:
            bystander.kill()
            bystander.wait()
        self.untouched = digests(self.inbox) == before
        self.rows, self.feedback = rows_of(self.out), folder / "feedback"


@pytest.fixture(scope="module")
def places(tmp_path_factory):
    folder = tmp_path_factory.mktemp("elsewhere")
    outside = folder / "outside.txt"
    outside.write_text("private")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield outside, folder / "marker", listener.getsockname()[1]


def names(cases):
    return [pytest.param(name, marks=[pytest.mark.thorough] if case.waits else [])
            for name, case in cases.items()]  # fmt: skip


def asked_for(request, cases):
    """The cases of this run: all of them with --thorough."""
    thorough = request.config.getoption("--thorough")
    return {name: case for name, case in cases.items() if thorough or not case.waits}


NAMES = names(bank(Path("/nowhere/outside/file"), "/nowhere/marker", 9))


@pytest.fixture(scope="module")
def quick(request, tmp_path_factory, places):
    need_sandbox()
    cases = asked_for(request, bank(*places))
    graded = Graded(tmp_path_factory.mktemp("quick"), cases, "--timeout", "60")
    return cases, graded


@pytest.fixture(scope="module")
def slow(request, tmp_path_factory):
    need_sandbox()
    cases = asked_for(request, slow_bank())
    return cases, Graded(tmp_path_factory.mktemp("slow"), cases, "--timeout", "12")


def compare(case, row):
    assert row["status"] in case.status.split("|"), row
    if case.status == "unreadable":
        assert float(row["points"]) == 0
    else:
        earned = {name: float(row[name]) for name in POINTS}
        wanted = {name: 0 if name in case.lost else most for name, most in POINTS.items()}
        assert earned == wanted, row
        assert float(row["points"]) == sum(wanted.values())
    assert case.says in " ".join(row.values())


def test_the_bank_is_large():
    everything = bank(Path("/nowhere/outside/file"), "/nowhere/marker", 9) | slow_bank()
    assert {*waiting()} <= everything.keys()
    assert sum(not case.waits for case in everything.values()) >= 100


@pytest.mark.parametrize("name", NAMES)
def test_marks_are_what_the_answers_deserve(name, quick):
    cases, graded = quick
    compare(cases[name], graded.rows[name])


@pytest.mark.parametrize("name", names(slow_bank()))
def test_marks_of_what_never_ends(name, slow):
    cases, graded = slow
    compare(cases[name], graded.rows[name])


@pytest.mark.thorough
def test_marks_of_what_keeps_a_machine_busy(tmp_path):
    need_sandbox()
    cases = heavy_bank()
    graded = Graded(tmp_path, cases, "--timeout", "90", "-j", "1")
    for name, case in cases.items():
        compare(case, graded.rows[name])


def test_nothing_else_was_touched(quick, places):
    outside, marker, _ = places
    _, graded = quick
    assert graded.status == 0
    assert graded.untouched and graded.bystander_lives
    assert outside.read_text() == "private"
    assert not os.path.lexists(marker)


def test_every_file_has_its_row_and_every_learner_a_page(quick):
    cases, graded = quick
    assert graded.rows.keys() == cases.keys()
    assert len(list(graded.feedback.iterdir())) == len(cases)


def test_no_formula_and_no_markup_comes_through(quick):
    _, graded = quick
    text = graded.out.read_text(encoding="utf-8")
    assert not re.search(r'(^|,)"[=+@|%-]', text, re.M)
    pages = {path.name: path.read_text(encoding="utf-8") for path in graded.feedback.iterdir()}
    pages["report"] = graded.out.with_suffix(".html").read_text(encoding="utf-8")
    for page in pages.values():
        assert "default-src 'none'" in page
        assert "<script" not in page


def test_feedback_tells_the_public_inputs_and_never_the_secret_ones(quick):
    """A learner's own exception may hold what it was given: only what the notebook shows too."""
    _, graded = quick
    exercise = exercises()["sweep"]
    secret = (graded.out.parent / "secret").read_bytes().strip()
    page = next(graded.feedback.glob("tells-its-inputs*")).read_text(encoding="utf-8")
    rounds = scoring.rounds_of(exercise, secret)
    public, private = (
        {f"{x:.17g}"[:9] for case in rounds[kind] for slopes in case["local"].values()
         for x in slopes if len(str(x)) > 12}
        for kind in ("public", "secret")
    )  # fmt: skip
    assert any(number in page for number in public)
    everything = page + graded.out.read_text(encoding="utf-8")
    assert not any(number in everything for number in private - public)
