"""Bad input: each mistake has its exception, whose message names shapes, the rule and the remedy.

Nothing ends in an error of NumPy's or Python's from inside the package, and what failed leaves
every tensor as it was.
"""

import traceback
from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest

import backprop_lab as bl
from backprop_lab import ops
from backprop_lab.engine import forward_sweep
from backprop_lab.errors import (
    IN_NUMPY,
    REMEDIES,
    DataError,
    GradientError,
    LabError,
    OutOfRange,
    RuleError,
    ShapeError,
    UnknownName,
)


def leaf(data, name):
    return bl.tensor(data, requires_grad=True, name=name)


x, v = leaf(2.0, "x"), leaf([1.0, 2.0, 3.0], "v")
W, V = leaf(np.ones((3, 5)), "W"), leaf(np.ones((4, 5)), "V")
B, C = leaf(np.ones((2, 3, 4)), "B"), leaf(np.ones((5, 4, 3)), "C")
I = bl.tensor(np.arange(3), name="I")
logits, nothing = leaf(np.zeros((3, 4)), "logits"), leaf(np.zeros((0, 3)), "nothing")
TENSORS = (x, v, W, V, B, C, I, logits, nothing)

SHAPES = [
    (lambda: W + V, ShapeError, r"W of shape \(3, 5\) \+ V of shape \(4, 5\).*Reshape one of them"),
    (lambda: W * V, ShapeError, r"\(3, 5\) \* V"),
    (lambda: np.ones(4) - W, ShapeError, r"a constant of shape \(4,\) - W of shape \(3, 5\)"),
    (lambda: ops.add(W, [1, 2]), ShapeError, r"a constant of shape \(2,\).*equal or 1"),
    (lambda: ops.maximum(W, V), ShapeError, "W of shape.*maximum V"),
    (lambda: W**V, ShapeError, r"W of shape \(3, 5\) \*\* V"),
    (lambda: W @ V, ShapeError, r"columns on the left \(5\).*rows on the right \(4\)"),
    (lambda: v @ W @ W, ShapeError, r"the result of Matmul of shape \(5,\) @ W"),
    (lambda: W @ x, ShapeError, r"For numbers, write \*"),
    (lambda: 2 @ W, ShapeError, r"a constant of shape \(\).*For numbers, write \*"),
    (lambda: B @ C, ShapeError, r"before the last two axes stand batches, \(2,\) and \(5,\)"),
    (lambda: W.sum(axis=2), ShapeError, r"W of shape \(3, 5\) has 2 axes.* no axis 2"),
    (lambda: W.mean(axis=(0, -3)), ShapeError, "no axis -3"),
    (lambda: W.sum(axis=(0, 0)), ShapeError, "name one axis twice"),
    (lambda: x.softmax(), ShapeError, "x of shape .* has 0 axes"),
    (lambda: nothing.mean(), ShapeError, "no entries there"),
    (lambda: nothing.max(axis=0), ShapeError, "nothing of shape .*no entries there"),
    (lambda: W.reshape(4, 4), ShapeError, r"15 entries.*\(4, 4\).*one may be -1"),
    (lambda: W.reshape(-1, -1), ShapeError, "one may be -1"),
    (lambda: W.reshape(2.5, 6), ShapeError, "sizes are integers"),
    (lambda: B.T, ShapeError, r"Say which axes to exchange: x\.transpose\(-1, -2\)"),
    (lambda: v.T, ShapeError, r"x\.reshape\(-1, 1\) makes it a column"),
    (lambda: W.transpose(0, 2), ShapeError, "no axis 2"),
    (lambda: ops.broadcast_to(W, (3,)), ShapeError, r"cannot be copied into shape \(3,\)"),
    (lambda: ops.broadcast_to(W, 3), ShapeError, r"cannot be copied into shape \(3,\)"),
    (lambda: ops.concatenate([W, V], axis=1), ShapeError, "All sizes must agree"),
    (lambda: ops.concatenate([x, x]), ShapeError, "x of shape .* has 0 axes"),
    (lambda: ops.stack([W, V]), ShapeError, "stack needs equal shapes: W of shape .*, V of shape"),
    (lambda: ops.where(W > 0, W, V), ShapeError, "the condition of shape .* and W of .* and V of"),
    (lambda: ops.scatter(v, [0, 1], (3,)), ShapeError, r"names entries of shape \(2,\)"),
    (lambda: W < V, ShapeError, r"W of shape \(3, 5\) < V of shape \(4, 5\)"),
    (lambda: W == V, ShapeError, r"W of shape \(3, 5\) == V"),
    (lambda: W.item(), ShapeError, r"exactly one number; W of shape.*\.sum\(\)"),
    (lambda: bool(W), ShapeError, "exactly one number"),
    (lambda: float(W), ShapeError, "exactly one number"),
    (lambda: int(W), ShapeError, "exactly one number"),
    (lambda: f"{W:.2f}", ShapeError, "exactly one number"),
    (lambda: len(x), ShapeError, "x of shape .* is one number: it has no length"),
    (lambda: list(x), ShapeError, "is one number"),
]
DATA = [
    (lambda: bl.tensor("3"), DataError, "lists of equal length with numbers.*a str: 3"),
    (lambda: bl.tensor(None), DataError, "this is None"),
    (lambda: bl.tensor([[1.0], [2.0, 3.0]]), DataError, "lists of equal length"),
    (lambda: bl.tensor([1, None]), DataError, "with numbers in them"),
    (lambda: bl.tensor({1: 2.0}), DataError, "this is a dict"),
    (lambda: bl.tensor(1j), DataError, "this is a complex: 1j"),
    (lambda: bl.tensor(10**400), DataError, "too large"),
    (lambda: bl.tensor(n for n in [1]), DataError, "this is a generator"),
    (lambda: bl.tensor(np.array(["a"])), DataError, r"dtype <U1. Take data\.astype\(float\)"),
    (lambda: bl.tensor(np.array([1, None])), DataError, "dtype object"),
    (lambda: bl.tensor(np.ones(2) * 1j), DataError, r"complex128. Take its \.real"),
    (lambda: bl.tensor(np.ma.masked_array([1.0, 2.0], [1, 0])), DataError, r"data\.filled\(0\.0\)"),
    (lambda: bl.tensor(x), DataError, r"x of shape .* is a tensor already.*\.detach\(\)"),
    (lambda: bl.tensor([x, x]), GradientError, r"would cut the graph\. Join .*ops\.stack"),
    (lambda: ops.add(W, [x, x]), GradientError, r"would cut the graph"),
    (lambda: bl.tensor(np.arange(3), requires_grad=True), DataError, r"int64.*astype\(float\)"),
    (lambda: bl.parameter(np.array([True])), DataError, r"bool.*astype\(float\)"),
    (lambda: bl.tensor(1.0, 2.0), DataError, r"bl\.tensor\(\[1\.0, 2\.0\]\)"),
    (lambda: bl.tensor(1.0, name=3), DataError, "a name is text"),
    (lambda: bl.Tensor([1, 2]), DataError, r"this is a list\. bl\.tensor\(\.\.\.\) makes one"),
    (lambda: bl.Tensor(2.0), DataError, r"a float\. bl\.tensor"),
    (lambda: x + "1", DataError, "given a str. Convert text"),
    (lambda: None * x, DataError, r"given None\. \(A \.grad is None until backward\(\) has run"),
    (lambda: W - 0.1 * W.grad, TypeError, "NoneType"),  # Python's own, in the learner's line
    (lambda: x - x.grad, DataError, r"given None\. \(A \.grad is None"),
    (lambda: W + np.complex128(1j), DataError, "given a complex128. Take its real part"),
    (lambda: W * {1: 2}, DataError, r"given a dict\. Convert it first"),
    (lambda: ops.exp([1, "a"]), DataError, "with numbers in them"),
    (lambda: W < "a", DataError, "given a str"),
    (lambda: x > None, DataError, "given None"),
    (lambda: W.sum(axis="a"), DataError, "An axis is an integer.*this is 'a'"),
    (lambda: W.sum(axis=[0]), DataError, r"a tuple of integers, or None; this is \[0\]"),
    (lambda: W.sum(0, 1), DataError, r"keepdims is True or False; this is 1.*axis=\(0, 1\)"),
    (lambda: W.mean(keepdims="yes"), DataError, "keepdims is True or False; this is 'yes'"),
    (lambda: np.mean(W, 0, float), DataError, "keepdims is True or False"),
    (lambda: W.transpose(None, 0), DataError, "One axis is needed"),
    (lambda: ops.concatenate([W, V], axis=None), DataError, "One axis is needed here.*None"),
    (lambda: ops.stack([x, x], axis=(0,)), DataError, r"One axis is needed here.*\(0,\)"),
    (lambda: ops.concatenate(W, V), DataError, "takes a list of tensors, with at least one"),
    (lambda: ops.stack([]), DataError, r"with at least one; this is \[\]"),
    (lambda: ops.where("a", 1.0, 2.0), DataError, "given a str"),
    (lambda: W.clip(W, 2), DataError, r"this is a Tensor.*ops\.minimum\(ops\.maximum"),
    (lambda: W.clip("a"), DataError, "clip takes numbers as bounds; this is a str"),
    (lambda: W.astype("foo"), DataError, "'foo' is no dtype"),
    (lambda: W.astype(complex), DataError, r"W of shape \(3, 5\) cannot become complex128"),
    (lambda: W.astype(int), GradientError, r"none passes from float64 to int64.*x\.detach\(\)"),
    (lambda: f"{x:.2q}", DataError, "x of shape .* cannot be shown as '.2q'"),
]
INDICES = [
    (lambda: v[5], OutOfRange, "v of shape .* indexed with 5.*out of bounds.*0 to its size - 1"),
    (lambda: v[1, 2], OutOfRange, "too many indices"),
    (lambda: x[0], OutOfRange, "x of shape .*it is one number, and has no entries"),
    (lambda: v[[True, False]], OutOfRange, "size of axis is 3"),
    (lambda: v[1.5], DataError, "indexed with 1.5: an index is made of integers"),
    (lambda: v["a"], DataError, "an index is made of integers"),
    (lambda: v[x], DataError, r"x\[i\.data\.astype\(int\)\]"),
    (lambda: v[[[0], [1, 2]]], DataError, "an index is made of integers"),
    (lambda: v[0:"a"], DataError, "an index is made of integers"),
    (lambda: v[::0], DataError, r"slice\(None, None, 0\)"),
    (lambda: v.__setitem__(0, 1.0), GradientError, r"v of shape .*ops\.where.*v\.data"),
    (lambda: ops.scatter(v, np.array([0, 1, 7]), (3,)), OutOfRange, "index 7 is out of bounds"),
    (lambda: ops.scatter(v, "a", (3,)), DataError, "an index is made of integers"),
    (lambda: ops.softmax_cross_entropy(logits, [0, 1, 4]), OutOfRange, "0 to 3.*count from 1"),
    (lambda: ops.softmax_cross_entropy(logits, [0, 1, -1]), OutOfRange, "from -1 to 1"),
    (lambda: ops.softmax_cross_entropy(logits, [0.0, 1, 2]), DataError, r"labels\.astype\(int\)"),
    (lambda: ops.softmax_cross_entropy(logits, np.eye(4)[:3]), ShapeError, r"argmax\(axis=-1\)"),
    (lambda: ops.softmax_cross_entropy(logits, [[0], [1], [2]]), ShapeError, r"shape \(3, 1\)"),
    (lambda: ops.softmax_cross_entropy(logits, [0, [1, 2], 3]), DataError, "class numbers"),
    (lambda: ops.softmax_cross_entropy(logits, None), DataError, "class numbers"),
]
GRADIENTS = [
    (lambda: W.backward(), GradientError, r"only from a scalar; this is W.*backward\(gradient\)"),
    (lambda: W.sum().backward(np.ones(3)), ShapeError, r"gradient has shape \(3,\)"),
    (lambda: W.sum().backward("a"), DataError, r"array of numbers, of shape \(\); it is a str"),
    (lambda: W.sum().backward(1j), DataError, "it is a complex"),
    (lambda: W.backward([[1, 2], [3]]), DataError, "it is a list"),
    (
        lambda: W.sum().backward(x),
        GradientError,
        r"The gradient, x of .*is being recorded.*bl\.grad",
    ),
    (lambda: bl.tensor(1.0).backward(), GradientError, r"requires_grad=True \(or bl\.parameter\)"),
    (lambda: W.detach().sum().backward(), GradientError, "depends on nothing that requires"),
    (lambda: bl.tensor(1.0).retain_grad(), GradientError, "none will reach it"),
    (lambda: W.numpy(), GradientError, r"W of shape .*is being recorded.*\.detach\(\)\.numpy\(\)"),
    (lambda: np.asarray(W), GradientError, r"detach\(\)"),
    (lambda: np.floor(W), GradientError, r"np\.floor has no derivative rule.*W\.data"),
    (lambda: np.dot(W, V), GradientError, r"np\.dot has no derivative rule"),
    (lambda: np.add.reduce(W), GradientError, r"np\.add\.reduce has no derivative rule"),
    (lambda: np.less.outer(W, W), GradientError, "no derivative rule"),
    (lambda: np.add(W, W, out=np.ones((3, 5))), GradientError, r"np\.add with out= has no"),
    (lambda: np.sum(W, where=True), GradientError, r"np\.sum with where= has no"),
    (lambda: np.clip(W, 0, a_max=1), GradientError, "with arguments other than x, low, high"),
    (
        lambda: assign(W, "+=", 1),
        GradientError,
        r"leaf would be lost.*W\.data \+= \.\.\., or use no",
    ),
]
NAMES = [
    (lambda: W.zero_grad(), UnknownName, r"no 'zero_grad'\. Write x\.grad = None"),
    (lambda: W.view(5, 3), UnknownName, r"Write x\.reshape"),
    (lambda: W.dim(), UnknownName, r"Write x\.ndim"),
    (lambda: W.unsqueeze(0), UnknownName, r"Write x\[None\]"),
    (lambda: W.t(), UnknownName, r"Write x\.T"),
    (lambda: W.requires_grad_(), UnknownName, r"x\.requires_grad = True"),
    (lambda: W.cuda(), UnknownName, "Leave it out: everything here runs on the CPU"),
    (lambda: W.add_(1), UnknownName, "Nothing is changed in place"),
    (lambda: W.maximum(1), UnknownName, r"Write ops\.maximum"),
    (lambda: W.argmax(), UnknownName, r"np\.argmax\(x\.data\)"),
    (lambda: setattr(W, "device", "cpu"), UnknownName, "no 'device'. Leave it out"),
    (lambda: bl.exp, UnknownName, r"it is ops\.exp"),
    (lambda: bl.nn, UnknownName, "backprop_lab has no 'nn'; it has tensor, parameter, ops"),
]
FUNCTIONS = [
    (lambda: bl.grad(x * x), DataError, r"grad takes a function, and this is a Tensor.*lambda x"),
    (lambda: bl.jacobian(3), DataError, "jacobian takes a function, and this is an int"),
    (lambda: bl.vjp(3, 1.0), DataError, "^vjp takes a function, and this is an int"),
    (lambda: bl.hvp(3, 1.0, 1.0), DataError, "^hvp takes a function, and this is an int"),
    (lambda: bl.grad(lambda x: x)(1.0, 2.0), DataError, "given 2 arguments.*takes 1 positional"),
    (lambda: bl.vjp(lambda x: x), DataError, "given 0 arguments.*missing 1"),
    (lambda: bl.grad(lambda x: x * x)([1.0, 2.0]), ShapeError, r"returns one number.*jacobian"),
    (lambda: bl.grad(lambda x: x * x)(np.arange(3)), DataError, r"int64.*astype\(float\)"),
    (lambda: bl.grad(lambda x: x * x)("a"), DataError, "Argument 0 is a str"),
    (lambda: bl.grad(lambda x: x.data)(3.0), GradientError, "returned a float64.*without .data"),
    (lambda: bl.grad(lambda x: None)(3.0), GradientError, "returned a NoneType"),
    (lambda: bl.grad(lambda x: x, argnums=1)(3.0), DataError, "argnums=1 .*0 is the first"),
    (lambda: bl.grad(lambda x: x, argnums="x")(3.0), DataError, "argnums='x'"),
    (lambda: bl.vjp(lambda x: x, [1.0, 2.0])[1]([1.0]), ShapeError, r"cotangent has shape \(1,\)"),
    (lambda: bl.vjp(lambda x: x, 1.0)[1]("a"), DataError, "given a str"),
    (lambda: bl.jvp(lambda x: x, 1.0, 1.0), DataError, r"write \(x,\)"),
    (lambda: bl.jvp(lambda x: x, (1.0,), (1.0, 2.0)), ShapeError, "1 inputs and 2 tangents"),
    (lambda: bl.jvp(lambda x: x, (1.0,), ([1.0],)), ShapeError, r"tangent has shape \(1,\)"),
    (lambda: bl.no_grad(lambda: 1), DataError, r"it needs brackets: @no_grad\(\)"),
]
BAD_INPUT = [*SHAPES, *DATA, *INDICES, *GRADIENTS, *NAMES, *FUNCTIONS]


