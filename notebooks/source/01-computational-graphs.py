# %% [markdown]
# # Graphs: operators as nodes, tensors as edges
#
# One line of arithmetic is a small machine. After this page you can draw it, find an order in which
# it runs, run it, and say what it must remember.
#
# **You will** write a graph down, sort it and run it · **You need** loops, functions and
# dictionaries in Python; the derivative of $x^2$ · **Minutes** 75, and 15 more for extra practice
#
# Run the next two cells: Shift + Enter.

# %%
import numpy as np

import backprop_lab as bl
from backprop_lab import check, ops

rng = np.random.default_rng(0)

# %%
a = bl.tensor(2.0, requires_grad=True)
b = bl.tensor(1.0, requires_grad=True)
e = (a + b) * (b + 1)
bl.draw(e)

# %% [markdown]
# ## Read the picture
#
# How often does `b` stand in the formula, and how often in the picture?
#
# Twice, and once. There is one tensor `b`, and two operators read it, so two arrows leave it.

# %% [markdown]
# - A box with a symbol is an **operator**: a node, something that ran.
# - An arrow is a **tensor**: an edge, a value on its way to a node that reads it. All arrows that
#   leave one box carry the same tensor, whose value stands in the box.
# - A box that no arrow enters is a **leaf**: something that was put in.
#
# `e` is the result: it has a value, and no reader yet.

# %% [markdown]
# `requires_grad=True` asks the lab to write down what happens to a tensor. Nothing else is needed:
# while Python worked out `e`, each operator left a note saying what ran and what it was given. The
# picture is drawn from those notes.
#
# The graph is **directed** (arrows point from a value to its reader) and **acyclic** (nothing can
# be read before it was made). Hence the name that you will meet: DAG.

# %% [markdown]
# Before you look at the next graph, count its nodes: leaves and operators together.
#
# $$p = x\,y \qquad f = (p + \sin x)\cdot p$$
#
# Put your number in place of the dots, then run both cells. A wrong guess is worth more than none.

# %%
### BEGIN STUB
my_guess = ...
### END STUB
### BEGIN SOLUTION
my_guess = 6
### END SOLUTION

# %%
x = bl.tensor(1.2, requires_grad=True)
y = bl.tensor(0.7, requires_grad=True)
p = x * y
f = (p + ops.sin(x)) * p
bl.compare(my_guess, len(bl.Graph.from_tensor(f).nodes))

# %% [markdown]
# Six: two leaves and four operators. If you had seven, you gave `p` a box for each of its readers;
# if you had four, you left out the leaves.

# %%
bl.draw(f)

# %% [markdown]
# `p` was made once and is read twice. If we had typed `x * y` twice instead, there would be seven
# nodes: the graph records what *ran*, and nobody looks for multiplications that happen to be alike.
#
# A picture is for eyes. For a program, the same graph is a handful of rows: **one row for each
# node**, found under the name of the tensor that leaves it.

# %%
rows_of_f = {
    "x": ["input"],
    "y": ["input"],
    "p": ["*", "x", "y"],
    "s": ["sin", "x"],
    "q": ["+", "p", "s"],
    "f": ["*", "q", "p"],
}
bl.draw(rows_of_f)

# %% [markdown]
# Read the row of `q` aloud: *q is made by + from p and s.* First what makes it, then what goes in.
#
# It is the same picture without numbers, because rows say how and not how much. `p` stands in two
# lists, so two arrows carry it.

# %% [markdown]
# Books and programs draw the same graph in other ways. Here are three, side by side. Move along any
# of them, with the mouse or with Tab: the same thing is marked in all three. A tensor without a
# name of its own is called `t1`, `t2`, … there. (PyTorch, micrograd and JAX are libraries that find
# gradients; you need none of them yet.)

# %%
bl.rosetta(f)

# %% [markdown]
# In the second picture every *value* is a node, too, and in the third the graph has become a list
# of lines. It is one computation; what changes is which of its parts get a circle. This course
# keeps to the first.

# %% [markdown]
# Your turn. Write your rows in place of the dots and run both cells. In a new cell (the + above the
# page), `bl.draw(rows)` shows what you have written so far. If you are stuck, open a hint below the
# check: click it, or Tab to it and press Enter.

# %% [markdown] exercise="rows"

# %% exercise="rows"
### BEGIN STUB
rows = ...
### END STUB
### BEGIN SOLUTION
rows = {
    "a": ["input"],
    "b": ["input"],
    "1": ["constant"],
    "c": ["+", "a", "b"],
    "d": ["+", "b", "1"],
    "e": ["*", "c", "d"],
}
### END SOLUTION

# %%
check("rows", rows)

# %% [markdown] hints="rows"

