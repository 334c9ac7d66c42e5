"""lab.py keeps its promises, whatever machine it meets and whatever a learner has done.

The set-ups here are real: a Python environment, pip, requirements. Only the packages weigh
nothing: a jupyterlab and a pytest that just tell how they were called.
"""

import ast
import importlib.metadata
import importlib.util
import inspect
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import nbformat
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

ROOT = Path(__file__).parent.parent
SOURCE = (ROOT / "lab.py").read_text(encoding="utf-8")
NOTEBOOK = "01-computational-graphs.ipynb"
posix_only = pytest.mark.skipif(os.name != "posix", reason="signals and symlinks of POSIX")


def load_lab(folder):
    """lab.py as a module that lives in this folder."""
    shutil.copy(ROOT / "lab.py", folder)
    spec = importlib.util.spec_from_file_location("lab", Path(folder) / "lab.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def lab(tmp_path):
    (tmp_path / "notebooks").mkdir()
    for name in ("requirements.txt", "constraints.txt", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path)
    return load_lab(tmp_path)


@contextmanager
def stops_with(*words):
    with pytest.raises(SystemExit) as stopped:
        yield
    for word in words:
        assert word in str(stopped.value)


# A machine that lacks something


def test_an_old_python_can_read_lab_py():
    tree = ast.parse(SOURCE, feature_version=(3, 6))
    imports = [node for node in ast.walk(tree) if isinstance(node, (ast.Import, ast.ImportFrom))]
    names = {alias.name for node in imports if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module for node in imports if isinstance(node, ast.ImportFrom)}
    assert {name.split(".")[0] for name in names} <= sys.stdlib_module_names


@pytest.mark.parametrize("version", [(2, 7, 18), (3, 6, 15), (3, 9, 25), (3, 15, 0)])
def test_a_python_that_is_too_old_or_too_new(lab, version):
    with stops_with("3.10 to 3.14", "this is Python {}.{}.".format(*version), "python.org"):
        lab.check_python(version)


def test_the_supported_pythons(lab):
    for minor in range(10, 15):
        lab.check_python((3, minor, 0))
    needed = re.search(r'requires-python = "(.*)"', (ROOT / "pyproject.toml").read_text()).group(1)
    assert needed == ">={}.{}".format(*lab.OLDEST)


def test_no_venv_module(lab, monkeypatch):
    monkeypatch.setitem(sys.modules, "ensurepip", None)  # as on Debian without python3-venv
    with stops_with("venv", "sudo apt install python3-venv"):
        lab.set_up(testing=False)


def test_a_full_disk_before_the_set_up(lab, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(9, 9, 10**9))
    with stops_with("1.0 GB are free", "Make room"):
        lab.set_up(testing=False)


@pytest.mark.parametrize(
    "said, remedy",
    [
        ("ERROR: Could not install packages: [Errno 28] No space left on device", "Make room"),
        ("OSError: [Errno 122] Disk quota exceeded", "Make room"),
        ("ERROR: Could not find a version that satisfies x (from versions: none)", "No network?"),
        ("WARNING: Retrying after connection broken by 'NewConnectionError'", "No network?"),
        ("pip._vendor.urllib3.exceptions.ReadTimeoutError: Read timed out.", "No network?"),
        ("something\nERROR: wholly new", "    ERROR: wholly new"),
        ("", "it said nothing"),
    ],
)
def test_a_failed_step_names_its_remedy(lab, said, remedy):
    with stops_with("The set-up stopped", *said.splitlines()[-1:], remedy, "run lab.py again"):
        lab.explain_failure(said)


def test_a_taken_port(lab, capsys):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        for asked in ([f"--port={port}"], ["--port", f"{port}"], [f"--ServerApp.port={port}"]):
            with stops_with(f"Port {port} cannot be used", f"--port={port + 1}"):
                lab.check_port(asked)
    lab.check_port([f"--port={port}"])  # free by now
    with stops_with("Port 99999 cannot be used", "python3 lab.py --port="):
        lab.check_port(["--port=99999"])
    assert capsys.readouterr().out == ""


def test_a_taken_port_that_nobody_asked_for(lab, capsys):
    try:
        holder = socket.create_server(("127.0.0.1", 8888))
    except OSError:  # something else on this machine holds it, which does as well
        holder = socket.socket()
    with holder:
        lab.check_port([])
    assert "Port 8888 is in use" in capsys.readouterr().out


def test_the_requirements_hold_no_index_and_no_path():
    for name in ("requirements.txt", "constraints.txt"):
        for line in (ROOT / name).read_text().splitlines():
            assert line.startswith(("#", "-e .")) or not re.search(r"^-|://|@|^/", line), line


def test_the_tested_versions_are_complete_and_within_the_ranges():
    """What pip would install here comes from constraints.txt to the last package."""
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    tested = {}
    for line in lines:
        if not line.startswith("#"):
            requirement = Requirement(line)
            tested[requirement.name] = str(requirement.specifier).removeprefix("==")
    ranges = (ROOT / "requirements.txt").read_text()
    asked = [re.sub(r"\s#.*", "", line) for line in ranges.splitlines() if re.match(r"\w", line)]
    asked = [Requirement(line) for line in asked]
    asked += map(Requirement, importlib.metadata.requires("backprop-lab"))
    for requirement in asked:
        marker = requirement.marker
        if marker is None or marker.evaluate({"extra": "test"}):
            assert SpecifierSet(str(requirement.specifier)).contains(tested[requirement.name])


# Which steps a set-up takes


@pytest.mark.parametrize(
    "stamp, pip_works, jupyterlab_found, testing, steps",
    [
        ("none", False, False, False, ["make", "pip", "requirements"]),
        ("none", False, False, True, ["make", "pip", "requirements", "tools"]),
        ("none", True, True, False, ["requirements"]),  # made by hand
        ("to open", True, True, False, []),
        ("to open", True, True, True, ["requirements", "tools"]),
        ("to test", True, True, True, []),
        ("to test", True, True, False, []),
        ("to open", False, False, False, ["make", "pip", "requirements"]),  # its Python is gone
        ("to open", True, False, False, ["requirements"]),
        ("other requirements", True, True, False, ["requirements"]),
        ("other folder", True, True, False, ["make", "pip", "requirements"]),
        ("unfinished", True, True, False, ["make", "pip", "requirements"]),
        ("unfinished", True, True, True, ["make", "pip", "requirements", "tools"]),
    ],
)
def test_a_set_up_does_what_is_needed_and_no_more(
    lab, monkeypatch, stamp, pip_works, jupyterlab_found, testing, steps
):
    kinds = {"venv": "make", "ensurepip": "pip", "requirements.txt": "requirements"}
    kinds[".[test]"] = "tools"
    taken = []

    def run(command):
        taken.extend(kinds[word] for word in command if word in kinds)
        lab.VENV.mkdir(exist_ok=True)
        if taken != steps:  # between two steps an interruption must be seen
            assert not lab.STAMP.exists() or "to open" not in lab.STAMP.read_text()

    stamps = {
        "to open": lab.finished(testing=False),
        "to test": lab.finished(testing=True),
        "other requirements": lab.finished(testing=False).replace("\n", "\n0", 1),
        "other folder": f"{lab.finished(testing=False)}"[1:],
        "unfinished": lab.UNFINISHED,
    }
    if stamp != "none":
        lab.VENV.mkdir()
        lab.STAMP.write_text(stamps[stamp])
    elif pip_works:
        lab.VENV.mkdir()
    monkeypatch.setattr(lab, "run", run)
    monkeypatch.setattr(lab, "cpu_torch_answers", lambda: False)
    monkeypatch.setattr(
        lab, "works", lambda *command: pip_works if "pip" in command else jupyterlab_found
    )
    lab.set_up(testing)
    assert taken == steps
    assert lab.STAMP.read_text() in (lab.finished(testing), lab.finished(True))


def test_what_an_interruption_leaves_behind(lab, monkeypatch):
    def interrupted(command):
        raise KeyboardInterrupt

    def set_up():
        with pytest.raises(KeyboardInterrupt):
            lab.set_up(testing=False)

    monkeypatch.setattr(lab, "run", interrupted)
    monkeypatch.setattr(lab, "cpu_torch_answers", lambda: False)
    monkeypatch.setattr(lab, "works", lambda *command: True)
    lab.VENV.mkdir()
    set_up()
    assert not lab.STAMP.exists()  # made by hand: never to be taken for ours and remade
    lab.STAMP.write_text(f"{lab.ROOT}\nother requirements")
    set_up()
    assert lab.STAMP.read_text() == lab.UNFINISHED


@pytest.mark.parametrize("name", ["requirements.txt", "constraints.txt", "pyproject.toml"])
def test_the_stamp_knows_each_file_that_says_what_to_install(lab, name):
    before = lab.finished(testing=False)
    with (lab.ROOT / name).open("a") as file:
        file.write("# changed\n")
    assert lab.finished(testing=False) != before


def test_linux_takes_the_torch_build_for_cpus_where_it_can(lab, monkeypatch):
    monkeypatch.setattr(lab, "cpu_torch_answers", lambda: True)
    commands = [[str(part) for part in command] for _, command in lab.steps_to_take(True, False)]
    torch = next(command for command in commands if "--index-url" in command)
    assert torch[-2:] == ["https://download.pytorch.org/whl/cpu", "torch==2.13.0"]
    assert commands.index(torch) < len(commands) - 1  # before requirements.txt, which is then met


# Real set-ups


def make_wheel(folder, name, version, files, metadata=""):
    """A wheel by hand: a zip file with a little metadata."""
    import os
    import zipfile

    info = f"{name}-{version}.dist-info"
    head = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    files = {
        **files,
        f"{info}/METADATA": head + metadata,
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    files[f"{info}/RECORD"] = "".join(f"{path},,\n" for path in [*files, f"{info}/RECORD"])
    wheel = f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(os.path.join(folder, wheel), "w") as archive:
        for path, text in files.items():
            archive.writestr(path, text)
    return wheel


BACKEND = (
    inspect.getsource(make_wheel)
    + """
def build_editable(folder, config_settings=None, metadata_directory=None):
    extra = "Provides-Extra: test\\nRequires-Dist: pytest ; extra == 'test'\\n"
    return make_wheel(folder, "backprop_lab", "0", {"backprop_lab.pth": ""}, extra)
"""
)
TELLS_HOW_IT_WAS_CALLED = """
import json, os, sys
print("CALLED", json.dumps({"arguments": sys.argv[1:], "folder": os.getcwd(), **os.environ}))
sys.exit(3)
"""


class Sandbox:
    """A clone whose packages weigh nothing, and an environment without network."""

    def __init__(self, folder):
        self.folder = folder / "lab"
        wheels = folder / "wheels"
        for made in (self.folder / "notebooks", wheels, folder / "home"):
            made.mkdir(parents=True)
        for name in ("jupyterlab", "pytest"):
            files = {f"{name}/__init__.py": "", f"{name}/__main__.py": TELLS_HOW_IT_WAS_CALLED}
            make_wheel(wheels, name, "9", files)
        for name, text in {
            "lab.py": SOURCE,
            "requirements.txt": "jupyterlab\n-e .\n",
            "constraints.txt": "pytest==9\n",
            "stub_backend.py": BACKEND,
            "pyproject.toml": '[build-system]\nrequires = []\nbuild-backend = "stub_backend"\n'
            'backend-path = ["."]\n[project]\nname = "backprop-lab"\ndynamic = ["version"]\n',
            f"notebooks/{NOTEBOOK}": "{}",
        }.items():
            (self.folder / name).write_text(text)
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("PIP_", "JUPYTER")) and not name.lower().endswith("_proxy")
        }
        self.env = {
            **kept,
            "HOME": str(folder / "home"),
            "PIP_CONFIG_FILE": os.devnull,
            "PIP_FIND_LINKS": str(wheels),
            "PIP_NO_INDEX": "1",
            "HTTPS_PROXY": "http://127.0.0.1:9",  # nobody listens there
        }

    def popen(self, *arguments, **env):
        return subprocess.Popen(
            [sys.executable, self.folder / "lab.py", *arguments],
            env={name: value for name, value in {**self.env, **env}.items() if value is not None},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def start(self, *arguments, **env):
        process = self.popen(*arguments, **env)
        said = process.communicate()[0]
        assert "Traceback" not in said
        return process.returncode, said

    def interrupted_set_up(self):
        """Ctrl-C while pip waits for an index that does not answer."""
        with socket.create_server(("127.0.0.1", 0)) as silent:
            index = f"http://127.0.0.1:{silent.getsockname()[1]}/"
            process = self.popen(PIP_NO_INDEX=None, PIP_INDEX_URL=index)
            silent.settimeout(300)
            with silent.accept()[0]:
                os.killpg(process.pid, signal.SIGINT)
                return process.communicate()[0]


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory):
    return Sandbox(tmp_path_factory.mktemp("sandbox"))