def assign(w, symbol, other):
    if symbol == "+=":
        w += other
    else:
        w -= other


def make_op(forward=None, vjp=None, jvp=None):
    rules = {"forward": forward, "vjp": vjp, "jvp": jvp}
    return type("Mine", (bl.Op,), {name: rule for name, rule in rules.items() if rule})


def keep(ctx, x):
    return x * 1.0


def save(ctx, x):
    ctx.save_for_backward(x)
    return x * 1.0


def never_unpacked(ctx, z_bar):
    return z_bar * ctx.saved_tensors


def doubled_in_place(ctx, z_bar):
    z_bar *= 2
    return z_bar


def saved_changed_in_place(ctx, z_bar):
    (x,) = ctx.saved_tensors
    x += 1
    return z_bar


def view_changed_in_place(ctx, z_bar):
    flat = z_bar.reshape(-1)
    flat[0] = 0.0
    return z_bar


def shifted_in_place(ctx, x):
    x += 1
    return x


BAD_VJP = [
    (None, "Mine has no vjp: write vjp"),
    (
        lambda ctx, z_bar: None,
        r"Mine.vjp returned None for input 0, W of shape .*forget its return",
    ),
    (lambda ctx, z_bar: z_bar[0], r"Mine.vjp returned shape \(5,\) for an input of shape \(3, 5\)"),
    (lambda ctx, z_bar: 1.0, r"Mine.vjp returned shape \(\).* has the shape of the tensor"),
    (lambda ctx, z_bar: (z_bar, z_bar), "returned 2 cotangents for 1 inputs: it owes one to each"),
    (lambda ctx, z_bar: (), "returned 0 cotangents for 1 inputs"),
    (lambda ctx, z_bar: z_bar * 1j, "returned an array of complex128: it owes an array of real"),
    (lambda ctx, z_bar: {}, "returned a dict: it owes an array of real numbers"),
    (lambda ctx, z_bar: "a", "returned a str: it owes"),
    (lambda ctx, z_bar: [[1], [1, 2]], "returned a list: it owes"),
    (lambda ctx, z_bar: W, "given arrays and returned W of shape .*it owes arrays"),
    (lambda ctx, z_bar: bl.tensor(z_bar), r"a Tensor: it owes arrays.*or use \.data"),
    (lambda ctx: 1.0, r"takes 1 positional argument but 2 were given.*Mine\.vjp\(ctx, z_bar\)"),
    (lambda ctx, z_bar, w_bar: z_bar, r"missing 1 .*'w_bar'.*Mine\.vjp\(ctx, z_bar\)"),
    (never_unpacked, "ctx.saved_tensors is a tuple: unpack it"),
    (doubled_in_place, r"Mine\.vjp changed in place.*x = x \* 2 instead of x \*= 2"),
    (saved_changed_in_place, r"Mine\.vjp changed in place"),
    (view_changed_in_place, r"Mine\.vjp changed in place"),
]
BAD_FORWARD = [
    (None, r"Mine has no forward: write forward\(ctx, x"),
    (lambda ctx, x: None, "Mine.forward returned None.*forget its return"),
    (
        lambda ctx, x: "text",
        "Mine.forward returned a str: it is given arrays and returns one array",
    ),
    (lambda ctx, x: [1.0], "Mine.forward returned a list"),
    (lambda ctx, x: (x, x), "returned a tuple.*several results is several ops"),
    (lambda ctx, x: x * 1j, "returned an array of complex128"),
    (lambda ctx, x: W, "returned a Tensor.*not one from outside, nor in a list"),
    (lambda x: x, r"Mine\.forward\(ctx, x, \.\.\.\), with ctx and 1 more"),
    (lambda ctx, x, y: x, "missing 1 required positional argument: 'y'"),
    (shifted_in_place, r"Mine\.forward changed in place"),
]
BAD_JVP = [
    (None, "Mine has no jvp: write jvp"),
    (lambda ctx, x_dot: None, "Mine.jvp returned None. Did it forget its return"),
    (lambda ctx, x_dot: x_dot[0], r"Mine\.jvp returned shape \(5,\)"),
    (lambda ctx, x_dot: x_dot * 1j, "Mine.jvp returned an array of complex128"),
    (lambda ctx, x_dot: W, "returned W of shape .*a Tensor: it owes arrays"),
    (lambda ctx: 1.0, r"Mine\.jvp\(ctx, x_dot, \.\.\.\)"),
]
KEPT = make_op(keep)
BAD_USE = [
    (lambda: KEPT(), r"An Op is never instantiated\. Write Mine\.apply"),
    (lambda: KEPT(x), r"Mine\.apply"),
    (lambda: KEPT.forward(x), r"not called by hand: Op\.apply\(x, \.\.\.\) makes the ctx"),
    (lambda: KEPT.forward(None, 2.0), "not called by hand"),
    (lambda: KEPT.apply(x, x), "takes 2 positional arguments but 3 were given"),
    (lambda: KEPT.apply(), "missing 1 required positional argument"),
    (lambda: KEPT.apply(x, factor=2), "unexpected keyword argument 'factor'"),
    (
        lambda: make_op(3),
        r"forward has to be a function, def forward\(ctx, x, \.\.\.\); it is an int",
    ),
    (lambda: make_op(lambda ctx, xs: xs[0]).apply([x, x]), "returned a Tensor.*nor in a list"),
]
RULES = [
    *[(lambda rule=rule: make_op(keep if rule is not never_unpacked and rule is not
       saved_changed_in_place else save, rule).apply(W).sum().backward(), RuleError, message)
      for rule, message in BAD_VJP],
    *[(lambda rule=rule: make_op(rule).apply(W), RuleError, message)
      for rule, message in BAD_FORWARD],
    *[(lambda rule=rule: list(forward_sweep(make_op(keep, None, rule).apply(W), {W: W.data})),
       RuleError, message) for rule, message in BAD_JVP],
    *[(act, RuleError, message) for act, message in BAD_USE],
]  # fmt: skip


