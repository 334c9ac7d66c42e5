"""Around the sandbox: whose a submission is, what is kept and taken up again, what is refused."""

import csv
import json
import os
import shutil
import subprocess
import sys
import time

import numpy as np
import pytest

from backprop_lab.__main__ import main
from backprop_lab.coursework.build import NOTEBOOKS
from backprop_lab.coursework.grading import command, one, sandbox, scoring, wire
from backprop_lab.coursework.grading.gather import submissions
from backprop_lab.coursework.grading.marks import Journal, harmless
from backprop_lab.exercises import exercises
from backprop_lab.exercises.probing import plain, run_cases, same
from tests.answers import define, reference
from tests.submissions import STUBS, file, right
from tests.test_grading import need_sandbox

SOLVED = sorted((NOTEBOOKS / "solutions").glob("*.ipynb"))
PAGES = sorted(NOTEBOOKS.glob("*.ipynb"))


# --- what is sent and kept -----------------------------------------------------------------------


@pytest.mark.parametrize("exercise", exercises().values(), ids=lambda e: e.id)
def test_reports_come_through_the_wire_unchanged(exercise):
    cases = exercise.cases(1)
    reports = run_cases(exercise, define(reference(exercise), exercise), cases)
    back = wire.read_reports(json.loads(wire.dump(wire.encode(reports))), len(cases))
    assert same(plain(back), plain(reports))


@pytest.mark.parametrize(
    "coded",
    [None, 3, [], [3], [{}], [{"dict": {}}], [{"dict": {"returned": 1}}], {"dict": []},
     [{"array": ["<f8", [2], ""]}], [{"array": ["|O8", [1], "AAAAAAAAAAA="]}],
     [{"array": ["<f8", [10**9, 10**9], ""]}], [{"array": ["<f8", [-1], ""]}],
     [{"array": [["<f8"], [1], ""]}], [{"array": ["<f8", [1], 7]}], [{"pickle": "x"}]],
)  # fmt: skip
def test_garbled_reports_are_refused(coded):
    with pytest.raises(wire.Garbled):
        wire.read_reports(coded, 1)


def test_arrays_of_every_kind_come_through():
    for x in (np.eye(3), np.arange(3), np.array([True]), np.zeros((0, 2)), np.asfortranarray(
        np.arange(6.0).reshape(2, 3)), np.array([np.nan, -np.inf])):  # fmt: skip
        assert same(wire.decode(json.loads(wire.dump(wire.encode(x)))), x)


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\t=1", "|x", "%x", " =1", "\n=1"])
def test_no_cell_is_a_formula(text):
    assert harmless(text)[0] not in "=+-@\t\n|% "


def test_inputs_depend_on_the_secret_and_the_exercise_alone():
    seeds = {scoring.seed_of(s, n) for s in (b"one", b"two") for n in ("topo", "sweep")}
    assert len(seeds) == 4
    assert scoring.seed_of(b"one", "topo") == scoring.seed_of(b"one", "topo")


def test_a_new_secret_is_for_its_owner_alone(tmp_path):
    made = command.read_secret(tmp_path / "secret")
    assert command.read_secret(tmp_path / "secret") == made
    assert (tmp_path / "secret").stat().st_mode & 0o077 == 0


# --- a class -------------------------------------------------------------------------------------


@pytest.fixture
def inbox(tmp_path):
    folder = tmp_path / "inbox"
    folder.mkdir()
    for i in range(4):
        answers = [reference(exercises()[name]) if k < i else stub
                   for k, (name, stub) in enumerate(STUBS.items())]  # fmt: skip
        (folder / f"learner{i}.ipynb").write_bytes(file(["import numpy as np", *answers]))
    return folder


def grade(inbox, out, *options):
    secret = out.parent / "secret"
    status = main(["grade", str(inbox), "--out", str(out), "--secret-file", str(secret),
                   "-j", "2", *options])  # fmt: skip
    assert status == 0
    return table(out)


