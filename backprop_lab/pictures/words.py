"""What a picture shows, in words: the alt text of the image, and all there is in a console."""

from collections import Counter

from ..graph import LEAVES, unused
from .arrows import LONG, local_text
from .cards import gradient_word, is_gone
from .text import clean, content, is_written_out, isolate
from .view import WHOLE

INFIX = {"+", "−", "×", "÷", "**", "@"}
STEPS = 12  # operators that are told one by one; more are counted
NAMED = 6  # leaves of a kind, or shared tensors, that are named; more are counted
MANY = 16  # gradients that are told with their numbers
SHORT = 24  # characters of a formula that may stand for a tensor without a name


def describe(view, local=False, saved=False):
    """A view in a few sentences: what is computed from what, in which order, how it came out.

    Arguments: local (tell local derivatives?), saved (tell what is kept for backward?).

    >>> from ..graph import Graph
    >>> from .view import view_of
    >>> rows = {"a": ["input"], "c": ["*", "a", "a"], "d": ["exp", "c"]}
    >>> describe(view_of(Graph.from_rows(rows)))
    'Graph of d, from the input a. In 2 steps: c = a × a; d = exp(c). Read twice: a.'
    """
    graph = view.record
    order = graph.nodes  # inputs before readers
    operators = [node for node in order if node["op"]]
    titles = name_all(graph, order)
    if not operators:
        return f"Graph without operators: {origins(order, titles)}."
    outputs = listed([titles[node["id"]] for node in order if node["kind"] == "output"])
    sentences = [
        f"Graph of {outputs}, from {origins(order, titles)}.",
        steps(graph, operators, titles) if len(operators) <= STEPS else counts(graph, operators),
        gone(operators, titles),
        groups(view),
        sharing(graph, order, titles),
        broadcasting(graph, titles),
        local_derivatives(graph, titles) if local else "",
        kept(graph, titles) if saved else "",
        freed(operators) or gradients(graph, order, titles),
    ]
    return " ".join(filter(None, sentences))


def name_all(graph, order):
    """What each tensor is called, as {id: title}: its name, else a short formula, else t1, t2, …"""
    titles, inputs = {}, graph.inputs()
    taken = {node["name"] for node in order}
    for node in order:
        if node["name"]:
            title = isolate(clean(node["name"]))
        elif node["op"] is None:
            bare = node["kind"] == "constant" and is_written_out(node["value"])
            title = ("" if bare else f"{node['kind']} ") + content(node["value"])
        else:
            title = formula(node, inputs[node["id"]], titles)
            if len(title) > SHORT or title in taken:
                title = unused("t1", taken)
            taken.add(title)
        titles[node["id"]] = title
    return titles


def formula(node, edges, titles):
    """How an operator's result is written: a × b, −a or relu(a)."""
    symbol = clean(node["label"])
    operands = [titles[edge["from"]] for edge in edges]
    if symbol in INFIX and len(operands) == 2:
        return f"{bracketed(operands[0])} {symbol} {bracketed(operands[1])}"
    if symbol == "−" and len(operands) == 1:
        return f"−{bracketed(operands[0])}"
    if symbol.startswith("[") and symbol != "[ ]":  # one of several results: h[0]
        return f"{bracketed(operands[0])}{symbol}"
    return f"{symbol}({', '.join(operands)})"


def bracketed(operand):
    """In brackets if another operator beside it would be misread.

    >>> bracketed("a"), bracketed("a + b"), bracketed("relu(a + b)")
    ('a', '(a + b)', 'relu(a + b)')
    """
    depth = 0
    for character in operand:
        depth += (character in "([") - (character in ")]")
        if character == " " and depth == 0:
            return f"({operand})"
    return operand


def steps(graph, operators, titles):
    inputs, told = graph.inputs(), []
    for node in operators:
        title = titles[node["id"]]
        how = formula(node, inputs[node["id"]], titles)
        made = how if title == how else f"{title} = {how}"
        told.append(made + result(node["value"]))
    return f"In {number_of(len(told), 'step')}: {'; '.join(told)}."


def result(value):
    """What came out, to be put after a formula: " = 9", or " of shape 5×3"."""
    if value is None:
        return ""
    return f" = {content(value)}" if is_written_out(value) else f" of shape {content(value)}"


def gone(operators, titles):
    """Whose values have been let go of, so that only their shapes are known."""
    found = [titles[node["id"]] for node in operators if is_gone(node)]
    return f"Not kept by PyTorch: {few(found)}." if found else ""


def freed(operators):
    """Whether what the operators had saved has been freed."""
    if not any("freed" in node["saved"] for node in operators):
        return ""
    return "Freed by PyTorch, as backward() has run: what the operators had saved."