def call(said):
    """How the stand-in for JupyterLab or pytest was called."""
    return json.loads(said.split("CALLED ")[1])


@posix_only
def test_an_interrupted_set_up_is_repaired_by_the_next_run(sandbox):
    said = sandbox.interrupted_set_up()
    assert "Stopped." in said and "Traceback" not in said
    half = sandbox.folder / ".venv" / "half-installed"
    half.touch()

    _, said = sandbox.start()
    assert "1 of 3: a Python environment" in said and "3 of 3" in said
    assert call(said)["arguments"]
    assert not half.exists()


@posix_only
def test_how_jupyterlab_is_started(sandbox):
    sandbox.start()
    bothersome = {"MPLBACKEND": "Agg", "PYTHONPATH": "/elsewhere", "PYTHONHOME": None}
    code, said = sandbox.start(
        "--port=0", "--debug", DISPLAY=None, WAYLAND_DISPLAY=None, BROWSER=None, **bothersome
    )
    assert code == 3
    assert "Setting the lab up" not in said  # that was done
    called = call(said)
    wanted = [f"--LabApp.default_url=/lab/tree/work/{NOTEBOOK}"]
    wanted += ["--allow-root"] if os.geteuid() == 0 else []
    wanted += ["--no-browser"] if sys.platform == "linux" else []
    assert called["arguments"] == [*wanted, "--port=0", "--debug"]
    assert called["folder"] == str(sandbox.folder)
    assert called["PATH"].startswith(str(sandbox.folder / ".venv" / "bin") + os.pathsep)
    assert called["JUPYTER_CONFIG_PATH"] == str(sandbox.folder / ".jupyter")
    assert called["JUPYTERLAB_WORKSPACES_DIR"].startswith(str(sandbox.folder / ".venv"))
    assert not {"MPLBACKEND", "PYTHONPATH", "PYTHONHOME"} & set(called)

    _, said = sandbox.start(DISPLAY=":0")
    assert "--no-browser" not in call(said)["arguments"]


