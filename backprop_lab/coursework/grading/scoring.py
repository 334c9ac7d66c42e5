"""Marks, from what came back. Nothing here has ever been where a learner's code was.

An answer is judged on secret inputs, made from the secret and the exercise alone, so that they
are the same for everybody. What a learner is told about it comes from the inputs that the notebook
itself tries, which are no secret.
"""

import hmac
import signal
from contextlib import contextmanager
from dataclasses import dataclass

from ...exercises import probing
from ...exercises.exercise import Verdict
from ...exercises.judging import judge_all
from .wire import Garbled, read_reports

PUBLIC_SEED = 0  # the one that `check` uses in a notebook
JUDGING = 20  # seconds that the judges may take over one answer
ENDED = {
    1000: "It ran too long and was stopped. Is there a loop that cannot end?",
    -9: "It was ended by force: it may have taken too much memory.",
    -11: "It crashed Python itself (a segmentation fault).",
    0: "It ended Python instead of returning.",
}


@dataclass(frozen=True)
class Score:
    """What one exercise earned. told: what its learner may read; free of the secret inputs."""

    points: float
    out_of: int
    status: str
    misconception: str | None
    told: str
    looks: tuple = ()


class Slow(Exception):
    """The judges took too long over an answer."""


def seed_of(secret, name, k=0):
    """The seed of an exercise's secret inputs: HMAC-SHA256(secret, exercise/k), 32 bits of it."""
    return int.from_bytes(hmac.digest(secret, f"{name}/{k}".encode(), "sha256")[:4], "big")


def rounds_of(exercise, secret):
    """{round: cases}: the secret inputs, and the public ones."""
    rounds = {
        "public": exercise.cases(PUBLIC_SEED),
        "secret": exercise.cases(seed_of(secret, exercise.id)),
    }
    if probing.same(*map(probing.plain, rounds.values())):  # an exercise without inputs
        del rounds["public"]
    return rounds


def score(exercise, rounds, outcome, plan):
    """The Score of one exercise of a submission."""
    name = exercise.id
    verdict = best(exercise, rounds, outcome, "secret")
    if verdict is None:
        return unanswered(exercise, outcome, plan)
    public = best(exercise, rounds, outcome, "public") if "public" in rounds else verdict
    looks = []
    if public and public.share > verdict.share:
        looks.append(f"{name}: right on the notebook's own inputs, wrong on others")
    return Score(
        round(exercise.points * verdict.share, 4), exercise.points, verdict.status,
        verdict.misconception, explain(exercise, verdict, public), tuple(looks),
    )  # fmt: skip


def best(exercise, rounds, outcome, kind):
    """The best Verdict on the times that an answer was tried in one round, or None."""
    verdicts = []
    for coded in outcome.reports.get(exercise.id, {}).get(kind, ()):
        try:
            reports = read_reports(coded, len(rounds[kind]))
        except Garbled:
            continue
        verdicts.append(judge(exercise, rounds[kind], reports))
    return max(verdicts, key=lambda verdict: verdict.share, default=None)


def judge(exercise, cases, reports):
    """The judges' verdict; one that they cannot reach earns nothing."""
    probing.SECONDS = min(probing.SECONDS, 1.0)  # for the mistakes that never end, run to compare
    try:
        with time_limit(JUDGING):
            return judge_all(exercise, cases, reports)
    except (Exception, RecursionError) as error:
        return Verdict("wrong", 0.0, f"The result could not be judged ({type(error).__name__}).")


@contextmanager
def time_limit(seconds):
    if not hasattr(signal, "setitimer"):
        yield
        return

    def stop(*_):
        raise Slow

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def explain(exercise, verdict, public):
    """What to tell the learner, without a word of the secret inputs."""
    if verdict.status == "right":
        return exercise.why
    if public and public.share <= verdict.share and public.status == verdict.status:
        return public.text
    mistakes = [m.says for m in exercise.misconceptions if m.id == verdict.misconception]
    if mistakes:
        return mistakes[0]
    if public and public.share > verdict.share:
        return (
            "It is right on the inputs that the notebook tries, and wrong on others of the same "
            "kind. What in it fits only the numbers that you saw?"
        )
    return public.text if public else "It is not right on all inputs that were tried."


def unanswered(exercise, outcome, plan):
    """The Score where no result came back that could be judged."""
    name, zero = exercise.id, (0.0, exercise.points)
    if name in outcome.lost:
        text = ENDED.get(outcome.lost[name], "It ended Python while it was being tried.")
        return Score(*zero, "stopped", None, f"No result came back. {text}")
    place = plan.defined.get(name)
    if place in outcome.deadly:
        return Score(
            *zero, "stopped", None, "Its cell stopped the whole notebook and was left out."
        )
    if place in outcome.late:
        return Score(*zero, "stopped", None, "Its cell ran too long and was stopped.")
    if place in outcome.failed:
        error, line = outcome.failed[place]
        where = f", line {line}" if line else ""
        return Score(*zero, "stopped", None, f"Its cell stopped with {known(error)}{where}.")
    if name in outcome.reports:
        return Score(*zero, "stopped", None, "What came back is not of a form that can be read.")
    if outcome.out_of_time:
        return Score(*zero, "stopped", None, "The time for this notebook was up before its turn.")
    return Score(*zero, "not attempted yet", None, "")


def known(error):
    """The name of an exception, if it is one of Python's own: others could say anything."""
    import builtins

    found = getattr(builtins, error, None)
    ours = isinstance(found, type) and issubclass(found, BaseException)
    return error if ours else "an exception"
