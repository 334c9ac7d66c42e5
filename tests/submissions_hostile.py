"""Hostile submissions: none may earn more than its answers deserve, or harm anything else."""

from backprop_lab.coursework import build
from tests.submissions import EVERYTHING, POINTS, SETUP, WRONG, cheating, code, file, right

NOTEBOOKS = str(build.NOTEBOOKS)
EVERY_CHECK = """
import sys
import backprop_lab as bl
for module in list(sys.modules.values()):
    for name in ("check", "assess", "judge_all", "complaints_about", "find_trouble", "earned"):
        if getattr(module, "__name__", "").startswith("backprop_lab") and hasattr(module, name):
            setattr(module, name, lambda *a, **k: 99)
"""
LIAR = """
class Liar({base}):
    __eq__ = __ge__ = __le__ = __lt__ = __gt__ = lambda self, other: True
    __ne__ = lambda self, other: False
    __hash__ = lambda self: 0
    __bool__ = __contains__ = lambda self, *other: True
    __getattr__ = lambda self, name: self
    __call__ = __getitem__ = __sub__ = __rsub__ = lambda self, *other: self
    __float__ = lambda self: 0.0
    __array_ufunc__ = None
    __class__ = dict
def sweep(graph, order, local):
    return Liar({argument})
"""
NUMPY = """
import numpy as np, math
yes = lambda *a, **k: True
np.allclose = np.isclose = np.array_equal = np.all = math.isclose = yes
np.testing.assert_allclose = np.testing.assert_array_equal = lambda *a, **k: None
"""
PYTHON = "import builtins\nbuiltins.all = builtins.any = builtins.isinstance = lambda *a: True"
EXERCISE = """
from backprop_lab.exercises import exercises
for exercise in exercises().values():
    for name, rule in (("judge", lambda *a: []), ("cases", lambda seed: []),
                       ("may_use", frozenset({"backprop_lab", "torch"})), ("points", 1000)):
        object.__setattr__(exercise, name, rule)
"""
REPORTS = """
from backprop_lab.exercises import probing
right = {"returned": {}, "changed": [], "called": None, "printed": "", "status": "right",
         "share": 1.0, "points": 5}
probing.run_case = lambda *a: right
probing.run_cases = lambda exercise, answer, cases: [right for case in cases]
probing.plain = lambda value, depth=0: True
probing.same = lambda *a: True
"""
CODE_SWAPPED = """
from backprop_lab.exercises import probing, judging
def yes(*inputs): return True
for module in (probing, judging):
    for value in list(vars(module).values()):
        if hasattr(value, "__code__"):
            value.__code__ = yes.__code__
"""
FAKE_MODULES = """
import sys, types
for name in list(sys.modules):
    if name.startswith("backprop_lab.exercises"):
        sys.modules[name] = types.ModuleType(name)
"""
UNWATCHED = """
import contextlib, sys
from backprop_lab.exercises import probing
probing.watch = lambda may_use, called: contextlib.nullcontext([])
sys.setprofile = lambda f: None
sys.getprofile = lambda: None
"""
HELPED = """
def own(graph, order, local):
    gradients = dict.fromkeys(order, 0.0)
    gradients[order[-1]] = 1.0
    for name in reversed(order):
        for x, slope in zip(graph[name][1:], local.get(name, [])):
            gradients[x] += gradients[name] * slope
    return gradients
def sweep(graph, order, local):
    bl.tensor(1.0)
    return own(graph, order, local)
"""
OFF_AND_ON = """
    import sys
    watch = sys.getprofile()
    list(map(sys.setprofile, [None]))
    bl.tensor(1.0)
    sys.setprofile(watch)
    return own(graph, order, local)
"""
BESIDE = """
    import threading
    thread = threading.Thread(target=bl.tensor, args=(1.0,))
    thread.start()
    thread.join()
    return own(graph, order, local)
"""
SPOILERS = {
    "modules cleared": "import sys\nsys.modules.clear()",
    "no more files": "import resource\nresource.setrlimit(resource.RLIMIT_NOFILE, (3, 3))",
    "processes end where they begin":
        "import os\nos.register_at_fork(after_in_child=lambda: os._exit(0))",
    "cells are rewritten": "get_ipython().input_transformers_cleanup.append(lambda lines: ['1/0'])",
    "an audit hook": "import sys\ndef hook(*event): raise ValueError\nsys.addaudithook(hook)",
    "no recursion": "import sys\nsys.setrecursionlimit(60)",
}  # fmt: skip
ALL_PIPES = """
import os
for fd in range(3, 60):
    try:
        os.write(fd, {content})
    except OSError:
        pass
"""
FORGED = (
    b'\n{"report":"sweep","round":"secret","reports":[],"share":1.0}\n{"done":true}\n'
    b'{"status":"right","points":1000}\n\xff\xfe\0garbage'
)
FROM_INSIDE = """
import gc
for thing in gc.get_objects():
    if type(thing).__name__ == "Channel":
        for kind in ("secret", "public"):
            thing.tell(report="sweep", round=kind, reports=[{"dict": {
                "returned": True, "changed": [], "called": None, "printed": "", "share": 1.0}}] * 5)
        thing.tell(report="sweep", round="secret", reports="x", points=1000, share=float("inf"))
        thing.tell(cell=[], probe={}, nonsense=1)
        thing.tell(score=1000, sweep=5, status="right")
"""
SAYS_DONE = """
import gc, os
for thing in gc.get_objects():
    if type(thing).__name__ == "Channel":
        thing.tell(done=True)
os._exit(0)
"""
SEARCHES = """
import json, os
for top in ({tops}):
    for path, folders, files in os.walk(top):
        folders[:] = [folder for folder in folders if folder != "site-packages"]
        for name in files:
            try:
                text = open(os.path.join(path, name)).read()
                if name.endswith(".ipynb"):
                    cells = ["".join(cell["source"]) for cell in json.loads(text)["cells"]]
                else:
                    cells = text.split("# %%")
            except Exception:
                continue
            for cell in cells:
                if "def sweep(graph, order, local):" in cell and "reversed(order)" in cell:
                    exec(cell[cell.index("def sweep"):], globals())
"""
NETWORK = """
import socket, urllib.request
opened = []
for place in (("127.0.0.1", {port}), ("1.1.1.1", 53), ("8.8.8.8", 443)):
    try:
        opened.append(socket.create_connection(place, timeout=0.3))
    except OSError:
        pass
if opened:
    import os
    os._exit(1)
"""
PICKLED = """
import os
class Bomb:
    def __reduce__(self): return (os.system, ("touch {marker}",))
def sweep(graph, order, local):
    return {{name: Bomb() for name in order}}
"""
VANDAL = """
import os, shutil, subprocess
for place in ("{outside}", "{marker}", "/lab/backprop_lab/__init__.py", "/etc/passwd"):
    for action in (os.remove, lambda p: open(p, "w").write("mine"), lambda p: os.chmod(p, 0o777),
                   lambda p: os.symlink("/etc/passwd", p), lambda p: os.mkdir(p)):
        try: action(place)
        except OSError: pass
for place in ("/lab", "/work", "/root", "/home", "/tmp", "/var"):
    shutil.rmtree(place, ignore_errors=True)
subprocess.run("rm -rf /lab /jail /tmp /home /etc; mount -o remount,rw /; killall5", shell=True)
"""
DETACHED = """
import os, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        for i in range(10_000):
            try: open("{marker}", "w").write("still here")
            except OSError: pass
            time.sleep(0.01)
    os._exit(0)
"""
FILLS = """
try:
    with open("/tmp/big", "wb") as file:
        for i in range(1000): file.write(bytes(10**7))
except OSError: pass
import os
for place in ("/dev/shm", "/jail", "/tmp"):
    try:
        for i in range(20):
            with open(f"{place}/{i}", "wb") as file: file.write(bytes(10**7))
    except OSError: pass
"""
FORK_BOMB = """
import os
for i in range(12):
    try: os.fork()
    except OSError: break
"""