@posix_only
def test_the_test_tools_come_with_the_first_test_run(sandbox):
    sandbox.start()
    tools = sandbox.folder.glob(".venv/lib/*/site-packages/pytest")
    assert not list(tools)
    code, said = sandbox.start("test", "--thorough", "-k", "chain rule")
    assert code == 3  # as pytest says
    assert "the tools that test" in said
    assert call(said)["arguments"] == ["--thorough", "-k", "chain rule"]
    for arguments in (["test"], []):
        assert "Setting the lab up" not in sandbox.start(*arguments)[1]


@posix_only
def test_changed_requirements_are_installed_into_what_is_there(sandbox):
    sandbox.start()
    mine = sandbox.folder / ".venv" / "installed-by-the-learner"
    mine.touch()
    with (sandbox.folder / "requirements.txt").open("a") as file:
        file.write("# changed\n")
    _, said = sandbox.start()
    assert "1 of 1" in said and call(said)
    assert mine.exists()


@posix_only
def test_no_network_and_then_a_network(sandbox):
    sandbox.start()
    requirements = sandbox.folder / "requirements.txt"
    before = requirements.read_text()
    requirements.write_text(f"numpy\n{before}")
    nowhere = {"PIP_NO_INDEX": None, "PIP_INDEX_URL": "http://127.0.0.1:9/", "PIP_RETRIES": "1"}
    code, said = sandbox.start(**nowhere)
    assert code == 1
    assert "No network?" in said and "run lab.py again" in said

    requirements.write_text(before)
    assert call(sandbox.start()[1])


