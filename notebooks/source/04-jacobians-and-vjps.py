# %% [markdown]
# # Jacobians and VJPs: one row for each output
#
# So far the question was how far one number moves when another is nudged. Now there are many at
# either end. After this page you can say what all their slopes are together, and how backward gets
# along without them.
#
# **You will** write a Jacobian, pull back without one, count bytes and sweeps, test a rule ·
# **You need** notebook 3; the derivatives of $x^2$, $e^x$ and $\sin x$; products of matrices ·
# **Minutes** 60, and 22 more for extra practice
#
# Run the next two cells: Shift + Enter.

# %%
import numpy as np

import backprop_lab as bl
from backprop_lab import check, ops

rng = np.random.default_rng(0)

# %%
x = bl.tensor([2.0, 3.0], requires_grad=True)
y = x * x
bl.draw(y)

# %% [markdown]
# **From before.** Two questions, to see what stayed. How many paths lead from `x` to `x * x * x`?
# And a formula runs 40 operators, one after the other, on 1,000 weights: how often does one
# `backward()` ask for a vjp?

# %%
### BEGIN STUB
my_guess = (..., ...)
### END STUB
### BEGIN SOLUTION
my_guess = (3, 40)
### END SOLUTION

# %%
a = w = bl.parameter(np.ones(1000))
for _ in range(40):
    w = ops.sin(w)
ran = [node for node in bl.Graph.from_tensor(w).nodes if node["op"]]
bl.compare(my_guess, (bl.paths(a * a * a, a).count, len(ran)))

# %% [markdown]
# Three, for `x` is read in three places; and 40, once for each operator that ran, whatever the
# number of weights.
#
# ## Write down every slope
#
# `y` in the picture holds two numbers, 4 and 9. What is its gradient with respect to `x`? Ask for
# it:

# %%
try:
    y.backward()
except Exception as error:
    print(error)

# %% [markdown]
# The lab refuses, and so does PyTorch. (A *scalar* is a single number.) A reader objects: *two
# outputs and two inputs, so the gradient should be a 2×2 matrix.* Half of that is right. Which
# half?

# %% [markdown]
# How far one output moves per unit of one input is a number, a slope. A function that makes M
# outputs $y$ of N inputs $x$ has M·N of them. Together they are its **Jacobian**:
#
# $$J \in \mathbb{R}^{M \times N} \qquad\quad J_{ij} = \frac{\partial y_i}{\partial x_j}$$
#
# (The first: a table of M rows and N columns.) **Row = output, column = input**, on all of
# these pages. (Some books lay the matrix on its side.)
#
# Write down the Jacobian of `x * x` at (2, 3). Your guess is a list of rows, such as
# `[[1, 2], [3, 4]]`.

# %%
### BEGIN STUB
my_guess = ...
### END STUB
### BEGIN SOLUTION
my_guess = [[4, 0], [0, 6]]
### END SOLUTION

# %%
J = bl.jacobian(lambda x: x * x)([2.0, 3.0])
bl.compare(my_guess, J.numpy().tolist())

# %% [markdown]
# 4 and 6 are the slopes of the two squares; the zeros say that neither output reads the other's
# input. If you had [4, 6], the numbers are right, and the places are missing.
#
# The next function makes three numbers of two, so J has three rows and two columns:
#
# $$f(x, y) = (x\,y,\ \ \sin x,\ \ y^2)$$
#
# $x\,y$ moves by $y$ per unit of $x$, and by $x$ per unit of $y$: the first row is $(y,\ x)$. (The
# slope of $\sin x$ is $\cos x$.) The other two rows are yours.

# %% [markdown] exercise="jacobian_at"

# %% exercise="jacobian_at"
def jacobian_at(x, y):
    ### BEGIN SOLUTION
    return np.array([[y, x], [np.cos(x), 0.0], [0.0, 2 * y]])
    ### END SOLUTION

# %%
check("jacobian_at", jacobian_at)

# %% [markdown] hints="jacobian_at"

# %% [markdown]
# `bl.jacobian` needs no formula. It takes a function of tensors, here of *one* tensor that holds
# both inputs; `ops.stack` puts several numbers into one tensor. And `bl.show_jacobian` draws what
# it finds:

# %%
def f(x):
    return ops.stack([x[0] * x[1], ops.sin(x[0]), x[1] ** 2])


bl.show_jacobian(f, [2.0, 3.0])

