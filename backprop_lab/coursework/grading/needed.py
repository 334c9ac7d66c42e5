"""Which statements of the page an answer can rest on; the others show things and are not run.

A statement of ours is needed if it binds a name that a cell of the learner's reads, or if it could
change what such a name holds; what it reads is needed as well, and so on. All that a learner
wrote is run. Where it reaches for names in ways that its text does not show, all of ours is too.
"""

import ast
import re
import symtable
import warnings
from dataclasses import dataclass

# By these a name can be reached that stands nowhere in the code.
HIDDEN = re.compile(
    r"\b(?:globals|locals|vars|get_ipython|user_ns|doctest|gc|ctypes|sys\.modules|_getframe"
    r"|f_globals|f_locals|f_back|__main__|__globals__|__builtins__|__import__)\b"
    r"|(?<![.\w])(?:exec|eval)\b|\bimport\s*\(?\s*\*"
)


class Unclear(Exception):
    """What some code uses cannot be told from its text."""


@dataclass(frozen=True)
class Piece:
    """A statement. binds, stores (into an object that has this name), reads: global names.

    code: those of the names bound that are functions, classes or modules: to use one, or to hand
    it on, does not change it.
    """

    text: str
    binds: frozenset
    code: frozenset
    stores: frozenset
    reads: frozenset


def pieces(text):
    """The statements of a cell. Raises Unclear."""
    return [analyse(ast.unparse(statement)) for statement in parse(text).body]


def parse(text):
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise Unclear from None


def analyse(text):
    """One Piece from a text, which may be that of a whole cell. Raises Unclear."""
    tree = parse(text)
    try:
        table = symtable.symtable(text, "cell", "exec")
    except (SyntaxError, ValueError, RecursionError):
        raise Unclear from None
    symbols = table.get_symbols()
    binds = {s.get_name() for s in symbols if s.is_assigned() or s.is_imported()}
    reads, declared = {s.get_name() for s in symbols if s.is_referenced()}, set()
    inner = table.get_children()
    while inner:
        scope = inner.pop()
        inner += scope.get_children()
        for s in scope.get_symbols():
            in_class = scope.get_type() == "class" and s.is_referenced()  # `x = x` in it reads both
            reads |= {s.get_name()} if s.is_global() or in_class else set()
            declared |= {s.get_name()} if s.is_declared_global() and s.is_assigned() else set()
    stores = set(map(stored_into, ast.walk(tree))) & {*binds, *declared, *reads}
    assigned = {x.id for x in own_names(tree) if isinstance(x.ctx, ast.Store)} | declared
    return Piece(
        text, frozenset(binds | declared), frozenset(binds - assigned), frozenset(stores),
        frozenset(reads | stores),
    )  # fmt: skip


def own_names(tree):
    """The names in a tree that are not inside of a function or class."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Name):
            yield node
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)):
            yield from own_names(node)


def stored_into(node):
    """The name of the object that a node of a tree changes: of `x` in `x[0] = 1`, `x.a += 1`."""
    if isinstance(node, ast.AugAssign):
        return root(node.target)
    inside = isinstance(node, (ast.Attribute, ast.Subscript))
    return root(node) if inside and not isinstance(node.ctx, ast.Load) else None


def root(node):
    """The name at the left end of `name.a[b](c).d`, or None."""
    while isinstance(node, (ast.Attribute, ast.Subscript, ast.Call, ast.Starred)):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else None


class Page:
    """The statements of all cells that are handed out, and what each can change.

    Arguments: texts (of the cells), answers (the names of the exercises). What the page does with
    what a learner fills in, the answers among it, does not change it.
    """

    def __init__(self, texts, answers):
        self.answers, self.pieces = answers, {}
        for text in texts:
            try:
                self.pieces[text] = pieces(text)
            except Unclear:
                self.pieces[text] = None  # it is run as it is
        every = [piece for found in self.pieces.values() for piece in found or ()]
        code = frozenset().union(*(p.code for p in every))
        filled_in = answers.union(*(p.binds for p in every if re.search(r"\.\.\.", p.text)))
        data = frozenset().union(*(p.binds - p.code for p in every)) - filled_in
        self.touches = {
            p: p.binds | p.stores | (p.reads & data) | (library_set(p) & code) for p in every
        }
        makers, grown = [p for p in every if p.code], True
        while grown:  # to call a function can change whatever the function changes
            grown = False
            for p in every:
                called = (self.touches[q] - q.code for q in makers if q.code & p.reads)
                more = self.touches[p].union(*called)
                grown |= more != self.touches[p]
                self.touches[p] = more

    def needed(self, ours, theirs):
        """{text of a cell of ours: what is to be run of it}, for these cells of a learner's."""
        try:
            if any(map(HIDDEN.search, theirs)):
                raise Unclear
            names = set(self.answers).union(*(analyse(text).reads for text in theirs))
        except Unclear:
            return {text: text for text in ours}
        left = [p for text in ours for p in self.pieces[text] or ()]
        kept = set()
        while more := [p for p in left if p not in kept and self.touches[p] & names]:
            kept.update(more)
            names.update(*(p.reads | p.binds for p in more))
        return {
            text: text if self.pieces[text] is None
            else "\n".join(p.text for p in self.pieces[text] if p in kept)
            for text in ours
        }  # fmt: skip


def library_set(piece):
    """The library that a statement sets in some way, as `torch.manual_seed(0)` does."""
    statement = ast.parse(piece.text).body[0]
    if not (isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call)):
        return set()
    call = statement.value
    given = [*call.args, *(keyword.value for keyword in call.keywords)]
    return {root(call)} if all(isinstance(x, ast.Constant) for x in given) else set()
