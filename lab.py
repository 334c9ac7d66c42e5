#!/usr/bin/env python3
"""Open the lab, or test it. What it needs is set up once, in the folder .venv.

    python3 lab.py                open notebook 1 in JupyterLab
    python3 lab.py --port=9000    the same; arguments go to JupyterLab
    python3 lab.py test           run the whole test suite; arguments go to pytest

On Windows, say py instead of python3.
"""

# The standard library only, and a grammar that Python 3.6 can read: this file has to start
# on any machine, if only to say what is missing there.
import hashlib
import importlib.util
import itertools
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from urllib.request import urlopen

OLDEST, NEWEST = (3, 10), (3, 14)
GB_NEEDED = 2.5
CPU_TORCH = "https://download.pytorch.org/whl/cpu"

ROOT = pathlib.Path(__file__).resolve().parent
WORK = ROOT / "work"
CONTENTS = ROOT / "notebooks" / "contents.md"
EDITIONS = WORK / ".editions.json"
VENV = ROOT / ".venv"
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")
PYTHON = BIN / ("python.exe" if os.name == "nt" else "python")
STAMP = VENV / "lab-stamp.txt"
UNFINISHED = "unfinished"


def main(arguments):
    if arguments[:1] in (["-h"], ["--help"]):
        print(__doc__.strip())
        return
    check_python(sys.version_info)
    testing = arguments[:1] == ["test"]
    set_up(testing)
    if testing:
        become(["-m", "pytest", "-n", "auto", *arguments[1:]])
    else:
        open_lab(arguments)


def check_python(version):
    if not OLDEST <= tuple(version[:2]) <= NEWEST:
        stop(
            "The lab runs on Python {}.{} to {}.{}; this is Python {}.{}.".format(
                *OLDEST, *NEWEST, *version[:2]
            ),
            "Install one of those (https://www.python.org/downloads/) and start lab.py with it, "
            "for example: python3.12 lab.py",
        )


def stop(what_happened, remedy):
    sys.exit(f"\n{what_happened}\n{remedy}")


# ---- Setting up: .venv becomes what the requirements ask for


def set_up(testing):
    stamp = STAMP.read_text(encoding="utf-8") if STAMP.exists() else None
    if stamp in (finished(testing), finished(True)) and works("-c", FINDS_JUPYTERLAB):
        return

    # Start from nothing where .venv came from another folder (its paths point there) or was
    # interrupted (a half-installed package can look installed). One without a stamp was made
    # by hand: if it works it is kept, whatever happens.
    here = stamp is None or stamp.startswith(f"{ROOT}\n")
    afresh = not (here and works("-m", "pip", "--version"))
    if afresh:
        check_machine()
    if stamp is not None:
        STAMP.write_text(UNFINISHED, encoding="utf-8")

    print(f"Setting the lab up in {VENV}: once, for some minutes. Ctrl-C stops it.")
    steps = steps_to_take(afresh, testing)
    for number, (what, command) in enumerate(steps, start=1):
        print(f"{number} of {len(steps)}: {what}", flush=True)
        run(command)
        if afresh:
            STAMP.write_text(UNFINISHED, encoding="utf-8")
    STAMP.write_text(finished(testing), encoding="utf-8")  # last: it says that all went well
    print("The lab is set up.\n", flush=True)


def finished(testing):
    """The stamp of a finished set-up: where, for which requirements, with the test tools or not."""
    names = ("requirements.txt", "constraints.txt", "pyproject.toml")
    asked = digest(b"".join((ROOT / name).read_bytes() for name in names))
    return f"{ROOT}\n{asked}\n{'to open and to test' if testing else 'to open'}\n"


FINDS_JUPYTERLAB = "import sys, importlib.util as u; sys.exit(not u.find_spec('jupyterlab'))"


def works(*arguments):
    """Does .venv's Python run this? (The Python that .venv was made from may be gone since.)"""
    command = [str(PYTHON), *arguments]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    try:
        return subprocess.call(command, env=environment(), **quiet) == 0
    except OSError:
        return False


def steps_to_take(afresh, testing):
    # Not compiled here, which would take half of the time: Python does it for what is used.
    pip = [PYTHON, "-m", "pip", "install", "--no-compile", "--no-input"]
    pip.append("--disable-pip-version-check")
    steps = []
    if afresh:
        # At first without pip, which takes no time: until pip is there nobody can mistake it
        # for an environment made by hand.
        make = [sys.executable, "-m", "venv", "--clear", "--without-pip", VENV]
        steps.append(("a Python environment", make))
        get_pip = [PYTHON, "-m", "ensurepip", "--default-pip"]  # else there is pip3 alone
        steps.append(("pip, which installs the rest", get_pip))
    if cpu_torch_answers():
        # What torch needs comes with the next step, in the versions of constraints.txt.
        pin = re.search(r"^torch==\S+", (ROOT / "requirements.txt").read_text("utf-8"), re.M)
        torch = [*pip, "--no-deps", "--index-url", CPU_TORCH, pin.group()]
        steps.append(("PyTorch, its build for CPUs (200 MB)", torch))
    rest = [*pip, "-c", "constraints.txt", "-r", "requirements.txt"]
    steps.append(("what requirements.txt asks for, about 100 packages (the long step)", rest))
    if testing:
        steps.append(("the tools that test", [*pip, "-c", "constraints.txt", "-e", ".[test]"]))
        steps.append(("compiling all of it, for the sandbox cannot", [PYTHON, "-c", COMPILE]))
    return steps


