"""The laws that exercises of an instructor's own have to keep, tried before anything is graded.

They are the laws that the exercises of the series are tested by, as far as a program can try them
without knowing what an exercise is about.
"""

import numpy as np

import backprop_lab as bl

from ..exercises import as_it_is, call, own, probing
from ..exercises.judging import assess, judge_all, wrong_answer
from .grading.marks import HEAD, TAIL
from .grading.wire import encode, read_reports

FEW = range(3)  # seeds, before a grading
MANY = range(20)  # seeds, when it is asked for
NONSENSE = {"'nonsense'": "nonsense", "nothing (None)": None, "a class": type}


def require(path):
    """The text of a module of exercises that keeps the laws. Raises BadExercises for another."""
    text = own.read(path)
    broken = [line for line in report(text, FEW) if not line.startswith("ok ")]
    if broken:
        raise own.BadExercises(
            f"Nothing is graded yet: {path} has to be mended.\n" + "\n".join(broken)
        )
    return text


def report(text, seeds=MANY):
    """A line for each exercise of a module: "ok", or what is wrong with it."""
    exercises, solutions = own.load(text)
    own.use_only(text)
    patience = probing.SECONDS
    probing.SECONDS = 1.0  # known mistakes may be endless
    try:
        return [verdict(e, solutions.get(e.id), seeds) for e in exercises.values()]
    finally:
        probing.SECONDS = patience


def verdict(exercise, solution, seeds):
    said = fault(exercise, solution, seeds)
    if said:
        return f"{exercise.id}: {said}"
    tried = f"misconceptions told apart: {len(exercise.misconceptions)}"
    right = "a right answer passes" if solution else "no right answer to try is in SOLUTIONS"
    points = f"notebook {exercise.notebook}, {exercise.points} points"
    return f"ok   {exercise.id} ({points}): {tried}; {right}"


def fault(exercise, solution, seeds):
    """The first thing that is wrong with an exercise, as a sentence; None if nothing is found."""
    laws = (of_its_name, of_its_cases, of_its_probe, of_wrong_code, of_blanks, of_nonsense,
            of_mistakes)  # fmt: skip
    found = (said for law in laws for said in law(exercise, seeds))
    of_the_right = of_a_solution(exercise, solution, seeds) if solution else ()
    return next(found, None) or next(iter(of_the_right), None)


def of_its_name(exercise, seeds):
    if exercise.id in (*HEAD, *TAIL):
        yield "the table of marks has a column of that name. Give it another id."


def of_its_cases(exercise, seeds):
    """Plain data, the same for the same seed, and others for another."""
    try:
        first = [[exercise.cases(seed) for seed in (0, 1)] for _ in range(2)]
    except Exception as error:
        yield f"cases stops with {own.where(error)}."
        return
    for cases in first[0]:
        if not isinstance(cases, list) or not cases or not all(map(named, cases)):
            yield "cases(seed) has to return a list of dicts, the inputs by name; at least one."
            return
    strange = next(filter(None, map(odd, first[0])), None)
    if strange:
        yield (
            f"cases holds a {strange}; inputs are plain data: numbers, arrays of them, texts, "
            "lists and dicts. What is not plain, `probe` can make of them."
        )
    once, again = (probing.plain(cases) for cases in first)
    if not probing.same(once, again):
        yield (
            "cases(0) gives other inputs each time, so no mark could be made twice: make them "
            "from the seed alone, as in np.random.default_rng([seed, 1])."
        )
    elif exercise.probe is call and probing.same(*once):
        yield (
            "cases(0) and cases(1) are the same, so the inputs that marks are made from would be "
            "no secret: make them from the seed."
        )


def named(case):
    return isinstance(case, dict) and all(isinstance(key, str) for key in case)


def odd(value):
    """The name of a type in some data that is not plain, or None."""
    value = probing.plain(value)
    if probing.other(value):
        return probing.other(value)
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return next(filter(None, map(odd, inside)), None)


