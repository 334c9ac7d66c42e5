# %% [markdown]
# # Build an engine: one backward pass
#
# So far the graphs were given. Now they write themselves while Python computes, and you write what
# sends gradients back through them: an engine of your own, in fewer than fifty lines.
#
# **You will** record, sweep, clear, and train with your own engine · **You need** notebook 2, and
# classes with an `__init__` · **Minutes** 60, and 45 more for extra practice
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
# This graph was recorded while Python multiplied.
#
# **From before.** Two questions, to see what stayed. In $d = b \cdot (b + a)$ with $b = a^2$: how
# many readers does `b` have? And if `+` hears 7 from upstream, what does it tell each of its two
# inputs? Put both numbers in place of the dots.

# %%
### BEGIN STUB
my_guess = (..., ...)
### END STUB
### BEGIN SOLUTION
my_guess = (2, 7)
### END SOLUTION

# %%
b = ["square", "a"]
rows = {"a": ["input"], "b": b, "c": ["+", "b", "a"], "d": ["*", "b", "c"]}
readers = [name for name, row in rows.items() if "b" in row[1:]]
bl.compare(my_guess, (len(readers), 7 * 1))

# %% [markdown]
# Two; and 7 to both, as its slopes are 1.
#
# ## Write down what ran
#
# Python worked out $x \cdot x \cdot x$ from left to right, and knew nothing of derivatives. And yet
# the picture shows two products, in their order, with a gradient at each. How many things did the
# lab have to write down for every product?
#
# Three: *what ran*, *what it was given*, and *what it will need on the way back*; for a product,
# notebook 1 found, both factors.

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
# `*numbers` takes whatever is passed, and packs it into a tuple.
#
# An operator is a class with two functions side by side. `forward` computes, and leaves on its node
# what the way back will need. `vjp` gets $\bar z$, written `z_bar`: how far the end of the graph
# moves per unit of `z`, the operator's own result. It answers with one message for each input:
#
# $$\bar x = \bar z \cdot \frac{\partial z}{\partial x} \qquad \bar y = \bar z \cdot
# \frac{\partial z}{\partial y}$$

# %%
class Add:
    def forward(ctx, x, y):
        return x + y

    def vjp(ctx, z_bar):
        return z_bar, z_bar

# %%
class Multiply:
    def forward(ctx, x, y):
        ctx.save_for_backward(x, y)
        return x * y

    def vjp(ctx, z_bar):
        x, y = ctx.saved_tensors
        return z_bar * y, z_bar * x

# %% [markdown]
# `ctx` (for *context*) is the node of this one run. It stands where you would expect `self`, for
# nobody creates a `Multiply`: we call the functions on the class, and hand both of them the same
# node. That is how `x` and `y` come back. (*vjp* is short for vector-Jacobian product; notebook 4
# says why.)
#
# Try the rule alone: for 3 · 4, with 10 from upstream, which message does each factor get? Your
# guess is a pair, such as `(1, 2)`.

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
# (40, 30): upstream times the *other* factor. With (30, 40) each factor got itself.
#
# In that cell we made the node, and called `forward` with it, by hand. It forgot to mention what
# the product was given, and the 12 that came out is a bare number that knows no node. `apply` will
# do both, for any operator.

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
# Where Python meets `x * y`, it calls `x.__mul__(y)`. What that does is up to the class:

# %%
Value.__add__ = lambda x, y: apply(Add, x, y)
Value.__mul__ = lambda x, y: apply(Multiply, x, y)

# %% [markdown]
# From now on every formula of Values writes its own graph. To see it we need an order: here is
# `topo` from notebook 1 once more, for Values instead of names. It is a loop and not a recursion,
# so a chain of 20,000 operators is no problem.
#
# `rows_of` is an adapter: it writes your graph as the rows that `bl.draw` knows.

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
def rows_of(output):
    rows, names = {}, {}
    for value in order_of(output):
        name = names[value] = f"t{len(names)}"
        rows[name] = ["input"]
        if value.node:
            rows[name] = [value.node.op.__name__, *[names[x] for x in value.node.inputs]]
    return rows

# %% [markdown]
# With $b = a \cdot a$, how many arrows does $b\,(b + a)$ have, and how many of them leave `a`?

# %%
if check("apply", apply):
    a = Value(3.0)
    b = a * a
    display(bl.draw(rows_of(b * (b + a))))
else:
    print("This picture is drawn from your own graph: come back when apply passes its check.")

# %% [markdown]
# Six, two for each of three operators; three of them leave `a` (here `t0`), for the first product
# reads it twice.
#
# **So far.** A graph is a by-product of running: each operator leaves a node behind. If the program
# takes another branch of an `if` tomorrow, it writes another graph. This is *define by run*.

# %% [markdown]
# ## Send the messages back
#
# The 12 at `x` in the first picture: in how many messages did it arrive, and how large were they?

# %%
t = x * x
y = t * x
bl.step(y)

