"""What a stranger reads first: every command, output, link and number there is true."""

import doctest
import importlib.util
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

import backprop_lab as bl
from backprop_lab.coursework.build import sources
from tests.lab_tools import ROOT, load_lab

README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = ["README.md", "CONTRIBUTING.md", "INSTRUCTORS.md"]
TEST_COMMAND = "python3 lab.py test"


def commands(text):
    """The lines that are set as commands, without the remarks behind them."""
    lines = re.findall(r"^    (\S.*)$", text, re.M)
    return [re.split(r"\s{3,}", line)[0] for line in lines]


@pytest.fixture(scope="module")
def make():
    spec = importlib.util.spec_from_file_location("make", ROOT / "docs" / "make.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class TestReadme:
    def test_the_code_prints_what_stands_below_it(self):
        (block,) = re.findall(r"```python\n(.*?)```", README, re.S)
        example = doctest.DocTestParser().get_doctest(block, {}, "README", "README.md", 0)
        assert len(example.examples) == 5
        assert doctest.DocTestRunner(verbose=False).run(example).failed == 0

    def test_the_alt_text_tells_the_steps(self, make):
        alt = re.search(r'alt="([^"]+)"', README)[1]
        said = repr(bl.step(make.diamond()))
        for number in re.findall(r"\d+", alt.partition("Forward")[2]):
            assert re.search(rf"\b{number}\b", said), number
        for film in re.findall(r'(?:src|srcset)="([^"]+)"', README):
            assert (ROOT / film).read_bytes()[:6] == b"GIF89a"

    def test_every_command_is_one_that_is_tried(self):
        by_lab = {"python3 lab.py", TEST_COMMAND}  # test_lab*.py, and whoever reads this
        by_hand = {"pip install -r requirements.txt", "jupyter lab"}  # test_binder, test_lab
        assert set(commands(README)) == by_lab | by_hand | set(class_commands())

    def test_the_table_has_the_notebooks_and_their_minutes(self):
        rows = re.findall(r"^\| \[(\d) .*?\]\(notebooks/(.*?)\) .*\| (\d+) \|$", README, re.M)
        minutes = [
            re.search(r"\*\*Minutes\*\*\s(?:#\s)?(\d+)", s.read_text(encoding="utf-8"))[1]
            for s in sources()
        ]
        names = [source.with_suffix(".ipynb").name for source in sources()]
        assert rows == [(name[1], name, m) for name, m in zip(names, minutes, strict=True)]

    def test_it_counts_the_exercises(self):
        from backprop_lab.exercises import exercises

        assert f"\n{len(exercises())} exercises, " in README

    def test_it_names_the_pythons_that_lab_py_takes(self, tmp_path):
        lab = load_lab(tmp_path)
        versions = "Python {}.{} to {}.{}".format(*lab.OLDEST, *lab.NEWEST)
        assert README.replace("\n", " ").count(versions) == 2


def class_commands():
    """What the README tells an instructor to type."""
    section = README.partition("## For a class")[2].partition("\n## ")[0]
    return commands(section)


@pytest.mark.skipif(not shutil.which("bwrap"), reason="grades in a sandbox: needs bubblewrap")
def test_an_instructor_can_type_what_the_readme_says(tmp_path):
    (tmp_path / "submissions").mkdir()
    shutil.copy(ROOT / "notebooks" / "solutions" / sources()[1].with_suffix(".ipynb").name,
                tmp_path / "submissions" / "ann.ipynb")  # fmt: skip
    for line in class_commands():
        program, *arguments = shlex.split(line)
        assert program == ".venv/bin/python"
        subprocess.run([sys.executable, *arguments], cwd=tmp_path, check=True, timeout=200)
    assert len(list((tmp_path / "bundle" / "notebooks").glob("*.ipynb"))) == len(sources())
    assert "solutions" not in [p.name for p in (tmp_path / "bundle" / "notebooks").iterdir()]
    assert '"ann","2","19","19","ok"' in (tmp_path / "grades.csv").read_text()
    assert len(list((tmp_path / "pages").glob("*.html"))) == 1
    assert len(list((tmp_path / "site").glob("*.html"))) > len(sources())


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page):
    links = re.findall(r"\]\(([^)#\s]+)", (ROOT / page).read_text(encoding="utf-8"))
    inside = [link for link in links if "://" not in link]
    assert inside
    assert [link for link in inside if not (ROOT / link).exists()] == []