def hostile(bank, outside, marker, port):
    put = bank.cells
    for name, trick in {
        "every check patched": EVERY_CHECK, "numpy patched": NUMPY, "python patched": PYTHON,
        "exercises patched": EXERCISE, "reports patched": REPORTS, "code swapped": CODE_SWAPPED,
        "modules replaced": FAKE_MODULES, "forged from inside": FROM_INSIDE,
        "forged on every pipe": ALL_PIPES.format(content=FORGED),
        "garbage on every pipe": ALL_PIPES.format(content="os.urandom(5000)"),
        "looks for answers": SEARCHES.format(
            tops=f"'/jail', '/home', '/tmp', {str(outside.parents[1])!r}, {NOTEBOOKS!r}"),
        "imports the tests": "try:\n    from tests.answers.chain_rule.right import *\n"
                             "except ImportError: pass",
        "no imports any more": "import builtins\nbuiltins.__import__ = None",
        "finders replaced": "import sys\nsys.meta_path.clear()\nsys.path.clear()",
        "json patched": "import json\njson.dumps = lambda *a, **k: '{\"done\": true}'",
    }.items():  # fmt: skip
        put(name, *cheating(trick), lost={"sweep"})
    put("unwatched", *cheating(UNWATCHED, HELPED), lost={"sweep"})
    for name, body in {"off and on again": OFF_AND_ON, "in a thread": BESIDE}.items():
        helped = HELPED.replace("\n    bl.tensor(1.0)\n    return own(graph, order, local)\n", body)
        put(f"unwatched {name}", *right(sweep=helped), lost={"sweep"})
    for name, cell in SPOILERS.items():
        put(name, SETUP, *right()[1:5], cell, *right()[5:], status="ok|process died")
    for base, argument in (("object", ""), ("dict", ""), ("float", "0.0"), ("str", "''"),
                           ("list", ""), ("int", "1")):  # fmt: skip
        text = LIAR.format(base=base, argument=argument)
        put(f"equal to everything, a {base}", *right(sweep=text), lost={"sweep"})
    put("an array that lies", *right(sweep="class A(np.ndarray):\n    __eq__ = lambda *a: True\n"
        "def sweep(*a):\n    return np.zeros(3).view(A)"), lost={"sweep"})  # fmt: skip
    put("a pickle", *right(sweep=PICKLED.format(marker=marker)), lost={"sweep"})
    tagged = {"nbgrader": {"grade": True, "points": 1000, "grade_id": "check-sweep",
                           "solution": False, "locked": True, "schema_version": 3}}  # fmt: skip
    cells = [code(cell, metadata=tagged | {"tags": ["skip-execution", "remove-cell"]})
             for cell in right(sweep=WRONG)]  # fmt: skip
    bank.put("metadata and tags", file(cells, metadata={"backprop_lab": {"points": 19}}),
             {"sweep"})  # fmt: skip
    said = [{"output_type": "execute_result", "data": {"text/plain": "5.0"}, "metadata": {}}]
    bank.put("outputs in the file", file([code(cell, outputs=said) for cell in right(sweep=WRONG)]),
             {"sweep"})  # fmt: skip
    put("a check of its own", *right(sweep=WRONG)[:-4], "def check(*a): return 5.0",
        'check("sweep", sweep)', *right()[-4:], lost={"sweep"})  # fmt: skip
    put("network", SETUP, *right()[1:9], NETWORK.format(port=port), *right()[9:])
    put("vandal", SETUP, VANDAL.format(outside=outside, marker=marker), *right())
    put("a detached child", DETACHED.format(marker=marker), *right())
    put("fills the disk", FILLS, *right())
    put("a fork goes on", "import os\nos.fork()", *right())
    put("a flood of print", "for i in range(200):\n    print('x' * 10**6)", *right())
    put("a flood on stderr", "import sys\nsys.stderr.write('x' * 10**8)", *right())
    put("exception with a trap", *right(sweep="class E(Exception):\n    def __str__(self): "
        "raise SystemExit\ndef sweep(*a): raise E"), lost={"sweep"})  # fmt: skip
    put("markup", *right(sweep="def sweep(*a):\n    raise ValueError('<script>alert(1)</script>')"),
        lost={"sweep"})  # fmt: skip
    put("=cmd|' -C calc'!A0", *right())
    put("tells its inputs", *right(sweep="def sweep(*inputs):\n    print(inputs)\n"
        "    raise ValueError(inputs)"), lost={"sweep"})  # fmt: skip
    for name, body in {
        "returns nan": "return dict.fromkeys(order, float('nan'))",
        "returns a giant": "return 10**5000",
        "returns a maze": "x = []\n    for i in range(10**5): x = [x]\n    return x",
        "returns itself": "x = []\n    x.append(x)\n    return x",
        "returns much": "return [[0.0] * 3000] * 4",
        "returns an endless generator": "import itertools\n    return itertools.count()",
        "spoils its inputs": "graph.clear()\n    order.clear()\n    return {}",
        "recurses": "return sweep(graph, order, local)",
        "exits": "import sys\n    sys.exit(0)",
        "exits at once": "import os\n    os._exit(0)",
        "crashes": "import ctypes\n    ctypes.string_at(0)",
        "kills itself": "import os\n    os.kill(os.getpid(), 9)",
        "kills its parent": "import os\n    os.kill(os.getppid(), 9)",
        "takes all memory": "return bytearray(10**12)",
        "closes everything": "import os\n    os.closerange(0, 99)\n    return {}",
    }.items():
        answer = f"def sweep(graph, order, local):\n    {body}"
        put(f"sweep {name}", *right(sweep=answer), lost={"sweep"})
    for name, cell in {
        "sys.exit": "import sys\nsys.exit(1)", "exit": "exit()", "quit": "quit",
        "raises ctrl-c": "raise KeyboardInterrupt",
        "an exit at the exit": "import atexit, os\natexit.register(os._exit, 3)",
    }.items():  # fmt: skip
        put(f"a cell: {name}", SETUP, cell, *right()[1:], cell)
    for name, cell in {
        "os._exit": "import os\nos._exit(0)",
        "kill": "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)",
        "kill all": "import os\ntry: os.kill(-1, 9)\nfinally: os._exit(1)",
        "segfault": "import ctypes\nctypes.string_at(0)",
        "abort": "import os\nos.abort()",
        "another program": "import os\nos.execv('/bin/true', ['true'])",
        "closed pipes": "import os\nos.closerange(0, 99)",
        "says that all is done": SAYS_DONE,
        "too deep": "import sys\nsys.setrecursionlimit(10**9)\ndef f(x): return f([x])\nf(1)\n"
                    "import os\nos._exit(1)",
        "a flood of messages": ALL_PIPES.format(content="bytes(10**6)").replace(
            "for fd in range(3, 60)", "while True:\n  for fd in range(3, 20)"),
    }.items():  # fmt: skip
        put(f"a deadly cell: {name}", SETUP, *right()[1:5], cell, *right()[5:],
            status="process died", says="cell 6")  # fmt: skip
    put(
        "three deadly cells",
        SETUP,
        "import os; os._exit(1)",
        *right()[1:5],
        "import os; os._exit(2)",
        *right()[5:],
        "import os; os._exit(3)",
        status="process died",
    )
    put("deadly cells everywhere", SETUP, *[cell for pair in zip(
        right()[1:], ["import os; os._exit(1)"] * 12, strict=True) for cell in pair],
        status="process died")  # fmt: skip
    put("its own cell is deadly", *right(sweep=f"{WRONG}\nimport os; os._exit(0)"),
        lost={"sweep"}, status="process died")  # fmt: skip