def state():
    return [(t.data.copy(), t.data, t.grad, t.requires_grad) for t in TENSORS]


@pytest.mark.parametrize("act, error, message", [*BAD_INPUT, *RULES])
def test_bad_input_is_told_what_happened_and_what_to_do(act, error, message):
    before = state()
    with pytest.raises(error, match=message) as caught:
        act()
    assert isinstance(caught.value, LabError) or innermost(caught.value) == __file__
    assert not innermost(caught.value).startswith(str(Path(np.__file__).parent))
    for t, (values, data, grad, requires_grad) in zip(TENSORS, before, strict=True):
        assert t.data is data and np.array_equal(data, values)
        assert t.grad is grad and t.requires_grad is requires_grad
        assert not isinstance(data, np.ndarray) or data.flags.writeable


def innermost(error):
    return traceback.extract_tb(error.__traceback__)[-1].filename


def test_there_are_enough_of_them():
    assert len(BAD_INPUT) >= 60 and len(RULES) >= 40


# What Python says by itself is said in the line of the learner, and names the function.
@pytest.mark.parametrize(
    "act, message",
    [
        (lambda: W.sum(dim=0), r"sum\(\) got an unexpected keyword argument 'dim'"),
        (lambda: W.softmax(dim=1), r"softmax\(\) got an unexpected keyword argument 'dim'"),
        (lambda: W.sum(0, keepdim=True), r"sum\(\) got an unexpected keyword argument 'keepdim'"),
        (lambda: x.backward(retain_graph=True), r"backward\(\).*'retain_graph'"),
        (lambda: bl.tensor(1.0, requires_gard=True), r"tensor\(\).*'requires_gard'"),
        (lambda: ops.matmul(W), r"matmul\(\) missing 1 required positional argument: 'y'"),
        (lambda: W % 2, "unsupported operand type"),
        (lambda: W.size(), "'int' object is not callable"),
        (lambda: setattr(W, "requires_gard", True), "no attribute 'requires_gard'"),
        (lambda: W.requires_gard, "'Tensor' object has no attribute 'requires_gard'"),
        (lambda: W.qqq, "'Tensor' object has no attribute 'qqq'"),
        (lambda: W.veiw(5, 3), "'Tensor' object has no attribute 'veiw'"),
    ],
)
def test_what_python_says_is_said_in_the_learners_line(act, message):
    with pytest.raises((TypeError, AttributeError), match=message) as caught:
        act()
    assert innermost(caught.value) == __file__


