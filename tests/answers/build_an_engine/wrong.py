"""For notebook 3: mistakes that no misconception lists; they are refused all the same."""

SWEEP = """
def {name}(output):
    {before}
    for value in {order}:
        if value.node is None:
            continue
        messages = value.node.op.vjp(value.node, {upstream})
        for x, message in zip(value.node.inputs, messages):
            {line}
    {after}
"""


def sweep(name, before="output.grad = 1.0", order="order_of(output)[::-1]", upstream="value.grad",
          line="x.grad += message", after="pass"):  # fmt: skip
    return SWEEP.format(name=name, before=before, order=order, upstream=upstream, line=line,
                        after=after)  # fmt: skip


def step(body, before="pass"):
    return f"def descend(loss_of, weights, rate, steps):\n    {before}\n" + body


def loop(*lines):
    return "    for _ in range(steps):\n" + "".join(f"        {line}\n" for line in lines)


OPS = """
class Op:
    def forward(ctx, x{more}):
        ctx.save_for_backward(x{more})
        return {z}
    def vjp(ctx, z_bar):
        x{more} = ctx.saved_tensors{first}
        return {message}
my_ops = {{"tanh": ..., "log": ..., "relu": ..., "power": ..., "{name}": Op}}
"""


def op(name, z, message):
    more, first = (", n", "") if name == "power" else ("", "[0]")
    return OPS.format(name=name, z=z, message=message, more=more, first=first)