COMPILE = (
    "import compileall, sysconfig as s; "
    "compileall.compile_dir(s.get_path('purelib'), quiet=2, workers=0)"
)


def cpu_torch_answers():
    """On Linux, PyPI's torch brings several GB of CUDA: take the CPU build where it is in reach."""
    if sys.platform != "linux":
        return False
    try:
        with urlopen(f"{CPU_TORCH}/torch/", timeout=3):
            return True
    except OSError:
        return False


def run(command):
    """Run one step: keep back what it says, show that it lives, explain it if it fails."""
    process = subprocess.Popen(
        [str(part) for part in command],
        cwd=str(ROOT),
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
    )
    said, start = [], time.monotonic()
    listener = threading.Thread(target=lambda: said.extend(process.stdout), daemon=True)
    listener.start()
    live = sys.stdout.isatty()  # on a screen one line that counts, in a log a line now and then
    try:
        while listener.is_alive():
            listener.join(timeout=1 if live else 20)
            packages = sum(line.startswith(("Collecting", "Processing")) for line in list(said))
            progress = f"    {time.monotonic() - start:.0f} s"
            progress += f", {packages} packages" if packages else ""
            print(progress, end="\r" if live else "\n", flush=True)
        if process.wait() != 0:
            explain_failure("".join(said))
    finally:
        print(end="\n" if live else "", flush=True)
        process.terminate()  # on Ctrl-C; by now it has ended otherwise
        process.wait()


def check_machine():
    if not (importlib.util.find_spec("venv") and importlib.util.find_spec("ensurepip")):
        stop(
            "This Python came without its module venv, which makes environments.",
            "On Debian or Ubuntu: sudo apt install python3-venv. Then run lab.py again.",
        )
    free = shutil.disk_usage(str(ROOT)).free / 1e9
    if free < GB_NEEDED:
        stop(
            f"The disk is too full: the lab needs {GB_NEEDED} GB, and {free:.1f} GB are free.",
            f"Make room where {ROOT} is, then run lab.py again.",
        )


def explain_failure(said):
    """End with the remedy for what learners meet, or else with the last words of the step."""
    lines = [line.strip() for line in said.splitlines() if line.strip()] or ["it said nothing"]
    reason = next((line for line in lines if line.startswith("ERROR")), lines[-1])
    if re.search("No space left|Disk quota exceeded|not enough space", said):
        remedy = f"Make room where {ROOT} and the folder for temporary files are"
    elif re.search("connection broken|timed out|from versions: none|SSLError", said):
        remedy = "No network? Connect to the internet (behind a proxy, set HTTPS_PROXY)"
    else:
        remedy = "Its last words:\n    {}\nSee whether they name a remedy".format(
            "\n    ".join(lines[-12:])
        )
    stop(f"The set-up stopped: {reason}", f"{remedy}, then run lab.py again.")


# ---- The learner's copies: notebooks/ is what the course ships, work/ is the learner's


def deliver():
    """Copy each notebook to work/, overwriting nothing of the learner's; say what is new."""
    WORK.mkdir(exist_ok=True)
    made_from = read_editions()
    arrived = []
    for edition in shipped("notebooks"):
        copy = place(edition, made_from)
        if copy:
            arrived.append(copy)
            if copy.name != edition.name:
                print(f"There is a newer edition of {edition.name}. Yours is as you left it;")
                print(f"the new one is beside it: work/{copy.name}")
    if arrived:
        trust_the_shipped_notebooks()
    if CONTENTS.exists():
        write_safely(WORK / CONTENTS.name, CONTENTS.read_bytes())
    write_safely(EDITIONS, json.dumps(made_from, indent=1).encode())


def place(edition, made_from):
    """Bring one edition to work/, under the first name that holds nothing of the learner's.

    `made_from` remembers two things about each copy: its edition, and what was written in it.
    """
    newest, text = digest(edition.read_bytes()), written(edition)
    for copy in names_in_work(edition):
        origin, original_text = made_from.get(copy.name, (None, None))
        thrown_away = not copy.exists() and copy.name != edition.name
        if origin == newest and (copy.exists() or thrown_away):
            return None
        if not copy.exists() or written(copy) in (original_text, text):
            write_safely(copy, edition.read_bytes())
            made_from[copy.name] = [newest, text]
            return copy


