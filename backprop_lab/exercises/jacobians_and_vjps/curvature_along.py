"""Exercise `curvature_along`: how the gradient turns as one walks along v, without a Hessian."""

import sys

import numpy as np

from ... import ops
from ...engine import Op, Tensor
from ..diagnosis import as_array, diagnose, shown
from ..exercise import Exercise, Hint, Misconception
from ..random_graphs import what_came

TINY = 1e-30
LARGE, MOST = 16, 8  # entries of x where work is counted, and how much of it is enough


def curvature_along_cases(seed):
    rng = np.random.default_rng([seed, 47])
    return [
        {name: rng.choice([-1, 1], n) * rng.uniform(0.3, 1.5, n) for name in ("a", "c", "x", "v")}
        for n in (3, 5, LARGE)
    ]


class Function:
    """f(x) = sin(a · x) + Σ c x³ + Σ x_i² x_{i+1}, for tensors; it notes what is done with it.

    Attributes: runs (how often it was computed), steps (how often a sweep passed its input),
    helped (whether `bl.hvp` was on the way to it).
    """

    def __init__(self, a, c):
        self.a, self.c, self.runs, self.steps, self.helped = a, c, 0, 0, False

    def __call__(self, x):
        self.runs += 1
        self.helped = self.helped or called_by("hvp")
        x = self.watched(x)
        return ops.sin((self.a * x).sum()) + (self.c * x**3).sum() + (x[:-1] ** 2 * x[1:]).sum()

    def watched(self, x):
        """x, by way of an operator that counts how often a sweep passes it."""

        class Same(Op):
            def forward(ctx, x):
                return x + 0.0

            def vjp(ctx, z_bar):
                self.steps += 1
                return z_bar

            def jvp(ctx, x_dot):
                self.steps += 1
                return x_dot

        return Same.apply(x)


def called_by(name):
    """Whether a transform of this name is among the callers."""
    frame = sys._getframe()
    while frame is not None:
        code, module = frame.f_code, frame.f_globals.get("__name__")
        if code.co_name == name and module == "backprop_lab.transforms":
            return True
        frame = frame.f_back
    return False


def probe_curvature_along(answer, case):
    f = Function(case["a"], case["c"])
    found = answer(f, case["x"], case["v"])
    if found is ...:
        return ...
    return {"Hv": data_of(found), "runs": f.runs, "steps": f.steps, "helped": f.helped}


def data_of(found):
    """What came back, with arrays in the place of tensors."""
    if isinstance(found, (tuple, list)):
        return [data_of(x) for x in found]
    return found.data if isinstance(found, Tensor) else found


def gradient(a, c, x):
    g = a * np.cos(a @ x) + 3 * c * x**2
    g[:-1] += 2 * x[:-1] * x[1:]
    g[1:] += x[:-1] ** 2
    return g


def turned(a, c, x, v):
    """How the gradient moves along v, by a complex step (Squire and Trapp 1998)."""
    return np.imag(gradient(a, c, x + 1j * TINY * v)) / TINY


def judge_curvature_along(case, output):
    found, n = output.get("Hv", output), len(case["x"])
    got = as_array(found)
    at = f"With {shown(x=case['x'], v=case['v'])}:"
    if got is None:
        return [f"{at} curvature_along has to return an array; {what_came(found)}"]
    said = diagnose(got, turned(**case), [("n", n)])
    if said:
        return [f"{at} {said}"]
    if output["helped"]:
        return ["Right, by bl.hvp. The point is to build it yourself, from bl.grad and bl.jvp."]
    if n == LARGE and max(output["runs"], output["steps"]) > MOST:
        return [
            f"Right. But with x of {n} numbers, f was run {output['runs']} times and sweeps passed "
            f"it {output['steps']} times: as many as a whole Hessian takes. Two or three will do."
        ]
    return []


def right_but(what):
    """Whether every result is right, and something about the way there is as `what` says."""

    def looks_like(cases, reports):
        told = [report["returned"] for report in reports]
        return what(told[-1]) and all(
            diagnose(as_array(output["Hv"]), turned(**case)) is None
            for case, output in zip(cases, told, strict=True)
        )

    return looks_like


def follows(rule):
    """Whether every result is what a rule (a, c, x, v) gives."""
    return lambda cases, reports: all(
        diagnose(as_array(report["returned"]["Hv"]), rule(**case)) is None
        for case, report in zip(cases, reports, strict=True)
    )


def wrong(formula):
    return f"import backprop_lab as bl\ndef curvature_along(f, x, v):\n    return {formula}\n"


