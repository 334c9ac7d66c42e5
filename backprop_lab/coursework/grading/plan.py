"""Which notebook a submission is, which of its cells are run, and where its answers are tried."""

import json
import re
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from ...exercises import NOTEBOOKS, exercises
from .needed import Page

FOLDER = Path(__file__).parents[3] / "notebooks"
CHECKED = re.compile(r"""\bcheck\(\s*["'](\w+)["']""")
DEMONSTRATION = re.compile(r"(if (not )?)?check\(")


@dataclass(frozen=True)
class Plan:
    """number: of the notebook. cells: (place in the submission, text) of what is run.

    ours: places of the cells that we handed out as they are.
    after: {place: ids of the exercises that are tried when that cell has run}.
    defined: {exercise id: place of the cell that defines it last}.
    """

    number: int
    cells: tuple
    ours: frozenset
    after: dict
    defined: dict

    @property
    def exercises(self):
        return of_notebook(self.number)


def of_notebook(number):
    return {name: e for name, e in exercises().items() if e.notebook == number}


@cache
def binding(name):
    """A pattern of a line at the left margin that gives this name something."""
    return re.compile(
        rf"^(?:(?:async\s+)?def|class)\s+{name}\b|^{name}\s*(?::[^=\n]+)?=(?!=)"
        rf"|^(?:from\s.*)?import\s.*\b{name}\b",
        re.M,
    )


@cache
def handed_out(number):
    """The texts of all code cells of the notebook that learners are given."""
    path = next(iter(FOLDER.glob(f"{number:02}-*.ipynb")), None)
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"] if path else []
    return frozenset("".join(c["source"]).strip() for c in cells if c["cell_type"] == "code")


@cache
def page_of(number):
    return Page(handed_out(number), frozenset(of_notebook(number)))


def recognise(texts, among=tuple(NOTEBOOKS), name=""):
    """The number of the notebook that these cells belong to, or None. `name` is the file's."""
    written = "\n".join(texts)
    checks = CHECKED.findall(written)
    scores = {}
    for number in among:
        ids = of_notebook(number)
        score = 2 * sum(name in ids for name in checks)
        score += sum(bool(binding(name).search(written)) for name in ids)
        if score:
            hinted = (
                re.search(rf"(?<!\d)0?{number}[-_ ]", name)
                or NOTEBOOKS.get(number, "?").replace("_", "-") in name
            )
            scores[number] = score + bool(hinted)
    return max(scores, key=scores.get, default=None)


def of_other_notebooks(number, texts):
    """Sentences on checks of what belongs to another notebook, so that it is not tried here."""
    checked = dict.fromkeys(CHECKED.findall("\n".join(texts)))
    strays = [exercises()[name] for name in checked if name in exercises()]
    return [f"{e.id} belongs to notebook {e.notebook}, and is not graded with this one"
            for e in strays if e.notebook != number]  # fmt: skip


def make(number, texts):
    """The plan for a submission's cells.

    An answer is tried after its last check, and after its last definition, if that stands
    further down; what a cell of the page itself assigns to its name is no answer.
    """
    page, cells, after, defined = handed_out(number), {}, {}, {}
    checked = {}
    ours = {place: text.strip() for place, text in enumerate(texts) if text.strip() in page}
    theirs = [text for place, text in enumerate(texts) if place not in ours]
    needed = page_of(number).needed(ours.values(), theirs)
    for place, text in enumerate(texts):
        if place not in ours:
            cells[place] = text
        elif needed[ours[place]] and not DEMONSTRATION.match(text):
            cells[place] = needed[ours[place]]
        for name in CHECKED.findall(text):
            checked[name] = place
        for name in of_notebook(number):
            if binding(name).search(text) and (place not in ours or name not in checked):
                defined[name] = place
    for name in of_notebook(number):
        place, last = defined.get(name, -1), checked.get(name, -1)
        for tried in {last, max(place, last)} - {-1}:
            after.setdefault(tried, []).append(name)
    runs = dict.fromkeys(after, "") | cells  # a check is not run: its place is all we need
    return Plan(number, tuple(sorted(runs.items())), frozenset(ours), after, defined)


def without(plan, guilty):
    """The same plan less the cells at these places; what was to be tried there still is."""
    kept = tuple((place, "" if place in guilty else text) for place, text in plan.cells)
    return replace(plan, cells=kept)


def bare(plan, names, guilty):
    """Only the page's own cells and those that define these exercises."""
    wanted = {plan.defined.get(name) for name in names}
    extra = {place for place, _ in plan.cells} - plan.ours - wanted
    return without(plan, guilty | extra)
