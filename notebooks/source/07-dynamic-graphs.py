# %% [markdown]
# # Dynamic graphs: recorded while they run
#
# Nobody hands PyTorch a graph. It writes down what your Python does, as it is done, anew in each
# call: a branch that is not taken is not in it, and a loop is in it once for each turn.
#
# **You will** branch, loop, walk a graph, mend silent breaks, batch inputs of any length ·
# **You need** notebook 6 · **Minutes** 65, and 20 more for extra practice
#
# Run the next two cells: Shift + Enter.

# %%
import numpy as np
import torch

import backprop_lab as bl
from backprop_lab import check, ops

rng = np.random.default_rng(0)

# %%
def forked(x, w, b):
    if x.sum() > 0:
        y = x * w
    else:
        y = x - b
    return (y**2).sum()


w = torch.tensor([1.0, -2.0], requires_grad=True)
b = torch.tensor([0.5, 0.5], requires_grad=True)
with bl.record_torch():
    first = forked(torch.tensor([3.0, 1.0]), w, b)
    second = forked(torch.tensor([-3.0, 1.0]), w, b)
bl.beside(first, second)

# %% [markdown]
# One function, two inputs, two graphs. The `if` is in neither: Python decided, and PyTorch saw only
# what ran.
#
# **From before.** Two questions, to see what stayed. An operator has three inputs: how many answers
# does its `backward` give? And `x * x * x` at $x = 2$ is computed and swept twice, without zeroing
# in between: what is in `x.grad`?

# %%
### BEGIN STUB
my_guess = (..., ...)
### END STUB
### BEGIN SOLUTION
my_guess = (3, 24)
### END SOLUTION

# %%
x = torch.tensor(2.0, requires_grad=True)
for _ in range(2):
    (x * x * x).backward()
bl.compare(my_guess, (3, x.grad.item()))

# %% [markdown]
# Three, one for each input, with `None` where there is nothing to say; and 24, twice 12, since
# leaves add up.
#
# ## Watch it being written
#
# When does the graph come into being: when the function is defined, when it runs, or when you call
# `backward()`? Watch a tensor for a line or two.

# %%
x = torch.tensor(0.5, requires_grad=True)
y = x * 3
bl.draw(y)

# %% [markdown]
# No `backward()` in sight, and there is a graph already. `y` carries it along, in `y.grad_fn`: the
# node of the operator that made it. One line more, and the graph of the new tensor contains the
# old one:

# %%
z = torch.sin(y) + y
bl.draw(z)

# %% [markdown]
# This is **define-by-run**: running the program defines the graph. There are other ways.
#
# | | when is the graph made? | an `if` on a value |
# |---|---|---|
# | TensorFlow 1 | first; it runs later | is an operator, `tf.cond` |
# | PyTorch, JAX | in every call | is Python's |
# | `jax.jit` | once for each shape and type | needs `lax.cond` or `where` |
# | `torch.compile` | once, until its assumptions fail | splits the graph in two |
#
# A graph that is kept can be optimized as a whole; one recorded anew may differ each time.

# %% [markdown]
# Now the fork from the top, with $x = (-3, 1)$: the lower branch ran. What does `w.grad` hold after
# `backward()`? One of `0.0`, `None`, or a number of your own.

# %%
### BEGIN STUB
my_guess = ...
### END STUB
### BEGIN SOLUTION
my_guess = None
### END SOLUTION

# %%
forked(torch.tensor([-3.0, 1.0]), w, b).backward()
bl.compare(my_guess, w.grad)

# %% [markdown]
# `None`. Nothing that ran has read `w`, so no message was on its way to it. That is not the same as
# 0: an optimizer, which moves the weights, skips one without a gradient. One whose gradient is 0 it
# may move all the same, if it remembers earlier gradients (momentum) or shrinks weights (weight
# decay).
#
# Is it always so? `torch.where` computes *both* sides, and then picks. Its unused side gets a 0.

# %%
picked = torch.where(torch.tensor(False), w.sum(), b.sum())
print(torch.autograd.grad(picked, [w, b]))

# %% [markdown] exercise="branch_facts"

# %% exercise="branch_facts"
def branch_facts(x, w, b):
    ### BEGIN SOLUTION
    if x.sum() > 0:
        y_bar = 2 * (x * w)
        gradients = {"x": y_bar * w, "w": y_bar * x, "b": None}
        return {"operators": ["mul", "pow", "sum"]} | gradients
    y_bar = 2 * (x - b)
    return {"operators": ["sub", "pow", "sum"], "x": y_bar, "w": None, "b": -y_bar}
    ### END SOLUTION

