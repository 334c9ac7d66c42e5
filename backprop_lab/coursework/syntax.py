"""Is this the same program? Syntax trees without the names, so that renaming hides nothing."""

import ast
import re
import warnings

SMALLEST = 10  # nodes of a tree that says something; anybody may write `return x * y`
CODE = re.compile(r"\bdef |\bclass |\breturn |\w = ")
FENCE = re.compile(r"```(?:python)?\n(.*?)```", re.S)


def same_trees(solutions, texts):
    """The names of those solutions, (name, text) pairs, whose statements stand in some text."""
    wanted = {}
    for name, text in solutions:
        body = statements(text)
        if body and sum(1 for x in body for _ in ast.walk(x)) >= SMALLEST:
            wanted.setdefault(kinds(body), {})[normal(body)] = name
    found = set()
    for text in texts:
        for block in blocks(trees(text)):
            for shape, known in wanted.items():
                for i in range(len(block) - len(shape) + 1):
                    window = block[i : i + len(shape)]
                    if kinds(window) == shape and normal(window) in known:
                        found.add(known[normal(window)])
    return found


def kinds(body):
    return tuple(type(statement) for statement in body)


def statements(text):
    """The statements of a piece of code, which may be the inside of a function; or None."""
    for whole in (text, "def f():\n" + re.sub(r"^", "    ", text, flags=re.M)):
        tree = parse(whole)
        if tree is not None:
            return tree.body if whole is text else tree.body[0].body
    return None


def parse(text):
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def trees(text, deep=0):
    """The syntax trees in a text: of itself, of code in fences, of code in its strings."""
    pieces = [text, *FENCE.findall(text)]
    for tree in filter(None, map(parse, filter(CODE.search, pieces))):
        yield tree
        texts = [x.value for x in ast.walk(tree) if isinstance(x, ast.Constant)]
        for inside in texts if deep < 2 else []:
            if isinstance(inside, str) and "\n" in inside:
                yield from trees(inside, deep + 1)


def blocks(trees):
    """Every list of statements in some trees."""
    for tree in trees:
        for node in ast.walk(tree):
            for part in ("body", "orelse", "finalbody"):
                block = getattr(node, part, None)
                if isinstance(block, list) and block:
                    yield block


def normal(body):
    """Statements as a text in which names are numbered and layout, types and docstrings gone."""
    names = {}

    def number(name):
        return f"v{names.setdefault(name, len(names))}"

    def write(node):
        if isinstance(node, list):
            return "[" + ",".join(write(x) for x in node if not is_docstring(x)) + "]"
        if isinstance(node, ast.Name):
            return number(node.id)
        if isinstance(node, ast.arg):
            return number(node.arg)
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            parts = [number(node.name), *(write(getattr(node, p, [])) for p in ("args", "body"))]
            return f"{type(node).__name__}({','.join(parts)})"
        if isinstance(node, ast.AnnAssign) and node.value is not None:
            return f"Assign([{write(node.target)}],{write(node.value)})"
        if isinstance(node, ast.AST):
            parts = [
                write(getattr(node, part, None))
                for part in node._fields
                if part not in ("ctx", "annotation", "type_comment", "returns", "kind")
            ]
            return f"{type(node).__name__}({','.join(parts)})"
        return repr(node)

    return write(list(body))


def is_docstring(node):
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )
