"""For notebook 6: mistakes that no misconception lists; they are refused all the same."""

from .right import (
    INSIDE,
    LARGEST,
    PRODUCT,
    SAVE,
    SAVED,
    SQUARED,
    cube,
    exp,
    largest,
    product,
    square,
    straight,
    vmap,
)  # fmt: skip

TWICE = SAVE + "return 2 * x**2"
EXP = "y = torch.exp(k * x)\nctx.k = k\nctx.save_for_backward(y)\nreturn y"
Y = "y, = ctx.saved_tensors\n"
ASKED = "a, b, _ = ctx.needs_input_grad\nreturn ({x} if a else None, {w} if b else None, {c})"
KEEPS = LARGEST + "ctx.save_for_backward(index, x)\nreturn z, index"
BACK = "index, x = ctx.saved_tensors\nx_bar = torch.zeros_like(x)\nrows = torch.arange(len(x))\n"
HERE = BACK + "x_bar[rows, index] = {}\nreturn x_bar"
ROUND = SAVE + "return torch.round(x)"

GOOD = SQUARED + "return 4 * x * grad_output"
WELL = Y + "return grad_output * ctx.k * y, None"
PLACED = HERE.format("z_bar")
KEPT = "ctx.save_for_backward(*inputs)"
BACKWARD = "return 4 * ctx.saved_tensors[0] * z_bars[0]"


def gives(line):
    return KEEPS.replace("return z, index", line)


def asked(x="ctx.c * z_bar * w", w="ctx.c * (z_bar * x).sum(0)", c="None", forward=PRODUCT):
    return product(SAVED + ASKED.format(x=x, w=w, c=c), forward)


def sends(line):
    return square(TWICE, SQUARED + f"return {line}")


def vsends(line):
    return vmap("return 2 * x**2", "ctx.save_for_backward(*inputs)",
                "x, = ctx.saved_tensors\nreturn " + line)  # fmt: skip


def csends(line, forward=SAVE + "return x**3"):
    return cube(forward, SQUARED + f"return {line}")


def rsends(line, forward=ROUND, **more):
    return straight(forward, SQUARED + f"return {line}", **more)


