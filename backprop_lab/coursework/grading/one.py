"""Grading one submission: a function of what it is given, so that any machine may run it."""

import hashlib
import re
import time
from dataclasses import asdict, dataclass

from ...exercises.own import use_only
from . import intake, plan, session
from .scoring import rounds_of, score

# What an ordinary answer has no use for, and what tampering begins with. It changes no mark.
SUSPICIOUS = re.compile(
    r"_getframe|\bgc\.|\bctypes\b|setprofile|settrace|backprop_lab\.exercises|bl\.exercises"
    r"|/proc/|\bos\.(?:fork|kill|_exit|dup2?|system|exec\w+)\b|\bsubprocess\b|\bsocket\b"
    r"|__code__|__globals__|f_(?:back|locals)|\bsignal\.|sys\.modules|\bmarshal\b|\bpickle\b|\bthreading\b|\bmultiprocessing\b|\bconcurrent\b"
)


@dataclass(frozen=True)
class Submission:
    """learner, notebook files' place ([path] or [zip file, member, …]), and when it was made."""

    learner: str
    place: tuple
    attempt: int = 0
    made: float = 0.0

    @property
    def file(self):
        return self.place[-1].replace("\\", "/").rstrip("/").rsplit("/", 1)[-1]


@dataclass(frozen=True)
class Settings:
    """How to grade: notebooks (numbers to look for), timeout (seconds), safe (in the sandbox).

    own: the text of an instructor's module of exercises, so that any machine may know it.
    """

    secret: bytes
    notebooks: tuple
    timeout: float = 90.0
    safe: bool = True
    own: str = ""

    def fingerprint(self):
        """What must be the same for two marks to be comparable; tells nothing of the secret."""
        text = f"{self.timeout}/{self.safe}/{self.notebooks}/{self.own}".encode()
        return hashlib.sha256(b"backprop-lab" + self.secret + text).hexdigest()[:16]


def grade_one(submission, settings, content=None):
    """The result of one submission, as a dict for JSON; raises for nothing in it.

    content: its bytes, where its place is on another machine.
    Keys: learner, file, place, attempt, made, digest, status, why, notebook, points, out_of,
    exercises ({id: Score as a dict}), looks (for a person to look at, and why), runs, seconds.
    """
    start = time.monotonic()
    result = {
        "learner": submission.learner, "file": submission.file, "place": list(submission.place),
        "attempt": submission.attempt, "made": submission.made, "digest": "", "status": "ok",
        "why": "", "notebook": None, "points": 0.0, "out_of": 0, "exercises": {}, "looks": [],
        "runs": 0,
    }  # fmt: skip
    try:
        use_only(settings.own)
        content = intake.fetch(submission.place) if content is None else content
        result["digest"] = hashlib.sha256(content).hexdigest()
        texts, remarks = intake.cells_of(content)
        number = plan.recognise(texts, settings.notebooks, submission.file)
        if number is None:
            raise intake.Unreadable("none of the exercises is in it")
        grade_cells(result, plan.make(number, texts), settings)
        result["looks"] += [remark for remark in remarks if remark not in result["looks"]]
        result["looks"] += suspicious(texts) + plan.of_other_notebooks(number, texts)
    except intake.Unreadable as error:
        result |= {"status": "unreadable", "why": str(error)}
    except MemoryError:
        result |= {"status": "unreadable", "why": "reading it takes too much memory"}
    except Exception as error:  # a fault of ours: said in the marks, and the others go on
        result |= {"status": "grader error", "why": f"{type(error).__name__}: {error}"[:300]}
    result["seconds"] = round(time.monotonic() - start, 2)
    return result


def grade_cells(result, steps, settings):
    """Run a planned submission and put its marks into the result."""
    exercises = steps.exercises
    rounds = {name: rounds_of(exercise, settings.secret) for name, exercise in exercises.items()}
    outcome = session.run(steps, rounds, settings.timeout, settings.safe)
    if not outcome.started:
        raise RuntimeError(f"Python did not start for it. {outcome.complaint}")
    scores = {
        name: score(exercise, rounds[name], outcome, steps) for name, exercise in exercises.items()
    }
    result |= {
        "notebook": steps.number, "runs": outcome.runs,
        "points": round(sum(s.points for s in scores.values()), 4),
        "out_of": sum(s.out_of for s in scores.values()),
        "exercises": {name: asdict(s) for name, s in scores.items()},
        "looks": [look for s in scores.values() for look in s.looks],
    }  # fmt: skip
    result["status"], result["why"] = status_of(outcome)


def status_of(outcome):
    """(status, why) of a run, in words for the marks."""
    late = [f"cell {place + 1} ran too long" for place in sorted(outcome.late)]
    dead = [f"cell {place + 1}: {why}" for place, why in sorted(outcome.deadly.items())]
    lost = [f"{name} ended or outlasted its process" for name in sorted(outcome.lost)]
    why = "; ".join(dead + late + lost)
    if outcome.out_of_time:
        return "timed out", "; ".join(filter(None, ["the time for one submission was up", why]))
    if dead:
        return "process died", why
    return ("timed out" if late else "ok"), why


def suspicious(texts):
    """Sentences for a person, about cells that reach for what no exercise needs."""
    found = {}
    for place, text in enumerate(texts):
        for word in SUSPICIOUS.findall(text):
            found.setdefault(word, place + 1)
    return [f"{word} in cell {place}" for word, place in list(found.items())[:8]]
