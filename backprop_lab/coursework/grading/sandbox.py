"""A place in which a learner's code can be run: bubblewrap, with limits by prlimit.

It sees the system and the installed packages, read-only, and this package; no home folder, no
submission, no marks, no solution. It has no network and its own processes, and what it writes
goes into a small memory of its own that is gone with it.
"""

import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).parents[2]
LAB = "/lab"  # where the sandbox sees the package
SYSTEM = ("/usr", "/bin", "/lib", "/lib32", "/lib64", "/etc/alternatives", "/etc/fonts",
          "/etc/ld.so.cache")  # fmt: skip
MEMORY = 2 << 30  # bytes of data for one process
LIMITS = {
    "data": MEMORY, "nproc": 32, "fsize": 64 << 20, "nofile": 256, "core": 0, "cpu": 600,
}  # fmt: skip
PAGE = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096
SCRATCH = 64 << 20  # bytes that may be written
REMEDY = """\
What learners wrote is run inside bubblewrap, and {problem}

On Debian and Ubuntu: sudo apt install bubblewrap. Ubuntu 24.04 also needs a profile that lets \
bubblewrap make user namespaces (25.04 brings one): sudo apt install apparmor-profiles, then \
sudo ln -s /usr/share/apparmor/extra-profiles/bwrap-userns-restrict /etc/apparmor.d/ and \
sudo systemctl reload apparmor. On macOS and Windows, grade in a Linux virtual machine, in a \
container or in continuous integration.

--unsafe-no-sandbox runs their code with all your rights: your files, your network, the other \
submissions and the marks. Only for code that you would run yourself."""


class NoSandbox(RuntimeError):
    """There is no safe place to run submissions in; the text says what to do."""


def require():
    """Raises NoSandbox with the remedy unless a sandbox can be opened here."""
    problem = trouble()
    if problem:
        raise NoSandbox(REMEDY.format(problem=problem))


@cache
def trouble():
    """Why there is no sandbox on this machine, in words; None if there is one."""
    tools = [name for name in ("bwrap", "prlimit") if shutil.which(name) is None]
    if tools:
        return f"this machine has no {' and no '.join(tools)}."
    try:
        done = subprocess.run(
            command([sys.executable, "-c", "import numpy, backprop_lab"]),
            capture_output=True, text=True, timeout=120,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"it does not start here: {error}"
    if done.returncode:
        return f"it does not start here: {done.stderr.strip()[-500:] or done.returncode}"
    return None


def command(program):
    """The command that runs a program (a list of texts) in a new sandbox."""
    limits = [f"--{name}={value}" for name, value in LIMITS.items()]
    # First in line when the system runs out of memory, before anything of the instructor's.
    first = ["choom", "-n", "1000", "--"] if shutil.which("choom") else []
    return [
        *first, shutil.which("bwrap"), *isolation(), *files(), *environment(),
        "--", shutil.which("prlimit"), *limits, "--", *program,
    ]  # fmt: skip


def isolation():
    return [
        "--unshare-user", "--unshare-all", "--disable-userns", "--die-with-parent",
        "--new-session", "--cap-drop", "ALL", "--uid", "1000", "--gid", "1000",
        "--hostname", "grader", "--proc", "/proc", "--dev", "/dev",
        *scratch("/dev/shm"), *scratch("/tmp"), *scratch("/jail"), "--chdir", "/jail",
    ]  # fmt: skip


def scratch(place):
    return ["--size", str(SCRATCH), "--tmpfs", place]


def files():
    """What the sandbox sees of the machine, all of it read-only."""
    shown = []
    for place in SYSTEM:
        if os.path.islink(place):
            shown += ["--symlink", os.readlink(place), place]
        elif os.path.exists(place):
            shown += ["--ro-bind", place, place]
    for place in libraries():
        shown += ["--ro-bind", place, place]
    shown += ["--ro-bind", str(PACKAGE), f"{LAB}/{PACKAGE.name}"]
    fonts = font_cache()
    if fonts:
        shown += ["--ro-bind", str(fonts), f"/tmp/matplotlib/{fonts.name}"]
    return [*shown, "--remount-ro", "/dev", "--remount-ro", "/"]  # no memory beside the scratch


@cache
def libraries():
    """The folders of Python and its packages that are not in /usr."""
    places = {sys.prefix, sys.base_prefix, os.path.realpath(sys.base_prefix)}
    places |= {p for p in sys.path if Path(p).name in ("site-packages", "dist-packages")}
    chosen = []
    for place in sorted(filter(os.path.isdir, places)):
        inside = [Path(place).is_relative_to(other) for other in ("/usr", *chosen)]
        if not any(inside):
            chosen.append(place)
    return chosen


def shows(path):
    """Whether a file of the instructor's would be seen from inside the sandbox."""
    path = Path(path).resolve()
    return any(path.is_relative_to(place) for place in ("/usr", *libraries(), PACKAGE))


@cache
def font_cache():
    """Matplotlib's list of fonts, which takes a second to make."""
    try:
        from matplotlib import get_cachedir

        return next(Path(get_cachedir()).glob("fontlist-*.json"), None)
    except ImportError:
        return None


def memory_of(pid):
    """Bytes of memory that a process and all that come from it hold; 0 where nobody can tell."""
    held, children = {}, {}
    for place in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = place.read_text().rpartition(")")[2].split()
        except OSError:  # it has just ended
            continue
        held[int(place.parent.name)] = int(fields[21]) * PAGE
        children.setdefault(int(fields[1]), []).append(int(place.parent.name))
    total, family = 0, [pid]
    while family:
        member = family.pop()
        total += held.get(member, 0)
        family += children.get(member, ())
    return total


def variables(lab):
    """The environment of the learner's process, where `lab` is the folder with the package."""
    return {
        "PYTHONPATH": lab, "PYTHONSAFEPATH": "1", "PYTHONNOUSERSITE": "1", "PYTHONHASHSEED": "0",
        "PYTHONDONTWRITEBYTECODE": "1", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1", "MPLBACKEND": "Agg", "LANG": "C.UTF-8",
        "BACKPROP_LAB_PROGRESS": "off",
    }  # fmt: skip


def environment():
    inside = variables(LAB) | {
        "PATH": f"{sys.prefix}/bin:/usr/bin:/bin", "HOME": "/jail", "IPYTHONDIR": "/tmp/ipython",
        "MPLCONFIGDIR": "/tmp/matplotlib",
    }  # fmt: skip
    given = ["--clearenv"]
    for name, value in inside.items():
        given += ["--setenv", name, value]
    return given
