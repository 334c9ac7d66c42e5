# %% [markdown]
# # The chain rule: sum over paths
#
# Nudge one number, and everything that depends on it moves. After this page you can say how far,
# for every number in a graph, from one walk backward through it.
#
# **You will** find local derivatives, add up paths, write the backward sweep · **You need**
# notebook 1; the derivatives of $x^2$, $e^x$ and $\log x$ · **Minutes** 70, and 15 more for extra
# practice
#
# Run the next two cells: Shift + Enter.

# %%
import numpy as np

import backprop_lab as bl
from backprop_lab import check, ops

rng = np.random.default_rng(0)

# %%
x = bl.tensor(2.0, requires_grad=True)
y = bl.tensor(0.5, requires_grad=True)
z = x * y
h = ops.log(z) + ops.exp(z)
bl.draw(h)

# %% [markdown]
# ## Ask one operator
#
# Nudge `x` from 2 to 2.001. How far does `h` move?
#
# The question is too big for one step, so ask it in small. Each operator knows one thing only: how
# far *its own* result moves when one of *its own* inputs is nudged, the others held still. That is
# the **local derivative**.

# %% [markdown]
# Take the product. If $x$ grows by a little, $x\,y$ grows by $y$ times as much:
#
# $$z = x\,y \qquad \frac{\partial z}{\partial x} = y \qquad \frac{\partial z}{\partial y} = x$$
#
# Here `x` is 2 and `y` is 0.5. Nudge `x` by 0.001: how far does `z` move? Put your number in place
# of the dots, then run both cells. A wrong guess is worth more than none.

# %%
### BEGIN STUB
my_guess = ...
### END STUB
### BEGIN SOLUTION
my_guess = 0.0005
### END SOLUTION

# %%
bl.compare(my_guess, 2.001 * 0.5 - 2 * 0.5)

# %% [markdown]
# 0.0005: the nudge times `y`, the *other* factor. Now all local derivatives of the graph, each on
# the arrow that it belongs to:

# %%
bl.draw(h, local=True)

# %% [markdown]
# A sum passes a nudge on as it is: both arrows into `+` say 1. The other numbers depend on where we
# are. $\log z$ has the slope $1/z$, and $\exp z$ has its own value for a slope. `max`, which is not
# in this picture, passes on the larger input and does not notice the other.

# %% [markdown] exercise="partials"

# %% exercise="partials"
def partials(op, x, y):
    ### BEGIN SOLUTION
    if op == "+":
        return 1.0, 1.0
    if op == "*":
        return y, x
    if op == "max":
        return float(x > y), float(y > x)
    return (np.exp(x),) if op == "exp" else (1 / x,)
    ### END SOLUTION

# %%
check("partials", partials)

# %% [markdown] hints="partials"

# %% [markdown]
# **So far.** An operator answers for its own step: how far its result moves per unit of one input,
# at the values that it has just seen.

# %% [markdown]
# ## Multiply along a path, add over paths
#
# From `x` to `h` there are two roads: through `log` and through `exp`. Take the one through `exp`.
# A nudge of `x` becomes 0.5 times as large at `z`, and at `exp` that is taken times 2.718.
#
# Factors along a road **multiply**:
#
# $$\frac{\partial z}{\partial x} \cdot \frac{\partial e^z}{\partial z} = y \cdot e^z = 0.5 \cdot
# 2.718 = 1.359$$

# %% [markdown]
# Is 1.359 the whole story? The nudge reaches `h` along the other road as well, and `h` adds up what
# arrives. Contributions of different roads **add**:
#
# $$\frac{\partial h}{\partial x} = \underbrace{y \cdot \frac{1}{z}}_{\text{through log}}
# + \underbrace{y \cdot e^z}_{\text{through exp}}$$
#
# What is it, at $x = 2$ and $y = 0.5$?

# %%
### BEGIN STUB
my_guess = ...
### END STUB
### BEGIN SOLUTION
my_guess = 1.859
### END SOLUTION

# %%
bl.compare(my_guess, bl.grad(lambda x: ops.log(x * 0.5) + ops.exp(x * 0.5))(2.0))

# %% [markdown]
# 1.859: 0.5 by one road and 1.359 by the other. With 3.718 you left out the step from `x` to `z`;
# with 0.680 you multiplied the two roads, and roads add.
#
# Move along the list and watch each road light up.

# %%
bl.paths(h, x)

# %% [markdown] exercise="two_roads"

# %% exercise="two_roads"
def two_roads(x, y):
    ### BEGIN SOLUTION
    z = x * y
    dh_dz = 1 / z + np.exp(z)
    return dh_dz * y, dh_dz * x
    ### END SOLUTION

# %%
check("two_roads", two_roads)

# %% [markdown] hints="two_roads"