# %% [markdown]
# Three, of 4 each: one from the second product, and two from `t`, which reads `x` twice and has 2
# from upstream. Your engine has all that it takes to do this; only the words are new.
#
# | notebook 2 | here |
# |---|---|
# | `order` | `order_of(output)` |
# | `gradients[name]` | `value.grad` |
# | `graph[name][1:]` | `value.node.inputs` |
# | upstream times `local[name]` | `value.node.op.vjp(value.node, z_bar)` |

# %% [markdown]
# Read the last line from the left: the Value's node, the class that ran there, its rule. It is the
# call `Multiply.vjp(ctx, 10.0)` from above. `z_bar` is what has arrived at that Value.

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
# In notebook 2, $d = b\,(b + a)$ with $b = a^2$ had the gradient 135 at $a = 3$. Now nobody writes
# rows or local derivatives:

# %%
def formula(a):
    b = a * a
    return b * (b + a)


if check("apply", apply) and check("backward", backward):
    a = Value(3.0)
    backward(formula(a))
    print("a.grad =", a.grad)
else:
    print("This gradient comes from your engine: come back when apply and backward pass.")

# %% [markdown]
# `formula` says nothing of Values: it runs on whatever can add and multiply. So ask two engines
# that others rely on, the lab's and, where it is installed, PyTorch:

# %%
from importlib.util import find_spec

a = bl.tensor(3.0, requires_grad=True)
formula(a).backward()
print("the lab:", a.grad)
if find_spec("torch"):
    import torch

    a = torch.tensor(3.0, requires_grad=True)
    formula(a).backward()
    print("PyTorch:", a.grad.item())

# %% [markdown]
# ### What does it cost?
#
# Backward calls one vjp for each operator of the graph, whatever the number of leaves. The
# alternative is to nudge: one weight to either side, run the model at both places, and on to the
# next weight.

# %% [markdown]
# To compare them, here is a network in the lab's own engine. A layer turns 16 numbers `h` into 16
# new ones, `h @ W`. Each new one is a sum: every number of `h`, times a weight of its own. That
# makes $16 \cdot 16 = 256$ weights in `W`.

# %%
def network(weights):
    h = bl.tensor(np.ones((1, 16)))
    for W in weights:
        h = ops.tanh(h @ W)
    return (h * h).sum()

# %%
def nudge_each(weights, nudge=1e-6):
    runs = 0
    for W in weights:
        for place in np.ndindex(16, 16):  # (0, 0), (0, 1), (0, 2), ...
            here = W.data[place]
            for there in (here + nudge, here - nudge):
                W.data[place] = there
                network(weights)
                runs += 1
            W.data[place] = here
    return runs

# %% [markdown]
# The slopes would come from the differences between results; here we only count the runs, and take
# the time. How often does a network of 2 layers run, to have every weight nudged once?

# %%
### BEGIN STUB
my_guess = ...
### END STUB
### BEGIN SOLUTION
my_guess = 1024
### END SOLUTION

# %%
weights = [bl.parameter(rng.normal(size=(16, 16)) / 4) for _ in range(2)]
bl.compare(my_guess, nudge_each(weights))

# %% [markdown]
# 1,024: two runs for each of 512 weights. Now take the time, for 2, 8 and 32 layers.

# %% tags=["nbval-ignore-output"]
from timeit import repeat

layers, forward, both, nudged = [2, 8, 32], [], [], []
for depth in layers:
    weights = [bl.parameter(rng.normal(size=(16, 16)) / 4) for _ in range(depth)]
    forward.append(min(repeat(lambda: network(weights), number=5)) / 5)
    both.append(min(repeat(lambda: network(weights).backward(), number=5)) / 5)
    if depth < 32:  # with 8,192 weights it would take too long
        nudged += repeat(lambda: nudge_each(weights), number=1, repeat=1)
print("forward and backward / forward:", [f"{b / f:.1f}" for f, b in zip(forward, both)])

# %% [markdown]
# Forward and backward together take a small multiple of forward alone, at 2 layers as at 32. The
# printed line has the multiples for this machine, and here are the times:

# %% tags=["nbval-ignore-output"]
import matplotlib.pyplot as plt

weights_in = 256 * np.array(layers)
fig, axes = plt.subplots(figsize=(6, 3.6), layout="constrained")
axes.loglog(weights_in[:2], nudged, "s", label="nudging every weight")
axes.loglog(weights_in, 2 * weights_in * forward, "--", label="two forwards for every weight")
axes.loglog(weights_in, both, "o-", label="forward and one backward")
axes.loglog(weights_in, forward, "^:", label="forward alone")
axes.set(xlabel="weights", ylabel="seconds")
axes.set_xticks(weights_in, weights_in, minor=False)
axes.set_xticks([], minor=True)
fig.legend(loc="outside upper center", ncols=2)
bl.figure(fig, alt="Seconds against the number of weights, both axes logarithmic. Forward and one "
          "backward pass run side by side; nudging every weight lies far above and rises steeper.")