# %% [markdown]
# The column `u` on the left is for the question *which gradient?* Say how much each output counts,
# and add up: that is one number, and one number has a gradient.
#
# $$L = \sum_i u_i\, y_i \qquad\quad \bar x_j = \frac{\partial L}{\partial x_j}
# = \sum_i u_i\, J_{ij} \qquad\quad
# \underbrace{\bar x}_{N} = \underbrace{u^T}_{M}\, \underbrace{J}_{M \times N}$$
#
# ($u^T$ is $u$ laid down as a row.) In code, `x_bar = u @ J`: each row of J, times its entry of
# `u`, added. Press *Back* and *Add a row* to watch. Such a `u` is the **cotangent** of `y`: how far
# L moves per unit of each output.

# %% [markdown]
# Now `y = x * x` once more, at (2, 3), where the second output counts ten times as much as the
# first: `u = (1, 10)`. This is what `backward` asked for: `y.backward(u)`. What will it leave at
# `x`?

# %%
### BEGIN STUB
my_guess = ...
### END STUB
### BEGIN SOLUTION
my_guess = [4, 60]
### END SOLUTION

# %%
x = bl.tensor([2.0, 3.0], requires_grad=True)
y = x * x
y.backward([1.0, 10.0])
bl.compare(my_guess, x.grad.tolist())

# %% [markdown]
# [4, 60]: the row (4, 0) once and the row (0, 6) ten times. With `u = (1, 0)` it would be the
# first row alone, and with (1, 1) the sum of the rows, which is what `y.sum().backward()` gives.
#
# Here is the answer to that reader. The 2×2 matrix exists: it is the Jacobian. A *gradient*
# belongs to one number, and has the shape of `x`. That `y` is two numbers is why `backward` asks
# how much each of them counts.

# %% [markdown] exercise="pull"

# %% exercise="pull"
def pull(u, x, y):
    ### BEGIN SOLUTION
    return np.array([u[0] * y + u[1] * np.cos(x), u[0] * x + u[2] * 2 * y])
    ### END SOLUTION

# %%
check("pull", pull)

# %% [markdown] hints="pull"

# %% [markdown]
# **So far.** A Jacobian has one row for each output and one column for each input. A gradient is
# the sum of its rows, each times how much its output counts; in training, the loss says how much.

# %% [markdown]
# ## Pull back without the matrix
#
# `z = exp(x)`, for an `x` of 1,000 numbers. How many of the entries of J are not 0?
#
# 1,000 of a million: each output reads its own input, and outside the diagonal J is 0.
#
# $$\bar x_j = \sum_i \bar z_i\, J_{ij} = \bar z_j\, e^{x_j}$$
#
# In code, `x_bar = z_bar * np.exp(x)`: a **vector-Jacobian product**, or VJP, without the Jacobian.
# Every operator brings a rule for its own. `bl.vjp` runs a function, and returns its value and a
# second function, which pulls any cotangent back:

# %%
z, pull_back = bl.vjp(ops.exp, [0.0, 1.0, 2.0])
print(pull_back([1.0, 10.0, -1.0]))
print(pull_back([0.0, 1.0, 0.0]))

# %% [markdown]
# (A tuple: one result for each input of the function.) The second line is row 1 of J. And the rule
# of `Multiply` in notebook 3 was a VJP as well: its Jacobian is the row $(y,\ x)$, and it returned
# `z_bar * y, z_bar * x`.
#
# Not every Jacobian is nearly empty. `center` subtracts the mean of all n entries from each,
# $z_i = x_i - (x_0 + \dots + x_{n-1})/n$.
#
# With n = 5, let the cotangent be (5, 0, 0, 0, 0). What is `x_bar`? Your guess is a list.

# %%
### BEGIN STUB
my_guess = ...
### END STUB
### BEGIN SOLUTION
my_guess = [4, -1, -1, -1, -1]
### END SOLUTION

# %%
def center(x):
    return x - x.mean()


z, pull_back = bl.vjp(center, [3.0, 1.0, 4.0, 1.0, 5.0])
bl.compare(my_guess, pull_back([5.0, 0.0, 0.0, 0.0, 0.0])[0].numpy().tolist())

# %% [markdown]
# [4, −1, −1, −1, −1]. The output $z_0$ reads $x_0$ in two ways: directly, with the slope 1, and
# through the mean, with the slope −1/5. It reads the others through the mean only. With
# [5, 0, 0, 0, 0] you forgot that the mean moves, too.
#
# One more, the running sum: `cumsum` of (1, 2, 3) is (1, 3, 6). In the picture, row i shows which
# inputs $z_i$ reads, and column j shows who reads $x_j$.

# %%
lower = np.tril(np.ones((6, 6)))  # row i: ones up to place i, then zeros


