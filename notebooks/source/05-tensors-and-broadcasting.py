# %% [markdown]
# # Tensors and broadcasting: a copy forward is a sum back
#
# Arrays whose shapes fit can still be wrong. After this page you can derive the rule of a tensor
# operator from its sums, and you have a test that refuses the rules which merely fit.
#
# **You will** fold broadcasts back, derive products, write a stable loss and a gradient check ·
# **You need** notebook 4 · **Minutes** 70, and 25 more for extra practice
#
# Run the next two cells: Shift + Enter.

# %%
import numpy as np

import backprop_lab as bl
from backprop_lab import check, ops

rng = np.random.default_rng(0)

# %%
bl.show_broadcast([1.0, 2.0, 3.0], (4, 3))

# %% [markdown]
# Forward, a small array is copied into a larger one; back, many messages become few.
#
# **From before.** Two questions, to see what stayed. A function takes 5 numbers and returns 3: how
# many rows has its Jacobian? And a tensor has two readers, who send it 4 and −1.5: what is its
# cotangent? Put both numbers in place of the dots.

# %%
### BEGIN STUB
my_guess = (..., ...)
### END STUB
### BEGIN SOLUTION
my_guess = (3, 2.5)
### END SOLUTION

# %%
J = bl.jacobian(lambda x: x[:3] * x[3])(np.ones(5))
a = bl.tensor(1.0, requires_grad=True)
(4 * a - 1.5 * a).backward()
bl.compare(my_guess, (J.shape[0], a.grad.item()))

# %% [markdown]
# Three, one for each output; and 2.5, for messages add.
#
# ## Fold the copies back
#
# `x` has 3 entries. To meet an array of shape (4, 3) it is copied, a row for each of the four. How
# many messages does `x[0]` get on the way back?
#
# Four: it stands in four places of `z`, and each of them may move the loss. Messages add, as ever.
# Step through the picture, and follow one entry there and back.

# %% [markdown]
# NumPy does so by itself, storing no copies: **broadcasting**. It aligns the two shapes at
# the right. A missing axis is new, a size of 1 grows, any other difference is an error.
# (`sum(axis=0)` adds rows: one number is left for a column.)
#
# | `x` | `z` | on the way back | `z_bar` |
# |---|---|---|---|
# | (3,) | (4, 3) | add over axis 0, which goes | `sum(axis=0)` |
# | (4, 1) | (4, 3) | add over axis 1, which stays, with size 1 | `sum(axis=1, keepdims=True)` |
# | () | (4, 3) | add up everything | `sum()` |

# %% [markdown]
# This is the first row of the table, entry by entry. Each $z_{ij}$ is a copy of $x_j$, so the
# slope is 1, and in code `x_bar = z_bar.sum(axis=0)`:
#
# $$z_{ij} = x_j \qquad\quad \bar x_j = \sum_i \bar z_{ij} \cdot 1$$
#
# As in the second row of the table, let `x = [[10], [20]]` be stretched to (2, 3), and let `z_bar`
# be `[[1, -2, 0.5], [3, 1, -4]]`. What is `x_bar`? Your guess is a list, with all of its brackets.
#
# (`z.backward(z_bar)` starts from the cotangent that it is given.)

# %%
### BEGIN STUB
my_guess = ...
### END STUB
### BEGIN SOLUTION
my_guess = [[-0.5], [0.0]]
### END SOLUTION

# %%
x = bl.tensor([[10.0], [20.0]], requires_grad=True)
z = ops.broadcast_to(x, (2, 3))
z.backward([[1.0, -2.0, 0.5], [3.0, 1.0, -4.0]])
bl.compare(my_guess, x.grad.tolist())

# %% [markdown]
# −0.5 and 0: each row added up. What `x` holds plays no part, since a copy has the slope 1. With
# `[-0.5, 0.0]` the numbers are right and an axis is lost: a cotangent has the shape of its tensor,
# here (2, 1).
#
# In a product, both sides may have to grow. A **shape ledger** keeps track of it:

# %%
x = bl.tensor(rng.normal(size=(5, 1)), requires_grad=True)
w = bl.tensor(rng.normal(size=3), requires_grad=True)
z = x * w
z.backward(rng.normal(size=z.shape))
print("forward", x.shape, "*", w.shape, "→", z.shape)
print("back   ", x.grad.shape, "and", w.grad.shape, "←", z.shape)