# %% [markdown]
# Four times the layers are four times the work for forward, and for backward. For nudging they are
# sixteen times the work: four times as many runs, each of them four times as long. The dashed
# line is worked out from forward alone, for where measuring would take too long.

# %% [markdown]
# **So far.** One call goes back through the record, and every gradient of the graph is there. What
# it saves against nudging grows with the number of weights, and that is why anything large can be
# trained.

# %% [markdown]
# ## Call it again, and train
#
# A model often learns from several examples at once, a *batch*. If they come one by one, their
# gradients have to add up at the weights: leaves are to keep what they have.
#
# So call backward twice on $y = t \cdot x$, $t = x \cdot x$ at $x = 2$, without clearing anything.
# One call finds 12, so 24 would be right. What does a plain `+=` everywhere leave at `x`?

# %%
### BEGIN STUB
my_guess = ...
### END STUB
### BEGIN SOLUTION
my_guess = 32
### END SOLUTION

# %%
x_bar = t_bar = 0.0
for _ in range(2):
    y_bar = 1.0
    t_bar += y_bar * 2.0  # y = t · x, and x is 2
    x_bar += y_bar * 4.0  # ... and t is 4
    x_bar += t_bar * 2.0 + t_bar * 2.0  # t = x · x
bl.compare(my_guess, x_bar)

# %% [markdown]
# It leaves 32. The first call left 2 at `t`. The second adds its own 2 and sends all 4 on: the
# first message is delivered a second time. On a longer graph that happens at every Value in
# between.
#
# In the stepper above, the sweep *Zero only the leaves* shows what is left if somebody clears `x`
# between the two calls, and forgets `t`: 20 instead of 12.

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
# Now train. The loss has the gradient 12 at a weight: should the weight go up or down?
#
# Down: with 0.01 less, the loss falls by about 0.12. If the gradient were −12, up. The weight goes
# *against* its gradient, by *rate* times gradient; the rate is a small number that you choose.
#
# And since leaves add up, somebody has to clear them: whoever trains. A training step clears the
# gradients, runs the model, calls backward, and moves every weight.

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
# Your engine is complete. Let it draw a parabola, $y = w_0 + w_1 t + w_2 t^2$, through five points.
# At each point it is off by some amount; the loss is the sum of the squares of these amounts. Three
# weights begin at 0, where the loss is 5.58. (There is no minus yet, so we add `Value(-y)`.)

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
# Nobody derived a formula for these gradients: the sums and products that ran were enough. NumPy
# can solve this one problem by a formula of its own:

# %%
coefficients = np.polyfit(times, points, 2)[::-1]
print([f"{c:.3f}" for c in coefficients])

# %% tags=["nbval-ignore-output"]
grid = np.linspace(-1, 1, 50)
w0, w1, w2 = [w.data for w in weights]
fig, axes = plt.subplots(figsize=(5, 3), layout="constrained")
axes.plot(times, points, "o", label="the five points")
axes.plot(grid, w0 + w1 * grid + w2 * grid**2, label="your weights")
axes.legend()
bl.figure(fig, alt="Five points and the parabola of the weights: a flat line at zero before any "
          "training, and after it a curve that runs close to all five points.")

# %% [markdown]
# After 300 steps your weights agree with NumPy's to three decimals, and the curve runs close to all
# five points. A loss of 0.01 is left: no parabola meets all five.

# %% [markdown]
# ### More operators
#
# How many lines of the engine change when it learns a new operator? None: a plain class with
# `forward` and `vjp` is all. One that saved a single number takes it back with
# `(x,) = ctx.saved_tensors`.
#
# Two slopes you may not have met: for $z = \tanh x$ it is $1 - z^2$, and for $x^n$ it is
# $n\,x^{n-1}$.

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

# %% [markdown]
# ### Less memory
#
# Training reads the gradients of the leaves. After `backward` on a chain of 1,000 operators, how
# many others are lying about?
#
# A thousand, one at each result, and each was read once: when its turn came in the sweep.

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
# On $x \cdot 3$ all three are right. Which graph gives each of them away?
#
# | engine | its line |
# |---|---|
# | overwrites | `x.grad = message` |
# | nearest first | goes through the Values by the fewest arrows between them and the output |
# | stale | is called twice; `for leaf in leaves: leaf.grad = 0.0` in between, and nothing else |

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
# - An operator is two functions side by side; the sweep knows neither sums nor products.
# - Backward walks the order once, from the end: ask vjp, hand out messages, let them add.
# - Leaves add up over calls; everything in between starts afresh.
# - All gradients together cost a small multiple of one forward run, at any depth.

# %% [markdown]
# ## Next
#
# *Notebook 4, [Jacobians and VJPs](04-jacobians-and-vjps.ipynb)*: what a message is when a Value is
# no longer one number.