def counts(graph, operators):
    """The operators of a large graph: how many of each, and how long the longest route is."""
    each = Counter(clean(node["label"]) for node in operators).most_common(NAMED)
    others = len(operators) - sum(n for _, n in each)
    rest = f" and {others} others" if others else ""
    depth, inputs = {}, graph.inputs()
    for node in operators:
        before = [depth.get(edge["from"], 0) for edge in inputs[node["id"]]]
        depth[node["id"]] = 1 + max(before, default=0)
    return (
        f"In {len(operators)} steps: {listed([f'{n} {symbol}' for symbol, n in each])}{rest}; "
        f"the longest route has {max(depth.values())}."
    )


def origins(order, titles):
    """The leaves with their values, kind by kind."""
    told = []
    for kind in LEAVES:
        found = [
            titles[node["id"]] + result(node["value"]) if node["name"] else content(node["value"])
            for node in order
            if node["kind"] == kind
        ]
        if len(found) > NAMED:
            told.append(f"{len(found)} {kind}s")
        elif found:
            told.append(f"the {kind}{'s' if len(found) > 1 else ''} {listed(found)}")
    return listed(told)


def sharing(graph, order, titles):
    """Which tensors are read more than once: where gradients will add up."""
    reads = Counter(edge["from"] for edge in graph.edges)
    shared = {}
    for node in order:
        if reads[node["id"]] > 1:
            shared.setdefault(reads[node["id"]], []).append(titles[node["id"]])
    return " ".join(
        f"Read {'twice' if times == 2 else f'{times} times'}: {few(found)}."
        for times, found in sorted(shared.items())
    )


def broadcasting(graph, titles):
    """Which tensors are copied to fit: where gradients will be summed over the copies."""
    found = {
        titles[edge["from"]]: edge["copies"]
        for edge in graph.edges
        if edge["local"] and edge["copies"] > 1
    }
    copied = [f"{title} into {n} copies" for title, n in found.items()]
    return f"Broadcast: {few(copied)}." if copied else ""


def groups(view):
    """Which groups are folded; for a large graph without any, that there could be some."""
    folded = [clean(node["name"]) for node in view.nodes if node["kind"] == "group"]
    if folded:
        return f"Folded into {number_of(len(folded), 'group')}: {few(folded)}."
    named = any(node["group"] for node in view.record.nodes)
    if len(view.record.nodes) > WHOLE and not named:
        return 'Drawn whole; with bl.group("t=1"), a step or a layer is folded into one node.'
    return ""


def local_derivatives(graph, titles):
    """How each result moves with each input: by its number or its kind; many are counted."""
    told = [
        (local_text(edge["local"]), titles[edge["from"]], titles[edge["to"]])
        for edge in graph.edges
        if edge["local"] and local_text(edge["local"])
    ]
    if len(told) > MANY:
        kinds = Counter(edge["local"]["kind"] for edge in graph.edges if edge["local"])
        counted = listed([f"{n} {clean(kind, LONG)}" for kind, n in kinds.most_common(NAMED)])
        others = len(told) - sum(n for _, n in kinds.most_common(NAMED))
        return f"Local derivatives: {counted}{f' and {others} others' if others > 0 else ''}."
    each = "; ".join(f"{text} from {source} to {reader}" for text, source, reader in told)
    return f"Local derivatives: {each}." if each else ""


def kept(graph, titles):
    """Which tensors are kept for backward: inputs and results of operators, and what else."""
    sources = {(edge["to"], f"input {edge['slot']}"): edge["from"] for edge in graph.edges}
    found, more = {}, 0
    for node in graph.nodes:
        for saved in node["saved"]:
            key = node["id"] if saved == "output" else sources.get((node["id"], saved))
            more += key is None
            found |= {titles[key]: None} if key else {}
    told = [few(list(found))] if found else []
    told += [number_of(more, "other array")] if more else []
    return f"Saved for backward: {listed(told)}." if told else ""


def gradients(graph, order, titles):
    """The gradients once backward has run; before, one sentence that it has not."""
    word, found = gradient_word(graph), graph.gradients()
    if not word:
        possible = any(edge["local"] for edge in graph.edges)
        return graph.unswept if possible else ""
    told, large, missed = [], [], []
    for node in order:
        title, gradient = titles[node["id"]], found.get(node["id"])
        if gradient is None:
            missed += [title] if node["kind"] != "constant" else []
        elif is_written_out(gradient) and len(told) < MANY:
            told.append(f"{content(gradient)} at {title}")
        else:
            large.append(title)
    return " ".join(
        [f"{word.capitalize()}s: {'; '.join(told)}."]
        + ([f"Reached as well: {few(large)}."] if large else [])
        + ([f"Not reached: {few(missed)}."] if missed else [])
    )


def few(names):
    more = len(names) - NAMED
    return listed(names if more <= 0 else [*names[:NAMED], f"{more} more"])


def listed(names):
    """Names as a list in a sentence.

    >>> listed(["a", "b", "c"])
    'a, b and c'
    """
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))


def number_of(n, thing):
    return f"{n} {thing}" if n == 1 else f"{n} {thing}s"