# %% [markdown]
# `z` is larger than either of them. The rule of × works on the copies. For `x` it gives
# `z_bar * w`, of shape (5, 3): one message for each place of `z`. Only then is it folded, to
# (5, 1). And for `w`, `z_bar * x` is folded to (3,).
#
# Folding is the same for every operator, so one function does it for all of them.

# %% [markdown] exercise="unbroadcast"

# %% exercise="unbroadcast"
def unbroadcast(z_bar, shape):
    ### BEGIN SOLUTION
    new = z_bar.ndim - len(shape)
    z_bar = z_bar.sum(axis=tuple(range(new)))
    stretched = tuple(i for i, n in enumerate(shape) if n == 1)
    return z_bar.sum(axis=stretched, keepdims=True)
    ### END SOLUTION

# %%
check("unbroadcast", unbroadcast)

# %% [markdown] hints="unbroadcast"

# %% [markdown]
# ### A sum forward is a copy back
#
# Now the other way round: `z = x.sum(axis=1)` adds up each row. An entry of `x` has one reader,
# with the slope 1: it gets the message of its row as it is. In a mean over n entries the slope is
# 1/n; in a max, 1 for the largest and 0 for the rest.
#
# Take 3 rows of 3, whose messages are 1, 10 and 100. What stands in the first row of `x_bar`?

# %%
### BEGIN STUB
my_guess = ...
### END STUB
### BEGIN SOLUTION
my_guess = [1, 1, 1]
### END SOLUTION

# %%
z_bar = np.array([1.0, 10.0, 100.0])
x = bl.tensor(np.zeros((3, 3)), requires_grad=True)
x.sum(axis=1).backward(z_bar)
print("np.broadcast_to(z_bar, (3, 3)) has the first row", np.broadcast_to(z_bar, (3, 3))[0])
bl.compare(my_guess, x.grad[0].tolist())

# %% [markdown]
# 1, three times. The printed line is what NumPy does if nobody stops it: it aligns (3,) at the
# right, and hands the messages out by column. With rows of 4 it would have refused; in the square
# there is no complaint.
#
# The sum has dropped axis 1. Put it back with size 1 first: `np.expand_dims(z_bar, 1)` has shape
# (3, 1), and that grows the right way.

# %% [markdown] exercise="reduce_vjp"

# %% exercise="reduce_vjp"
def reduce_vjp(op, x, axis, keepdims, z_bar):
    ### BEGIN SOLUTION
    if axis is not None and not keepdims:
        z_bar = np.expand_dims(z_bar, axis)
    share = np.ones(x.shape)
    if op == "max":
        share[x < x.max(axis=axis, keepdims=True)] = 0
    if op != "sum":
        share /= share.sum(axis=axis, keepdims=True)
    return share * z_bar
    ### END SOLUTION

# %%
check("reduce_vjp", reduce_vjp)

# %% [markdown] hints="reduce_vjp"

# %% [markdown]
# **So far.** Copying and adding are each other's transposes (the Jacobian of one is that of the
# other, laid on its side): whatever axis one of them makes, the other has to take away. And an
# array may fit by its shape, and be wrong.

# %% [markdown]
# ## Choose among eight products
#
# A layer computes `z = x @ w`; `x` has the shape (5, 3), `w` (3, 4). Suppose `w_bar`
# is a product of `x` and `z_bar`, each as it is or transposed (`.T`), in either order: eight
# candidates. One
# of them has the shape (3, 4), `x.T @ z_bar`, and happens to be right.
#
# But twice that product has this shape, too. If all sizes are 3, how many of them have the shape
# of `w`? (In the code, `g` is `z_bar`.)

# %%
### BEGIN STUB
my_guess = ...
### END STUB
### BEGIN SOLUTION
my_guess = 8
### END SOLUTION

# %%
def products(x, g):
    return {
        "x @ g": x @ g, "x @ g.T": x @ g.T, "x.T @ g": x.T @ g, "x.T @ g.T": x.T @ g.T,
        "g @ x": g @ x, "g @ x.T": g @ x.T, "g.T @ x": g.T @ x, "g.T @ x.T": g.T @ x.T,
    }