def cumsum(x):
    return lower @ x


bl.show_jacobian(cumsum, np.arange(6.0))

# %% [markdown]
# The last output reads every input, and the last input has one reader. Now write five rules. For
# each of them find out first what J looks like, and then how to do without it. (For `"sum"` and
# `"mean"` there is one output, so J is a single row.)

# %% [markdown] exercise="vjp_of"

# %% exercise="vjp_of"
def vjp_of(op, x, z_bar):
    ### BEGIN SOLUTION
    if op == "exp":
        return z_bar * np.exp(x)
    if op == "sum":
        return np.full(len(x), z_bar)
    if op == "mean":
        return np.full(len(x), z_bar / len(x))
    if op == "center":
        return z_bar - z_bar.mean()
    if op == "cumsum":
        return np.cumsum(z_bar[::-1])[::-1]
    ### END SOLUTION

# %%
check("vjp_of", vjp_of)

# %% [markdown] hints="vjp_of"

# %% [markdown]
# ### What the matrix weighs
#
# Why this trouble, where `u @ J` is one short line? Take `exp` of n numbers, of 4 bytes each
# (float32). For which n does J, zeros included, first take more than 2 GB, that is
# $2 \cdot 10^9$ bytes?

# %%
### BEGIN STUB
my_guess = ...
### END STUB
### BEGIN SOLUTION
my_guess = 22361
### END SOLUTION

# %%
n = 1
while 4 * n * n <= 2e9:
    n += 1
bl.compare(my_guess, n)

# %% [markdown]
# 22,361. A grey image of 150 by 150 dots has 22,500. What the VJP returns is as large as `x`: for
# 22,361 numbers, 89.4 kB. Drag n, and watch both. (The scale is logarithmic: equal steps to the
# right are equal factors.)

# %%
bl.show_memory()

# %% [markdown]
# So much for arithmetic; does your machine agree? `tracemalloc` is Python's own meter of memory,
# and `peak` says how many bytes a call held at most:

# %%
import tracemalloc


def peak(call, *inputs):
    tracemalloc.start()
    call(*inputs)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return most

# %% tags=["nbval-ignore-output"]
import matplotlib.pyplot as plt

sizes = np.array([100, 300, 1000, 3000, 10**4, 10**5, 10**6])
pairs = [rng.normal(size=(2, n)).astype(np.float32) for n in sizes]
rule = [peak(lambda x, u: u * np.exp(x), *pair) for pair in pairs]
dense = [peak(lambda x, u: u @ np.diag(np.exp(x)), *pair) for pair in pairs[:4]]
fig, axes = plt.subplots(figsize=(6, 3.6), layout="constrained")
axes.loglog(sizes, 4.0 * sizes**2, "--", label="the matrix, worked out: 4n²")
axes.loglog(sizes[:4], dense, "s", label="with the matrix, measured")
axes.loglog(sizes, rule, "o-", label="by the rule, measured")
axes.axhline(2e9, color="black", linestyle=":", label="2 GB")
axes.set(xlabel="n", ylabel="bytes")
fig.legend(loc="outside upper center", ncols=2)
bl.figure(fig, alt="Bytes against n, both axes logarithmic. With the matrix they rise twice as "
          "steeply as by the rule, and pass 2 GB between 10,000 and 100,000; the rule stays below.")

# %% [markdown]
# Ten times the n is about ten times the memory for the rule, and a hundred times for the matrix. A
# million numbers are 4 MB; their Jacobian would be 4 TB. With the matrix, it was measured as far as
# n = 3,000; the dashed line goes on where it would not fit.

# %% [markdown] exercise="bytes_of"

# %% exercise="bytes_of"
def bytes_of(op, sizes):
    ### BEGIN SOLUTION
    if op == "elementwise":
        (n,) = sizes
        outputs = inputs = n
    else:
        B, D, H = sizes
        outputs = B * H
        inputs = B * D if op == "matmul by X" else D * H
    return 8 * outputs * inputs, 8 * inputs
    ### END SOLUTION

# %%
check("bytes_of", bytes_of)

# %% [markdown] hints="bytes_of"

# %% [markdown]
# **So far.** A VJP is $u^T J$ without J: a rule for each operator, which knows the pattern of its
# Jacobian and holds about as many numbers as go in and come out.