class TestNamesFromElsewhere:
    """What NumPy and PyTorch have, and tensors have not: nobody sees it who does not ask."""

    def test_none_of_them_is_there(self):
        assert REMEDIES.keys().isdisjoint(dir(W))
        assert not any(hasattr(W, name) or hasattr(bl.Tensor, name) for name in REMEDIES)

    def test_every_operator_is_a_method_or_has_its_remedy(self):
        assert [n for n in ops.__all__ if not hasattr(W, n) and n not in REMEDIES] == []
        assert [n for n in IN_NUMPY if not hasattr(np, n)] == []

    def test_no_lookup_of_its_own_slows_down_the_slots(self):
        assert not hasattr(bl.Tensor, "__getattr__")


class TestLearnersOwnExceptions:
    """An exception raised in a rule, or in a function that is differentiated, stays as it is."""

    def test_in_forward_in_vjp_and_in_jvp(self):
        mine = KeyError("mine")

        def broken(ctx, *given):
            raise mine

        for act in (
            lambda: make_op(broken).apply(x),
            lambda: make_op(keep, broken).apply(x).backward(),
            lambda: list(forward_sweep(make_op(keep, None, broken).apply(x), {x: 1.0})),
            lambda: bl.grad(lambda x: broken(None))(1.0),
        ):
            with pytest.raises(KeyError) as caught:
                act()
            assert caught.value is mine and innermost(mine) == __file__

    def test_a_type_error_from_inside_a_rule_is_the_learners(self):
        with pytest.raises(TypeError, match="unsupported operand") as caught:
            make_op(lambda ctx, x: x + None).apply(x)
        assert not isinstance(caught.value, LabError)

    def test_an_array_too_few_to_unpack(self):
        def two(ctx, z_bar):
            _x, _y = ctx.saved_tensors
            return z_bar

        with pytest.raises(ValueError, match="not enough values to unpack") as caught:
            make_op(save, two).apply(x).backward()
        assert innermost(caught.value) == __file__


