# %% [markdown]
# # The chain rule: sum over paths
#
# Nudge one number, and everything that depends on it moves. After this page you can say how far,
# for every number in a graph, from one walk backward through it.
#
# **You will** find local derivatives, add up paths, write the backward sweep · **You need**
# notebook 1; the derivative of $x^2$ (those of $e^x$ and $\log x$ are told when you need them) ·
# **Minutes** 70, and 15 more for extra practice
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
# That is too much for one step, so we ask the operators one by one. Each of them knows one thing
# only: how far *its own* result moves per unit of one of *its own* inputs, while the others are
# held still. That is a **local derivative**, or slope; an operator has one for each input.

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
# 0.0005: the nudge times `y`, the *other* factor. If you had 0.002, you took `x` itself; if you had
# 0.5, that is the local derivative, and the nudge is still missing.
#
# Here are all local derivatives of the graph, each on the arrow that it belongs to:

# %%
bl.draw(h, local=True)

# %% [markdown]
# A sum passes a nudge on as it is: both arrows into `+` say 1. The other numbers depend on where we
# are. The natural logarithm $\log z$ has the slope $1/z$, here 1; $\exp z = e^z$ has its own value
# for a slope, here 2.718.
#
# `max(x, y)`, which is not in this picture, *is* the larger input. Nudge that one, and the result
# moves as far; nudge the smaller one, and nothing happens.

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
# A **path** is a road along the arrows. From `x` to `h` there are two: through `log` and through
# `exp`. Take the one through `exp`, with a nudge of 0.001 at `x`. `z` moves 0.5 times as far;
# $e^z$ moves 2.718 times as far as `z`; `h` moves as far as $e^z$.
#
# Factors along a path **multiply**:
#
# $$\underbrace{y}_{x \to z} \cdot \underbrace{e^z}_{z \to \exp} \cdot \underbrace{1}_{\exp \to h}
# = 0.5 \cdot 2.718 \cdot 1 = 1.359$$

# %% [markdown]
# Is 1.359 the whole answer? The nudge reaches `h` along the other path as well, and `h` adds up
# what arrives. Contributions of different paths **add**:
#
# $$\frac{\partial h}{\partial x} = \underbrace{y \cdot \frac{1}{z}}_{\text{through log}}
# + \underbrace{y \cdot e^z}_{\text{through exp}}$$
#
# What is it, at $x = 2$ and $y = 0.5$? The cell below your guess measures it: `x` is nudged to
# either side, and the move of `h` is divided by the move of `x`.

# %%
### BEGIN STUB
my_guess = ...
### END STUB
### BEGIN SOLUTION
my_guess = 1.859
### END SOLUTION

# %%
def h_at(x):
    z = x * 0.5
    return np.log(z) + np.exp(z)


bl.compare(my_guess, (h_at(2.001) - h_at(1.999)) / 0.002)

# %% [markdown]
# 1.859: 0.5 along one path and 1.359 along the other. So the nudge of 0.001 moves `h` by about
# 0.00186. With 3.718 you left out the step from `x` to `z`; with 0.680 you multiplied the two
# paths, and paths add.
#
# Move along the list and watch each path light up.

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
# Nothing in this was special to two paths. For any graph,
#
# $$\frac{\partial\,\text{end}}{\partial\,\text{start}} \;=\;
# \sum_{\text{paths from start to end}}\;
# \prod_{\text{edges on the path}} \text{local derivative}$$
#
# ($\sum$ says: add all of these; $\prod$: multiply them.) This is the chain rule of several
# variables: *multiply along a path, add over paths*. A path is a list of edges, not of nodes: in
# `x * x` two edges lead from `x` to the product, so there are two paths.

# %% [markdown]
# For a program we write the graph as rows, as in notebook 1, and beside it the local derivatives:
# one list for each operator, in the order of its inputs. A leaf has no inputs, so it has no list.

# %%
rows_of_h = {
    "x": ["input"],
    "y": ["input"],
    "z": ["*", "x", "y"],
    "l": ["log", "z"],
    "e": ["exp", "z"],
    "h": ["+", "l", "e"],
}
slopes_of_h = {"z": [0.5, 2.0], "l": [1.0], "e": [2.718], "h": [1.0, 1.0]}
for name, slopes in slopes_of_h.items():
    for source, number in zip(rows_of_h[name][1:], slopes):
        print(f"{source} → {name}: {number}")