def of_its_probe(exercise, seeds):
    try:
        own.packed([exercise])
    except RuntimeError:  # no tool to pack with, which is no fault of the exercise
        raise
    except Exception as error:
        yield (
            f"its probe cannot be taken into the sandbox ({type(error).__name__}: {error}). "
            "It may use functions and plain data of the file."
        )


class Blank:
    """Stands in for a stub of several functions: each of its methods gives `...`."""

    def __call__(self, *inputs, **named):
        return ...

    def __getattr__(self, name):
        return self


BLANKS = (..., lambda *inputs, **named: ..., Blank())


def of_blanks(exercise, seeds):
    """An untouched stub is not attempted yet."""
    verdicts = [assess(exercise, blank, seeds[0]) for blank in BLANKS]
    if any(verdict.share for verdict in verdicts):
        yield "a blank answer (`...`) earns points."
    elif all(verdict.status != "not attempted yet" for verdict in verdicts):
        text = verdicts[0 if exercise.probe is as_it_is else 1].text.replace("\n", " ")
        yield (
            "a blank answer (`...`) has to be 'not attempted yet', so the probe has to return "
            f"`...` where it is given that. Now it is told: {text}"
        )


def of_nonsense(exercise, seeds):
    """The judge answers with complaints, and has some about what cannot be right."""
    case = exercise.cases(seeds[0])[0]
    for said, nonsense in NONSENSE.items():
        try:
            complaints = exercise.judge(case, probing.plain(nonsense))
        except Exception:  # a judge may stumble; what it stumbles over counts as wrong
            complaints = []
        if not isinstance(complaints, (list, tuple)) or not all(
            isinstance(x, str) for x in complaints
        ):
            yield (
                "judge has to return a list of complaints, empty if the output is right; it "
                f"returned {complaints!r}."
            )
            return
        for answer in (nonsense, lambda *inputs, given=nonsense: given):
            if assess(exercise, answer, seeds[0]).share:
                yield f"its judge takes {said} for an answer."
                return


def of_wrong_code(exercise, seeds):
    """The code of each known mistake defines an answer."""
    for mistake in exercise.misconceptions:
        try:
            wrong_answer(exercise, mistake)
        except Exception as error:
            why = f"{type(error).__name__}: {error}"
            yield (
                f"the code of its misconception {mistake.id!r} does not define {exercise.id} "
                f"({why})."
            )


def of_mistakes(exercise, seeds):
    """Each known mistake fails, and gets its own sentence."""
    for mistake in exercise.misconceptions:
        for seed in seeds:
            verdict = assess(exercise, wrong_answer(exercise, mistake), seed)
            if verdict.share == 1:
                yield (
                    f"its misconception {mistake.id!r} passes (seed {seed}): the judge accepts it, "
                    "or the cases do not show what is wrong with it."
                )
            elif verdict.misconception != mistake.id:
                taken = f"is taken for {verdict.misconception!r}"
                yield (
                    f"its misconception {mistake.id!r} "
                    f"{taken if verdict.misconception else 'is not recognised'} (seed {seed})."
                )


def of_a_solution(exercise, solution, seeds):
    """A right answer passes, also from what has come out of a sandbox."""
    names = {"np": np, "bl": bl, "ops": bl.ops} | exercise.given
    try:
        exec(solution, names)
        answer = names[exercise.id]
    except Exception as error:
        what = f"{type(error).__name__}: {error}"
        yield f"its text in SOLUTIONS does not define {exercise.id} ({what})."
        return
    for seed in seeds:
        cases = exercise.cases(seed)
        reports = read_reports(encode(probing.run_cases(exercise, answer, cases)), len(cases))
        verdict = judge_all(exercise, cases, reports)
        if verdict.status != "right":
            stumbled = stumbling(exercise, cases, reports)
            text = (stumbled or verdict.text).replace("\n", " ")
            yield f"the right answer in SOLUTIONS does not pass (seed {seed}): {text}"
            return


def stumbling(exercise, cases, reports):
    """The exception of the judge itself on some reports, in words; None if there is none."""
    for case, report in zip(cases, reports, strict=True):
        try:
            exercise.judge(case, report.get("returned"))
        except Exception as error:
            return f"judge stops with {own.where(error)}."
    return None
