"""For notebook 8: mistakes that no misconception lists; they are refused all the same."""

from .right import PAIRS
from .written import (
    BACK,
    CLEAR,
    LOSS,
    MOVE,
    chain,
    checkpoint,
    function,
    loss,
    norms,
    operator,
    step,
    tests,
)


def model(hidden="ops.tanh(x @ W1 + b1)", scores="h @ W2 + b2", end="return loss.item()"):
    loss = "loss = ops.softmax_cross_entropy(s, labels)"
    return step(CLEAR, f"h = {hidden}", f"s = {scores}", loss, BACK, MOVE, end=end)


def rates(*factors):
    return step(CLEAR, LOSS, BACK, f"for w, f in zip(weights, {factors}): "
                "w.data = w.data - f * rate * w.grad")  # fmt: skip


NORM = "np.sqrt(sum((w.grad ** 2).sum() for w in layer))"
FLAT = "np.concatenate([w.grad.ravel() for w in layer])"
SHRINK = "(norms[0] / norms[-1]) ** (1 / (len(norms) - 1))"


def measured(norm, shrink=SHRINK, which="layers"):
    return norms(f"norms = [{norm} for layer in {which}]", f"return norms, {shrink}")


def segments(state="rng.bit_generator.state", restore="rng.bit_generator.state = state",
             run="runs[s]", keep="x", inputs="acts[i]", order="reversed(range(segments))",
             back="reversed(range(len(run)))", start="pass", end="return z_bar"):  # fmt: skip
    return checkpoint(
        "n, kept = len(layers), []", "runs = np.array_split(np.arange(n), segments)", start,
        "for run in runs:", f"    kept.append(({keep}, {state}))",
        "    for i in run: x = layers[i].forward(x, rng)", "del x", f"for s in {order}:",
        "    x, state = kept[s]", f"    {restore}", f"    run, acts = {run}, [x]", "    del x",
        "    for i in run: acts.append(layers[i].forward(acts[-1], rng))",
        f"    for i in {back}: z_bar = layers[run[i]].vjp({inputs}, z_bar)", "    del acts", end,
    )  # fmt: skip


def logistic(losses="np.logaddexp(0, -m)", slopes="-labels * np.exp(-np.logaddexp(0, m)) / B",
             mean=".mean()", start="pass"):  # fmt: skip
    return loss(start, f"return ({losses}){mean}, {slopes}")


def said(**pairs):
    return f"diagnosis = {PAIRS | pairs}"


BITES = tests(
    "z, x_bar, z_dot = products(op)",
    "right = [X ** 3, 3 * X ** 2 * U, 3 * X ** 2 * V]",
    "return all(np.allclose(a, b) for a, b in zip((z, x_bar, z_dot), right))",
)


def cube(forward="x ** 3", vjp="3 * x ** 2 * z_bar", jvp="3 * x ** 2 * x_dot", test=BITES, **more):
    return operator(forward, vjp, jvp, test, **more)


