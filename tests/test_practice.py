"""Practice: finite, pleasant, unambiguous, the same for the same seed, and every slip named.

The numbers are held against the engine, and slips are planted in full and one by one.
"""

import json
from copy import deepcopy
from math import isfinite

import pytest

import backprop_lab as bl
from backprop_lab.exercises.feedback import follow, where
from backprop_lab.exercises.practice import LARGEST, written
from backprop_lab.exercises.slips import SLIPS, entries, forward, right

PROBLEMS = [bl.practice(difficulty=1 + seed % 5, seed=seed) for seed in range(1000)]
ENGINE = {
    "+": lambda x, y: x + y, "-": lambda x, y: x - y, "*": lambda x, y: x * y,
    "square": lambda x: x * x, "max": bl.ops.maximum,
}  # fmt: skip


def solved(problem, rule=right):
    values = forward(problem.rows, problem.leaves)
    local, gradients = rule(problem.rows, values)
    return {
        "values": {name: values[name] for name in problem.form["values"]},
        "local": local,
        "gradients": gradients,
    }


def changing(problem):
    """The slips that change something on this graph."""
    return [slip for slip in SLIPS if solved(problem, slip.rule) != solved(problem)]


def test_a_thousand_problems_have_finite_pleasant_answers():
    for problem in PROBLEMS:
        answer = solved(problem)
        for x in [*answer["values"].values(), *answer["gradients"].values()]:
            assert isfinite(x) and 0 < abs(x) <= LARGEST
            assert x == int(x)


def test_values_and_gradients_are_those_of_the_engine():
    for problem in PROBLEMS[:100]:
        tensors = {}
        for name, (symbol, *inputs) in problem.rows.items():
            if inputs:
                tensors[name] = ENGINE[symbol](*[tensors[x] for x in inputs])
                tensors[name].retain_grad()
            else:
                tensors[name] = bl.tensor(problem.leaves[name], requires_grad=True)
        tensors[name].backward()
        answer = solved(problem)
        assert answer["values"] == {x: tensors[x].item() for x in answer["values"]}
        assert answer["gradients"] == {x: t.grad.item() for x, t in tensors.items()}


def test_the_right_answer_is_right_and_a_blank_one_is_blank():
    for problem in PROBLEMS:
        assert repr(problem.check(solved(problem))).endswith("are right.")
        assert repr(problem.check(problem.form)) == "Nothing is filled in yet."


def test_no_slip_that_shows_gives_the_right_answer_or_that_of_another():
    for problem in PROBLEMS:
        answers = [solved(problem), *(solved(problem, slip.rule) for slip in changing(problem))]
        assert len(answers) > 4
        for i, answer in enumerate(answers):
            assert answer not in answers[:i]


def test_a_planted_slip_is_named():
    seen = set()
    for problem in PROBLEMS:
        for slip in changing(problem):
            said = repr(problem.check(solved(problem, slip.rule)))
            assert slip.says in said, (problem.seed, slip.id)
            seen.add(slip.id)
    assert seen == {slip.id for slip in SLIPS}


def test_every_slip_is_tried_at_some_difficulty_from_the_first():
    for difficulty in range(1, 6):
        of_this = [problem for problem in PROBLEMS if problem.difficulty == difficulty]
        assert len({slip.id for problem in of_this for slip in changing(problem)}) >= 4


def test_a_number_that_no_slip_explains_is_pointed_at():
    problem = bl.practice(difficulty=3, seed=1)
    answer = solved(problem)
    answer["values"][next(iter(answer["values"]))] += 0.5
    assert "Look at the value of" in repr(problem.check(answer))


def carried_on(problem, place, number):
    """A form that is right but for one number, and follows from it after that."""
    _, values, local, gradients = follow(problem, {place: number})
    return {"values": {x: values[x] for x in local}, "local": local, "gradients": gradients}


