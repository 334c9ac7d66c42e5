"""JupyterLab itself, as lab.py opens it."""

import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request

import nbformat
import pytest

from tests.lab_tools import NOTEBOOK, ROOT, posix_only


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
