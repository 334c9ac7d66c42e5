"""What an operator of PyTorch read, as far as it is known: also what requires no gradient.

A grad_fn leads only to what requires a gradient. All else that was read is found where a recording
has noted it, or where the node has saved it; or not at all.
"""

from dataclasses import dataclass
from math import prod

from .keeping import kept_by, option, slot_of
from .kinds import full_name, is_custom, kind_of, stem
from .walking import Result, notes


@dataclass(eq=False)
class Operand:
    """One thing that an operator read.

    source: a Result, a tensor, a number, or None if it is not known; slot: its place among the
    `next_functions`, None for a number that is not among them.
    """

    source: object
    slot: int | None

    @property
    def known(self):
        return self.source is not None

    @property
    def is_tensor(self):
        return hasattr(self.source, "requires_grad")

    @property
    def key(self):
        """What tells a source from others in one record."""
        if isinstance(self.source, Result):
            return self.source
        return id(self.source) if self.is_tensor else self

    @property
    def size(self):
        """Its number of entries; None if it is not known."""
        if not self.known:
            return None
        return prod(self.source.shape) if hasattr(self.source, "shape") else 1


def operands(result):
    """The Operands of a Result, in the order in which they are written."""
    return result.operands or find_operands(result)


def find_operands(result):
    function, found = result.function, []
    missing = [slot for slot, x in enumerate(result.inputs) if x is None]
    others = not_differentiated(result, missing) if missing else {}
    for slot, source in enumerate(result.inputs):
        if source is not None:
            found.append(Operand(source, slot))
        elif slot in others:
            found.append(Operand(others[slot], slot))
    name = full_name(function)
    if name == "PowBackward0":
        found.append(Operand(option(function, "exponent"), None))
    elif name == "PowBackward2":
        found.insert(0, Operand(option(function, "self"), None))
    elif stem(function) == "Rsub" and len(found) == 1:
        found.insert(0, Operand(notes(function).get("numbers", [None])[0], None))
    result.operands = found
    return found


def not_differentiated(result, slots):
    """What stands in the slots without a next function, as {slot: tensor, number, or None}; slots
    in which there was nothing, such as a bias that a layer does not have, are left out."""
    recorded = notes(result.function).get("read", {})
    found = {slot: recorded[slot] for slot in slots if slot in recorded}
    if recorded:
        return found
    for name, x in kept_by(result) or ():
        slot = slot_of(result, name, x)
        if slot in slots and slot not in found:
            found[slot] = x
    reads = kind_of(result.function).reads
    must = [not read.endswith("?") for read in reads]
    listed = stem(result.function) in ("Cat", "Stack") or is_custom(result.function)
    for slot in slots:
        if listed or (slot < len(must) and must[slot]):
            found.setdefault(slot, None)
    return found


def constant_text(x):
    """What is written on a constant without a name."""
    if getattr(x, "shape", ()) == ():
        return f"{float(x):.4g}"
    return "constant"