# %%
check("branch_facts", branch_facts)

# %% [markdown] hints="branch_facts"

# %% [markdown]
# **So far.** The graph is written while the code runs. What did not run is not in it, and what is
# not in it gets no gradient at all.
#
# ## Unroll a loop
#
# A *recurrent* network reads its own last result, the *state*. The smallest one multiplies it by
# one weight, once for each step: $h \leftarrow w \cdot h$, from $h = 1$. How many operators has a
# graph of three steps?

# %%
w = torch.tensor(0.9, requires_grad=True)
with bl.record_torch():
    h = torch.tensor(1.0)
    h = w * h
    h = w * h
    h = w * h
bl.step(h)

# %% [markdown]
# Three products, and the same `w` in each of them: three roads back. By hand, $h = w^T$ after $T$
# steps, so the slope is $T\,w^{T-1}$; in the graph, every step sends its own message to `w`, and
# messages add. What is it for $T = 3$ and $w = 0.9$?

# %%
### BEGIN STUB
my_guess = ...
### END STUB
### BEGIN SOLUTION
my_guess = 2.43
### END SOLUTION

# %%
(w_bar,) = torch.autograd.grad(h, w)
bl.compare(my_guess, w_bar.item())

# %% [markdown] exercise="unroll"

# %% exercise="unroll"
def unroll(w, h, steps):
    ### BEGIN SOLUTION
    for _ in range(steps):
        h = w * h
    return h
    ### END SOLUTION

# %%
check("unroll", unroll)

# %% [markdown] hints="unroll"

# %% [markdown]
# A `for` over `steps` turns as often as it is told. A `while` turns as often as the *values* say:
# `while x > 1: x = half * x`, with `half` = 0.5, turns twice from $x = 3$, through 1.5 to 0.75. So
# the result is $\text{half}^2 \cdot 3$, and its slope by `half` is $2 \cdot 0.5 \cdot 3 = 3$. What
# is the slope from $x = 10$?

# %%
### BEGIN STUB
my_guess = ...
### END STUB
### BEGIN SOLUTION
my_guess = 5
### END SOLUTION

# %%
def shrink(x, half):
    while x > 1:
        x = half * x
    return x


half = torch.tensor(0.5, requires_grad=True)
with bl.record_torch():
    three, ten = shrink(torch.tensor(3.0), half), shrink(torch.tensor(10.0), half)
bl.compare(my_guess, torch.autograd.grad(ten, half, retain_graph=True)[0].item())

# %% [markdown]
# 5: from 10 it turns four times, and $4 \cdot 0.5^3 \cdot 10 = 5$. Neither graph has a loop in it,
# nor the question $x > 1$. Each holds the products that ran, and the second has two more.

# %%
bl.beside(three, ten)

# %% [markdown] exercise="double_until"

# %% exercise="double_until"
def double_until(a):
    ### BEGIN SOLUTION
    b = 2 * a
    while (b * b).sum() < 1000**2:
        b = 2 * b
    return b if b.sum() > 0 else 100 * b
    ### END SOLUTION

# %%
check("double_until", double_until)

# %% [markdown] hints="double_until"

# %% [markdown]
# How does `backward()` find its way through a graph that was made just now? By the pointers that
# the nodes left. `grad_fn` is a node. Its `next_functions` hold one pair (node, number)
# for each input that can have a gradient: the node that made this tensor, and which of its outputs
# that was.
# The node is `None` where no gradient is required. Here are the three steps again; the state
# came last in `w * h`, so its pair does, too:

# %%
node = h.grad_fn
while node is not None:
    print(node.name(), [earlier and earlier.name() for earlier, _ in node.next_functions])
    node = node.next_functions[-1][0]

# %% [markdown]
# (`grad_fn` is a function, and not the inverse of anything: it turns the cotangent of its output
# into those of its inputs.) A leaf has no `grad_fn`. Where the road ends at one, PyTorch puts a
# node that adds into `.grad`, and calls it AccumulateGrad; our pictures draw the leaf in its place.

# %% [markdown] exercise="leaves_of"

# %% exercise="leaves_of"
def leaves_of(tensor):
    ### BEGIN SOLUTION
    if tensor.grad_fn is None:
        return [tensor] if tensor.requires_grad else []
    leaves, seen, waiting = [], {tensor.grad_fn}, [tensor.grad_fn]
    while waiting:
        node = waiting.pop()
        if hasattr(node, "variable"):
            leaves.append(node.variable)
        for earlier, _ in node.next_functions:
            if earlier is not None and earlier not in seen:
                seen.add(earlier)
                waiting.append(earlier)
    return leaves
    ### END SOLUTION