# %% [markdown]
# ## Multiply from the left, or from the right
#
# A model is a chain, $y = f_3(f_2(f_1(x)))$. Multiply along every path, add over paths, and you
# have a product of matrices:
#
# $$(J_2 J_1)_{ij} = \sum_k (J_2)_{ik}\,(J_1)_{kj} \qquad\quad J = J_3 J_2 J_1$$
#
# The brackets do not change the result. They change the work. An entry of `A @ B` takes one
# multiplication for each column of A, and one addition fewer: all of them are *flops*.
#
# Let all three Jacobians be 100 × 100. How many times the flops of $((u^T J_3) J_2) J_1$ does
# $u^T (J_3 (J_2 J_1))$ take?

# %%
### BEGIN STUB
my_guess = ...
### END STUB
### BEGIN SOLUTION
my_guess = 67
### END SOLUTION

# %%
def product(A, B):
    flops.append(A.shape[0] * B.shape[1] * (2 * A.shape[1] - 1))
    return A @ B


u, J1, J2, J3 = rng.normal(size=(1, 100)), *rng.normal(size=(3, 100, 100))
flops = []
from_the_left = product(product(product(u, J3), J2), J1)
left, flops = sum(flops), []
matrices_first = product(u, product(J3, product(J2, J1)))
print("the same result:", np.allclose(from_the_left, matrices_first))
bl.compare(my_guess, sum(flops) / left)

# %% [markdown]
# 67 times: 3,999,900 flops instead of 59,700. From the left, a *vector* meets a matrix three times,
# for 100² multiplications each; two matrices that meet take 100³. Twice as wide, and the factor is
# about twice as large.
#
# This is what the backward pass does: `u` meets the last operator first. And as each operator has
# a rule, not even $J_3$ is built.

# %% [markdown]
# A vector can come from the right as well, one number for each *input*: the **tangent** $v$, also
# written $\dot x$, says how fast each input moves. Then $J v = J_3(J_2(J_1 v))$ says how fast each
# output moves: a **Jacobian-vector product**, or JVP. It begins with the first operator, so it can
# go along while the function runs.

# %%
y, y_dot = bl.jvp(f, ([2.0, 3.0],), ([1.0, 0.0],))  # tuples: f has one input, the pair
print(y_dot)

# %% [markdown]
# With $v = (1, 0)$ only the first input moves, and every output answers: this is the first *column*
# of J.
#
# | | takes | gives | one call finds |
# |---|---|---|---|
# | `pull_back(u)`, a VJP, backward | M numbers | $u^T J$: N numbers | a row |
# | `push_forward(v)`, a JVP, forward | N numbers | $J v$: M numbers | a column |
#
# A function has 1,000 inputs and 3 outputs, and you can ask these two and nothing else. How many
# calls until you know all 3,000 entries of J?

# %%
### BEGIN STUB
my_guess = ...
### END STUB
### BEGIN SOLUTION
my_guess = 3
### END SOLUTION

# %%
W = rng.normal(size=(3, 1000))
_, pull_back = bl.vjp(lambda x: W @ ops.tanh(x), np.zeros(1000))
rows = [pull_back(u)[0].numpy() for u in np.eye(3)]
print("the whole Jacobian:", np.allclose(rows, W))  # at 0, tanh has the slope 1
bl.compare(my_guess, len(rows))

# %% [markdown]
# Three, one for each row; by columns it would have been a thousand. `np.eye(3)` holds (1, 0, 0),
# (0, 1, 0) and (0, 0, 1).
#
# A loss is the extreme case: one output, and one call gives all the slopes there are. With one
# input and many outputs, it is the other way round.

# %% [markdown] exercise="recover"

# %% exercise="recover"
def recover(pull_back, push_forward, M, N):
    ### BEGIN SOLUTION
    if M <= N:
        return np.array([pull_back(u) for u in np.eye(M)])
    return np.array([push_forward(v) for v in np.eye(N)]).T
    ### END SOLUTION

# %%
check("recover", recover)

# %% [markdown] hints="recover"

# %% [markdown]
# ### Let one direction test the other
#
# An operator of the lab has two rules, `vjp` and `jvp`, for one Jacobian. Suppose that one of them
# is wrong. You have no J to compare with, and no wish to build one.
#
# But $u^T J v$ is one number, and there are two ways to get it: $(u^T J)\,v$ and $u^T (J v)$. If
# the rules belong together, the two agree, for any `u` and any `v`.

# %% [markdown] exercise="transpose_test"

# %% exercise="transpose_test"
def transpose_test(pull_back, push_forward, M, N, rng):
    ### BEGIN SOLUTION
    u, v = rng.normal(size=M), rng.normal(size=N)
    return bool(np.isclose(pull_back(u) @ v, u @ push_forward(v)))
    ### END SOLUTION