CURVATURE_ALONG = Exercise(
    id="curvature_along",
    title="Curvature without a Hessian",
    notebook=4,
    minutes=10,
    points=3,
    core=False,
    may_use=frozenset({"backprop_lab"}),
    contract="""\
Write `curvature_along(f, x, v)`: how the gradient of f changes at `x` per unit of a step along `v`.
That is $H v$, the Hessian of f times `v`.

- `f` takes a tensor of shape (n,) and returns one number; `x` and `v` are arrays of shape (n,).
- Return an array or a tensor of shape (n,).
- Use `bl.grad`, and `bl.jvp` or `bl.vjp`. Never form H, with its n² numbers; and no `bl.hvp`.""",
    cases=curvature_along_cases,
    probe=probe_curvature_along,
    judge=judge_curvature_along,
    misconceptions=(
        Misconception(
            "forms_the_hessian",
            wrong("bl.jacobian(bl.grad(f))(x).data @ v"),
            "Right, and it cost a sweep for each row of H. The gradient is a function of x like "
            "any other, and one push along `v` is enough.",
            right_but(lambda output: not output["helped"] and output["steps"] > MOST),
        ),
        Misconception(
            "bl_hvp",
            wrong("bl.hvp(f, x, v)"),
            "bl.hvp is what you are about to write. It is two transforms, one around the other.",
            right_but(lambda output: output["helped"]),
        ),
        Misconception(
            "takes_the_value",
            wrong("bl.jvp(bl.grad(f), (x,), (v,))[0]"),
            "This is the gradient itself, and not how it changes. jvp returns two things: the "
            "value of the function that it is given, and how fast that value moves.",
            follows(lambda a, c, x, v: gradient(a, c, x)),
        ),
        Misconception(
            "both_of_them",
            wrong("bl.jvp(bl.grad(f), (x,), (v,))"),
            "Two things came back, the gradient and how fast it moves. One of them is asked for.",
            lambda cases, reports: all(
                as_array(report["returned"]["Hv"]).shape == (2, len(case["x"]))
                for case, report in zip(cases, reports, strict=True)
            ),
        ),
        Misconception(
            "along_ones",
            wrong("bl.jvp(bl.grad(f), (x,), (np.ones_like(x),))[1]"),
            "H times ones: its rows, added up. `v` says how far to go along each input, and it is "
            "not in your answer.",
            follows(lambda a, c, x, v: turned(a, c, x, np.ones(len(x)))),
        ),
        Misconception(
            "first_derivative_only",
            wrong("bl.jvp(f, (x,), (v,))[1]"),
            "One number: how fast *f* moves along v. Asked for is how fast its gradient moves, "
            "which is one number for each input.",
            follows(lambda a, c, x, v: gradient(a, c, x) @ v),
        ),
        Misconception(
            "both_sides",
            wrong("v @ bl.jvp(bl.grad(f), (x,), (v,))[1].data"),
            "One number: v with H on its way between, $v^T H v$. What is asked for is the vector, "
            "before it is multiplied by v once more.",
            follows(lambda a, c, x, v: turned(a, c, x, v) @ v),
        ),
        Misconception(
            "projects_the_gradient",
            wrong("bl.grad(f)(x).data @ v * v"),
            "This is the part of the gradient that lies along v. It does not say how the gradient "
            "*changes*, which takes a second derivative.",
            follows(lambda a, c, x, v: gradient(a, c, x) @ v * v),
        ),
        Misconception(
            "gradient_entry_by_entry",
            wrong("bl.grad(f)(x).data * v"),
            "This is the gradient times v, entry by entry. There is no second derivative in it.",
            follows(lambda a, c, x, v: gradient(a, c, x) * v),
        ),
        Misconception(
            "diagonal_of_the_hessian",
            wrong("np.diag(bl.jacobian(bl.grad(f))(x).data) * v"),
            "Only the diagonal of H took part. The slope by one input changes as well when "
            "another input moves.",
            follows(lambda a, c, x, v: [turned(a, c, x, e) @ e for e in np.eye(len(x))] * v),
        ),
        Misconception(
            "the_whole_way",
            wrong("bl.grad(f)(x + v).data - bl.grad(f)(x).data"),
            "You went the whole way along v and looked how the gradient had changed. Asked for is "
            "how fast it changes at x itself, per unit of the way.",
            follows(lambda a, c, x, v: gradient(a, c, x + v) - gradient(a, c, x)),
        ),
    ),
    hints=(
        Hint(
            "I don't know what to differentiate",
            "`bl.grad(f)` is a function: from x to the gradient there. Its Jacobian is H. Which "
            "transform gives a Jacobian times a vector, without the Jacobian?",
        ),
        Hint(
            "I get the gradient and not its change",
            "`bl.jvp` returns a pair: the value, and how fast it moves.",
        ),
        Hint(
            "TypeError or a complaint about tuples",
            "`bl.jvp(g, (x,), (v,))`: inputs and tangents are tuples, one entry for each argument.",
        ),
    ),
    why="A reverse sweep gives the gradient, and pushing v through that sweep says how it turns: "
    "two passes, whatever n is. H itself would have n² entries, and n such passes.",
)