# %% [markdown]
# ### Ask each tensor where it comes from
#
# A *neuron* is a small formula whose numbers can be adjusted: its *weights*. The *loss* says how
# far its answer `y` is from the answer `p` that was wanted, and *training* changes the weights to
# make the loss smaller. Which of these tensors will training change?

# %%
x = bl.tensor([2.0, -1.0])
w, bias = bl.parameter([0.5, 1.5]), bl.parameter(0.1)
p = bl.tensor(0.7, requires_grad=True)
z = (w * x).sum() + bias  # arrays are multiplied number by number
y = ops.tanh(z)  # brings any number into the range from -1 to 1
loss = (y - p) ** 2
bl.draw(loss)

# %% [markdown]
# Two of them: `w` and `bias`. What an operator made is **intermediate**. What no operator made is a
# leaf, and leaves come in three kinds:
#
# | leaf | drawn | made with | who chose its value |
# |---|---|---|---|
# | input | round | `bl.tensor(...)` | the data |
# | weight | corners cut | `bl.parameter(...)` | training will |
# | constant | dashed | a number in the formula | whoever wrote the formula |
#
# A small 1 and 2 beside the arrows say which input comes first: $y - p$ is not $p - y$.

# %% [markdown]
# Whether a tensor `requires_grad` is another question. In this lab a weight always does. An input
# may: here somebody wants to know how the loss depends on `p`, and still `p` will not be learned.
# `x` asks for nothing; it is in the picture because `w` does, and is multiplied by it.

# %% [markdown] exercise="kinds"

# %% exercise="kinds"
### BEGIN STUB
kinds = {
    "x": ..., "w": ..., "bias": ..., "p": ...,
    "z": ..., "y": ..., "loss": ..., "2": ...,
}
### END STUB
### BEGIN SOLUTION
kinds = {
    "x": "input", "w": "weight", "bias": "weight", "p": "input",
    "z": "intermediate", "y": "intermediate", "loss": "intermediate", "2": "constant",
}
### END SOLUTION

# %%
check("kinds", kinds)

# %% [markdown] hints="kinds"

# %% [markdown]
# **So far.** Operators are nodes, tensors are the edges between them, and a tensor with two readers
# is still one tensor. Leaves are where values come in: as data, as weights, or with the formula.

# %% [markdown]
# ## Put inputs before readers
#
# Three operators can be put in six orders. In how many of the six can these three run?
#
# $$b = \exp(a) \qquad c = b + a \qquad d = b \cdot c$$

# %%
diamond = {
    "d": ["*", "b", "c"],
    "c": ["+", "b", "a"],
    "a": ["input"],
    "b": ["exp", "a"],
}
bl.draw(diamond)

# %% [markdown]
# The rows stand in the order in which somebody thought of them, result first. That is allowed: only
# the names inside the rows say who has to wait for whom.
#
# In how many of the six orders, then, can `b`, `c` and `d` run? `bl.order_fault` says what stops an
# order, and `None` if nothing does.

# %%
### BEGIN STUB
my_guess = ...
### END STUB
### BEGIN SOLUTION
my_guess = 1
### END SOLUTION

# %%
from itertools import permutations

faults = {order: bl.order_fault(diamond, ["a", *order]) for order in permutations("bcd")}
for order, fault in faults.items():
    print(*order, "→", fault or "runs")
bl.compare(my_guess, list(faults.values()).count(None))

# %% [markdown]
# One. `c` needs `b`, and `d` needs both, so everybody has to wait for somebody. The other five stop
# at an input that is not there yet, and the message names it.
#
# An order in which every tensor comes after all of its inputs is a **topological order**. The
# looser the graph, the more there are.

# %% [markdown]
# How do you find one? Start from the result and ask what is missing.
#
# | waiting | look at the last: is anything missing? | so |
# |---|---|---|
# | d | `b` is | `b` has to wait as well |
# | d b | `a` is | `a` has to wait as well |
# | d b a | no | put `a` down |
# | d b | no | put `b` down |
# | d | `c` is | `c` has to wait as well |
# | d c | no | put `c` down |
# | d | no | put `d` down |

# %% [markdown]
# To *put a name down* is to write it at the end of the order, here a, b, c, d. Each name is *looked
# at* early and put down late: only once nothing that it reads is missing. The column on the left is
# a list: names join it at its end, and leave it from its end.

# %% [markdown] exercise="topo"

# %% exercise="topo"
def topo(graph, root):
    ### BEGIN SOLUTION
    order, down, waiting = [], set(), [root]
    while waiting:
        name = waiting[-1]
        missing = [x for x in graph[name][1:] if x not in down]
        if missing:
            waiting.append(missing[0])
        else:
            waiting.pop()
            if name not in down:
                down.add(name)
                order.append(name)
    return order
    ### END SOLUTION

# %%
check("topo", topo)

# %% [markdown] hints="topo"

