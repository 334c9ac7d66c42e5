"""What a learner calls things: the names of tensors, read from the variables that hold them."""

from .engine import Tensor


def variable_names(frame):
    """What the variables of a frame call their tensors, as {id(tensor): name}.

    The first name for a tensor stays.
    """
    names = {}
    for name, tensor in variables(frame, Tensor):
        names.setdefault(id(tensor), name)
    return names


def variables(frame, kind):
    """The variables of a frame that hold an object of a class, as pairs of a name and the object.

    Local variables come before global ones. Left out are names that begin with _, as notebooks
    give to past outputs, and those that nobody could type, as tools give to their own.
    """
    return [
        (name, value)
        for scope in (frame.f_locals, frame.f_globals)
        for name, value in list(scope.items())
        if name.isidentifier() and not name.startswith("_") and isinstance(value, kind)
    ]


def unused(name, taken):
    """`name`, or the next one that is not taken, which it is from now on: x, x2, x3, …

    taken: {a name: the next number to try after its stem}, so that each name is found at once.
    """
    stem, first = name.rstrip("0123456789") or name, name
    while name in taken:
        number = taken.get(first, 2)
        taken[first], name = number + 1, f"{stem}{number}"
    taken[name] = taken.get(name, 2)
    return name
