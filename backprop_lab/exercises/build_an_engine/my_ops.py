"""Exercise `my_ops`: four operators of one's own, with any upstream."""

import numpy as np

from ..diagnosis import close
from ..exercise import Exercise, Hint, Misconception
from ..probing import UNFILLED
from .pieces import Add, Multiply, Node, Value, one_by_one

FUNCTIONS = {
    "tanh": lambda x, n: np.tanh(x),
    "log": lambda x, n: np.log(x),
    "relu": lambda x, n: x * (np.real(x) > 0),
    "power": lambda x, n: x**n,
}
TINY = 1e-30


def my_ops_cases(seed):
    rng = np.random.default_rng([seed, 36])
    small, large, upstream = (
        rng.uniform(0.4, 0.9, 2),
        rng.uniform(1.2, 1.8, 2),
        rng.uniform(2, 3, 4),
    )
    x, z_bar = [large[0], -small[0], small[1], -large[1]], upstream * [-1, 1, 1, -1]
    return [
        {"x": float(x), "n": n, "z_bar": float(z_bar)}
        for x, n, z_bar in zip(x, (3, 2, -1, 4), z_bar, strict=True)
    ]


def probe_my_ops(answer, case):
    """{operator: what forward gave, and what came back from vjp}, log at a positive number."""
    if not isinstance(answer, dict):
        raise TypeError("my_ops is a dictionary: from a name to your class.")
    return one_by_one(run, answer, FUNCTIONS, case)


def run(op, name, case):
    if not isinstance(op, type):
        raise TypeError(f"a class is asked for, without parentheses; a {type(op).__name__} came")
    ctx = Node(op, [])
    inputs = inputs_of(name, case)
    z = op.forward(ctx, *inputs)
    if z is ...:
        return ...
    x_bars = op.vjp(ctx, case["z_bar"])
    return {"z": z, "x_bars": list(x_bars) if isinstance(x_bars, (tuple, list)) else [x_bars]}


def inputs_of(name, case):
    x = abs(case["x"]) if name == "log" else case["x"]
    return (x, case["n"]) if name == "power" else (x,)


def slope_of(name, case):
    """The local derivative by a complex step (Squire and Trapp 1998)."""
    x, n = inputs_of(name, case)[0], case["n"]
    return float(np.imag(FUNCTIONS[name](x + 1j * TINY, n))) / TINY


def judge_my_ops(case, output):
    return [text for name in FUNCTIONS if (text := complain(name, case, output[name]))]


def complain(name, case, told):
    if told == UNFILLED or told is None:
        return f"{name}: still blank."
    if "raised" in told:
        return f"{name}: {told['raised']}"
    x, *rest = inputs_of(name, case)
    at = f"{name} at x = {x:.4g}" + (f", n = {rest[0]}" if rest else "")
    if not close_number(told["z"], np.real(FUNCTIONS[name](x, case["n"]))):
        return f"{at}: forward gives {say(told['z'])}, which is not its value."
    x_bar, *others = told["x_bars"] or [None, None, None]
    if len(others) != len(rest) or any(other is not None for other in others):
        return f"{at}: vjp has to return one entry for each input that forward gets" + (
            ": the message for x, and None for n." if rest else "."
        )
    if close_number(x_bar, slope_of(name, case) * case["z_bar"]):
        return None
    return f"{at}, with {case['z_bar']:.4g} from upstream: vjp sends {say(x_bar)}."


def close_number(x, wanted):
    return isinstance(x, (int, float)) and close(x, float(wanted))


def say(x):
    if x is None or (isinstance(x, dict) and x == UNFILLED):
        return "nothing"
    return f"{x:.4g}" if isinstance(x, (int, float)) else f"a {type(x).__name__}"


def sends(name, rule):
    """Whether vjp of one operator follows a wrong rule (x, z, n, z_bar) -> message everywhere."""

    def looks_like(cases, reports):
        pairs = [(c, r["returned"][name]) for c, r in zip(cases, reports, strict=True)]
        return any(complain(name, *pair) for pair in pairs) and all(
            close_number(
                told["x_bars"][0], rule(inputs_of(name, c)[0], told["z"], c["n"], c["z_bar"])
            )
            for c, told in pairs
        )

    return looks_like


OP = """
class Wrong:
    def forward(ctx, x{n}):
        z = {z}
        ctx.save_for_backward(x, z{n})
        return z
    def vjp(ctx, z_bar):
        x, z{n} = ctx.saved_tensors
        return {message}{none}

my_ops = {{"tanh": ..., "log": ..., "relu": ..., "power": ...}} | {{"{name}": Wrong}}
"""
VALUES = {"tanh": "np.tanh(x)", "log": "np.log(x)", "relu": "max(x, 0.0)", "power": "float(x) ** n"}


