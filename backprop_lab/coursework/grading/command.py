"""`python -m backprop_lab grade` and `merge`."""

import json
import os
import secrets
import sys
from collections import Counter
from pathlib import Path

from ...exercises import exercises
from ...exercises.own import use_only
from . import cluster, gradebook, sandbox
from .gather import submissions
from .marks import Journal, counted, journal_of, key, replace, table
from .one import Settings
from .pool import Progress, grade_all

EPILOG = """\
Everything a learner's code does happens in a sandbox; what comes back are numbers, and they are
judged here, on inputs made from the secret. The same submissions and the same secret give the
same marks. After an interruption, the same command with --resume goes on."""


def add_arguments(commands):
    """The subcommands `grade` and `merge` of an argparse parser."""
    grade = commands.add_parser("grade", help="grade submissions", epilog=EPILOG)
    grade.add_argument("submissions", help="a folder, a zip file or a notebook")
    grade.add_argument("--out", required=True, metavar="GRADES.csv", help="the table of marks")
    grade.add_argument("--notebooks", nargs="+", type=int, metavar="N",
                       help="the notebooks that were asked for (default: any)")  # fmt: skip
    grade.add_argument("--exercises", metavar="F.py", help="a module of exercises of your own")
    grade.add_argument("--feedback", metavar="DIR", help="a page for each learner goes there")
    grade.add_argument("--gradebook", metavar="FILE", help="nbgrader's: the marks go there, too")
    grade.add_argument("--secret-file", metavar="F", help="what the inputs are made from; it is "
                       "made if it is not there (default: GRADES.secret)")  # fmt: skip
    grade.add_argument("-j", "--jobs", type=int, default=max(1, (os.cpu_count() or 2) // 2),
                       help="how many at once (default: half of the cores)")  # fmt: skip
    grade.add_argument("--dask", metavar="ADDRESS", help="on a Dask cluster: the address "
                       "(tcp://HOST:8786) or the file of its scheduler")  # fmt: skip
    grade.add_argument("--shard", metavar="I/N", help="only part I of N, for `merge` later")
    grade.add_argument("--timeout", type=float, default=90.0, metavar="S",
                       help="seconds for one submission at the most (default: 90)")  # fmt: skip
    grade.add_argument("--attempts", choices=["latest", "first", "best"], default="latest",
                       help="which of several attempts counts")  # fmt: skip
    grade.add_argument("--resume", action="store_true", help="go on after an interruption")
    grade.add_argument("--unsafe-no-sandbox", action="store_true",
                       help="run learners' code with all your rights")  # fmt: skip
    merge = commands.add_parser("merge", help="put the parts of a grading together")
    merge.add_argument("parts", nargs="+", help="tables that `grade --shard` wrote")
    merge.add_argument("--out", required=True, metavar="GRADES.csv")
    merge.add_argument("--feedback", metavar="DIR")
    merge.add_argument("--exercises", metavar="F.py", help="the module that was graded with")
    merge.add_argument("--gradebook", metavar="FILE")
    merge.add_argument("--attempts", choices=["latest", "first", "best"], default="latest")


def grade(options):
    """Grade, and write the table, the pages and the report; returns the exit status."""
    part, parts = shard(options.shard)
    if options.shard and not options.secret_file:
        raise ValueError("All parts need the same secret: give each --secret-file FILE.")
    if options.timeout <= 0 or options.jobs < 1:
        raise ValueError("--timeout and -j have to be positive.")
    if options.gradebook and options.shard:
        raise ValueError("--gradebook takes the marks of all parts: give it to `merge`.")
    if options.gradebook:
        gradebook.require()
    if not options.unsafe_no_sandbox:
        if not options.dask:  # its workers are looked at in cluster.connect
            sandbox.require()
        places = options.submissions, options.out, options.gradebook, options.exercises
        exposed = [place for place in places if place and sandbox.shows(place)]
        if exposed:
            raise ValueError(
                f"{exposed[0]} is in a folder that learners' code can read, because Python or a "
                "package is installed there. Keep submissions, marks and exercises elsewhere."
            )
    own = own_exercises(options.exercises)
    numbers = asked_for(options.notebooks)
    Path(options.out).parent.mkdir(parents=True, exist_ok=True)
    settings = Settings(
        read_secret(options.secret_file or Path(options.out).with_suffix(".secret")),
        numbers, options.timeout, not options.unsafe_no_sandbox, own,
    )  # fmt: skip
    everything = submissions(options.submissions)
    learners = sorted({submission.learner for submission in everything})
    mine = set(learners[part::parts])
    todo = [submission for submission in everything if submission.learner in mine]
    client = cluster.connect(options.dask, settings.safe) if options.dask else None
    journal = Journal(journal_of(options.out))
    todo = remaining(todo, journal, settings) if options.resume else todo
    if not (options.resume and journal.path.exists()):
        journal.start(settings)
    progress = Progress(len(todo), options.jobs)
    try:
        for result in (
            cluster.grade_all(todo, settings, client)
            if client
            else grade_all(todo, settings, options.jobs)
        ):
            journal.add(result)
            progress.step(result["learner"])
    except KeyboardInterrupt:
        print(f"\nStopped. {progress.done} of {len(todo)} are graded and kept; the same command "
              "with --resume goes on.", file=sys.stderr)  # fmt: skip
        return 130
    _, results = journal.read()
    wanted = {(s.learner, s.place) for s in everything if s.learner in mine}
    finish(latest_entries(results, wanted), options)
    return 0


def merge(options):
    """One table from the parts; returns the exit status."""
    if options.gradebook:
        gradebook.require()
    heads, results = [], []
    for part in options.parts:
        head, found = Journal(journal_of(part)).read()
        heads.append(head)
        results += found
    if len({head["settings"] for head in heads}) > 1:
        raise ValueError(
            "These parts were graded with different secrets, notebooks, time limits or exercises."
        )
    results = latest_entries(results)
    own_exercises(options.exercises)
    strange = {name for result in results for name in result["exercises"]} - exercises().keys()
    if strange:
        raise ValueError(
            f"These parts have exercises that are not the course's: {', '.join(sorted(strange))}. "
            "Name the module that they were graded with: --exercises FILE"
        )
    lines = [json.dumps(entry) + "\n" for entry in [heads[0], *results]]
    replace(journal_of(options.out), "".join(lines))
    finish(results, options)
    return 0


def finish(results, options):
    """Write what people read: the table, the learners' pages, the report on the class."""
    from .feedback import write_pages
    from .report import write_report

    out = Path(options.out)
    replace(out, table(results, options.attempts))
    chosen = counted(results, options.attempts)
    if options.feedback:
        write_pages(chosen, Path(options.feedback))
    write_report(chosen, out.with_suffix(".html"))
    statuses = Counter(result["status"] for result in chosen)
    print(f"{out}: {len(chosen)} submissions; "
          + ", ".join(f"{n} {status}" for status, n in statuses.most_common()))  # fmt: skip
    if options.gradebook:
        print(gradebook.write_gradebook(chosen, options.gradebook))


def remaining(todo, journal, settings):
    """The submissions that the journal does not have, or has from another content."""
    if not journal.path.exists():
        return todo
    head, results = journal.read()
    if head["settings"] != settings.fingerprint():
        raise ValueError(
            f"{journal.path} was begun with another secret, other notebooks, another time limit or "
            "other exercises of yours. Go on with the same, or grade anew without --resume."
        )
    graded = {key(result): result for result in results}
    return [s for s in todo if not still_good(graded.get((s.learner, s.place)), s)]


def still_good(result, submission):
    """Whether a result is there, and its submission has not changed since."""
    return (
        result is not None
        and result["status"] != "grader error"
        and (result["made"], result["attempt"]) == (submission.made, submission.attempt)
    )


def latest_entries(results, wanted=None):
    """One result for each submission, the last that was written."""
    found = {key(result): result for result in results}
    return [result for k, result in found.items() if wanted is None or k in wanted]


def own_exercises(path):
    """The text of a module of exercises, or ""; from now on they, and no others, are known."""
    from ..laws import require

    text = require(path) if path else ""
    use_only(text)
    return text


def asked_for(numbers):
    """The numbers of the notebooks to look for. Raises ValueError for one without an exercise."""
    there = tuple(dict.fromkeys(exercise.notebook for exercise in exercises().values()))
    for number in numbers or ():
        if number not in there:
            raise ValueError(
                f"No exercise is of notebook {number}. There are {', '.join(map(str, there))}; "
                "a notebook of your own comes with --exercises FILE."
            )
    return tuple(numbers or there)


def shard(text):
    """(place from 0, count) of "I/N"."""
    if not text:
        return 0, 1
    part, slash, parts = text.partition("/")
    if not (slash and part.isdigit() and parts.isdigit() and 1 <= int(part) <= int(parts)):
        raise ValueError(f"--shard {text}: say 1/4 for the first of four parts.")
    return int(part) - 1, int(parts)


def read_secret(path):
    """The secret in a file; a new one is made, for its owner's eyes, if there is none."""
    path = Path(path)
    if not path.exists():
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_hex(32) + "\n")
    secret = path.read_bytes().strip()
    if len(secret) < 8:
        raise ValueError(f"The secret in {path} is too short to be one: 8 characters at least.")
    return secret