# %%
check("leaves_of", leaves_of)

# %% [markdown] hints="leaves_of"

# %% [markdown]
# **So far.** A loop leaves its operators once for each turn; a weight that is read in every turn
# hears from every turn. The graph is made of nodes that point back to earlier nodes, and the last
# tensor points to the last of them.
#
# ## Keep a graph, cut a graph
#
# Whoever holds a tensor holds its `grad_fn`, and with it every node from there back to the leaves.
# This function walks them all and counts the operators:

# %%
def operators_behind(tensor):
    found, waiting = set(), [tensor.grad_fn]
    while waiting:
        node = waiting.pop()
        if node is not None and node not in found:
            found.add(node)
            waiting += [earlier for earlier, _ in node.next_functions]
    return sum("Accumulate" not in node.name() for node in found)

# %% [markdown]
# Here is a loop that adds up its losses, to print their mean, as many do: `total = total + loss`,
# where `loss = (w * 2) ** 2`. How many operators are behind `total` after 100 rounds?

# %%
### BEGIN STUB
my_guess = ...
### END STUB
### BEGIN SOLUTION
my_guess = 300
### END SOLUTION

# %%
total = torch.tensor(0.0)
for _ in range(100):
    loss = (w * 2) ** 2
    total = total + loss
bl.compare(my_guess, operators_behind(total))

# %% [markdown]
# 300: three for each round, and everything that each of them saved. Memory grows with every round,
# and nothing is wrong with the numbers. `.item()` takes the number alone:

# %%
total = 0.0
for _ in range(100):
    loss = (w * 2) ** 2
    total = total + loss.item()
print(type(total).__name__, "· operators behind the last loss:", operators_behind(loss))

# %% [markdown]
# Each round writes a fresh graph. Once `loss` names a new tensor, nobody holds the old one, and
# its graph is freed; only the last round's two operators are left.
#
# `backward()` frees earlier: what the nodes have saved goes, and the nodes stay. (This lab's own
# engine keeps both, so that you can draw and run again.) So what happens in a second `backward()`?

# %%
def twice(loss):
    loss.backward()
    loss.backward()


for name, loss in {"w + 1": w + 1, "w * w": w * w}.items():
    try:
        twice(loss)
        print(name, "runs twice")
    except RuntimeError as error:
        print(name, "stops:", "a second time" in str(error))

# %% [markdown]
# A sum saves nothing, so nothing is missing the second time. A product misses its factors. If you
# want to go through one graph twice, say so the first time: `backward(retain_graph=True)`. More
# often the cure is to compute the loss anew, and a new graph comes with it.
#
# Here are the errors that everybody meets, provoked, with the beginning of what PyTorch says. (Its
# words change from version to version. Look for the few on the left.)

# %% tags=["nbval-ignore-output"]
x = torch.ones(3, requires_grad=True)
provoked = {
    "does not require grad": lambda: torch.ones(3).sum().backward(),
    "only for scalar outputs": lambda: (2 * x).backward(),
    "a second time": lambda: twice((x * x).sum()),
    "a leaf Variable": lambda: x.add_(1),
    "Can't call numpy()": lambda: x.numpy(),
    "to not have been used": lambda: torch.autograd.grad(x.sum(), w),
    "inplace operation": lambda: x.exp().add_(1).sum().backward(),
    "floating point": lambda: torch.tensor(3, requires_grad=True),
}
for words, provoke in provoked.items():
    try:
        provoke()
    except RuntimeError as error:
        print(f"{words:>23} | {str(error).split('.')[0][:76]}")

# %% [markdown]
# | it says | what happened |
# |---|---|
# | does not require grad | nothing behind it does |
# | only for scalar outputs | the end is not one number |
# | a second time | what was saved is gone |
# | a leaf Variable | a leaf was changed in place, and recorded |
# | Can't call numpy() | NumPy is not recorded |
# | to not have been used | no road leads there |
# | inplace operation | a saved value was written over |
# | floating point | whole numbers have no slope |
#
# The same lines, mended in this order:

# %%
torch.ones(3, requires_grad=True).sum().backward()
(2 * x).backward(torch.ones(3))  # a cotangent; or reduce: (2 * x).sum().backward()
for _ in range(2):
    (x * x).sum().backward()  # a graph of its own each time
with torch.no_grad():
    x.add_(1)