@posix_only
def test_an_environment_whose_python_is_gone(sandbox):
    sandbox.start()
    for link in sandbox.folder.glob(".venv/bin/python*"):
        link.unlink()
        link.symlink_to("/nowhere/python3")
    _, said = sandbox.start()
    assert "a Python environment" in said
    assert call(said)


def test_help_needs_no_set_up(tmp_path):
    shutil.copy(ROOT / "lab.py", tmp_path)
    command = [sys.executable, tmp_path / "lab.py", "--help"]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "python3 lab.py test" in said
    assert not (tmp_path / ".venv").exists()


# The learner's copies


def ship(lab, text, name=NOTEBOOK):
    (lab.ROOT / "notebooks" / name).write_text(text)


def in_work(lab):
    return {path.name: path.read_text() for path in lab.WORK.glob("*.ipynb*")}


NEWER = NOTEBOOK.replace(".ipynb", ".newer.ipynb")


def test_the_first_start_copies_the_notebooks(lab):
    ship(lab, "first")
    ship(lab, "second", "02-the-chain-rule.ipynb")
    lab.deliver()
    assert in_work(lab) == {NOTEBOOK: "first", "02-the-chain-rule.ipynb": "second"}


def test_a_copy_that_nobody_changed_is_replaced(lab, capsys):
    ship(lab, "first edition")
    lab.deliver()
    ship(lab, "second edition")
    lab.deliver()
    assert in_work(lab) == {NOTEBOOK: "second edition"}
    assert capsys.readouterr().out == ""


