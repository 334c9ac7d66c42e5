"""The real nbgrader on our notebooks, and our marks in its gradebook.

nbgrader is an instructor's choice, so it is installed for these tests alone, in an environment of
its own that also has everything of this one.
"""

import ast
import os
import re
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import nbformat
import pytest

from backprop_lab.__main__ import main
from backprop_lab.coursework import build, handout
from backprop_lab.coursework.grading import gradebook
from backprop_lab.exercises import exercises
from tests.nbgrader_tools import (
    CELLS,
    CHAIN_RULE,
    COMMENTS,
    EXPECTED,
    GRADES,
    MARKS,
    OURS,
    PART,
    SOURCES,
    Nbgrader,
    change,
    dump,
    enter,
    result,
    rows,
    whole,
)
from tests.test_grading import need_sandbox


@pytest.fixture(scope="module")
def nbgrader(tmp_path_factory):
    made = Nbgrader(tmp_path_factory.mktemp("nbgrader"))
    if made.installed.returncode and not os.environ.get("CI"):
        pytest.skip(f"nbgrader can't be installed here: {made.installed.stderr[-300:]}")
    assert made.installed.returncode == 0, made.installed.stderr
    return made


@pytest.fixture(scope="module")
def generated(nbgrader, tmp_path_factory):
    """A course whose notebook 2 `nbgrader generate_assignment` has been through."""
    folder = tmp_path_factory.mktemp("course")
    handout.write_for_nbgrader(folder, [build.NOTEBOOKS / f"{CHAIN_RULE}.ipynb"])
    nbgrader(folder, "generate_assignment", CHAIN_RULE, "--force")
    return folder


@pytest.fixture
def course(generated, tmp_path):
    return Path(shutil.copytree(generated, tmp_path / "course"))


def test_our_marks_in_a_new_gradebook(nbgrader, tmp_path):
    said = enter(nbgrader, tmp_path, "new.db")
    assert "new.db: the marks of 3 submissions. 1 are of no notebook" in said
    assert "Warning" not in said
    grades = rows(tmp_path / "new.db", GRADES)
    assert {(who, name): score for who, name, score, *_ in grades} == {
        (learner, f"check-{name}"): points
        for learner, marks in {"ann": PART, "bo": whole(), "cy": whole(0)}.items()
        for name, points in marks.items()
    }
    assert not any(needed for *_, needed in grades)
    assert rows(tmp_path / "new.db", "SELECT id FROM student") == [(who,) for who in MARKS]
    told = {(who, name): text for who, name, text, _ in rows(tmp_path / "new.db", COMMENTS)}
    assert told["ann", "two_roads"] == "Each < b>edge< /b> once: 1 < 2."
    assert told["ann", "sweep"] == "No response."