x, g = rng.normal(size=(2, 3, 3))
fitting = [name for name, w_bar in products(x, g).items() if w_bar.shape == (3, 3)]
bl.compare(my_guess, len(fitting))

# %% [markdown]
# All eight, and they are eight different matrices. `x.T @ g`, `g.T @ x`, `x @ g`: their dimensions
# match each time, so they are not what decides. Derive it: which entries of `z` read $w_{jk}$?
#
# $$z_{ik} = \sum_j x_{ij}\, w_{jk} \qquad\quad \bar w_{jk} = \sum_i x_{ij}\,\bar z_{ik}$$

# %% [markdown]
# $z_{ik}$ reads it, in every row $i$, with the slope $x_{ij}$; messages add over the rows. So
# column $j$ of $x$ meets column $k$ of $\bar z$, and in code that is `x.T @ z_bar`.
#
# Don't take it on trust. When `w` moves by `w_dot`, `z` moves by `x @ w_dot`. So the transpose
# test of notebook 4 asks each candidate whether
# $\langle \bar w, \dot w\rangle = \langle \bar z, x \dot w\rangle$. ($\langle a, b\rangle$
# multiplies entries in pairs and adds; `np.isclose` allows for rounding.)

# %%
def survivors(x, g):
    w_dot = rng.normal(size=(3, 3))
    moved = (g * (x @ w_dot)).sum()
    found = products(x, g).items()
    return [name for name, w_bar in found if np.isclose((w_bar * w_dot).sum(), moved)]


print(survivors(x, g))

# %% [markdown]
# One is left. A test is as good as its probe, though. Suppose somebody tries it with numbers that
# are easy on the eye: for `g` the identity matrix (ones on the diagonal), and for `x` a symmetric
# one (it equals `x.T`). How many of the eight get through?

# %%
### BEGIN STUB
my_guess = ...
### END STUB
### BEGIN SOLUTION
my_guess = 8
### END SOLUTION

# %%
symmetric, ones, identity = x + x.T, np.ones((3, 3)), np.eye(3)
print(len(survivors(x, identity)), "if g is the identity")
print(len(survivors(x, ones)), "if g is all ones")
print(len(survivors(symmetric, g)), "if x is symmetric")
bl.compare(my_guess, len(survivors(symmetric, identity)))

# %% [markdown]
# All of them. A matrix that is its own transpose cannot show whether a transpose is missing, and
# the identity cannot even show on which side it stands. A probe should be random, with no symmetry.
#
# One thing is left of the layer: its bias, one number added to each output. `z = x @ w + b`
# stretches `b` over the rows, so you know its cotangent already. And for `x_bar`, ask the same
# question as before: who reads $x_{ij}$?

# %% [markdown] exercise="linear_vjp"

# %% exercise="linear_vjp"
def linear_vjp(x, w, z_bar):
    ### BEGIN SOLUTION
    return z_bar @ w.T, x.T @ z_bar, z_bar.sum(axis=0)
    ### END SOLUTION

# %%
check("linear_vjp", linear_vjp)

# %% [markdown] hints="linear_vjp"

# %% [markdown]
# ### Picking rows
#
# A language model keeps a row of numbers for every word, or piece of a word, its *embedding*; a
# sentence is a list of row numbers, and `table[indices]` picks the rows. A word that occurs twice
# is read twice.
#
# To keep it short, let every row be one number. Somebody collects the messages 1, 10 and 100 for
# the words 2, 0 and 2 as below. What stands at word 2?

# %%
### BEGIN STUB
my_guess = ...
### END STUB
### BEGIN SOLUTION
my_guess = 100
### END SOLUTION

# %%
table_bar = np.zeros(4)
table_bar[[2, 0, 2]] += [1.0, 10.0, 100.0]
bl.compare(my_guess, table_bar[2])

# %% [markdown]
# 100, and the 1 is lost. NumPy reads all three places, adds, and then writes: word 2 is written
# twice, and the second time wins. Right is 101.
#
# The Jacobian shows it: column 2 holds two ones, and `uᵀJ` adds over a column.

