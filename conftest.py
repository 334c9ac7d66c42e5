"""What the whole test run shares: the thorough tests, and how notebooks are compared.

A learner's work is never what the tests compare. A notebook in notebooks/ that somebody has
edited is reported as holding work, and a fresh build is tested in its place. Continuous
integration (CI set) makes no such exception.
"""

import os
import re
import tempfile
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pytest

ROOT = Path(__file__).parent
# What the text of an output depends on; with other versions it is run, and not compared.
COMPARED = ("ipykernel", "ipython", "matplotlib", "numpy", "torch")

# On several cores a file stays together: its tests share what they set up, and the cells of a
# notebook share a kernel. Not these, whose many tests need nothing of each other.
SPREAD = ("test_exercises.py",)


def pytest_addoption(parser):
    parser.addoption("--thorough", action="store_true", help="also run what takes minutes")


def pytest_configure(config):
    config.addinivalue_line("markers", "thorough: takes minutes; runs with --thorough")
    os.environ.pop("MPLBACKEND", None)  # with Agg, notebooks would show no figures
    os.environ["BACKPROP_LAB_PROGRESS"] = "off"  # what the tests solve is nobody's progress
    config.other_versions = other_versions()
    if config.other_versions and hasattr(config.option, "nbval"):
        config.option.nbval, config.option.nbval_lax = False, True
    config.fresh_builds = known_builds(config)
    config.args += map(str, config.fresh_builds.values())


def known_builds(config):
    """The builds that stand in for edited notebooks; made once, also where processes share work."""
    if hasattr(config, "workerinput"):
        return {Path(old): Path(new) for old, new in config.workerinput["fresh_builds"]}
    return {} if os.environ.get("CI") else fresh_builds(config)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node):
    """Before a process of pytest-xdist starts: tell it of the builds."""
    builds = node.config.fresh_builds.items()
    node.workerinput["fresh_builds"] = [(str(old), str(new)) for old, new in builds]


def pytest_report_header(config):
    lines = [f"{path.relative_to(ROOT)} holds your work: a fresh build is tested instead"
             for path in config.fresh_builds]  # fmt: skip
    if config.other_versions:
        lines.append(
            "notebooks are run but not compared: the outputs were made with other versions of "
            + ", ".join(config.other_versions)
        )
    return lines


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    from xdist.scheduler import LoadScopeScheduling

    class ByFile(LoadScopeScheduling):
        def _split_scope(self, nodeid):
            file = nodeid.partition("::")[0]
            return nodeid if file.endswith(SPREAD) else file

    return ByFile(config, log)


def pytest_collection_modifyitems(config, items):
    if not config.getoption("--thorough"):
        skip = pytest.mark.skip(reason="takes minutes: python3 lab.py test --thorough")
        for item in items:
            if item.get_closest_marker("thorough"):
                item.add_marker(skip)


def pytest_ignore_collect(collection_path, config):
    return collection_path in config.fresh_builds or None


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


def fresh_builds(config):
    """{a shipped notebook that somebody has edited: the path of a new build of it}."""
    from backprop_lab.coursework.build import holds_work, sources, targets, write

    folder = tempfile.TemporaryDirectory()
    config.add_cleanup(folder.cleanup)
    fresh = {}
    for source in sources():
        for path, solved in targets(source):
            if path.exists() and holds_work(path):
                fresh[path] = Path(folder.name) / ("solved" if solved else "blank") / path.name
                write(source, solved, fresh[path])
    return fresh