# %%
check("transpose_test", transpose_test)

# %% [markdown] hints="transpose_test"

# %% [markdown]
# Somebody wrote the rule of `cumsum`, and forgot to turn it round. For the test they drew a single
# vector, and took it for `u` and for `v`. Does the test notice? (Your guess: `True` or `False`.)

# %%
### BEGIN STUB
my_guess = ...
### END STUB
### BEGIN SOLUTION
my_guess = False
### END SOLUTION

# %%
def notices(u, v):
    wrong_rule = np.cumsum  # what pulls back is to start at the other end
    return not np.isclose(wrong_rule(u) @ v, u @ np.cumsum(v))


u, v = rng.normal(size=(2, 6))
print("with two vectors:", notices(u, v))
bl.compare(my_guess, notices(v, v))

# %% [markdown]
# It does not. The rule computes $J u$ where $u^T J$ is due, and with `u = v` both sides multiply
# $J v$ with $v$: the same number, whatever J is. With two vectors the fault shows. A mistake that
# both rules share stays hidden even then; notebook 5 goes back to the function itself.
#
# **So far.** Backward multiplies from the left and finds rows, forward from the right and finds
# columns: min(M, N) sweeps for all of J. Each direction is a test for the other.

# %% [markdown]
# ## Take it further: how long should a step be?
#
# In notebook 3 a weight went against its gradient, and *you* chose the rate. Can the function tell
# you how far to go? Here is the parabola through five points again, with the three weights in one
# tensor. It starts at 0:

# %%
times = np.array([-1.0, -0.5, 0.0, 0.5, 1.0])
points = np.array([1.2, 0.4, 0.1, 0.6, 1.9])


def loss(w):
    off = w[0] + w[1] * times + w[2] * times**2 - points
    return (off * off).sum()


bl.show_jacobian(bl.grad(loss), np.zeros(3))

# %% [markdown]
# That is not the Jacobian of the loss, which is a single row: it is that of its *gradient*.
# `bl.grad(loss)` is a function as well, from three numbers to three. Its Jacobian holds the second
# derivatives, and is called the **Hessian** H of the loss.
#
# $H v$ says how fast the gradient changes on the way along $v$. It is a JVP of the gradient, so
# nobody builds H for it.

# %% [markdown] exercise="curvature_along"

# %% exercise="curvature_along"
def curvature_along(f, x, v):
    ### BEGIN SOLUTION
    return bl.jvp(bl.grad(f), (x,), (v,))[1]
    ### END SOLUTION

# %%
check("curvature_along", curvature_along)

# %% [markdown] hints="curvature_along"

# %% [markdown]
# Back to the step. From $w$ go against the gradient $g$, by *rate* times $g$. On this line the
# slope of the loss starts at $-g^T g$: the gradient, times the direction $-g$. It rises by
# $g^T H g$ per unit of the rate, since on the way along $-g$ the gradient changes by $-H g$. Where
# the slope has risen to 0, the loss is at its lowest on the line:
#
# $$\text{rate} = \frac{g^T g}{g^T H g}$$
#
# (Exactly there for a quadratic loss, such as this one; else a first estimate, if $g^T H g$ is
# positive. `bl.hvp(loss, w, g)` is $H g$.)

# %%
w = np.zeros(3)
g = bl.grad(loss)(w).numpy()
best = (g @ g) / (g @ bl.hvp(loss, w, g).numpy())
for rate in (best / 2, best, 2 * best):
    print(f"rate {rate:.4f}: the loss goes from {loss(w):.4g} to {loss(w - rate * g):.4g}")

# %% [markdown]
# From 5.58 to 0.85 in one step. Half as far leaves 2.03, and twice as far brings back the loss of
# the start: a parabola has two sides. With a million weights, H would have $10^{12}$ entries. $H g$
# is a million numbers, for the cost of a few runs.

# %% [markdown]
# ## Recap
#
# - A Jacobian is M×N: row = output, column = input.
# - A gradient belongs to one number. For several outputs, say how much each counts: $u^T J$.
# - A VJP is $u^T J$ without J: memory goes with n, and not with n².
# - From the left, rows, backward; from the right, columns, forward: min(M, N) sweeps for all of J.
# - $(u^T J)\,v = u^T(J v)$ tests two rules against each other; a JVP of a gradient is $H v$.

# %% [markdown]
# ## Next
#
# *Notebook 5, [tensors and broadcasting](05-tensors-and-broadcasting.ipynb)*: how many messages
# come back to a number that was copied into four places? And a test for the mistake that two rules
# share.