# %%
bl.show_jacobian(lambda table: table[[2, 0, 2]], [0.5, -1.0, 2.0, 1.5])

# %% [markdown] exercise="gather_vjp"

# %% exercise="gather_vjp"
def gather_vjp(table, indices, z_bar):
    ### BEGIN SOLUTION
    table_bar = np.zeros_like(table)
    np.add.at(table_bar, indices, z_bar)
    return table_bar
    ### END SOLUTION

# %%
check("gather_vjp", gather_vjp)

# %% [markdown] hints="gather_vjp"

# %% [markdown]
# **So far.** A rule for arrays comes from its sums: who reads this entry, and with which slope?
# Add over all of its readers. Shapes and easy numbers will let wrong rules through.

# %% [markdown]
# ## Turn scores into a loss
#
# A classifier gives three classes the scores 2, 1 and 0.1, its *logits*. The first class is right.
# Which scores should move, which way, and how strongly?
#
# **Softmax** turns scores into probabilities; the loss is the **cross-entropy**, minus the
# logarithm of the probability of the right class. Here are the probabilities, and the Jacobian of
# softmax:

# %%
print(ops.softmax([2.0, 1.0, 0.1]).numpy().round(3))
bl.show_jacobian(ops.softmax, [2.0, 1.0, 0.1])

# %% [markdown]
# It is not diagonal: the probabilities share a total of 1, so every one of them depends on every
# score. The gradient of the loss is shorter. ($t$ is the right class; $[j = t]$ is 1 there and
# else 0, a *one-hot* vector. The logarithm of a fraction is a difference.)
#
# $$p_j = \frac{e^{x_j}}{\sum_k e^{x_k}} \qquad L = -\log p_t = \log \sum_k e^{x_k} - x_t
# \qquad \bar x_j = p_j - [j = t]$$
#
# (The slope of $\log \sum_k e^{x_k}$ by $x_j$ is $e^{x_j} / \sum_k e^{x_k}$, and that is $p_j$;
# from $-x_t$ comes the −1.) The probabilities were 0.659, 0.242 and 0.099. What is `x_bar`?

# %%
### BEGIN STUB
my_guess = ...
### END STUB
### BEGIN SOLUTION
my_guess = [-0.341, 0.242, 0.099]
### END SOLUTION

# %%
x = bl.tensor([[2.0, 1.0, 0.1]], requires_grad=True)
loss = ops.softmax_cross_entropy(x, [0])
loss.backward()
bl.compare(my_guess, x.grad[0].round(3).tolist())

# %% [markdown]
# Minus 0.341: raise the right score, and the loss falls. The others should fall, each in
# proportion to how far its probability is off. The three add up to 0, because a number that is
# added to all scores changes nothing. With
# `[-0.341, 0, 0]` you took the Jacobian of softmax for a diagonal one.
#
# Scores of 1000 are rare, and they do occur. Then the formula breaks, and so does a popular way to
# mend it:

# %%
scores = np.array([1000.0, 0.0, -1000.0])
with np.errstate(all="ignore"):
    e = np.exp(scores)
    print("as it stands:", e / e.sum())
print("-log(0 + 1e-12) =", round(-np.log(1e-12), 1))
print("loss if class 1 is right:", ops.softmax_cross_entropy([scores], [1]).item())

# %% [markdown]
# `exp(1000)` is too large for a float, and inf/inf is nan. Adding `1e-12` inside the logarithm
# avoids −inf, and says 27.6 where the loss is 1000.
#
# Subtract the example's largest score $m$ instead. It changes nothing, no exponential exceeds
# $e^0 = 1$, and as one of them is 1, their sum has a logarithm. So never work out $p_t$ itself:
#
# $$\log p_j = (x_j - m) - \log \sum_k e^{x_k - m}$$
#
# (In a batch, `a[np.arange(B), labels]` picks one entry from each of the B rows of `a`: the one
# in the column that its label names.)

# %% [markdown] exercise="softmax_cross_entropy"

