"""Writing answers from their pieces."""

import re


def function(head, *lines):
    return f"def {head}:\n" + "".join(f"    {line}\n" for line in lines)


LOSS = "loss = ops.softmax_cross_entropy(ops.tanh(x @ W1 + b1) @ W2 + b2, labels)"
CLEAR = "for w in weights: w.grad = None"
BACK = "loss.backward()"
MOVE = "for w in weights: w.data = w.data - rate * w.grad"


def step(*lines, end="return loss.item()"):
    return function("train_step(weights, x, labels, rate)", "W1, b1, W2, b2 = weights", *lines, end)


def norms(*lines):
    return function("gradient_norms(layers)", *lines)


def chain(initial, layer, before=""):
    """A `mend_depth`; `normal` is a matrix of normal numbers."""
    initial = re.sub(r"(?<!\.)normal", "rng.normal(size=(width, width))", initial)
    return (
        f'{before}\nmend_depth = {{"initial": lambda rng, width: {initial},'
        f' "layer": lambda x, W: {layer}}}\n'
    )


def checkpoint(*lines):
    return function("checkpointed(layers, x, z_bar, segments, rng)", *lines)


def loss(*lines):
    return function("stable_loss(scores, labels)", "m, B = scores * labels, len(scores)", *lines)


def operator(forward, vjp, jvp, tests, inputs="(np.array([0.5, -1.5, 2.0]),)", takes="x",
             moves="x_dot", before=""):  # fmt: skip
    """A `my_op`; the rules find `x` (or what forward takes) in what was saved."""
    comma = "," if "," not in takes else ""
    return f"""
{before}
class Mine(bl.Op):
    def forward(ctx, {takes}):
        ctx.save_for_backward({takes})
        return {forward}
    def vjp(ctx, z_bar):
        {takes}{comma} = ctx.saved_tensors
        return {vjp}
    def jvp(ctx, {moves}):
        {takes}{comma} = ctx.saved_tensors
        return {jvp}

{tests}
my_op = {{"op": Mine, "tests": tests, "inputs": {inputs}}}
"""


def tests(*lines):
    """`tests` with the value, the vjp and the jvp of one point, for cotangents U and tangents V."""
    return f"""
X, U, V = np.array([1.0, -2.0, 0.5]), np.array([-0.7, 1.3, 2.1]), np.array([0.4, -1.1, 1.7])

{
        function(
            "products(op, u=U)",
            "x = bl.tensor(X, requires_grad=True)",
            "z = op.apply(x)",
            "z.backward(u)",
            "return z.data, x.grad, bl.jvp(op.apply, [X], [V])[1].data",
        )
    }

{function("tests(op)", *lines)}
"""
