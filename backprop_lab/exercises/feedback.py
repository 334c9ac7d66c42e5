"""What to say of a practice problem that is filled in: where it goes wrong, and what follows.

A number is held against what the learner's own numbers before it give. One that does not follow
from them is a slip of its own; a wrong one that does follow is no second mistake.
"""

from math import isclose

import numpy as np

from .slips import FUNCTIONS, LOST, ONE_IS_MISSING, SLIPS, entries, local_derivatives, messages

ORDINAL = ("first", "second")


def feedback(problem, answer):
    """What to say of an answer, in a few sentences."""
    try:
        given = read_form(problem.form, answer)
    except (TypeError, KeyError, ValueError) as error:
        return f"The answer has another form than the blank one: {error}"
    filled = {place: x for place, x in given.items() if x is not ...}
    if not filled:
        return "Nothing is filled in yet."
    wanted, *_ = follow(problem, {})
    wrong = [place for place in wanted if place in filled and not agree(filled, wanted, place)]
    if not wrong:
        left = len(given) - len(filled)
        return f"All {len(filled)} are right." + (f" {left} are still blank." if left else "")
    said = f"{len(filled) - len(wrong)} of {len(filled)} are right."
    return f"{said} {what_went_wrong(problem, filled, wrong)}"


def what_went_wrong(problem, filled, wrong):
    """The first number that does not follow from those before it, its slip, and the rest."""
    due, values, local, gradients = follow(problem, filled)
    slips = [place for place in wrong if not agree(filled, due, place)]
    said = [f"Look at {where(slips[0])} first."]
    if slips[0] == ("gradients", list(problem.rows)[-1]):
        said.append("How far does the result move per unit of itself?")
    elif slips[0][0] != "values":
        said.insert(0, explain(problem.rows, (values, local, gradients), filled, slips))
    follows = len(wrong) - len(slips)
    if follows == 1:
        said.append("One more is wrong, and follows from what you have: it will come right.")
    elif follows:
        said.append(
            f"{follows} more are wrong, and follow from what you have: they will come right."
        )
    return " ".join(filter(None, said))


def follow(problem, filled):
    """What is due at each place, given the learner's numbers before it, in the order of the work.

    Returns due, as {place: number}, and values, local derivatives and gradients as the learner has
    them; what is blank is as it follows from the rest.
    """
    rows, due = problem.rows, {}

    def take(place, number):
        due[place] = number
        return filled.get(place, number)

    values = dict(problem.leaves)
    for name, (symbol, *inputs) in rows.items():
        if inputs:
            number = FUNCTIONS[symbol](*[values[x] for x in inputs])
            values[name] = take(("values", name), number)
    local = {
        name: [take(("local", name, i), slope) for i, slope in enumerate(slopes)]
        for name, slopes in local_derivatives(rows, values).items()
    }
    gradients = {}
    for name in reversed(rows):
        heard = sum(
            upstream * slope for _, upstream, slope in messages(rows, local, gradients, name)
        )
        gradients[name] = take(("gradients", name), heard if gradients else 1.0)
    return due, values, local, gradients


def explain(rows, own, filled, slips):
    """The sentence of the one slip that explains what went wrong, or "" if none or several do."""
    values, local, gradients = own

    def throughout(slip):
        theirs = entries({n: values[n] for n in local}, *slip.rule(rows, values))
        return all(agree(filled, theirs, place) for place in filled)

    def at(slip, place):
        part, name, *slot = place
        if part == "local":
            numbers = [slip.rule(rows, values)[0][name][slot[0]]]
        else:
            numbers = slip.once(rows, local, gradients, name) if slip.once else []
        return any(isclose(filled[place], x, rel_tol=1e-3) for x in numbers)

    here = [slip for slip in SLIPS if all(at(slip, place) for place in slips)]
    here = here or [slip for slip in SLIPS if at(slip, slips[0])]
    found = [slip for slip in SLIPS if throughout(slip)] or here
    if len(found) == 1:
        doubt = any(slip is not found[0] for slip in here)
        return f"It may be this: {found[0].says}" if doubt else found[0].says
    return ONE_IS_MISSING if found and all(slip.id in LOST for slip in found) else ""


def agree(filled, numbers, place):
    return isclose(filled[place], numbers[place], rel_tol=1e-3)


def read_form(form, answer):
    """{where it stands: a number, or ... if blank}; raises for what is not filled in like form."""
    given = {}
    for part, blanks in form.items():
        for name, blank in blanks.items():
            found = answer[part][name]
            if isinstance(blank, list):
                if len(found) != len(blank):
                    raise ValueError(f'"{part}" of {name} has {len(blank)} places.')
                given |= {(part, name, i): as_number(x) for i, x in enumerate(found)}
            else:
                given[part, name] = as_number(found)
    return given


def as_number(x):
    if x is ...:
        return x
    if isinstance(x, (int, float, np.number)) and not isinstance(x, bool):
        return float(x)
    raise TypeError(f"{x!r} is no number.")


def where(place):
    """A place of the form in words.

    >>> where(("local", "d", 1))
    'the local derivative of d by its second input'
    """
    part, name, *slot = place
    if part == "local":
        return f"the local derivative of {name} by its {ORDINAL[slot[0]]} input"
    return f"the {'value' if part == 'values' else 'gradient'} of {name}"
