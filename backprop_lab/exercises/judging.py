"""From what an answer returned to a verdict. Nothing here runs or sees the learner's code.

The order in which things are said: right; a mistake that is known by name; an exception of the
learner's own; a library that was not to be used; an input that was changed; and then the judge's
own complaint about the smallest case that fails.
"""

import numpy as np

from .exercise import Verdict
from .probing import UNFILLED, run_case, run_cases, same


def assess(exercise, answer, seed):
    """The verdict on `answer`: cases, probe and judge in one go, as a notebook needs it."""
    cases = exercise.cases(seed)
    return judge_all(exercise, cases, run_cases(exercise, answer, cases))


def judge_all(exercise, cases, reports):
    """The verdict on the reports that `run_case` brought back, one for each case."""
    printed = next((report["printed"] for report in reports if report["printed"]), "")
    if all(unfilled(report) for report in reports):
        return Verdict("not attempted yet", 0.0, "", printed=printed)
    with np.errstate(all="ignore"):  # a learner's inf is no reason to write to stderr
        pairs = zip(cases, reports, strict=True)
        troubles = filter(None, (find_trouble(exercise, *pair) for pair in pairs))
        trouble = next(troubles, None)
        if trouble is None:
            return Verdict("right", 1.0, exercise.why, printed=printed)
        mistake = recognise(exercise, cases, reports)
        share = earned(exercise, cases, reports) if trouble[0] == "wrong" else 0.0
    status = "partly right" if share else trouble[0]
    text = f"{mistake.says}\n\n{trouble[1]}" if mistake else trouble[1]
    return Verdict(status, share, text, mistake and mistake.id, printed)


def complaints_about(exercise, case, output):
    """What the judge says. It sees whatever a learner returned, and may stumble over that."""
    try:
        return [complaint[:LONGEST] for complaint in exercise.judge(case, output)]
    except Exception:
        return ["What came back is not of the form that the exercise asks for."] * exercise.parts


LONGEST = 1500  # characters of one complaint on a card


def unfilled(report):
    """Whether nothing but `...` came back: an untouched stub, or a dictionary of blanks."""
    output = report.get("returned")
    if isinstance(output, dict) and output != UNFILLED:
        return bool(output) and all(same(x, UNFILLED) for x in output.values())
    return same(output, UNFILLED)


def find_trouble(exercise, case, report):
    """(status, sentence) for the first thing wrong with one report, or None."""
    if "raised" in report:
        return "stopped", f"Your code raised an exception.\n{report['raised']}"
    if report["called"]:
        tools = "PyTorch is" if "torch" in exercise.may_use else "plain Python and NumPy are"
        return "wrong", (
            f"This answer calls {report['called']}, and here the point is to write it yourself: "
            f"{tools} enough."
        )
    complaints = complaints_about(exercise, case, report["returned"])
    if complaints:
        more = [f"And {len(complaints) - 3} more."] if len(complaints) > 3 else []
        return "wrong", "\n\n".join(complaints[:3] + more)
    if report["changed"]:
        return "wrong", (
            f"The result is right, but your function changed what it was given: "
            f"{', '.join(report['changed'])}. Whoever calls it may still need that; work on a copy."
        )
    return None


def earned(exercise, cases, reports):
    """The share of the points for an exercise whose parts are marked one by one."""
    spoiled = any("raised" in r or r["called"] or r["changed"] for r in reports)
    if exercise.parts == 1 or spoiled:
        return 0.0
    wrong = max(
        len(complaints_about(exercise, case, report["returned"]))
        for case, report in zip(cases, reports, strict=True)
    )
    return max(0.0, 1 - wrong / exercise.parts)


def recognise(exercise, cases, reports):
    """The first misconception that these reports look like, or None."""
    for mistake in exercise.misconceptions:
        if mistake.looks_like is None:
            answer, pairs = wrong_answer(exercise, mistake), zip(cases, reports, strict=True)
            if all(same_result(run_case(exercise, answer, case), report) for case, report in pairs):
                return mistake
        elif seems(mistake, cases, reports):
            return mistake
    return None


def seems(mistake, cases, reports):
    """Whether reports look like a mistake; odd results that its rule stumbles over do not."""
    try:
        return bool(mistake.looks_like(cases, reports))
    except Exception:
        return False


def same_result(x, y):
    """Whether two reports hold the same result: close numbers, or the same kind of exception."""
    if "raised" in x or "raised" in y:
        return x.get("raised", "").split(":")[0] == y.get("raised", "?").split(":")[0]
    return near(x["returned"], y["returned"]) and x["changed"] == y["changed"]


def near(x, y):
    """`same`, but numbers may differ by rounding."""
    if isinstance(x, list) and isinstance(y, list):
        return len(x) == len(y) and all(map(near, x, y))
    if isinstance(x, dict) and isinstance(y, dict):
        return x.keys() == y.keys() and all(near(x[key], y[key]) for key in x)
    if isinstance(x, (float, np.ndarray)) and isinstance(y, (float, np.ndarray)):
        return np.shape(x) == np.shape(y) and np.allclose(x, y, rtol=1e-9, equal_nan=True)
    return same(x, y)


def wrong_answer(exercise, mistake):
    """The object that a misconception's code defines."""
    namespace = {"np": np} | exercise.given
    exec(mistake.wrong, namespace)
    return namespace[exercise.id]
