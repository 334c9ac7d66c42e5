"""What a learner calls things: the names of tensors, read from the variables that hold them."""

from .engine import Tensor


def variable_names(frame):
    """What the variables of a frame call their tensors, as {id(tensor): name}.

    Local variables come before global ones, and the first name for a tensor stays. Left out are
    names that begin with _, as notebooks give to past outputs, and those that nobody could type,
    as tools give to their own.
    """
    names = {}
    for scope in (frame.f_locals, frame.f_globals):
        for name, value in list(scope.items()):
            typed = name.isidentifier() and not name.startswith("_")
            if typed and isinstance(value, Tensor):
                names.setdefault(id(value), name)
    return names
