"""What PyTorch's operators are called here: the same words as for ours.

PyTorch names a node after the operator whose backward it is, with a number: MulBackward0. The
table says what pictures show for it (`label`), what its local derivative is (`local`), whether it
stretches its inputs (`broadcasts`), and in which order it read them (`reads`: PyTorch's own names,
under which a node keeps them; "?" for one that can be missing). What is not in the table goes by
PyTorch's name, and nothing is claimed of its derivative but that it has a Jacobian.
"""

import re
from dataclasses import dataclass
from functools import cache

from ..ops import arithmetic, choices, elementwise, indexing, lifting, linear, reductions, shapes
from ..ops.softmax import LogSoftmax, Softmax

UNKNOWN = "Jacobian"


@dataclass(frozen=True)
class Kind:
    """One sort of operator; see above."""

    label: str
    local: str = UNKNOWN
    broadcasts: bool = False
    reads: tuple = ()


def same(op, reads="self"):
    """The Kind of an operator that the engine of this course has, too."""
    return Kind(op.symbol, op.local, op.broadcasts, tuple(reads.split()))


def kind(label, local=UNKNOWN, reads="self", broadcasts=False):
    return Kind(label, local, broadcasts, tuple(reads.split()))


PAIR = "self other"
RESHAPES = "View UnsafeView ReshapeAlias Squeeze Unsqueeze"
PERMUTES = "T Transpose Permute"
SELECTS = "Select Slice Index Gather IndexSelect Unbind Split UnsafeSplit SplitWithSizes Chunk"
KINDS = (
    {
        "Add": same(arithmetic.Add, PAIR), "Sub": same(arithmetic.Subtract, PAIR),
        "Rsub": same(arithmetic.Subtract), "Mul": same(arithmetic.Multiply, PAIR),
        "Div": same(arithmetic.Divide, PAIR), "Neg": same(arithmetic.Negate),
        "Pow": same(arithmetic.Power, "self exponent"), "Maximum": same(choices.Maximum, PAIR),
        "Minimum": same(choices.Minimum, PAIR), "Where": same(choices.Where, PAIR),
        "Clamp": same(choices.Clip), "ClampMin": same(choices.Clip), "ClampMax": same(choices.Clip),
        "Exp": same(elementwise.Exp), "Log": same(elementwise.Log), "Sin": same(elementwise.Sin), "Cos": same(elementwise.Cos),
        "Tanh": same(elementwise.Tanh), "Sigmoid": same(elementwise.Sigmoid), "Relu": same(elementwise.Relu),
        "Abs": same(elementwise.Abs), "Sqrt": same(elementwise.Sqrt), "Sum": same(reductions.Sum),
        "Mean": same(reductions.Mean), "Max": same(reductions.Max), "Amax": same(reductions.Max),
        "Min": same(reductions.Min), "Amin": same(reductions.Min), "Logsumexp": same(reductions.LogSumExp),
        "Softmax": same(Softmax), "LogSoftmax": same(LogSoftmax),
        "Cat": same(shapes.Concatenate, ""), "Stack": same(shapes.Stack, ""),
        "Expand": same(shapes.BroadcastTo), "ToCopy": same(lifting.Cast), "Mm": same(linear.Matmul, "self mat2"),
        "Mv": same(linear.Matmul, "self vec"), "Dot": same(linear.Matmul, "self tensor"),
        "Bmm": same(linear.Matmul, "self mat2"), "Clone": kind("clone", "identity"),
        "Alias": kind("alias", "identity"), "Reciprocal": kind("1/x", "diagonal"),
        "Addmm": kind("addmm", "matmul", "self mat1 mat2"),
        "Convolution": kind("conv", "convolution", "input weight bias?"),
        "NativeLayerNorm": kind("layer norm", reads="input weight? bias?"),
        "NativeBatchNorm": kind("batch norm", reads="input weight? bias?"),
        "ScaledDotProductFlashAttentionForCpu": kind("attention", reads="query key value"),
        "ScaledDotProductFlashAttention": kind("attention", reads="query key value"),
        "ScaledDotProductEfficientAttention": kind("attention", reads="query key value"),
        "MaxPool2DWithIndices": kind("max pool", "selection"), "AvgPool2D": kind("avg pool", "linear"),
        "MseLoss": kind("mse", reads="self target"), "L1Loss": kind("l1", reads="self target"),
        "BinaryCrossEntropy": kind("bce", reads="self target weight?"),
        "BinaryCrossEntropyWithLogits": kind("bce", reads="self target weight?"),
        "NllLoss": kind("nll", "selection"), "Embedding": kind("embedding", "selection", "weight"),
        "Gelu": kind("gelu", "diagonal"), "Silu": kind("silu", "diagonal"),
        "LeakyRelu": kind("leaky relu", "diagonal"), "Elu": kind("elu", "diagonal"),
        "Softplus": kind("softplus", "diagonal"), "Log1P": kind("log1p", "diagonal"),
        "Expm1": kind("expm1", "diagonal"), "Rsqrt": kind("1/√", "diagonal"),
        "Erf": kind("erf", "diagonal"), "Tan": kind("tan", "diagonal"),
        "Sinh": kind("sinh", "diagonal"), "Cosh": kind("cosh", "diagonal"),
        "Atan": kind("atan", "diagonal"), "Cumsum": kind("cumsum", "linear"),
        "NativeDropout": kind("dropout", "diagonal"), "MaskedFill": kind("masked fill", "diagonal"),
        "LinalgVectorNorm": kind("norm"), "CopySlices": kind("write", reads="self src"),
        "Copy": kind("copy", "identity", "self src"), "AsStrided": kind("view", "selection"),
        "Prod": kind("prod"), "Var": kind("var"), "Std": kind("std"),
    }
    | {name: same(shapes.Reshape) for name in RESHAPES.split()}
    | {name: same(shapes.Transpose) for name in PERMUTES.split()}
    | {name: same(indexing.Index) for name in SELECTS.split()}
)  # fmt: skip


def kind_of(function):
    """The Kind of a grad_fn."""
    if is_custom(function):
        return Kind(stem(function))
    known = KINDS.get(stem(function))
    if known is None:
        return Kind(in_words(stem(function)))
    if getattr(function, "_saved_alpha", 1) != 1 and known.broadcasts:  # x + alpha × y
        return Kind(f"{known.label} scaled", "linear", True, known.reads)
    return known


def is_custom(function):
    """Is it the node of a torch.autograd.Function, written in Python?"""
    return hasattr(type(function), "_forward_cls")


def is_leaf(function):
    """Does it stand for a leaf, whose gradient it adds into .grad?"""
    return type(function).__name__ == "AccumulateGrad"


def stem(function):
    """PyTorch's name of an operator without what makes it that of a node: "Mul".

    A torch.autograd.Function goes by the name of its class.
    """
    return function._forward_cls.__name__ if is_custom(function) else cut(function.name())


def full_name(function):
    """What PyTorch calls a node: "MulBackward0"."""
    return function.name().rpartition("::")[2]


@cache
def cut(name):
    """
    >>> cut("MulBackward0"), cut("torch::autograd::CopySlices")
    ('Mul', 'CopySlices')
    """
    return re.sub(r"Backwards?\d*$", "", name.rpartition("::")[2])


def in_words(name):
    """A name in camel case as words: "upsample nearest2d".

    >>> in_words("UpsampleNearest2D"), in_words("Lerp")
    ('upsample nearest2d', 'lerp')
    """
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).lower()
