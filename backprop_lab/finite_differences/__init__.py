"""gradcheck: derivatives by rules, held against derivatives by nudging.

`slopes` measures, `sweeps` runs both modes and compares, `report` says what came out.
"""

from .. import ops
from ..engine import Op, topological_order
from ..errors import LabError
from ..transforms import vjp
from .report import Checked, Fault
from .slopes import check_inputs, check_value, measure_all, numeric_jacobian
from .sweeps import Sweeps, choose_columns, mixed

__all__ = ["gradcheck", "numeric_jacobian"]


def gradcheck(f, *xs, second_order=False):
    """Hold the derivatives of f against finite differences, and its two modes against each other.

    Arguments: f (a function of tensors that returns a Tensor of any shape; it must give the same
    for the same inputs), xs (the point: tensors, arrays or numbers), second_order (also check the
    derivatives of x, z_bar -> Jᵀ z_bar, that is, whether f can be differentiated twice).
    Returns a `Checked`: true if all that was tested passed; its text says what was tested, and
    names the worst entry. Reverse mode is checked row by row and with random z_bar, forward mode
    column by column, and ⟨z_bar, J x_dot⟩ = ⟨Jᵀ z_bar, x_dot⟩ with random ones. At a kink, any
    value between the slopes on its two sides passes. Of more than 200 inputs, 50 are checked, and
    one random direction through all; more than 200 outputs are mixed by random z_bar.
    Raises DataError, ShapeError or GradientError for an f or xs that cannot be checked; never for
    a derivative that is wrong. (How slopes are measured, and sources: `slopes`.)

    >>> class Square(Op):
    ...     def forward(ctx, x):
    ...         ctx.save_for_backward(x)
    ...         return x * x
    ...     def vjp(ctx, z_bar):
    ...         (x,) = ctx.saved_tensors
    ...         return z_bar * x
    >>> gradcheck(Square.apply, [1.0, 2.0, 3.0])
    gradcheck failed.
      reverse mode: 3 of 9 entries are wrong. Worst: ∂y[2]/∂x[2] is 3, measured 6, ratio 0.5.
        Half: usually x is used twice, and the cotangents from both uses have to be added.
      not tested: forward mode and the transpose test: Square has no jvp.
    """
    arrays, names, warnings = check_inputs(f, xs)
    result = Checked(warnings=warnings)
    y = check(f, arrays, names, result)
    if second_order:
        z_bar = mixed(1, y.shape).astype(y.dtype)
        try:
            check(
                pulled_back(f),
                [*arrays, z_bar],
                [*names, "z_bar"],
                result,
                "second-order ",
                "x_bar",
            )
        except LabError as error:  # the first order went well, so it's a rule that cannot go on
            result.faults.append(Fault("second order", str(error)))
    return result


def pulled_back(f):
    """The function (*xs, z_bar) -> Jᵀ z_bar, for several xs as one vector."""

    def run(*given):
        x_bars = vjp(f, *given[:-1])[1](given[-1])
        if len(x_bars) == 1:
            return x_bars[0]
        return ops.concatenate([x_bar.reshape(-1) for x_bar in x_bars])

    return run


def check(f, xs, names, result, order="", symbol="y"):
    """Check both modes of f at xs, and write what was found into `result`; returns f(xs)."""
    y = check_value(f, xs, names)
    if y.dtype != "float64" and not order:
        result.warnings.append(
            f"f computes in {y.dtype} whatever it is given, so only errors above 0.1 % can be seen."
        )
    columns = choose_columns(xs)
    measured, warnings = measure_all(f, xs, names, y, columns)
    result.warnings += [order + text for text in warnings]
    sweeps = Sweeps(f, xs, names, columns, symbol)
    if not measured.known.all() and not measured.slope.any():  # what was flat says nothing
        result.not_tested.append(
            f"{order or 'any '}slopes: none that could be measured, or all are lost in rounding."
        )
        return y
    sweeps.compare_reverse(f"{order}reverse mode", measured, result)
    nodes = topological_order(sweeps.run.y)
    missing = sorted({node.op.__name__ for node in nodes if node.op.jvp is Op.jvp})
    if missing:
        has = "has" if len(missing) == 1 else "have"
        what = f"{order}forward mode and the transpose test"
        result.not_tested.append(f"{what}: {', '.join(missing)} {has} no jvp.")
    else:
        sweeps.compare_forward(f"{order}forward mode", measured, result)
        sweeps.compare_modes(f"{order}transpose test", result)
    return y
