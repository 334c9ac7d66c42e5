# %% [markdown]
# # Build an engine: one backward pass
#
# So far the graphs were given. Now they write themselves while Python computes, and you write what
# sends gradients back through them: an engine that is right where many published ones are not.
#
# **You will** record, sweep, clear, and train with your own engine · **You need** notebook 2, and
# classes in Python · **Minutes** 60, and 45 more for extra practice
#
# Run the next two cells: Shift + Enter.

# %%
import numpy as np

import backprop_lab as bl
from backprop_lab import check, ops

rng = np.random.default_rng(0)

# %%
x = bl.tensor(2.0, requires_grad=True)
y = x * x * x
y.backward()
bl.draw(y)

# %% [markdown]
# ## Write down what ran
#
# Python worked out $x \cdot x \cdot x$ from left to right, and knew nothing of derivatives. And yet
# the picture shows two products, in their order, with a gradient at each. How many things did the
# lab have to write down for every product?
#
# Three: *what ran*, *what it was given*, and *what it will need on the way back*.

# %% [markdown]
# A `Node` holds these three. A `Value` is a number that knows the node that made it; a leaf has
# none. That is the whole data structure of the engine:

# %%
class Node:
    def __init__(self, op, inputs):
        self.op, self.inputs, self.saved_tensors = op, inputs, ()

    def save_for_backward(self, *numbers):
        self.saved_tensors = numbers


class Value:
    def __init__(self, data, node=None):
        self.data, self.node, self.grad = data, node, 0.0

# %% [markdown]
# An operator is a class with two functions side by side. `forward` computes, and leaves on its node
# what the way back will need. `vjp` gets $\bar z$, how far the result moves per unit of `z`, and
# answers with one message for each input:
#
# $$\bar x = \bar z \cdot \frac{\partial z}{\partial x} \qquad \bar y = \bar z \cdot
# \frac{\partial z}{\partial y}$$

# %%
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

# %% [markdown]
# `ctx` (for *context*) is the node of this one run. Both functions get the same one, which is how
# `x` and `y` come back. Nobody creates a `Multiply`; the class is a place to keep two functions.
#
# Try the rule alone: for 3 · 4, with 10 from upstream, what are the two messages?

# %%
### BEGIN STUB
my_guess = ...
### END STUB
### BEGIN SOLUTION
my_guess = (40, 30)
### END SOLUTION

# %%
ctx = Node(Multiply, [])
Multiply.forward(ctx, 3.0, 4.0)
bl.compare(my_guess, Multiply.vjp(ctx, 10.0))

# %% [markdown]
# (40, 30): upstream times the other factor. Now the missing piece: whoever calls `forward` has to
# write down that it ran.

# %% [markdown] exercise="apply"

# %% exercise="apply"
def apply(op, *inputs):
    ### BEGIN SOLUTION
    ctx = Node(op, inputs)
    return Value(op.forward(ctx, *[x.data for x in inputs]), ctx)
    ### END SOLUTION

# %%
check("apply", apply)

# %% [markdown] hints="apply"

# %% [markdown]
# With `apply`, Python's own operators can do the writing. What `x * y` means for Values is up to
# the class. And `rows_of` is an adapter: it writes your graph as the rows of notebook 1, which
# `bl.draw` knows.

# %%
Value.__add__ = lambda x, y: apply(Add, x, y)
Value.__mul__ = lambda x, y: apply(Multiply, x, y)


def rows_of(output):
    order = order_of(output)
    names = {value: f"t{i}" for i, value in enumerate(order)}
    return {
        names[v]: [v.node.op.__name__, *[names[x] for x in v.node.inputs]] if v.node else ["input"]
        for v in order
    }

# %% [markdown]
# `rows_of` asks for an order, so here is `topo` from notebook 1 once more, for Values instead of
# names. It is a loop and not a recursion, so that a chain of 20,000 operators is no problem.

# %%
def order_of(output):
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

# %%
if check("apply", apply):
    a = Value(3.0)
    b = a * a
    display(bl.draw(rows_of(b * (b + a))))
else:
    print("This picture is drawn from your own graph: come back when apply passes its check.")

# %% [markdown]
# **So far.** A graph is a by-product of running: each operator leaves a node behind. If the program
# takes another branch tomorrow, it writes another graph. This is *define by run*.

# %% [markdown]
# ## Send the messages back
#
# Everything from notebook 2 is at hand: an order, messages, sums. What is the gradient of
# $d = b\,(b + a)$, $b = a^2$, at $a = 3$? You have met it as 135.
#
# The sweep is the same; only the words have changed. `value.node.op.vjp(value.node, z_bar)` is
# where the local derivatives come from.

# %% [markdown] exercise="backward"

# %% exercise="backward"
def backward(output):
    ### BEGIN SOLUTION
    output.grad = 1.0
    for value in reversed(order_of(output)):
        if value.node:
            messages = value.node.op.vjp(value.node, value.grad)
            for x, message in zip(value.node.inputs, messages):
                x.grad += message
    ### END SOLUTION

# %%
check("backward", backward)

