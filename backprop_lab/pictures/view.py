"""What of a record is drawn: groups folded into one node, shared leaves once for each reader.

The view of a record is made of nodes and edges like the record's own. Its edges keep their ids, so
whatever is known of an edge of the record can be shown on the arrow that it became part of.
"""

from collections import Counter
from dataclasses import dataclass, field
from itertools import pairwise
from operator import attrgetter

from ..graph import LEAVES, Graph
from ..graph.parts import make_node

MOST = 300  # nodes in one picture; beyond, nobody can follow the lines
MOST_RECORDED = 3000  # operators of which a record is made, to be folded: half a second
WHOLE = 80  # nodes up to which groups are not folded unasked
# In a picture of more than SMALL nodes, a leaf whose readers are more than APART steps
# apart is drawn beside each of them. (An LSTM of 12 steps: 0 crossings for 66, a third as wide.)
SMALL, APART = 24, 6
LISTED = 6  # names of groups in a message


@dataclass
class View:
    """record: the Graph that is shown; nodes, edges: what is drawn of it, in the form of a record;
    members: {id of a folded group: ids of what it holds}; uses: {id: (2, 3)} for the second of
    three drawings of a leaf."""

    record: Graph
    nodes: list
    edges: list
    members: dict = field(default_factory=dict)
    uses: dict = field(default_factory=dict)

    def inside(self):
        """{id of a node of the record: id of the group that it is folded into}"""
        return {member: key for key, members in self.members.items() for member in members}


def view_of(graph, expand=None):
    """The View of a record.

    Arguments: expand (None: groups are folded where the record has more than 80 nodes; True: none
    is folded; a list of names: all others are). Raises ValueError for a name that no group has.
    """
    view = View(graph, graph.nodes, graph.edges)
    if expand is not True and (expand is not None or len(graph.nodes) > WHOLE):
        view = fold(graph, opened(graph, expand))
    return beside_readers(view) if len(view.nodes) > SMALL else view


def operators_of(output, most):
    """The nodes that a tensor depends on, in forward order; None if there are more than `most`."""
    nodes = [output.grad_fn] if output.grad_fn else []
    found = set(nodes)
    for node in nodes:  # a list that grows while it is read
        for source in (x.grad_fn for x in node.inputs):
            if source is not None and source not in found:
                found.add(source)
                nodes.append(source)
        if len(nodes) > most:
            return None
    return sorted(nodes, key=attrgetter("number"))


def count_drawn(nodes, expand):
    """How many nodes of a picture these operators become at least, before a record is made."""
    folds = expand is not True and (expand is not None or len(nodes) > WHOLE)
    names = [folded_name(node.group, as_set(expand)) if folds else None for node in nodes]
    return sum(name is None or name != before for before, name in pairwise([None, *names]))


def opened(graph, expand):
    """The names of the groups to open, checked."""
    names = as_set(expand)
    known = {prefix for node in graph.nodes for prefix in prefixes(node["group"])}
    for name in sorted(names - known):
        found = ", ".join(map(repr, sorted(known)[:LISTED])) + ", …" * (len(known) > LISTED)
        there = (
            f"the groups here are {found}" if known else "there are no groups here: see bl.group"
        )
        raise ValueError(f"expand names the group {name!r}, and {there}.")
    return names


def as_set(expand):
    """What `expand` names. Raises TypeError if it is neither None, True, a name or several."""
    names = [expand] if isinstance(expand, str) else expand or []
    if not isinstance(names, (list, tuple, set)) or not all(isinstance(n, str) for n in names):
        raise TypeError(
            'expand takes the names of groups, as in expand=["t=1"], or True for all; '
            f"not {expand!r}."
        )
    return set(names)


def prefixes(group):
    """A group and those around it, outermost first.

    >>> prefixes("encoder / t=1")
    ['encoder', 'encoder / t=1']
    """
    parts = group.split(" / ") if group else []
    return [" / ".join(parts[: i + 1]) for i in range(len(parts))]


def folded_name(group, opened):
    """The group that a node disappears into: the outermost one around it that is not opened."""
    return next((name for name in prefixes(group) if name not in opened), None)