x.detach().numpy()
torch.autograd.grad(x.sum(), [x, w], allow_unused=True)  # None for w
x.exp().add(1).sum().backward()  # no underscore: a new tensor
torch.tensor(3.0, requires_grad=True)

# %% [markdown]
# An error is the better case. Worse are the cuts that raise none:
#
# | this | gives | good for |
# |---|---|---|
# | `t.item()` | a Python number | printing |
# | `t.detach()` | the numbers, without history | a target that is to stay fixed |
# | `with torch.no_grad():` | nothing inside is recorded | updating weights |
# | `t.data` | as detach; changes go unnoticed | old code |
# | `torch.tensor(t)` | a copy, and a warning | nothing here |
#
# If another road is open, `backward()` runs all the same, with a part missing:

# %%
x = torch.tensor(3.0, requires_grad=True)
print([torch.autograd.grad(y, x)[0].item() for y in (x * x, x * x.detach(), x * x.item())])

# %% [markdown]
# 6, and 3, and 3: in the last two one of the roads is gone. Here are five functions that compute
# the right loss. Each has one cut.

# %%
def scaled(x, w, b):
    z = x @ w + b
    return (z / z.norm().item()).exp().sum()  # norm: the root of the sum of the squares


def stacked(x, w, b):
    parts = torch.tensor([(x @ w).sum(), b])
    return parts.square().sum() + w.square().sum()


def gated(x, w, b):
    z = x @ w + b
    return (z * z.detach().sigmoid()).sum()  # sigmoid: 1 / (1 + exp(-z))


def centered(x, w, b):
    z = x @ w + b
    with torch.no_grad():
        center = z.mean()
    return (z - center).exp().sum()


def halved(x, w, b):
    h = (x @ w + b).tanh()
    h.data *= 0.5
    return h.sum()

# %% [markdown] exercise="repair"

# %% exercise="repair"
### BEGIN STUB
repair = {
    "scaled": ...,
    "stacked": ...,
    "gated": ...,
    "centered": ...,
    "halved": ...,
}
### END STUB
### BEGIN SOLUTION
def scaled_again(x, w, b):
    z = x @ w + b
    return (z / z.norm()).exp().sum()


def stacked_again(x, w, b):
    parts = torch.stack([(x @ w).sum(), b])
    return parts.square().sum() + w.square().sum()


def gated_again(x, w, b):
    z = x @ w + b
    return (z * z.sigmoid()).sum()


def centered_again(x, w, b):
    z = x @ w + b
    return (z - z.mean()).exp().sum()


def halved_again(x, w, b):
    return (0.5 * (x @ w + b).tanh()).sum()


repair = {
    "scaled": scaled_again,
    "stacked": stacked_again,
    "gated": gated_again,
    "centered": centered_again,
    "halved": halved_again,
}
### END SOLUTION

# %%
check("repair", repair)

# %% [markdown] hints="repair"

# %% [markdown]
# **So far.** A graph lives while somebody holds a tensor at its end. Errors are loud. A cut beside
# an open road is silent, and a nudge finds it.
#
# ## Batch inputs of any length
#
# A network reads a sentence word by word: $h \leftarrow \tanh(w\,h + x_t)$, where $x_t$ is the
# number that stands for word $t$. Its graph is as long as the sentence. Here are four words; what
# runs within `bl.group` is drawn as one box (`expand` lists the boxes to open).

# %%
def read(sentence, w):
    h = torch.tensor(0.0)
    for t, word in enumerate(sentence):
        with bl.group(f"word {t}"):
            h = torch.tanh(w * h + word)
    return h


with bl.record_torch():
    h = read(torch.tensor([0.3, -1.0, 0.8, 0.5]), w)
bl.draw(h, expand=[])

# %%
import matplotlib.pyplot as plt

words = range(1, 13)
alone = [[read(torch.ones(n), w) for _ in range(8)] for n in words]
together = [read(torch.ones(n, 8), w) for n in words]
fig, axes = plt.subplots(figsize=(5, 3), layout="constrained")
axes.plot(words, [sum(map(operators_behind, each)) for each in alone], "o", label="one by one")
axes.plot(words, [operators_behind(h) for h in together], "s", label="in one batch")
axes.set(xlabel="words in each of 8 sentences", ylabel="operators in the graph")
axes.legend()
bl.figure(fig, "Operators against the length of the input: two straight lines through 0. Read one "
          "by one, 8 sentences add 24 operators for each word; in one batch they add 3.")