# %% [markdown] hints="backward"

# %% [markdown]
# What does it cost? One vjp for each operator that ran, whatever the number of leaves: all
# gradients of a network come from one call.
#
# The alternative is to nudge one weight after the other, to either side, and to run the model
# again each time: two runs for every weight.

# %% [markdown]
# If running forward takes one second, and there are 512 weights, how many seconds does nudging
# take, to either side?

# %%
### BEGIN STUB
my_guess = ...
### END STUB
### BEGIN SOLUTION
my_guess = 1024
### END SOLUTION

# %%
bl.compare(my_guess, 2 * 512)

# %% [markdown]
# 1,024 for the gradients of one step. Measure it, with networks of 2, 8 and 32 layers of 256
# weights each, in the lab's engine, which takes arrays:

# %%
def network(weights):
    h = bl.tensor(np.ones((1, 16)))
    for W in weights:
        h = (h @ W).tanh()
    return (h * h).sum()


def nudge_each(weights, nudge=1e-6):
    for W in weights:
        for place in np.ndindex(W.shape):
            here = W.data[place]
            for W.data[place] in (here + nudge, here - nudge):
                network(weights)
            W.data[place] = here

# %% tags=["nbval-ignore-output"]
from timeit import repeat

layers, forward, both, nudged = [2, 8, 32], [], [], []
for depth in layers:
    weights = [bl.parameter(rng.normal(size=(16, 16)) / 4) for _ in range(depth)]
    forward.append(min(repeat(lambda: network(weights), number=5)) / 5)
    both.append(min(repeat(lambda: network(weights).backward(), number=5)) / 5)
    if depth < 32:  # with 8,192 weights it would take too long
        nudged.append(min(repeat(lambda: nudge_each(weights), number=1, repeat=1)))
print("forward and backward / forward:", [f"{b / f:.1f}" for f, b in zip(forward, both)])

# %% [markdown]
# Forward and backward together take a small multiple of forward alone, at 2 layers as at 32.
# Nudging runs forward twice for every single weight. Measured on this machine:

# %% tags=["nbval-ignore-output"]
import matplotlib.pyplot as plt

weights_in = 256 * np.array(layers)
fig, axes = plt.subplots(figsize=(6, 3.6), layout="constrained")
axes.loglog(weights_in[:2], nudged, "s", label="nudging every weight")
axes.loglog(weights_in, 2 * weights_in * forward, "--", label="two forwards for every weight")
axes.loglog(weights_in, both, "o-", label="forward and one backward")
axes.loglog(weights_in, forward, "^:", label="forward alone")
axes.set(xlabel="weights", ylabel="seconds", ylim=(None, 100))
axes.set_xticks(weights_in, weights_in, minor=False)
axes.set_xticks([], minor=True)
axes.legend(loc="upper left", ncols=2)
bl.figure(fig, alt="Seconds against the number of weights, both axes logarithmic. Forward and one "
          "backward pass run side by side; nudging every weight lies far above and rises steeper.")

# %% [markdown]
# **So far.** One call goes back through the record, and every gradient of the graph is there. The
# gap to nudging is the number of weights: it is the reason why anything large can be trained.

# %% [markdown]
# ## Call it again, and train
#
# $y = x \cdot x \cdot x$ at $x = 2$ has the gradient 12. Call backward twice on the same graph,
# without clearing anything. A batch may come in pieces, so leaves are to add up: 24. What does a
# plain `+=` everywhere leave at `x`?

# %%
### BEGIN STUB
my_guess = ...
### END STUB
### BEGIN SOLUTION
my_guess = 32
### END SOLUTION

# %%
def again_and_again(local, calls):
    grad = {"x": 0.0, "t": 0.0, "y": 0.0}
    for _ in range(calls):
        grad["y"] = 1.0
        grad["t"] += grad["y"] * local["y"][0]
        grad["x"] += grad["y"] * local["y"][1] + grad["t"] * sum(local["t"])
    return grad["x"]


bl.compare(my_guess, again_and_again({"t": [2.0, 2.0], "y": [2.0, 4.0]}, calls=2))

# %% [markdown]
# 32. The first call left 2 at $t = x \cdot x$. The second adds its own 2 and sends all 4 on: the
# first message is delivered a second time. With a forest of Values in between, the error is
# anybody's guess.

# %% [markdown] exercise="again"

# %% exercise="again"
def again(output):
    ### BEGIN SOLUTION
    order = order_of(output)
    for value in order:
        if value.node:
            value.grad = 0.0
    output.grad += 1.0
    for value in reversed(order):
        if value.node:
            messages = value.node.op.vjp(value.node, value.grad)
            for x, message in zip(value.node.inputs, messages):
                x.grad += message
    ### END SOLUTION

# %%
check("again", again)

# %% [markdown] hints="again"

# %% [markdown]
# Leaves that add up have to be cleared by somebody: whoever trains. A training step clears the
# gradients, runs the model, calls backward and moves every weight a little against its gradient.

# %% [markdown] exercise="descend"

