# %% [markdown]
# # Jacobians and VJPs: one row for each output
#
# A function of two numbers has two slopes. One with a thousand inputs and a thousand outputs has a
# million, and backpropagation never writes them down. After this page you know what it does
# instead.
#
# **You will** write a Jacobian, pull back without one, count bytes and sweeps, test a rule ·
# **You need** notebook 3; sums and products of matrices · **Minutes** 60, and 22 more for extra
# practice
#
# Run the next two cells: Shift + Enter.

# %%
import numpy as np

import backprop_lab as bl
from backprop_lab import check, ops

rng = np.random.default_rng(0)

# %%
def f(x):
    return ops.stack([x[0] * x[1], ops.sin(x[0]), x[1] ** 2])


bl.show_jacobian(f, [2.0, 3.0])

# %% [markdown]
# Two numbers go in, three come out, and there are six slopes.
#
# **From before.** Two questions, to see what stayed. In `x * x * x`, how many messages does `x` get
# in one backward pass? And at $x = 2$, $y = 3$, what is the local derivative of $x\,y$ by $y$?

# %%
### BEGIN STUB
my_guess = (..., ...)
### END STUB
### BEGIN SOLUTION
my_guess = (3, 2)
### END SOLUTION

# %%
y = bl.tensor(3.0, requires_grad=True)
(2.0 * y).backward()
bl.compare(my_guess, (3, y.grad.item()))

# %% [markdown]
# Three, one for each place where `x` is read; and 2, the *other* factor.
#
# ## Write down every slope
#
# What is the gradient of `x * x`, at $x = (2, 3)$? Ask the lab:

# %%
x = bl.tensor([2.0, 3.0], requires_grad=True)
z = x * x
try:
    z.backward()
except bl.errors.GradientError as error:
    print(error)

# %% [markdown]
# It wants to know of *what*. There are two outputs, $z_0$ and $z_1$, and each may be asked about
# each of the two inputs. That makes four slopes, and no single one of them is "the gradient".
#
# All slopes of a function together are its **Jacobian**, a matrix. In this course, and in most
# books, **a row is an output, a column is an input**:
#
# $$J \in \mathbb{R}^{M \times N} \qquad J_{ij} = \frac{\partial z_i}{\partial x_j}$$

# %% [markdown]
# What is the Jacobian of `x * x` at (2, 3)? Type its two rows as a list of two lists.

# %%
### BEGIN STUB
my_guess = ...
### END STUB
### BEGIN SOLUTION
my_guess = [[4, 0], [0, 6]]
### END SOLUTION

# %%
J = bl.jacobian(lambda x: x * x)([2.0, 3.0])
bl.compare(my_guess, J.numpy())

# %% [markdown]
# 4 and 6 on the diagonal, as each output reads its own input; and 0 elsewhere, for $z_0$ does not
# move with $x_1$. Whoever says "the gradient should be a 2×2 matrix" means this matrix.
#
# The function at the top is not so tidy: it has 3 outputs and 2 inputs. Press on an entry in the
# picture to see which output it is, by which input.

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
# **So far.** Row = output, column = input. The Jacobian has M rows and N columns, one slope for
# each pair.

# %% [markdown]
# ## Pull back without the matrix
#
# In a network, nobody asks for all six slopes. A loss L sits at the end, and from upstream comes
# one number for each output: $\bar z_i = \partial L/\partial z_i$, how much L moves per unit of
# $z_i$. Such a list of numbers is a **cotangent**, and we write it as a row, $u$.
#
# An input hears from every output that reads it, and messages add:
#
# $$\bar x_j = \sum_i u_i\, J_{ij} \qquad\text{or}\qquad \bar x = u^T J$$

# %% [markdown]
# That is a **vector-Jacobian product**, in short a VJP, and the reason for the name `vjp` in
# notebook 3. It has one number for each *input*, whatever the number of outputs.
#
# Take the function at the top, at (2, 3). Its rows are (3, 2), (−0.416, 0) and (0, 6). Let
# $u = (1, -2, 0.5)$. What is the *second* number of $u^T J$?

# %%
### BEGIN STUB
my_guess = ...
### END STUB
### BEGIN SOLUTION
my_guess = 5
### END SOLUTION

# %%
y, pull_back = bl.vjp(f, [2.0, 3.0])
(x_bar,) = pull_back([1.0, -2.0, 0.5])
bl.compare(my_guess, x_bar[1].item())

