"""Functions that are right, in all the ways in which people write them: no line may fail."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from torch.autograd.function import once_differentiable  # noqa: E402

from tests.bad_functions import B, Function, X, Y, positive, random  # noqa: E402

RIGHT = []  # (Function, inputs, deliberate)


def right(*inputs, deliberate=None):
    def keep(function):
        RIGHT.append((function, inputs, deliberate))
        return function

    return keep


@right(torch.tensor(3.0))
@right(X)
@right(X.float())
@right(X.T)
class SquareAndDouble(Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return 2 * x**2

    @staticmethod
    def backward(ctx, grad_output):
        (x,) = ctx.saved_tensors
        return grad_output * 4 * x


@right(X)
class WithoutStaticmethod(Function):
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * x

    def vjp(ctx, z_bar):
        (x,) = ctx.saved_tensors
        return z_bar * 2 * x


@right(X)
class ExpByItsOutput(Function):
    @staticmethod
    def forward(ctx, x):
        y = torch.exp(x)
        ctx.save_for_backward(y)
        return y

    @staticmethod
    def backward(ctx, g):
        (y,) = ctx.saved_tensors
        return g * y


@right(torch.tensor([0.0, -0.0, 1.0, -2.0]))
@right(X)
class Relu(Function):
    """With a kink among its inputs."""

    @staticmethod
    def forward(ctx, x):
        y = x.clamp(min=0)
        ctx.save_for_backward(y)
        return y

    @staticmethod
    def backward(ctx, g):
        (y,) = ctx.saved_tensors
        return g * (y > 0)


@right(torch.tensor([1e-8, 0.0, 3.0], dtype=torch.float64))
@right(torch.tensor([1e3, -1e6, 2e-3], dtype=torch.float64))
class Abs(Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x.abs()

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return g * x.sign()


@right(positive(5))
@right(torch.tensor([1e-4, 1e4]))
class Log(Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return torch.log(x)

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return g / x


@right(X, B)
class BiasThatIsSummed(Function):
    @staticmethod
    def forward(ctx, x, b):
        return x + b

    @staticmethod
    def backward(ctx, g):
        return g, g.sum(0) if ctx.needs_input_grad[1] else None


@right(X, random(3, 5), random(5))
@right(random(3, 3), random(3, 3), random(3))
class Linear(Function):
    """Three inputs, each with work that is left out if nobody needs it."""

    @staticmethod
    def forward(ctx, x, w, b):
        ctx.save_for_backward(x, w)
        return x @ w + b

    @staticmethod
    def backward(ctx, g):
        x, w = ctx.saved_tensors
        needs = ctx.needs_input_grad
        return (
            g @ w.T if needs[0] else None,
            x.T @ g if needs[1] else None,
            g.sum(0) if needs[2] else None,
        )


@right(X, 2)
@right(X, 2.5)
class TimesANumber(Function):
    @staticmethod
    def forward(ctx, x, k):
        ctx.k = k
        return k * x

    @staticmethod
    def backward(ctx, g):
        return ctx.k * g, None


@right(X, torch.tensor([2, 0, 0]), None, "rows")
class PickRows(Function):
    """Constants of every kind: an integer tensor, None, a word. Rows that repeat add up."""

    @staticmethod
    def forward(ctx, x, rows, unused, word):
        ctx.save_for_backward(rows)
        ctx.shape = x.shape
        return x[rows]

    @staticmethod
    def backward(ctx, g):
        (rows,) = ctx.saved_tensors
        zeros = torch.zeros(ctx.shape, dtype=g.dtype, device=g.device)
        return zeros.index_add(0, rows, g), None, None, None


@right(X)
class TripleInPlace(Function):
    @staticmethod
    def forward(ctx, x):
        x.mul_(3)
        ctx.mark_dirty(x)
        return x

    @staticmethod
    def backward(ctx, g):
        return 3 * g


@right(X)
class ExpInPlace(Function):
    @staticmethod
    def forward(ctx, x):
        x.exp_()
        ctx.mark_dirty(x)
        ctx.save_for_backward(x)
        return x

    @staticmethod
    def backward(ctx, g):
        (y,) = ctx.saved_tensors
        return g * y


@right(X)
class MaxWithIndices(Function):
    @staticmethod
    def forward(ctx, x):
        values, indices = x.max(-1)
        ctx.mark_non_differentiable(indices)
        ctx.save_for_backward(indices)
        ctx.size = x.shape[-1]
        return values, indices

    @staticmethod
    def backward(ctx, g, _):
        (indices,) = ctx.saved_tensors
        zeros = torch.zeros(*g.shape, ctx.size, dtype=g.dtype, device=g.device)
        return zeros.scatter(-1, indices[..., None], g[..., None])


@right(X)
class TwoOutputs(Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return torch.sin(x), x.sum()

    @staticmethod
    def backward(ctx, g, h):
        (x,) = ctx.saved_tensors
        return g * torch.cos(x) + h


@right(X)
class LooksForNone(Function):
    @staticmethod
    def forward(ctx, x):
        ctx.set_materialize_grads(False)
        return 2 * x, 3 * x

    @staticmethod
    def backward(ctx, g, h):
        if g is None and h is None:
            return None
        return (0 if g is None else 2 * g) + (0 if h is None else 3 * h)


@right(X)
class OnceOnly(Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return torch.sin(x)

    @staticmethod
    @once_differentiable
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return g * torch.from_numpy(np.cos(x.numpy()))


@right(X)
class AutogradInBackward(Function):
    """What is computed again in backward is recorded there (a checkpoint)."""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return torch.sin(x)

    @staticmethod
    @once_differentiable
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        with torch.enable_grad():
            x = x.detach().requires_grad_()
            return torch.autograd.grad(torch.sin(x), x, g)[0]


@right(X)
class ReturnsItsInput(Function):
    @staticmethod
    def forward(ctx, x):
        return x

    @staticmethod
    def backward(ctx, g):
        return g


@right(X)
class UnderAutocast(Function):
    """The decorators of mixed precision stand around forward and backward."""

    @staticmethod
    @torch.amp.custom_fwd(device_type="cpu")
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return torch.exp(x)

    @staticmethod
    @torch.amp.custom_bwd(device_type="cpu")
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return g * torch.exp(x)


@right(X)
@right(torch.tensor(0.7))
class SetupContext(Function):
    generate_vmap_rule = True

    @staticmethod
    def forward(x):
        return x**3

    @staticmethod
    def setup_context(ctx, inputs, output):
        (x,) = inputs
        ctx.save_for_backward(x)
        ctx.save_for_forward(x)

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return g * 3 * x**2

    @staticmethod
    def jvp(ctx, x_dot):
        (x,) = ctx.saved_tensors
        return x_dot * 3 * x**2


@right(X, 3.0)
class SetupContextOnce(Function):
    @staticmethod
    def forward(x, k):
        return k * x

    @staticmethod
    def setup_context(ctx, inputs, output):
        _, ctx.k = inputs

    @staticmethod
    @once_differentiable
    def backward(ctx, g):
        return ctx.k * g, None


@right(X)
class VmapOfItsOwn(Function):
    @staticmethod
    def forward(x):
        return torch.sin(x)

    @staticmethod
    def setup_context(ctx, inputs, output):
        ctx.save_for_backward(*inputs)

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return g * torch.cos(x)

    @staticmethod
    def vmap(info, in_dims, x):
        return VmapOfItsOwn.apply(x), in_dims[0]


@right(X)
class View(Function):
    """Its output is a view of its input."""

    @staticmethod
    def forward(ctx, x):
        ctx.shape = x.shape
        return x.reshape(-1)

    @staticmethod
    def backward(ctx, g):
        return g.reshape(ctx.shape)


@right(X)
class Identity(Function):
    @staticmethod
    def forward(ctx, x):
        return x.view_as(x)

    @staticmethod
    def backward(ctx, g):
        return g


@right(X, Y)
class SecondInputDoesNotMatter(Function):
    @staticmethod
    def forward(ctx, x, y):
        return 2 * x

    @staticmethod
    def backward(ctx, g):
        x_bar = 2 * g if ctx.needs_input_grad[0] else None
        return x_bar, None, None  # PyTorch overlooks what is None beyond the inputs


@right(random(6, 4))
class Dropout(Function):
    """Random, with a mask that is drawn in forward."""

    @staticmethod
    def forward(ctx, x):
        mask = (torch.rand_like(x) > 0.5).to(x.dtype) * 2
        ctx.save_for_backward(mask)
        return x * mask

    @staticmethod
    def backward(ctx, g):
        (mask,) = ctx.saved_tensors
        return g * mask


@right(random(3, 3) @ random(3, 3).T + 3 * torch.eye(3, dtype=torch.float64))
class LogDet(Function):
    @staticmethod
    def forward(ctx, a):
        ctx.save_for_backward(a)
        return torch.logdet(a)

    @staticmethod
    def backward(ctx, g):
        (a,) = ctx.saved_tensors
        return g * torch.linalg.inv(a).T


@right(random(40, 50))
class Large(SquareAndDouble):
    pass


@right(torch.zeros(0, 3))
class Empty(SquareAndDouble):
    pass


@right(X)
class Prints(SquareAndDouble):
    @staticmethod
    def forward(ctx, x):
        print("forward!")
        return SquareAndDouble.forward(ctx, x)


@right(3 * X, deliberate="straight-through")
class RoundStraightThrough(Function):
    @staticmethod
    def forward(ctx, x):
        return x.round()

    @staticmethod
    def backward(ctx, g):
        return g


@right(X, 0.5, deliberate="gradient reversal")
class ReverseGradient(Function):
    @staticmethod
    def forward(ctx, x, strength):
        ctx.strength = strength
        return x.view_as(x)

    @staticmethod
    def backward(ctx, g):
        return -ctx.strength * g, None


@right(X, deliberate="clipped to 0.1")
class ClipGradient(Function):
    @staticmethod
    def forward(ctx, x):
        return x.clone()

    @staticmethod
    def backward(ctx, g):
        return g.clamp(-0.1, 0.1)