def mistake(key, name, message, rule, says):
    """A misconception about one operator; the other three are left blank."""
    n, none = (", n", ", None") if name == "power" else ("", "")
    code = OP.format(name=name, z=VALUES[name], message=message, n=n, none=none)
    return Misconception(key, code, says, sends(name, rule))


MY_OPS = Exercise(
    id="my_ops",
    title="Four operators of your own",
    notebook=3,
    minutes=12,
    points=4,
    parts=4,
    core=False,
    contract="""\
Write `Tanh`, `Log`, `Relu` and `Power` as classes like `Multiply`, and list them in `my_ops`.

- `forward(ctx, x)` computes with a number and saves what vjp will need. `np.tanh` and `np.log` are
  there. `Power` gets `forward(ctx, x, n)`, where `n` is a plain whole number.
- `vjp(ctx, z_bar)` returns the message for `x`: the local derivative times what came from upstream.
  `Power` returns `(message, None)`: nobody asks how the result depends on `n`.
- Each counts one point.""",
    cases=my_ops_cases,
    probe=probe_my_ops,
    judge=judge_my_ops,
    given={"Node": Node, "Value": Value, "Add": Add, "Multiply": Multiply},
    misconceptions=(
        mistake(
            "tanh_from_the_input", "tanh", "z_bar * (1 - x * x)",
            lambda x, z, n, z_bar: z_bar * (1 - x * x),
            "tanh: the slope is 1 − z², with the *output* z. You took the input.",
        ),
        mistake(
            "tanh_square_forgotten", "tanh", "z_bar * (1 - z)",
            lambda x, z, n, z_bar: z_bar * (1 - z),
            "tanh: its slope is 1 minus the *square* of its value; the square is missing.",
        ),
        mistake(
            "tanh_ignores_upstream", "tanh", "1 - z * z",
            lambda x, z, n, z_bar: 1 - z * z,
            "tanh: this is the local derivative alone. What came from upstream, `z_bar`, is a "
            "factor of the message.",
        ),
        mistake(
            "log_ignores_upstream", "log", "1 / x",
            lambda x, z, n, z_bar: 1 / x,
            "log: this is the local derivative alone. What came from upstream, `z_bar`, is a "
            "factor of the message.",
        ),
        mistake(
            "log_from_the_output", "log", "z_bar / z",
            lambda x, z, n, z_bar: z_bar / z,
            "log: the slope is one over the *input*. You took the output.",
        ),
        mistake(
            "relu_sends_its_mask", "relu", "float(x > 0)",
            lambda x, z, n, z_bar: float(x > 0),
            "relu: the message is 0 or 1, whatever came from upstream. Where x is positive, let "
            "`z_bar` through.",
        ),
        mistake(
            "relu_looks_at_upstream", "relu", "z_bar * (z_bar > 0)",
            lambda x, z, n, z_bar: z_bar * (z_bar > 0),
            "relu: you let through what is positive from *upstream*. The gate was set on the way "
            "forward, by the sign of x.",
        ),
        mistake(
            "relu_times_its_value", "relu", "z_bar * z",
            lambda x, z, n, z_bar: z_bar * z,
            "relu: you multiply by its value. Above 0 it rises one to one: its slope there is 1.",
        ),
        mistake(
            "relu_by_sign", "relu", "z_bar * (1.0 if x > 0 else -1.0)",
            lambda x, z, n, z_bar: z_bar * (1.0 if x > 0 else -1.0),
            "relu: below 0 you send the opposite. There it does not move at all.",
        ),
        mistake(
            "power_not_lowered", "power", "z_bar * n * float(x) ** n",
            lambda x, z, n, z_bar: z_bar * n * x**n,
            "power: the exponent comes down as a factor, and the power that is left is one lower.",
        ),
        mistake(
            "power_without_its_factor", "power", "z_bar * float(x) ** (n - 1)",
            lambda x, z, n, z_bar: z_bar * x ** (n - 1),
            "power: the exponent went down by one, and its old value is a factor that is missing.",
        ),
        mistake(
            "power_ignores_upstream", "power", "n * float(x) ** (n - 1)",
            lambda x, z, n, z_bar: n * x ** (n - 1),
            "power: this is the local derivative alone. What came from upstream, `z_bar`, is a "
            "factor of the message.",
        ),
    ),
    hints=(
        Hint(
            "What do I save?",
            "What vjp needs and cannot work out otherwise: tanh can use its own output, log and "
            "power their input, relu the sign of either.",
        ),
        Hint(
            "My message is right only when z_bar is 1",
            "A message is the local derivative times what came from upstream. With z_bar = 1 you "
            "cannot see whether it is there.",
        ),
        Hint(
            "TypeError: vjp has to return one entry for each input",
            "Power's forward gets two things, x and n, so vjp answers for two: `(message, None)`.",
        ),
    ),
    why="Four operators, each with its own rule, and an engine that has never heard of them runs "
    "them all. In notebook 6 the same classes become PyTorch's.",
)  # fmt: skip
