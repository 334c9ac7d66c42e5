"""Without PyTorch all else works, and what needs it says so in one sentence."""

import subprocess
import sys

CODE = """
import sys
sys.modules["torch"] = None  # as good as not installed: importing it raises ImportError
import backprop_lab as bl
from backprop_lab import check

x = bl.tensor(3.0, requires_grad=True, name="x")
y = 2 * x**2
y.backward()
for shown in (bl.draw(y, saved=True), bl.step(y), bl.paths(y, x), bl.rosetta(y), bl.saved(y)):
    assert "x" in repr(shown) and shown._repr_html_()
assert check("topo", lambda graph, root: ...) == 0
assert bl.gradcheck(lambda x: x * x, bl.tensor(1.5, requires_grad=True))
try:
    bl.record_torch()
except ImportError as error:
    print(error)
for wrong in ((1, 2), object()):
    try:
        bl.draw(wrong)
    except TypeError as error:
        assert "draw shows a tensor" in str(error)
"""


def test_the_core_works_and_record_torch_names_the_remedy():
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == (
        "record_torch records what PyTorch computes, and the package torch cannot be imported. "
        "Install it with pip install torch; all else here works without."
    )