# %% [markdown]
# There is rarely just one right answer. Two tensors that do not need each other can come in either
# order, and a check that insists on its own favourite refuses good work. So how would *you* check
# an order?

# %% [markdown] exercise="is_valid_order"

# %% exercise="is_valid_order"
def is_valid_order(graph, order):
    ### BEGIN SOLUTION
    passed = set()
    for name in order:
        if name not in graph or name in passed:
            return False
        if any(x not in passed for x in graph[name][1:]):
            return False
        passed.add(name)
    return len(passed) == len(graph)
    ### END SOLUTION

# %%
check("is_valid_order", is_valid_order)

# %% [markdown] hints="is_valid_order"

# %% [markdown]
# **So far.** An order that runs puts every tensor after its inputs. The fewest steps to the result
# are no guide, nor is the order in which the rows were written; only who reads whom.

# %% [markdown]
# ## Run it, and keep what comes out
#
# `b` in `diamond` has two readers. How often should $\exp(a)$ be computed?
#
# Once, if whoever computes it keeps the result where both readers find it:

# %%
values = {"a": 0.5}
values["b"] = np.exp(values["a"])
values["c"] = values["b"] + values["a"]
values["d"] = values["b"] * values["c"]
print(f"d = {values['d']:.4g}, with {len(values)} values kept")

# %% [markdown]
# Every line looks its inputs up and stores what it made. The order guarantees that the inputs are
# there. Watch it happen, one operator at a time, with the button ▶ or the one beside it:

# %%
a = bl.tensor(0.5, requires_grad=True)
b = ops.exp(a)
c = b + a
d = b * c
bl.step(d, backward=False)

# %% [markdown]
# The table below the picture is the dictionary `values`, filling up line by line. Now the same for
# any graph: this loop is the **forward pass**.

# %% [markdown] exercise="forward"

# %% exercise="forward"
def forward(graph, order, leaves, functions):
    ### BEGIN SOLUTION
    values = dict(leaves)
    for name in order:
        if name not in values:
            made_by, *inputs = graph[name]
            values[name] = functions[made_by](*[values[x] for x in inputs])
    return values
    ### END SOLUTION

# %%
check("forward", forward)

# %% [markdown] hints="forward"

# %% [markdown]
# Now shuffle. The next graph has six operators, so they have 720 orders. (×2 at an arrow: `u` reads
# `y` twice.) Draw an order at random, 1,000 times; the same one may come again. Among those that
# run, how many different values of `g` will there be?

# %%
### BEGIN STUB
my_guess = ...
### END STUB
### BEGIN SOLUTION
my_guess = 1
### END SOLUTION

# %%
g = {
    "x": ["input"],
    "y": ["input"],
    "s": ["sin", "x"],
    "p": ["*", "s", "y"],
    "t": ["exp", "x"],
    "v": ["+", "p", "t"],
    "u": ["*", "y", "y"],
    "g": ["+", "v", "u"],
}
bl.draw(g)

# %% [markdown]
# The cell below hands 1,000 shuffled orders to your `forward`. An order that does not run makes it
# stop at the first value that is missing, and Python names it: a `KeyError`.

# %%
functions = {"+": np.add, "*": np.multiply, "sin": np.sin, "exp": np.exp}


def try_order(order):
    try:
        return float(forward(g, ["x", "y", *order], {"x": 1.2, "y": 0.7}, functions)["g"])
    except KeyError as missing:
        return f"{missing} is missing"


# %%
from collections import Counter

if not check("forward", forward):
    print("This experiment runs your forward: come back when its check passes.")
else:
    outcomes = Counter(try_order(rng.permutation([*"sptvug"])) for _ in range(1000))
    for outcome, times in outcomes.most_common():
        print(f"{times:4d} × ", outcome if isinstance(outcome, str) else f"g = {outcome:.4g}")
    display(bl.compare(my_guess, sum(isinstance(key, float) for key in outcomes)))

# %% [markdown]
# One. Few orders run (15 of the 720). Every one of them gives the same number, and every other one
# stops at a missing input, which has a name. The order is a matter of *whether* a graph runs, not
# of what it computes.

# %% [markdown]
# ## Keep what backward will need
#
# `forward` keeps every value. In a large model those are arrays with millions of numbers, one for
# each operator. Which of them could be thrown away?
#
# It depends on what comes next. The **backward pass**, from the next notebook on, goes through the
# graph in the opposite order, and at each operator it needs the **local derivatives**: how far the
# operator's result moves, per unit, when one of its inputs is nudged.

# %% [markdown]
# For a product, the local derivatives are the other factors. ($\partial z/\partial x$ is the
# derivative of $z$ by $x$ while $y$ stays as it is.)
#
# $$z = x\,y \qquad \frac{\partial z}{\partial x} = y \qquad \frac{\partial z}{\partial y} = x$$
#
# So `×` has to remember $x$ and $y$. For a sum both are 1, whatever $x$ and $y$ were: nothing to
# remember. How many numbers, then, will $e = (a + b)(b + 1)$ keep?

