# %% [markdown]
# # Custom PyTorch functions: your rule in somebody else's graph
#
# An operator of your own, with a backward rule of your own, inside PyTorch.

# %%
import numpy as np
import torch

import backprop_lab as bl
from backprop_lab import check, ops

rng = np.random.default_rng(0)

# %% [markdown] exercise="SquareAndDouble"

# %% exercise="SquareAndDouble"
class SquareAndDouble(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ### BEGIN SOLUTION
        ctx.save_for_backward(x)
        return 2 * x**2
        ### END SOLUTION

    @staticmethod
    def backward(ctx, grad_output):
        ### BEGIN SOLUTION
        (x,) = ctx.saved_tensors
        return grad_output * 4 * x
        ### END SOLUTION

# %%
check("SquareAndDouble", SquareAndDouble)

# %% [markdown] hints="SquareAndDouble"

# %% [markdown] exercise="ExpScaled"

# %% exercise="ExpScaled"
class ExpScaled(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, k):
        ### BEGIN SOLUTION
        y = torch.exp(k * x)
        ctx.save_for_backward(y)
        ctx.k = k
        return y
        ### END SOLUTION

    @staticmethod
    def backward(ctx, grad_output):
        ### BEGIN SOLUTION
        (y,) = ctx.saved_tensors
        return grad_output * ctx.k * y, None
        ### END SOLUTION

# %%
check("ExpScaled", ExpScaled)

# %% [markdown] hints="ExpScaled"

# %% [markdown] exercise="WeightedProduct"

# %% exercise="WeightedProduct"
class WeightedProduct(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, w, c):
        ### BEGIN SOLUTION
        ctx.save_for_backward(x, w)
        ctx.c = c
        return c * x * w
        ### END SOLUTION

    @staticmethod
    def backward(ctx, grad_output):
        ### BEGIN SOLUTION
        x, w = ctx.saved_tensors
        x_bar = w_bar = None
        if ctx.needs_input_grad[0]:
            x_bar = ctx.c * grad_output * w
        if ctx.needs_input_grad[1]:
            w_bar = ctx.c * (grad_output * x).sum(0)
        return x_bar, w_bar, None
        ### END SOLUTION

# %%
check("WeightedProduct", WeightedProduct)

# %% [markdown] hints="WeightedProduct"

# %% [markdown] exercise="Cube"

# %% exercise="Cube"
class Cube(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ### BEGIN SOLUTION
        ctx.save_for_backward(x)
        return x**3
        ### END SOLUTION

    @staticmethod
    def backward(ctx, grad_output):
        ### BEGIN SOLUTION
        (x,) = ctx.saved_tensors
        return grad_output * 3 * x**2
        ### END SOLUTION

# %%
check("Cube", Cube)

# %% [markdown] hints="Cube"

# %% [markdown] exercise="MaxWithIndex"

# %% exercise="MaxWithIndex"
class MaxWithIndex(torch.autograd.Function):
    ### BEGIN STUB
    ...
    ### END STUB
    ### BEGIN SOLUTION
    @staticmethod
    def forward(ctx, x):
        largest, index = x.max(dim=1)
        ctx.mark_non_differentiable(index)
        ctx.save_for_backward(index)
        ctx.shape = x.shape
        return largest, index

    @staticmethod
    def backward(ctx, largest_bar, index_bar):
        (index,) = ctx.saved_tensors
        x_bar = largest_bar.new_zeros(ctx.shape)
        return x_bar.scatter(1, index[:, None], largest_bar[:, None])
    ### END SOLUTION

# %%
check("MaxWithIndex", MaxWithIndex)

# %% [markdown] hints="MaxWithIndex"

# %% [markdown] exercise="SquareAndDoubleUnderVmap"

# %% exercise="SquareAndDoubleUnderVmap"
class SquareAndDoubleUnderVmap(torch.autograd.Function):
    ### BEGIN STUB
    ...
    ### END STUB
    ### BEGIN SOLUTION
    generate_vmap_rule = True

    @staticmethod
    def forward(x):
        return 2 * x**2

    @staticmethod
    def setup_context(ctx, inputs, output):
        ctx.save_for_backward(*inputs)

    @staticmethod
    def backward(ctx, grad_output):
        (x,) = ctx.saved_tensors
        return grad_output * 4 * x
    ### END SOLUTION

# %%
check("SquareAndDoubleUnderVmap", SquareAndDoubleUnderVmap)

# %% [markdown] hints="SquareAndDoubleUnderVmap"

# %% [markdown] exercise="RoundStraightThrough"

# %% exercise="RoundStraightThrough"
class RoundStraightThrough(torch.autograd.Function):
    ### BEGIN STUB
    deliberate = ...
    ### END STUB
    ### BEGIN SOLUTION
    deliberate = "Rounding has slope 0; inside [-1, 1] the gradient passes as if it had slope 1."
    ### END SOLUTION
    @staticmethod
    def forward(ctx, x):
        ### BEGIN SOLUTION
        ctx.save_for_backward(x)
        return torch.round(x)
        ### END SOLUTION
    @staticmethod
    def backward(ctx, grad_output):
        ### BEGIN SOLUTION
        (x,) = ctx.saved_tensors
        return grad_output * (x.abs() <= 1)
        ### END SOLUTION

# %%
check("RoundStraightThrough", RoundStraightThrough)

# %% [markdown] hints="RoundStraightThrough"
