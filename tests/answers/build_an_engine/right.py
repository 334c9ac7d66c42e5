"""For notebook 3: answers that differ from the solution and are as good."""

RIGHT = {
    "apply": [
        """
def apply(op, *inputs):
    node = Node(op, list(inputs))
    numbers = tuple(value.data for value in inputs)
    result = Value(op.forward(node, *numbers))
    result.node = node
    return result
""",
        """
def apply(op, *inputs):
    ctx = Node(op, None)
    ctx.inputs = inputs
    z = op.forward(ctx, *(getattr(x, "data") for x in inputs))
    return Value(data=z, node=ctx)
""",
    ],
    "backward": [
        """
def backward(output):
    gradients = {output: 1.0}
    for value in order_of(output)[::-1]:
        value.grad = gradients.get(value, 0.0)
        if value.node is not None:
            messages = value.node.op.vjp(value.node, value.grad)
            for i, x in enumerate(value.node.inputs):
                gradients[x] = gradients.get(x, 0.0) + messages[i]
""",
        """
def backward(output):
    # recursive, but patient: a Value speaks when its last reader has spoken
    readers = {}
    for value in order_of(output):
        for x in value.node.inputs if value.node else ():
            readers[x] = readers.get(x, 0) + 1
    def speak(value):
        if value.node is None:
            return
        for x, message in zip(value.node.inputs, value.node.op.vjp(value.node, value.grad)):
            x.grad += message
            readers[x] -= 1
            if readers[x] == 0:
                speak(x)
    output.grad = 1.0
    speak(output)
""",
    ],
    "again": [
        """
def again(output):
    gradients = {output: 1.0}
    for value in order_of(output)[::-1]:
        z_bar = gradients.pop(value)
        if value.node is None:
            value.grad += z_bar
        else:
            for x, m in zip(value.node.inputs, value.node.op.vjp(value.node, z_bar)):
                gradients[x] = gradients.get(x, 0.0) + m
""",
        """
def again(output):
    order = order_of(output)
    inner = [value for value in order if value.node is not None]
    output.grad = 1.0
    for value in inner[::-1]:
        z_bar, value.grad = value.grad, 0.0
        for x, m in zip(value.node.inputs, value.node.op.vjp(value.node, z_bar)):
            x.grad = x.grad + m
""",
    ],
    "descend": [
        """
def backward(output):
    # a slip in another exercise: it is not held against this one
    output.grad = 3.0

def descend(loss_of, weights, rate, steps):
    for _ in range(steps):
        for w in weights:
            w.grad = 0.0
        backward(loss_of())
        for w in weights:
            w.data -= rate * w.grad
""",
        """
def descend(loss_of, weights, rate, steps):
    while steps:
        for w in weights:
            w.grad = 0
        loss = loss_of()
        backward(loss)
        for i in range(len(weights)):
            weights[i].data = weights[i].data - rate * weights[i].grad
        steps -= 1
""",
        """
def descend(loss_of, weights, rate, steps):
    for w in weights:
        w.grad = 0.0
    for _ in range(steps):
        backward(loss_of())
        for w in weights:
            w.data -= rate * w.grad
            w.grad = 0.0
""",
    ],
    "lean": [
        """
def lean(output):
    held = {}
    for value in reversed(order_of(output)):
        z_bar = 1.0 if value is output else held.pop(value, 0.0)
        if value.node is None:
            value.grad = value.grad + z_bar
        else:
            for i, message in enumerate(value.node.op.vjp(value.node, z_bar)):
                x = value.node.inputs[i]
                held[x] = held[x] + message if x in held else message
""",
        """
def lean(output):
    order = order_of(output)
    place = {value: i for i, value in enumerate(order)}
    gradients = [0.0] * len(order)
    gradients[-1] = 1.0
    while order:
        value, z_bar = order.pop(), gradients.pop()
        if value.node is None:
            value.grad += z_bar
            continue
        for x, message in zip(value.node.inputs, value.node.op.vjp(value.node, z_bar)):
            gradients[place[x]] += message
""",
    ],
    "my_ops": [
        """
class Tanh:
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return (np.exp(x) - np.exp(-x)) / (np.exp(x) + np.exp(-x))
    @staticmethod
    def vjp(ctx, z_bar):
        return (z_bar / np.cosh(ctx.saved_tensors[0]) ** 2,)

class Log:
    def forward(ctx, x):
        ctx.x = x
        return np.log(x)
    def vjp(ctx, z_bar):
        return (z_bar / ctx.x,)

class Relu:
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x if x > 0 else 0
    def vjp(ctx, z_bar):
        (x,) = ctx.saved_tensors
        return (z_bar * (x > 0),)

class Power:
    def forward(ctx, x, n):
        z = x**n
        ctx.save_for_backward(x, z, n)
        return z
    def vjp(ctx, z_bar):
        x, z, n = ctx.saved_tensors
        return [z_bar * n * z / x, None]

my_ops = dict(tanh=Tanh, log=Log, relu=Relu, power=Power)
""",
        """
class Unary:
    @classmethod
    def forward(cls, ctx, x):
        ctx.x = x
        return cls.f(x)
    @classmethod
    def vjp(cls, ctx, z_bar):
        return cls.slope(ctx.x) * z_bar

class Tanh(Unary):
    f, slope = np.tanh, lambda x: 1 - np.tanh(x) ** 2

class Log(Unary):
    f, slope = np.log, lambda x: 1 / x

class Relu(Unary):
    f, slope = (lambda x: max(0.0, x)), (lambda x: np.heaviside(x, 0.0))

class Power:
    def forward(ctx, x, n):
        ctx.slope = n * x ** (n - 1)
        return x**n
    def vjp(ctx, z_bar):
        return z_bar * ctx.slope, None

my_ops = {"tanh": Tanh, "log": Log, "relu": Relu, "power": Power}
""",
    ],
    "witnesses": [
        """
def shared(x):
    b = x * x
    return b * (b + x)

witnesses = {"overwrites": shared, "nearest first": shared, "stale": shared}
""",
        """
witnesses = {
    "overwrites": lambda x: x * x,
    "nearest first": lambda x: (lambda b: b * (b * 2))(x * 3),
    "stale": lambda x: (x + 1.0) * x,
}
""",
    ],
}
