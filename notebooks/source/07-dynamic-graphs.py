# %% [markdown]
# # Dynamic graphs: recorded while they run
#
# (The page around these exercises is still to be written.)

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
    return (y ** 2).sum()

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

# %%
def scaled(x, w, b):
    z = x @ w + b
    return (z / z.norm().item()).exp().sum()


def stacked(x, w, b):
    parts = torch.tensor([(x @ w).sum(), b])
    return parts.square().sum() + w.square().sum()


def gated(x, w, b):
    z = x @ w + b
    return (z * z.detach().sigmoid()).sum()

# %% [markdown]
# And two more:

# %%
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
