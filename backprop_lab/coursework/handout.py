"""The bundle for learners: blank notebooks, the package, what it needs; and no solution.

That none is in it is not taken on trust: what was put together is searched (`leaks`) before
anybody gets it.
"""

import hmac
import json
import re
import shutil
from itertools import count
from pathlib import Path
from textwrap import dedent

import nbformat

from ..exercises.own import load, read
from ..exercises.practice import practice
from .build import (
    NOTEBOOKS,
    ROOT,
    SOLUTION,
    STUB,
    compose,
    dump,
    give_ids,
    holds_work,
    sources,
)
from .syntax import same_trees

WITH_IT = (  # beside notebooks and package; what is not there is left out
    "lab.py", "requirements.txt", "constraints.txt", "pyproject.toml", "LICENSE", "README.md",
    "binder", ".jupyter",
)  # fmt: skip
WITH_STUB = re.compile(f"(?:{STUB.pattern})?({SOLUTION.pattern})", re.M | re.S)
NBGRADER_CONFIG = """\
c = get_config()  # noqa: F821

# What stands in place of a solution. The rest of a learner's cell is in source/ already.
c.ClearSolutions.code_stub = {"python": "# YOUR CODE HERE"}
"""
NOT_WITH_IT = shutil.ignore_patterns("__pycache__", "*.pyc", ".ipynb_checkpoints")


class Leak(RuntimeError):
    """A solution is in what was to be handed out."""


def hand_out(folder, numbers=(), learners=None, secret=b"", nbgrader=None, also=()):
    """Put the bundle together in a new folder.

    Arguments: folder (a path; it must not be there yet, or be empty), numbers (of notebooks;
    default: all), learners (the path of a list, one id a line: each gets practice problems of
    their own), secret (bytes that those depend on), nbgrader (another folder, for the instructor:
    source/ and release/ as nbgrader has them), also (files of the instructor's own, which go
    beside the notebooks).
    Returns the paths of the notebooks. Raises FileExistsError for a folder with something in it,
    ValueError for a notebook that there is none of or that somebody has written in, or for a file
    that cannot go with it, Leak.
    """
    folder, chosen, also = Path(folder), notebooks(numbers), [*map(showable, also)]
    if folder.exists() and any(folder.iterdir()):
        raise FileExistsError(f"{folder} is not empty: name a folder that is not there yet.")
    (folder / "notebooks").mkdir(parents=True, exist_ok=True)
    shutil.copytree(ROOT / "backprop_lab", folder / "backprop_lab", ignore=NOT_WITH_IT)
    for name in WITH_IT:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name, ignore=NOT_WITH_IT)
        elif (ROOT / name).exists():
            shutil.copy(ROOT / name, folder / name)
    if len(chosen) == len(sources()) and (NOTEBOOKS / "contents.md").exists():
        shutil.copy(NOTEBOOKS / "contents.md", folder / "notebooks")
    written = [Path(shutil.copy(path, folder / "notebooks")) for path in [*chosen, *also]]
    if learners:
        write_practice(folder / "practice", read_ids(learners), secret)
    found = leaks(folder)
    if found:
        shutil.rmtree(folder)
        raise Leak("Nothing is handed out: " + "; ".join(found))
    if nbgrader:
        write_for_nbgrader(Path(nbgrader), chosen)
    return written


def notebooks(numbers):
    """The paths of the blank notebooks with these numbers, or of all. Raises ValueError."""
    there = {int(path.name[:2]): path for path in sorted(NOTEBOOKS.glob("[0-9][0-9]-*.ipynb"))}
    wanted = list(numbers) or [int(source.name[:2]) for source in sources()]
    missing = [number for number in wanted if number not in there]
    if missing:
        raise ValueError(f"There is no notebook {missing[0]} in {NOTEBOOKS}: build it first.")
    edited = [there[number] for number in wanted if holds_work(there[number])]
    if edited:
        raise ValueError(
            f"Somebody has worked in {edited[0]}, so it is not handed out. Put its solutions "
            "elsewhere, and make it anew: python -m backprop_lab build"
        )
    return [there[number] for number in wanted]


def showable(path):
    """The path of a file that learners may have. Raises ValueError for exercises with answers."""
    path = Path(path)
    if not path.is_file():
        raise ValueError(f"There is no file {path} to go with the notebooks.")
    if (NOTEBOOKS / path.name).exists():
        raise ValueError(f"The course has a file {path.name} already: give yours another name.")
    if path.suffix == ".py" and load(read(path))[1]:
        raise ValueError(
            f"{path} holds SOLUTIONS. Hand out a copy without them, in which no judge computes the "
            "answer either; or keep the module to yourself: the grader alone needs it."
        )
    return path


def read_ids(path):
    """The learners' ids, one a line; a comma, a semicolon or a tab ends an id."""
    lines = Path(path).read_text(encoding="utf-8-sig").splitlines()
    ids = [re.split(r"[,;\t]", line)[0].strip().strip('"') for line in lines]
    return list(dict.fromkeys(filter(None, ids)))


def write_practice(folder, ids, secret):
    """A notebook for each learner, with problems that nobody else on the list has."""
    folder.mkdir()
    names, given = set(), set()
    for learner in ids:
        name = re.sub(r"[^\w.-]+", "-", learner).strip(".-") or "learner"
        if name.casefold() in names:  # one file, on a Mac or on Windows
            raise ValueError(f"Two learners would get the file {name}.ipynb: {learner!r} is one.")
        names.add(name.casefold())
        page = practice_notebook(learner, secret, given)
        (folder / f"{name}.ipynb").write_text(dump(page), encoding="utf-8")