# %% [markdown]
# Two straight lines. Read one by one, eight sentences leave eight graphs: 24 operators for each
# word. In a batch each operator works on all eight at once, and it is 3, for the same numbers. So
# inputs are batched.
#
# But sentences of 4, 2 and 1 words make no rectangle. They are padded to one length, and the
# padding must count nothing.

# %%
lengths = torch.tensor([4, 2, 1])
is_real = torch.arange(4) < lengths[:, None]
print(is_real.int())

# %% [markdown]
# A comparison that broadcasts: position 0 to 3 against each length. Where this *mask* is 0, there
# is padding. Scores of all real words are 1, the padding holds 1000. What is the mean of the
# scores, if a careless program takes it over everything?

# %%
### BEGIN STUB
my_guess = ...
### END STUB
### BEGIN SOLUTION
my_guess = 417
### END SOLUTION

# %%
scores = torch.where(is_real, 1.0, 1000.0)
bl.compare(my_guess, scores.mean().item())

# %% [markdown]
# About 417, where 1 is right: 5 of the 12 entries are padding. Multiplying by the mask helps until
# there is an `inf` or a `nan` in the padding, as $0 \cdot \text{inf}$ is `nan`; and backward it is
# the same, as notebook 5 found. What was never read cannot do harm.

# %% [markdown] exercise="masked_mean_loss"

# %% exercise="masked_mean_loss"
def masked_mean_loss(scores, targets, lengths):
    ### BEGIN SOLUTION
    is_real = torch.arange(scores.shape[1]) < lengths[:, None]
    difference = scores[is_real] - targets[is_real]
    return difference.square().mean()
    ### END SOLUTION

# %%
check("masked_mean_loss", masked_mean_loss)

# %% [markdown] hints="masked_mean_loss"

# %% [markdown]
# ## Take it further: look inside a backward pass
#
# Only leaves get a `.grad`. For a tensor in between, `tensor.retain_grad()` asks for one, and
# `tensor.register_hook(f)` for more: whenever a backward pass has found this tensor's gradient, it
# calls the *hook* `f` with it. If `f` returns something, that takes the gradient's place; if it
# returns `None`, nothing changes.

# %% [markdown] exercise="watch"

# %% exercise="watch"
def watch(tensor, log):
    ### BEGIN SOLUTION
    def note(gradient):
        log.append(gradient.detach().clone())

    return tensor.register_hook(note)
    ### END SOLUTION

# %%
check("watch", watch)

# %% [markdown] hints="watch"

# %% [markdown]
# Twelve steps of $h \leftarrow w \cdot h$ once more, with a hook on each state. At the last state
# the gradient is 1. How much of it is left at the first, if $w = 0.9$? And if $w = 1.5$?

# %%
def gradients_of_states(w, steps=12):
    h, seen = torch.tensor(1.0, requires_grad=True), []
    end = h
    for _ in range(steps):
        end = w * end
        end.register_hook(lambda gradient: seen.append(gradient.item()))
    end.backward()
    return seen[::-1]

# %%
fig, axes = plt.subplots(figsize=(5, 3), layout="constrained")
for w, mark in ((0.9, "o"), (1.0, "s"), (1.5, "^")):
    axes.semilogy(range(1, 13), gradients_of_states(torch.tensor(w)), mark, label=f"w = {w}")
axes.set(xlabel="state after step", ylabel="gradient")
axes.legend()
bl.figure(fig, "The gradient of each state: the further from the end, the smaller for w = 0.9, "
          "the larger for w = 1.5, and 1 throughout for w = 1.")

# %% [markdown]
# $w^{11}$: 0.31 at 0.9, and 86 at 1.5. With a hundred steps it would be $0.9^{99} \approx 0.00003$,
# or $1.5^{99} \approx 3 \cdot 10^{17}$. Long loops make deep graphs, and notebook 8 is about what
# that does to training.

# %% [markdown]
# ## Recap
#
# - The graph is written while the code runs, anew in every call.
# - A branch not taken is not in it, and its weights get None; a loop is in it once for each turn.
# - `grad_fn` and `next_functions` lead from the end back to the leaves.
# - A graph lives while somebody holds its end; what it saved goes with the first `backward()`.
# - `.item()`, `detach`, `no_grad` and `.data` leave the graph, and nobody says so.

# %% [markdown]
# ## Next
#
# *Notebook 8, [train and diagnose](08-train-and-diagnose.ipynb)*: what is the loss of a network
# that knows nothing yet? Whole networks on your engine, how deep they may be, and six sick ones to
# heal.
