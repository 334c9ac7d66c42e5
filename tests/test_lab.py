"""lab.py says what a machine lacks, and installs what is needed and no more."""

import ast
import importlib.metadata
import importlib.util
import re
import shutil
import socket
import subprocess
import sys

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from tests.lab_tools import ROOT, SOURCE, stops_with

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


def test_packages_are_compiled_for_the_sandbox_alone(lab, tmp_path):
    """Python compiles what a learner uses by itself; in the sandbox it may not write."""
    steps = [[str(part) for part in command] for _, command in lab.steps_to_take(True, True)]
    assert all("--no-compile" in step for step in steps if "install" in step)
    assert steps[-1][1:] == ["-c", lab.COMPILE]
    (tmp_path / "packages").mkdir()
    (tmp_path / "packages" / "right.py").write_text("x = 1\n")
    (tmp_path / "packages" / "wrong.py").write_text("x = \n")  # some packages bring such files
    here = f"import sysconfig; sysconfig.get_path = lambda name: {str(tmp_path / 'packages')!r}\n"
    subprocess.run([sys.executable, "-c", here + lab.COMPILE], check=True)
    assert [p.name[:5] for p in (tmp_path / "packages" / "__pycache__").iterdir()] == ["right"]
