"""The laws of the exercises, stated over all of them: an exercise is tested by being there."""

import json
import re
import subprocess
import sys
from importlib import import_module

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import backprop_lab as bl
from backprop_lab.coursework.build import ROOT, SOLUTION, blank
from backprop_lab.exercises import NOTEBOOKS, check, exercises, hint
from backprop_lab.exercises.judging import assess, judge_all, wrong_answer
from backprop_lab.exercises.probing import plain
from tests.answers import CELLS, define, reference

ALL = list(exercises().values())
SEEDS = range(20)


def answers(kind, exercise):
    module = import_module(f"tests.answers.{NOTEBOOKS[exercise.notebook]}")
    return getattr(module, kind)[exercise.id]


def is_function(exercise):
    return callable(define(reference(exercise), exercise))


def preceded_by(action, answer):
    """The same answer, a function or a class with a forward, that does something else first."""
    inner = answer.forward if isinstance(answer, type) else answer

    def outer(*inputs):
        action()
        return inner(*inputs)

    if isinstance(answer, type):
        return type(answer.__name__, (answer,), {"forward": staticmethod(outer)})
    return outer


def each(kind):
    return [
        pytest.param(exercise, code, id=f"{exercise.id}-{i}")
        for exercise in ALL
        for i, code in enumerate(answers(kind, exercise))
    ]


def each_mistake():
    return [
        pytest.param(exercise, mistake, id=f"{exercise.id}-{mistake.id}")
        for exercise in ALL
        for mistake in exercise.misconceptions
    ]


# --- law 1: right answers pass -----------------------------------------------------------------


@pytest.mark.parametrize("exercise", ALL, ids=lambda e: e.id)
def test_the_solution_is_right(exercise):
    answer = define(reference(exercise), exercise)
    for seed in SEEDS:
        verdict = assess(exercise, answer, seed)
        assert verdict.status == "right", (seed, verdict.text)
        assert verdict.text == exercise.why


@pytest.mark.parametrize("exercise, code", each("RIGHT"))
def test_other_right_answers_are_right(exercise, code):
    answer = define(code, exercise)
    for seed in SEEDS:
        verdict = assess(exercise, answer, seed)
        assert verdict.status == "right", (seed, verdict.text)


@pytest.mark.parametrize("exercise", ALL, ids=lambda e: e.id)
def test_at_least_two_other_right_answers_are_tried(exercise):
    assert len(answers("RIGHT", exercise)) >= 2


# --- law 2: known mistakes are named -----------------------------------------------------------


@pytest.fixture
def impatient(monkeypatch):
    """Mistakes that never end are stopped after three seconds; a learner gets ten."""
    monkeypatch.setattr("backprop_lab.exercises.probing.SECONDS", 3.0)


@pytest.mark.parametrize("exercise, mistake", each_mistake())
def test_a_listed_mistake_fails_and_gets_its_own_hint(exercise, mistake, impatient):
    for seed in SEEDS:
        verdict = assess(exercise, wrong_answer(exercise, mistake), seed)
        assert verdict.share < 1
        assert verdict.misconception == mistake.id, (seed, verdict)
        assert mistake.says in verdict.text


@pytest.mark.parametrize("exercise", ALL, ids=lambda e: e.id)
def test_at_least_three_mistakes_are_known(exercise):
    assert len(exercise.misconceptions) >= 3
    assert len({mistake.id for mistake in exercise.misconceptions}) == len(exercise.misconceptions)


@pytest.mark.thorough
@pytest.mark.parametrize("exercise", ALL, ids=lambda e: e.id)
def test_200_seeds_without_a_flake(exercise):
    right = [define(code, exercise) for code in (reference(exercise), *answers("RIGHT", exercise))]
    for seed in range(200):
        for answer in right:
            assert assess(exercise, answer, seed).status == "right", seed
        for mistake in exercise.misconceptions:
            verdict = assess(exercise, wrong_answer(exercise, mistake), seed)
            assert verdict.misconception == mistake.id, (seed, mistake.id)


# --- law 3: an untouched stub is not attempted -------------------------------------------------


@pytest.mark.parametrize("exercise", ALL, ids=lambda e: e.id)
def test_an_untouched_stub_is_not_attempted_yet(exercise):
    verdict = assess(exercise, define(blank(CELLS[exercise.id]), exercise), 0)
    assert (verdict.status, verdict.share) == ("not attempted yet", 0.0)
    assert check(exercise.id, define(blank(CELLS[exercise.id]), exercise)) == 0


@pytest.mark.parametrize("exercise", ALL, ids=lambda e: e.id)
def test_a_stub_is_short(exercise):
    assert len(blank(CELLS[exercise.id]).strip().splitlines()) <= 8


