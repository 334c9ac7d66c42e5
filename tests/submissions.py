"""A bank of submissions for the grader's tests: honest, damaged and hostile, made by code.

Each is notebook 2's six exercises with something done to it. `lost` names the exercises that earn
nothing then; all others have to earn every point.
"""

import io
import json
import re
import zipfile
from dataclasses import dataclass, field

from tests.answers import reference

SETUP = "import numpy as np\n\nimport backprop_lab as bl\nfrom backprop_lab import check, ops"
POINTS = {"partials": 3, "two_roads": 3, "path_sum": 4, "sweep": 5, "visits": 2, "slope": 2}
EVERYTHING = frozenset(POINTS)
WRONG = "def sweep(graph, order, local):\n    return 0"
STUBS = {name: f"def {name}(*inputs):\n    return ..." for name in POINTS}


# Near relatives of others: they wait for --thorough.
WAITS = """
star import after set-up; numpy's name is gone at the end; prints; unknown magic; capture; widgets
draws and checks in one cell; duplicated cells; checks first; a syntax error elsewhere; a partial
expected error; an answer raises; a lambda; with types; odd letters; a seed set; its own class
remembers inputs; many cells; a number; cells are none; deep objects; a link to nowhere; no json
half a character; zero in a cell; a key twice; stripped; checkpoints beside it in a zip; a list
modules replaced; json patched; equal to everything, a float; equal to everything, a str
equal to everything, a list; equal to everything, a int; outputs in the file; a cell: quit
a flood of print; sweep returns nan; sweep returns itself; sweep exits; sweep crashes
sweep takes all memory; sweep closes everything; sweep recurses; a cell: raises ctrl-c
a deadly cell: kill; a deadly cell: another program; a deadly cell: too deep; three deadly cells
a deadly cell: abort; an endless sleep; an endless cell: deep in C; sweep is deaf; timed cell
warnings are errors; display; a cell for the shell; files of its own; corrected later
two names at once; numbers printed in full; a fork goes on; exception with a trap
sweep returns a maze; sweep kills itself; a cell: exit; an array that lies; a check of its own
the page backwards; signs that nobody sees; processes end where they begin; no recursion
no nbformat; a name used again at the end; errors in between; a deadly cell: a flood of messages
""".strip()


def waiting():
    return re.split(r"; |\n", WAITS)


@dataclass(frozen=True)
class Case:
    """name; content (bytes, or a function that makes the file at a path); what is to come out.

    status: of the submission. says: a word that its row must hold somewhere.
    """

    name: str
    content: object
    lost: frozenset = frozenset()
    status: str = "ok"
    says: str = ""
    ending: str = ".ipynb"

    @property
    def waits(self):
        return self.name in waiting()


@dataclass
class Bank:
    """Cases by name, in the order in which they were put in."""

    cases: dict = field(default_factory=dict)

    def put(self, name, content, lost=(), status="ok", says="", ending=".ipynb"):
        assert name not in self.cases
        self.cases[name] = Case(name, content, frozenset(lost), status, says, ending)

    def cells(self, name, *cells, lost=(), status="ok", says=""):
        self.put(name, file(cells), lost, status, says)


def right(**changed):
    """Set-up, and each exercise's answer with its check; some answers replaced, or None: gone."""
    from backprop_lab.exercises import exercises

    cells = [SETUP]
    for name in POINTS:
        answer = changed.get(name, reference(exercises()[name]))
        if answer is not None:
            cells += [answer, f'check("{name}", {name})']
    return cells


def page(**changed):
    """The page as it is handed out, with right answers written into it; some replaced."""
    from backprop_lab.coursework.build import NOTEBOOKS
    from backprop_lab.exercises import exercises

    cells = json.loads((NOTEBOOKS / "02-the-chain-rule.ipynb").read_text(encoding="utf-8"))["cells"]
    for text in ("".join(c["source"]) for c in cells if c["cell_type"] == "code"):
        name = next((name for name in POINTS if text.startswith(f"def {name}(")), None)
        yield changed.get(name) or reference(exercises()[name]) if name else text


def cheating(trick, answer=WRONG):
    """A wrong `sweep`, and a cell that tries to make it count, before and after everything."""
    cells = right(sweep=answer)
    return [SETUP, trick, *cells[1:], trick]


def code(text, **more):
    return {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None,
            "source": text} | more  # fmt: skip


def notebook(cells, **more):
    cells = [cell if isinstance(cell, dict) else code(cell) for cell in cells]
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells} | more


def file(cells, **more):
    return json.dumps(notebook(cells, **more)).encode()


def zipped(**members):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return content.getvalue()


def bank(outside, marker, port):
    """All quick cases.

    outside: a file that nobody may read or change. marker: one that nobody may make. port: of this
    machine, where somebody listens.
    """
    from tests.submissions_damaged import damaged
    from tests.submissions_honest import honest
    from tests.submissions_hostile import hostile

    found = Bank()
    honest(found)
    damaged(found)
    hostile(found, outside, marker, port)
    return found.cases


def slow_bank():
    """Cases that end at a time limit."""
    from tests.submissions_hostile import slow

    found = Bank()
    slow(found)
    return found.cases


def heavy_bank():
    """Cases that keep a machine busy."""
    from tests.submissions_hostile import heavy

    found = Bank()
    heavy(found)
    return found.cases
