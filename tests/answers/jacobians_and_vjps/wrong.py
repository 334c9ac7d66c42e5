"""For notebook 4: mistakes that no misconception lists; they are refused all the same."""


def rule(op, formula):
    """An answer that is right at four ops of `vjp_of`, and wrong at one."""
    return f"""
def vjp_of(op, x, z_bar):
    if op == {op!r}:
        return {formula}
    return {{
        "exp": lambda: z_bar * np.exp(x),
        "sum": lambda: np.full(len(x), z_bar),
        "mean": lambda: np.full(len(x), z_bar / len(x)),
        "center": lambda: z_bar - z_bar.mean(),
        "cumsum": lambda: np.cumsum(z_bar[::-1])[::-1],
    }}[op]()
"""


def jacobian(rows):
    return f"def jacobian_at(x, y): return np.array({rows})"


def pull(formula):
    return f"""
def pull(u, x, y):
    J = np.array([[y, x], [np.cos(x), 0.0], [0.0, 2 * y]])
    return {formula}
"""


def recover(formula):
    return f"def recover(pull_back, push_forward, M, N): return {formula}"


def test(formula, u="rng.normal(size=M)", v="rng.normal(size=N)"):
    return f"""
def transpose_test(pull_back, push_forward, M, N, rng):
    u, v = {u}, {v}
    return {formula}
"""


def curve(formula):
    return f"def curvature_along(f, x, v): return {formula}"


BOTH = "bool(np.isclose(pull_back(u) @ v, u @ push_forward(v)))"