# --- laws 4 and 5: unknown mistakes are refused with a reason ------------------------------------


@pytest.mark.parametrize("exercise, code", each("WRONG"))
def test_unlisted_mistakes_are_refused_with_a_reason(exercise, code, impatient):
    for seed in range(5):
        verdict = assess(exercise, define(code, exercise), seed)
        assert verdict.share < 1
        assert verdict.status != "right"
        assert len(verdict.text) > 15


@pytest.mark.parametrize("exercise", ALL, ids=lambda e: e.id)
def test_cases_are_plain_reproducible_and_different_for_each_seed(exercise):
    def text(seed):
        return json.dumps([plain(c) for c in exercise.cases(seed)], default=lambda a: a.tolist())

    assert text(3) == text(3)
    takes_input = exercise.probe.__name__ != "as_it_is"
    assert (text(3) != text(4)) == takes_input


@pytest.mark.parametrize("exercise", ALL, ids=lambda e: e.id)
def test_an_answer_that_changes_its_inputs_is_told_so(exercise):
    if "graph" not in exercise.cases(0)[0]:
        return
    right = define(reference(exercise), exercise)

    def vandal(graph, *rest):
        result = right(graph, *rest)
        graph[next(iter(graph))].append("graffiti")
        return result

    verdict = assess(exercise, vandal, 0)
    assert verdict.share == 0
    assert "graph" in verdict.text


@pytest.mark.parametrize("exercise", ALL, ids=lambda e: e.id)
def test_a_library_that_is_not_allowed_is_noticed(exercise):
    if not is_function(exercise) or "backprop_lab" in exercise.may_use:
        return
    helped = preceded_by(lambda: bl.tensor(1.0), define(reference(exercise), exercise))
    verdict = assess(exercise, helped, 0)
    assert verdict.share == 0
    assert "backprop_lab.leaves.tensor" in verdict.text


# --- law 6: exceptions are the learner's -------------------------------------------------------


@pytest.mark.parametrize("exercise", ALL, ids=lambda e: e.id)
@pytest.mark.parametrize("error", [ValueError("mine"), SystemExit(3), KeyboardInterrupt()])
def test_an_exception_is_shown_as_theirs(exercise, error):
    def fail():
        raise error

    if not is_function(exercise):
        return
    answer = preceded_by(fail, define(reference(exercise), exercise))
    verdict = assess(exercise, answer, 0)
    assert verdict.status == "stopped"
    if isinstance(error, ValueError):
        assert "ValueError: mine" in verdict.text
        assert "action()" in verdict.text


def test_a_fault_of_the_check_itself_stops_nothing(monkeypatch):
    monkeypatch.setattr("backprop_lab.exercises.assess", lambda *args, **kwargs: 1 / 0)
    mark = check("topo", lambda graph, root: [])
    assert mark == 0
    assert "a fault of the lab, not yours" in mark._repr_html_()


SLIPS = {
    "rows": [
        ('rows = {"a": ["input"], "b": ["input"], "1": ["input"], "c": ["+", "a", "b"],'
         ' "d": ["+", "b", "1"], "e": ["*", "c", "d"]}', "constant_is_trainable", "typed into"),
        ('rows = {"a": ["input"], 1: ["constant"]}', None, "needs quotes"),
        ('rows = {"a": ["input"], "d": ...}', None, "'d' is still blank"),
    ],
    "kinds": [
        ('kinds = {"x": "input", "z": ..., "y": ["input"]}', None, "bias: still blank"),
    ],
    "topo": [
        ("def topo(graph, root): print(root)", None, "forget its return"),
        ("def topo(graph): return []", None, "TypeError"),
        ("topo = 'topo'", None, "A function is asked for"),
        ("def topo(graph, root): return []", None, "The list is empty"),
        ("def topo(graph, root):\n  return [y for x in graph[root][1:] for y in topo(graph, x)]"
         " + [root]", "visits_twice", "comes a second time"),
        ("def topo(graph, root): return list(graph)", None, "z comes before its input x"),
    ],
    "is_valid_order": [
        ("def is_valid_order(graph, order): return True", "compares_the_names_only", "walk along"),
        ("def is_valid_order(graph, order): return False", None, "refuses this order"),
        ("def is_valid_order(graph, order): print(order)", None, "forget its return"),
    ],
    "forward": [
        ("def forward(graph, order, leaves, functions): print(1)", None, "forget its return"),
        ("def forward(graph, order, leaves, functions):\n  return functions['input']()", None,
         "KeyError: 'input'"),
        ("def forward(graph, order, leaves, functions):\n  values = dict(leaves)\n"
         "  for name in graph:\n    if name not in values:\n"
         "      f, *x = graph[name]\n      values[name] = functions[f](*[values[y] for y in x])\n"
         "  return values", None, "KeyError"),
    ],
    "keep": [
        ('keep = {"+": [], "*": ["x", "y"], "exp": ["z"], "square": ["x"], "relu": ["x"]}',
         "keeps_the_inputs", "relu: it would do"),
        ('keep = {"+": [], "exp": ("z")}', None, "*: still blank"),
        ('keep = {"+": [], "*": ["x", "y"], "exp": "z"}', None, "Put it in a list"),
    ],
}  # fmt: skip


