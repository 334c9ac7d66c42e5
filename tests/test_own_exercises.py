"""Exercises of an instructor's own: the documented example, end to end, and what goes wrong."""

import re
import shutil
import subprocess
import sys

import pytest

import backprop_lab as bl
from backprop_lab.__main__ import main
from backprop_lab.coursework import handout
from backprop_lab.coursework.build import ROOT
from backprop_lab.coursework.grading import one
from backprop_lab.coursework.handout import hand_out, write_practice
from backprop_lab.exercises import own
from tests.submissions import SETUP, file, right
from tests.test_grading import need_sandbox, rows_of

EXAMPLE = ROOT / "examples" / "my_exercises.py"
PAGE = ROOT / "examples" / "09-entropy.ipynb"
TEXT = EXAMPLE.read_text(encoding="utf-8")
ENTROPY, BEND = own.load(TEXT)[1].values()


@pytest.fixture(autouse=True)
def no_traces():
    yield
    own.use_only("")


def page(answer, *more):
    return file([SETUP, answer, 'check("entropy", entropy)', *more])


# Wherever the judge's own function might be: on the disk, in memory, in what the runner was sent.
BURGLAR = """
import gc, os, pickle, sys

def stolen():
    for f in gc.get_objects():
        if getattr(f, "__name__", "") in ("expected_entropy", "judge_entropy", "entropy_cases"):
            return f
    for where, _, names in os.walk("/"):
        if where.startswith(("/proc", "/sys", "/dev", "/usr", sys.prefix, sys.base_prefix)):
            continue
        for name in names:
            try:
                text = open(os.path.join(where, name), "rb").read(1 << 20)
            except OSError:
                continue
            if b"expected_entropy" in text:
                names = {}
                exec(text, names)
                return names["expected_entropy"]
    frame = sys._getframe()
    while frame:
        job = frame.f_locals.get("job") or {}
        for e in pickle.loads(job.get("own") or pickle.dumps([])):
            for part in filter(None, (e.judge, e.cases, e.probe)):
                if "expected_entropy" in part.__globals__:
                    return part.__globals__["expected_entropy"]
        frame = frame.f_back

def entropy(p, found=stolen()):
    return found(p)
"""
LIAR = """
class Any(float):
    def __eq__(self, other): return True
    def __sub__(self, other): return 0.0
    __rsub__ = __array__ = __sub__

bl.exercises.diagnose = bl.exercises.own.OWN = None

def entropy(p):
    return Any(3.0)
"""
CASES = {  # name: (content, points of entropy, of bend, of all)
    "own": (page(ENTROPY), "4", "", "4"),
    "loads it": (page(ENTROPY, "bl.add_exercises('my_exercises.py')"), "4", "", "4"),
    "blank": (PAGE.read_bytes(), "0", "", "0"),
    "bits": (page(ENTROPY.replace("np.log", "np.log2")), "0", "", "0"),
    "raises": (page("def entropy(p):\n    return secret"), "0", "", "0"),
    "ends": (page("import os\ndef entropy(p):\n    os._exit(0)"), "0", "", "0"),
    "burglar": (page(BURGLAR), "0", "", "0"),
    "liar": (page(LIAR), "0", "", "0"),
    "both": (file([*right(), BEND, 'check("bend", bend)']), "", "2", "21"),
    "ours": (file(right()), "", "0", "19"),
    "ours and a stray": (file([*right(), ENTROPY, 'check("entropy", entropy)']), "", "0", "19"),
}  # fmt: skip


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    """Two parts, put together: (folder, rows)."""
    need_sandbox()
    folder = tmp_path_factory.mktemp("own")
    (folder / "in").mkdir()
    for name, (content, *_) in CASES.items():
        (folder / "in" / f"{name}.ipynb").write_bytes(content)
    shutil.copy(EXAMPLE, folder / "mine.py")
    for part in (1, 2):
        assert grade(folder, part) == 0
    assert merge(folder, "--exercises", str(folder / "mine.py")) == 0
    return folder, rows_of(folder / "all.csv")


def grade(folder, part, *options):
    return main(["grade", str(folder / "in"), "--out", str(folder / f"part{part}.csv"),
                 "--secret-file", str(folder / "secret"), "--exercises", str(folder / "mine.py"),
                 "--shard", f"{part}/2", "-j", "2", *options])  # fmt: skip


def merge(folder, *options):
    parts = [str(folder / f"part{part}.csv") for part in (1, 2)]
    pages = ["--feedback", str(folder / "pages")]
    return main(["merge", *parts, "--out", str(folder / "all.csv"), *pages, *options])