def notebook(source, output, version="3.11.7"):
    """The text of a notebook with one cell, as some Python saved it."""
    cell = {"cell_type": "code", "source": [source], "outputs": [output], "id": "a"}
    return json.dumps({"cells": [cell], "metadata": {"language_info": {"version": version}}})


def test_a_copy_that_was_opened_and_run_holds_no_work(lab):
    ship(lab, notebook("1 + 1", "2"))
    lab.deliver()
    (lab.WORK / NOTEBOOK).write_text(notebook("1 + 1", "two", version="3.12.1"))
    lab.deliver()
    assert in_work(lab) == {NOTEBOOK: notebook("1 + 1", "two", version="3.12.1")}
    ship(lab, notebook("1 + 2", "3"))
    lab.deliver()
    assert in_work(lab) == {NOTEBOOK: notebook("1 + 2", "3")}
    ship(lab, notebook("1 + 2", "a better picture"))
    lab.deliver()
    assert in_work(lab) == {NOTEBOOK: notebook("1 + 2", "a better picture")}


def test_one_changed_cell_is_work(lab):
    ship(lab, notebook("1 + 1", "2"))
    lab.deliver()
    (lab.WORK / NOTEBOOK).write_text(notebook("1 + 1 ", "2"))
    ship(lab, notebook("1 + 1", "a better picture"))
    lab.deliver()
    assert in_work(lab) == {
        NOTEBOOK: notebook("1 + 1 ", "2"),
        NEWER: notebook("1 + 1", "a better picture"),
    }


