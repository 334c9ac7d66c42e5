"""For notebook 6: answers that differ from the solution and are as good."""

from .written import apart, function

SAVE = "ctx.save_for_backward(x)\n"
SQUARED = "(x,) = ctx.saved_tensors\n"
PRODUCT = "ctx.save_for_backward(x, w)\nctx.c = c\nreturn c * x * w"
SAVED = "x, w = ctx.saved_tensors\n"
LARGEST = "z, index = x.max(dim=1)\nctx.mark_non_differentiable(index)\n"
INSIDE = "grad_output * ((x >= -1) & (x <= 1))"


def square(forward, backward, **more):
    return function("SquareAndDouble", forward, backward, **more)


def exp(forward, backward, **more):
    return function("ExpScaled", forward, backward, takes="x, k", **more)


def product(backward, forward=PRODUCT, **more):
    return function("WeightedProduct", forward, backward, "x, w, c", "z_bar", **more)


def cube(forward, backward, **more):
    return function("Cube", forward, backward, **more)


def largest(forward, backward, gets="z_bar, index_bar", **more):
    return function("MaxWithIndex", forward, backward, gets=gets, **more)


def vmap(forward, context, backward, **more):
    return apart("SquareAndDoubleUnderVmap", forward, context, backward, **more)


def straight(forward, backward, says="Not the derivative: straight through inside", **more):
    return function(
        "RoundStraightThrough", forward, backward, body=f"deliberate = {says!r}", **more
    )