# --- graded --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", CASES)
def test_marks_are_what_the_answers_deserve(graded, name):
    _, rows = graded
    _, entropy, bend, points = CASES[name]
    row = rows[name]
    assert (row["entropy"], row["bend"], row["points"]) == (entropy, bend, points), row
    assert row["status"] == "ok"
    ours = ("2", "21") if bend else ("9", "4")
    assert (row["notebook"], row["out of"]) == ours
    assert ("entropy belongs to notebook 9" in row["look at"]) == (name == "ours and a stray")


def test_pages_and_report_speak_of_own_exercises(graded):
    folder, rows = graded
    pages = {path.name.partition("-")[0]: path.read_text("utf-8") for path in
             (folder / "pages").iterdir()}  # fmt: skip
    assert rows["bits"]["misconceptions"] == "entropy: in_bits"
    assert "These are bits" in pages["bits"]
    assert "How uncertain?: right · 4 of 4" in pages["own"]
    assert "NameError" in pages["raises"]
    assert "line 2 of entropy: return secret" in pages["raises"]
    assert "Which entries of p have no logarithm?" in pages["blank"]
    assert "These are bits" in (folder / "all.html").read_text("utf-8")


def test_a_changed_module_is_not_gone_on_with(graded, capsys):
    folder, _ = graded
    before = (folder / "part1.jsonl").read_bytes()
    (folder / "mine.py").write_text(TEXT.replace("points=4", "points=5"), encoding="utf-8")
    try:
        assert grade(folder, 1, "--resume") == 2
    finally:
        shutil.copy(EXAMPLE, folder / "mine.py")
    assert "other exercises of yours" in capsys.readouterr().err
    assert grade(folder, 1, "--resume") == 0
    assert (folder / "part1.jsonl").read_bytes() == before


def test_parts_are_not_put_together_without_their_module(graded, capsys):
    folder, _ = graded
    assert merge(folder) == 2
    said = capsys.readouterr().err
    assert "not the course's: bend, entropy" in said
    assert "--exercises FILE" in said


def test_a_notebook_that_nobody_set_is_not_asked_for(graded, capsys):
    folder, _ = graded
    assert grade(folder, 1, "--notebooks", "7", "10") == 2
    assert "No exercise is of notebook 10" in capsys.readouterr().err


def test_only_what_a_probe_uses_goes_into_the_sandbox():
    own.use_only(TEXT)
    content = own.packed(own.OWN.values())
    for word in (b"expected_entropy", b"judge_", b"_cases", b"in_bits", b"SOLUTIONS", b"log", b"/"):
        assert word not in content.replace(b"backprop_lab.exercises.exercise", b"")
    assert b"probe_bend" in content
    assert own.packed([]) == b""


def test_the_module_is_part_of_the_settings():
    prints = {one.Settings(b"s" * 8, (9,), own=text).fingerprint() for text in ("", "a", "b")}
    assert len(prints) == 3


# --- in a notebook -------------------------------------------------------------------------------


def without_solutions():
    return TEXT.partition("# Not needed")[0]


def answer(code, name):
    names = {}
    exec(f"import numpy as np\n{code}", names)
    return names[name]


def test_exercises_that_learners_may_see_answer_back(tmp_path):
    (tmp_path / "mine.py").write_text(without_solutions(), encoding="utf-8")
    assert bl.add_exercises(tmp_path / "mine.py") == "New here: entropy, bend."
    assert bl.check("entropy", answer(ENTROPY, "entropy")) == 4
    assert bl.check("bend", answer(BEND, "bend")) == 2
    card = bl.check("entropy", answer(ENTROPY.replace("np.log", "np.log2"), "entropy"))
    assert "These are bits" in card._repr_html_()
    assert "no logarithm" in bl.hint("entropy", 1)
    assert "numbered 1 to 2" in bl.hint("entropy", 3)
    assert "entropy" not in repr(bl.progress())


def test_an_error_in_an_answer_is_shown_with_the_learners_line_and_not_the_probes():
    own.use_only(TEXT)
    text = bl.check("bend", lambda f, x: 0).verdict.text
    assert "TypeError" in text
    assert "probe_bend" not in text
    with_tensors = TEXT.replace("return answer(f,", "import backprop_lab\n    backprop_lab.tensor("
                                "1.0)\n    return answer(f,")  # fmt: skip
    own.use_only(with_tensors)
    assert bl.check("bend", answer(BEND, "bend")) == 2  # what the probe calls, nobody else did


