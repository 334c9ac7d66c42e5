"""What the whole test run shares: the thorough tests, and how notebooks are compared.

A learner's work is never what the tests compare. A notebook in notebooks/ that somebody has
edited is reported as holding work, and a fresh build is tested in its place. Continuous
integration (CI set) makes no such exception.
"""

import os
import re
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pytest

ROOT = Path(__file__).parent
# What the text of an output depends on; with other versions it is run, and not compared.
COMPARED = ("ipykernel", "ipython", "matplotlib", "numpy", "torch")


def pytest_addoption(parser):
    parser.addoption("--thorough", action="store_true", help="also run what takes minutes")


def pytest_configure(config):
    config.addinivalue_line("markers", "thorough: takes minutes; runs with --thorough")
    os.environ.pop("MPLBACKEND", None)  # with Agg, notebooks would show no figures
    config.other_versions = other_versions()
    if config.other_versions and hasattr(config.option, "nbval"):
        config.option.nbval, config.option.nbval_lax = False, True
    config.holding_work = [] if os.environ.get("CI") else notebooks_holding_work()
    if config.holding_work and not config.getoption("collectonly"):
        config.args += fresh_builds(config, config.holding_work)


def pytest_report_header(config):
    lines = [f"{path.relative_to(ROOT)} holds your work: a fresh build is tested instead"
             for path in config.holding_work]  # fmt: skip
    if config.other_versions:
        lines.append(
            "notebooks are run but not compared: the outputs were made with other versions of "
            + ", ".join(config.other_versions)
        )
    return lines


def pytest_collection_modifyitems(config, items):
    if not config.getoption("--thorough"):
        skip = pytest.mark.skip(reason="takes minutes: python3 lab.py test --thorough")
        for item in items:
            if item.get_closest_marker("thorough"):
                item.add_marker(skip)


def pytest_ignore_collect(collection_path, config):
    return collection_path in config.holding_work or None


def other_versions():
    """The packages whose installed version is not the one that constraints.txt was tested with."""
    text = (ROOT / "constraints.txt").read_text()
    tested = dict(re.findall(r"^([\w.-]+)==([\w.]+)", text, re.M))
    return [name for name in COMPARED if name in tested and installed(name) != tested[name]]


def installed(name):
    try:
        return version(name).split("+")[0]
    except PackageNotFoundError:
        return None


def notebooks_holding_work():
    from backprop_lab.coursework.build import NOTEBOOKS, holds_work

    shipped = [*NOTEBOOKS.glob("*.ipynb"), *(NOTEBOOKS / "solutions").glob("*.ipynb")]
    return [path for path in shipped if holds_work(path)]


def fresh_builds(config, edited):
    """Build the edited notebooks anew, in a folder of their own; returns the paths."""
    import tempfile

    from backprop_lab.coursework.build import compose, dump, sources, targets
    from backprop_lab.coursework.execution import execute

    folder = tempfile.TemporaryDirectory()
    config.add_cleanup(folder.cleanup)
    paths = []
    for source in sources():
        for path, solved in targets(source):
            if path in edited:
                fresh = Path(folder.name) / ("solved" if solved else "blank") / path.name
                fresh.parent.mkdir(exist_ok=True)
                fresh.write_text(dump(execute(compose(source, solved), ROOT / "notebooks")))
                paths.append(str(fresh))
    return paths
