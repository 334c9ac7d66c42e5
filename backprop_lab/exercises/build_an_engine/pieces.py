"""What the page has defined by then: Node and Value, an order, and graphs built from rows.

`Node`, `Value`, `Add` and `Multiply` stand on the page word for word (a test compares them).
"""

from ..probing import describe_error


class Node:
    def __init__(self, op, inputs):
        self.op, self.inputs, self.saved_tensors = op, inputs, ()

    def save_for_backward(self, *numbers):
        self.saved_tensors = numbers


class Value:
    def __init__(self, data, node=None):
        self.data, self.node, self.grad = data, node, 0.0


class Add:
    def forward(ctx, x, y):
        return x + y

    def vjp(ctx, z_bar):
        return z_bar, z_bar


class Multiply:
    def forward(ctx, x, y):
        ctx.save_for_backward(x, y)
        return x * y

    def vjp(ctx, z_bar):
        x, y = ctx.saved_tensors
        return z_bar * y, z_bar * x


class Given:
    """An operator whose local derivatives are fixed when its node is made; it counts its calls."""

    def vjp(ctx, z_bar):
        ctx.asked = getattr(ctx, "asked", 0) + 1
        return tuple([z_bar * slope for slope in ctx.saved_tensors])


def build(rows, local):
    """Values for rows that stand in a topological order, as {name: Value}; leaves have no node.

    Their numbers differ, are mixed in sign and never 1: nobody mistakes them for gradients.
    """
    values = {}
    for i, (name, (_, *inputs)) in enumerate(rows.items()):
        node = given([values[x] for x in inputs], local[name]) if inputs else None
        values[name] = Value((-1) ** i * (1.5 + i / 4), node)
    return values


def given(inputs, slopes):
    """A node that reads `inputs`, with these local derivatives."""
    node = Node(Given, inputs)
    node.save_for_backward(*slopes)
    return node


def order_of(output):
    """Every value that `output` depends on, inputs before readers (what notebook 1 called topo)."""
    order, down, waiting = [], set(), [output]
    while waiting:
        value = waiting[-1]
        missing = [x for x in value.node.inputs if x not in down] if value.node else []
        if missing:
            waiting.append(missing[0])
        else:
            waiting.pop()
            if value not in down:
                down.add(value)
                order.append(value)
    return order


def one_step_back(loss):
    """`backward` for a loss whose node reads the weights themselves: what `descend` is given."""
    for x, message in zip(loss.node.inputs, loss.node.op.vjp(loss.node, 1.0), strict=True):
        x.grad += message


class Counted(float):
    """A message that is counted as long as somebody holds it: `alive` has one number.

    Each run has its own: what an earlier one left behind may be collected at any moment.
    """

    def __new__(cls, value, alive):
        return super().__new__(cls, value)

    def __init__(self, value, alive):
        self.alive = alive
        alive[0] += 1

    def __del__(self):
        self.alive[0] -= 1

    def __add__(self, other):
        return Counted(float(self) + float(other), self.alive)

    def __copy__(self, memo=None):
        return self  # as of any float

    __deepcopy__ = __copy__

    __radd__ = __add__


class Watching:
    """An operator with fixed local derivatives that notes how many messages are alive."""

    def vjp(ctx, z_bar):
        ctx.peaks.append(ctx.alive[0])
        return tuple([Counted(float(z_bar) * slope, ctx.alive) for slope in ctx.saved_tensors])


def one_by_one(run, answer, names, case):
    """{name: what `run(answer[name], name, case)` gives}: an exception costs no other its point."""
    strange = [key for key in answer if key not in names]
    if strange and any(name not in answer for name in names):
        raise ValueError(f"there is no place for {strange[0]!r}; the keys are {', '.join(names)}")
    told = {}
    for name in names:
        try:
            piece = answer.get(name, ...)
            told[name] = piece if piece is ... or piece is None else run(piece, name, case)
        except Exception as error:
            told[name] = {"raised": describe_error(error)}
    return told


class Traced:
    """A number that writes down, as rows and values, what is done to it with + and *."""

    def __init__(self, rows, values, data, row):
        self.rows, self.values, self.data, self.name = rows, values, data, f"t{len(rows)}"
        rows[self.name], values[self.name] = row, data

    def make(self, data, row):
        return Traced(self.rows, self.values, data, row)

    def __add__(self, other):
        other = self.lift(other)
        return self.make(self.data + other.data, ["+", self.name, other.name])

    def __mul__(self, other):
        other = self.lift(other)
        return self.make(self.data * other.data, ["*", self.name, other.name])

    __radd__, __rmul__ = __add__, __mul__

    def unknown(self, *others):
        raise TypeError("only + and * can be used here")

    __sub__ = __rsub__ = __neg__ = __truediv__ = __rtruediv__ = __pow__ = __rpow__ = unknown
    __array_ufunc__ = None  # so NumPy's numbers leave + and * to this class

    def lift(self, other):
        if isinstance(other, Traced):
            return other
        if isinstance(other, (int, float)):
            return self.make(float(other), ["constant"])
        raise TypeError(f"A graph is made of x and numbers here; {other!r} is neither.")
