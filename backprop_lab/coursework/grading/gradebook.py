"""Marks in a gradebook of nbgrader, through its own API: `grade … --gradebook gradebook.db`.

A notebook of the series is an assignment with that one notebook in it, both called as its file. An
exercise has two cells there: `check-topo` holds the points, `topo` the comment. What a person has
entered (a manual score, a comment, an extension) is never touched.
"""

import hashlib
import os
import re
import sqlite3
import sys
import sysconfig
import warnings
from contextlib import closing, contextmanager
from importlib.util import find_spec
from pathlib import Path

REMEDY = f'{sys.executable} -m pip install "nbgrader>=0.9.6,<0.10"'


def require():
    """Raises RuntimeError with the remedy where nbgrader is not installed."""
    if find_spec("nbgrader") is None:
        raise RuntimeError(f"--gradebook needs nbgrader, and it is not installed here: {REMEDY}")


def write_gradebook(results, path):
    """Enter the results that count, all of them or none; returns sentences on what was entered.

    Arguments: results (as `counted` chooses them), path (of the gradebook; made if it is not
    there). Raises RuntimeError, with the reason, and then nothing in the gradebook has changed.
    """
    from sqlalchemy.exc import SQLAlchemyError

    try:
        with transaction(Path(path)) as gradebook:
            entered, missing = enter_all(gradebook, results)
    except (SQLAlchemyError, sqlite3.Error, ValueError, OSError) as error:
        reason = str(getattr(error, "orig", None) or error).partition("\n")[0].rstrip(".")
        raise RuntimeError(
            f"Nothing was entered in {path}: {reason}. All else is written; once that is mended, "
            "run the same again (`grade` with --resume grades nothing twice)."
        ) from error
    told = [f"{path}: the marks of {entered} submissions."]
    if entered < len(results):
        told.append(f"{len(results) - entered} are of no notebook and have no marks there.")
    if missing:
        told.append(f"It has no cell for {', '.join(sorted(missing))}: these points are not in it.")
    return " ".join(told)


@contextmanager
def transaction(path):
    """nbgrader's Gradebook in a file: what is done with it is kept at the end, or undone."""
    from nbgrader.api import Base, Gradebook
    from sqlalchemy import URL, exc, text

    new = not path.exists()
    path.parent.mkdir(parents=True, exist_ok=True)
    if not new:
        require_tables(path, Base.metadata.tables)
    # For a new file the API runs Alembic by its name, which stands beside this Python.
    os.environ["PATH"] = os.pathsep.join(
        filter(None, [os.environ.get("PATH"), sysconfig.get_path("scripts")])
    )
    url = URL.create("sqlite", database=str(path.absolute()))
    try:
        with warnings.catch_warnings(), closing(Gradebook(url)) as book:
            warnings.simplefilter("ignore", exc.SAWarning)  # of nbgrader's ways with SQLAlchemy
            book.db.execute(text("BEGIN IMMEDIATE"))  # nobody else writes from here to the end
            commit, book.db.commit = book.db.commit, book.db.flush  # which the API does each time
            yield book
            commit()
    except BaseException:
        if new:
            path.unlink(missing_ok=True)
        raise


def require_tables(path, needed):
    """Raises ValueError for a database of something else: the API would put its tables into it."""
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as database:
        there = {name for (name,) in database.execute("SELECT name FROM sqlite_master")}
    missing = sorted(set(needed) - there)
    if missing:
        raise ValueError(
            f"it is no gradebook of this nbgrader, for it has no table {missing[0]!r} "
            "(`nbgrader db upgrade` brings an older one up to date)"
        )


def enter_all(gradebook, results):
    """(how many results were entered, the names of exercises that have no cell)."""
    books, entered, missing = {}, 0, set()
    for result in results:
        learner = student_id(result["learner"])
        gradebook.update_or_create_student(learner)
        number = result["notebook"]
        if number is None:
            continue
        if number not in books:
            books[number] = find_notebook(gradebook, number, result["exercises"])
        missing |= enter(gradebook, books[number], learner, result["exercises"])
        entered += 1
    return entered, missing