def fold(graph, opened):
    """A view in which each group is one node.

    What is folded together are operators that ran one after the other, so that no group can be
    before and after something else at once: a name that comes back later is a group of its own.
    """
    into, made = {}, []  # from node ids to the id of their group; (id, name) of the groups
    before = None
    for node in graph.nodes:
        if node["op"] is None:
            continue
        name = folded_name(node["group"], opened)
        if name and name != before:
            made.append((f"g{len(made)}", name))
        if name:
            into[node["id"]] = made[-1][0]
        before = name
    readers = {}
    for edge in graph.edges:
        readers.setdefault(edge["from"], set()).add(into.get(edge["to"], edge["to"]))
    for node in graph.nodes:  # a group takes in the weights and constants that only it reads
        only = readers.get(node["id"], set())
        if node["kind"] in ("weight", "constant") and len(only) == 1 and only <= set(into.values()):
            into[node["id"]] = next(iter(only))
    return folded(graph, into, dict(made))


def folded(graph, into, names):
    """The view of a record whose nodes disappear `into` groups with these names."""
    members = {key: [] for key in names}
    for node in graph.nodes:
        if node["id"] in into:
            members[into[node["id"]]].append(node)
    last = {
        [node for node in inside if node["op"]][-1]["id"]: key for key, inside in members.items()
    }
    nodes, again = [], Counter()
    for node in graph.nodes:
        if node["id"] in last:  # a group stands where its last operator does: after all it reads
            key = last[node["id"]]
            again[names[key]] += 1
            name = names[key] + (f" ({again[names[key]]})" if again[names[key]] > 1 else "")
            held = contents(members[key])
            nodes.append(make_node(key, "group", None, held, name, group=names[key]))
        elif node["id"] not in into:
            nodes.append(node)
    edges = []
    for edge in graph.edges:
        source, reader = into.get(edge["from"], edge["from"]), into.get(edge["to"], edge["to"])
        if source != reader:
            edges.append(edge | {"from": source, "to": reader})
    ids = {key: [node["id"] for node in inside] for key, inside in members.items()}
    return View(graph, nodes, edges, ids)


def contents(nodes):
    """What a group holds, counted: "12 operators, 3 weights"."""
    operators = sum(node["op"] is not None for node in nodes)
    weights = sum(node["kind"] == "weight" for node in nodes)
    counted = [(operators, "operator"), (weights, "weight")]
    return ", ".join(f"{n} {thing}{'s' * (n != 1)}" for n, thing in counted if n)


def beside_readers(view):
    """The view with each leaf whose readers are far apart drawn once for each of them."""
    shared = far_apart(view)
    more = sum(len(found) - 1 for found in shared.values())
    if not shared or len(view.nodes) + more > MOST:
        return view
    drawn, uses = {}, {}
    beside = {}  # from a reader to the leaves that are drawn for it
    for node in view.nodes:
        found = shared.get(node["id"], ())
        for i, reader in enumerate(found, start=1):
            alias = node | {"id": f"{node['id']}.{i}", "alias_of": node["id"]}
            drawn[node["id"], reader] = alias["id"]
            uses[alias["id"]] = (i, len(found))
            beside.setdefault(reader, []).append(alias)
    nodes = []
    for node in view.nodes:
        nodes += beside.get(node["id"], [])
        nodes += [node] if node["id"] not in shared else []
    edges = [
        edge | {"from": drawn.get((edge["from"], edge["to"]), edge["from"])} for edge in view.edges
    ]
    return View(view.record, nodes, edges, view.members, uses)


def far_apart(view):
    """The leaves that are read at points more than APART steps apart, as {id: readers in order}.

    Counted are the steps from a reader to the output, along the longest route.
    """
    readers, left = {}, {}
    for edge in view.edges:
        readers.setdefault(edge["from"], {})[edge["to"]] = None
    for node in reversed(view.nodes):
        left[node["id"]] = 1 + max((left[key] for key in readers.get(node["id"], ())), default=0)
    found = {}
    for node in view.nodes:
        steps = [left[key] for key in readers.get(node["id"], ())]
        if node["kind"] in LEAVES and steps and max(steps) - min(steps) > APART:
            found[node["id"]] = list(readers[node["id"]])
    return found