def practice_notebook(learner, secret, given=None):
    """Three problems, from three operators to five, not run yet; none that is in `given`, a set."""
    new, given = nbformat.v4, set() if given is None else given
    cells = [
        new.new_markdown_cell(f"# Practice for {learner}\n\nFill in the blanks; run the check."),
        new.new_code_cell("import backprop_lab as bl"),
    ]
    for place, difficulty in enumerate((2, 3, 4), 1):
        seed, problem = new_problem(learner, difficulty, secret, given)
        cells += [
            new.new_code_cell(
                f"problem_{place} = bl.practice(difficulty={difficulty}, seed={seed})\n"
                f"problem_{place}"
            ),
            new.new_code_cell(f"answer_{place} = {form(problem.form)}"),
            new.new_code_cell(f"problem_{place}.check(answer_{place})"),
        ]
    notebook = new.new_notebook(cells=cells)
    notebook.nbformat_minor = 5
    give_ids(notebook.cells)
    return notebook


def new_problem(learner, difficulty, secret, given):
    """(seed, problem): the learner's first that nobody was given; it is one of `given` then."""
    for k in count():
        seed = seed_for(f"{learner}/{k}", difficulty, secret)
        problem = practice(difficulty=difficulty, seed=seed)
        numbers = repr((problem.rows, problem.leaves))
        if numbers not in given:
            given.add(numbers)
            return seed, problem


def seed_for(learner, difficulty, secret):
    """The seed of a learner's problem: HMAC-SHA256(secret, id/difficulty), 31 bits of it."""
    text = f"practice/{learner}/{difficulty}".encode()
    return int.from_bytes(hmac.digest(secret or b"-", text, "sha256")[:4], "big") >> 1


def form(blanks):
    """A form as the learner writes in it: one line for each part."""
    lines = [f'    "{part}": {value!r},'.replace("Ellipsis", "...")
             for part, value in blanks.items()]  # fmt: skip
    return "\n".join(["{", *lines, "}"])


def write_for_nbgrader(folder, chosen):
    """source/ (with solutions, between nbgrader's own marks) and release/ for these notebooks."""
    by_name = {source.with_suffix(".ipynb").name: source for source in sources()}
    for path in chosen:
        for part in ("source", "release"):
            place = folder / part / path.stem
            place.mkdir(parents=True, exist_ok=True)
            if part == "release":
                shutil.copy(path, place)
            else:
                notebook = compose_with_marks(by_name[path.name])
                (place / path.name).write_text(dump(notebook), encoding="utf-8")
    config = folder / "nbgrader_config.py"
    if not config.exists():
        config.write_text(NBGRADER_CONFIG, encoding="utf-8")


def compose_with_marks(source):
    """The notebook for learners, with each solution between nbgrader's marks in its cell."""
    notebook = compose(source, solved=False)
    marked = dict(marked_cells(source))
    for cell in notebook.cells:
        name = cell.metadata.get("nbgrader", {}).get("grade_id")
        if name in marked:
            cell.source = marked[name]
    return notebook


def solution_cells():
    """(exercise id, text of its cell with all marks) of every source."""
    return [pair for source in sources() for pair in exercise_cells(source)]


def exercise_cells(source):
    cells = re.split(r"^# %%", source.read_text(encoding="utf-8"), flags=re.M)
    found = [(re.match(r' exercise="(\w+)"\n', cell), cell.partition("\n")[2]) for cell in cells]
    return [(head[1], body) for head, body in found if head and SOLUTION.search(body)]


def marked_cells(source):
    """(exercise id, its cell as nbgrader has it): without the solution, it is the learner's."""
    return [(name, WITH_STUB.sub(beside_stub, text).strip("\n"))
            for name, text in exercise_cells(source)]  # fmt: skip


def beside_stub(match):
    """A solution and its stub as plain code: one that returns is never reached, any other first."""
    _, stub, solution, indent, lines = match.groups()
    stub = stub or f"{indent}return ...\n"
    if not stub.startswith(f"{indent}return"):
        return stub + solution
    if not lines.splitlines()[-1].startswith(f"{indent}return"):
        lines += f"{indent}return\n"
    return f"{indent}### BEGIN SOLUTION\n{lines}{indent}### END SOLUTION\n{stub}"


def leaks(folder):
    """Sentences on each solution that is in a folder: as text, or as code with other names.

    A solution of several parts is in a file if all of its parts are.
    """
    solutions = {
        name: [dedent(part) for _, part in SOLUTION.findall(text)]
        for name, text in solution_cells()
    }
    parts = [(part, part) for texts in solutions.values() for part in texts]
    found = []
    for path, texts in sorted(readable(Path(folder)).items()):
        bare = "\n".join(re.sub(r"\s+", "", text) for text in texts)
        shown = {part for part, _ in parts if re.sub(r"\s+", "", part) in bare}
        shown |= same_trees(parts, texts)
        found += [
            f"the solution of {name} is in {path}"
            for name, texts in solutions.items()
            if shown.issuperset(texts)
        ]
    return found


def readable(folder):
    """{path inside the folder: its texts}; of a notebook, every text that is anywhere in it."""
    found = {}
    for path in folder.rglob("*"):
        if not path.is_file():
            continue
        text = path.read_text(encoding="utf-8", errors="replace")
        if path.suffix == ".ipynb":
            found[path.relative_to(folder)] = [*strings(json.loads(text))]
        else:
            found[path.relative_to(folder)] = [text]
    return found


def strings(value):
    """Every text in a JSON value; a list of lines counts as one."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list) and value and all(isinstance(x, str) for x in value):
        yield "".join(value)
    elif isinstance(value, (list, dict)):
        for x in value.values() if isinstance(value, dict) else value:
            yield from strings(x)
