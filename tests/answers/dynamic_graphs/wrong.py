"""For notebook 7: mistakes that no misconception lists; they are refused all the same."""


def facts(operators='["mul" if up else "sub", "pow", "sum"]', x="2 * y * (w if up else 1)",
          w="2 * y * x if up else None", b="None if up else -2 * y", up="x.sum() > 0"):  # fmt: skip
    return (
        f"def branch_facts(x, w, b):\n    up = {up}\n    y = x * w if up else x - b\n"
        f'    return {{"operators": {operators}, "x": {x}, "w": {w}, "b": {b}}}\n'
    )


def doubling(start="2 * a", test="(b * b).sum() < 1000**2", step="b = 2 * b",
             end="return b if b.sum() > 0 else 100 * b"):  # fmt: skip
    return f"def double_until(a):\n    b = {start}\n    while {test}:\n        {step}\n    {end}\n"


def steps(step="h = w * h", before="pass", count="steps", after="return h"):
    return (
        f"def unroll(w, h, steps):\n    {before}\n    for i in range({count}):\n"
        f"        {step}\n    {after}\n"
    )


def walk(start="[tensor.grad_fn]", found="leaves.append(node.variable)", take="pop()",
         further="node.next_functions", after="return leaves",
         alone="return [tensor] if tensor.requires_grad else []"):  # fmt: skip
    return f"""
def leaves_of(tensor):
    if tensor.grad_fn is None:
        {alone}
    leaves, seen, waiting = [], set(), {start}
    while waiting:
        node = waiting.{take}
        if node is None or node in seen:
            continue
        seen.add(node)
        if hasattr(node, "variable"):
            {found}
        for pair in {further}:
            waiting.append(pair[0])
    {after}
"""


MENDED = {
    "scaled": "(x @ w + b).div((x @ w + b).norm()).exp().sum()",
    "stacked": "(x @ w).sum() ** 2 + b**2 + w.square().sum()",
    "gated": "((x @ w + b) * (x @ w + b).sigmoid()).sum()",
    "centered": "((x @ w + b) - (x @ w + b).mean()).exp().sum()",
    "halved": "(x @ w + b).tanh().sum() / 2",
}


def mended(name, result, *lines):
    """All five mended but one."""
    good = "\n".join(f"    {key!r}: lambda x, w, b: {text}," for key, text in MENDED.items())
    body = "\n".join(f"    {line}" for line in [*lines, f"return {result}"])
    return (
        f"repair = {{\n{good}\n}}\ndef {name}(x, w, b):\n    z = x @ w + b\n{body}\n"
        f'repair["{name}"] = {name}\n'
    )


def stacked(parts):
    return mended("stacked", "parts.square().sum() + w.square().sum()", parts)


def masked(result, mask="torch.arange(scores.shape[1]) < lengths[:, None]", before="pass"):
    return (
        f"def masked_mean_loss(scores, targets, lengths):\n    mask = {mask}\n    {before}\n"
        f"    return {result}\n"
    )


def meaned(mask):
    places = "places = torch.arange(scores.shape[1]); mask = "
    return masked("d.square().sum() / mask.sum()", before=f"{places}{mask}; {SAFE}")


def hook(note="log.append(g.detach().clone())", register="return tensor.register_hook(note)"):
    return f"def watch(tensor, log):\n    def note(g):\n        {note}\n    {register}\n"


SAFE = "d = torch.where(mask, scores - targets, 0.0)"