# %% [markdown]
# Nothing in this was special to two roads. For any graph,
#
# $$\frac{\partial z}{\partial x} \;=\; \sum_{\text{paths from } x \text{ to } z}\;
# \prod_{\text{edges on the path}} \text{local derivative}$$
#
# This is the chain rule of several variables: *multiply along a path, add over paths*. A path is a
# list of edges, not of nodes: in `x * x` there are two edges from `x` to the product, so two paths.

# %% [markdown] exercise="path_sum"

# %% exercise="path_sum"
def path_sum(graph, local, start, end):
    ### BEGIN SOLUTION
    if start == end:
        return 1.0
    total = 0.0
    for name, slope in zip(graph[end][1:], local.get(end, [])):
        total += slope * path_sum(graph, local, start, name)
    return total
    ### END SOLUTION

# %%
check("path_sum", path_sum)

# %% [markdown] hints="path_sum"

# %% [markdown]
# **So far.** Local derivatives multiply along a path, and paths add. The recipe is complete, and it
# has one flaw, which we come to.

# %% [markdown]
# ## Wait for everyone
#
# Nudge `a` by 0.001. How far does `d` move?
#
# $$b = a^2 \qquad c = b + a \qquad d = b \cdot c \qquad a = 3$$

# %%
a = bl.tensor(3.0, requires_grad=True)
b = a**2
c = b + a
d = b * c
bl.draw(d)

# %% [markdown]
# `b` has two readers: `c` uses it, and so does `d`. `a` has two readers as well. Instead of listing
# roads, send **messages** back from `d`: each operator tells each of its inputs how much `d` moves
# per unit of that input, as far as this operator is concerned.
#
# A message is the operator's own gradient (what came from *upstream*) times the local derivative.
# At each tensor, messages add.

# %% [markdown]
# $$\frac{\partial d}{\partial b} \;=\; \underbrace{c}_{\text{straight}} \;+\;
# \underbrace{b \cdot 1}_{\text{through } c}$$
#
# Put your guess for $\partial d/\partial a$ here before you run the next cell.

# %%
### BEGIN STUB
my_guess = ...
### END STUB
### BEGIN SOLUTION
my_guess = 135
### END SOLUTION

# %%
d.backward()
bl.compare(my_guess, a.grad)

# %% [markdown]
# 135: a nudge of 0.001 moves `d` by about 0.135. If you had 54, you let the last message to arrive
# at a tensor erase the one before it.
#
# Step through the backward sweep and watch the counter beside `b`: it says "1 of 2", and `b` stays
# silent until the second message is in. Guess each number before you move on.

# %%
bl.step(d)

# %% [markdown]
# Now break it. Under the picture you can swap the sweep for one that people really write. Which of
# the wrong ones gives 81 at `a`, and what did `b` do too early?
#
# A sweep that lets `b` speak as soon as it is reached has `b` pass on 12 where 21 was due. What
# arrives later is added to `b`, and goes no further.

# %% [markdown]
# So a tensor may pass its gradient on only when all of its readers have spoken. You know an order
# that guarantees it: in a topological order every reader comes after its inputs. Read it from right
# to left, and every reader comes *before*.

# %% [markdown] exercise="sweep"

# %% exercise="sweep"
def sweep(graph, order, local):
    ### BEGIN SOLUTION
    gradients = dict.fromkeys(order, 0.0)
    gradients[order[-1]] = 1.0
    for name in reversed(order):
        for x, slope in zip(graph[name][1:], local.get(name, [])):
            gradients[x] += gradients[name] * slope
    return gradients
    ### END SOLUTION

# %%
check("sweep", sweep)

# %% [markdown] hints="sweep"

# %% [markdown]
# The graph of this section once more, through your own hands:

# %%
diamond = {"a": ["input"], "b": ["square", "a"], "c": ["+", "b", "a"], "d": ["*", "b", "c"]}
slopes = {"b": [6.0], "c": [1.0, 1.0], "d": [12.0, 9.0]}
if check("sweep", sweep):
    for name, gradient in sweep(diamond, ["a", "b", "c", "d"], slopes).items():
        print(name, gradient)
else:
    print("These gradients come from your sweep: come back when its check passes.")

# %% [markdown]
# **So far.** Backward, every operator sends each input one message: upstream times local. Messages
# add where they meet, and a tensor speaks once, after all of its readers.

# %% [markdown]
# ## Count the work
#
# `path_sum` is right, and so is `sweep`. Why two? Put $n$ diamonds in a row, each one with a fork
# and a join, and count the roads from the first tensor to the last. How many are there through 16
# diamonds?

# %%
### BEGIN STUB
my_guess = ...
### END STUB
### BEGIN SOLUTION
my_guess = 65536
### END SOLUTION