def test_a_failed_backward_leaves_every_gradient_as_it_was():
    a, b = leaf(1.0, "a"), leaf(2.0, "b")
    (a * b).backward()
    broken = make_op(keep, lambda ctx, z_bar: None).apply(a)
    with pytest.raises(RuleError):
        (broken * b + b).backward()
    assert (a.grad, b.grad) == (2.0, 1.0)


def test_in_place_changes_that_fail_change_nothing():
    w = leaf(np.ones((3, 5)), "w")
    for other, error in ((np.ones((2, 3, 5)), ShapeError), ("a", DataError), (None, DataError)):
        with pytest.raises(error), bl.no_grad():
            assign(w, "-=", other)
        assert (w.data == 1).all() and w.requires_grad


def test_a_rule_may_save_an_array_and_a_view_of_it():
    def forward(ctx, x):
        ctx.save_for_backward(x.T, x, x[:1])
        return x * 1.0

    a = leaf(np.ones((2, 3)), "a")
    make_op(forward, lambda ctx, z_bar: z_bar).apply(a).sum().backward()
    a.data += 1.0  # all of them can be written to again
    assert (a.grad == 1).all()


class TestOtherPackages:
    def test_pytorch_tensors_have_to_be_converted(self):
        torch = pytest.importorskip("torch")
        assert bl.tensor(torch.ones(2)).shape == (2,)
        with pytest.raises(DataError, match=r"a torch\.Tensor\. .*bl\.tensor\(t\.detach\(\)"):
            x + torch.ones(2)
        with pytest.raises(DataError, match=r"torch\.Tensor.*Use tensor|torch\.Tensor.*grad"):
            bl.tensor(torch.ones(2, requires_grad=True))

    def test_what_offers_itself_as_an_array_is_taken(self):
        class Column:
            def __array__(self, dtype=None, copy=None):
                return np.array([1, 2])

        assert bl.tensor(Column()).dtype == float
        assert bl.tensor(range(3)).shape == (3,)
        with pytest.raises(DataError, match="OrderedDict"):
            bl.tensor(OrderedDict(a=1))

    @pytest.mark.filterwarnings("ignore:the matrix subclass")
    def test_matrices_become_arrays(self):
        assert type(bl.tensor(np.matrix([[1.0, 2.0]])).data) is np.ndarray
        z = make_op(lambda ctx, x: np.asmatrix(x), lambda ctx, z_bar: np.asmatrix(z_bar)).apply(W)
        assert type(z.data) is np.ndarray
        assert z.sum(axis=0).shape == (5,)
