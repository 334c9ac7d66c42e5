"""What PyTorch has kept: the tensors that a node has saved for its backward."""

from functools import cache

from .kinds import is_custom, kind_of
from .walking import Result


def kept_by(result):
    """The tensors that the operator of a Result has saved, as pairs of PyTorch's name and a tensor;
    None if it has freed them, or they have been changed since."""
    if not result.looked:
        result.looked = True
        try:
            result.kept = list(saved_tensors(result.function))
        except RuntimeError as error:
            result.freed = is_freed(error)
    return result.kept


def is_freed(error):
    """Is this what PyTorch says of a node whose saved tensors are gone?"""
    return "second time" in str(error)


def saved_tensors(function):
    import torch

    if is_custom(function):
        found = [("saved", function.saved_tensors), *vars(function).items()]
    else:
        names = saved_names(type(function))
        found = [(name, getattr(function, f"_saved_{name}")) for name in names]
    for name, x in found:  # a list that grows: some save a tuple
        if isinstance(x, torch.Tensor):
            yield name, x
        elif isinstance(x, (tuple, list)):
            found.extend((name, part) for part in x)


@cache
def saved_names(cls):
    """What nodes of a class save, by name."""
    return [name.removeprefix("_saved_") for name in dir(cls) if name.startswith("_saved_")]


def option(function, name):
    """Something else that a node keeps, such as an exponent; None if it keeps no such thing."""
    try:
        return getattr(function, f"_saved_{name}", None)
    except RuntimeError:
        return None


def slot_of(result, name, x):
    """Which input of its operator a saved tensor is; "output" or "other" if it is none."""
    if x.grad_fn is not None and x.grad_fn is result.function:
        return "output"
    for slot, source in enumerate(result.inputs):
        if source is x or (isinstance(source, Result) and is_same(source, x)):
            return slot
    reads = [read.rstrip("?") for read in kind_of(result.function).reads]
    if name in reads and not x.requires_grad:
        slot = reads.index(name)
        if slot >= len(result.inputs) or result.inputs[slot] is None:
            return slot
    return "other"


def is_same(result, x):
    """Is x the tensor that a Result stands for?"""
    return x.grad_fn is result.function and x.output_nr == result.number