RIGHT = {
    "SquareAndDouble": [
        square(SAVE + "return x.square().mul(2)", "return 4 * ctx.saved_tensors[0] * grad_output"),
        square(
            "y = x * x + x * x\nctx.save_for_backward(x, y)\nreturn y",
            "x, y = ctx.saved_tensors\nreturn torch.einsum('...,...->...', grad_output, 4 * x)",
        ),
        square(SAVE + "return 2 * x**2", SQUARED + "return grad_output * 4 * x", rule="vjp"),
        square(
            "ctx.save_for_backward(4 * x)\nctx.note = 'the slope'\nreturn 2 * x**2",
            "slope, = ctx.saved_tensors\nreturn (slope * grad_output,)",
        ),
        square(
            SAVE + "return torch.from_numpy(2 * x.detach().numpy() ** 2)",
            SQUARED + "return torch.from_numpy(4 * x.numpy() * grad_output.numpy())",
        ),
        square(
            SAVE + "return 2 * x**2",
            SQUARED + "with torch.enable_grad():\n"
            "    t = x.detach().requires_grad_()\n    y = 2 * t * t\n"
            "return torch.autograd.grad(y, t, grad_output)[0]",
        ),
        # static methods are not needed, and setup_context is as good
        """
class SquareAndDouble(torch.autograd.Function):
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return 2 * x * x
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return g * x * 4
""",
        apart("SquareAndDouble", "return 2 * x * x", "ctx.save_for_backward(*inputs)",
              "return 4 * ctx.saved_tensors[0] * z_bars[0]"),
    ],
    "ExpScaled": [
        exp(
            "ctx.k = k\ny = (x * k).exp()\nctx.save_for_backward(y)\nreturn y",
            "y = ctx.saved_tensors[0]\nx_bar = y.mul(grad_output).mul(ctx.k)\nreturn x_bar, None",
        ),
        exp(
            "ctx.own = {'k': k}\ny = torch.pow(torch.e, k * x)\nctx.save_for_backward(y)\nreturn y",
            "(y,) = ctx.saved_tensors\nreturn ctx.own['k'] * y * grad_output, None",
        ),
        exp(
            "y = x.mul(k).exp_()\nctx.save_for_backward(y)\nctx.k, ctx.shape = k, x.shape\n"
            "return y",
            "y, = ctx.saved_tensors\nreturn grad_output.reshape(ctx.shape) * y * ctx.k, None",
        ),
        exp(
            "y = torch.exp(k * x)\nctx.save_for_backward(y)\nctx.slope = lambda y: k * y\nreturn y",
            "return grad_output * ctx.slope(*ctx.saved_tensors), None",
        ),
        exp(
            "ctx.k = k\ny = torch.exp(k * x)\nctx.save_for_backward(y)\nreturn y",
            # more places than inputs: PyTorch allows that if they hold None
            "y, = ctx.saved_tensors\nreturn grad_output * y * ctx.k, None, None",
        ),
        """
class ExpScaled(torch.autograd.Function):
    @staticmethod
    def forward(x, k):
        return torch.exp(k * x)
    @staticmethod
    def setup_context(ctx, inputs, output):
        ctx.save_for_backward(output)
        _, ctx.k = inputs
    @staticmethod
    def vjp(ctx, y_bar):
        (y,) = ctx.saved_tensors
        return ctx.k * y_bar * y, None
""",
    ],
    "WeightedProduct": [
        product(
            SAVED + "needs_x, needs_w, _ = ctx.needs_input_grad\n"
            "x_bar = z_bar * (ctx.c * w) if needs_x else None\n"
            "w_bar = torch.einsum('bn,bn->n', z_bar, x) * ctx.c if needs_w else None\n"
            "return x_bar, w_bar, None"
        ),
        product(
            SAVED + "scaled = ctx.c * z_bar\n"
            "return (scaled * w if ctx.needs_input_grad[0] else None,\n"
            "        (scaled * x).sum(dim=0) if ctx.needs_input_grad[1] else None, None)"
        ),
        product(
            SAVED + "answer = [None, None, None]\n"
            "if ctx.needs_input_grad[0]:\n    answer[0] = torch.mul(z_bar, w).mul_(ctx.c)\n"
            "if ctx.needs_input_grad[1]:\n"
            "    answer[1] = sum(ctx.c * z_bar[b] * x[b] for b in range(len(x)))\n"
            "return tuple(answer)"
        ),
        product(
            SAVED + "if not ctx.needs_input_grad[0]:\n"
            "    return None, ctx.c * torch.ones(len(x), dtype=x.dtype) @ (z_bar * x), None\n"
            "if not ctx.needs_input_grad[1]:\n    return ctx.c * z_bar * w, None, None\n"
            "return ctx.c * z_bar * w, ctx.c * (z_bar * x).sum(0), None"
        ),
        # saves only what somebody will need
        product(
            "x, w = ctx.saved_tensors\nx_bar = w_bar = None\n"
            "if w is not None:\n    x_bar = z_bar * w * ctx.c\n"
            "if x is not None:\n    w_bar = (z_bar * x).sum(0) * ctx.c\n"
            "return x_bar, w_bar, None",
            "ctx.c = c\n"
            "needs_x, needs_w = ctx.needs_input_grad[:2]\n"
            "ctx.save_for_backward(x if needs_w else None, w if needs_x else None)\n"
            "return c * x * w",
        ),
        product(
            SAVED + "x_bar = w_bar = None\n"
            "if ctx.needs_input_grad[0]:\n    x_bar = z_bar * w * ctx.c\n"
            "if ctx.needs_input_grad[1]:\n    w_bar = torch.diagonal(z_bar.T @ x) * ctx.c\n"
            "return x_bar, w_bar, None",
            rule="vjp",
        ),
    ],
    "Cube": [
        cube(SAVE + "return x * x * x", SQUARED + "return 3 * x * x * grad_output"),
        cube(
            "y = x**3\nctx.save_for_backward(x, y)\nreturn y",
            "x, y = ctx.saved_tensors\nreturn grad_output * 3 * y / x",
        ),
        cube(
            SAVE + "return x.pow(3)",
            "x, = ctx.saved_tensors\nx_bar = x.pow(2).mul(3).mul(grad_output)\nreturn x_bar",
            rule="vjp",
        ),
        cube(SAVE + "return torch.from_numpy(x.detach().numpy() ** 3)",
             SQUARED + "return torch.square(x) * (grad_output + grad_output + grad_output)"),
        apart("Cube", "return x**3", "ctx.save_for_backward(*inputs)",
              "x, = ctx.saved_tensors\nreturn z_bars[0] * 3 * x**2"),
        cube(
            SAVE + "return x**3",
            SQUARED + "return Third.apply(x, grad_output)",
        ) + """
class Third(torch.autograd.Function):
    # the slope is an operator of its own, with a rule of its own
    def forward(ctx, x, g):
        ctx.save_for_backward(x, g)
        return 3 * x * x * g
    def backward(ctx, b):
        x, g = ctx.saved_tensors
        return 6 * x * g * b, 3 * x * x * b
""",
    ],
    "MaxWithIndex": [
        largest(
            LARGEST + "ctx.save_for_backward(index)\nctx.columns = x.shape[1]\nreturn z, index",
            "index, = ctx.saved_tensors\nx_bar = z_bar.new_zeros(len(index), ctx.columns)\n"
            "x_bar[torch.arange(len(index)), index] = z_bar\nreturn x_bar",
        ),
        largest(
            LARGEST + "ctx.save_for_backward(index, x)\nreturn z, index",
            "index, x = ctx.saved_tensors\n"
            "return torch.nn.functional.one_hot(index, x.shape[1]) * z_bar[:, None]",
        ),
        largest(
            "index = x.argmax(1)\nz = x.gather(1, index[:, None])[:, 0]\n"
            "ctx.mark_non_differentiable(index)\nctx.set_materialize_grads(False)\n"
            "ctx.save_for_backward(index)\nctx.shape = x.shape\nreturn z, index",
            "index, = ctx.saved_tensors\nx_bar = torch.zeros(ctx.shape, dtype=z_bar.dtype)\n"
            "for b, n in enumerate(index):\n    x_bar[b, n] = z_bar[b]\nreturn x_bar",
        ),
        # shared out among equals
        largest(
            LARGEST + "ctx.save_for_backward(x == z[:, None])\nreturn z, index",
            "share, = ctx.saved_tensors\n"
            "return z_bar[:, None] * share / share.sum(1, keepdim=True)",
            gets="z_bar, *_",
        ),
        largest(
            "index = x.shape[1] - 1 - x.flip(1).argmax(1)\nctx.mark_non_differentiable(index)\n"
            "ctx.index, ctx.shape = index, x.shape\nreturn x[torch.arange(len(x)), index], index",
            "x_bar = torch.zeros(ctx.shape, dtype=torch.float64)\n"
            "return x_bar.index_put((torch.arange(len(x_bar)), ctx.index), z_bar)",
        ),
        apart(
            "MaxWithIndex", "z, index = x.max(1)\nreturn z, index",
            "(x,), (z, index) = inputs, output\nctx.mark_non_differentiable(index)\n"
            "ctx.save_for_backward(index)\nctx.shape = x.shape",
            "index, = ctx.saved_tensors\nx_bar = z_bars[0].new_zeros(ctx.shape)\n"
            "return x_bar.scatter_(1, index.unsqueeze(1), z_bars[0].unsqueeze(1))",
        ),
    ],
    "SquareAndDoubleUnderVmap": [
        vmap("return x * x * 2", "x, = inputs\nctx.save_for_backward(x)",
             "x, = ctx.saved_tensors\nreturn 4 * x * z_bars[0]"),
        vmap("return 2 * x.pow(2)", "ctx.save_for_backward(inputs[0], output)",
             "x, y = ctx.saved_tensors\nreturn 2 * y / x * z_bars[0]"),
        vmap("return 2 * torch.square(x)", "ctx.save_for_backward(*inputs)\nctx.factor = 4",
             "return ctx.factor * ctx.saved_tensors[0] * z_bars[0]"),
        vmap("return 2 * x**2", "ctx.save_for_backward(*inputs)",
             "x, = ctx.saved_tensors\nassert x.ndim < 4\nreturn 4 * x * z_bars[0]"),
        vmap("return 2 * x**2", "ctx.save_for_backward(*inputs)\nctx.save_for_forward(*inputs)",
             "return 4 * ctx.saved_tensors[0] * z_bars[0]"),
        # a rule of its own for batches
        vmap("return 2 * x**2", "ctx.save_for_backward(*inputs)",
             "return 4 * ctx.saved_tensors[0] * z_bars[0]", body="generate_vmap_rule = False") + """
    @staticmethod
    def vmap(info, in_dims, x):
        return SquareAndDoubleUnderVmap.apply(x), in_dims[0]
""",
    ],
    "RoundStraightThrough": [
        straight(SAVE + "return x.round()", SQUARED + f"return {INSIDE}"),
        straight(
            "ctx.save_for_backward(x.abs() <= 1)\nreturn torch.round(x)",
            "inside, = ctx.saved_tensors\nreturn torch.where(inside, grad_output, 0.0)",
        ),
        straight(
            "ctx.inside = (x.clamp(-1, 1) == x)\nreturn torch.round(x)",
            "x_bar = grad_output.clone()\nx_bar[~ctx.inside] = 0\nreturn x_bar",
        ),
        straight(
            SAVE + "return torch.round(x)",
            SQUARED + "return grad_output.masked_fill(x.abs() > 1, 0)",
            rule="vjp",
        ),
        straight(
            SAVE + "return torch.from_numpy(np.round(x.detach().numpy()))",
            SQUARED + "return grad_output * (x.abs() < 1).to(grad_output.dtype)",
        ),
        apart("RoundStraightThrough", "return torch.round(x)", "ctx.save_for_backward(*inputs)",
              "x, = ctx.saved_tensors\nreturn z_bars[0] * (x.abs() <= 1)",
              body="deliberate = 'The slope of a staircase is 0; this one is made up.'"),
    ],
}  # fmt: skip
