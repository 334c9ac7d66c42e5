"""lab.py sets itself up, for real: a Python environment, pip, requirements.

Only the packages weigh nothing: a jupyterlab and a pytest that just tell how they were called.
"""

import inspect
import json
import os
import shutil
import signal
import socket
import subprocess
import sys

import pytest

from tests.lab_tools import NOTEBOOK, ROOT, SOURCE, posix_only


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
    assert call(said)["arguments"][-3:] == ["--thorough", "-k", "chain rule"]
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