def written(path):
    """A digest of the cells' text, where a learner's work is: to run cells, or only to open the
    notebook, changes the rest of the file."""
    content = path.read_bytes()
    try:
        cells = json.loads(content)["cells"]
        content = json.dumps([[cell["cell_type"], "".join(cell["source"])] for cell in cells])
        content = content.encode()
    except (ValueError, KeyError, TypeError):
        pass  # no notebook: every byte counts
    return digest(content)


def digest(content):
    return hashlib.sha256(content).hexdigest()


def names_in_work(edition):
    yield WORK / edition.name
    yield WORK / f"{edition.stem}.newer.ipynb"
    for number in itertools.count(2):
        yield WORK / f"{edition.stem}.newer-{number}.ipynb"


def read_editions():
    """If this memory is lost or damaged, a copy with work in it still counts as the learner's."""
    try:
        memory = json.loads(EDITIONS.read_text(encoding="utf-8"))
        return {name: (origin, text) for name, (origin, text) in memory.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}


def write_safely(path, content):
    """All or nothing, so that a full disk leaves no half a notebook."""
    part = path.with_name(path.name + ".part")
    part.write_bytes(content)
    os.replace(str(part), str(path))


def trust_the_shipped_notebooks():
    """Jupyter shows stored interactives only in notebooks it trusts.

    It knows them by their content: a copy is trusted with its original, a changed one is not.
    """
    works(
        "-m", "jupyter", "trust", *map(str, shipped("notebooks") + shipped("notebooks/solutions"))
    )


def shipped(folder):
    return sorted((ROOT / folder).glob("[0-9][0-9]-*.ipynb"))


# ---- Opening


def open_lab(arguments):
    deliver()
    check_port(arguments)
    print("JupyterLab starts. If no browser opens by itself, paste one of the addresses that")
    print("appear below into yours, whole. Ctrl-C, twice, stops JupyterLab.", flush=True)
    become(jupyterlab(arguments))


def jupyterlab(arguments):
    first = shipped("notebooks")[0].name
    command = ["-m", "jupyterlab", f"--LabApp.default_url=/lab/tree/work/{first}"]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        command.append("--allow-root")
    if sys.platform == "linux" and not {"DISPLAY", "WAYLAND_DISPLAY", "BROWSER"} & set(os.environ):
        command.append("--no-browser")  # or a text browser may take the terminal over
    return command + arguments


def check_port(arguments):
    """JupyterLab would take another port in silence; a learner who named one should know."""
    asked = re.search(r"--(?:ServerApp\.)?port[= ](\d+)", " ".join(arguments))
    port = int(asked.group(1)) if asked else 8888
    with socket.socket() as probe:
        if os.name == "posix":  # a port left a moment ago is free
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except (OSError, OverflowError) as error:
            if asked:
                stop(
                    f"Port {port} cannot be used: {getattr(error, 'strerror', error)}.",
                    f"Name another (python3 lab.py --port={(port + 1) % 65536}), or none.",
                )
            print(f"Port {port} is in use, perhaps by another JupyterLab: another one is taken.")


def environment():
    """This .venv first, and nothing that would lead its Python or JupyterLab elsewhere."""
    env = dict(
        os.environ,
        PATH=f"{BIN}{os.pathsep}{os.environ.get('PATH', '')}",
        VIRTUAL_ENV=str(VENV),
        # In there: no news pop-up; only warnings, or the address drowns in messages; and browsers
        # are given the address itself, since those packed as snap or Flatpak (Ubuntu's Firefox)
        # may not read the file that JupyterLab would give them.
        JUPYTER_CONFIG_PATH=str(ROOT / ".jupyter"),
        JUPYTERLAB_WORKSPACES_DIR=str(VENV / "lab-workspaces"),  # no tabs of other projects
    )
    # PYTHON*: packages of another Python. MPLBACKEND: with Agg, plots would not show.
    for name in ("PYTHONHOME", "PYTHONPATH", "MPLBACKEND"):
        env.pop(name, None)
    return env


def become(arguments):
    """Go on as .venv's Python, so that Ctrl-C and exit codes are the program's own."""
    command = [str(PYTHON), *arguments]
    os.chdir(str(ROOT))
    sys.stdout.flush()
    if os.name == "posix":
        os.execve(command[0], command, environment())
    process = subprocess.Popen(command, env=environment())  # Windows cannot replace a program
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # it has its own answer to Ctrl-C
    sys.exit(process.wait())


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except KeyboardInterrupt:
        stop("Stopped.", "Run lab.py again when you like: it repairs what was left half done.")
    except OSError as error:  # a full disk, a folder that may not be written
        stop(f"The lab could not go on: {error}.", f"See that {ROOT} can be written and has room.")