WRONG = {
    "apply": [
        "def apply(op, *inputs): return op.forward(Node(op, inputs), *[x.data for x in inputs])",
        "def apply(op, *inputs): return None",
        "apply = Value(1.0)",
        """
def apply(op, *inputs):
    ctx = Node(op, list(inputs)[::-1])
    return Value(op.forward(ctx, *[x.data for x in inputs]), ctx)
""",
        """
def apply(op, *inputs):
    ctx = Node(op, list(inputs))
    return Value(op.forward(ctx, *[x.data for x in inputs[::-1]]), ctx)
""",
        """
def apply(op, *inputs):
    ctx = Node(op.__name__, list(inputs))
    return Value(op.forward(ctx, *[x.data for x in inputs]), ctx)
""",
        """
def apply(op, *inputs):
    ctx = Node(op, list(inputs))
    for x in inputs:
        x.node = ctx
    return Value(op.forward(ctx, *[x.data for x in inputs]), ctx)
""",
        """
def apply(op, *inputs):
    ctx = Node(op, [Value(x.data) for x in inputs])
    return Value(op.forward(ctx, *[x.data for x in inputs]), ctx)
""",
        """
def apply(op, *inputs):
    ctx = Node(op, list(inputs[:2]))
    return Value(op.forward(ctx, *[x.data for x in inputs]), ctx)
""",
        """
nodes = {}
def apply(op, *inputs):
    # one node for each operator, written over
    ctx = nodes.setdefault(op, Node(op, []))
    ctx.inputs = list(inputs)
    return Value(op.forward(ctx, *[x.data for x in inputs]), ctx)
""",
        """
def apply(op, *inputs):
    # runs forward twice
    op.forward(Node(op, list(inputs)), *[x.data for x in inputs])
    ctx = Node(op, list(inputs))
    return Value(op.forward(ctx, *[x.data for x in inputs]), ctx)
""",
        """
nodes = {}
def apply(op, *inputs):
    ctx = nodes.setdefault(op.__name__, Node(op, list(inputs)))
    return Value(op.forward(ctx, *[x.data for x in inputs]), ctx)
""",
    ],
    "backward": [
        sweep("backward", line="x.grad -= message"),
        sweep("backward", line="x.grad += message * value.grad"),
        sweep("backward", line="x.grad += message; value.grad = 0.0"),
        sweep("backward", line="x.grad = max(x.grad, message)"),
        sweep("backward", line="x.grad += message * x.data"),
        sweep("backward", upstream="value.data"),
        sweep("backward").replace(
            "zip(value.node.inputs, messages)", "set(zip(value.node.inputs, messages))"
        ),
        """
def backward(output):
    # walks every path, and is right
    def tell(value, message):
        value.grad += message
        if value.node is not None:
            for x, m in zip(value.node.inputs, value.node.op.vjp(value.node, message)):
                tell(x, m)
    tell(output, 1.0)
""",
        """
def backward(output):
    # keeps the gradients to itself
    gradients = {output: 1.0}
    for value in order_of(output)[::-1]:
        if value.node is not None:
            messages = value.node.op.vjp(value.node, gradients[value])
            for x, message in zip(value.node.inputs, messages):
                gradients[x] = gradients.get(x, 0.0) + message
    return gradients
""",
        sweep("backward", line="value.grad += message"),
        sweep("backward", line="x.grad += message / len(messages)"),
        sweep("backward", order="order_of(output)[-2::-1]"),
        sweep("backward", order="order_of(output)[:1:-1]"),
        sweep("backward", before="output.grad = 2.0"),
        """
def backward(output):
    # the output and its inputs, and no further
    output.grad = 1.0
    for x, message in zip(output.node.inputs, output.node.op.vjp(output.node, 1.0)):
        x.grad += message
""",
        "def backward(output): return 1.0",
        "backward = None",
    ],
    "again": [
        sweep("again", before="output.grad += 1.0"),
        sweep(
            "again", before="for v in order_of(output)[:-1]: v.grad = 0.0\n    output.grad = 1.0"
        ),
        sweep("again", line="x.grad = message"),
        sweep("again", after="for v in order_of(output): v.grad *= 0.5"),
        """
def again(output):
    # clears only what this output has been asked for before
    order = order_of(output)
    if output.grad:
        for value in order:
            if value.node is not None:
                value.grad = 0.0
    output.grad = 1.0
    for value in order[::-1]:
        if value.node is not None:
            for x, m in zip(value.node.inputs, value.node.op.vjp(value.node, value.grad)):
                x.grad += m
""",
        """
called = []
def again(output):
    # works once
    if called:
        return
    called.append(1)
    output.grad = 1.0
    for value in order_of(output)[::-1]:
        if value.node is not None:
            for x, m in zip(value.node.inputs, value.node.op.vjp(value.node, value.grad)):
                x.grad += m
""",
        """
def again(output):
    # doubles what is there
    before = {v: v.grad for v in order_of(output)}
    for v in before:
        v.grad = 0.0
    output.grad = 1.0
    for value in order_of(output)[::-1]:
        if value.node is not None:
            for x, m in zip(value.node.inputs, value.node.op.vjp(value.node, value.grad)):
                x.grad += m
    for v in before:
        v.grad *= 2 if before[v] else 1
""",
        "def again(output): return None",
        "again = 24",
    ],
    "descend": [
        step(loop("for w in weights: w.grad = 0.0", "backward(loss_of())")),
        step(
            loop(
                "for w in weights: w.grad = 0.0",
                "backward(loss_of())",
                "weights[:] = [Value(w.data - rate * w.grad) for w in weights]",
            )
        ),
        step(
            loop(
                "for w in weights: w.grad = 0.0",
                "loss_of()",
                "for w in weights: w.data -= rate * w.grad",
            )
        ),
        step(
            loop(
                "for w in weights: w.grad = 0.0",
                "backward(loss_of())",
                "for w in weights: w.data = -rate * w.grad",
            )
        ),
        step(
            loop(
                "for w in weights: w.grad = 0.0",
                "backward(loss_of())",
                "for w in weights: w.data -= rate * w.grad / len(weights)",
            )
        ),
        step(
            loop(
                "for w in weights: w.grad = 0.0",
                "backward(loss_of())",
                "for w in weights: w.data -= rate * abs(w.grad)",
            )
        ),
        step(
            loop(
                "for w in weights: w.grad = 0.0",
                "backward(loss_of())",
                "weights[0].data -= rate * weights[0].grad",
            )
        ),
        step(
            loop(
                "for w in weights:",
                "    w.grad = 0.0",
                "    backward(loss_of())",
                "    w.data -= rate * w.grad",
            )
        ),
        step(
            loop(
                "for w in weights: w.grad = 0.0",
                "backward(loss_of())",
                "backward(loss_of())",
                "for w in weights: w.data -= rate * w.grad",
            )
        ),
        step(
            loop("for w in weights: w.data -= rate * w.grad; w.grad = 0.0", "backward(loss_of())"),
            before="for w in weights: w.grad = 0.0",
        ),
        "def descend(loss_of, weights, rate, steps): return None",
        "descend = 0.1",
    ],
    "lean": [
        """
def lean(output):
    gradients = {output: 1.0}
    for value in order_of(output)[::-1]:
        z_bar = gradients.pop(value)
        value.grad += z_bar
        if value.node is not None:
            for x, m in zip(value.node.inputs, value.node.op.vjp(value.node, z_bar)):
                gradients[x] = gradients.get(x, 0.0) + m
""",
        """
def lean(output):
    gradients = {output: 1.0}
    for value in order_of(output)[::-1]:
        z_bar = gradients.pop(value)
        if value.node is None:
            value.grad = z_bar
        else:
            for x, m in zip(value.node.inputs, value.node.op.vjp(value.node, z_bar)):
                gradients[x] = m
""",
        """
log = []
def lean(output):
    gradients = {output: 1.0}
    for value in order_of(output)[::-1]:
        z_bar = gradients.pop(value)
        log.append(z_bar)
        if value.node is None:
            value.grad += z_bar
        else:
            for x, m in zip(value.node.inputs, value.node.op.vjp(value.node, z_bar)):
                gradients[x] = gradients.get(x, 0.0) + m
""",
        """
def lean(output):
    # for a first call only
    gradients = {output: 1.0}
    for value in order_of(output)[::-1]:
        z_bar = gradients.pop(value)
        if value.node is None:
            value.grad = z_bar
        else:
            for x, m in zip(value.node.inputs, value.node.op.vjp(value.node, z_bar)):
                gradients[x] = gradients.get(x, 0.0) + m
""",
        """
def lean(output):
    # each message by itself, by recursion
    def tell(value, z_bar):
        if value.node is None:
            value.grad += z_bar
        else:
            for x, m in zip(value.node.inputs, value.node.op.vjp(value.node, z_bar)):
                tell(x, m)
    tell(output, 1.0)
""",
        sweep("lean"),
        sweep("lean", after="for v in order_of(output): v.grad = 0.0"),
        "def lean(output): return {}",
        "lean = {}",
    ],
    "my_ops": [
        "my_ops = [1, 2]",
        op("tanh", "np.tanh(x)", "z_bar"),
        op("tanh", "np.tanh(x)", "z_bar / np.cosh(x)"),
        op("tanh", "np.sin(x)", "z_bar * np.cos(x)"),
        op("tanh", "np.tanh(x)", "(z_bar * (1 - np.tanh(x) ** 2), None)"),
        op("log", "np.log(x)", "-z_bar / x**2"),
        op("log", "np.log(x)", "z_bar * np.log(x)"),
        op("log", "np.log10(x)", "z_bar / x"),
        op("relu", "max(x, 0.0)", "z_bar"),
        op("relu", "max(x, 0.0)", "z_bar * (x < 0)"),
        op("relu", "max(x, 0.0)", "z_bar * (x > 1)"),
        op("relu", "max(x, 0.0)", "z_bar * (max(x, 0.0) >= 0)"),
        op("tanh", "np.tanh(x)", "()"),
        op("power", "x ^ n", "z_bar, None"),
        op("relu", "abs(x)", "z_bar * np.sign(x)"),
        op("power", "float(x) ** n", "n * z_bar ** (n - 1), None"),
        op("power", "float(x) ** n", "z_bar * n * float(x) ** (n - 1)"),
        op("power", "float(x) ** n", "z_bar * n * float(x) ** (n - 1), float(x) ** n * z_bar"),
        op("power", "float(x) ** n", "z_bar * 2 * x, None"),
    ],
    "witnesses": [
        "witnesses = None",
        "witnesses = dict.fromkeys(['overwrites', 'nearest first', 'stale'], lambda x: x)",
        "witnesses = dict.fromkeys(['overwrites', 'nearest first', 'stale'], lambda x: 3.0)",
        "witnesses = dict.fromkeys(['overwrites', 'nearest first', 'stale'], lambda x: x * x)",
        """
def long(x):
    for _ in range(10):
        x = x * x + x
    return x

witnesses = dict.fromkeys(["overwrites", "nearest first", "stale"], long)
""",
        """
witnesses = {"overwrites": lambda x: x * 2.0, "nearest first": lambda x: (x * 2.0) + (x * 3.0),
             "stale": lambda x: x + 1.0}
""",
        "witnesses = {'overwrites': lambda x: x.grad, 'nearest first': ..., 'stale': ...}",
    ],
}
