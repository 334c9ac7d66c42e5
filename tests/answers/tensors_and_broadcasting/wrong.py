"""For notebook 5: mistakes that no misconception lists; they are refused all the same."""


def function(head, *lines):
    return f"def {head}:\n" + "".join(f"    {line}\n" for line in lines)


def fold(*lines):
    """An `unbroadcast`; `new` axes are in front, `ones` are those of size 1 in shape."""
    start = (
        "new = tuple(range(z_bar.ndim - len(shape)))",
        "ones = tuple(i for i, n in enumerate(shape) if n == 1)",
    )
    return function("unbroadcast(z_bar, shape)", *start, *lines)


def linear(x="z_bar @ w.T", w="x.T @ z_bar", b="z_bar.sum(axis=0)"):
    return function("linear_vjp(x, w, z_bar)", f"return {x}, {w}, {b}")


def reduce(sum="z * ones", mean="z / n * ones", max="z * top / ties", start="pass"):
    return function(
        "reduce_vjp(op, x, axis, keepdims, z_bar)",
        "z = z_bar if keepdims or axis is None else np.expand_dims(z_bar, axis)",
        "n, ones = (x.size if axis is None else x.shape[axis]), np.ones(x.shape)",
        "top = x == x.max(axis=axis, keepdims=True)",
        "ties = top.sum(axis=axis, keepdims=True)",
        start,
        f"if op == 'sum': return {sum}",
        f"return {mean} if op == 'mean' else {max}",
    )


def gather(*lines):
    """A `gather_vjp`; i and g are the indices and the messages laid out flat, t is zeros."""
    return function(
        "gather_vjp(table, indices, z_bar)",
        "V, D = table.shape",
        "i, g, t = indices.ravel(), z_bar.reshape(-1, D), np.zeros((V, D))",
        *lines,
    )


def entropy(loss="-log_p[rows, labels].mean()", gradient="(p - one_hot) / B", start="pass"):
    return function(
        "softmax_cross_entropy(logits, labels)",
        "(B, K), rows = logits.shape, np.arange(len(labels))",
        start,
        "shifted = logits - logits.max(axis=1, keepdims=True)",
        "p = np.exp(shifted) / np.exp(shifted).sum(axis=1, keepdims=True)",
        "log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))",
        "one_hot = np.eye(K)[labels]",
        f"return {loss}, {gradient}",
    )


def unstable(p):
    """Loss and gradient from a p that may have broken down."""
    return function(
        "softmax_cross_entropy(logits, labels)",
        f"p, rows = {p}, np.arange(len(labels))",
        "p = p / p.sum(axis=1, keepdims=True)",
        "return -np.log(p[rows, labels]).mean(), (p - np.eye(p.shape[1])[labels]) / len(p)",
    )


def checked(same="np.allclose(a, b, rtol=1e-4, atol=1e-9)", u="rng.normal(size=np.shape(f(x)))",
            h="1e-6", slope="(f(x + e) - f(x - e)) / (2 * h)", start="pass"):  # fmt: skip
    return function(
        "gradcheck(f, pull_back, x)",
        "rng = np.random.default_rng(5)",
        start,
        f"u, h, b = {u}, {h}, np.zeros(x.shape)",
        "a = np.asarray(pull_back(x, u))",
        "if a.shape != b.shape: return False",
        "for place in np.ndindex(x.shape):",
        "    e = np.zeros(x.shape); e[place] = h",
        f"    b[place] = np.sum(u * {slope})",
        f"return bool({same})",
    )


def root(formula, *lines):
    return function("root_or_zero(x)", "m = x > 0", *lines, f"return {formula}")


ALL_SUMMED = "z_bar.sum(axis=new).sum(axis=ones, keepdims=True)"