# %% [markdown]
# The column of $x_1$ is (2, 0, 6), so $1 \cdot 2 - 2 \cdot 0 + 0.5 \cdot 6 = 5$. And no matrix was
# made: `pull_back` is the backward sweep of notebook 3, started with `u`.

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
# The sweep knows each operator's rule, and a rule is a shortcut: it gives $u^T J$ by what it knows
# of the *structure* of J. Here are two. `cumsum` adds up as it goes, $z_i = x_0 + \dots + x_i$:

# %%
def cumsum(x):
    return np.tril(np.ones((6, 6))) @ x


bl.show_jacobian(cumsum, np.arange(1.0, 7.0))

# %% [markdown]
# Row $i$ has ones up to column $i$. So column $j$ has ones from row $j$ on: $x_j$ hears from
# $z_j$ and from everyone after it.
#
# And `center` subtracts the mean, $z_i = x_i - \text{mean}(x)$. Each $x_j$ is in all of the
# outputs, because it is in the mean.

# %%
def center(x):
    return x - x.mean()


bl.show_jacobian(center, np.arange(1.0, 7.0))

# %% [markdown]
# Send back the same from all outputs, $u = (1, 1, 1, 1, 1, 1)$. What does each input hear?

# %%
### BEGIN STUB
my_guess = ...
### END STUB
### BEGIN SOLUTION
my_guess = 0
### END SOLUTION

# %%
z, pull_back = bl.vjp(center, np.arange(1.0, 7.0))
bl.compare(my_guess, pull_back(np.ones(6))[0][0].item())

# %% [markdown]
# It is 0: the outputs always add up to 0, so no input can move their sum. Whoever says "subtracting
# a constant changes no slope" would answer 1, and the mean is not a constant.
#
# Now write such rules yourself. Each of them takes one line, and no n×n array.

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
# **So far.** A VJP turns one number for each output into one for each input. A rule gets there by
# the structure of J, and never by J.

# %% [markdown]
# ## Count bytes and sweeps
#
# What would it cost to build J? Take `exp` of n numbers. Its Jacobian has n² entries, all 0 but the
# diagonal. In float32, four bytes each, which n fills 2 GB ($2 \cdot 10^9$ bytes), all that a small
# machine has?

# %%
### BEGIN STUB
my_guess = ...
### END STUB
### BEGIN SOLUTION
my_guess = 22_361
### END SOLUTION

# %%
bl.compare(my_guess, int(np.ceil(np.sqrt(2e9 / 4))))

# %% [markdown]
# About 22,361, and the cotangent that a VJP makes of it takes 89.4 kB. Drag n, and watch both. (The
# scale is logarithmic: equal steps to the right are equal factors.)

# %%
bl.show_memory()

# %% [markdown]
# Those are sums on paper. This cell measures, on your machine, what is really allocated: once with
# the matrix, once with the rule.

# %%
import tracemalloc


def peak_bytes(work):
    tracemalloc.start()
    work()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak

# %% tags=["nbval-ignore-output"]
import matplotlib.pyplot as plt

sizes = [50, 100, 200, 400, 800, 1600]
u, e = [rng.normal(size=n) for n in sizes], [np.exp(rng.normal(size=n)) for n in sizes]
fig, axes = plt.subplots(figsize=(5, 3), layout="constrained")
dense = [peak_bytes(lambda: u[i] @ np.diag(e[i])) for i in range(6)]
rule = [peak_bytes(lambda: u[i] * e[i]) for i in range(6)]
axes.loglog(sizes, dense, "s-", label="u @ J, with J")
axes.loglog(sizes, rule, "o-", label="u * exp(x), without")
axes.set(xlabel="n", ylabel="bytes at the peak")
axes.legend()
bl.figure(fig, alt="Peak memory against n, both axes logarithmic. With J it grows with the square "
          "of n, without it in proportion to n; at n = 1600 they are a factor of over 500 apart.")

# %% [markdown]
# Ten times the inputs, a hundred times the matrix. A linear layer is worse: its output has a whole
# batch of rows, and each of them is asked about each weight.

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
# Layers follow one another, so their Jacobians multiply: $J = J_3 J_2 J_1$, the last layer on the
# left. In which order? It makes no difference to the result, and all the difference to the work.
# With 100 numbers between layers, multiplying two matrices takes $100^3$ products; a row times a
# matrix takes $100^2$.

# %%
def products(*shapes):
    """Products of numbers in a chain of matrices, multiplied from the left."""
    rows, work = shapes[0][0], 0
    for inner, columns in shapes[1:]:
        work += rows * inner * columns
    return work


