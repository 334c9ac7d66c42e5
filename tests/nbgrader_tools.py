"""An environment with the real nbgrader, marks to put into its gradebook, and what is in one."""

import csv
import json
import os
import sqlite3
import subprocess
import sys
import sysconfig
from contextlib import closing
from dataclasses import asdict
from pathlib import Path

from backprop_lab.coursework.grading.scoring import Score
from backprop_lab.exercises import exercises

PACKAGES = ["nbgrader==0.9.6", "rapidfuzz", "sqlalchemy", "alembic", "mako", "greenlet"]
COLUMNS = "assignment", "student_id", "score", "max_score"
CHAIN_RULE = "02-the-chain-rule"
PART = {"partials": 3, "two_roads": 1.4, "path_sum": 4, "sweep": 0, "visits": 2, "slope": 2}
TOLD = "Each <b>edge</b> once: 1 < 2."


class Nbgrader:
    """An environment with nbgrader, and what its commands say."""

    def __init__(self, folder):
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
        self.bin, ours = folder / "bin", sysconfig.get_paths()
        [place] = folder.glob("lib/*/site-packages")
        (place / "ours.pth").write_text(f"import site; site.addsitedir({ours['purelib']!r})\n")
        pip = [sys.executable, "-m", "pip", "--python", folder, "install", "--quiet"]
        self.installed = subprocess.run(
            [*pip, "--no-deps", "--no-compile", *PACKAGES], capture_output=True, text=True
        )
        self.jupyter = Path(ours["data"]) / "share/jupyter"  # nbconvert's templates

    def __call__(self, folder, *arguments):
        """`nbgrader …` in the folder of a course."""
        path = f"{self.bin}{os.pathsep}{os.environ['PATH']}"
        more = {"PATH": path, "JUPYTER_PATH": str(self.jupyter)}
        return self.run(folder, [self.bin / "nbgrader", *arguments], more)

    def lab(self, folder, *arguments, status=0):
        """`python -m backprop_lab …`, without the environment's own commands on the PATH."""
        return self.run(folder, [self.bin / "python", "-m", "backprop_lab", *arguments], {}, status)

    @staticmethod
    def run(folder, command, more, status=0):
        done = subprocess.run(
            command, cwd=folder, env=os.environ | more, capture_output=True, text=True
        )
        assert done.returncode == status, done.stdout + done.stderr
        return done.stdout + done.stderr

    def export(self, folder, gradebook):
        """{(assignment, student): (score, the most there is)} as `nbgrader export` writes them."""
        self(folder, "export", "--db", f"sqlite:///{gradebook}", "--to", "exported.csv")
        with open(folder / "exported.csv", newline="") as file:
            lines = [[row[name] for name in COLUMNS] for row in csv.DictReader(file)]
        return {
            (assignment, student): (round(float(score), 4), float(most))
            for assignment, student, score, most in lines
        }


def result(learner, points, notebook=2, attempt=1):
    """What the grader keeps of a submission; points: {exercise: points}, or None: unreadable."""
    scores = {
        name: Score(earned, exercises()[name].points, "wrong", None, TOLD if earned else "")
        for name, earned in (points or {}).items()
    }
    return {
        "learner": learner, "file": "a.ipynb", "place": [f"{learner}{attempt}.ipynb"],
        "attempt": attempt, "made": 0.0, "digest": "", "status": "ok" if points else "unreadable",
        "why": "", "notebook": notebook if points else None,
        "points": sum(score.points for score in scores.values()),
        "out_of": sum(score.out_of for score in scores.values()),
        "exercises": {name: asdict(score) for name, score in scores.items()}, "looks": [],
        "seconds": 1.0,
    }  # fmt: skip


def whole(share=1):
    return {name: exercises()[name].points * share for name in PART}


OURS = [
    result("ann", PART),
    result("ann", whole(), attempt=0),
    result("bo", whole()),
    result("cy", whole(0)),
    result("di", None),
]
MARKS = {"ann": (12.4, 19), "bo": (19, 19), "cy": (0, 19), "di": (0, 19)}
EXPECTED = {(CHAIN_RULE, learner): marks for learner, marks in MARKS.items()}


def enter(nbgrader, course, file="gradebook.db", results=OURS, status=0):
    """Put results into a gradebook, through `merge`; returns what was said."""
    lines = [{"backprop_lab": 1, "settings": "x"}, *results]
    (course / "part.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    options = ["--out", "all.csv", "--gradebook", file]
    return nbgrader.lab(course, "merge", "part.csv", *options, status=status)


def change(path, *statements):
    with closing(sqlite3.connect(path)) as database, database:
        for statement in statements:
            database.execute(statement)


def rows(path, question):
    with closing(sqlite3.connect(path)) as database:
        return sorted(database.execute(question))


def dump(path):
    with closing(sqlite3.connect(path)) as database:
        return sorted(database.iterdump())


GRADES = """
    SELECT student_id, cell.name, auto_score, manual_score, needs_manual_grade
    FROM grade JOIN base_cell cell ON cell.id = cell_id
    JOIN submitted_notebook book ON book.id = grade.notebook_id
    JOIN submitted_assignment done ON done.id = book.assignment_id
"""
COMMENTS = GRADES.replace(
    "auto_score, manual_score, needs_manual_grade", "auto_comment, manual_comment"
).replace("grade", "comment")
CELLS = """
    SELECT cell.name, type, max_score, cell_type FROM base_cell cell
    LEFT JOIN grade_cells ON grade_cells.id = cell.id
"""
SOURCES = "SELECT name, cell_type, locked, source, checksum FROM source_cell"