# %% exercise="descend"
def descend(loss_of, weights, rate, steps):
    ### BEGIN SOLUTION
    for _ in range(steps):
        for weight in weights:
            weight.grad = 0.0
        backward(loss_of())
        for weight in weights:
            weight.data -= rate * weight.grad
    ### END SOLUTION

# %%
check("descend", descend)

# %% [markdown] hints="descend"

# %% [markdown]
# Your engine is complete. Let it fit a parabola through five points, $y = w_0 + w_1 t + w_2 t^2$:
# the loss is the sum of the squares of what it is off by.

# %%
times = [-1.0, -0.5, 0.0, 0.5, 1.0]
points = [1.2, 0.4, 0.1, 0.6, 1.9]
weights = [Value(0.0) for _ in range(3)]


def loss_of():
    total = Value(0.0)
    for t, y in zip(times, points):
        off = weights[0] + weights[1] * Value(t) + weights[2] * Value(t * t) + Value(-y)
        total = total + off * off
    return total

# %%
ready = check("apply", apply) and check("backward", backward) and check("descend", descend)
if ready:
    before = loss_of().data
    descend(loss_of, weights, rate=0.05, steps=300)
    print(f"loss {before:.4g} → {loss_of().data:.4g}, weights", [f"{w.data:.3f}" for w in weights])
else:
    print("This fit runs on your engine: come back when apply, backward and descend pass.")

# %% [markdown]
# The weights are those of the least-squares parabola, to three digits. Nobody derived a formula for
# their gradients: the sums and products that ran were enough.

# %%
coefficients = np.polyfit(times, points, 2)[::-1]
print([f"{c:.3f}" for c in coefficients])

# %% [markdown] exercise="my_ops"

# %% exercise="my_ops"
### BEGIN STUB
class Tanh:
    def forward(ctx, x):
        return ...

    def vjp(ctx, z_bar):
        return ...

my_ops = {"tanh": Tanh, "log": ..., "relu": ..., "power": ...}
### END STUB
### BEGIN SOLUTION
class Tanh:
    def forward(ctx, x):
        z = np.tanh(x)
        ctx.save_for_backward(z)
        return z

    def vjp(ctx, z_bar):
        (z,) = ctx.saved_tensors
        return z_bar * (1 - z * z)


class Log:
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return np.log(x)

    def vjp(ctx, z_bar):
        return z_bar / ctx.saved_tensors[0]


class Relu:
    def forward(ctx, x):
        ctx.save_for_backward(x > 0)
        return max(x, 0.0)

    def vjp(ctx, z_bar):
        return z_bar if ctx.saved_tensors[0] else 0.0


class Power:
    def forward(ctx, x, n):
        ctx.save_for_backward(x, n)
        return x**n

    def vjp(ctx, z_bar):
        x, n = ctx.saved_tensors
        return z_bar * n * x ** (n - 1), None


my_ops = {"tanh": Tanh, "log": Log, "relu": Relu, "power": Power}
### END SOLUTION

# %%
check("my_ops", my_ops)

# %% [markdown] hints="my_ops"

# %% [markdown] exercise="lean"

# %% exercise="lean"
def lean(output):
    ### BEGIN SOLUTION
    gradients = {output: 1.0}
    for value in reversed(order_of(output)):
        z_bar = gradients.pop(value)
        if value.node is None:
            value.grad += z_bar
            continue
        messages = value.node.op.vjp(value.node, z_bar)
        for x, message in zip(value.node.inputs, messages):
            gradients[x] = gradients.get(x, 0.0) + message
    ### END SOLUTION

# %%
check("lean", lean)

# %% [markdown] hints="lean"

# %% [markdown]
# ## Take it further: three engines, each with one line wrong
#
# On most graphs that you would try they are right. Which graph gives each of them away?
#
# | engine | its line |
# |---|---|
# | overwrites | `x.grad = message` |
# | nearest first | goes through the Values by their distance from the output |
# | stale | is called twice; `for leaf in leaves: leaf.grad = 0.0` in between |

# %% [markdown] exercise="witnesses"

# %% exercise="witnesses"
### BEGIN STUB
witnesses = {
    "overwrites": lambda x: ...,
    "nearest first": lambda x: ...,
    "stale": lambda x: ...,
}
### END STUB
### BEGIN SOLUTION
def fork(x):
    b = x * x
    return b * (b + x)


witnesses = {"overwrites": lambda x: x + x, "nearest first": fork, "stale": fork}
### END SOLUTION

# %%
check("witnesses", witnesses)

# %% [markdown] hints="witnesses"

# %% [markdown]
# ## Recap
#
# - Running an operator leaves a node behind: what ran, what it was given, what it saved.
# - An operator is two functions side by side; the engine knows neither sines nor products.
# - Backward walks the order once, from the end: ask vjp, hand out messages, let them add.
# - Leaves add up over calls; everything in between starts afresh.
# - All gradients together cost a small multiple of one forward run, at any depth.

# %% [markdown]
# ## Next
#
# *Notebook 4, Jacobians* (in preparation): what a message is when a Value is no longer one number.