# %%
t = start = bl.tensor(0.5, requires_grad=True)
for _ in range(16):
    t = t.sin() * t.cos()
roads = bl.paths(t, start)
bl.compare(my_guess, roads.count)

# %% [markdown]
# 65,536, that is $2^{16}$: each diamond doubles the roads. The sweep sends one message along each
# edge, and there are 64 edges. Ten diamonds more, and the roads are 67 million, the edges 104.

# %%
roads

# %% [markdown] exercise="visits"

# %% exercise="visits"
def visits(n):
    ### BEGIN SOLUTION
    return 2**n, 4 * n
    ### END SOLUTION

# %%
check("visits", visits)

# %% [markdown] hints="visits"

# %% [markdown]
# ### The recursion that everybody writes
#
# Here is the backward pass that most people write first: add the message, then tell the inputs.

# %%
def tell(graph, local, gradients, name, message):
    gradients[name] = gradients.get(name, 0.0) + message
    for x, slope in zip(graph[name][1:], local.get(name, [])):
        tell(graph, local, gradients, x, gradients[name] * slope)

# %% [markdown]
# Take $y = c\,d + (c + d)$ with $c = a + b$ and $d = a\,b$, at $a = 2$ and $b = 3$. The gradients
# are 25 at `a` and 19 at `b`. What will this one say at `a`?

# %%
### BEGIN STUB
my_guess = ...
### END STUB
### BEGIN SOLUTION
my_guess = 46
### END SOLUTION

# %%
rows = {"a": ["input"], "b": ["input"], "c": ["+", "a", "b"], "d": ["*", "a", "b"]}
rows |= {"e": ["+", "c", "d"], "f": ["*", "c", "d"], "y": ["+", "f", "e"]}
local = {"c": [1, 1], "d": [3, 2], "e": [1, 1], "f": [6, 5], "y": [1, 1]}
gradients = {}
tell(rows, local, gradients, "y", 1.0)
bl.compare(my_guess, gradients["a"])

# %% [markdown]
# 46 instead of 25. When the second message reaches `c`, the recursion passes on *everything* that
# has arrived there so far, and the first message goes down a second time.
#
# Passing on only the new message would be right, and would walk every road: that is `path_sum`
# again. Waiting is what makes it both right and cheap.

# %% [markdown] exercise="slope"

# %% exercise="slope"
def slope(f, x, nudge):
    ### BEGIN SOLUTION
    return (f(x + nudge) - f(x - nudge)) / (2 * nudge)
    ### END SOLUTION

# %%
check("slope", slope)

# %% [markdown] hints="slope"

# %% [markdown]
# ### By hand, as often as you like
#
# A fresh graph with small numbers. Fill in what you find, all of it or a part, and ask; a slip
# that explains your numbers gets its name. `problem.next()` is the next one.

# %%
problem = bl.practice("chain-rule", difficulty=2, seed=7)
problem

# %%
answer = problem.form  # put the dictionary here, filled in
problem.check(answer)

# %% [markdown]
# ## Take it further: which measurement is worth improving?
#
# A pendulum of length $L$ swings once in $T$ seconds, and $g = 4\pi^2 L / T^2$. You measured
# $L = 1.000$ m, give or take 2 mm, and $T = 2.00$ s, give or take 0.01 s. Which of the two spoils
# $g$ more: `"L"` or `"T"`?

# %%
### BEGIN STUB
my_guess = ...
### END STUB
### BEGIN SOLUTION
my_guess = "T"
### END SOLUTION

# %%
L = bl.tensor(1.0, requires_grad=True)
T = bl.tensor(2.0, requires_grad=True)
g = 4 * np.pi**2 * L / T**2
g.backward()
moved = {"L": abs(L.grad) * 0.002, "T": abs(T.grad) * 0.01}
print({name: f"{by:.2g}" for name, by in moved.items()})
bl.compare(my_guess, max(moved, key=moved.get))

# %% [markdown]
# The stopwatch: 0.01 s moves $g$ by about 0.099, the ruler's 2 mm by 0.02. One backward pass gave
# the sensitivity to *every* input. For two that is handy. For two million weights it is what makes
# training possible at all.
#
# A gradient speaks of small nudges. Change `T` by a whole second, and the straight line is far off.

# %% [markdown]
# ## Recap
#
# - A local derivative says how far one operator's result moves per unit of one input.
# - Along a path they multiply; over paths they add. A repeated operand is two paths.
# - The sweep goes back through a topological order: upstream times local, added where they meet.
# - Whoever has several readers waits for all of them.
# - Paths double at every fork; the sweep sends one message along each edge.

# %% [markdown]
# ## Next
#
# *Notebook 3, [an engine of your own](03-build-an-engine.ipynb)*: the graph writes itself while
# Python computes, and `backward()` is yours.