# %% exercise="softmax_cross_entropy"
def softmax_cross_entropy(logits, labels):
    ### BEGIN SOLUTION
    shifted = logits - logits.max(axis=1, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    n = len(labels)
    logits_bar = np.exp(log_p)
    logits_bar[np.arange(n), labels] -= 1
    return -log_p[np.arange(n), labels].mean(), logits_bar / n
    ### END SOLUTION

# %%
check("softmax_cross_entropy", softmax_cross_entropy)

# %% [markdown] hints="softmax_cross_entropy"

# %% [markdown]
# **So far.** Probabilities minus what they should be: that is the gradient by the scores. With the
# largest score taken off, and logarithms kept as logarithms, ±1000 is a score like any other.
#
# ## Measure, and know how well
#
# You have nudged since notebook 2. How small should a nudge be? Take $f = \sin$ and the *central
# difference* $(f(x + h) - f(x - h)) / 2h$, at 100 places. Which of these has the smallest error:
# $h = $ `1e-2`, `1e-5`, `1e-8` or `1e-12`?

# %%
### BEGIN STUB
my_guess = ...
### END STUB
### BEGIN SOLUTION
my_guess = 1e-5
### END SOLUTION

# %%
def worst(h, dtype=np.float64, sides=2):
    x, h = np.linspace(0.5, 2.5, 100, dtype=dtype), dtype(h)
    back = h if sides == 2 else dtype(0)
    slope = (np.sin(x + h) - np.sin(x - back)) / (h + back)
    return np.abs(slope - np.cos(x.astype(float))).max()


bl.compare(my_guess, min([1e-2, 1e-5, 1e-8, 1e-12], key=worst))

# %% [markdown]
# `1e-5`. Smaller is not better. Here are all steps, and beside them the *forward difference*,
# which nudges to one side only, and the central one in float32:

# %% tags=["nbval-ignore-output"]
import matplotlib.pyplot as plt

steps = 10.0 ** np.arange(-13, 0.1, 0.25)
fig, axes = plt.subplots(figsize=(6, 3.6), layout="constrained")
axes.loglog(steps, [worst(h) for h in steps], "o-", ms=3, label="central")
axes.loglog(steps, [worst(h, sides=1) for h in steps], "s--", ms=3, label="forward")
large = steps[steps > 1e-7]
axes.loglog(large, [worst(h, np.float32) for h in large], "^:", ms=3, label="central, float32")
axes.set(xlabel="step h", ylabel="largest error")
axes.legend()
print("the best steps:", *[f"{min(steps, key=lambda h: worst(h, sides=n)):.0e}" for n in (2, 1)])
bl.figure(fig, alt="Error of a measured slope against the step, both axes logarithmic: each curve "
          "is a V. The central difference in float64 reaches lowest, at steps near 1e-5; the "
          "forward difference is best near 1e-8 and less exact; float32 is far worse than both.")

# %% [markdown]
# A V, because two errors pull in opposite directions. A large step sees the curve bend: the error
# of a central difference goes with $h^2$, that of a forward one with $h$. A small step sees
# rounding: $f$ is known to 16 digits, and what is left after subtracting is divided by $h$.
#
# Float32 has 7 digits, and nothing to spare: check in float64.

# %% [markdown]
# No measurement is exact, so how close is close enough? A relative error alone fails where the
# slope is 0, and an absolute one where it is a million. Use both at once, as `np.isclose` does:
#
# $$|\text{claimed} - \text{measured}| \;\le\; \text{atol} + \text{rtol} \cdot |\text{measured}|$$
#
# Here are two claims that are right, as far as can be measured, and one that is not:

# %%
claimed = np.array([1e-12, 1_000_000.01, 3e-6])
measured = np.array([0.0, 1_000_000.0, 1e-6])
print("relative:", abs(claimed - measured) <= 1e-6 * abs(measured))
print("absolute:", abs(claimed - measured) <= 1e-5)
print("both:    ", np.isclose(claimed, measured, rtol=1e-6, atol=1e-9))

# %% [markdown]
# Relative alone refuses the first. Absolute alone refuses the second and lets the third pass; no
# other limit would get both right. The two together judge all three as they should.
#
# With several outputs, fix a $u$: $\langle u, f(x)\rangle$ is one number, and can be measured.
# Which $u$? A random one: with ones, a rule that returns zeros passes for $x - \text{mean}(x)$.
#
# `np.ndindex(x.shape)` goes through the places of an array. Nudge a copy: `x + h - 2 * h + h` can
# miss `x` by a rounding.

# %% [markdown] exercise="gradcheck"

# %% exercise="gradcheck"
def gradcheck(f, pull_back, x):
    ### BEGIN SOLUTION
    u = np.random.default_rng(0).normal(size=f(x).shape)
    claimed, measured = pull_back(x, u), np.zeros(x.shape)
    for place in np.ndindex(x.shape):
        nudge = np.zeros(x.shape)
        nudge[place] = h = 1e-5
        measured[place] = (u * (f(x + nudge) - f(x - nudge))).sum() / (2 * h)
    if np.shape(claimed) != x.shape:
        return False
    return np.allclose(claimed, measured, rtol=1e-6, atol=1e-8)
    ### END SOLUTION

# %%
check("gradcheck", gradcheck)

# %% [markdown] hints="gradcheck"

# %% [markdown]
# Now the eight products again, each as a rule for `w` in `x @ w`, before your own judge:

# %%
if check("gradcheck", gradcheck):
    x, w = rng.normal(size=(2, 3, 3))
    for name in products(x, w):
        def pull_back(w, u, name=name):
            return products(x, u)[name]
        print(name, "passes" if gradcheck(lambda w: x @ w, pull_back, w) else "is refused")
else:
    print("This asks your own gradcheck: come back when its check passes.")

# %% [markdown]
# **So far.** A check is a measurement: a step in the valley of the V, a tolerance with two parts,
# a random probe. Passing is evidence for these numbers; a rule can still fail at others.

# %% [markdown]
# ## Take it further: no slope at all
#
# The root of 0 is 0, and its slope $1/(2\sqrt x)$ there is infinite. So somebody writes a function
# that is 0 for every $x \le 0$, and hides the root behind a `where`: `ops.where(condition, a, b)`
# is `a` where the condition holds, else `b`. At 4 and at 0 its values are right: 2 and 0. What is
# the gradient at 0: `"0"`, `"inf"` or `"nan"`?

# %%
### BEGIN STUB
my_guess = ...
### END STUB
### BEGIN SOLUTION
my_guess = "nan"
### END SOLUTION

# %%
x = bl.tensor([4.0, 0.0], requires_grad=True)
with np.errstate(all="ignore"):
    y = ops.where(x > 0, ops.sqrt(x), 0.0)
    y.backward(np.ones(2))
bl.compare(my_guess, str(x.grad[1]))

# %% [markdown]
# `where` did its part: to the side that it did not take, it sends 0. Then the root multiplies that
# 0 by its slope, which is inf; and 0 · inf is nan. Both sides have run, whatever was chosen, and
# both send messages back.
#
# One nan makes a nan of every weight that it reaches. Distances have this root, and so do standard
# deviations. Where would you have to step in?

# %% [markdown] exercise="root_or_zero"

# %% exercise="root_or_zero"
def root_or_zero(x):
    ### BEGIN SOLUTION
    inside = x > 0
    safe = ops.where(inside, x, 1.0)
    return ops.where(inside, ops.sqrt(safe), 0.0)
    ### END SOLUTION

# %%
check("root_or_zero", root_or_zero)

# %% [markdown] hints="root_or_zero"

# %% [markdown]
# **So far.** Choosing only *after* the root is too late: the 0 has still to pass the root. One
# choice *before* it is enough in this engine, if it is made by `ops.where`: on the way back that
# selects, and drops whatever comes for the side that it did not take. A mask multiplies
# by 0 there and makes a nan of inf, and so do the clip and the relu of this engine.

# %% [markdown]
# ## Recap
#
# - Copying and adding are each other's transposes: stretch forward, fold back.
# - A rule comes from sums over indices. That shapes match is necessary, and proves nothing.
# - Whatever is read several times, a bias, a row of a table, adds up what it hears.
# - Softmax with cross-entropy: probabilities minus one-hot, after the largest score is taken off.
# - Check in float64, by central differences, with a random probe and two tolerances.

# %% [markdown]
# ## Next
#
# *Notebook 6, [custom functions in PyTorch](06-custom-pytorch-functions.ipynb)*: how much must
# PyTorch be told about an operator that it has never heard of? You can now derive its rule, and
# check it.
