"""Planted bugs: each is a mistake that a real engine has made, and that the tests have to find.

A mutant is a function of the package with some of its text replaced. The new code goes into the
same function object, so whoever imported it runs the mutant, and gets the original back afterwards.
"""

import inspect
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from operator import attrgetter
from textwrap import dedent


@dataclass(frozen=True)
class Mutant:
    """A bug: what is wrong, in which function ("module:name"), and the text before and after."""

    name: str
    where: str
    old: str
    new: str

    @property
    def op(self):
        """The op whose rule is broken, if it is one op's."""
        return self.where.partition(":")[2].partition(".")[0]

    def function(self):
        module, _, path = self.where.partition(":")
        found = attrgetter(path)(import_module(f"backprop_lab.{module}"))
        return getattr(found, "__func__", found)

    def code(self):
        function = self.function()
        source = dedent(inspect.getsource(function))
        assert self.old in source, f"{self.where} no longer says {self.old!r}: bring it up to date."
        names = {}
        exec(source.replace(self.old, self.new), function.__globals__, names)
        mutated = names[function.__name__]
        return getattr(mutated, "__func__", mutated).__code__

    @contextmanager
    def planted(self):
        """The package with this bug in it."""
        function, code = self.function(), self.code()
        original, function.__code__ = function.__code__, code
        try:
            yield
        finally:
            function.__code__ = original


