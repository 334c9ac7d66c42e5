"""For notebook 7: answers that differ from the solution and are as good."""

RIGHT = {
    "branch_facts": [
        """
def branch_facts(x, w, b):
    above = bool(x.sum() > 0)
    facts = dict(operators=["mul" if above else "sub", "pow", "sum"], x=None, w=None, b=None)
    y = x * w if above else x - b
    facts["x"] = [2 * float(p) * (float(q) if above else 1.0) for p, q in zip(y, w)]
    facts["w" if above else "b"] = 2 * y * x if above else -2 * y
    return facts
""",
        """
def branch_facts(x, w, b):
    if np.sum(x) <= 0:
        return {"b": 2 * b - 2 * x, "w": None, "x": 2 * x - 2 * b,
                "operators": ("sub", "pow", "sum")}
    return {"b": None, "w": 2 * w * x**2, "x": 2 * x * w**2, "operators": ("mul", "pow", "sum")}
""",
        """
def branch_facts(x, w, b):
    def nudge(name):
        at = {"x": x, "w": w, "b": b}
        gradient = np.zeros_like(x)
        for i in range(len(x)):
            z = {k: v.astype(complex) for k, v in at.items()}
            z[name][i] += 1e-30j
            y = z["x"] * z["w"] if x.sum() > 0 else z["x"] - z["b"]
            gradient[i] = (y**2).sum().imag / 1e-30
        return gradient
    used = "w" if x.sum() > 0 else "b"
    facts = {name: nudge(name) if name in ("x", used) else None for name in "xwb"}
    facts["operators"] = [{"w": "mul", "b": "sub"}[used], "pow", "sum"]
    return facts
""",
    ],
    "double_until": [
        """
def double_until(a):
    b = a + a
    while torch.linalg.vector_norm(b) < 1000:
        b = b + b
    if b.sum() <= 0:
        b = b * 100
    return b
""",
        """
def double_until(a):
    # counts on a copy, and multiplies once
    with torch.no_grad():
        factor = 2.0
        while float((factor * a).square().sum()) < 1e6:
            factor *= 2
        if float(a.sum()) <= 0:
            factor *= 100
    return a * factor
""",
        """
def double_until(a):
    def again(b):
        return b if b.pow(2).sum().item() >= 1000 * 1000 else again(b * 2)
    b = again(a * 2)
    return torch.where(b.sum() > 0, b, 100 * b)
""",
        """
def double_until(a):
    b = a * 2
    while (b.detach() ** 2).sum() < 1_000_000:
        b *= 2
    return b if float(b.sum()) > 0 else b.mul(100)
""",
        """
def double_until(a):
    b = torch.add(a, a)
    while True:
        if torch.dot(b.flatten(), b.flatten()) >= 1000.0**2:
            break
        b = torch.mul(b, 2)
    return b.clone() if b.sum() > 0 else b / 0.01
""",
    ],
    "unroll": [
        """
def unroll(w, h, steps):
    states = [h]
    while len(states) <= steps:
        states.append(states[-1] * w)
    return states[-1]
""",
        """
def unroll(w, h, steps):
    # in place, on a copy: PyTorch keeps what the product was given
    h = h.clone()
    for i in range(steps):
        h *= w
    return h
""",
        """
import functools
def unroll(w, h, steps):
    return functools.reduce(lambda state, _: torch.mul(state, w), range(steps), h)
""",
        """
def unroll(w, h, steps):
    return h if steps == 0 else unroll(w, h * w, steps - 1)
""",
        """
def unroll(w, h, steps):
    h = h.clone()
    for i in range(steps):
        h = torch.einsum(",...->...", w, h)
    return h
""",
        """
def unroll(w, h, steps):
    factor = torch.ones_like(w)
    for i in range(steps):
        factor = factor * w
    return factor * h
""",
    ],
    "leaves_of": [
        """
def leaves_of(tensor):
    if tensor.is_leaf:
        return [tensor] * tensor.requires_grad
    nodes = [tensor.grad_fn]
    seen = set(nodes)
    for node in nodes:
        new = {earlier for earlier, _ in node.next_functions if earlier is not None} - seen
        nodes += new
        seen |= new
    return [node.variable for node in nodes if node.name().endswith("AccumulateGrad")]
""",
        """
def leaves_of(tensor):
    leaves = {}
    if tensor.grad_fn is None and tensor.requires_grad:
        leaves[id(tensor)] = tensor
    queue, done = [tensor.grad_fn], set()
    while queue:
        node = queue.pop(0)
        if node is None or node in done:
            continue
        done.add(node)
        if type(node).__name__ == "AccumulateGrad":
            leaves[id(node.variable)] = node.variable
        queue.extend(pair[0] for pair in node.next_functions)
    return list(leaves.values())
""",
        """
def leaves_of(tensor):
    found = set()
    if not tensor.requires_grad:
        return found
    node = torch.autograd.graph.get_gradient_edge(tensor).node
    stack, seen = [node], {node}
    while stack:
        node = stack.pop()
        if hasattr(node, "variable"):
            found.add(node.variable)
        for pair in node.next_functions:
            if pair[0] and pair[0] not in seen:
                seen.add(pair[0])
                stack.append(pair[0])
    return found
""",
        """
import sys
def leaves_of(tensor):
    # a recursion that has been given room
    sys.setrecursionlimit(100_000)
    leaves, seen = [], set()
    def visit(node):
        if node is None or node in seen:
            return
        seen.add(node)
        if hasattr(node, "variable"):
            leaves.append(node.variable)
        for pair in node.next_functions:
            visit(pair[0])
    if tensor.grad_fn is None:
        return [tensor] if tensor.requires_grad else []
    visit(tensor.grad_fn)
    return leaves
""",
    ],
    "repair": [
        """
def scaled(x, w, b):
    z = torch.addmv(b, x, w)
    return torch.exp(z / z.square().sum().sqrt()).sum()

def stacked(x, w, b):
    return (x @ w).sum() ** 2 + b**2 + torch.dot(w, w)

def gated(x, w, b):
    return torch.nn.functional.silu(x @ w + b).sum()

def centered(x, w, b):
    z = x.matmul(w) + b
    return (z - z.sum() / len(z)).exp().sum()

def halved(x, w, b):
    h = torch.tanh(x @ w + b)
    return h.mul(0.5).sum()

repair = {f.__name__: f for f in (scaled, stacked, gated, centered, halved)}
""",
        """
def halved(x, w, b):
    h = (x @ w + b).tanh().clone()
    h *= 0.5
    return h.sum()

repair = {
    "scaled": lambda x, w, b: torch.nn.functional.normalize(x @ w + b, dim=0).exp().sum(),
    "stacked": lambda x, w, b: torch.cat([(x @ w).sum()[None], b[None], w]).square().sum(),
    "gated": lambda x, w, b: ((x @ w + b) * torch.sigmoid(x @ w + b)).sum(),
    "centered": lambda x, w, b: (x @ w - (x @ w).mean()).exp().sum() + 0 * b,
    "halved": halved,
}
""",
        """
z_of = lambda x, w, b: (x * w).sum(dim=1) + b
repair = dict(
    scaled=lambda x, w, b: (z_of(x, w, b) / torch.linalg.norm(z_of(x, w, b))).exp().sum(),
    stacked=lambda x, w, b: torch.stack([z_of(x, w, 0).sum(), b]).pow(2).sum() + w.pow(2).sum(),
    gated=lambda x, w, b: sum(z / (1 + (-z).exp()) for z in z_of(x, w, b)),
    centered=lambda x, w, b: torch.exp(z_of(x, w, b) - torch.mean(z_of(x, w, b))).sum(),
    halved=lambda x, w, b: torch.tanh(z_of(x, w, b)).sum() / 2,
)
""",
    ],
    "masked_mean_loss": [
        """
def masked_mean_loss(scores, targets, lengths):
    total, count = 0.0, 0
    for row, goal, length in zip(scores, targets, lengths.tolist()):
        total = total + ((row[:length] - goal[:length]) ** 2).sum()
        count += length
    return total / count
""",
        """
def masked_mean_loss(scores, targets, lengths):
    mask = torch.arange(scores.size(1)).unsqueeze(0) < lengths.unsqueeze(1)
    difference = torch.where(mask, scores - targets, torch.zeros_like(scores))
    return (difference**2).sum() / mask.sum()
""",
        """
def masked_mean_loss(scores, targets, lengths):
    padding = torch.arange(scores.shape[1])[None] >= lengths[:, None]
    difference = scores.masked_fill(padding, 0.0) - targets.masked_fill(padding, 0.0)
    return torch.linalg.vector_norm(difference) ** 2 / lengths.sum()
""",
        """
def masked_mean_loss(scores, targets, lengths):
    mask = torch.stack([torch.arange(scores.shape[1]) < n for n in lengths])
    return torch.nn.functional.mse_loss(scores[mask], targets[mask])
""",
        """
def masked_mean_loss(scores, targets, lengths):
    rows = torch.cat([s[:n] - t[:n] for s, t, n in zip(scores, targets, lengths)])
    return rows.square().mean()
""",
        """
def masked_mean_loss(scores, targets, lengths):
    packed = torch.nn.utils.rnn.pack_padded_sequence
    n = lengths[lengths > 0]
    s = packed(scores[lengths > 0], n, batch_first=True, enforce_sorted=False).data
    t = packed(targets[lengths > 0], n, batch_first=True, enforce_sorted=False).data
    return (s - t).pow(2).mean()
""",
    ],
    "watch": [
        """
def watch(tensor, log):
    return tensor.register_hook(lambda g: log.append(g.detach().clone()))
""",
        """
def watch(tensor, log):
    def hook(g):
        log.append(torch.clone(g).detach())
        return None
    handle = tensor.register_hook(hook)
    return handle
""",
        """
def watch(tensor, log):
    def hook(g):
        with torch.no_grad():
            log.append(g * 1.0)
        return g
    return tensor.register_hook(hook)
""",
        """
import copy
def watch(tensor, log):
    return tensor.register_hook(lambda g: log.extend([torch.tensor(g.tolist(), dtype=g.dtype)]))
""",
        """
def watch(tensor, log):
    def hook(g):
        log.append(np.array(g.detach()))
    return tensor.register_hook(hook)
""",
    ],
}
