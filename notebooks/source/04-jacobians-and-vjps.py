# %% [markdown]
# # Jacobians and VJPs: one row for each output
#
# **You will** … · **You need** notebook 3 · **Minutes** 60, and 25 more for extra practice

# %%
import numpy as np

import backprop_lab as bl
from backprop_lab import check, ops

rng = np.random.default_rng(0)

# %% [markdown] exercise="jacobian_at"

# %% exercise="jacobian_at"
def jacobian_at(x, y):
    ### BEGIN SOLUTION
    return np.array([[y, x], [np.cos(x), 0.0], [0.0, 2 * y]])
    ### END SOLUTION

# %%
check("jacobian_at", jacobian_at)

# %% [markdown] hints="jacobian_at"

# %% [markdown] exercise="pull"

# %% exercise="pull"
def pull(u, x, y):
    ### BEGIN SOLUTION
    return np.array([u[0] * y + u[1] * np.cos(x), u[0] * x + u[2] * 2 * y])
    ### END SOLUTION

# %%
check("pull", pull)

# %% [markdown] hints="pull"

# %% [markdown] exercise="vjp_of"

# %% exercise="vjp_of"
def vjp_of(op, x, z_bar):
    ### BEGIN STUB
    if op == "exp":
        return ...
    if op == "sum":
        return ...
    if op == "mean":
        return ...
    if op == "center":
        return ...
    if op == "cumsum":
        return ...
    ### END STUB
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

# %% [markdown] exercise="curvature_along"

# %% exercise="curvature_along"
def curvature_along(f, x, v):
    ### BEGIN SOLUTION
    return bl.jvp(bl.grad(f), (x,), (v,))[1]
    ### END SOLUTION

# %%
check("curvature_along", curvature_along)

# %% [markdown] hints="curvature_along"
