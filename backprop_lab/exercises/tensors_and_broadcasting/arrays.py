"""What the judges of this notebook share: transposes by probing, and rules that answers follow."""

from copy import deepcopy

import numpy as np

from ..diagnosis import as_array, diagnose, short
from ..judging import near
from ..probing import plain
from ..random_graphs import what_came


def mixed(rng, *shape):
    """Random numbers of both signs, none of them near 0 or 1."""
    return rng.choice([-1, 1], shape) * rng.choice([0.3, 1.2], shape) * rng.uniform(1, 1.9, shape)


def transpose_of(push_forward, shape, z_bar):
    """The cotangent of an input of a linear function: ⟨J e, z_bar⟩ for every unit array e.

    That is what Jᵀ is: ⟨J e, z_bar⟩ = ⟨e, Jᵀ z_bar⟩, and e picks out one entry of Jᵀ z_bar.

    >>> transpose_of(lambda x: 3 * x, (2,), np.array([1.0, -2.0]))
    array([ 3., -6.])
    """
    units = np.eye(int(np.prod(shape))).reshape(-1, *shape)
    return np.array([np.sum(push_forward(unit) * z_bar) for unit in units]).reshape(shape)


def fault(name, output, wanted, sizes=()):
    """What is wrong with one returned array, in a sentence or two; None if nothing is."""
    got = as_array(output)
    if got is None:
        return f"{name} has to be an array of numbers; {what_came(output)}"
    said = diagnose(got, wanted, sizes)
    if said and got.size <= 12:
        return f"{name}: {said}\nYours is {short(got)}."
    return said and f"{name}: {said}"


def follows(name, code, where=lambda case: True, pick=lambda returned: returned):
    """A `looks_like`: does an answer give what a piece of wrong code gives?

    Arguments: name (that the code defines), code, where (which cases count), pick (which part of
    what is returned counts).
    """

    def looks_like(cases, reports):
        namespace = {"np": np}
        exec(code, namespace)
        pairs = [pair for pair in zip(cases, reports, strict=True) if where(pair[0])]
        return all(alike(outcome(namespace[name], case), report, pick) for case, report in pairs)

    return looks_like


def outcome(answer, case):
    """What a wrong rule does with one case, in the form of a report."""
    try:
        return {"returned": plain(answer(*deepcopy(case).values()))}
    except Exception as error:
        return {"raised": type(error).__name__}


def alike(x, y, pick):
    """Whether two reports agree in the part that counts, or raised the same kind of exception."""
    if "raised" in x or "raised" in y:
        return x.get("raised", "").split(":")[0] == y.get("raised", "?").split(":")[0]
    x, y = (as_array(pick(report["returned"])) for report in (x, y))
    return x is not None and y is not None and near(x, y)
