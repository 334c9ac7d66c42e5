"""For notebook 4: answers that differ from the solution and are as good."""

TABLE = """
RULES = {
    "exp": lambda x, z_bar: np.multiply(np.exp(x), z_bar),
    "sum": lambda x, z_bar: z_bar * np.ones(x.shape),
    "mean": lambda x, z_bar: np.repeat(z_bar, x.size) / x.size,
    "center": lambda x, z_bar: z_bar - np.ones(x.size) * np.sum(z_bar) / x.size,
    "cumsum": lambda x, z_bar: np.flip(np.flip(z_bar).copy().cumsum()).copy(),
}
def vjp_of(op, x, z_bar):
    return RULES[op](x, z_bar)
"""
LOOPS = """
def vjp_of(op, x, z_bar):
    n, x_bar, total = len(x), [], 0.0
    if op in ("sum", "mean"):
        return [z_bar / (n if op == "mean" else 1) for _ in range(n)]
    for z in z_bar:
        total += z
    for x_i, z in zip(x, z_bar):
        if op == "cumsum":
            x_bar.append(total)
            total -= z
        else:
            x_bar.append(z * np.exp(x_i) if op == "exp" else z - total / n)
    return x_bar
"""
WASTEFUL = """
def vjp_of(op, x, z_bar):
    # many temporaries, none of them larger than x
    n = len(x)
    a, b, c, d = x.copy(), x * 2, x - 1, np.stack([x, x, x, x, x])
    z = np.array(list(map(float, np.broadcast_to(z_bar, n))))
    if op == "exp":
        return z * np.exp(a * 0.5 + b * 0.25)
    if op == "center":
        return z - z.mean() * (d[0] - c)
    if op == "cumsum":
        total, so_far = z.sum(), np.concatenate([[0.0], np.cumsum(z)[:-1]])
        return total - so_far
    return z / n if op == "mean" else z
"""
ROW_BY_ROW = """
def vjp_of(op, x, z_bar):
    # one row of J at a time, never two
    n, x_bar = len(x), np.zeros(len(x))
    if op in ("sum", "mean"):
        return x_bar + (z_bar if op == "sum" else z_bar / n)
    for i in range(n):
        row = np.zeros(n)
        if op == "exp":
            row[i] = np.exp(x[i])
        elif op == "center":
            row -= 1 / n
            row[i] += 1
        else:
            row[: i + 1] = 1
        x_bar += z_bar[i] * row
    return x_bar
"""