def test_an_error_in_one_number_is_found_and_what_follows_from_it_is_no_second_one():
    for problem in PROBLEMS[:40]:
        for place, number in follow(problem, {})[0].items():
            said = repr(problem.check(carried_on(problem, place, number + 0.6)))
            assert f"Look at {where(place)} first." in said, (problem.seed, place)
            assert not any(slip.says in said for slip in SLIPS)
            wrong = int(said.split(" of ")[1].split()[0]) - int(said.split()[0])
            more = {1: "", 2: "One more is wrong"}.get(wrong, f"{wrong - 1} more are wrong")
            assert more in said


def test_a_slip_at_one_place_is_named_or_left_open_but_no_other_is_accused():
    named = 0
    for problem in PROBLEMS[:60]:
        due, values, local, gradients = follow(problem, {})
        last = ("gradients", list(problem.rows)[-1])
        for slip in SLIPS:
            for place in due.keys() - {last}:
                for number in at_one_place(slip, problem, place, values, local, gradients):
                    if number == due[place]:
                        continue
                    said = repr(problem.check(carried_on(problem, place, number)))
                    assert f"Look at {where(place)} first." in said
                    others = [other.id for other in SLIPS if other.says in said and other != slip]
                    assert not others or "It may be this" in said, (problem.seed, slip.id, others)
                    named += slip.says in said
    assert named > 500


def at_one_place(slip, problem, place, values, local, gradients):
    """The numbers that a slip may give at one place, if all before it is right."""
    part, name, *slot = place
    if part == "local" and slip.once is None:
        return [slip.rule(problem.rows, values)[0][name][slot[0]]]
    if part == "gradients" and slip.once is not None:
        return slip.once(problem.rows, local, gradients, name)
    return []


def test_half_an_answer_is_marked_as_far_as_it_goes():
    problem = bl.practice(difficulty=3, seed=1)
    answer = problem.form
    answer["values"] = solved(problem)["values"]
    said = repr(problem.check(answer))
    assert said.startswith("All 4 are right.") and "still blank" in said


@pytest.mark.parametrize("change", [
    lambda answer: answer.pop("local"),
    lambda answer: answer["values"].clear(),
    lambda answer: answer["local"].update({next(iter(answer["local"])): [1.0, 2.0, 3.0]}),
    lambda answer: answer["gradients"].update({next(iter(answer["gradients"])): "12"}),
])  # fmt: skip
def test_another_form_is_no_crash(change):
    problem = bl.practice(difficulty=2, seed=1)
    answer = deepcopy(solved(problem))
    change(answer)
    assert "another form" in repr(problem.check(answer))
    for odd in (None, 3, [], "x", {}):
        assert "another form" in repr(problem.check(odd))


def test_the_same_seed_or_learner_gives_the_same_problem_and_others_another():
    def text(**which):
        return repr(bl.practice(difficulty=4, **which))

    assert text(seed=7) == text(seed=7) != text(seed=8)
    assert text(learner="ada@example.org") == text(learner="ada@example.org")
    assert len({text(learner=f"learner {i}") for i in range(30)}) == 30
    assert repr(bl.practice(seed=7).next()) == repr(bl.practice(seed=8))


def test_the_form_can_be_copied_from_what_is_shown():
    problem = bl.practice(difficulty=5, seed=3)
    text = repr(problem).split("answer = ")[1]
    assert eval(text) == problem.form
    assert "<img" in problem._repr_html_()


def test_what_there_is_no_practice_on_is_refused():
    with pytest.raises(ValueError, match="chain-rule"):
        bl.practice("matrices")
    with pytest.raises(ValueError, match="1 to 5"):
        bl.practice(difficulty=6)


def test_rows_are_written_as_formulas():
    assert written("d", ["square", "c"]) == "d = c²"
    assert written("d", ["-", "a", "b"]) == "d = a − b"


def test_every_number_of_a_form_has_a_place():
    problem = bl.practice(difficulty=5, seed=3)
    places = entries(**solved(problem))
    assert json.dumps(list(places.values()))
    assert len(places) == len({*places})