WRONG = {
    "train_step": [
        model("ops.relu(x @ W1 + b1)"),
        model("ops.sigmoid(x @ W1 + b1)"),
        model("ops.tanh(x @ W1) + b1"),
        model(scores="ops.tanh(h @ W2 + b2)"),
        model(scores="h @ W2"),
        model(end="return None"),
        rates(1, 1, 1, 0),
        rates(0, 0, 1, 1),
        rates(0.5, 0.5, 0.5, 0.5),
        step(CLEAR, LOSS, BACK, "for w in weights: w.data = w.data - rate * np.sign(w.grad)"),
        step(CLEAR, LOSS, BACK, "for w in weights: w.data = w.data - rate * w.grad / "
             "np.linalg.norm(w.grad)"),
        step(CLEAR, LOSS, BACK, "for w in weights: w = w.data - rate * w.grad"),
        step(CLEAR, LOSS, BACK, "for w in weights: w.grad = w.grad.clip(-.05, .05)", MOVE),
        # one after the other, each with the others moved already
        step("for w in weights:", "    for v in weights: v.grad = None", f"    {LOSS}",
             "    loss.backward()", "    w.data = w.data - rate * w.grad"),
        step("if W1.grad is not None and (W1.grad == 3).all():", f"    {CLEAR}", LOSS, BACK, MOVE),
        step("h, B = np.tanh(x @ W1.data + b1.data), len(x)", "s = h @ W2.data + b2.data",
             "p = np.exp(s) / np.exp(s).sum(axis=1, keepdims=True)", "i = np.arange(B)",
             "L = -np.log(p[i, labels]).mean()", "p[i, labels] -= 1", "p /= B",
             "W2.data = W2.data - rate * h.T @ p", "b2.data = b2.data - rate * p.sum(axis=0)",
             "u = p @ W2.data.T * (1 - h * h)", "W1.data = W1.data - rate * x.T @ u",
             "b1.data = b1.data - rate * u.sum(axis=0)", end="return L"),
        step(CLEAR, LOSS.replace("b1)", "b1).detach()"), BACK,
             "for w in (W2, b2): w.data = w.data - rate * w.grad"),
        step(CLEAR, LOSS, BACK, "for w in weights: w.data = w - rate * w.grad"),
        step(CLEAR, LOSS, BACK, MOVE, "x *= 2"),
    ],
    "gradient_norms": [
        measured("np.max([np.abs(w.grad).max() for w in layer])"),
        measured(f"np.sqrt(({FLAT} ** 2).mean())"),
        measured(f"np.linalg.norm({FLAT}, 1)"),
        measured("np.mean([np.linalg.norm(w.grad) for w in layer])"),
        measured("np.linalg.norm(layer[-1].grad)"),
        measured("np.sqrt(sum((w.grad[:1] ** 2).sum() for w in layer))"),
        measured(NORM, which="layers[::-1]"),
        measured(NORM, "norms[-1] / norms[0]"),
        measured(NORM, "norms[-2] / norms[-1]"),
        measured(NORM, "(norms[0] / norms[-1]) ** (1 / (len(norms) + 1))"),
        measured(NORM, "np.log(norms[0] / norms[-1]) / (len(norms) - 1)"),
        measured(NORM, "np.median([a / b for a, b in zip(norms, norms[1:])])"),
        measured(NORM, "[a / b for a, b in zip(norms, norms[1:])]"),
        measured(f"round({NORM}, 6)"),
        measured(f"{NORM} / np.sqrt(sum((w.data ** 2).sum() for w in layer))"),
        norms(f"return [{NORM} for layer in layers]"),
    ],
    "mend_depth": [
        chain("2 * normal / width ** 0.5", "ops.sigmoid(x @ W)"),
        chain("4 * normal / width ** 0.5", "ops.sigmoid(x @ W)"),
        chain("normal / width", "ops.tanh(x @ W)"),
        chain("normal", "ops.relu(x @ W)"),
        chain("5 * normal / width ** 0.5", "ops.tanh(x @ W)"),
        chain("np.ones((width, width)) / width", "ops.tanh(x @ W)"),
        chain("np.zeros((width, width))", "ops.tanh(x @ W)"),
        chain("normal / width ** 0.5", "x + 0.001 * (x @ W)"),
        chain("normal / width ** 0.5", "x"),
        chain("normal / width ** 0.5", "x + ops.tanh(x @ W).detach()"),
        chain("normal / width ** 0.5", "x + x @ W"),
        chain("normal", "x + ops.relu(x @ W)"),
        chain("normal / width ** 0.5", "np.tanh(x.data @ W.data)"),
        chain("rng.normal(size=(24, 24))", "ops.tanh(x @ W)"),
        chain("normal / width ** 0.5", "x + 1e-5 * ops.tanh(x @ W)"),
        chain("normal / width ** 0.5", "Straight.apply(x @ W)", """
class Straight(bl.Op):
    def forward(ctx, x): return 1 / (1 + np.exp(-x))
    def vjp(ctx, z_bar): return z_bar
"""),
        chain("normal / width ** 0.5", "Scaled.apply(ops.sigmoid(x @ W))", """
class Scaled(bl.Op):
    def forward(ctx, x): return x + 0
    def vjp(ctx, z_bar): return z_bar / (np.linalg.norm(z_bar) + 1e-300)
"""),
        chain("normal / width ** 0.5", "Positive.apply(ops.tanh(x @ W))", """
class Positive(bl.Op):
    def forward(ctx, x): return x + 0
    def vjp(ctx, z_bar): return abs(z_bar)
"""),
        'mend_depth = {"initial": lambda rng, width: rng.normal(size=(width, width))}',
    ],
    "checkpointed": [
        segments(restore="pass"),
        segments(state="None", restore="rng.bit_generator.state = first",
                 start="first = rng.bit_generator.state"),
        segments(inputs="acts[i + 1]"),
        segments(order="range(segments)"),
        segments(back="range(len(run))"),
        segments(run="runs[s][1:]"),
        segments(keep="x.copy()"),
        segments(start="runs = [np.arange(n)]", order="[0]"),
        segments(start="runs = [[i] for i in range(n)]", order="reversed(range(n))"),
        segments(start="rng = np.random.default_rng(0)", restore="pass"),
        checkpoint("acts = [x]", "for f in layers: acts.append(f.forward(acts[-1], rng))",
                   "for i in reversed(range(len(layers))): z_bar = layers[i].vjp(acts[i], z_bar)",
                   "return z_bar"),
        checkpoint("for f in layers: z = f.forward(x, rng)",
                   "for f in layers[::-1]: z_bar = f.vjp(x, z_bar)", "return z_bar"),
        # copies, of which the counter knows nothing
        checkpoint("acts = []", "for f in layers:", "    acts.append(np.array(x))",
                   "    x = f.forward(x, rng)", "for f in layers[::-1]:",
                   "    z_bar = f.vjp(acts.pop(), z_bar)", "return z_bar"),
        # the slope by looking into the layers
        checkpoint("acts = []", "for f in layers:", "    acts.append(x @ f.W)",
                   "    x = x @ f.W + np.sin(x @ f.W) / 3", "for f in layers[::-1]:",
                   "    z_bar = (z_bar * (1 + np.cos(acts.pop()) / 3)) @ f.W.T", "return z_bar"),
        # quadratic within each run
        checkpoint("runs, kept = np.array_split(layers, segments), []", "for run in runs:",
                   "    kept.append((x, rng.bit_generator.state))",
                   "    for f in run: x = f.forward(x, rng)", "for run in runs[::-1]:",
                   "    start, state = kept.pop()", "    for n in reversed(range(len(run))):",
                   "        x, rng.bit_generator.state = start, state",
                   "        for f in run[:n]: x = f.forward(x, rng)",
                   "        run[n].forward(x, rng)", "        z_bar = run[n].vjp(x, z_bar)",
                   "return z_bar"),
        # a first pass that nobody needs
        checkpoint("state, z = rng.bit_generator.state, x",
                   "for f in layers: z = f.forward(z, rng)",
                   "rng.bit_generator.state = state",
                   "runs, kept = np.array_split(layers, segments), []", "for run in runs:",
                   "    kept.append((x, rng.bit_generator.state))",
                   "    for f in run: x = f.forward(x, rng)", "for run in runs[::-1]:",
                   "    x, rng.bit_generator.state = kept.pop()", "    acts = [x]",
                   "    for f in run: acts.append(f.forward(acts[-1], rng))",
                   "    acts.pop()", "    for f in run[::-1]: z_bar = f.vjp(acts.pop(), z_bar)",
                   "return z_bar"),
    ],
    "stable_loss": [
        logistic("np.log(1 + np.exp(-m))"),
        logistic("-np.log(1 / (1 + np.exp(-m)))"),
        logistic("np.log1p(np.exp(-np.clip(m, -500, 500)))"),
        logistic("np.where(m > 0, np.log1p(np.exp(-m)), -m + np.log1p(np.exp(m)))"),
        logistic("-np.log(1 / (1 + np.exp(-np.clip(m, -700, 700))) + 1e-9)"),
        logistic("np.maximum(0, 1 - m)"),
        logistic("np.logaddexp(0, -scores)"),
        logistic("np.maximum(-m, 0) + np.log(1 + np.exp(-np.abs(m)))"),
        logistic(mean=".sum()"),
        logistic(slopes="-labels / (1 + np.exp(m)) / B"),
        logistic(slopes="-np.exp(-np.logaddexp(0, m)) / B"),
        logistic(slopes="np.nan_to_num(-labels * np.exp(-m) / (1 + np.exp(-m)) / B)"),
        logistic(slopes="-scores * np.exp(-np.logaddexp(0, m)) / B"),
        logistic("np.logaddexp(0, -m.astype(np.float32))"),
        loss("scores *= labels", "return np.logaddexp(0, -scores).mean(), "
             "-labels * np.exp(-np.logaddexp(0, scores)) / B"),
        loss("m = m.astype(np.longdouble)", "e = np.exp(-m)",
             "return np.log1p(e).mean(), -labels * e / (1 + e) / B"),
        loss("with np.errstate(all='ignore'):", "    e = np.exp(-m)",
             "    return np.log1p(e).mean(), -labels * e / (1 + e) / B"),
    ],
    "diagnosis": [
        said(A=("dead relu", "nudge the weights")),
        said(A=("gradients never cleared", "the same batch twice")),
        said(B=("rate too small", "units that fire")),
        said(C=("rate too large", "the same batch twice")),
        said(C=("gradients never cleared", "nudge the weights")),
        said(D=("rate too small", "loss of a perfect prediction")),
        said(E=("nan behind where", "units that fire")),
        said(E=("rate too large", "before the first step")),
        said(F=("detached head", "nudge the weights")),
        said(F="detached head"),
        said(F=("weights without a gradient", "detached head")),
        said(F=("detached", "weights")),
        said(F=("detached head", "weights without a gradient", "accuracy")),
        said(F=(["detached head"], "weights without a gradient")),
        'diagnosis = {"A": ("transposed weight", "nudge the weights")}',
        'diagnosis = "ABCDEF"',
    ],
    "my_op": [
        cube(vjp="3 * x * z_bar"),
        cube(vjp="3 * x ** 2"),
        cube(vjp="3 * x ** 2 * z_bar.sum()"),
        cube(jvp="3 * x * x_dot"),
        cube("x ** 3 + np.random.normal()"),
        cube("x + 0", "z_bar + 0 * x", "x_dot + 0 * x"),
        cube("0 * x + 1", "0 * z_bar", "0 * x_dot"),
        cube(test=tests("return False")),
        cube(test=tests("return None")),
        cube(test=tests("return bool(bl.gradcheck(op.apply, X))")),
        cube(test=tests("return bool(bl.gradcheck(Mine.apply, X)) and np.allclose("
                        "Mine.apply(X).data, X ** 3)")),
        cube(test=tests("z, x_bar, z_dot = products(op, np.ones(3))",
                        "return np.allclose(z, X ** 3) and np.allclose(x_bar, 3 * X ** 2) and "
                        "np.allclose(z_dot, 3 * X ** 2 * V)")),
        cube(test=tests("z, x_bar, z_dot = products(op, abs(U))",
                        "return np.allclose(z, X ** 3) and np.allclose(x_bar, 3 * X ** 2 * abs(U)) "
                        "and np.allclose(z_dot, 3 * X ** 2 * V)")),
        cube(test=tests("z, x_bar, z_dot = products(op)",
                        "return np.allclose(z.sum(), (X ** 3).sum()) and "
                        "np.isclose(x_bar @ V, z_dot @ U)")),
        cube(test=tests("z, x_bar, z_dot = products(op)", "return z.shape == x_bar.shape")),
        cube(inputs="(np.arange(3),)"),
        cube(inputs="(np.ones(100),)"),
        cube(inputs="()"),
        'my_op = {"op": ops.tanh, "tests": lambda op: True, "inputs": (np.ones(3),)}',
        'class Mine(ops.tanh(bl.tensor(1.0, True)).grad_fn.op): pass\n'
        'my_op = {"op": Mine, "tests": lambda op: True, "inputs": (np.ones(3),)}',
        function("my_op(x)", "return x"),
    ],
}  # fmt: skip