WRONG = {
    "unbroadcast": [
        fold(f"return -{ALL_SUMMED}"),
        fold(f"return np.abs({ALL_SUMMED})"),
        fold(f"return {ALL_SUMMED}[None]"),
        fold(f"return {ALL_SUMMED}.astype(int)"),
        fold(f"z_bar *= 3; return {ALL_SUMMED} / 3"),
        fold("return z_bar.sum(axis=new).mean(axis=ones, keepdims=True)"),
        fold("return z_bar.mean(axis=new).sum(axis=ones, keepdims=True)"),
        fold("return z_bar.max(axis=new).max(axis=ones, keepdims=True)"),
        fold("return z_bar.sum(axis=new, keepdims=True).sum(axis=ones, keepdims=True)"),
        fold("z = z_bar.sum(axis=new)", "return z.sum(axis=ones[0], keepdims=True) if ones else z"),
        fold("z = z_bar.sum(axis=0) if new else z_bar", "return z.sum(axis=ones, keepdims=True)"),
        fold("return z_bar.reshape(-1, int(np.prod(shape))).sum(axis=0).reshape(shape)"),
        fold("return z_bar.reshape(int(np.prod(shape)), -1).sum(axis=1).reshape(shape)"),
        fold("return np.resize(z_bar, shape)"),
        fold("return np.zeros(shape)"),
        fold("return shape"),
        fold("print(z_bar)"),
        "unbroadcast = (3, 1)",
    ],
    "reduce_vjp": [
        *(reduce(sum=wrong) for wrong in (
            "n * z * ones", "-z * ones", "z", "z * x", "z_bar.sum() * ones", "x",
            "np.resize(z_bar, x.shape)", "np.repeat(z_bar, n).reshape(x.shape)",
            "z_bar if keepdims else z * ones", "z_bar if axis is None else z * ones")),
        *(reduce(mean=wrong) for wrong in (
            "z / x.shape[-1] * ones", "z / z.size * ones", "z_bar / n * ones", "ones / n",
            "z * x / n", "z / n", "z / n**2 * ones", "z / np.sqrt(n) * ones")),
        *(reduce(max=wrong) for wrong in (
            "z * top / n", "top / ties", "-z * top / ties", "z * top * (ties == 1)",
            "z * (x == x.min(axis=axis, keepdims=True))", "2 * z * top / ties",
            "z * np.exp(x) / np.exp(x).sum(axis=axis, keepdims=True)", "z * top / top.sum()",
            "z * (np.abs(x) == np.abs(x).max(axis=axis, keepdims=True))", "z * top / np.sqrt(ties)",
            "z * (3 * top / ties - 2 * (np.cumsum(top, axis).reshape(x.shape) == 1) * top)",
            "z * (top / ties + 1e-3 * (ones - 1 / n))", "z_bar * top / ties")),
        reduce(start="x *= 2"),
        "def reduce_vjp(op, x, axis, keepdims, z_bar): return None",
    ],
    "linear_vjp": [
        *(linear(x=wrong) for wrong in (
            "-z_bar @ w.T", "z_bar @ w.T / len(x)", "z_bar @ abs(w).T", "x @ w @ w.T",
            "z_bar @ np.linalg.pinv(w)", "(z_bar @ w.T).sum(axis=0)", "(z_bar @ w.T)[::-1]",
            "z_bar @ w.reshape(w.shape[::-1])", "None", "x")),
        *(linear(w=wrong) for wrong in (
            "len(x) * x.T @ z_bar", "-x.T @ z_bar", "(x.T @ z_bar) * w", "x.T @ z_bar + w", "w",
            "np.outer(x.sum(0), z_bar.sum(0))", "np.outer(x[0], z_bar[0])",
            "x.reshape(x.shape[::-1]) @ z_bar", "(x - x.mean(0)).T @ z_bar")),
        *(linear(b=wrong) for wrong in (
            "-z_bar.sum(0)", "z_bar.sum(0, keepdims=True)", "np.full(w.shape[1], len(x))",
            "w.sum(0)", "[z_bar.sum(0)]", "z_bar.mean()", "None")),
        linear("x.T @ z_bar", "z_bar @ w.T"),
        linear("z_bar.sum(axis=0)", "x.T @ z_bar", "z_bar @ w.T"),
        function("linear_vjp(x, w, z_bar)", "return z_bar @ w.T, x.T @ z_bar"),
        function("linear_vjp(x, w, z_bar)", "w *= 2",
                 "return z_bar @ w.T / 2, x.T @ z_bar, z_bar.sum(axis=0)"),
        function("linear_vjp(x, w, z_bar)", "return {}"),
    ],
    "gather_vjp": [
        gather("t[i[::-1]] = g[::-1]", "return t"),
        gather("return np.eye(V)[i].T @ g"),
        gather("return np.einsum('iv,id->vd', i[:, None] == np.arange(V), g)"),
        gather("return np.array([g[m].sum(axis=0) for m in i == np.arange(V)[:, None]])"),
        gather("np.maximum.at(t, i, g)", "return t"),
        gather("np.subtract.at(t, i, g)", "return t"),
        gather("np.add.at(t, i, np.abs(g))", "return t"),
        gather("np.add.at(t, i, g[::-1])", "return t"),
        gather("np.add.at(t, i[1:], g[1:])", "return t"),
        gather("np.add.at(t, np.maximum(i - 1, 0), g)", "return t"),
        gather("np.add.at(t, i, g)", "return t / len(i)"),
        gather("np.add.at(t, i, g)", "return t * table"),
        gather("np.add.at(t, i, g)", "return t.T"),
        gather("np.add.at(t, i, g)", "return t[indices]"),
        gather("for k in range(len(indices)): t[indices[k]] += z_bar[k]", "return t"),
        gather("last = -1", "for a, b in zip(i, g):", "    t[a] += b * (a != last); last = a",
               "return t"),
        gather("for v in range(V): t[v] = g[i == v].sum()", "return t"),
        gather("table *= 0", "np.add.at(table, i, g)", "return table"),
        gather("return table[indices]"),
        gather("return t"),
        gather("return None"),
    ],
    "softmax_cross_entropy": [
        *(entropy(gradient=wrong) for wrong in (
            "2 * (p - one_hot) / B", "(p - one_hot) / K", "(one_hot - 1) * p / B", "p",
            "-one_hot / B", "((p - one_hot) / B).T", "((p - one_hot) / B).sum(0)", "None",
            "(log_p - one_hot) / B", "p * (1 - p) / B", "(p - 1) / B", "shifted / B",
            "(p - one_hot)[rows, labels] / B", "np.round((p - one_hot) / B, 4)")),
        *(entropy(loss=wrong) for wrong in (
            "-log_p[rows, labels]", "-log_p.mean()", "-log_p[rows, labels].mean() / K",
            "min(700.0, -log_p[rows, labels].mean())", "-np.log(p.max(1)).mean()",
            "-np.log(np.maximum(p, 1e-300))[rows, labels].mean()", "-log_p[:, labels].mean()",
            "-shifted[rows, labels].mean()", "-log_p[rows, labels].mean() / np.log(2)", "None",
            "-log_p[rows, labels].max()", "[-log_p[rows, labels].mean()]")),
        *(unstable(p) for p in (
            "np.exp(np.clip(logits, -50, 50))", "np.exp(np.clip(logits, -700, 700))",
            "np.nan_to_num(np.exp(logits))", "np.exp(logits / np.abs(logits).max())",
            "np.exp(logits - logits.max(axis=0))", "1 / (1 + np.exp(-logits))",
            "np.exp(logits - logits.mean(axis=1, keepdims=True))")),
        entropy(start="logits = np.exp(logits - logits.max())"),
        entropy(start="logits -= 1"),
        entropy(start="top = logits.max(); logits = np.log(np.exp(logits - top))"),
        entropy("(p - one_hot) / B", "-log_p[rows, labels].mean()"),
        function("softmax_cross_entropy(logits, labels)", "return 0.417"),
    ],
    "gradcheck": [
        *(checked(wrong) for wrong in (
            "(a == b).all()", "np.allclose(a, b, rtol=0.1)", "np.allclose(np.sort(a, None), "
            "np.sort(b, None), rtol=1e-4, atol=1e-9)", "np.isclose(a, b, rtol=1e-4).any()",
            "np.isclose(np.linalg.norm(a), np.linalg.norm(b), rtol=1e-4)",
            "np.abs(a - b).sum() < 1e-5",
            "((a - b) / (np.abs(a) + np.abs(b) + 1e-12)).max() < 1e-4",
            "np.array_equal(np.sign(a), np.sign(b))", "not np.allclose(a, b, rtol=1e-4, atol=1e-9)",
            "np.median(np.abs(a - b)) < 1e-4 * np.abs(b).max()", "np.abs(a - b).mean() < 1e-4",
            "(np.abs(a - b) / np.abs(b)).max() < 1e-4", "not a.any() or np.allclose(a, b, 1e-4)")),
        *(checked(h=wrong) for wrong in ("1e-14", "1e-16", "1.0", "0.0")),
        *(checked(slope=wrong) for wrong in (
            "(f(x - e) - f(x + e)) / (2 * h)", "f(x + e) - f(x - e)", "(f(x + e) - f(x)) / (2 * h)",
            "(f(x + h) - f(x - h)) / (2 * h)")),
        checked(u="np.full(np.shape(f(x)), 0.7)"),
        checked(u="np.eye(np.size(f(x)))[0].reshape(np.shape(f(x)))"),
        checked(start="x = rng.normal(size=x.shape)"),
        checked(start="x = 0 * x"),
        function("gradcheck(f, pull_back, x)", "return False"),
        function("gradcheck(f, pull_back, x)", "return pull_back(x, f(x)).shape == x.shape"),
        function("gradcheck(f, pull_back, x)", "print(f(x))"),
        function("gradcheck(f, pull_back, x)", "return 1.0"),
    ],
    "root_or_zero": [
        *(root(wrong) for wrong in (
            "ops.sqrt(x)", "ops.sqrt(ops.abs(x)) * m", "ops.sqrt(ops.abs(x))", "x", "0.0 * x",
            "ops.where(m, ops.sqrt(ops.abs(x)), 0.0)", "ops.sqrt(ops.where(m, x, 1.0))",
            "ops.where(x >= 0, ops.sqrt(ops.where(x >= 0, x, 1.0)), 0.0)",
            "ops.where(m, ops.sqrt(ops.where(m, x, 1.0)), x)", "ops.relu(x)", "None", "3.0",
            "ops.where(x > 1, ops.sqrt(ops.where(x > 1, x, 1.0)), 0.0)",
            "-ops.where(m, ops.sqrt(ops.where(m, x, 1.0)), 0.0)",
            "ops.where(m, ops.sqrt(ops.where(m, x, 1.0)), 0.0).sum()",
            "ops.where(x.sum() > 0, ops.sqrt(ops.where(m, x, 1.0)), 0.0)",
            "ops.sqrt(x) if m.all() else 0.0 * x", "np.sqrt(np.maximum(x.data, 0.0))",
            "ops.where(m, ops.sqrt(ops.where(m, x, 1.0)).detach(), 0.0 * x)")),
        root("ops.where(m, ops.sqrt(x), 0.0)", "x.data = np.where(m, x.data, 1.0)"),
    ],
}  # fmt: skip