@pytest.mark.parametrize(
    "name, said",
    [
        ("entropy", "judged when you hand it in"),
        ("sweeep", "Do you mean sweep? If"),
        ("is_valid_ordr", "Do you mean is_valid_order? If"),
    ],
)
def test_a_private_exercise_is_no_mistake_of_the_learner(name, said):
    mark = bl.check(name, ...)
    assert mark == 0
    card = mark._repr_html_()
    assert said in card
    assert "not judged here" in card
    assert ("Do you mean" in card) == (name != "entropy")
    assert said in bl.hint(name, 1)


def test_a_page_without_its_module_goes_on(tmp_path):
    said = bl.add_exercises(tmp_path / "mine.py")
    assert "judged when you hand them in" in said
    (tmp_path / "mine.py").write_text("EXERCISES = 1 / 0")
    assert "ZeroDivisionError: division by zero (line 1)" in bl.add_exercises(tmp_path / "mine.py")
    assert not own.OWN


# --- modules that need mending -------------------------------------------------------------------

FIRST = "    number = as_array"  # of the judges
PROBE = "return answer(f,"
WRONG = '"def entropy(p):\\n    return'
BAD = {  # what is put in the place of what, and words of the refusal
    "no EXERCISES": ("EXERCISES = (", "THEM = (", "defines no EXERCISES"),
    "one without a comma": ("(ENTROPY, BEND)", "(ENTROPY)", "with one in it, it has a comma"),
    "none": ("(ENTROPY, BEND)", "()", "EXERCISES is empty"),
    "twice": ("(ENTROPY, BEND)", "(ENTROPY, ENTROPY)", "Two exercises have the id 'entropy'"),
    "syntax": ("title=", "title:", "Line 4"),
    "raises": ("EXERCISES = (", "1 / 0\nEXERCISES = (", "division by zero (line"),
    "another file": ("import numpy", "import helpers\nimport numpy", "Such a module is one file"),
    "an argument too few": ("    why=", "    # why=", "'why' (line"),
    "an id of ours": ('id="entropy"', 'id="sweep"', "notebook 2 has one of that id"),
    "no identifier": ('id="entropy"', 'id="my entropy"', "an id is the name that the answer has"),
    "an id of the page": ('id="entropy"', 'id="check"', "every notebook has something"),
    "a column": ('"entropy"', '"points"', "table of marks has a column of that name"),
    "notebook": ("notebook=9", 'notebook="9"', "notebook is a whole number from 1"),
    "hints": ("hints=(Hint(", "hints=(3, Hint(", "hints is a tuple of Hint"),
    "may use": ("points=4", 'may_use={"numpy"}, points=4', "may_use is a set"),
    "cases raise": ("rng.dirichlet(np.ones(n))", "rng.dir(n)", "cases stops with Attribute"),
    "cases of nothing": ("return [*cases,", "return []\n    x = [*cases,", "a list of dicts"),
    "cases not plain": ('{"p": rng.dir', '{"q": rng, "p": rng.dir', "holds a Generator"),
    "cases by chance": ("[seed, 901]", "None", "make them from the seed alone"),
    "cases that never change": ("[seed, 901]", "901", "would be no secret"),
    "a probe with a lock": (PROBE, f"print(LOCK)\n    {PROBE}", "cannot be taken"),
    "a blank that stops": (PROBE, "return 1 + answer(f,", "'not attempted yet'"),
    "a judge that says True": (FIRST, f"    return True\n{FIRST}", "a list of complaints"),
    "a judge that takes all": (FIRST, f"    return []\n{FIRST}", "takes 'nonsense' for an answer"),
    "a judge that takes none": (FIRST, f'    return ["No."]\n{FIRST}', "pass (seed 0): No"),
    "a judge of another form": ("if said else []", "if said else True", "does not pass"),
    "a judge that raises": ("(number, expected", "(number, case['q'], expected", "KeyError: 'q' ("),
    "a mistake that passes": ("np.log2(q)", "np.log(q)", "'in_bits' passes (seed 0)"),
    "a mistake not defined": (WRONG, WRONG.replace("entropy", "f"), "does not define entropy"),
    "a mistake with an error": (WRONG, WRONG.replace("p)", "p"), "entropy (SyntaxError"),
    "a mistake like another": ("np.log2(q)).sum())", "-np.log(q)).sum())", "for 'wrong_sign'"),
    "a right answer that is not": ("/ h**2", "/ h", "in SOLUTIONS does not pass (seed 0)"),
    "solutions of others": ('    "bend": "def', '    "band": "def', "SOLUTIONS is a dict"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_a_module_that_needs_mending_says_so_before_anything_is_graded(tmp_path, capsys, name):
    old, new, said = BAD[name]
    assert old in TEXT
    changed = TEXT.replace(old, new)
    if "LOCK" in new:
        changed = f"import threading\nLOCK = threading.Lock()\n{changed}"
    (tmp_path / "mine.py").write_text(changed, encoding="utf-8")
    (tmp_path / "in").mkdir()
    status = main(["grade", str(tmp_path / "in"), "--out", str(tmp_path / "g.csv"), "--exercises",
                   str(tmp_path / "mine.py"), "--unsafe-no-sandbox"])  # fmt: skip
    told = capsys.readouterr().err
    assert status == 2
    assert said in told
    assert "mine.py" in told
    assert {path.name for path in tmp_path.iterdir()} == {"mine.py", "in"}


def test_a_module_that_is_not_there(tmp_path, capsys):
    assert main(["exercises", str(tmp_path / "mine.py")]) == 2
    assert "examples/my_exercises.py is one" in capsys.readouterr().err
    (tmp_path / "mine.py").write_bytes(b"\xff\xfe\x00")
    assert main(["exercises", str(tmp_path / "mine.py")]) == 2
    assert "not a text in UTF-8" in capsys.readouterr().err


def test_the_example_keeps_the_laws(capsys):
    assert main(["exercises", str(EXAMPLE)]) == 0
    told = capsys.readouterr().out
    assert re.findall(r"^ok +(\w+).*right answer passes$", told, re.M) == ["entropy", "bend"]


def test_a_module_that_breaks_a_law_is_told_line_by_line(tmp_path, capsys):
    (tmp_path / "mine.py").write_text(TEXT.replace("np.log2(q)", "np.log(q)"), encoding="utf-8")
    assert main(["exercises", str(tmp_path / "mine.py")]) == 1
    assert capsys.readouterr().out.startswith("entropy: its misconception 'in_bits' passes")


def test_the_instructors_page_names_the_example():
    text = (ROOT / "INSTRUCTORS.md").read_text(encoding="utf-8")
    assert "examples/my_exercises.py" in text
    assert "examples/09-entropy.ipynb" in text


# --- handed out ----------------------------------------------------------------------------------


def test_own_files_go_beside_the_notebooks(tmp_path, monkeypatch):
    monkeypatch.setattr(handout, "leaks", lambda folder: [])  # test_handout.py searches
    (tmp_path / "mine.py").write_text(without_solutions(), encoding="utf-8")
    hand_out(tmp_path / "bundle", [1], also=[PAGE, tmp_path / "mine.py"])
    there = {path.name for path in (tmp_path / "bundle" / "notebooks").iterdir()}
    assert {"09-entropy.ipynb", "mine.py"} < there
    code = ("import backprop_lab as bl; print(bl.add_exercises('mine.py'));"
            "print(bl.check('entropy', lambda p: 0.0).verdict.status)")  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path / "bundle" / "notebooks", capture_output=True,
        text=True, env={"PYTHONPATH": str(tmp_path / "bundle")},
    )  # fmt: skip
    assert done.stdout.splitlines() == ["New here: entropy, bend.", "wrong"], done.stderr


@pytest.mark.parametrize(
    "path, said",
    [(EXAMPLE, "holds SOLUTIONS"), ("nowhere.py", "no file nowhere.py"),
     (ROOT / "notebooks" / "solutions" / "02-the-chain-rule.ipynb", "already")],
)  # fmt: skip
def test_what_is_not_handed_out(tmp_path, path, said):
    with pytest.raises(ValueError, match=said):
        hand_out(tmp_path / "bundle", [1], also=[path])
    assert not (tmp_path / "bundle").exists()


def test_no_two_learners_get_the_same_problem(tmp_path, monkeypatch):
    """Also where two seeds would give the same one."""
    seeds = handout.seed_for
    monkeypatch.setattr(handout, "seed_for", lambda *given: seeds(*given) % 40)
    ids = [f"learner {i}" for i in range(20)]
    write_practice(tmp_path / "practice", ids, b"secret")
    found = [re.findall(r"difficulty=\d, seed=\d+", path.read_text("utf-8"))
             for path in (tmp_path / "practice").iterdir()]  # fmt: skip
    made = [call for calls in found for call in dict.fromkeys(calls)]
    assert len(made) == 60
    assert len({*made}) == 60
    with pytest.raises(ValueError, match="Two learners"):
        write_practice(tmp_path / "again", ["Anna", "anna"], b"secret")
