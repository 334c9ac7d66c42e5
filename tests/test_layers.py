"""Who may import whom, and what importing the package costs."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import backprop_lab

PACKAGE = Path(backprop_lab.__file__).parent
# From the ground up: a layer may import itself and what stands before it in its row.
MAY_IMPORT = {
    "errors": [],
    "modes": ["errors"],
    "anomaly": ["errors", "modes"],
    "rules": ["errors", "anomaly"],
    "node": [],
    "sweeps": ["errors", "modes", "anomaly", "rules", "node"],
    "engine": ["errors", "modes", "anomaly", "rules", "node", "sweeps"],
    "leaves": ["errors", "engine"],
    "ops": ["errors", "modes", "engine", "leaves"],
    "transforms": ["errors", "modes", "engine", "ops"],
    "finite_differences": ["errors", "modes", "engine", "leaves", "ops", "transforms"],
    "torch_functions": ["errors", "modes", "engine", "ops", "finite_differences", "torch_graph"],
    "names": ["engine"],
    "ledger": ["errors", "engine", "names", "torch_graph"],
    "graph": ["errors", "engine"],
    "torch_graph": ["errors", "modes", "engine", "ops", "names", "graph"],
    "pictures": ["errors", "engine", "graph", "names", "torch_graph"],
    "widgets": [
        "errors",
        "modes",
        "engine",
        "transforms",
        "names",
        "ledger",
        "graph",
        "torch_graph",
        "pictures",
    ],
    "exercises": ["errors", "engine", "leaves", "ops", "graph", "pictures", "widgets"],
    "coursework": ["pictures", "exercises"],
}
HEAVY = (
    "torch", "matplotlib", "ipywidgets", "anywidget", "IPython", "graphlay", "nbformat", "resvg_py",
)  # fmt: skip


def modules():
    return [path for path in PACKAGE.rglob("*.py") if layer(path) in MAY_IMPORT]


def layer(path):
    return path.relative_to(PACKAGE).with_suffix("").parts[0]


def imported_layers(path):
    """The layers that a module imports from, relative imports resolved."""
    package = list(path.relative_to(PACKAGE.parent).parts[:-1])
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            full = base + (node.module.split(".") if node.module else [])
            if full[:1] == ["backprop_lab"]:
                names = [full[1]] if len(full) > 1 else [alias.name for alias in node.names]
                yield from names
        elif isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.startswith("backprop_lab."):
                    yield alias.name.split(".")[1]


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_layer_stands_only_on_those_below_it(path):
    allowed = {layer(path), *MAY_IMPORT[layer(path)]}
    assert set(imported_layers(path)) <= allowed


def test_every_module_belongs_to_a_layer():
    top = {p.stem for p in PACKAGE.glob("*.py")} | {p.name for p in PACKAGE.iterdir() if p.is_dir()}
    assert top - {"__init__", "__main__", "__pycache__"} == set(MAY_IMPORT)


def python(code):
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_package_imports_and_works_where_nothing_heavy_can_be_imported():
    python(
        f"import sys\nfor name in {HEAVY!r}: sys.modules[name] = None\n"
        "import backprop_lab as bl\n"
        "x = bl.tensor(3.0, requires_grad=True)\n"
        "(2 * x**2).backward()\nassert x.grad == 12.0\n"
        "assert bl.check('topo', lambda graph, root: ...) == 0"
    )


def test_importing_the_package_loads_numpy_and_nothing_heavier():
    loaded = python(
        "import sys, backprop_lab; print(*[m for m in sys.modules if '.' not in m], sep=chr(10))"
    ).split()
    assert "numpy" in loaded
    assert not {*HEAVY} & {*loaded}


def test_no_file_has_outgrown_its_page():
    lengths = {p.name: len(p.read_text().splitlines()) for p in PACKAGE.rglob("*.py")}
    assert max(lengths.values()) <= 400, max(lengths, key=lengths.get)


@pytest.mark.parametrize("name", backprop_lab.__all__)
def test_every_public_name_is_documented(name):
    assert getattr(backprop_lab, name).__doc__