from_the_left = products((1, 100), (100, 100), (100, 100), (100, 100))
matrices_first = products((100, 100), (100, 100), (100, 100)) + 100 * 100
print(from_the_left, matrices_first)

# %% [markdown]
# 30,000 against 2,010,000. Starting on the left, with $u$, every step is a row times a matrix: that
# is the backward sweep. Its mirror image starts on the right, with a direction $v$ in the inputs:
# $J v = J_3 (J_2 (J_1 v))$, a **Jacobian-vector product** or JVP, with $v$ a **tangent**. It runs
# forward, beside the values, and tells how fast each output moves.

# %%
y, y_dot = bl.jvp(f, ([2.0, 3.0],), ([1.0, 0.0],))
print(y_dot)

# %% [markdown]
# That is the first *column*: how everything moves with $x_0$. A pull-back of (1, 0, 0) gives the
# first *row*. So all of J takes M sweeps backward, or N forward. A loss is one number, M = 1, and a
# network has millions of inputs: one sweep backward, and that is why we go that way.
#
# How many sweeps does the Jacobian of a function with 3 outputs and 5 inputs need, at best?

# %%
### BEGIN STUB
my_guess = ...
### END STUB
### BEGIN SOLUTION
my_guess = 3
### END SOLUTION

# %%
J = bl.jacobian(lambda x: x[:3] * x[2:])(np.ones(5))
print(J.name)
bl.compare(my_guess, min(J.shape))

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
# **So far.** J takes M·N numbers, a VJP N. A chain is cheap from the side where the vector is. For
# one output and many inputs that is the left: backward.

# %% [markdown]
# ## Test one against the other
#
# A rule that was written by hand may be wrong. Is there a test that needs no J? Pull $u$ back and
# meet $v$, or push $v$ forward and meet $u$; the brackets must not matter:
#
# $$(u^T J)\, v \;=\; u^T (J\, v)$$
#
# Both sides are single numbers: entries multiplied in pairs, and added. For that one also writes
# $\langle J^T u, v \rangle = \langle u, J v \rangle$. Each costs one sweep.

# %%
u, v = rng.normal(size=3), rng.normal(size=2)
y, pull_back = bl.vjp(f, [2.0, 3.0])
y, y_dot = bl.jvp(f, ([2.0, 3.0],), (v,))
print(f"{pull_back(u)[0].numpy() @ v:.6f} {u @ y_dot.numpy():.6f}")

# %% [markdown]
# The same number, by two roads that share no code but f. Draw $u$ and $v$ at random, mixed in sign:
# with ones for $u$, two mistakes of opposite sign cancel, and nobody sees them.
#
# The test compares two rules with *each other*. What both have wrong in the same way it cannot see;
# notebook 5 measures rules against the function itself.

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
# ## Take it further: curvature without its matrix
#
# How fast does the gradient itself change, if $x$ moves along $v$? The gradient of $f$ is a
# function from n numbers to n numbers. Its Jacobian is the **Hessian** $H$, with n² entries, and
# what we ask for is $H v$: one JVP of the gradient. Nobody builds $H$.
#
# Take $f(x) = x_0^2\, x_1$ at (2, 3) with $v = (1, 0)$. The gradient is $(2 x_0 x_1,\ x_0^2)$. How
# fast does its *first* entry change along $v$?

# %%
### BEGIN STUB
my_guess = ...
### END STUB
### BEGIN SOLUTION
my_guess = 6
### END SOLUTION

# %%
H_v = bl.hvp(lambda x: x[0] ** 2 * x[1], [2.0, 3.0], [1.0, 0.0])
bl.compare(my_guess, H_v[0].item())

# %% [markdown]
# $2 x_1 = 6$, and the second entry moves by $2 x_0 = 4$. `bl.hvp` did it; now do it with what you
# have, a gradient and a JVP.

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
# ## Recap
#
# - The Jacobian has a row for each output and a column for each input.
# - Backward turns a cotangent of the outputs into one of the inputs: $\bar x = u^T J$, a VJP.
# - Rules use the structure of J; memory goes with n, and not with n².
# - M sweeps backward or N forward give all of J. A loss has M = 1.
# - $(u^T J)\,v = u^T (J\,v)$ tests the two rules against each other.

# %% [markdown]
# ## Next
#
# *Notebook 5, [tensors and broadcasting](05-tensors-and-broadcasting.ipynb)*: a bias is added to
# every row of a batch. How many numbers does its cotangent have, and why?