RIGHT = {
    "jacobian_at": [
        "def jacobian_at(x, y): return [[y, x], [np.cos(x), 0], [0, y + y]]",
        """
def jacobian_at(x, y):
    J = np.zeros((3, 2))
    J[0] = y, x
    J[1, 0] = np.sin(x + np.pi / 2)
    J[2, 1] = 2 * y
    return J
""",
        """
def jacobian_at(x, y):
    # a complex step for each column
    f = lambda x, y: np.array([x * y, np.sin(x), y * y])
    return np.array([f(x + 1e-20j, y).imag, f(x, y + 1e-20j).imag]).T / 1e-20
""",
        """
def jacobian_at(x, y):
    # measured, from either side
    f = lambda p: np.array([p[0] * p[1], np.sin(p[0]), p[1] ** 2])
    p, h = np.array([x, y]), 1e-5
    return np.column_stack([(f(p + h * e) - f(p - h * e)) / (2 * h) for e in np.eye(2)])
""",
    ],
    "pull": [
        "def pull(u, x, y): return u @ np.array([[y, x], [np.cos(x), 0], [0, 2 * y]])",
        "def pull(u, x, y): return np.array([[y, np.cos(x), 0], [x, 0, 2 * y]]) @ u",
        """
def pull(u, x, y):
    J = [(y, x), (np.cos(x), 0.0), (0.0, 2 * y)]
    x_bar = y_bar = 0.0
    for u_i, (by_x, by_y) in zip(u, J):
        x_bar += u_i * by_x
        y_bar += u_i * by_y
    return x_bar, y_bar
""",
        """
def pull(u, x, y):
    J = np.array([[y, x], [np.cos(x), 0], [0, 2 * y]])
    return np.einsum("i,ij->j", u, J)
""",
    ],
    "vjp_of": [TABLE, LOOPS, WASTEFUL, ROW_BY_ROW],
    "bytes_of": [
        """
def bytes_of(op, sizes):
    shapes = {"elementwise": [sizes, sizes], "matmul by X": [sizes[::2], sizes[:2]],
              "matmul by W": [sizes[::2], sizes[1:]]}[op]
    outputs, inputs = (int(np.prod(shape)) for shape in shapes)
    return [outputs * inputs * 8, inputs * 8]
""",
        """
def bytes_of(op, sizes):
    if len(sizes) == 1:
        return 8.0 * sizes[0] ** 2, 8.0 * sizes[0]
    B, D, H = sizes
    if op.endswith("X"):
        return 8 * B * B * D * H, 8 * B * D
    return 8 * B * D * H * H, 8 * D * H
""",
    ],
    "recover": [
        """
def recover(pull_back, push_forward, M, N):
    J = np.zeros((M, N))
    for i in range(min(M, N)):
        one_hot = np.zeros(M if M < N else N)
        one_hot[i] = 1
        if M < N:
            J[i] = pull_back(one_hot)
        else:
            J[:, i] = push_forward(one_hot)
    return J
""",
        """
def recover(pull_back, push_forward, M, N):
    # any basis will do
    if N < M:
        return recover(push_forward, pull_back, N, M).T
    basis = np.linalg.qr(np.arange(M * M).reshape(M, M) ** 1.5 + 7 * np.eye(M))[0]
    return basis.T @ np.array([pull_back(u) for u in basis])
""",
        """
def recover(pull_back, push_forward, M, N):
    if M <= N:
        return [list(pull_back([float(i == j) for j in range(M)])) for i in range(M)]
    columns = [push_forward([float(i == j) for j in range(N)]) for i in range(N)]
    return [list(row) for row in zip(*columns)]
""",
    ],
    "transpose_test": [
        """
def transpose_test(pull_back, push_forward, M, N, rng):
    u, v = rng.uniform(-1, 1, M), rng.uniform(-1, 1, N)
    a, b = np.dot(pull_back(u), v), np.dot(u, push_forward(v))
    return abs(a - b) <= 1e-9 * (abs(a) + abs(b))
""",
        """
def transpose_test(pull_back, push_forward, M, N, rng):
    for _ in range(10):
        u, v = rng.standard_normal(M), rng.standard_normal(N)
        if not np.allclose(np.sum(pull_back(u) * v), np.sum(u * push_forward(v))):
            return False
    return True
""",
        """
def transpose_test(pull_back, push_forward, M, N, rng):
    import math
    u, v = rng.choice([-1, 1], M) * rng.uniform(1, 2, M), rng.normal(size=N)
    return math.isclose(float(v @ pull_back(u)), float(push_forward(v) @ u))
""",
    ],
    "curvature_along": [
        "def curvature_along(f, x, v): return bl.grad(lambda x: bl.jvp(f, (x,), (v,))[1])(x)",
        "def curvature_along(f, x, v): return bl.grad(lambda x: (bl.grad(f)(x) * v).sum())(x).data",
        """
def curvature_along(f, x, v):
    gradient, pull_back = bl.vjp(bl.grad(f), x)
    return pull_back(v)[0]
""",
        """
def curvature_along(f, x, v):
    value, change = bl.jvp(bl.grad(f), (bl.tensor(x),), (bl.tensor(v),))
    return change.numpy()
""",
        """
def curvature_along(f, x, v):
    # along a line, where there is one input only
    return bl.jacobian(lambda t: bl.grad(f)(x + t * v))(0.0)
""",
    ],
}