MUTANTS = [
    Mutant(*text)
    for text in [
        # The engine: what adds up, in which order, and whose it is.
        ("messages overwrite instead of add", "engine:reverse_sweep",
         "x_bar if before is None else before + x_bar", "x_bar"),
        ("nodes in the order of a breadth-first search", "engine:topological_order",
         'sorted(nodes, key=age)', "nodes[::-1]"),
        ("nodes speak in the order in which they ran", "engine:reverse_sweep",
         "reversed(order)", "order"),
        ("only the first input gets a cotangent", "engine:reverse_sweep",
         "if needed[slot]:", "if needed[slot] and slot == 0:"),
        ("backward starts from 0", "rules:check_seed", "dtype.type(1.0)", "dtype.type(0.0)"),
        ("backward starts from 1 whatever it is given", "rules:check_seed",
         "if gradient is None else", "if gradient is None or shape == () else"),
        ("the seed is the caller's own array", "rules:check_given_seed",
         "np.array(", "np.asarray("),
        ("the last gradient is forgotten", "engine:Tensor.grad_plus",
         "if grad is None:", "if True:"),
        ("past gradients change when new ones are added", "engine:Tensor.grad_plus",
         "return grad + total", "grad += total; return grad"),
        (".grad is taken although others hold it", "engine:Tensor.grad_plus",
         " and id(total) not in held", ""),
        (".grad is a view of what others hold", "engine:Tensor.grad_plus",
         "total.base is None and ", ""),
        ("retain_grad is ignored", "engine:reverse_sweep", "if node.retained_by:", "if False:"),
        ("what is computed from constants is recorded", "engine:run",
         "True in needs", "True"),
        ("no_grad is ignored", "engine:run",
         "(not UNRECORDED or is_recording())", "True"),
        ("no_grad is for every thread", "modes:is_recording",
         "not UNRECORDED or get_ident() not in UNRECORDED", "not UNRECORDED"),
        ("anomalies are looked for in every thread", "anomaly:check_value",
         "threading.get_ident() not in WATCHED", "False"),
        ("a node holds its own result", "engine:run",
         "z.data = data", "z.data = data; node.result = z"),
        ("a block inside no_grad ends no_grad", "modes:_Block.__exit__",
         "self.before.pop()", "self.before.pop() and False"),
        ("a cotangent keeps a dtype that is not its tensor's", "rules:check_cotangent",
         "x_bar = x_bar.astype(dtype)", "pass"),
        ("a tangent keeps a dtype that is not its tensor's", "rules:check_tangent",
         "if z_dot.dtype == z.dtype", "if True"),
        ("constants move", "engine:forward_sweep", "np.zeros_like(x.data)", "np.ones_like(x.data)"),
        ("a broadcast bias hears from its first copy only", "rules:unbroadcast",
         "ones(len(x_bar), x_bar.dtype).dot(x_bar)", "x_bar[0]"),
        ("broadcast axes are averaged, not summed", "rules:unbroadcast",
         "x_bar.sum(axis=tuple(axes))", "x_bar.mean(axis=tuple(axes))"),
        # Derivatives of derivatives.
        ("saved values are constants in a second derivative", "sweeps:saving_tensors",
         "known.get(id(array), array)", "array.view() if node.op.ours else array"),
        ("the output is a constant in a second derivative", "sweeps:saving_tensors",
         "known.setdefault(id(result.data), result)",
         "known.setdefault(id(result.data), result.detach())"),
        ("an inner level differentiates by the outer variable", "transforms:as_leaf",
         "leaf = Alias.apply(x)", "leaf = x"),
        ("the outer level does not see through the inner one", "transforms:as_leaf",
         "if x.requires_grad and keep:", "if False:"),
        ("a sweep runs on into the level outside", "engine:topological_order",
         "found = {None, *until}", "found = {None}"),
        ("parameters that f closes over are forgotten", "transforms:Run.is_foreign",
         "x.requires_grad and", "False and"),
        ("results stay recorded where nobody watches", "transforms:Run.value",
         "self.y if self.watched else self.y.detach()", "self.y"),
        ("a derivative is recorded only for the outer variable", "transforms:Run.pull_back",
         "watched = self.watched or y_bar.requires_grad", "watched = self.watched"),
        ("the first cotangent is used for ever", "transforms:Run.pull_back",
         "y_bar = like(", 'y_bar = self.__dict__.setdefault("first", y_bar); y_bar = like('),
        ("columns of a Jacobian become rows", "transforms:Run.jacobians",
         "self.columns(i), -1, i", "self.columns(i), 0, i"),
        ("a Jacobian takes the more sweeps", "transforms:Run.jacobians",
         "self.y.size <= size", "self.y.size > size"),
        ("cross-entropy's probabilities are constants", "ops.softmax:SoftmaxCrossEntropy.slope",
         "if isinstance(logits, Tensor):", "if False:"),
        # Rules of one op.
        ("the sign of y is lost", "ops.arithmetic:Subtract.vjp", "-z_bar", "z_bar"),
        ("the inputs are mistaken for each other", "ops.arithmetic:Multiply.vjp",
         "z_bar * y, z_bar * x", "z_bar * x, z_bar * y"),
        ("jvp knows of one input only", "ops.arithmetic:Multiply.jvp",
         "x_dot * y + x * y_dot", "x_dot * y"),
        ("the rule for y forgets the square", "ops.arithmetic:Divide.vjp",
         "-x_bar * z", "-z_bar * z"),
        ("the numerator is saved, not the quotient", "ops.arithmetic:Divide.forward",
         "save_for_backward(y, z)", "save_for_backward(y, x)"),
        ("x ** 0 at 0", "ops.arithmetic:Power.x_slope", "(y - (y != 0))", "(y - 1)"),
        ("log 0", "ops.arithmetic:Power.y_slope", "np.log(x + (x == 0))", "np.log(x)"),
        ("the cotangent is ignored", "ops.elementwise:Sin.vjp", "z_bar * np.cos(x)", "np.cos(x)"),
        ("the sign of the sine", "ops.elementwise:Cos.vjp", "-z_bar", "z_bar"),
        ("the input is saved in place of the output", "ops.elementwise:Tanh.forward",
         "save_for_backward(z)", "save_for_backward(x)"),
        ("overflow on the left", "ops.elementwise:Sigmoid.forward",
         "np.exp(-np.abs(x))", "np.exp(-x)"),
        ("everything passes", "ops.elementwise:Relu.vjp", "z > 0", "z >= 0"),
        ("it writes into what it was given", "ops.elementwise:Relu.vjp",
         "return z_bar * (z > 0)", "z_bar *= z > 0; return z_bar"),
        ("a slope at the kink", "ops.elementwise:Abs.vjp", "x < 0", "x <= 0"),
        ("a tie counts twice", "ops.choices:loss", "0.5 * (x <= y) + 0.5 * (x < y)", "x < y"),
        ("a tie goes to the left", "ops.choices:Maximum.vjp",
         "z_bar * (1 - loss(x, y)), z_bar * (1 - loss(y, x))",
         "z_bar * (x >= y), z_bar * (y > x)"),
        ("minimum follows maximum's rule", "ops.choices:Minimum.vjp",
         "z_bar * (1 - loss(y, x)), z_bar * (1 - loss(x, y))",
         "z_bar * (1 - loss(x, y)), z_bar * (1 - loss(y, x))"),
        ("the sides are exchanged", "ops.choices:Where.vjp",
         "np.where(ctx.condition, z_bar, 0.0), np.where(ctx.condition, 0.0, z_bar)",
         "np.where(ctx.condition, 0.0, z_bar), np.where(ctx.condition, z_bar, 0.0)"),
        ("no slope at a bound", "ops.choices:Clip.inside", "x >= ctx.low", "x > ctx.low"),
        ("1/n is forgotten", "ops.reductions:Mean.vjp", "z_bar / ctx.count", "z_bar"),
        ("n counts all entries, whatever the axis", "ops.reductions:Mean.forward",
         "x.size // (z.size or 1)", "x.size"),
        ("the axis is not put back where the shape fits without", "ops.reductions:spread",
         "z_bar.reshape(kept)",
         "(z_bar.reshape(kept) if z_bar.shape != ctx.x_shape[1:] else z_bar)"),
        ("entries that tie get the whole slope each", "ops.reductions:Max.share",
         "tied / tied.sum(axis=ctx.axis, keepdims=True)", "tied * 1.0"),
        ("the largest is not taken out", "ops.reductions:LogSumExp.forward",
         "np.where(np.isfinite(top), top, 0)", "np.zeros_like(top)"),
        ("the largest is not taken out", "ops.softmax:shift",
         "x - x.max(axis=axis, keepdims=True)", "x - 0"),
        ("the largest is not taken out", "ops.softmax:SoftmaxCrossEntropy.forward",
         "shifted -= np.maximum.reduce(shifted)", "pass"),
        ("the diagonal only", "ops.softmax:Softmax.vjp",
         "z * (z_bar - (z_bar * z).sum(axis=ctx.axis, keepdims=True))", "z_bar * z * (1 - z)"),
        ("the sum runs over every axis", "ops.softmax:Softmax.vjp",
         "sum(axis=ctx.axis, keepdims=True)", "sum()"),
        ("jvp is taken to be vjp", "ops.softmax:LogSoftmax.jvp",
         "(np.exp(z) * x_dot).sum(axis=ctx.axis, keepdims=True)",
         "np.exp(z) * x_dot.sum(axis=ctx.axis, keepdims=True)"),
        ("not divided by n", "ops.softmax:SoftmaxCrossEntropy.vjp",
         "z_bar / ctx.labels.size", "z_bar"),
        ("a square matrix on the right is not transposed", "ops.linear:Matmul.vjp",
         "y.T)", "(y if y.shape[0] == y.shape[1] else y.T))"),
        ("a square matrix on the left is not transposed", "ops.linear:Matmul.vjp",
         "x.T.", "(x if x.shape[0] == x.shape[1] else x.T)."),
        ("a batch of square matrices on the right is not transposed", "ops.linear:Matmul.vjp",
         "y.swapaxes(-1, -2)",
         "(y if y.shape[-1] == y.shape[-2] else y.swapaxes(-1, -2))"),
        ("a batch of square matrices on the left is not transposed", "ops.linear:Matmul.vjp",
         "x.swapaxes(-1, -2)",
         "(x if x.shape[-1] == x.shape[-2] else x.swapaxes(-1, -2))"),
        ("a square matrix before a vector is not transposed", "ops.linear:Matmul.vjp_of_vectors",
         "row.T @", "(row if row.shape[0] == row.shape[1] else row.T) @"),
        ("jvp knows of one input only", "ops.linear:Matmul.jvp",
         "x_dot @ y + x @ y_dot", "x_dot @ y"),
        ("a square is not turned back", "ops.shapes:Transpose.vjp", "z_bar.swapaxes(*ctx.axes)",
         "(z_bar if len(set(z_bar.shape)) == 1 else z_bar.swapaxes(*ctx.axes))"),
        ("copies are averaged, not summed", "ops.shapes:BroadcastTo.vjp", ".sum(", ".mean("),
        ("the split is off by one", "ops.shapes:Concatenate.vjp",
         "z_bar[(slice(None),)", "np.roll(z_bar, 1, ctx.axis)[(slice(None),)"),
        ("the last comes first", "ops.shapes:Stack.vjp", "+ (i,)", "+ (-1 - i,)"),
        ("entries that are picked twice count once", "ops.indexing:may_repeat",
         "any(isinstance(part, np.ndarray) and part.dtype != bool for part in parts)", "False"),
        ("the wrong dtype is kept", "ops.lifting:Cast.forward",
         "x.astype(dtype)", "x.astype(x.dtype)"),
        ("a number lifts float32 to float64", "ops.lifting:lift",
         "like if isinstance(like, (Tensor, np.ndarray)) else x", "None"),
    ]
]  # fmt: skip
