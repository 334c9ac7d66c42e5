"""For notebook 5: answers that differ from the solution and are as good."""

CHECK = """
def gradcheck(f, pull_back, x):
    rng = np.random.default_rng(5)
    u = rng.normal(size=np.shape(f(x)))
    claimed, measured, h = np.asarray(pull_back(x, u)), np.zeros(x.shape), {h}
    if claimed.shape != x.shape:
        return False
    for place in np.ndindex(x.shape):
        e = np.zeros(x.shape)
        e[place] = h
        measured[place] = np.sum(u * {slope})
    return {same}
"""
AS_LARGE = "bool(np.abs(claimed - measured).max() <= {} * np.abs(measured).max())"

RIGHT = {
    "unbroadcast": [
        """
def unbroadcast(z_bar, shape):
    while z_bar.ndim > len(shape):
        z_bar = z_bar.sum(0)
    for i, n in enumerate(shape):
        if n < z_bar.shape[i]:
            z_bar = z_bar.sum(i, keepdims=True)
    return z_bar
""",
        """
def unbroadcast(z_bar, shape):
    padded = (1,) * (z_bar.ndim - len(shape)) + tuple(shape)
    axes = tuple(i for i, (x, z) in enumerate(zip(padded, z_bar.shape)) if x != z)
    return z_bar.sum(axis=axes, keepdims=True).reshape(shape)
""",
        """
def unbroadcast(z_bar, shape):
    x_bar = np.zeros(shape)
    source = np.broadcast_to(np.arange(x_bar.size).reshape(shape), z_bar.shape)
    return np.bincount(source.ravel(), z_bar.ravel(), x_bar.size).reshape(shape)
""",
        """
def unbroadcast(z_bar, shape):
    x_bar = np.zeros(shape)
    for place in np.ndindex(z_bar.shape):
        tail = place[len(place) - len(shape):]
        x_bar[tuple(i if n > 1 else 0 for i, n in zip(tail, shape))] += z_bar[place]
    return x_bar
""",
        """
def unbroadcast(z_bar, shape):
    letters = "abcdefgh"[: z_bar.ndim]
    kept = zip(letters[z_bar.ndim - len(shape):], shape)
    return np.einsum(letters + "->" + "".join(a for a, n in kept if n > 1), z_bar).reshape(shape)
""",
    ],
    "reduce_vjp": [
        """
def reduce_vjp(op, x, axis, keepdims, z_bar):
    # the whole of a tie to the first of the winners
    z = np.broadcast_to(np.reshape(z_bar, np.sum(x, axis, keepdims=True).shape), x.shape)
    if op == "sum":
        return z
    if op == "mean":
        return z / (x.size // np.size(z_bar))
    flat = x.reshape(1, -1) if axis is None else np.moveaxis(x, axis, -1)
    first = np.zeros(flat.shape)
    np.put_along_axis(first, flat.argmax(axis=-1)[..., None], 1.0, axis=-1)
    return z * (first.reshape(x.shape) if axis is None else np.moveaxis(first, -1, axis))
""",
        """
def reduce_vjp(op, x, axis, keepdims, z_bar):
    # one number of z after the other; at a tie later winners get more
    x_bar, shape = np.zeros(x.shape), np.sum(x, axis, keepdims=True).shape
    for out in np.ndindex(shape):
        rows = [range(n) if m == 1 else [i] for n, m, i in zip(x.shape, shape, out)]
        block = x[np.ix_(*rows)]
        weight = np.ones(block.shape)
        if op == "max":
            weight = (block == block.max()) * np.arange(1.0, block.size + 1).reshape(block.shape)
        if op != "sum":
            weight = weight / weight.sum()
        x_bar[np.ix_(*rows)] = weight * np.reshape(z_bar, shape)[out]
    return x_bar
""",
        """
def reduce_vjp(op, x, axis, keepdims, z_bar):
    n = x.size if axis is None else x.shape[axis]
    if axis is not None and not keepdims:
        z_bar = np.stack([z_bar], axis=axis)
    if op == "max":
        top = np.equal(x, np.max(x, axis=axis, keepdims=True))
        return np.where(top, z_bar / np.count_nonzero(top, axis=axis, keepdims=True), 0.0)
    return (z_bar / (n if op == "mean" else 1) + np.zeros_like(x)).tolist()
""",
    ],
    "linear_vjp": [
        """
def linear_vjp(x, w, z_bar):
    return (np.einsum("bm,nm->bn", z_bar, w), np.einsum("bn,bm->nm", x, z_bar),
            np.einsum("bm->m", z_bar))
""",
        """
def linear_vjp(x, w, z_bar):
    x_bar, w_bar, b_bar = np.zeros_like(x), np.zeros_like(w), np.zeros(w.shape[1])
    for i in range(len(x)):
        for j in range(len(w)):
            for k in range(len(b_bar)):
                x_bar[i, j] += z_bar[i, k] * w[j, k]
                w_bar[j, k] += z_bar[i, k] * x[i, j]
        b_bar += z_bar[i]
    return x_bar, w_bar, b_bar
""",
        """
def linear_vjp(x, w, z_bar):
    # b is one more row of w, for an input that is always 1
    both = np.hstack([x, np.ones((len(x), 1))]).T @ z_bar
    return [(w @ z_bar.T).T, both[:-1], both[-1]]
""",
        "def linear_vjp(x, w, z_bar): return (np.tensordot(z_bar, w, (1, 1)), "
        "sum(np.outer(a, g) for a, g in zip(x, z_bar)), sum(z_bar).tolist())",
    ],
    "gather_vjp": [
        """
def gather_vjp(table, indices, z_bar):
    table_bar = np.zeros(table.shape)
    for i, message in zip(indices.ravel(), z_bar.reshape(-1, table.shape[1])):
        table_bar[i] += message
    return table_bar
""",
        """
def gather_vjp(table, indices, z_bar):
    columns = z_bar.reshape(-1, table.shape[1]).T
    return np.stack([np.bincount(indices.ravel(), g, len(table)) for g in columns], axis=1)
""",
        """
def gather_vjp(table, indices, z_bar):
    # sorted, and added up run by run
    order = np.argsort(indices, axis=None, kind="stable")
    rows, messages = indices.ravel()[order], z_bar.reshape(-1, table.shape[1])[order]
    starts = np.flatnonzero(np.r_[True, rows[1:] != rows[:-1]])
    table_bar = np.zeros(table.shape)
    table_bar[rows[starts]] = np.add.reduceat(messages, starts)
    return table_bar
""",
        """
def gather_vjp(table, indices, z_bar):
    # as one long array, in which entry (v, d) has the number v D + d
    flat = indices[..., None] * table.shape[1] + np.arange(table.shape[1])
    return np.bincount(flat.ravel(), z_bar.ravel(), table.size).reshape(table.shape)
""",
    ],
    "softmax_cross_entropy": [
        """
def softmax_cross_entropy(logits, labels):
    # the logarithm of the total, and never one of p
    shifted, rows = logits - logits.max(axis=1, keepdims=True), np.arange(len(labels))
    e = np.exp(shifted)
    total = e.sum(axis=1)
    p = e / total[:, None]
    p[rows, labels] -= 1
    return np.mean(np.log(total) - shifted[rows, labels]), p / len(labels)
""",
        """
def softmax_cross_entropy(logits, labels):
    log_total = np.logaddexp.reduce(logits, axis=1, keepdims=True)
    one_hot = np.arange(logits.shape[1]) == labels[:, None]
    loss = -((logits - log_total) * one_hot).sum() / len(labels)
    return float(loss), ((np.exp(logits - log_total) - one_hot) / len(labels)).tolist()
""",
        """
import math

def softmax_cross_entropy(logits, labels):
    loss, logits_bar = 0.0, np.zeros(logits.shape)
    for i, (row, label) in enumerate(zip(logits, labels)):
        top = max(row)
        total = sum(math.exp(s - top) for s in row)
        loss += top + math.log(total) - row[label]
        logits_bar[i] = [math.exp(s - top) / total - (k == label) for k, s in enumerate(row)]
    return loss / len(labels), logits_bar / len(labels)
""",
    ],
    "gradcheck": [
        CHECK.format(h=1e-6, slope="(f(x + e) - f(x)) / h", same=AS_LARGE.format(1e-3)),
        CHECK.format(h=1e-5, slope="(f(x) - f(x - e)) / h", same=AS_LARGE.format(1e-3)),
        CHECK.format(
            h=1e-2,
            slope="(8 * (f(x + e) - f(x - e)) - (f(x + 2 * e) - f(x - 2 * e))) / (12 * h)",
            same="np.allclose(claimed, measured, rtol=1e-5, atol=1e-12)",
        ),
        CHECK.format(
            h=1e-4,
            slope="(f(x + e) - f(x - e)) / (2 * h)",
            same="(np.abs(claimed - measured) <= 1e-4 * np.maximum(np.abs(claimed), "
            "np.abs(measured)) + 1e-12).all()",
        ),
        """
def gradcheck(f, pull_back, x):
    # in random directions, both ways
    rng, h = np.random.default_rng(2), 1e-5
    for _ in range(4):
        u, v = rng.normal(size=np.shape(f(x))), rng.normal(size=x.shape)
        claimed = np.asarray(pull_back(x, u))
        if claimed.shape != x.shape:
            return False
        measured = np.sum(u * (f(x + h * v) - f(x - h * v))) / (2 * h)
        if abs(np.sum(claimed * v) - measured) > 1e-5 * np.abs(claimed * v).sum() + 1e-12:
            return False
    return True
""",
        """
def gradcheck(f, pull_back, x):
    # the whole Jacobian, column by column, against its rows
    z, columns = f(x), []
    for k in range(x.size):
        up, down, h = x.copy(), x.copy(), 1e-5 * max(1.0, abs(x.flat[k]))
        up.flat[k] += h
        down.flat[k] -= h
        columns.append((f(up) - f(down)).ravel() / (2 * h))
    rows = [np.asarray(pull_back(x, unit.reshape(z.shape))) for unit in np.eye(z.size)]
    if any(row.shape != x.shape for row in rows):
        return False
    measured = np.transpose(columns)
    off = np.abs(np.array([row.ravel() for row in rows]) - measured).max()
    return bool(off < 1e-4 * np.abs(measured).max())
""",
    ],
    "root_or_zero": [
        """
def root_or_zero(x):
    positive = x > 0
    return ops.where(positive, x, 1.0).sqrt() * positive
""",
        """
def root_or_zero(x):
    hidden = x.data <= 0
    log = ops.log(ops.where(hidden, 2.0, x))
    return ops.where(hidden, 0.0, ops.exp(0.5 * log))
""",
        "def root_or_zero(x): return ops.sqrt(ops.where(x > 0, x, 0.0))",
        """
def root_or_zero(x):
    m = (x > 0) * 1.0
    return (x * m + (1 - m)) ** 0.5 * m
""",
    ],
}
