"""Grading on a Dask cluster, whose workers may be anywhere and may come and go.

A submission travels as bytes, so the workers need no common disk; the scheduler needs nothing of
this package. Each thread of a worker has one grading process: the judges bound their time with
signals, which only the main thread of a process receives.
"""

import logging
import os
import pickle
import subprocess
import sys
import threading
import time
from collections import Counter, deque
from functools import cache

from . import intake, sandbox
from .one import grade_one
from .pool import TRIES, failed, limit_memory

AT_ONCE = 2  # submissions on their way for each thread
ANSWER = 30  # seconds in which a scheduler has to answer, and a first worker to be there
PATIENCE = 300  # seconds without any worker until the run is stopped
RESUME = "What was graded is kept; the same command with --resume goes on."
REMEDY = """\
--dask needs dask.distributed, here and on the workers: .venv/bin/python -m pip install -e ".[dask]"
in this repository. On one machine, -j N does without it."""


# --- here ----------------------------------------------------------------------------------------


def connect(address, safe):
    """A Client of the scheduler at an address or in a scheduler file, all its workers looked at.

    Raises RuntimeError, with the remedy, if nothing can be graded there, or not to the same marks.
    """
    try:
        from distributed import Client
    except ImportError:
        raise RuntimeError(REMEDY) from None
    if address.endswith(".json") and not os.path.isfile(address):
        raise RuntimeError(f"There is no scheduler file {address}; `dask scheduler` makes it.")
    logging.getLogger("distributed.client").setLevel(logging.CRITICAL)  # it is said below
    where = {"scheduler_file" if os.path.isfile(address) else "address": address}
    try:
        client = Client(**where, timeout=ANSWER)
    except (OSError, ValueError) as error:
        raise RuntimeError(f"No Dask scheduler answers at {address}: {error}") from None
    try:
        look_at_workers(client, address, safe)
    except BaseException:
        client.close()
        raise
    return client


def look_at_workers(client, address, safe):
    """Raises RuntimeError unless every worker is ready to grade as this machine would."""
    from distributed import TimeoutError

    try:
        client.wait_for_workers(1, timeout=ANSWER)
    except TimeoutError:
        raise RuntimeError(
            f"The scheduler at {address} has no worker yet; start some with "
            f"`dask worker {client.scheduler.address} --nthreads 1`."
        ) from None
    versions, look = client.get_versions(), errands()[0]
    here = python_of(versions["client"])
    others = {"the scheduler": versions["scheduler"], **versions["workers"]}
    problems = {
        who: f"it runs Python {python_of(facts)}, and this machine {here}"
        for who, facts in others.items() if python_of(facts) != here
    }  # fmt: skip
    if not problems:
        for worker, there in client.run(look, safe, on_error="return").items():
            unfit = str(there) if isinstance(there, Exception) else difference(there, look(False))
            if unfit:
                problems[worker] = unfit
    if problems:
        grouped = Counter(problems.values()).most_common(5)
        shown = {why: next(who for who in problems if problems[who] == why) for why, _ in grouped}
        lines = [f"- {shown[why]}{f' and {n - 1} more' if n > 1 else ''}: {why}"
                 for why, n in grouped]  # fmt: skip
        raise RuntimeError(f"Nothing was graded. On {address}:\n" + "\n".join(lines))


def python_of(versions):
    return ".".join(str(versions["host"]["python"]).split(".")[:2])


def grade_all(submissions, settings, client):
    """Yield the result of each submission, in the order in which they come."""
    from distributed import CancelledError

    waiting, running = deque(submissions), {}
    look, grade = errands()
    here = look(False)
    try:
        while waiting or running:
            most = AT_ONCE * max(1, sum(client.nthreads().values()))
            while waiting and len(running) < most:
                submission = waiting.popleft()
                try:
                    content = intake.fetch(submission.place)
                except intake.Unreadable:
                    yield grade_one(submission, settings)  # says why; nothing is run
                    continue
                parcel = pickle.dumps((submission, settings, content))
                running[client.submit(grade, parcel, settings.safe, here, pure=False)] = submission
            for future in finished(running, client) if running else ():
                result = result_of(future, running[future])
                if result:
                    del running[future]
                    yield result
    except (OSError, CancelledError):
        raise RuntimeError(f"The Dask scheduler is gone. {RESUME}") from None
    finally:
        leave(client, list(running))


