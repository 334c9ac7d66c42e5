"""What PyTorch's graph keeps alive for the way back: the accounts that a ledger is made from."""

from dataclasses import dataclass

from ..errors import GradientError
from .keeping import kept_by, slot_of
from .kinds import full_name
from .operands import operands
from .walking import Result


@dataclass
class Entry:
    """What one operator keeps. tensor: the name of its result; op: what made it; kept: {what a
    buffer is: (its name, bytes)}; dense: the bytes of its Jacobians, were they built."""

    tensor: str
    op: str
    kept: dict
    dense: int


def accounts(source):
    """The entries of all operators behind a Source, the buffers of its leaves, and those that its
    graph holds besides: the leaves, and the result.

    A result in between is gone unless a rule has kept it. Raises GradientError if there is no
    graph, or PyTorch has freed it.
    """
    if source.output.grad_fn is None:
        raise GradientError(source.why_no_steps())
    recorder = source.recorder()
    titles = recorder.titles_of(recorder.graph())
    owners, leaves = {}, {}
    for x in recorder.leaves:
        leaves |= buffer(x)
        owners.setdefault(*buffer(x), titles[id(x)])
    entries = []
    for result in recorder.order:
        kept = kept_by(result)
        if kept is None:
            raise GradientError(
                "backward() has run through this graph, and PyTorch has freed what it had saved: "
                "nothing is kept any more. Look before backward(), or keep it with "
                "backward(retain_graph=True)."
            )
        named = {}
        for name, x in kept:
            title = name_of_kept(result, name, x, titles)
            for key, size in buffer(x).items():
                named[key] = owners.setdefault(key, title), size
        entries.append(Entry(titles[result], full_name(result.function), named, dense(result)))
    return entries, leaves, leaves | buffer(source.output)


def name_of_kept(result, name, x, titles):
    """What a saved tensor is called: as an input or result, else by PyTorch's name for it."""
    slot = slot_of(result, name, x)
    if slot == "output":
        return titles[result]
    found = [operand for operand in operands(result) if operand.slot == slot]
    return titles[found[0].key] if found else name


def buffer(x):
    """The memory behind a tensor, as {what it is: bytes}; a view has that of its base."""
    storage = x.untyped_storage()
    return {storage.data_ptr(): storage.nbytes()} if storage.nbytes() else {}


def dense(result):
    """The bytes of an operator's Jacobians: result size × size of each input."""
    sizes = [x.size if isinstance(x, Result) else x.numel() for x in result.inputs if x is not None]
    return sum(result.size * size for size in sizes) * result.dtype.itemsize