WRONG = {
    "jacobian_at": [
        jacobian("[[3, 2], [-0.416, 0], [0, 6]]"),
        jacobian("[[y, x], [np.cos(y), 0.0], [0.0, 2 * y]]"),
        jacobian("[[y, x], [np.cos(x), 0.0], [0.0, 2 * x]]"),
        jacobian("[[y, x], [1.0, 0.0], [0.0, 2 * y]]"),
        jacobian("[[y, x], [np.cos(x), 0.0], [0.0, y**2 * 2]]"),
        jacobian("[[y, x], [0.0, 2 * y], [np.cos(x), 0.0]]"),
        jacobian("[[y, x, 0.0], [np.cos(x), 0.0, 0.0], [0.0, 2 * y, 0.0]]"),
        jacobian("[[[y, x], [np.cos(x), 0.0], [0.0, 2 * y]]]"),
        jacobian("[[y, x], [np.cos(x), 0.0], [0.0, 2 * y]]").replace("array(", "abs("),
        jacobian("[[y, x], [np.cos(x), 0.0], [0.0, 2 * y]]") + ".astype(int)",
        jacobian("[[y, x], [np.cos(x), 0.0], [0.0, 2 * y]]") + ".ravel()",
        jacobian("[[y, x], [np.cos(x), np.nan], [0.0, 2 * y]]"),
        "def jacobian_at(x, y): return 'J'",
        "def jacobian_at(x, y): return None",
        """
def jacobian_at(x, y):
    # measured with a step that is too small
    f = lambda x, y: np.array([x * y, np.sin(x), y**2])
    h = 1e-14
    return np.column_stack([(f(x + h, y) - f(x, y)) / h, (f(x, y + h) - f(x, y)) / h])
""",
        "jacobian_at = [[3, 2], [-0.416, 0], [0, 6]]",
    ],
    "pull": [
        pull("np.array([3.832, 5.0])"),
        pull("u @ J * 2"),
        pull("abs(u) @ J"),
        pull("u[::-1] @ J"),
        pull("(u @ J)[::-1]"),
        pull("(u @ J).sum()"),
        pull("(u @ J)[None]"),
        pull("u[:2] @ J[:2]"),
        pull("u[0] * J[0]"),
        pull("np.sign(u) @ J"),
        pull("u @ J + u[:2]"),
        pull("np.diag(J) * u[:2]"),
        pull("J.T.ravel()[:2]"),
        pull("u @ np.array([[x, y], [np.cos(x), 0.0], [0.0, 2 * y]])"),
        pull("u * [x * y, np.sin(x), y**2]"),
        pull("None"),
        "pull = 3.832, 5.0",
    ],
    "vjp_of": [
        rule("exp", "np.exp(z_bar)"),
        rule("exp", "np.exp(x) * np.exp(z_bar)"),
        rule("exp", "z_bar / np.exp(x)"),
        rule("exp", "-z_bar * np.exp(x)"),
        rule("exp", "(z_bar * np.exp(x))[:, None]"),
        rule("exp", "z_bar @ (np.exp(x) * np.eye(len(x), dtype=np.float32))"),
        rule("exp", "np.outer(z_bar, np.exp(x)).diagonal()"),
        rule("exp", "sum([z * np.exp(x) * (np.arange(len(x)) == i) for i, z in enumerate(z_bar)])"),
        rule("sum", "np.full((len(x), 1), z_bar)"),
        rule("sum", "np.full(len(x), np.sum(x) * z_bar)"),
        rule("sum", "np.eye(len(x))[0] * z_bar"),
        rule("sum", "(np.ones((len(x), len(x))) * z_bar)[0]"),
        rule("mean", "np.full(len(x), z_bar / (len(x) - 1))"),
        rule("mean", "np.full(len(x), z_bar / 2)"),
        rule("mean", "np.full(len(x), np.mean(x) * z_bar)"),
        rule("mean", "x / len(x) * z_bar"),
        rule("center", "np.zeros(len(x))"),
        rule("center", "z_bar - z_bar.mean() / len(x)"),
        rule("center", "z_bar - np.median(z_bar)"),
        rule("center", "(z_bar - z_bar.mean()) / z_bar.std()"),
        rule("center", "z_bar - z_bar.max()"),
        rule("center", "(np.eye(len(x)) - 1 / len(x)) @ z_bar"),
        rule("cumsum", "z_bar[::-1]"),
        rule("cumsum", "np.cumsum(x[::-1])[::-1]"),
        rule("cumsum", "np.cumprod(z_bar[::-1])[::-1]"),
        rule("cumsum", "np.tri(len(x), dtype=bool).T @ z_bar"),
        rule("cumsum", "np.tril(np.ones((len(x), len(x)))).T @ z_bar"),
        rule("cumsum", "np.array([np.roll(z_bar, -i) for i in range(len(x))]).sum(axis=0)"),
        rule(
            "cumsum", "sum(np.where(np.arange(len(x)) <= i, z, 0) for i, z in enumerate(z_bar[1:]))"
        ),
        rule("cumsum", "np.add.accumulate(z_bar, out=z_bar)"),
        rule("cumsum", "None"),
        "def vjp_of(op, x, z_bar): return z_bar",
        "def vjp_of(op, x, z_bar): return x",
        """
def vjp_of(op, x, z_bar):
    # right, and spoils its input
    x[:] = np.exp(x)
    return z_bar * x if op == "exp" else ...
""",
        "vjp_of = {}",
    ],
    "bytes_of": [
        "def bytes_of(op, sizes): return 8 * sizes[0] ** 2, 8 * sizes[0]",
        "def bytes_of(op, sizes): return 8 * np.prod(sizes) ** 2, 8 * np.prod(sizes)",
        "def bytes_of(op, sizes): return 8 * int(np.prod(sizes))",
        "def bytes_of(op, sizes): return 8 * sum(sizes), 8 * sum(sizes)",
        "def bytes_of(op, sizes): return '4 GB', '8 kB'",
        """
def bytes_of(op, sizes):
    # the two in the other order
    B, D, H = sizes if len(sizes) == 3 else (1, sizes[0], 1)
    z, x = (D, D) if B == H == 1 else (B * H, B * D if op == "matmul by X" else D * H)
    return 8 * x, 8 * z * x
""",
        """
def bytes_of(op, sizes):
    # X and W have changed places
    if len(sizes) == 1:
        return 8 * sizes[0] ** 2, 8 * sizes[0]
    B, D, H = sizes
    x = B * D if op == "matmul by W" else D * H
    return 8 * B * H * x, 8 * x
""",
        """
def bytes_of(op, sizes):
    # kilobytes
    B, D, H = sizes if len(sizes) == 3 else (1, sizes[0], 1)
    z, x = (D, D) if B == H == 1 else (B * H, B * D if op == "matmul by X" else D * H)
    return 8 * z * x / 1024, 8 * x / 1024
""",
    ],
    "recover": [
        recover("np.array([pull_back(u) for u in np.eye(M)]) if M <= N else ..."),
        recover("np.array([pull_back(u) for u in 2 * np.eye(M)])"),
        recover("pull_back(np.eye(M))"),
        recover("push_forward(np.eye(N)).T"),
        recover("np.array([pull_back(u) for u in np.eye(M)[::-1]])"),
        recover("np.outer(push_forward(np.ones(N)), pull_back(np.ones(M)))"),
        recover("np.zeros((M, N))"),
        recover("[pull_back(u) for u in np.eye(min(M, N))]"),
        recover("pull_back(np.ones(M))"),
        recover("np.array([pull_back(u) for u in np.eye(M)]).reshape(N, M)"),
        recover("np.array([push_forward(v) for v in np.eye(N)]).reshape(M, N)"),
        recover("np.linalg.pinv(np.array([pull_back(u) for u in np.eye(M)]))"),
        recover(
            "np.array([pull_back(u) for u in np.eye(M)] if M < N else "
            "[push_forward(v) for v in np.eye(N)]).reshape(M, N)"
        ),
        recover("None"),
        "recover = np.eye(3)",
    ],
    "transpose_test": [
        test("True"),
        test("False"),
        test("None"),
        test("float(pull_back(u) @ v - u @ push_forward(v))"),
        test(BOTH, "np.zeros(M)", "np.zeros(N)"),
        test(BOTH, "np.arange(M) * 1.0", "np.arange(N) * 1.0"),
        test(BOTH, "np.eye(M)[-1]", "np.eye(N)[-1]"),
        test(BOTH, "np.ones(M)", "rng.normal(size=N)"),
        test(BOTH, "rng.normal(size=M)", "np.ones(N)"),
        test(BOTH, "rng.random(M)"),
        test(BOTH, "np.full(M, rng.normal())", "np.full(N, rng.normal())"),
        test(BOTH, v="u[:1].repeat(N) if (u := rng.normal(size=M)) is not None else 0"),
        test("bool(np.isclose(np.linalg.norm(pull_back(u)), np.linalg.norm(push_forward(v))))"),
        test("bool(np.isclose(pull_back(u).sum(), push_forward(v).sum()))"),
        test("bool(pull_back(u) @ v * (u @ push_forward(v)) >= 0)"),
        test("bool(abs(pull_back(u) @ v - u @ push_forward(v)) < 1)"),
        test("bool(np.isclose(pull_back(u) @ v, u @ push_forward(v), rtol=0.05))"),
        test("bool(abs(pull_back(u) @ v / (u @ push_forward(v)) - 1) < 1e-8)"),
        test("abs(pull_back(u) @ v - u @ push_forward(v)) < 1e-18"),
        test("not " + BOTH),
        "transpose_test = True",
    ],
    "curvature_along": [
        curve("bl.grad(f)(x)"),
        curve("bl.grad(f)(x).data @ v"),
        curve("v"),
        curve("np.zeros_like(x)"),
        curve("bl.jvp(bl.grad(f), (v,), (x,))[1]"),
        curve("bl.jvp(bl.grad(f), (x,), (v / np.linalg.norm(v),))[1]"),
        curve("-bl.jvp(bl.grad(f), (x,), (v,))[1]"),
        curve("2 * bl.jvp(bl.grad(f), (x,), (v,))[1]"),
        curve("bl.jvp(bl.grad(f), (x,), (v,))[1].data[:, None]"),
        curve("bl.jvp(bl.grad(f), (x,), (v,))[1].data * v"),
        curve("bl.jvp(bl.grad(f), (x,), (bl.grad(f)(x).data,))[1]"),
        curve("np.array([bl.jvp(bl.grad(f), (x,), (e,))[1].data for e in np.eye(len(x))]) @ v"),
        curve("v @ np.array([bl.grad(lambda x: bl.grad(f)(x)[i])(x).data for i in range(len(x))])"),
        curve("bl.jacobian(bl.grad(f))(x)"),
        curve("(bl.grad(f)(x + 0.1 * v) - bl.grad(f)(x)) / 0.1"),
        curve("f(x)"),
        "curvature_along = None",
    ],
}