# %% [markdown]
# Six edges, six numbers, those of the picture. `zip` walks through two lists side by side.
#
# How could a program add over all paths without writing them down? The last edge of a path into `h`
# comes from `l` or from `e`. Suppose you know the sum over the paths from `x` to `l`, 0.5, and to
# `e`, 1.359. Then the sum for `h` is $1 \cdot 0.5 + 1 \cdot 1.359$. And the sum for `l`? The same
# question, one edge earlier.

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
# **So far.** Local derivatives multiply along a path, and paths add. This recipe always gives the
# right number, and on some graphs it takes too long to be of any use. What else can be done?

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
# `b` has two readers, `c` and `d`; `a` has two readers as well. Instead of listing paths, send
# **messages** back from `d`. Its own gradient is 1: it moves as far as itself. Each operator tells
# each of its inputs how far `d` moves per unit of that input *by way of this operator*.
#
# The message is the gradient of the operator's own result (what came from *upstream*) times the
# local derivative. At each tensor, messages add.

# %% [markdown]
# `c` has one reader and hears $1 \cdot b = 9$ from `d`. `b` hears from both of its readers:
#
# $$\frac{\partial d}{\partial b} \;=\; \underbrace{1 \cdot c}_{\text{from } d} \;+\;
# \underbrace{9 \cdot 1}_{\text{from } c} \;=\; 12 + 9 \;=\; 21$$
#
# And `a`, which hears from `b` and from `c`? Put your guess for $\partial d/\partial a$ here, then
# run both cells.

# %%
### BEGIN STUB
my_guess = ...
### END STUB
### BEGIN SOLUTION
my_guess = 135
### END SOLUTION

# %%
def d_at(a):
    return a**2 * (a**2 + a)


bl.compare(my_guess, (d_at(3.001) - d_at(2.999)) / 0.002)

# %% [markdown]
# 135: $21 \cdot 6$ from `b`, and 9 from `c`. A nudge of 0.001 moves `d` by about 0.135. If you had
# 54, you let the last message to arrive at a tensor erase the one before it; with 126 you forgot
# that `c` reads `a` as well.
#
# Step through it. In the column *heard*, `b` has 1 of 2, and stays silent until the second message
# is in. (`bl.step(d, predict=True)` hides each number until you have guessed it.)

# %%
bl.step(d)

# %% [markdown]
# Now break it: the menu *Sweep* above the picture holds sweeps that people really write. Two of the
# wrong ones say 81 at `a`. What did `b` do too early?
#
# It spoke as soon as it was reached, and passed on 12 where 21 was due: $12 \cdot 6 + 9 = 81$. The
# 9 that arrived later was added to `b`, and went no further.

# %% [markdown]
# So a tensor that speaks once has to wait until all of its readers have spoken. You know an order
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
# The graph of this section once more, this time with your own `sweep`:

# %%
diamond = {"a": ["input"], "b": ["square", "a"], "c": ["+", "b", "a"], "d": ["*", "b", "c"]}
slopes = {"b": [6.0], "c": [1.0, 1.0], "d": [12.0, 9.0]}
if check("sweep", sweep):
    for name, gradient in sweep(diamond, ["a", "b", "c", "d"], slopes).items():
        print(name, gradient)
else:
    print("These gradients come from your sweep: come back when its check passes.")

# %% [markdown]
# When your sweep runs, it finds 135 at `a`, 21 at `b`, 9 at `c` and 1 at `d`: what you saw step by
# step.
#
# **So far.** Backward, every operator sends each input one message: upstream times local. Messages
# add where they meet, and a tensor speaks once, after all of its readers.

# %% [markdown]
# ## Count the work
#
# `path_sum` is right, and so is `sweep`. Why two? Count paths. A *diamond* is a fork and the join
# behind it; here are two in a row.

# %%
t = start = bl.tensor(0.5, requires_grad=True)
for _ in range(2):
    t = ops.sin(t) * ops.cos(t)
bl.draw(t)

# %% [markdown]
# Four paths lead from `start` to `t`: left or right, and then left or right again. How many would
# there be through 16 diamonds?

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
    t = ops.sin(t) * ops.cos(t)
roads = bl.paths(t, start)
bl.compare(my_guess, roads.count)

