"""Functions that are broken, each with the line of the report card that has to say so.

Most of the mistakes are those that people make: shared drafts, issues, lectures. Functions marked
`silent` are passed by PyTorch's own gradcheck all the same.
"""

import itertools

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from torch.autograd.function import once_differentiable  # noqa: E402

Function = torch.autograd.Function
BROKEN = []  # (Function, inputs, line)
SILENT = []  # those among them that gradcheck passes


def random(*shape, seed=3):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def positive(*shape):
    return random(*shape).abs() + 0.5


X, Y, B = random(4, 3), random(4, 3, seed=4), random(3, seed=5)


def broken(line, *inputs, silent=False):
    def keep(function):
        BROKEN.append((function, inputs, line))
        if silent:
            SILENT.append((function, inputs))
        return function

    return keep


# Five that gradcheck passes.


@broken("shapes of gradients", X, B, silent=True)
class UnsummedBroadcast(Function):
    @staticmethod
    def forward(ctx, x, b):
        return x + b

    @staticmethod
    def backward(ctx, g):
        return g, g


@broken("grad_output unchanged", X, silent=True)
class ChangesGradOutput(Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * x

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        g *= 2 * x
        return g


@broken("mark_dirty", X, silent=True)
class NotMarkedDirty(Function):
    @staticmethod
    def forward(ctx, x):
        x.mul_(3)
        return x

    @staticmethod
    def backward(ctx, g):
        return 3 * g


@broken("tensors on ctx", X, silent=True)
class InputOnCtx(Function):
    @staticmethod
    def forward(ctx, x):
        ctx.x = x
        return x * x

    @staticmethod
    def backward(ctx, g):
        return g * 2 * ctx.x


@broken("layout of grad_output", X, silent=True)
class AssumesRowMajorGradOutput(Function):
    @staticmethod
    def forward(ctx, x):
        return 2 * x

    @staticmethod
    def backward(ctx, g):
        return 2 * torch.as_strided(g, g.shape, (g.shape[1], 1))


@broken("layout of inputs", X, silent=True)
class AssumesRowMajorInput(Function):
    @staticmethod
    def forward(ctx, x):
        return 2 * torch.as_strided(x, x.shape, (x.shape[1], 1))

    @staticmethod
    def backward(ctx, g):
        return 2 * g


# The gradient is wrong.


@broken("linear in grad_output", X)
class IgnoresGradOutput(Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * x

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return 2 * x


@broken("linear in grad_output", torch.tensor(3.0, dtype=torch.float64))
class AlwaysTwelve(Function):
    @staticmethod
    def forward(ctx, x):
        return 2 * x * x

    @staticmethod
    def backward(ctx, g):
        return torch.full_like(g, 12.0)


@broken("derivative", torch.tensor(3.0, dtype=torch.float64))
class TwelveTimesGradOutput(Function):
    @staticmethod
    def forward(ctx, x):
        return 2 * x * x

    @staticmethod
    def backward(ctx, g):
        return 12 * g


@broken("derivative", X)
class ForgetsTheFactor(Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return 2 * x * x

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return g * 2 * x


@broken("derivative", X)
class SignLost(Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return torch.cos(x)

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return g * torch.sin(x)


@broken("derivative", random(3, 3), random(3, 3, seed=8))
class SquareMatmulNotTransposed(Function):
    @staticmethod
    def forward(ctx, x, y):
        ctx.save_for_backward(x, y)
        return x @ y

    @staticmethod
    def backward(ctx, g):
        x, y = ctx.saved_tensors
        x_bar = g @ y if ctx.needs_input_grad[0] else None
        return x_bar, x.T @ g if ctx.needs_input_grad[1] else None


@broken("derivative", X)
class ZerosForever(Function):
    @staticmethod
    def forward(ctx, x):
        return torch.sin(x)

    @staticmethod
    def backward(ctx, g):
        return torch.zeros_like(g)


@broken("derivative", X)
class SavesWhatItHasChanged(Function):
    @staticmethod
    def forward(ctx, x):
        y = x.clone()
        y.mul_(2)
        ctx.save_for_backward(y)
        return x * x

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return g * 2 * x


@broken("derivative", positive(5))
class NanInBackward(Function):
    @staticmethod
    def forward(ctx, x):
        return x * x

    @staticmethod
    def backward(ctx, g):
        return g * float("nan")


@broken("derivative", X)
class DiagonalOnly(Function):
    @staticmethod
    def forward(ctx, x):
        p = torch.softmax(x, -1)
        ctx.save_for_backward(p)
        return p

    @staticmethod
    def backward(ctx, g):
        (p,) = ctx.saved_tensors
        return g * p * (1 - p)


@broken("derivative", random(5))
class RightForOnesOnly(Function):
    """The gradient of y.sum(), whatever grad_output is."""

    @staticmethod
    def forward(ctx, x):
        return torch.cumsum(x, 0)

    @staticmethod
    def backward(ctx, g):
        return g * torch.arange(len(g), 0, -1)


@broken("derivative", X, Y)
class GradientsInTheWrongOrder(Function):
    @staticmethod
    def forward(ctx, x, y):
        ctx.save_for_backward(x, y)
        return x * y

    @staticmethod
    def backward(ctx, g):
        x, y = ctx.saved_tensors
        x_bar = g * x if ctx.needs_input_grad[0] else None
        return x_bar, g * y if ctx.needs_input_grad[1] else None


# The contract is broken.


@broken("number of gradients", X, 2.0)
class NoGradientForTheConstant(Function):
    @staticmethod
    def forward(ctx, x, k):
        ctx.k = k
        return k * x

    @staticmethod
    def backward(ctx, g):
        return ctx.k * g


@broken("number of gradients", X)
class OneGradientTooMany(Function):
    @staticmethod
    def forward(ctx, x):
        return 2 * x

    @staticmethod
    def backward(ctx, g):
        return 2 * g, g


@broken("None for constants", X, 2.0)
class GradientForTheConstant(Function):
    @staticmethod
    def forward(ctx, x, k):
        ctx.k = k
        return k * x

    @staticmethod
    def backward(ctx, g):
        return ctx.k * g, g


@broken("gradients arrive", X)
class ForgetsReturn(Function):
    @staticmethod
    def forward(ctx, x):
        return 3 * x

    @staticmethod
    def backward(ctx, g):
        3 * g


@broken("gradients arrive", X, Y)
class NoneForOne(Function):
    @staticmethod
    def forward(ctx, x, y):
        ctx.save_for_backward(y)
        return x * y

    @staticmethod
    def backward(ctx, g):
        (y,) = ctx.saved_tensors
        return g * y, None


@broken("shapes of gradients", X)
class TooSmall(Function):
    @staticmethod
    def forward(ctx, x):
        return x.sum()

    @staticmethod
    def backward(ctx, g):
        return g * torch.ones(1, dtype=g.dtype)


@broken("shapes of gradients", X, torch.tensor(0.5, dtype=torch.float64))
class ScalarNotSummed(Function):
    @staticmethod
    def forward(ctx, x, k):
        ctx.save_for_backward(x, k)
        return x * k

    @staticmethod
    def backward(ctx, g):
        x, k = ctx.saved_tensors
        return g * k if ctx.needs_input_grad[0] else None, (
            g * x if ctx.needs_input_grad[1] else None
        )


@broken("backward", X)
class ReturnsAList(Function):
    @staticmethod
    def forward(ctx, x):
        return 2 * x

    @staticmethod
    def backward(ctx, g):
        return [2 * g]


@broken("backward", X)
class ReturnsAFloat(Function):
    @staticmethod
    def forward(ctx, x):
        return 3 * x

    @staticmethod
    def backward(ctx, g):
        return 3.0


@broken("backward", X)
class ReturnsNumpy(Function):
    @staticmethod
    def forward(ctx, x):
        return 3 * x

    @staticmethod
    def backward(ctx, g):
        return 3 * g.numpy()


@broken("backward", X)
class DoesNotUnpack(Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * x

    @staticmethod
    def backward(ctx, g):
        x = ctx.saved_tensors
        return g * 2 * x


@broken("backward", X)
class OneGradOutputTooFew(Function):
    @staticmethod
    def forward(ctx, x):
        return 2 * x, 3 * x

    @staticmethod
    def backward(ctx, g):
        return 2 * g


@broken("needs_input_grad", X, Y)
class WorksForFrozenInputs(Function):
    @staticmethod
    def forward(ctx, x, y):
        ctx.save_for_backward(x, y)
        return x * y

    @staticmethod
    def backward(ctx, g):
        x, y = ctx.saved_tensors
        return g * y, g * x


@broken("needs_input_grad", X, Y)
class ShiftsWhenFrozen(Function):
    @staticmethod
    def forward(ctx, x, y):
        ctx.save_for_backward(x, y)
        return x * y

    @staticmethod
    def backward(ctx, g):
        x, y = ctx.saved_tensors
        found = [g * y] * ctx.needs_input_grad[0] + [g * x] * ctx.needs_input_grad[1]
        return (*found, *[None] * (2 - len(found)))


# What is changed and kept.


@broken("inputs unchanged", X)
class ChangesTheSavedInput(Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * x

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return x.data.mul_(2) * g


@broken("forward", X)
class MarksAndReturnsACopy(Function):
    @staticmethod
    def forward(ctx, x):
        x.mul_(3)
        ctx.mark_dirty(x)
        return x.clone()

    @staticmethod
    def backward(ctx, g):
        return 3 * g


@broken("mark_dirty", X)
class ChangedBeforeSaving(Function):
    """Saves the input after changing it: 4 * (2x) where 4x was meant."""

    @staticmethod
    def forward(ctx, x):
        x.mul_(2)
        ctx.save_for_backward(x)
        return x * x / 2

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return g * 4 * x


@broken("tensors on ctx", X)
class OutputOnCtx(Function):
    @staticmethod
    def forward(ctx, x):
        ctx.y = torch.exp(x)
        return ctx.y

    @staticmethod
    def backward(ctx, g):
        return g * ctx.y


@broken("tensors on ctx", X)
class TensorsInADict(Function):
    @staticmethod
    def forward(ctx, x):
        ctx.cache = {"mask": x > 0}
        return x * ctx.cache["mask"]

    @staticmethod
    def backward(ctx, g):
        return g * ctx.cache["mask"]


@broken("memory is freed", X)
class OutputKeptInACycle(Function):
    @staticmethod
    def forward(ctx, x):
        ctx.y = torch.exp(x)
        return ctx.y

    @staticmethod
    def backward(ctx, g):
        return g * ctx.y


SEEN = []


@broken("memory is freed", X)
class KeptInAList(Function):
    @staticmethod
    def forward(ctx, x):
        SEEN.append(x)
        return 2 * x

    @staticmethod
    def backward(ctx, g):
        return 2 * g


WEIGHT = torch.tensor(0.7, dtype=torch.float64, requires_grad=True)


@broken("hidden tensors", X)
class WeightFromOutside(Function):
    @staticmethod
    def forward(ctx, x):
        return x * WEIGHT

    @staticmethod
    def backward(ctx, g):
        return g * WEIGHT


@broken("hidden tensors", X, [WEIGHT])
class TensorInAList(Function):
    @staticmethod
    def forward(ctx, x, weights):
        ctx.k = weights[0].item()
        return x * ctx.k

    @staticmethod
    def backward(ctx, g):
        return g * ctx.k, None


@broken("mark_non_differentiable", X)
class IndicesAsFloats(Function):
    @staticmethod
    def forward(ctx, x):
        values, indices = x.max(-1)
        ctx.save_for_backward(indices)
        ctx.shape = x.shape
        return values, indices.to(x.dtype)

    @staticmethod
    def backward(ctx, g, _):
        (indices,) = ctx.saved_tensors
        return torch.zeros(ctx.shape, dtype=g.dtype).scatter(-1, indices[:, None], g[:, None])


@broken("mark_non_differentiable", X)
class MarksWhatMoves(Function):
    @staticmethod
    def forward(ctx, x):
        y = 3 * x
        ctx.mark_non_differentiable(y)
        return 2 * x, y

    @staticmethod
    def backward(ctx, g, _):
        return 2 * g


# Second derivatives, forward mode, transforms.


class Sine(Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return torch.sin(x)


@broken("second derivative", X, silent=True)
class DetachedInBackward(Sine):
    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return g * torch.cos(x.detach())


@broken("second derivative", X, silent=True)
class NumpyInBackward(Sine):
    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return g * torch.from_numpy(np.cos(x.detach().numpy()))


@broken("second derivative", X, silent=True)
class IntermediateSaved(Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(4 * x)
        return 2 * x * x

    @staticmethod
    def backward(ctx, g):
        (slope,) = ctx.saved_tensors
        return g * slope


@broken("second derivative", X, silent=True)
class NoGradInBackward(Sine):
    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        with torch.no_grad():
            return g * torch.cos(x)


@broken("gradcheck", X)
class OneNoneNotLookedFor(Function):
    @staticmethod
    def forward(ctx, x):
        ctx.set_materialize_grads(False)
        return 2 * x

    @staticmethod
    def backward(ctx, g):
        return 2 * g


@broken("unused outputs", X)
class NoneNotLookedFor(Function):
    @staticmethod
    def forward(ctx, x):
        ctx.set_materialize_grads(False)
        return 2 * x, 3 * x

    @staticmethod
    def backward(ctx, g, h):
        return 2 * g + 3 * h


@broken("forward mode", X)
class JvpWithoutTheChainRule(Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        ctx.save_for_forward(x)
        return x * x

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return g * 2 * x

    @staticmethod
    def jvp(ctx, x_dot):
        (x,) = ctx.saved_tensors
        return 2 * x + 0 * x_dot


@broken("forward mode", X)
class JvpAsInOurEngine(Function):
    """Nothing was saved for forward mode."""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * x

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return g * 2 * x

    @staticmethod
    def jvp(ctx, x_dot):
        (x,) = ctx.saved_tensors
        return 2 * x * x_dot


@broken("setup_context", X)
class SetupContextAndCtx(Function):
    @staticmethod
    def forward(ctx, x):
        return 2 * x

    @staticmethod
    def setup_context(ctx, inputs, output):
        pass

    @staticmethod
    def backward(ctx, g):
        return 2 * g


@broken("torch.func.grad", X)
class AutogradInBackward(Function):
    """Right for backward(); under torch.func nobody may ask for a gradient in the middle of one."""

    @staticmethod
    def forward(x):
        return torch.sin(x)

    @staticmethod
    def setup_context(ctx, inputs, output):
        ctx.save_for_backward(*inputs)

    @staticmethod
    @once_differentiable
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        with torch.enable_grad():
            x = x.detach().requires_grad_()
            return torch.autograd.grad(torch.sin(x), x, g)[0]


@broken("torch.func.vmap", X)
class ItemUnderVmap(Function):
    generate_vmap_rule = True

    @staticmethod
    def forward(x):
        return x * 2 if x.sum().item() > 100 else x * 1

    @staticmethod
    def setup_context(ctx, inputs, output):
        pass

    @staticmethod
    def backward(ctx, g):
        return g * 1


@broken("torch.func.vmap", X)
class SumsOverTheBatch(Function):
    """A vmap rule of its own, which loses the batch."""

    @staticmethod
    def forward(x):
        return x * 2

    @staticmethod
    def setup_context(ctx, inputs, output):
        pass

    @staticmethod
    def backward(ctx, g):
        return g * 2

    @staticmethod
    def vmap(info, in_dims, x):
        return SumsOverTheBatch.apply(x.flip(0)), 0


# Values.

COUNTER = itertools.count()


@broken("values", X)
class CountsItsCalls(Function):
    @staticmethod
    def forward(ctx, x):
        ctx.k = next(COUNTER)
        return ctx.k * x

    @staticmethod
    def backward(ctx, g):
        return ctx.k * g


@broken("values", -positive(4))
class NanFromFiniteInputs(Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return torch.log(x)

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return g / x


@broken("dtypes", X)
class NumpyMakesFloat64(Function):
    @staticmethod
    def forward(ctx, x):
        return torch.from_numpy(x.detach().numpy().astype(float)) * 2

    @staticmethod
    def backward(ctx, g):
        return 2 * g


@broken("dtypes", X.float())
class ConstantInFloat32(Function):
    @staticmethod
    def forward(ctx, x):
        return x @ torch.ones(3, 2)

    @staticmethod
    def backward(ctx, g):
        return g @ torch.ones(2, 3)


# It does not get as far as that.


@broken("forward", X)
class RaisesInForward(Function):
    @staticmethod
    def forward(ctx, x):
        raise ValueError("not today")


@broken("forward", X)
class ForgetsCtx(Function):
    @staticmethod
    def forward(x):
        return 2 * x

    @staticmethod
    def backward(ctx, g):
        return 2 * g


@broken("forward", X)
class ForwardReturnsAList(Function):
    @staticmethod
    def forward(ctx, x):
        return [2 * x]

    @staticmethod
    def backward(ctx, g):
        return 2 * g


@broken("forward", X)
class ForwardReturnsNone(Function):
    @staticmethod
    def forward(ctx, x):
        2 * x


@broken("forward", X)
class SavesANumber(Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(2.0)
        return 2 * x


@broken("forward", X)
class QuitsPython(Function):
    @staticmethod
    def forward(ctx, x):
        raise SystemExit


@broken("backward", X)
class RaisesInBackward(Function):
    @staticmethod
    def forward(ctx, x):
        return 2 * x

    @staticmethod
    def backward(ctx, g):
        raise ZeroDivisionError("never")


@broken("backward", X)
class HasNoBackward(Function):
    @staticmethod
    def forward(ctx, x):
        return 2 * x


@broken("backward", X)
class RecursesForever(Function):
    @staticmethod
    def forward(ctx, x):
        return 2 * x

    @staticmethod
    def backward(ctx, g):
        return RecursesForever.backward(ctx, g)


@broken("forward", X)
class AsksAutogradInForward(Function):
    """Nothing is recorded inside of forward."""

    @staticmethod
    def forward(ctx, x):
        y = (x * x).sum()
        ctx.slope = torch.autograd.grad(y, x)[0]
        return y

    @staticmethod
    def backward(ctx, g):
        return g * ctx.slope