def test_a_copy_with_work_in_it_is_kept_and_the_newer_edition_put_beside(lab, capsys):
    ship(lab, "first edition")
    lab.deliver()
    (lab.WORK / NOTEBOOK).write_text("my work")
    lab.deliver()
    assert in_work(lab) == {NOTEBOOK: "my work"}

    ship(lab, "second edition")
    lab.deliver()
    assert in_work(lab) == {NOTEBOOK: "my work", NEWER: "second edition"}
    assert f"work/{NEWER}" in capsys.readouterr().out
    lab.deliver()
    assert capsys.readouterr().out == ""  # said once

    ship(lab, "third edition")
    lab.deliver()
    assert in_work(lab) == {NOTEBOOK: "my work", NEWER: "third edition"}

    (lab.WORK / NEWER).write_text("more work")
    ship(lab, "fourth edition")
    lab.deliver()
    newest = NOTEBOOK.replace(".ipynb", ".newer-2.ipynb")
    assert in_work(lab) == {
        NOTEBOOK: "my work",
        NEWER: "more work",
        newest: "fourth edition",
    }


def test_a_newer_edition_thrown_away_does_not_come_back_but_a_notebook_does(lab):
    ship(lab, "first edition")
    lab.deliver()
    (lab.WORK / NOTEBOOK).write_text("my work")
    ship(lab, "second edition")
    lab.deliver()
    (lab.WORK / NEWER).unlink()
    lab.deliver()
    assert in_work(lab) == {NOTEBOOK: "my work"}
    (lab.WORK / NOTEBOOK).unlink()  # to start over
    lab.deliver()
    assert in_work(lab) == {NOTEBOOK: "second edition"}


OTHER = json.dumps({NOTEBOOK: 5}).encode()


@pytest.mark.parametrize(
    "memory", [b"", b"{", b"[]", b"null", b'{"a": [1]}', b"\xff\xfe", None, OTHER]
)
def test_a_damaged_memory_loses_no_work(lab, memory):
    ship(lab, "first edition")
    lab.deliver()
    (lab.WORK / NOTEBOOK).write_text("my work")
    ship(lab, "second edition")
    lab.EDITIONS.unlink() if memory is None else lab.EDITIONS.write_bytes(memory)
    lab.deliver()
    assert in_work(lab) == {NOTEBOOK: "my work", NEWER: "second edition"}


def test_a_disk_that_fills_up_leaves_no_half_notebook(lab, monkeypatch):
    ship(lab, "first edition")
    lab.deliver()
    ship(lab, "second edition")

    def full(path, content):
        with path.open("wb") as file:
            file.write(content[:3])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OSError, match="No space left"):
        lab.deliver()
    monkeypatch.undo()
    assert (lab.WORK / NOTEBOOK).read_text() == "first edition"
    lab.deliver()
    assert in_work(lab) == {NOTEBOOK: "second edition"}


actions = st.lists(
    st.sampled_from(["write", "write newer", "update", "go back", "delete", "rename", "forget"]),
    max_size=12,
)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(actions)
def test_whatever_happens_no_work_is_lost(lab, actions):
    shutil.rmtree(lab.WORK, ignore_errors=True)
    copy, newer, work = lab.WORK / NOTEBOOK, lab.WORK / NEWER, {}
    ship(lab, "edition 0")
    lab.deliver()
    for number, action in enumerate(actions, start=1):
        if action == "update":
            ship(lab, f"edition {number}")
        elif action == "go back":
            ship(lab, "edition 0")
        elif action == "delete":
            copy.unlink()
            work.pop(copy, None)
        elif action == "rename" and newer.exists():
            newer.replace(copy)
            work.pop(copy, None)
            if newer in work:
                work[copy] = work.pop(newer)
        elif action == "forget":
            lab.EDITIONS.write_text("damaged")
        else:
            target = newer if action == "write newer" else copy
            work[target] = f"work {number}"
            target.write_text(work[target])
        lab.deliver()
        assert {path: path.read_text() for path in work} == work
        assert copy.exists()