def leave(client, futures):
    """Take back what is still to be done; the scheduler may be gone."""
    try:
        client.cancel(futures, force=True)
        client.close(timeout=5)
    except (OSError, RuntimeError, TimeoutError):
        pass


def finished(running, client):
    """The futures that are done, of which there is at least one."""
    from distributed import TimeoutError, wait

    end = time.monotonic() + PATIENCE
    while True:
        try:
            return wait(list(running), timeout=5, return_when="FIRST_COMPLETED").done
        except TimeoutError:
            if client.nthreads():
                end = time.monotonic() + PATIENCE
            elif time.monotonic() > end:
                raise RuntimeError(f"No worker is left on the cluster. {RESUME}") from None


def result_of(future, submission):
    """The result that a worker sent; None if it was lost with its worker and is made again."""
    from distributed import KilledWorker, TimeoutError

    try:
        result = future.result(timeout=PATIENCE)
    except TimeoutError:
        return None
    except KilledWorker:
        return failed(submission, "the workers that graded it died, one after the other")
    except Exception as error:
        raise RuntimeError(f"A worker cannot grade: {error!r}. {RESUME}") from None
    if "unfit" in result:
        raise RuntimeError(f"A worker that joined cannot grade: {result['unfit']}. {RESUME}")
    return result


# --- there ---------------------------------------------------------------------------------------


def errands():
    """(look, grade): what is sent to workers as code, since this package may not be there."""

    def look(safe):
        """What decides the marks on a machine, and what is wrong with its sandbox."""
        from hashlib import sha256
        from importlib.metadata import PackageNotFoundError, version
        from pathlib import Path

        found = {"backprop_lab": "missing", "sandbox": None}
        for name in ("numpy", "ipython", "torch"):
            try:
                found[name] = version(name).partition("+")[0]
            except PackageNotFoundError:
                found[name] = "missing"
        try:
            import backprop_lab
            from backprop_lab.coursework.grading import sandbox
        except ImportError:
            return found
        root, code = Path(backprop_lab.__file__).parent, sha256()
        for path in sorted(root.rglob("*.py")):
            code.update(str(path.relative_to(root)).encode() + b"\0" + path.read_bytes())
        found["backprop_lab"] = code.hexdigest()[:12]
        if safe:
            found["sandbox"] = sandbox.trouble()
        return found

    def grade(parcel, safe, here):
        from backprop_lab.coursework.grading import cluster

        return cluster.grade_there(parcel, safe, here)

    return look, grade


def difference(there, here):
    """Why a worker cannot be trusted to give the marks that this machine would; "" if it can."""
    if there["backprop_lab"] == "missing":
        return "it has no package backprop_lab: install this repository there"
    if there["backprop_lab"] != here["backprop_lab"]:
        return (
            "it has another version of backprop_lab: install the one that is here there, too, and "
            "start the worker anew"
        )
    other = [f"{name} is {there[name]} there and {here[name]} here"
             for name in here if name != "sandbox" and there[name] != here[name]]  # fmt: skip
    if other:
        return "; ".join(other)
    return f"it cannot run learners' code safely: {there['sandbox']}" if there["sandbox"] else ""


@cache
def found_here(safe):
    return errands()[0](safe)


OF_THREAD = threading.local()


def grade_there(parcel, safe, here):
    """On a worker: the result of one submission, also if it ends the process that grades it."""
    unfit = difference(found_here(safe), here)
    if unfit:
        return {"unfit": unfit}
    for _ in range(TRIES):
        process = getattr(OF_THREAD, "process", None) or start()
        OF_THREAD.process = process
        try:
            pickle.dump(parcel, process.stdin)
            process.stdin.flush()
            return pickle.load(process.stdout)
        except (OSError, EOFError, pickle.UnpicklingError):
            process.kill()
            process.communicate()
            OF_THREAD.process = None
    return failed(pickle.loads(parcel)[0])


def start():
    """A grading process; it ends when its worker does, for then nothing more comes."""
    paths = [str(sandbox.PACKAGE.parent), *filter(None, [os.environ.get("PYTHONPATH")])]
    return subprocess.Popen(
        [sys.executable, "-m", __name__], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(paths)},
    )  # fmt: skip


def serve():
    """Grade what comes on stdin, one after the other."""
    limit_memory()
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # no print of a judge gets between the answers
    while True:
        try:
            parcel = pickle.load(sys.stdin.buffer)
        except EOFError:
            return
        pickle.dump(grade_one(*pickle.loads(parcel)), answers)
        answers.flush()


if __name__ == "__main__":
    serve()
