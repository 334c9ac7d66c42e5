"""What mybinder.org would build: asked of repo2docker itself, which needs no Docker for that."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parent.parent
ENVIRONMENT_ON_BINDER = {"python_version": "3.11", "python_full_version": "3.11.0"}


@pytest.fixture(scope="module")
def dockerfile(tmp_path_factory):
    copy = tmp_path_factory.mktemp("binder") / "repo"
    shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns(".git", ".venv", "work", ".*_cache"))
    command = [sys.executable, "-m", "repo2docker", "--no-build", "--debug", "."]
    done = subprocess.run(command, cwd=copy, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def test_python_is_the_one_that_is_tested(dockerfile):
    assert "environment for python=3.11" in dockerfile


def test_packages_are_a_layer_that_a_commit_does_not_touch(dockerfile):
    install = dockerfile.index('pip install --no-cache-dir -r "binder/requirements.txt"')
    assert install < dockerfile.index("COPY --chown=0:0 src/ ${REPO_DIR}/")


def test_post_build_runs_last_and_can_run(dockerfile):
    assert dockerfile.index("COPY --chown=0:0 src/ ") < dockerfile.index("RUN ./binder/postBuild")
    post_build = ROOT / "binder" / "postBuild"
    assert os.access(post_build, os.X_OK)
    assert b"\r" not in post_build.read_bytes()
    subprocess.run(["bash", "-n", post_build], check=True)


def requirements(name):
    """The requirements in a file that apply on Binder, by name."""
    lines = re.sub(r"\s#.*|^#.*", "", (ROOT / name).read_text(), flags=re.M).splitlines()
    found = [Requirement(line) for line in lines if line.strip() and not line.startswith("-")]
    return {
        requirement.name: requirement.specifier
        for requirement in found
        if not requirement.marker or requirement.marker.evaluate(ENVIRONMENT_ON_BINDER)
    }


@pytest.mark.skipif(sys.platform != "linux", reason="reads the requirements as Linux does")
def test_binder_has_the_packages_of_the_lab_in_the_tested_versions():
    binder, tested = requirements("binder/requirements.txt"), requirements("constraints.txt")
    not_installed = {"jupyterlab", "ipykernel", "nbval"}  # there already, or not used there
    assert set(binder) == set(requirements("requirements.txt")) - not_installed
    assert binder == {name: tested[name] for name in binder}


def test_binder_takes_the_torch_build_for_cpus():
    text = (ROOT / "binder" / "requirements.txt").read_text()
    assert "--extra-index-url https://download.pytorch.org/whl/cpu" in text.splitlines()


def test_the_badge_opens_notebook_1():
    badge = re.search(r"https://mybinder\.org/v2/gh/\S+?urlpath=lab/tree/([^\s)]+)", README)
    assert (ROOT / badge.group(1)).name == "01-computational-graphs.ipynb"
    assert (ROOT / badge.group(1)).exists()


README = (ROOT / "README.md").read_text(encoding="utf-8")