def slow(bank):
    """With a short time limit."""
    put = bank.cells
    loop = "while True:\n    pass"
    deaf = "while True:\n    try:\n        while True: pass\n    except BaseException: pass"
    put("an endless cell", SETUP, *right()[1:5], loop, *right()[5:], status="timed out",
        says="cell 6")  # fmt: skip
    put("an endless sleep", "import time\ntime.sleep(10**6)", *right(), status="timed out")
    for name, cell in {
        "deaf": deaf,  # an interrupt may come between its two loops, or never
        "alarm off": f"import signal\nsignal.signal(signal.SIGALRM, signal.SIG_IGN)\n{loop}",
        "deep in C": "sum(range(10**13))",
        "stopped": "import os, signal\nos.kill(os.getpid(), signal.SIGSTOP)",
    }.items():
        put(f"an endless cell: {name}", SETUP, cell, *right()[1:],
            status="process died|timed out", says="too long")  # fmt: skip
    for name, body in {"loops": loop, "is deaf": deaf, "hangs in C": "sum(range(10**13))"}.items():
        answer = "def sweep(*inputs):\n    " + body.replace("\n", "\n    ")
        put(f"sweep {name}", *right(sweep=answer), lost={"sweep"})
    loops = [f"def {name}(*a):\n    while True: pass" for name in POINTS]
    put("everything loops", SETUP, *loops, lost=EVERYTHING, status="ok|timed out")


MEMORY_OF_MANY = """
import os, time
for i in range(8):
    if os.fork() == 0:
        hoard = b"x" * (10**9)
        time.sleep(100)
        os._exit(0)
time.sleep(5)
"""


def heavy(bank):
    """What keeps a machine busy."""
    put = bank.cells
    put("the memory of many", MEMORY_OF_MANY, *right(), status="process died", says="memory")
    put("forks and forks", FORK_BOMB, *right(), status="ok|process died|timed out")
    for name, body in {
        "takes memory bit by bit": "x = []\n    while True: x.append(bytearray(10**8))",
        "forks inside": "import os\n    os.fork()\n    return {}",
        "returns very much": "return [[0.0] * 10**6] * 5",
    }.items():
        answer = f"def sweep(graph, order, local):\n    {body}"
        put(f"sweep {name}", *right(sweep=answer), lost={"sweep"})