# %% [markdown]
# 65,536, that is $2^{16}$: each diamond doubles the paths. Each of them is 32 edges long, so
# walking them all takes 2,097,152 steps. The sweep sends one message along each edge, and there are
# 64 edges. Ten diamonds more, and there are 67 million paths, and 104 edges.

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
# ### A recursion that looks right
#
# Could we do without an order? Here is a backward pass that needs none: add the message to what is
# there, then tell the inputs. On a chain it is right.

# %%
def tell(graph, local, gradients, name, message):
    gradients[name] = gradients.get(name, 0.0) + message
    for x, slope in zip(graph[name][1:], local.get(name, [])):
        tell(graph, local, gradients, x, gradients[name] * slope)

# %% [markdown]
# Take $y = c\,d + (c + d)$ with $c = a + b$ and $d = a\,b$, at $a = 2$ and $b = 3$:

# %%
rows = {
    "a": ["input"],
    "b": ["input"],
    "c": ["+", "a", "b"],
    "d": ["*", "a", "b"],
    "e": ["+", "c", "d"],
    "f": ["*", "c", "d"],
    "y": ["+", "f", "e"],
}
local = {"c": [1, 1], "d": [3, 2], "e": [1, 1], "f": [6, 5], "y": [1, 1]}
bl.draw(rows)

# %% [markdown]
# The gradients are 25 at `a` and 19 at `b`. What will `tell` say at `a`? Follow `c`: it hears 6
# from `f`, and later 1 from `e`.

# %%
### BEGIN STUB
my_guess = ...
### END STUB
### BEGIN SOLUTION
my_guess = 46
### END SOLUTION

# %%
gradients = {}
tell(rows, local, gradients, "y", 1.0)
bl.compare(my_guess, gradients["a"])

# %% [markdown]
# 46 instead of 25. `c` hears 6 and sends 6; then it hears 1 and sends *everything* that has
# arrived, 7. Thus `a` gets 13 through `c` where 7 is right, and 33 through `d` where 18 is right.
#
# Passing on only the new message would be right, and would walk every path: that is `path_sum`
# again. Waiting is what makes it both right and cheap.

# %% [markdown]
# How would you have noticed, had nobody told you 25? Nudge `a` from 2 to 2.001, and compute `y`
# again: it moves from 41 to 41.025. That is 25 per unit, and not 46.
#
# Nudging needs no derivative and no graph. It is slow, and an excellent witness.

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
# A fresh graph with small numbers. Fill in what you find, all of it or a part, and press *Check*:
# it names the slip that explains your numbers, if there is one. `problem = problem.next()` is the
# next graph.
#
# Below the fields stands what you have filled in, as a dictionary. It can go into a cell, too:

# %%
problem = bl.practice("chain-rule", difficulty=2, seed=7)
problem

# %%
answer = problem.form  # or the dictionary from below the fields
problem.check(answer)

# %% [markdown]
# ## Take it further: which measurement is worth improving?
#
# A pendulum of length $L$ swings to and fro once in $T$ seconds. For small swings, that tells how
# fast falling things gain speed, in metres per second and second: $g = 4\pi^2 L / T^2$. You
# measured $L = 1.000$ m, give or take 2 mm, and $T = 2.00$ s, give or take 0.01 s.
#
# An error in $L$ moves $g$ by the error times $\partial g/\partial L$, and the same goes for $T$.
# Which of the two spoils $g$ more: `"L"` or `"T"`?

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
bl.compare(my_guess, max(moved, key=moved.get))

# %% [markdown]
# The stopwatch. By how much?

# %%
for name, by in moved.items():
    print(f"{name} moves g by {by:.2g}")

# %% [markdown]
# About 0.099 by the stopwatch, and 0.02 by the ruler. One backward pass gave the sensitivity to
# *every* input. For two that is handy; for two million weights it is what makes training possible.
#
# A gradient speaks of small nudges. For $T = 3$ instead of 2 it promises that $g$ falls by 9.87,
# down to nothing. It falls by 5.48.

# %% [markdown]
# ## Recap
#
# - A local derivative says how far one operator's result moves per unit of one input.
# - Along a path they multiply; over paths they add. A repeated operand is two paths.
# - The sweep goes back through a topological order: upstream times local, added where they meet.
# - Whoever has several readers waits for all of them.
# - Paths double with every diamond; the sweep sends one message along each edge.

# %% [markdown]
# ## Next
#
# *Notebook 3, [an engine of your own](03-build-an-engine.ipynb)*: how much has to be written down
# while Python computes, so that a sweep can go back? Then `backward()` is yours.
