"""What an exercise is: its contract, its inputs, its judge, and the mistakes that it knows.

Judging is kept apart from the learner's code. `cases` makes plain inputs; `probe` runs the
learner's answer on one of them and brings back plain data; `judge` looks at that data and never
at the answer. The notebook and the grader use the same three.
"""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field

NOTHING = frozenset()


@dataclass(frozen=True)
class Misconception:
    """A wrong rule that people really use: its code, and the sentence that helps.

    wrong: Python text that defines the wrong answer under the exercise's id.
    says: what to tell whoever gave it; names the idea, not the answer.
    looks_like: a function (cases, outputs) -> bool that knows the mistake by its results. If it is
    None, an answer is known by giving exactly the results of `wrong`.
    """

    id: str
    wrong: str
    says: str
    looks_like: Callable | None = None


@dataclass(frozen=True)
class Hint:
    """One step of help: the symptom that the learner sees, and what to look at."""

    symptom: str
    text: str


def call(answer, case):
    """The usual probe: the answer is a function of the case's values, in their order."""
    if not callable(answer):
        raise TypeError(
            f"A function is asked for, and a {type(answer).__name__} came. Hand over the function "
            "itself, without calling it: no parentheses after its name."
        )
    return answer(*case.values())


def nothing():
    """What most exercises have to load beforehand."""


def as_it_is(answer, case):
    """The probe for an answer that is data already."""
    return deepcopy(answer)


@dataclass(frozen=True)
class Exercise:
    """One exercise; see the module's docstring for cases, probe and judge.

    cases(seed) -> a list of dicts of plain data, the smallest first.
    probe(answer, case) -> what the answer gives for the case.
    judge(case, output) -> a list of complaints, empty if the output is right.
    parts: how many things are marked one by one (1: all or nothing).
    may_use: which libraries the answer may call, out of {"backprop_lab", "torch"}.
    why: what a right answer is told.
    given: names that the page has defined before the exercise, and an answer may use.
    prepare: called before each case, while no clock runs: loads what takes long to load.
    """

    id: str
    title: str
    notebook: int
    minutes: int
    points: int
    contract: str
    cases: Callable
    judge: Callable
    misconceptions: tuple[Misconception, ...]
    hints: tuple[Hint, Hint, Hint]
    why: str
    probe: Callable = call
    parts: int = 1
    core: bool = True
    may_use: frozenset = NOTHING
    given: dict = field(default_factory=dict)
    prepare: Callable = nothing


@dataclass(frozen=True)
class Verdict:
    """What a check found: status, the share of the points earned, and what to say about it.

    status: "right", "wrong", "partly right", "not attempted yet", "stopped" (the answer raised) or
    "not judged here" (nobody here knows the exercise).
    misconception: the id of the mistake that was recognised, or None.
    printed: what the answer printed while it was being tried.
    """

    status: str
    share: float
    text: str
    misconception: str | None = None
    printed: str = ""