# %%
### BEGIN STUB
my_guess = ...
### END STUB
### BEGIN SOLUTION
my_guess = 2
### END SOLUTION

# %%
nodes = bl.Graph.from_tensor(e).nodes
bl.compare(my_guess, sum(len(node["saved"]) for node in nodes))

# %% [markdown]
# Two: the inputs of the one product. Each of the sums keeps nothing. In the list below, the inputs
# are counted from 0.

# %%
for node in nodes:
    if node["op"]:
        print(node["label"], "keeps", ", ".join(node["saved"]) or "nothing")

# %% [markdown]
# For $z = \exp(x)$ the local derivative is $\exp(x)$ again, and that number exists already: it is
# $z$. The input could go, if nobody else wants it.
#
# What is the least that each operator has to remember?

# %% [markdown] exercise="keep"

# %% exercise="keep"
### BEGIN STUB
keep = {
    "+": ...,  # z = x + y
    "*": ...,  # z = x · y
    "exp": ...,  # z = exp(x)
    "square": ...,  # z = x · x
    "relu": ...,  # z = x if x > 0, else 0
}
### END STUB
### BEGIN SOLUTION
keep = {
    "+": [],
    "*": ["x", "y"],
    "exp": ["z"],
    "square": ["x"],
    "relu": ["z"],
}
### END SOLUTION

# %%
check("keep", keep)

# %% [markdown] hints="keep"

# %% [markdown]
# What is all this keeping for? One call goes back through the graph, the order reversed, and finds
# a number for every tensor but the constants: how far `e` moves per unit of that tensor. It is the
# *gradient* of `e` with respect to it.

# %%
a = bl.tensor(2.0, requires_grad=True)
b = bl.tensor(1.0, requires_grad=True)
e = (a + b) * (b + 1)
e.backward()
bl.draw(e)

# %% [markdown]
# Try it: at `a` the picture says 2, so moving `a` from 2 to 2.001 should move `e` by about 0.002.

# %%
nudged = (2.001 + 1) * (1 + 1)
print(f"e moved by {nudged - e.item():.4f}")

# %% [markdown]
# All of these numbers came from a single pass, and the 5 of `b`, which is read twice, is a sum of
# two. How that works is the next notebook.
#
# ## Take it further: a sheet of cells is a graph
#
# A spreadsheet holds a price, an amount and a tax rate, and computes the rest. Somebody changes the
# `rate`. How many cells have to be computed again?

# %%
sheet = {
    "price": ["input"],
    "amount": ["input"],
    "rate": ["input"],
    "net": ["*", "price", "amount"],
    "tax": ["*", "net", "rate"],
    "total": ["+", "net", "tax"],
    "share": ["/", "tax", "total"],
}
bl.draw(sheet)

# %% [markdown]
# Put your number here, then run both cells.

# %%
### BEGIN STUB
my_guess = ...
### END STUB
### BEGIN SOLUTION
my_guess = 3
### END SOLUTION

# %%
changed = {"rate"}
for name, row in sheet.items():  # these rows stand in a topological order
    if changed & set(row[1:]):
        changed.add(name)
bl.compare(my_guess, len(changed) - 1)

# %% [markdown]
# Three: `tax`, `total` and `share`. `net` is left alone, because no road leads from `rate` to it.
# Run all operators (the last of the five buttons), then move a slider, and see who follows:

# %%
price, amount = bl.tensor(2.5, requires_grad=True), bl.tensor(4.0, requires_grad=True)
rate = bl.tensor(0.2, requires_grad=True)
net = price * amount
tax = net * rate
total = net + tax
share = tax / total
bl.step(share, backward=False)

# %% [markdown]
# `share` follows `rate`, and stays where it is when the price or the amount changes: they are in
# its graph, and cancel. A road is needed for a number to move, and is no promise that it will.
#
# One walk along a topological order was enough to find out. The tensors that a nudge can reach, and
# the roads it takes there, are where gradients come from.

# %% [markdown]
# ## Recap
#
# - Operators are nodes, tensors are edges, and leaves are inputs, weights and constants.
# - A tensor with several readers is one tensor with several arrows.
# - A graph runs in any order that puts inputs before readers, and always gives the same value.
# - The forward pass runs each operator once and keeps what comes out.
# - What backward will need differs: nothing for a sum, both factors for a product, the output for
#   exp.

# %% [markdown]
# ## Next
#
# *Notebook 2, [the chain rule](02-the-chain-rule.ipynb)*: how far does the result move when `x` is
# nudged, and why must the walk back wait at a fork?
