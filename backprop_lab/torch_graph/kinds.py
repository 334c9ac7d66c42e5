"""What PyTorch's operators are called here: the same words as for ours.

PyTorch names a node after the operator whose backward it is, with a number: MulBackward0. What is
in neither table below goes by PyTorch's name, and nothing is claimed of its derivative but that it
has a Jacobian.
"""

import re
from dataclasses import dataclass
from functools import cache

from ..ops import arithmetic, choices, elementwise, indexing, lifting, linear, reductions, shapes
from ..ops.softmax import LogSoftmax, Softmax


@dataclass(frozen=True)
class Kind:
    """One sort of operator.

    label: what pictures show; local: what its local derivative is, in a word; reads: what it read
    in each slot, under the names that PyTorch keeps it by, with a ? where there may be nothing;
    broadcasts: may its inputs be stretched?
    """

    label: str
    local: str = "Jacobian"
    reads: tuple = ()
    broadcasts: bool = False


# Operators that the engine of this course has, too: what PyTorch calls them, and what they read.
PAIR = "self other"
SHARED = [
    (arithmetic.Add, "Add", PAIR),
    (arithmetic.Subtract, "Sub", PAIR),
    (arithmetic.Subtract, "Rsub", "self"),  # 2 - x, of which PyTorch differentiates x alone
    (arithmetic.Multiply, "Mul", PAIR),
    (arithmetic.Divide, "Div", PAIR),
    (arithmetic.Negate, "Neg", "self"),
    (arithmetic.Power, "Pow", "self exponent"),
    (choices.Maximum, "Maximum", PAIR),
    (choices.Minimum, "Minimum", PAIR),
    (choices.Where, "Where", PAIR),
    (choices.Clip, "Clamp ClampMin ClampMax", "self"),
    (elementwise.Exp, "Exp", "self"),
    (elementwise.Log, "Log", "self"),
    (elementwise.Sin, "Sin", "self"),
    (elementwise.Cos, "Cos", "self"),
    (elementwise.Tanh, "Tanh", "self"),
    (elementwise.Sigmoid, "Sigmoid", "self"),
    (elementwise.Relu, "Relu", "self"),
    (elementwise.Abs, "Abs", "self"),
    (elementwise.Sqrt, "Sqrt", "self"),
    (indexing.Index, "Select Slice Index Gather IndexSelect", "self"),
    (indexing.Index, "Unbind Split UnsafeSplit SplitWithSizes", "self"),
    (lifting.Cast, "ToCopy", "self"),
    (linear.Matmul, "Mm Bmm", "self mat2"),
    (linear.Matmul, "Mv", "self vec"),
    (linear.Matmul, "Dot", "self tensor"),
    (reductions.Sum, "Sum", "self"),
    (reductions.Mean, "Mean", "self"),
    (reductions.Max, "Max Amax", "self"),
    (reductions.Min, "Min Amin", "self"),
    (reductions.LogSumExp, "Logsumexp", "self"),
    (shapes.Reshape, "View UnsafeView ReshapeAlias Squeeze Unsqueeze", "self"),
    (shapes.Transpose, "T Transpose Permute", "self"),
    (shapes.BroadcastTo, "Expand", "self"),
    (shapes.Concatenate, "Cat", ""),
    (shapes.Stack, "Stack", ""),
    (Softmax, "Softmax", "self"),
    (LogSoftmax, "LogSoftmax", "self"),
]
# Others, which networks are made of: label, local derivative, PyTorch's names, what they read.
OTHERS = [
    ("addmm", "matmul", "Addmm", "self mat1 mat2"),  # a bias and a matrix product in one
    ("conv", "convolution", "Convolution", "input weight bias?"),
    ("max pool", "selection", "MaxPool2DWithIndices", "self"),
    ("avg pool", "linear", "AvgPool2D", "self"),
    ("layer norm", "Jacobian", "NativeLayerNorm", "input weight? bias?"),
    ("batch norm", "Jacobian", "NativeBatchNorm", "input weight? bias?"),
    ("attention", "Jacobian", "ScaledDotProductFlashAttentionForCpu", "query key value"),
    ("attention", "Jacobian", "ScaledDotProductFlashAttention", "query key value"),
    ("attention", "Jacobian", "ScaledDotProductEfficientAttention", "query key value"),
    ("embedding", "selection", "Embedding", "weight"),
    ("dropout", "diagonal", "NativeDropout", "input"),
    ("mse", "Jacobian", "MseLoss", "self target"),
    ("bce", "Jacobian", "BinaryCrossEntropy", "self target"),
    ("bce", "Jacobian", "BinaryCrossEntropyWithLogits", "self target"),
    ("nll", "selection", "NllLoss", "self"),
    ("gelu", "diagonal", "Gelu", "self"),
    ("silu", "diagonal", "Silu", "self"),
    ("leaky relu", "diagonal", "LeakyRelu", "self"),
    ("elu", "diagonal", "Elu", "self"),
    ("softplus", "diagonal", "Softplus", "self"),
    ("1/x", "diagonal", "Reciprocal", "self"),
    ("1/√", "diagonal", "Rsqrt", "self"),
    ("clone", "identity", "Clone", "self"),
    ("norm", "Jacobian", "LinalgVectorNorm", "self"),
    ("write", "selection", "CopySlices", "self src"),  # x[0] = y
]
KINDS = {
    name: Kind(op.symbol, op.local, tuple(reads.split()), op.broadcasts)
    for op, names, reads in SHARED
    for name in names.split()
} | {name: Kind(label, local, tuple(reads.split())) for label, local, name, reads in OTHERS}


def kind_of(function):
    """The Kind of a grad_fn."""
    name = stem(function)
    if is_custom(function):
        return Kind(name)
    known = KINDS.get(name) or Kind(in_words(name))
    if known.broadcasts and getattr(function, "_saved_alpha", 1) != 1:  # x + alpha × y
        return Kind(f"{known.label} scaled", "linear", known.reads, True)
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
    """The name of an operator in that of its node.

    >>> cut("MulBackward0"), cut("torch::autograd::CopySlices")
    ('Mul', 'CopySlices')
    """
    return re.sub(r"Backwards?\d*$", "", name.rpartition("::")[2])


def in_words(name):
    """A name in camel case as words.

    >>> in_words("UpsampleNearest2D"), in_words("Lerp")
    ('upsample nearest2d', 'lerp')
    """
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).lower()