@pytest.mark.parametrize(
    "name, code, mistake, said",
    [(name, *slip) for name, slips in SLIPS.items() for slip in slips],
)
def test_a_card_says_what_happened_and_accuses_nobody_wrongly(name, code, mistake, said):
    """Slips that new learners made: each gets its sentence, and no name without evidence."""
    exercise = exercises()[name]
    verdict = assess(exercise, define(code, exercise), 0)
    assert verdict.misconception == mistake
    assert said in verdict.text


# --- what a check returns ----------------------------------------------------------------------

ODD = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3)
    | st.sampled_from(["+", "*", "input", "a", "b", "x", "z", "e", ..., np.ones(2), object()]),
    lambda x: st.lists(x, max_size=4) | st.dictionaries(
        st.sampled_from(["a", "b", "1", "e", "x", "w", "+", "*", "exp", "relu"]), x, max_size=5),
    max_leaves=12,
)  # fmt: skip


@pytest.mark.parametrize("exercise", ALL, ids=lambda e: e.id)
@given(odd=ODD)
@settings(max_examples=25, deadline=None)
def test_a_check_survives_any_answer(exercise, odd):
    """Judges get whatever a learner returns; none of it may end in a traceback."""
    for answer in (odd, lambda *inputs: odd):
        verdict = assess(exercise, answer, 0)
        assert 0 <= verdict.share < 1


def test_a_mark_is_a_bare_number_and_a_card():
    mark = check("topo", define(reference(exercises()["topo"]), exercises()["topo"]))
    assert (repr(mark), mark) == ("4.0", 4)
    assert "4 of 4 points" in mark._repr_html_()
    assert "✓" in mark._repr_html_()


def test_a_card_escapes_what_the_learner_wrote():
    def topo(graph, root):
        print("<script>alert(1)</script>")
        raise ValueError("<img src=x>")

    html = check("topo", topo)._repr_html_()
    assert "<script>" not in html
    assert "<img" not in html
    assert "&lt;img" in html


def test_a_check_writes_nothing_to_stderr_and_shows_what_was_printed():
    code = (
        "import sys, warnings, backprop_lab as bl\n"
        "def topo(graph, root):\n"
        "    print('looking at', root); print('oh', file=sys.stderr); warnings.warn('beware')\n"
        "    return []\n"
        "mark = bl.check('topo', topo)\n"
        "assert 'looking at' in mark._repr_html_()\n"
        "bl.check('no such exercise', topo)"
    )
    done = subprocess.run(
        [sys.executable, "-W", "always", "-c", code], capture_output=True, text=True
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_parts_are_marked_one_by_one():
    exercise = exercises()["keep"]
    answer = define(reference(exercise), exercise) | {"exp": ["x"]}
    assert np.isclose(check("keep", answer), exercise.points * 4 / 5)


@pytest.mark.parametrize("exercise", ALL, ids=lambda e: e.id)
def test_there_are_three_hints_titled_by_symptom(exercise):
    assert len(exercise.hints) == 3
    for step in (1, 2, 3):
        assert exercise.hints[step - 1].text in hint(exercise.id, step)
    assert "1 to 3" in hint(exercise.id, 4)


@pytest.mark.parametrize("exercise", ALL, ids=lambda e: e.id)
def test_judging_needs_the_reports_alone(exercise):
    """The grader judges in another process, from data that has been through JSON."""
    from backprop_lab.exercises.probing import run_cases

    cases = exercise.cases(1)
    answer = define(reference(exercise), exercise)
    reports = run_cases(exercise, answer, cases)
    text = json.dumps(reports, default=lambda a: {"array": a.tolist()})
    back = json.loads(text, object_hook=lambda d: np.array(d["array"]) if "array" in d else d)
    assert judge_all(exercise, cases, back).status == "right"


def test_the_package_holds_no_solution():
    """No statement of a solution cell, longer than a phrase, stands anywhere in the package."""
    package = "\n".join(
        p.read_text(encoding="utf-8") for p in (ROOT / "backprop_lab").rglob("*.py")
    )
    package = re.sub(r"\s+", "", package)
    for exercise in ALL:
        solution = SOLUTION.search(CELLS[exercise.id])[2]
        assert re.sub(r"\s+", "", solution) not in package, exercise.id