WRONG = {
    "SquareAndDouble": [
        sends("-4 * x * grad_output"),
        sends("4 * x + grad_output"),
        sends("4 * x.abs() * grad_output"),
        sends("4 * x**2 * grad_output"),
        sends("4 * x * grad_output**2"),
        sends("4 * x * grad_output.sum()"),
        sends("4 * x * grad_output.mean()"),
        sends("(4 * x * grad_output).sum()"),
        sends("(4 * x * grad_output).detach().numpy()"),
        sends("4 * x * grad_output, None, grad_output"),
        sends("None, 4 * x * grad_output"),
        sends("[4 * x * grad_output]"),
        sends("(4 * x * grad_output).float()"),
        sends("4 * x.float() * grad_output"),
        sends("4 * x * grad_output.sign()"),
        sends("(4 * x * grad_output).flatten()"),
        sends("4 * x.T * grad_output.T"),
        sends("..."),
        sends("4 * x * grad_output if x.numel() == 1 else 4 * x"),
        sends("grad_output.mul_(4 * x)"),
        sends("torch.as_strided(grad_output, x.shape, x.stride()) * 4 * x"),
        square(SAVE + "return x**2", GOOD),
        square(SAVE + "return (2 * x) ** 2", GOOD),
        square(SAVE + "return (2 * x**2).sum()", GOOD),
        square(SAVE + "y = 2 * x**2", GOOD),
        square(SAVE + "return (2 * x**2).float()", GOOD),
        square(SAVE + "return 2 * x.float().double()**2", GOOD),
        square(SAVE + "return x.mul_(x).mul_(2)", GOOD),
        square("y = 2 * x**2\nctx.save_for_backward(y)\nreturn y", GOOD),
        square("y = 2 * x**2\nctx.save_for_backward(y)\nreturn y",
               "y, = ctx.saved_tensors\nreturn 4 * (y / 2).sqrt() * grad_output"),
        square("return 2 * x**2", GOOD),
        square("ctx.many = [x]\nreturn 2 * x**2", "return 4 * ctx.many[0] * grad_output"),
        square("ctx.array = x.detach().numpy()\nreturn 2 * x**2",
               "return torch.from_numpy(4 * ctx.array) * grad_output"),
        square("global kept\nkept = x.detach()\nreturn 2 * x**2", "return 4 * kept * grad_output"),
        square(TWICE, GOOD, rule="backwards"),
        square(TWICE, GOOD, gets="x, grad_output"),
        square(TWICE, GOOD, takes="x, y"),
        square(TWICE, GOOD).replace("(ctx, grad", "(grad"),
        square(SAVE + "return float((2 * x**2).sum())", GOOD),
        square(SAVE + "return 2 * x**2, x", GOOD, gets="grad_output, _"),
        square("bl.tensor(1.0)\n" + TWICE, GOOD),
        square(TWICE, SQUARED + "bl.tensor(1.0)\nreturn 4 * x * grad_output"),
        "class SquareAndDouble:\n    def forward(ctx, x): return 2 * x**2",
        "class SquareAndDouble(torch.nn.Module):\n    def forward(self, x): return 2 * x**2",
        "def SquareAndDouble(x): return 2 * x**2",
        # changes what it was given, and puts it back
        sends("4 * x * grad_output if grad_output.is_contiguous() else 4 * x * grad_output.T"),
    ],
    "ExpScaled": [
        exp(EXP, Y + "return -grad_output * ctx.k * y, None"),
        exp(EXP, Y + "return grad_output * ctx.k**2 * y, None"),
        exp(EXP, Y + "return grad_output * torch.exp(y), None"),
        exp(EXP, Y + "return grad_output * ctx.k * torch.exp(ctx.k * y), None"),
        exp(EXP, Y + "return grad_output * ctx.k, None"),
        exp(EXP, Y + "return y, None"),
        exp(EXP, Y + "return None, grad_output * ctx.k * y"),
        exp(EXP, Y + "return grad_output * ctx.k * y, 0.0"),
        exp(EXP, Y + "return grad_output * ctx.k * y, torch.tensor(0.0)"),
        exp(EXP, Y + "return grad_output * ctx.k * y, ..."),
        exp(EXP, Y + "return grad_output * ctx.k * y, None, grad_output"),
        exp(EXP, Y + "return grad_output.mul_(ctx.k).mul_(y), None"),
        exp(EXP, Y + "return grad_output * ctx.k * y.mul_(1), None").replace("mul_(1)", "mul_(2)"),
        exp(EXP, Y + "(grad_output * ctx.k * y, None)"),
        exp(EXP, Y + "return grad_output * k * y, None"),
        exp(EXP, "y = ctx.saved_tensors\nreturn grad_output * ctx.k * y, None"),
        exp(EXP.replace("k * x", "x"), WELL),
        exp(EXP.replace("k * x", "x / k"), WELL),
        exp(EXP.replace("exp(k * x)", "exp(k * x) - 1"), WELL),
        exp(EXP.replace("(y)", "(y.clone())"), WELL),
        exp(EXP.replace("(y)", "(y.detach())"), WELL),
        exp(EXP.replace("(y)", "(y, x)"), WELL.replace("y, =", "y, x =")),
        exp(EXP.replace("(y)", "(k * y)"), Y + "return grad_output * y, None"),
        exp("y = torch.exp(k * x)\nctx.many = {'y': y, 'k': k}\nreturn y",
            "return grad_output * ctx.many['k'] * ctx.many['y'], None"),
        exp(EXP.replace("return y", "ctx.note = lambda: y\nreturn y"), WELL),
        exp("y = torch.exp(k * x)\nctx.rule = lambda g: g * k * y\nreturn y",
            "return ctx.rule(grad_output), None"),
        exp("y = torch.exp(k * x)\nctx.rule = lambda g: g * k * torch.exp(k * x)\nreturn y",
            "return ctx.rule(grad_output), None"),
        exp("y = torch.exp(k * x)\nctx.k, ctx.array = k, y.detach().numpy()\nreturn y",
            "return grad_output * ctx.k * torch.from_numpy(ctx.array), None"),
        exp("y = torch.exp(k * x)\nExpScaled.k = k\nctx.save_for_backward(y)\nreturn y",
            Y + "return grad_output * ExpScaled.k * y, None"),
        exp("y = torch.exp(k * x)\nExpScaled.y = y\nctx.k = k\nreturn y",
            "return grad_output * ctx.k * ExpScaled.y, None"),
        exp("ctx.mark_dirty(x)\ny = x.mul_(k).exp_()\nctx.k = k\nctx.save_for_backward(y)\n"
            "return y",
            WELL),
        exp("x *= k\ny = x.exp()\nctx.k = k\nctx.save_for_backward(y)\nreturn y",
            WELL),
        exp("y = torch.exp(k * x)\nctx.save_for_backward(y)\ny.mul_(1.5)\nctx.k = k\nreturn y",
            WELL),
        exp("ctx.k = torch.tensor(k)\ny = torch.exp(k * x)\nctx.save_for_backward(y)\nreturn y",
            WELL),
        exp("ctx.save_for_backward(x)\nctx.k = k\nreturn torch.exp(k * x)",
            "x, = ctx.saved_tensors\nreturn grad_output * ctx.k * torch.exp(ctx.k * x), None"),
    ],
    "WeightedProduct": [
        asked(x="-ctx.c * z_bar * w"),
        asked(x="z_bar * w * ctx.c**2"),
        asked(x="ctx.c * w"),
        asked(x="ctx.c * z_bar * w.sum()"),
        asked(x="(ctx.c * z_bar * w).sum(0)"),
        asked(x="(ctx.c * z_bar * w).sum(1, keepdim=True)"),
        asked(x="ctx.c * z_bar.flip(0) * w"),
        asked(w="ctx.c * (z_bar * x).sum()"),
        asked(w="ctx.c * (z_bar * x).sum(0, keepdim=True)"),
        asked(w="ctx.c * (z_bar * x)[0]"),
        asked(w="ctx.c * z_bar.sum(0) * x.sum(0)"),
        asked(w="ctx.c * z_bar.sum(0)"),
        asked(w="ctx.c * (z_bar * w).sum(0)"),
        asked(w="ctx.c * (z_bar * x).max(0).values"),
        asked(w="(z_bar * x).sum(0)"),
        asked(w="ctx.c * (z_bar * x).sum(-1)[: len(w)]"),
        asked(w="ctx.c * torch.diagonal(z_bar @ x.T)[: len(w)]"),
        asked(c="0.0"),
        asked(c="(z_bar * x * w).sum()"),
        asked(c="None, z_bar"),
        asked(c="..."),
        asked(w="ctx.c * (z_bar * x).sum(0)", forward=PRODUCT.replace("c * x * w", "x * w")),
        asked(forward=PRODUCT.replace("c * x * w", "c + x * w")),
        asked(forward=PRODUCT.replace("(x, w)", "(w, x)")),
        asked(forward="ctx.x, ctx.w = x, w\n" + PRODUCT),
        asked(forward="ctx.save_for_backward(x, w, c)\nctx.c = c\nreturn c * x * w"),
        asked(forward=PRODUCT).replace("ctx.c", "WeightedProduct.c"),
        asked(forward="x *= w * c\nctx.save_for_backward(x, w)\nctx.c = c\nreturn x.clone()"),
        product("x, w = ctx.saved_tensors\nreturn ctx.c * z_bar * w"),
        product("x, w = ctx.saved_tensors\nreturn None, ctx.c * (z_bar * x).sum(0), None"),
        product(SAVED + "return ctx.c * (z_bar * x).sum(0), ctx.c * z_bar * w, None"),
        # works first and throws away afterwards
        product(
            SAVED + "x_bar, w_bar = ctx.c * z_bar * w, ctx.c * (z_bar * x).sum(0)\n"
            "a, b, _ = ctx.needs_input_grad\n"
            "return x_bar if a else None, w_bar if b else None, None"
        ),
        # asks in the wrong order
        product(
            SAVED + "a, b, _ = ctx.needs_input_grad\n"
            "x_bar = ctx.c * z_bar * w if b else None\n"
            "return x_bar, ctx.c * (z_bar * x).sum(0) if a else None, None"
        ),
        # asks once for both
        product(
            SAVED + "if not all(ctx.needs_input_grad[:2]):\n    return None, None, None\n"
            "return ctx.c * z_bar * w, ctx.c * (z_bar * x).sum(0), None"
        ),
        # a zero instead of None
        product(
            SAVED + "a, b, _ = ctx.needs_input_grad\n"
            "return (ctx.c * z_bar * w if a else torch.zeros_like(x),\n"
            "        ctx.c * (z_bar * x).sum(0) if b else torch.zeros_like(w), None)"
        ),
        # thrifty with one of them only
        product(
            SAVED + "x_bar = ctx.c * z_bar * w if ctx.needs_input_grad[0] else None\n"
            "return x_bar, ctx.c * (z_bar * x).sum(0), None"
        ),
        product(
            SAVED + "z_bar *= ctx.c\na, b, _ = ctx.needs_input_grad\n"
            "return z_bar * w if a else None, (z_bar * x).sum(0) if b else None, None"
        ),
    ],
    "Cube": [
        csends("-3 * x**2 * grad_output"),
        csends("3 * x * grad_output"),
        csends("3 * x**2"),
        csends("x**3 * grad_output"),
        csends("3 * x**2 * grad_output.sum()"),
        csends("3 * x.data**2 * grad_output"),
        csends("3 * x**2 * grad_output.detach()"),
        csends("(3 * x**2 * grad_output).detach()"),
        csends("3 * x * x.detach() * grad_output"),
        csends("torch.from_numpy(3 * x.detach().numpy()**2) * grad_output"),
        csends("torch.from_numpy(3 * x.numpy()**2) * grad_output"),
        csends("torch.tensor((3 * x**2).tolist(), dtype=x.dtype) * grad_output"),
        csends("3 * x**2 * torch.from_numpy(grad_output.detach().numpy())"),
        csends("..."),
        csends("3 * x**2 * grad_output", SAVE + "return x**2"),
        csends("3 * x**2 * grad_output", SAVE + "return 3 * x"),
        csends("3 * x**2 * grad_output", "ctx.save_for_backward(x.detach())\nreturn x**3"),
        csends("3 * x**2 * grad_output", "ctx.save_for_backward(x.clone())\nreturn x**3"),
        csends("3 * x * grad_output", "ctx.save_for_backward(x**2)\nreturn x**3"),
        csends("x * grad_output", "ctx.save_for_backward(3 * x**2)\nreturn x**3"),
        cube("ctx.slope = 3 * x**2\nreturn x**3", "return ctx.slope * grad_output"),
        cube("ctx.n = x.detach().numpy()\nreturn x**3",
             "return torch.from_numpy(3 * ctx.n**2) * grad_output"),
        cube("ctx.x = x\nreturn x**3", "return 3 * ctx.x**2 * grad_output"),
        cube("ctx.x = [x]\nreturn x**3", "return 3 * ctx.x[0]**2 * grad_output"),
        cube("Cube.x = x\nreturn x**3", "return 3 * Cube.x**2 * grad_output"),
        cube(SAVE + "return x**3", SQUARED + "with torch.no_grad():\n    slope = 3 * x**2\n"
             "return slope * grad_output"),
        cube(SAVE + "return x**3",
             SQUARED + "with torch.no_grad():\n    return 3 * x**2 * grad_output"),
        cube("y = x**3\nctx.save_for_backward(y)\nreturn y",
             "y, = ctx.saved_tensors\nreturn grad_output * 3 * y.detach().abs() ** (2 / 3)"),
        cube(SAVE + "return x**3", SQUARED + "return 3 * x**2 * grad_output", rule="once"),
        cube(SAVE + "return x**3", SQUARED + "return 3 * x.mul_(x) * grad_output"),
        cube(SAVE + "return x.pow_(3)", SQUARED + "return 3 * x**2 * grad_output"),
        cube(SAVE + "return x**3", SQUARED + "t = x.detach().requires_grad_()\n"
             "with torch.enable_grad():\n    y = t**3\n"
             "return torch.autograd.grad(y, t, grad_output)[0]"),
        cube(SAVE + "return x**3", SQUARED + "return Third.apply(x, grad_output)") + """
class Third(torch.autograd.Function):
    def forward(ctx, x, g):
        ctx.save_for_backward(x, g)
        return 3 * x * x * g
    def backward(ctx, b):
        x, g = ctx.saved_tensors
        return 3 * x * g * b, 3 * x * x * b
""",
    ],
    "MaxWithIndex": [
        largest(KEEPS, HERE.format("-z_bar")),
        largest(KEEPS, HERE.format("z_bar.sum()")),
        largest(KEEPS, HERE.format("z_bar.flip(0)")),
        largest(KEEPS, HERE.format("index.double() * z_bar")),
        largest(KEEPS, HERE.format("x.max(1).values * z_bar")),
        largest(KEEPS, HERE.format("z_bar / x.shape[1]")),
        largest(KEEPS, BACK + "x_bar[rows, index] = z_bar\nreturn x_bar.float()"),
        largest(KEEPS, BACK + "x_bar[rows, index] = z_bar\nreturn x_bar.T"),
        largest(KEEPS, BACK + "x_bar[rows, index] = z_bar\nreturn x_bar, None, index"),
        largest(KEEPS, BACK + "x_bar[rows, index] = z_bar\nreturn None, x_bar"),
        largest(KEEPS, BACK + "x_bar[rows, index] = z_bar"),
        largest(KEEPS, BACK + "return z_bar"),
        largest(KEEPS, BACK + "return z_bar[:, None] * x"),
        largest(KEEPS, BACK + "return x_bar"),
        largest(KEEPS, BACK + "return torch.softmax(x, 1) * z_bar[:, None]"),
        largest(KEEPS, BACK + "return z_bar[:, None] * (x == x.max())"),
        largest(KEEPS, BACK + "return z_bar[:, None] * (x == x.max(0).values)"),
        largest(KEEPS, BACK + "return z_bar[:, None] * (x > 0)"),
        largest(KEEPS, BACK + "return z_bar[:, None] * (x == x.max(1, keepdim=True).values)"),
        largest(KEEPS, BACK + "x_bar.view(-1)[index] = z_bar\nreturn x_bar"),
        largest(KEEPS, BACK + "x_bar[index % len(x), rows % x.shape[1]] = z_bar\nreturn x_bar"),
        largest(KEEPS, PLACED, gets="index_bar, z_bar"),
        largest(KEEPS, HERE.format("z_bar + index"), gets="z_bar, index_bar"),
        largest(KEEPS, "return ..."),
        largest(KEEPS.replace("max(dim=1)", "max(dim=0)"), PLACED),
        largest(KEEPS.replace("max(dim=1)", "min(dim=1)"), PLACED),
        largest(KEEPS.replace("x.max(dim=1)", "x.abs().max(dim=1)"), PLACED),
        largest(gives("return index, z"), PLACED),
        largest(gives("return z"), PLACED, gets="z_bar"),
        largest(gives("return z, index, x"), PLACED, gets="z_bar, a, b"),
        largest(gives("return z, index.int()"), PLACED),
        largest(gives("return z, index + 1"), PLACED),
        largest(gives("return z, index[:, None]"), PLACED),
        largest(gives("return z[:, None], index[:, None]"), HERE.format("z_bar[:, 0]")),
        largest(gives("return z.tolist(), index"), PLACED),
        largest(KEEPS.replace("differentiable(index)", "differentiable(z)"), PLACED),
        largest(KEEPS.replace("differentiable(index)", "differentiable(z, index)"), PLACED),
        largest(KEEPS.replace("differentiable(index)", "differentiable()"), PLACED),
        largest(gives("x.zero_()\nreturn z, index"), PLACED),
        largest(LARGEST + "MaxWithIndex.index, ctx.shape = index, x.shape\nreturn z, index",
                "x_bar = z_bar.new_zeros(ctx.shape)\n"
                "x_bar[torch.arange(len(x_bar)), MaxWithIndex.index] = z_bar\nreturn x_bar"),
    ],
    "SquareAndDoubleUnderVmap": [
        vsends("-4 * x * z_bars[0]"),
        vsends("4 * z_bars[0]"),
        vsends("4 * x * x * z_bars[0]"),
        vsends("4 * x * z_bars[0].sum()"),
        vsends("4 * x.sum() * z_bars[0]"),
        vsends("4 * x * x.shape[0] * z_bars[0]"),
        vsends("4 * x.item() * z_bars[0]"),
        vsends("4 * torch.tensor(x.tolist()) * z_bars[0]"),
        vsends("torch.from_numpy(4 * x.numpy()) * z_bars[0]"),
        vsends("None"),
        vsends("..."),
        vsends("4 * x * z_bars[0], 1.0"),
        vsends("4.0"),
        vsends("4 * x * z_bars[0] if x.sum() > 0 else 4 * x * z_bars[0]"),
        vsends("4 * x * z_bars[0] if (x > -100).all() else None"),
        vmap("return x**2", KEPT, BACKWARD),
        vmap("return 2 * x", KEPT, BACKWARD),
        vmap("return (2 * x * x).sum()", KEPT, BACKWARD),
        vmap("return 2 * x.pow_(2)", KEPT, BACKWARD),
        vmap("return 2 * x * x.detach().numpy()", KEPT, BACKWARD),
        vmap("return 2 * x * x", "ctx.save_for_backward(inputs)", BACKWARD),
        vmap("return 2 * x * x", "ctx.save_for_backward(output)", BACKWARD),
        vmap("return 2 * x * x", "pass", BACKWARD),
        vmap("return 2 * x * x", "ctx.x = inputs[0]", "return 4 * ctx.x * z_bars[0]"),
        vmap("return 2 * x * x", "ctx.x = [*inputs]", "return 4 * ctx.x[0] * z_bars[0]"),
        vmap("return 2 * x * x", "SquareAndDoubleUnderVmap.x, = inputs",
             "return 4 * SquareAndDoubleUnderVmap.x * z_bars[0]"),
        vmap("global seen\nseen = x\nreturn 2 * x * x", "pass", "return 4 * seen * z_bars[0]"),
        vmap("return 2 * x * x", KEPT, BACKWARD, body="pass"),
        vmap("return 2 * x * x", KEPT, BACKWARD, body="generate_vmap_rule = False"),
        vmap("return 2 * x * x", KEPT, BACKWARD, body="generate_vmap = True"),
        vmap("return 2 * x * x", KEPT, BACKWARD).replace("inputs, output", "inputs"),
        vmap("return 2 * x * x", KEPT, BACKWARD).replace("forward(x)", "forward()"),
        vmap("return 2 * x * x", KEPT, BACKWARD).replace(
            "def backward", "def backwards"),
        # a rule of its own for batches, and a wrong one
        vmap("return 2 * x**2", KEPT, BACKWARD, body="generate_vmap_rule = False") + """
    @staticmethod
    def vmap(info, in_dims, x):
        return SquareAndDoubleUnderVmap.apply(x), None
""",
        square(TWICE, GOOD).replace(
            "class SquareAndDouble(", "class SquareAndDoubleUnderVmap("),
    ],
    "RoundStraightThrough": [
        rsends("grad_output * (x.abs() <= 2)"),
        rsends("grad_output * (x.abs() <= 0.5)"),
        rsends("grad_output * (x <= 1)"),
        rsends("-grad_output * (x.abs() <= 1)"),
        rsends("x * grad_output * (x.abs() <= 1)"),
        rsends("torch.round(x) * grad_output * (x.abs() <= 1)"),
        rsends("grad_output.abs() * (x.abs() <= 1)"),
        rsends("grad_output.sum() * (x.abs() <= 1)"),
        rsends("torch.round(grad_output) * (x.abs() <= 1)"),
        rsends("grad_output * (1 - torch.tanh(x) ** 2)"),
        rsends("grad_output.clamp(-1, 1) * (x.abs() <= 1)"),
        rsends("grad_output * (x.abs() <= 1).all()"),
        rsends("(grad_output * (x.abs() <= 1)).float()"),
        rsends("grad_output[x.abs() <= 1]"),
        rsends("grad_output.masked_fill_(x.abs() > 1, 0)"),
        rsends("torch.where(x.abs() <= 1, grad_output, torch.nan)"),
        rsends("torch.where(x.abs() <= 1, grad_output, 0.01 * grad_output)"),
        rsends("None"),
        rsends("..."),
        rsends(f"{INSIDE}, None, x"),
        rsends(INSIDE, SAVE + "return torch.floor(x)"),
        rsends(INSIDE, SAVE + "return torch.trunc(x)"),
        rsends(INSIDE, SAVE + "return torch.round(x).clamp(-1, 1)"),
        rsends(INSIDE, SAVE + "return torch.round(x).long()"),
        rsends(INSIDE, SAVE + "return torch.round(x).float()"),
        rsends(INSIDE, SAVE + "return x"),
        rsends(INSIDE, SAVE + "return x.round_()"),
        rsends(INSIDE, "ctx.save_for_backward(torch.round(x))\nreturn torch.round(x)"),
        rsends(INSIDE, "RoundStraightThrough.x = x\nreturn torch.round(x)").replace(
            SQUARED.strip(), "x = RoundStraightThrough.x"),
        rsends(INSIDE, says=""),
        rsends(INSIDE, says=True),
        rsends(INSIDE).replace("deliberate =", "intended ="),
        rsends(INSIDE, says="SAYS").replace("'SAYS'", "..."),
    ],
}  # fmt: skip