def table(path):
    with open(path, newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return [{key: row[key] for key in row if key != "seconds"} for row in rows]


def test_the_same_inputs_give_the_same_marks_whole_or_in_parts(inbox, tmp_path):
    need_sandbox()
    whole = grade(inbox, tmp_path / "grades.csv")
    assert [row["points"] for row in whole] == ["0", "3", "6", "10"]
    parts = [tmp_path / f"part{i}.csv" for i in (1, 2)]
    for i, part in enumerate(parts, start=1):
        grade(inbox, part, "--shard", f"{i}/2")
    assert main(["merge", *map(str, parts), "--out", str(tmp_path / "all.csv")]) == 0
    assert table(tmp_path / "all.csv") == whole
    report = (tmp_path / "grades.html").read_text(encoding="utf-8")
    assert "Notebook 2: 4 submissions" in report and "<svg" in report


def test_resume_grades_what_is_missing_and_nothing_twice(inbox, tmp_path, monkeypatch):
    need_sandbox()
    out = tmp_path / "grades.csv"
    whole = grade(inbox, out)
    lines = (tmp_path / "grades.jsonl").read_text().splitlines(keepends=True)
    (tmp_path / "grades.jsonl").write_text("".join(lines[:3]) + lines[3][:40])  # interrupted
    seen = []
    real = command.grade_all
    monkeypatch.setattr(command, "grade_all", lambda todo, *a: seen.extend(todo) or real(todo, *a))
    assert grade(inbox, out, "--resume") == whole
    assert len(seen) == 2
    os.utime(inbox / "learner0.ipynb", (1, 1))  # handed in anew
    seen.clear()
    grade(inbox, out, "--resume")
    assert [s.learner for s in seen] == ["learner0"]


@pytest.mark.thorough
def test_a_grader_ended_by_force_leaves_no_process_and_loses_nothing(inbox, tmp_path):
    need_sandbox()
    out, journal = tmp_path / "grades.csv", tmp_path / "grades.jsonl"
    command = [sys.executable, "-m", "backprop_lab", "grade", inbox, "--out", out, "-j", "2",
               "--secret-file", tmp_path / "secret"]  # fmt: skip
    grader = subprocess.Popen(command, start_new_session=True, cwd=sandbox.PACKAGE.parent)
    wait_until(lambda: journal.exists() and journal.read_text().count("\n") > 1)
    grader.kill()
    grader.wait()
    wait_until(lambda: not members(grader.pid))
    rows = grade(inbox, out, "--resume")
    learners = [json.loads(line)["learner"] for line in journal.read_text().splitlines()[1:]]
    assert len(rows) == len(learners) == len(set(learners)) == 4


def wait_until(ready):
    end = time.monotonic() + 60
    while not ready():
        assert time.monotonic() < end
        time.sleep(0.1)


def members(session):
    """The processes of a session."""
    return subprocess.run(["pgrep", "-s", str(session)], capture_output=True).stdout


def test_a_grader_that_dies_is_said_and_the_run_goes_on(inbox, tmp_path, monkeypatch):
    from backprop_lab.coursework.grading import pool

    monkeypatch.setattr(pool, "grade_one", dies_of_learner_2)
    settings = one.Settings(b"secret12", (2,))
    results = list(pool.grade_all(submissions(inbox), settings, 2))
    found = {r["learner"]: r["status"] for r in results}
    assert found == {"learner0": "ok", "learner1": "ok", "learner2": "grader error",
                     "learner3": "ok"}  # fmt: skip


def dies_of_learner_2(submission, settings):
    if submission.learner == "learner2":
        os._exit(1)
    return {"learner": submission.learner, "status": "ok"}


def test_resume_with_another_secret_is_refused(tmp_path, capsys):
    need_sandbox()
    (tmp_path / "inbox").mkdir()
    out = tmp_path / "grades.csv"
    Journal(tmp_path / "grades.jsonl").start(one.Settings(b"another secret", (2,)))
    assert main(["grade", str(tmp_path / "inbox"), "--out", str(out), "--resume"]) == 2
    assert "another secret" in capsys.readouterr().err


# --- refusals ------------------------------------------------------------------------------------


def test_without_a_sandbox_nothing_is_run(inbox, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(sandbox, "trouble", lambda: "this machine has no bwrap.")
    assert main(["grade", str(inbox), "--out", str(tmp_path / "grades.csv")]) == 2
    said = capsys.readouterr().err
    assert "apt install bubblewrap" in said and "--unsafe-no-sandbox" in said
    assert not (tmp_path / "grades.csv").exists()


def test_the_unsafe_way_gives_the_same_marks(inbox, tmp_path):
    rows = grade(inbox, tmp_path / "grades.csv", "--unsafe-no-sandbox")
    assert [row["points"] for row in rows] == ["0", "3", "6", "10"]


@pytest.mark.parametrize(
    "options, said",
    [(["--shard", "0/2", "--secret-file", "s"], "1/4"), (["--shard", "1/2"], "same secret"),
     (["--timeout", "0"], "positive")],
)  # fmt: skip
def test_options_that_make_no_sense(tmp_path, capsys, options, said):
    assert main(["grade", str(tmp_path), "--out", str(tmp_path / "x.csv"), *options]) == 2
    assert said in capsys.readouterr().err


def test_marks_are_not_kept_where_learners_could_read_them(tmp_path, capsys):
    need_sandbox()
    inside = sandbox.PACKAGE / "grades.csv"
    assert main(["grade", str(tmp_path), "--out", str(inside)]) == 2
    assert "can read" in capsys.readouterr().err


# --- whole notebooks, and an ordinary user -------------------------------------------------------


def grade_file(path):
    settings = one.Settings(b"any secret", tuple(range(1, 9)), timeout=90)
    return one.grade_one(one.Submission("x", (str(path),)), settings)


@pytest.mark.parametrize("path", SOLVED, ids=lambda path: path.stem)
def test_a_solved_notebook_has_every_point(path):
    need_sandbox()
    result = grade_file(path)
    assert (result["status"], result["why"]) == ("ok", "")
    assert result["points"] == result["out_of"] > 0
    assert result["runs"] == 1


@pytest.mark.thorough
@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_an_untouched_notebook_has_none(path):
    need_sandbox()
    result = grade_file(path)
    assert (result["status"], result["points"]) == ("ok", 0)
    assert {score["status"] for score in result["exercises"].values()} == {"not attempted yet"}


def test_grading_loads_nothing_that_only_builders_need():
    """nbformat alone takes longer to load than a submission to grade."""
    code = (
        "import sys\nfrom backprop_lab.coursework.grading import command, loaded\n"
        "assert not {'nbformat', 'nbval', 'jupytext', 'torch', 'IPython'} & {*sys.modules}"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


CAN_RUN = [
    sys.executable, "-c",
    f"import sys, numpy, IPython, backprop_lab; assert sys.base_prefix == {sys.base_prefix!r}",
]  # fmt: skip
USERS = {
    "nobody": ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups",
               "--bounding-set=-all", "--inh-caps=-all"],
    "without capabilities": ["bwrap", "--dev-bind", "/", "/", "--unshare-user", "--uid", "1000",
                             "--gid", "1000", "--cap-drop", "ALL"],
}  # fmt: skip


@pytest.mark.parametrize("user", USERS)
def test_an_ordinary_user_grades_too(tmp_path, user):
    need_sandbox()
    if os.geteuid() or not shutil.which(USERS[user][0]):
        pytest.skip("Only root can become somebody else; the other tests ran as an ordinary user.")
    if subprocess.run([*USERS[user], *CAN_RUN], capture_output=True).returncode:
        pytest.skip(f"This Python is installed where {user} cannot run it.")
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.ipynb").write_bytes(file(right()))
    for path in (tmp_path, *tmp_path.parents[:2], tmp_path / "in"):
        path.chmod(path.stat().st_mode | 0o077 if path == tmp_path else 0o755)
    done = subprocess.run(
        [*USERS[user], sys.executable, "-m", "backprop_lab", "grade", str(tmp_path / "in"),
         "--out", str(tmp_path / "grades.csv")],
        capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert table(tmp_path / "grades.csv")[0]["points"] == "19"
