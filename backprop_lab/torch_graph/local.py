"""The local derivative on each edge of PyTorch's graph, as `graph.local` finds it for ours."""

from ..graph.local import ENTRYWISE
from ..graph.parts import make_value
from .arrays import as_array
from .sweeping import pull_back, zeros


class Locals:
    """How a Result moves with each of its operands.

    Arguments: result, kind (its Kind), read (its Operands), names (of these), known (work out the
    numbers, which runs the operator's rule?).
    """

    def __init__(self, result, kind, read, names, known):
        self.result, self.kind, self.read, self.names = result, kind, read, names
        self.numbers = self.probe() if known else {}

    def of(self, place):
        """One local derivative as a dict; None where no gradient passes."""
        operand = self.read[place]
        source = operand.source
        if operand.slot is None or self.result.inputs[operand.slot] is None:
            return None
        number = self.numbers.get(operand.slot)
        value = None if number is None else make_value(number)
        if self.result.shape == () and tuple(source.shape) == ():
            return {"kind": "scalar", "text": None, "value": value}
        kind, text = self.kind.local, self.kind.local
        if kind == "matmul":
            kind, text = self.matmul(place)
        return {"kind": kind, "text": text, "value": value}

    def probe(self):
        """{slot: derivative entry by entry}, where it has that form: from a cotangent of ones."""
        shape = self.result.shape
        if shape != () and self.kind.local not in ENTRYWISE:
            return {}
        ones = zeros(self.result.function._input_metadata[self.result.number]) + 1
        x_bars = pull_back(self.result, ones)
        return {
            slot: as_array(x_bar)
            for slot, x_bar in enumerate(x_bars)
            if x_bar is not None and tuple(self.result.inputs[slot].shape) == shape
        }

    def matmul(self, place):
        """What a cotangent is multiplied by on its way through a matrix product."""
        factors = len(self.read) - 2  # addmm adds its first operand
        if place < factors:
            return "identity", "identity"
        other = factors + (1 if place == factors else 0)
        source = self.read[other].source
        name = self.names[other]
        if not name or not name.isidentifier():
            shape = getattr(source, "shape", None)
            name = f"({name or ('×'.join(map(str, shape)) if shape is not None else '?')})"
        return "matmul", f"· {name}ᵀ" if place == factors else f"{name}ᵀ ·"