WRONG = {
    "branch_facts": [
        facts(w="0.0", b="0.0"),
        facts(w="2 * y * x if up else 0", b="0 if up else -2 * y"),
        facts(w='2 * y * x if up else "None"'),
        facts(w="2 * y * x if up else np.nan"),
        facts(w="2 * y * x if up else []"),
        facts(operators='["mul" if up else "sub", "sum"]'),
        facts(operators='["sum", "mul" if up else "sub", "pow", "sum"]'),
        facts(operators='["sum", "pow", "mul" if up else "sub"]'),
        facts(operators='["gt", "mul" if up else "sub", "pow", "sum"]'),
        facts(operators='["mul", "pow", "sum"]'),
        facts(operators='["mul" if up else "sub", "sum", "pow"]'),
        facts(operators='["MulBackward0", "PowBackward0", "SumBackward0"]'),
        facts(operators='"mul pow sum"'),
        facts(operators='{"mul", "pow", "sum"}'),
        facts(operators="[1, 2, 3]"),
        facts(up="x.sum() >= 0"),
        facts(up="x[0] > 0"),
        facts(up="(x > 0).all()"),
        facts(up="(x > 0).any()"),
        facts(up="w.sum() > 0"),
        facts(x="2 * y"),
        facts(x="2 * y * w"),
        facts(x="y * (w if up else 1)"),
        facts(x="2 * y * (x if up else 1)"),
        facts(x="0 * x"),
        facts(w="2 * y * w if up else None"),
        facts(w="y * x if up else None"),
        facts(w="(2 * y * x).sum() if up else None"),
        facts(w="(2 * y * x)[:, None] if up else None"),
        facts(b="None if up else -2 * y.sum()"),
        facts(b="None if up else -y"),
        facts(w="2 * y * x", b="None if up else -2 * y"),
        facts().replace('"w": ', '"weight": '),
        "def branch_facts(x, w, b): return ['mul', 'pow', 'sum'], x * w * w, x * w * x, None",
        "def branch_facts(x, w, b): pass",
        "branch_facts = {'operators': ['mul', 'pow', 'sum'], 'x': 1.0, 'w': 1.0, 'b': None}",
        facts().replace("    return", "    x -= 1\n    return"),
        "def branch_facts(x, w, b):\n    t = torch.tensor(x)\n    return {}\n",
    ],
    "double_until": [
        doubling(start="a"),
        doubling(start="a.detach() * 2"),
        doubling(start="a.item() * 2 if a.numel() == 1 else 2 * a.data"),
        doubling(start="2 * torch.tensor(a.tolist(), requires_grad=True)"),
        doubling(start="2 * a.clone().detach().requires_grad_()"),
        doubling(test="(b * b).sum() <= 4000**2"),
        doubling(test="(b * b).sum() < 1000"),
        doubling(test="b.abs().sum() < 1000"),
        doubling(test="b.abs().max() < 1000"),
        doubling(test="(b * b).mean() < 1000**2"),
        doubling(test="(a * a).sum() < 0"),
        doubling(step="b = 3 * b"),
        doubling(step="b = b + 64 * a"),
        doubling(step="b = b + 128 * a.detach()"),
        doubling(step="b = (2 * b).detach().requires_grad_()"),
        doubling(step="b.data *= 2"),
        doubling(end="return b if b.sum() > 0 else -100 * b"),
        doubling(end="return b if b.sum() > 0 else 100 * b.detach()"),
        doubling(end="return b if b.sum() > 0 else 100 + b"),
        doubling(end="return b if b.sum() > 0 else 10 * b"),
        doubling(end="return b if b.sum() > 0 else 100 * a"),
        doubling(end="return torch.where(b > 0, b, 100 * b)"),
        doubling(end="return b if b.flatten()[0] > 0 else 100 * b"),
        doubling(end="return b if b.max() > 0 else 100 * b"),
        doubling(end="return b.sum() if b.sum() > 0 else 100 * b.sum()"),
        doubling(end="return b.abs() if b.sum() > 0 else 100 * b"),
        doubling(end="return b.flatten() if b.sum() > 0 else 100 * b.flatten()"),
        doubling(end="b.sum().backward()\n    return b"),
        doubling(end="b.sum().backward(retain_graph=True)\n    return 100 * b"),
        doubling(end="return (b if b.sum() > 0 else 100 * b).float()"),
        doubling(end="return (b if b.sum() > 0 else 100 * b).detach().numpy()"),
        doubling(end="return 4096 * a if b.sum() > 0 else 409600 * a"),
        doubling(end="return [b if b.sum() > 0 else 100 * b]"),
        doubling(start="2 * a.exp().log()", test="b.abs().max() < 1000"),
        doubling(start="2 * a.data", end="return a * 4096"),
        "def double_until(a):\n    b = a\n    b *= 2\n    return b\n",
        "double_until = 4096",
    ],
    "unroll": [
        steps("h = w.detach() * h"),
        steps("h = w.item() * h"),
        steps("h = torch.tensor((w * h).tolist(), requires_grad=True)"),
        steps("h = (w * h).data"),
        steps("h.data = (w * h).data"),
        steps("h = h + w * h"),
        steps("h = w + h"),
        steps("h = torch.tanh(w * h)"),
        steps("w = w * w"),
        steps("h = w * h.detach() if i + 1 < steps else w * h"),
        steps("h = w * (h if i % 2 else h.detach())"),
        steps("h *= w"),
        steps("h.data *= w"),
        steps(count="10"),
        steps(count="1, steps + 2"),
        steps(count="min(steps, 5)"),
        steps(count="max(steps, 1)"),
        steps(count="0"),
        steps(after="return h.sum()"),
        steps(after="return h.item() if h.ndim == 0 else h.tolist()"),
        steps(after="return h.detach().requires_grad_()"),
        steps(after="h.sum().backward()\n    return h"),
        steps(after="h.sum().backward(retain_graph=True)\n    return h"),
        steps(after="return w * h"),
        steps(after="return [h]"),
        steps(before="first = h", after="return first"),
        steps(before="h = h.detach()"),
        steps(before="w = torch.tensor(float(w), dtype=h.dtype, requires_grad=True)"),
        steps(before="w = torch.abs(w)"),
        "def unroll(w, h, steps): return torch.pow(w, steps) * h",
        "def unroll(w, h, steps): return h * torch.exp(steps * torch.log(w.abs()))",
        "def unroll(w, h, steps): return steps * w ** (steps - 1) * h",
        steps("with torch.no_grad(): h = w * h"),
        "def unroll(w, h, steps): return w",
        "unroll = None",
    ],
    "leaves_of": [
        walk(further="node.next_functions[-1:]"),
        walk(further="node.next_functions[:1]"),
        walk(further="[]"),
        walk(found="leaves.append(node)"),
        walk(found="leaves.append(node.variable.detach())"),
        walk(found="leaves.append(node.variable.clone())"),
        walk(found="leaves.append(node.variable.data)"),
        walk(found="leaves.append(node.variable.item())"),
        walk(found="leaves.append(node.variable.grad)"),
        walk(found="leaves.append('leaf')"),
        walk(found="leaves += [node.variable, node.variable]"),
        walk(found="leaves.append(node.variable.item() not in leaves and node.variable)"),
        walk(found="return [node.variable]"),
        walk(alone="return [tensor]"),
        walk(alone="return []"),
        walk(alone="return None"),
        walk(alone="return tensor"),
        walk(after="return leaves[0]"),
        walk(after="return len(leaves)"),
        walk(after="return leaves[:2]"),
        walk(after="return leaves + [tensor]"),
        walk(after="return {x.item(): x for x in leaves}.values()"),
        walk(after="return {i: x for i, x in enumerate(leaves)}"),
        walk(after="return [x for x in leaves if x is not leaves[-1]]"),
        walk(after="return"),
        walk(found="leaves.append(node.variable)\n        if len(seen) > 3000: return leaves[:1]"),
        walk(further="node.next_functions if len(seen) < 5 else node.next_functions[:1]"),
        walk(start="[pair[0] for pair in tensor.grad_fn.next_functions[:1]]"),
        """
def leaves_of(tensor):
    # one level
    return [f.variable for f, _ in tensor.grad_fn.next_functions if hasattr(f, "variable")]
""",
        """
def leaves_of(tensor):
    # a tree: no node is remembered
    if tensor.grad_fn is None:
        return [tensor] if tensor.requires_grad else []
    leaves, waiting = [], [tensor.grad_fn]
    while waiting:
        node = waiting.pop()
        if hasattr(node, "variable"):
            leaves.append(node.variable)
        waiting += [f for f, _ in node.next_functions if f is not None]
    return leaves
""",
        """
def leaves_of(tensor):
    # a recursion that skips what it has seen, and has no room
    found = {}
    def visit(node, seen=set()):
        if node is None or node in seen: return
        seen.add(node)
        if hasattr(node, "variable"): found[id(node.variable)] = node.variable
        [visit(f) for f, _ in node.next_functions]
    visit(tensor.grad_fn)
    return list(found.values()) or [tensor] * tensor.requires_grad
""",
        "def leaves_of(tensor): return [tensor.grad_fn]",
        "def leaves_of(tensor): pass",
        "leaves_of = []",
    ],
    "repair": [
        mended("scaled", "(z / z.norm().item()).exp().sum()"),
        mended("scaled", "(z / z.detach().norm()).exp().sum()"),
        mended("scaled", "(z.detach() / z.norm()).exp().sum()"),
        mended("scaled", "(z / torch.tensor(float(z.norm()))).exp().sum()"),
        mended("scaled", "z.exp().sum()"),
        mended("scaled", "(z / z.norm()).exp().sum().item()"),
        mended("scaled", "(z / z.norm()).exp()"),
        mended("scaled", "(z / z.abs().sum()).exp().sum()"),
        stacked("parts = torch.tensor([(x @ w).sum(), b])"),
        stacked("parts = torch.tensor([(x @ w).sum(), b]).requires_grad_()"),
        stacked("parts = torch.stack([(x @ w).sum(), b.detach()])"),
        stacked("parts = torch.stack([(x @ w).sum().detach(), b])"),
        mended("stacked", "parts.square().sum()", "parts = torch.stack([(x @ w).sum(), b])"),
        mended("gated", "(z * z.detach().sigmoid()).sum()"),
        mended("gated", "(z * z.sigmoid().detach()).sum()"),
        mended("gated", "(z.detach() * z.sigmoid()).sum()"),
        mended("gated", "(z * z.data.sigmoid()).sum()"),
        mended("gated", "2 * (z * z.detach().sigmoid()).sum()"),
        mended("gated", "(z * torch.tensor(z.tolist(), requires_grad=True).sigmoid()).sum()"),
        mended("gated", "(z * z.sigmoid()).sum().detach().requires_grad_()"),
        mended("centered", "(z - z.mean().detach()).exp().sum()"),
        mended("centered", "(z - z.detach().clone().mean()).exp().sum()"),
        mended("centered", "(z - z.mean().item()).exp().sum()"),
        mended("centered", "(z - z.median()).exp().sum()"),
        mended("centered", "(z.detach() - z.mean()).exp().sum()"),
        mended("centered", "(z - z.mean()).exp().sum()", "z = z.detach().requires_grad_()"),
        mended("halved", "h.sum()", "h = z.tanh()", "h.data *= 0.5"),
        mended("halved", "h.sum()", "h = z.tanh()", "h *= 0.5"),
        mended("halved", "h.sum()", "h = z.tanh()", "h.mul_(0.5)"),
        mended("halved", "h.sum()", "h = z.tanh()", "h.detach().mul_(0.5)"),
        mended("halved", "h.clone().sum()", "h = z.tanh()", "h.data.mul_(0.5)"),
        mended("halved", "h.sum()", "h = z.tanh()", "with torch.no_grad(): h *= 0.5"),
        mended("halved", "h.sum()", "h = 0.5 * z.tanh().detach() + 0 * z"),
        mended("halved", "z.tanh().sum()"),
        mended("halved", "(0.5 * z).tanh().sum()"),
        mended("halved", "loss", "loss = z.tanh().sum() / 2", "loss.backward(retain_graph=True)"),
        mended("halved", "z.tanh().sum() / 2", "w.data += 1"),
        mended("halved", "1 / 0"),
        "repair = 'mended'",
        "repair = {'scale': None}",
        "def repair(x, w, b): return (x @ w + b).sum()",
    ],
    "masked_mean_loss": [
        masked("(scores - targets).square().sum() / lengths.sum()"),
        masked("((scores - targets) * mask).square().mean()"),
        masked("((scores - targets) * mask).square().sum() / mask.sum()"),
        masked("torch.where(mask, (scores - targets) ** 2, 0.0).sum() / mask.sum()"),
        masked("torch.nan_to_num(scores - targets).square().sum() / mask.sum()"),
        masked("((scores - targets).nan_to_num(0.0, 0.0, 0.0) * mask).square().mean()"),
        masked("d.square().mean()", before=SAFE),
        masked("d.square().sum() / len(lengths)", before=SAFE),
        masked("d.square().sum()", before=SAFE),
        masked("d.abs().sum() / mask.sum()", before=SAFE),
        masked("d.sum() / mask.sum()", before=SAFE),
        masked("d.sum().square() / mask.sum()", before=SAFE),
        masked("d.square().sum() / (mask.sum() + 1)", before=SAFE),
        masked("d.square().sum() / lengths.max()", before=SAFE),
        masked("(d.square().sum(1) / lengths).mean()", before=SAFE),
        masked("(d.square().sum(1) / lengths.clamp(min=1)).mean()", before=SAFE),
        masked("d.square().sum(1) / lengths", before=SAFE),
        masked("d.square().sum().sqrt() / mask.sum()", before=SAFE),
        masked("d.detach().square().sum() / mask.sum()", before=SAFE),
        masked("(d * d.detach()).sum() / mask.sum()", before=SAFE),
        masked("d.square().sum().item() / mask.sum().item()", before=SAFE),
        masked("d.square().sum() / mask.sum()", before=SAFE.replace("targets,", "targets.mean(),")),
        meaned("places <= lengths[:, None]"),
        meaned("places < lengths[:, None] - 1"),
        meaned("1 + places < lengths[:, None]"),
        meaned("places >= lengths[:, None]"),
        meaned("places < lengths.max()"),
        meaned("places < lengths[0]"),
        meaned("scores != 0"),
        masked(
            "d.square().sum() / mask.sum()", before=SAFE, mask="torch.isfinite(scores - targets)"
        ),
        meaned("torch.arange(len(lengths))[:, None] < lengths"),
        masked("d.square().sum() / mask.sum()", before="scores.data[~mask] = 0; " + SAFE),
        masked("d.square().sum() / mask.sum()", before="targets[~mask] = 0; " + SAFE),
        masked("loss", before=SAFE + "; loss = d.square().sum() / mask.sum(); loss.backward()"),
        masked(
            "(scores[mask] - targets[mask]).square().mean().numpy()",
            before="scores = scores.detach()",
        ),
        masked("(scores[mask] - targets[mask]).square().mean()[None]"),
        masked("(scores[mask] - targets[mask]).square()"),
        masked("2 * (scores[mask] - targets[mask]).square().mean()"),
        masked("(scores[mask] - targets[mask]).pow(2).mean() + 0 * scores.sum()"),
        masked("torch.nan_to_num((scores - targets) ** 2, 0, 0, 0).mean()"),
        "def masked_mean_loss(scores, targets, lengths): pass",
        "masked_mean_loss = 3.0",
    ],
    "watch": [
        hook("log.append(g)"),
        hook("log.append(g.data)"),
        hook("log.append(g.view_as(g))"),
        hook("log.append(g.clone())"),
        hook("log.append(g.detach().clone()); return 2 * g"),
        hook("log.append(g.detach().clone()); return g.sign()"),
        hook("log.append(g.detach().clone()); return torch.zeros_like(g)"),
        hook("log.append(g.detach().clone()); g.mul_(0.5)"),
        hook("g = g.clamp(-0.1, 0.1); log.append(g.detach().clone()); return g"),
        hook("log.append(g.norm().item())"),
        hook("log.append(g.sum())"),
        hook("log.append(-g.detach())"),
        hook("log.append(g.detach().abs())"),
        hook("log.append(g.detach().flatten())"),
        hook("log.append(tensor.grad)"),
        hook("log.append(str(g))"),
        hook("log.append((g.detach().clone(),))"),
        hook("log.append(g.detach().clone()); log.append(g.detach().clone())"),
        hook("log[:] = [g.detach().clone()]"),
        hook("log.insert(0, g.detach() * 2)"),
        hook("log = [g.detach().clone()]"),
        hook("pass"),
        hook(register="tensor.register_hook(note)"),
        hook(register="return tensor.register_hook(note), log"),
        hook(register="tensor.register_hook(note); return log"),
        hook(register="h = tensor.register_hook(note); h.remove(); return h"),
        hook(register="tensor.register_hook(note); return tensor.register_hook(lambda g: None)"),
        hook(register="return tensor.detach().requires_grad_().register_hook(note)"),
        hook(register="return (tensor * 1).register_hook(note)"),
        hook(register="tensor = tensor * 1; return tensor.register_hook(note)"),
        hook(register="return note"),
        hook(register="return note(tensor)"),
        hook(register="return tensor.register_post_accumulate_grad_hook(lambda t: note(t.grad))"),
        hook(register="log.append(tensor.grad); return tensor.register_hook(note)"),
        hook("if not log: log.append(g.detach().clone())"),
        "def watch(tensor, log):\n    tensor.sum().backward()\n    log.append(tensor.grad)\n",
        "def watch(tensor, log): pass",
        "watch = []",
    ],
}
