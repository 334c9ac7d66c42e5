# %% [markdown]
# # Train and diagnose: evidence before the cure
#
# A network that learns nothing prints the same kind of number as one that does. After this page you
# can train one on your own engine, keep its gradients alive and its memory small, and find out
# what ails it with a single experiment.
#
# **You will** train, measure gradients by depth, trade memory for time, diagnose six failing runs,
# test an operator of your own · **You need** notebooks 5 and 7 · **Minutes** 60, and 41 more for
# extra practice
#
# Run the next two cells: Shift + Enter.

# %%
import numpy as np
import torch

import backprop_lab as bl
from backprop_lab import check, ops

rng = np.random.default_rng(0)

# %% [markdown] exercise="train_step"

# %% exercise="train_step"
def train_step(weights, x, labels, rate):
    W1, b1, W2, b2 = weights
    ### BEGIN SOLUTION
    for w in weights:
        w.grad = None
    logits = ops.tanh(x @ W1 + b1) @ W2 + b2
    loss = ops.softmax_cross_entropy(logits, labels)
    loss.backward()
    with bl.no_grad():
        for w in weights:
            w -= rate * w.grad
    return loss.item()
    ### END SOLUTION

# %%
check("train_step", train_step)

# %% [markdown] hints="train_step"

# %% [markdown] exercise="gradient_norms"

# %% exercise="gradient_norms"
def gradient_norms(layers):
    ### BEGIN SOLUTION
    norms = [np.sqrt(sum((w.grad**2).sum() for w in layer)) for layer in layers]
    shrink = (norms[0] / norms[-1]) ** (1 / (len(layers) - 1))
    return norms, shrink
    ### END SOLUTION

# %%
check("gradient_norms", gradient_norms)

# %% [markdown] hints="gradient_norms"

# %% [markdown] exercise="mend_depth"

# %% exercise="mend_depth"
### BEGIN STUB
mend_depth = {
    "initial": ...,
    "layer": ...,
}
### END STUB
### BEGIN SOLUTION
mend_depth = {
    "initial": lambda rng, width: rng.normal(size=(width, width)) / width**0.5,
    "layer": lambda x, W: x + ops.tanh(x @ W) / 4,
}
### END SOLUTION

# %%
check("mend_depth", mend_depth)

# %% [markdown] hints="mend_depth"

# %% [markdown] exercise="checkpointed"

# %% exercise="checkpointed"
def checkpointed(layers, x, z_bar, segments, rng):
    ### BEGIN SOLUTION
    kept = []
    for run in np.array_split(np.arange(len(layers)), segments):
        kept.append((run, x, rng.bit_generator.state))
        for i in run:
            x = layers[i].forward(x, rng)
    while kept:
        run, x, rng.bit_generator.state = kept.pop()
        values = [x]
        for i in run[:-1]:
            values.append(layers[i].forward(values[-1], rng))
        for i in reversed(run):
            z_bar = layers[i].vjp(values.pop(), z_bar)
    return z_bar
    ### END SOLUTION

# %%
check("checkpointed", checkpointed)

# %% [markdown] hints="checkpointed"

# %% [markdown] exercise="stable_loss"

# %% exercise="stable_loss"
def stable_loss(scores, labels):
    ### BEGIN SOLUTION
    margin = scores * labels
    small = np.exp(-np.abs(margin))
    loss = np.maximum(-margin, 0) + np.log1p(small)
    lost = np.where(margin > 0, small, 1.0) / (1 + small)
    return loss.mean(), -labels * lost / len(scores)
    ### END SOLUTION

# %%
check("stable_loss", stable_loss)

# %% [markdown] hints="stable_loss"

# %% [markdown] exercise="diagnosis"

# %% exercise="diagnosis"
### BEGIN STUB
diagnosis = dict.fromkeys("ABCDEF", ...)
### END STUB
### BEGIN SOLUTION
diagnosis = {
    "A": ("transposed weight", "nudge the weights"),
    "B": ("dead relu", "units that fire"),
    "C": ("gradients never cleared", "the same batch twice"),
    "D": ("softmax twice", "loss of a perfect prediction"),
    "E": ("nan behind where", "before the first step"),
    "F": ("detached head", "weights without a gradient"),
}
### END SOLUTION

# %%
check("diagnosis", diagnosis)

# %% [markdown] hints="diagnosis"

# %% [markdown] exercise="my_op"

# %% exercise="my_op"
### BEGIN STUB
my_op = {"op": ..., "tests": ..., "inputs": ...}
### END STUB
### BEGIN SOLUTION
class Bell(bl.Op):
    def forward(ctx, x):
        z = 1 / (1 + x * x)
        ctx.save_for_backward(x, z)
        return z

    def vjp(ctx, z_bar):
        x, z = ctx.saved_tensors
        return z_bar * -2 * x * z * z

    jvp = vjp  # entry by entry, so the Jacobian is diagonal


def tests(op):
    x, known = np.array([1.0, 2.0, -3.0]), [0.5, 0.2, 0.1]
    return np.allclose(op.apply(x).data, known) and bool(bl.gradcheck(op.apply, x))


my_op = {"op": Bell, "tests": tests, "inputs": (np.array([0.5, -2.0, 1.2]),)}
### END SOLUTION

# %%
check("my_op", my_op)

# %% [markdown] hints="my_op"
