"""From `notebooks/source/NN-….py` to two notebooks: one to learn with, one solved.

(And, from all of them, the page of contents.)

A source is a jupytext percent script. Three marks in it are ours:

    # %% [markdown] exercise="topo"     becomes the exercise's heading and contract
    # %% [markdown] hints="topo"        becomes its three hints, folded
    # %% exercise="topo"                the learner's cell: what stands between ### BEGIN SOLUTION
                                        and ### END SOLUTION is for the solved notebook only

In the notebook to learn with, a solution turns into `return ...`, or into what stands between
### BEGIN STUB and ### END STUB in the same cell. Any other cell may hold such marks as well.
"""

import hashlib
import json
import re
from pathlib import Path
from textwrap import indent

import nbformat

from ..exercises import exercises
from .book import ON_BINDER, bridge, contents, links
from .execution import execute

ROOT = Path(__file__).parents[2]
NOTEBOOKS = ROOT / "notebooks"
CONTENTS = "contents.md"
BELOW_THE_FIRST_PICTURE = 3  # the cell there, after a promise, the set-up and the picture
SOLUTION = re.compile(r"^( *)### BEGIN SOLUTION\n(.*?)^ *### END SOLUTION\n?", re.M | re.S)
STUB = re.compile(r"^( *)### BEGIN STUB\n(.*?)^ *### END STUB\n?", re.M | re.S)
CHECK = re.compile(r'^check\("(\w+)", \1\)$')
HEAD = {
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def sources():
    """The source texts, in the order of the series."""
    return sorted((NOTEBOOKS / "source").glob("[0-9][0-9]-*.py"))


def targets(source):
    """Where a source's two notebooks go, as (path, solved) pairs."""
    name = source.with_suffix(".ipynb").name
    return [(NOTEBOOKS / name, False), (NOTEBOOKS / "solutions" / name, True)]


def build(paths=None):
    """Write the contents, write and execute both notebooks of each source; returns the paths."""
    written = [NOTEBOOKS / CONTENTS]
    written[0].write_text(contents(sources()), encoding="utf-8")
    for source in paths or sources():
        for path, solved in targets(source):
            write(source, solved, path)
            written.append(path)
    return written


def write(source, solved, path):
    """Compose one notebook, run it, and store it under a path."""
    notebook = execute(compose(source, solved), ROOT / "notebooks")
    notebook.metadata["backprop_lab"] = {"edition": edition(notebook)}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(dump(notebook), encoding="utf-8")


def stale():
    """The committed notebooks whose cells are not those of their source, each with the reason."""
    problems = {}
    for source in sources():
        for path, solved in targets(source):
            difference = compare_cells(path, compose(source, solved))
            if difference:
                problems[path] = difference
    page = NOTEBOOKS / CONTENTS
    if not page.exists() or page.read_text(encoding="utf-8") != contents(sources()):
        problems[page] = "is not what the sources say"
    wanted = {path for source in sources() for path, _ in targets(source)}
    there = {*NOTEBOOKS.glob("*.ipynb"), *(NOTEBOOKS / "solutions").glob("*.ipynb")}
    return problems | {path: "has no source" for path in there - wanted}


def compare_cells(path, fresh):
    """How a stored notebook differs from a fresh one, outputs aside; None if it does not."""
    if not path.exists():
        return "is missing"
    stored = read(path)
    for i, (old, new) in enumerate(zip(stored.cells, fresh.cells, strict=False)):
        for key in ("cell_type", "id", "source", "metadata"):
            if old[key] != new[key]:
                return f"differs in the {key} of cell {i + 1}: {shorten(old[key])}"
        if old.cell_type == "code" and old.execution_count is None:
            return f"has never run cell {i + 1}"
    if len(stored.cells) != len(fresh.cells):
        return f"has {len(stored.cells)} cells instead of {len(fresh.cells)}"
    stored.metadata.pop("backprop_lab", None)
    return None if stored.metadata == fresh.metadata else "has other metadata"


def shorten(text):
    text = " ".join(str(text).split())
    return text if len(text) < 60 else text[:57] + "…"


def holds_work(path):
    """Whether somebody has written in a notebook, or run it and saved, since it was built."""
    notebook = read(path)
    return notebook.metadata.get("backprop_lab", {}).get("edition") != edition(notebook)


def read(path):
    return nbformat.reads(path.read_text(encoding="utf-8"), as_version=4)


def compose(source, solved):
    """A notebook from its source, not executed yet."""
    import jupytext

    script = jupytext.read(source)
    cells = [compose_cell(cell, solved) for cell in script.cells]
    if not solved:
        cells[0].source += f"\n{ON_BINDER}"
        cells[-1].source += f"\n\n{links(source, sources())}"
        if text := bridge(source):
            cells.insert(BELOW_THE_FIRST_PICTURE, nbformat.v4.new_markdown_cell(text))
    give_ids(cells)
    notebook = nbformat.v4.new_notebook(cells=cells, metadata=HEAD)
    notebook.nbformat_minor = 5
    return notebook


def compose_cell(cell, solved):
    """One cell as the notebook will have it: texts filled in, solutions kept or cut, tags set."""
    text, name = cell.source, cell.metadata.get("exercise")
    tags = {"tags": cell.metadata["tags"]} if "tags" in cell.metadata else {}
    if cell.cell_type == "markdown":
        if name:
            text = heading(exercises()[name])
        elif "hints" in cell.metadata:
            text = folded_hints(exercises()[cell.metadata["hints"]])
        return nbformat.v4.new_markdown_cell(text)
    checked = CHECK.match(text)
    text = solve(text) if solved else blank(text)
    if name:
        tags["nbgrader"] = nbgrader(name, solution=True)
    elif checked:
        exercise = exercises()[checked[1]]
        tags["nbgrader"] = nbgrader(f"check-{checked[1]}", grade=True, points=exercise.points)
    return nbformat.v4.new_code_cell(text, metadata=tags)


def nbgrader(grade_id, grade=False, solution=False, points=None):
    """The cell metadata by which nbgrader, CoCalc and the Grader Service know a cell (schema 3)."""
    facts = {
        "grade": grade, "grade_id": grade_id, "locked": grade, "schema_version": 3,
        "solution": solution, "task": False,
    }  # fmt: skip
    return facts | ({"points": points} if grade else {})


def solve(text):
    return SOLUTION.sub(r"\2", STUB.sub("", text)).rstrip("\n")


def blank(text):
    if STUB.search(text):
        return SOLUTION.sub("", STUB.sub(r"\2", text)).rstrip("\n")
    return SOLUTION.sub(r"\1return ...\n", text).rstrip("\n")


def heading(exercise):
    kind = "core" if exercise.core else "more practice"
    return (
        f"### Exercise: {exercise.title} · {kind} · {exercise.minutes} minutes\n\n"
        f"{exercise.contract}"
    )


def folded_hints(exercise):
    return "\n\n".join(
        f"<details><summary>{hint.symptom}</summary>\n\n{indent(hint.text, '')}\n\n</details>"
        for hint in exercise.hints
    )


def give_ids(cells):
    """Ids that depend on what a cell says and not on where it stands, so that diffs stay small."""
    seen = {}
    for cell in cells:
        key = cell.metadata.get("nbgrader", {}).get("grade_id")
        key = key or hashlib.sha256(f"{cell.cell_type}\n{cell.source}".encode()).hexdigest()[:12]
        seen[key] = seen.get(key, 0) + 1
        cell["id"] = key if seen[key] == 1 else f"{key}-{seen[key]}"


def edition(notebook):
    """A digest of all that a notebook holds, by which a later change is noticed."""
    metadata = {key: notebook.metadata[key] for key in notebook.metadata if key != "backprop_lab"}
    text = json.dumps([notebook.cells, metadata], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def dump(notebook):
    """A notebook as text, in nbformat's own layout."""
    nbformat.validate(notebook)
    return nbformat.writes(notebook, version=nbformat.NO_CONVERT) + "\n"