def test_without_nbgrader_the_remedy_comes_before_any_work(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(gradebook, "find_spec", lambda name: None)
    (tmp_path / "inbox").mkdir()
    out = ["--out", str(tmp_path / "marks/all.csv"), "--gradebook", str(tmp_path / "x.db")]
    assert main(["grade", str(tmp_path / "inbox"), *out]) == 2
    assert main(["merge", str(tmp_path / "part.csv"), *out]) == 2
    [wanted] = re.findall(r'"(nbgrader.*)"', (build.ROOT / "pyproject.toml").read_text())
    assert capsys.readouterr().err.count(f'-m pip install "{wanted}"') == 2
    assert [path.name for path in tmp_path.iterdir()] == ["inbox"]


def test_the_marks_of_a_part_are_for_merge(tmp_path, capsys):
    options = ["--out", str(tmp_path / "x.csv"), "--shard", "1/2", "--secret-file", "s"]
    assert main(["grade", str(tmp_path), *options, "--gradebook", "x.db"]) == 2
    assert "merge" in capsys.readouterr().err


@pytest.mark.parametrize("source", build.sources(), ids=lambda path: path.stem)
def test_the_source_without_its_solutions_is_the_learners_notebook(source):
    """Cut as nbgrader cuts: whole lines, from one mark to the next."""
    blank = build.compose(source, solved=False)
    for marked, cell in zip(handout.compose_with_marks(source).cells, blank.cells, strict=True):
        kept, inside = [], False
        for line in marked.source.split("\n"):
            inside = inside or "BEGIN SOLUTION" in line
            kept += [] if inside else [line]
            inside = inside and "END SOLUTION" not in line
        assert "\n".join(kept) == cell.source
        if "BEGIN SOLUTION" in marked.source:
            assert not reached(marked.source)
        assert marked.metadata == cell.metadata and marked.id == cell.id


def reached(text):
    """Each `return ...` right after a solution that Python would come to."""
    lines = ["", *text.split("\n")]
    bodies = [getattr(node, "body", []) for node in ast.walk(ast.parse(text))]
    bodies = [body for body in bodies if isinstance(body, list)]  # a lambda's is one expression
    return [
        statement
        for body in bodies
        for before, statement in zip([None, *body], body, strict=False)
        if "END SOLUTION" in lines[statement.lineno - 1]
        if ast.unparse(statement) == "return ..." and not isinstance(before, ast.Return)
    ]


@pytest.mark.thorough
def test_our_marks_are_what_nbgrader_exports(nbgrader, course):
    enter(nbgrader, course)
    assert nbgrader.export(course, "gradebook.db") == EXPECTED


@pytest.mark.thorough
def test_twice_is_once(nbgrader, course):
    enter(nbgrader, course)
    before = dump(course / "gradebook.db")
    enter(nbgrader, course)
    assert dump(course / "gradebook.db") == before
    later = [*OURS, result("cy", PART, attempt=2)]
    enter(nbgrader, course, results=later)
    assert nbgrader.export(course, "gradebook.db") == EXPECTED | {(CHAIN_RULE, "cy"): (12.4, 19)}


@pytest.mark.thorough
def test_a_new_gradebook_is_as_generate_assignment_makes_it(nbgrader, course):
    enter(nbgrader, course, "deep/new.db")
    new, theirs = course / "deep/new.db", course / "gradebook.db"
    assert nbgrader.export(course, new) == EXPECTED
    assert rows(new, CELLS) == rows(theirs, CELLS)
    assert [row[:3] for row in rows(new, SOURCES)] == [row[:3] for row in rows(theirs, SOURCES)]
    for question in ("SELECT name FROM assignment", "SELECT name FROM notebook"):
        assert rows(new, question) == rows(theirs, question)
    nbgrader(course, "generate_assignment", CHAIN_RULE, "--force", "--db", f"sqlite:///{new}")
    assert rows(new, SOURCES) == rows(theirs, SOURCES)
    assert nbgrader.export(course, new) == EXPECTED


@pytest.mark.thorough
def test_what_a_person_has_entered_stays(nbgrader, course):
    file = course / "gradebook.db"
    enter(nbgrader, course)
    change(
        file,
        "UPDATE grade SET manual_score = 1.5, extra_credit = 0.5, needs_manual_grade = 0 "
        "WHERE auto_score = 1.4",
        "UPDATE comment SET manual_comment = 'Well seen.' WHERE auto_comment LIKE 'Each%'",
        "UPDATE student SET first_name = 'Ann', email = 'a@example.org' WHERE id = 'ann'",
        "UPDATE submitted_assignment SET timestamp = '2025-01-01 12:00:00.000000'",
        "UPDATE submitted_notebook SET late_submission_penalty = 2.0",
        "INSERT INTO assignment VALUES ('other', 'essay', NULL, 'default_course')",
    )
    before = dump(file)
    enter(nbgrader, course)
    assert dump(file) == before
    enter(nbgrader, course, results=[result("ann", PART | {"two_roads": 3})])
    changed = [(old, new) for old, new in zip(before, dump(file), strict=True) if old != new]
    assert len(changed) == 1  # the new automatic score, and a look is asked for
    assert {row[2:] for row in rows(file, GRADES) if row[3] is not None} == {(3.0, 1.5, 1)}
    assert nbgrader.export(course, file)[CHAIN_RULE, "ann"] == (13 - 2, 19)


@pytest.mark.thorough
def test_points_are_out_of_what_the_gradebook_says_and_a_cell_it_lacks_is_named(nbgrader, course):
    file = course / "gradebook.db"
    cell = "(SELECT id FROM base_cell WHERE name = 'check-{}')"
    change(
        file,
        f"UPDATE grade_cells SET max_score = 30 WHERE id = {cell.format('two_roads')}",
        f"DELETE FROM grade_cells WHERE id = {cell.format('path_sum')}",
        "DELETE FROM base_cell WHERE name = 'check-path_sum'",
    )
    assert "It has no cell for path_sum" in enter(nbgrader, course)
    assert nbgrader.export(course, file)[CHAIN_RULE, "ann"] == (3 + 14 + 4, 42)


@pytest.mark.thorough
def test_assignments_by_any_name(nbgrader, course):
    file = course / "gradebook.db"
    change(file, "UPDATE assignment SET name = 'week 2'", "UPDATE notebook SET name = 'paths'")
    enter(nbgrader, course)
    assert nbgrader.export(course, file)["week 2", "bo"] == (19, 19)
    change(file, "INSERT INTO assignment VALUES ('y', 'last year', NULL, 'default_course')",
           "INSERT INTO notebook (id, name, assignment_id) VALUES ('n', 'paths', 'y')",
           "INSERT INTO base_cell VALUES ('c', 'check-sweep', 'n', 'GradeCell')",
           "INSERT INTO grade_cells VALUES ('c', 5, 'code')")  # fmt: skip
    before = dump(file)
    assert "(last year, week 2)" in enter(nbgrader, course, status=2)
    assert dump(file) == before
    change(file, f"UPDATE assignment SET name = '{CHAIN_RULE}' WHERE name = 'week 2'")
    enter(nbgrader, course)


@pytest.mark.thorough
def test_all_or_nothing(nbgrader, course):
    file = course / "gradebook.db"
    change(file, """
        CREATE TRIGGER planted BEFORE INSERT ON student WHEN NEW.id = 'cy'
        BEGIN SELECT RAISE(ABORT, 'planted'); END
    """)  # fmt: skip
    before = dump(file)
    assert f"Nothing was entered in {file.name}: " in enter(nbgrader, course, status=2)
    assert dump(file) == before
    assert "notebook 9" in enter(nbgrader, course, "new.db", [result("a", PART, 9)], status=2)
    assert not (course / "new.db").exists()


@pytest.mark.thorough
def test_a_file_that_is_no_gradebook_or_is_locked_is_left_alone(nbgrader, course):
    (course / "text.db").write_text("no database")
    change(course / "other.db", "CREATE TABLE mine (a)")
    for name in ("text.db", "other.db"):
        before = (course / name).read_bytes()
        said = enter(nbgrader, course, name, status=2)
        assert f"Nothing was entered in {name}: " in said and "Traceback" not in said
        assert (course / name).read_bytes() == before
    with closing(sqlite3.connect(course / "gradebook.db")) as other:
        other.execute("BEGIN IMMEDIATE")
        said = enter(nbgrader, course, status=2)
    assert "database is locked" in said and "Traceback" not in said
    assert all((course / name).exists() for name in ("all.csv", "all.html", "all.jsonl"))
    assert rows(course / "gradebook.db", "SELECT id FROM student") == []


@pytest.mark.thorough
def test_no_name_of_a_learner_forges_a_line_of_the_export(nbgrader, course):
    forged = f"x\n{CHAIN_RULE},,,ann,,,,19,0,19,19"
    results = [*OURS, result(forged, whole(0)), result("caf\udce9", whole()), result("Zoë", PART)]
    enter(nbgrader, course, results=results)
    exported = nbgrader.export(course, "gradebook.db")
    assert len(exported) == 7
    assert exported[CHAIN_RULE, "ann"] == (12.4, 19)
    assert exported[CHAIN_RULE, "Zoë"] == (12.4, 19)


def edited(path, changes):
    """A notebook in which the cells with these ids say something else."""
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        cell.source = changes.get(cell.id, cell.source)
    return nbformat.writes(notebook)


@pytest.mark.thorough
@pytest.mark.parametrize("source", build.sources(), ids=lambda path: path.stem)
def test_a_course_from_release_to_feedback(source, nbgrader, tmp_path):
    """Blank, solved, partly right, and the instructor's own: by nbgrader, then by us."""
    need_sandbox()
    name, file = source.stem, source.with_suffix(".ipynb").name
    handout.write_for_nbgrader(tmp_path, [build.NOTEBOOKS / file])
    nbgrader(tmp_path, "generate_assignment", name, "--force")
    solved = build.NOTEBOOKS / "solutions" / file
    handed_in = {
        "blank": (tmp_path / "release" / name / file).read_text(),
        "solved": solved.read_text(),
        "part": edited(solved, {"sweep": "sweep = 0", "visits": "visits = lambda n: (2**n, n)"}),
        "teacher": (tmp_path / "source" / name / file).read_text(),
    }
    if name.startswith("01"):
        keep = nbformat.read(solved, as_version=4).cells
        [keep] = [cell.source for cell in keep if cell.id == "keep"]
        handed_in["part"] = edited(solved, {"keep": keep.replace('["z"]', '["x"]', 1)})
    for learner, text in handed_in.items():
        place = tmp_path / "submitted" / learner / name
        place.mkdir(parents=True)
        (place / file).write_text(text)
    nbgrader(tmp_path, "autograde", name)
    theirs = nbgrader.export(tmp_path, "gradebook.db")
    most = sum(x.points for x in exercises().values() if x.notebook == int(name[:2]))
    assert theirs[name, "blank"] == (0, most)
    assert theirs[name, "solved"] == theirs[name, "teacher"] == (most, most)
    part = {"01": most - 0.6, "02": most - 7}.get(name[:2], most)
    assert theirs[name, "part"] == (part, most)

    change(tmp_path / "gradebook.db", "UPDATE grade SET auto_score = -1")
    nbgrader.lab(tmp_path, "grade", "submitted", "--out", "marks.csv", "--gradebook",
                 "gradebook.db", "--notebooks", str(int(name[:2])))  # fmt: skip
    assert nbgrader.export(tmp_path, "gradebook.db") == theirs
    nbgrader(tmp_path, "generate_feedback", name)
    page = tmp_path / "feedback" / "blank" / name / file.replace(".ipynb", ".html")
    assert "No response." in page.read_text()