# JupyterLab itself


@pytest.fixture
def jupyter(tmp_path):
    """JupyterLab as lab.py opens it, in the environment that runs these tests, with no display."""
    folder, home = tmp_path / "lab", tmp_path / "home"
    home.mkdir()
    shutil.copytree(ROOT / ".jupyter", folder / ".jupyter")
    shutil.copy(ROOT / "lab.py", folder)
    (folder / "notebooks").mkdir()
    cell = nbformat.v4.new_code_cell("1 + 1", id="sum")
    cell.outputs = [nbformat.v4.new_output("display_data", {"text/html": "<script></script>"})]
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), folder / "notebooks" / NOTEBOOK)

    open_lab = (
        "import sys, pathlib, lab; lab.PYTHON = pathlib.Path(sys.executable);"
        "lab.BIN = lab.PYTHON.parent; lab.open_lab(['--port=0'])"
    )
    keep = ("PATH", "LANG", "LD_LIBRARY_PATH", "SYSTEMROOT")
    env = {name: os.environ[name] for name in keep if name in os.environ}
    process = subprocess.Popen(
        [sys.executable, "-c", open_lab],
        cwd=folder,
        env={**env, "HOME": str(home), "PYTHONUNBUFFERED": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    watchdog = threading.Timer(
        120, process.kill
    )  # a server without an address would be read forever
    watchdog.start()
    process.said = ""
    for line in process.stdout:
        process.said += line
        if re.search(r"http://127\.0\.0\.1\S+token=", line):
            break
    yield process
    watchdog.cancel()
    process.kill()
    process.wait()
    process.stdout.close()


def fetch(address, server):
    """The page there; the server prints its address a moment before it listens."""
    while server.poll() is None:
        try:
            with urllib.request.urlopen(address) as page:
                return page.read().decode()
        except urllib.error.HTTPError:
            raise
        except urllib.error.URLError:
            time.sleep(0.1)
    pytest.fail("JupyterLab ended before it answered")


def trusted(tmp_path, folder):
    ask = (
        "import sys, nbformat.sign as sign;"
        "print(sign.NotebookNotary().check_signature(sign.read(sys.argv[1], as_version=4)))"
    )
    command = [sys.executable, "-c", ask, tmp_path / folder / NOTEBOOK]
    env = {**os.environ, "HOME": str(tmp_path / "home")}
    return subprocess.run(command, env=env, capture_output=True, text=True).stdout == "True\n"


@posix_only
def test_jupyterlab_opens_at_notebook_1_without_a_display_and_leaves_on_ctrl_c(jupyter, tmp_path):
    address = re.search(r"http://localhost:\d+(/\S*)\?token=\w+", jupyter.said)
    assert address, jupyter.said
    assert address.group(1) == f"/lab/tree/work/{NOTEBOOK}"
    text = fetch(address.group(), jupyter)
    assert re.search(r'"news":\s*\{"disabled":\s*true\}', text)  # no pop-up
    server = address.group().split("/lab/")[0]
    with pytest.raises(urllib.error.HTTPError, match="403"):  # strangers stay out
        urllib.request.urlopen(f"{server}/api/contents")

    assert trusted(tmp_path, "lab/work")  # so its stored interactives show
    edited = nbformat.read(tmp_path / "lab" / "work" / NOTEBOOK, as_version=4)
    edited.cells[0].outputs[0].data["text/html"] = "<script>elsewhere()</script>"
    nbformat.write(edited, tmp_path / NOTEBOOK)
    assert not trusted(tmp_path, ".")

    jupyter.send_signal(signal.SIGINT)
    said = jupyter.communicate()[0]
    assert jupyter.returncode == 0
    assert "Traceback" not in said