def student_id(learner):
    """A learner's id, as in submitted/ID/; without what would break a line of nbgrader's export.

    >>> student_id("ann_b")
    'ann_b'
    >>> student_id("bo,,,100")
    'bo---100-2d3d1c7b'
    """
    safe = re.sub(r'[,"\n]', "-", "".join(c if c.isprintable() else "-" for c in learner))
    if safe == learner:
        return learner
    return f"{safe}-{hashlib.sha256(learner.encode('utf-8', 'replace')).hexdigest()[:8]}"


def find_notebook(gradebook, number, names):
    """nbgrader's record of the notebook with these exercises, whatever it is called there.

    One of ours that is nowhere in the gradebook is put into it, as an assignment of its own.
    """
    from nbgrader.api import GradeCell

    from ..build import NOTEBOOKS

    cells = GradeCell.name.in_([f"check-{name}" for name in names])
    found = {cell.notebook for cell in gradebook.db.query(GradeCell).filter(cells)}
    path = next(NOTEBOOKS.glob(f"{number:02}-*.ipynb"), None)
    if path and len(found) > 1:
        found = {book for book in found if book.assignment.name == path.stem} or found
    if len(found) > 1:
        assigned = ", ".join(sorted(book.assignment.name for book in found))
        raise ValueError(f"the exercises of notebook {number} are in several of its assignments "
                         f"({assigned}), and none of them is called as the notebook")  # fmt: skip
    if not found and path is None:
        raise ValueError(f"it has no exercise of notebook {number}: put your notebook into it with "
                         "`nbgrader generate_assignment`")  # fmt: skip
    return found.pop() if found else add_assignment(gradebook, path)


def add_assignment(gradebook, path):
    """The records that `nbgrader generate_assignment` would make of a notebook."""
    from nbgrader.utils import compute_checksum, is_grade, is_locked, is_solution

    from ..build import read

    place = path.stem, path.stem
    if path.stem not in [assignment.name for assignment in gradebook.assignments]:
        gradebook.add_assignment(path.stem)
    elif gradebook.find_assignment(path.stem).notebooks:
        raise ValueError(f"the assignment {path.stem} has other notebooks in it")
    notebook = gradebook.add_notebook(*place)
    for cell in read(path).cells:
        if "nbgrader" not in cell.metadata:
            continue
        name, facts = cell.metadata.nbgrader.grade_id, cell.metadata.nbgrader
        if is_grade(cell):
            gradebook.add_grade_cell(name, *place, max_score=facts.points, cell_type="code")
        if is_solution(cell):
            gradebook.add_solution_cell(name, *place)
        gradebook.add_source_cell(
            name, *place, cell_type="code", locked=is_locked(cell), source=cell.source,
            checksum=compute_checksum(cell),
        )  # fmt: skip
    return notebook


def enter(gradebook, notebook, learner, scores):
    """Enter one submission; returns the names of the exercises that have no cell for points."""
    assignment = notebook.assignment.name
    gradebook.update_or_create_submission(assignment, learner)
    submitted = gradebook.find_submission_notebook(notebook.name, assignment, learner)
    names = {cell.id: cell.name for cell in [*notebook.grade_cells, *notebook.solution_cells]}
    grades = {names.get(grade.cell_id): grade for grade in submitted.grades}
    comments = {names.get(comment.cell_id): comment for comment in submitted.comments}
    for name, score in scores.items():
        if f"check-{name}" in grades:
            enter_points(grades[f"check-{name}"], score)
        if name in comments:
            comments[name].auto_comment = remark(score)
    return {name for name in scores if f"check-{name}" not in grades}


def enter_points(grade, score):
    """The score of a cell, out of what it is worth in this gradebook.

    Where a person has entered another, that one still counts, and the cell is marked for a look.
    """
    points = round(score["points"] * grade.cell.max_score / score["out_of"], 4)
    if grade.manual_score is None:
        grade.needs_manual_grade = False
    elif grade.auto_score != points:
        grade.needs_manual_grade = True
    grade.auto_score = points


def remark(score):
    """What the learner is told, as text that nbgrader's pages (Markdown) take for no HTML."""
    told = score["told"] or "No response."  # nbgrader's words for a cell that is as it was
    told = "".join(c if c.isprintable() or c == "\n" else " " for c in told)
    return re.sub(r"<(?=[A-Za-z/!?])", "< ", told)