def test_contributing_names_what_is_there():
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    paths = re.findall(r"`((?:backprop_lab|tests|notebooks|docs|benchmarks)/[\w./]*)`", text)
    assert len(paths) > 10
    assert [path for path in paths if not (ROOT / path).exists()] == []
    assert set(commands(text)[:2]) <= {TEST_COMMAND, f"{TEST_COMMAND} -k chain"}


def test_one_version_everywhere():
    project = re.search(r'^version = "(.*)"', (ROOT / "pyproject.toml").read_text(), re.M)[1]
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    newest = re.search(r"^## ([\d.]+)", (ROOT / "CHANGELOG.md").read_text(), re.M)[1]
    assert bl.__version__ == project == citation["version"] == newest
    assert {"cff-version", "message", "title", "authors", "license"} <= citation.keys()


class TestReference:
    def test_it_is_as_the_docstrings(self, make):
        assert (ROOT / "docs" / "API.md").read_text(encoding="utf-8") == make.reference()

    def test_every_public_name_has_an_example(self, make):
        for name in {*bl.__all__} - {"ops", "unpack"}:  # unpack would write into this folder
            assert ">>>" in make.entry(name, getattr(bl, name)), name

    def test_public_names_stand_in_the_order_of_the_notebooks(self, make):
        assert [name for _, names in make.by_notebook() for name in names] == list(bl.__all__)


class TestHostedTests:
    workflow = yaml.safe_load((ROOT / ".github/workflows/tests.yml").read_text(encoding="utf-8"))
    jobs = workflow["jobs"]

    def test_its_gate_is_ours_and_ours_is_the_test_command(self):
        assert [step.get("run") for step in self.jobs["gate"]["steps"]][-1] == ".ci/run"
        lines = (ROOT / ".ci" / "run").read_text().splitlines()
        assert f"{TEST_COMMAND} </dev/null" in lines
        assert f"    {TEST_COMMAND}\n" in README

    def test_every_system_and_python_runs_the_test_command(self, tmp_path):
        job, lab = self.jobs["everywhere"], load_lab(tmp_path)
        assert job["steps"][-1]["run"] == TEST_COMMAND
        systems, pythons = job["strategy"]["matrix"]["os"], job["strategy"]["matrix"]["python"]
        assert [system.partition("-")[0] for system in systems] == ["ubuntu", "macos", "windows"]
        assert pythons[0] == "{}.{}".format(*lab.OLDEST)
        assert all((3, int(p[2:])) <= lab.NEWEST for p in pythons)

    def test_the_gates_python_is_binders(self):
        python = (ROOT / "binder" / "runtime.txt").read_text().strip().removeprefix("python-")
        assert self.jobs["gate"]["steps"][1]["with"]["python-version"] == python

    def test_both_ends_of_the_ranges(self):
        matrix = self.jobs["ends-of-the-ranges"]["strategy"]["matrix"]
        assert matrix["resolution"] == ["lowest-direct", "highest"]


def test_pre_commit_uses_the_tools_of_the_lab():
    (repo,) = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]
    entries = {hook["id"]: hook["entry"] for hook in repo["hooks"]}
    assert all(entry.startswith(".venv/bin/") for entry in entries.values())
    checks = (ROOT / ".ci" / "run").read_text()
    assert ".venv/bin/ruff check ." in checks and ".venv/bin/ruff format --check ." in checks
    for hook in ("notebooks", "reference"):
        _, *arguments = shlex.split(entries[hook])
        subprocess.run([sys.executable, *arguments], cwd=ROOT, check=True)


@pytest.mark.parametrize("path", sorted((ROOT / ".github/ISSUE_TEMPLATE").glob("*.yml")), ids=str)
def test_issue_templates_ask_for_what_is_needed(path):
    form = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    if path.name == "config.yml":
        return
    assert form["name"] and form["description"]
    assert any(field["validations"]["required"] for field in form["body"] if "validations" in field)
