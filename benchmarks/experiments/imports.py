"""What `import` costs, each time in a fresh interpreter."""

import random
import subprocess
import sys
from statistics import median

from ..peers import FLOOR, OURS
from ..results import Result, Row
from ..timing import ratio

IMPORTED = {
    OURS: "backprop_lab",
    FLOOR: "numpy",
    "torch_eager": "torch",
    "hips_autograd": "autograd.numpy",
    "micrograd_scalar": "micrograd.engine",
    "mygrad_tensors": "mygrad",
    "jax_jit": "jax",
}
PROGRAM = "import time; start = time.{clock}(); import {name}; print(time.{clock}() - start)"


def imports(session):
    """The import alone, without the start of the interpreter."""
    keys = list(session.modules)
    seconds = {key: [] for key in keys}
    for key in keys:
        seconds_of_import(IMPORTED[key])  # leaves compiled files and a warm disk behind
    for _ in range(session.few(6)):
        random.shuffle(keys)
        for key in keys:
            seconds[key].append(seconds_of_import(IMPORTED[key]))
    rows = [row(key, session.missing, seconds) for key in session.keys]
    return Result("imports", "import time", rows, ratios="ours / theirs")


def seconds_of_import(name):
    """Seconds that `import name` takes in an interpreter of its own."""
    program = PROGRAM.format(clock="process_time", name=name)
    return float(subprocess.check_output([sys.executable, "-c", program], text=True))


def row(key, missing, seconds):
    name = f"import {IMPORTED[key]}"
    if key in missing:
        return Row(name, note=missing[key])
    versus = ratio(seconds[OURS], seconds[key]) if key != OURS else None
    return Row(name, None, median(seconds[key]), "s/import", seconds[key], versus)
