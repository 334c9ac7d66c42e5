"""From stored notebooks to pages of HTML, all of them made before the first is written."""

import json
import re
from pathlib import Path

from jinja2 import Environment, FileSystemLoader
from markupsafe import Markup
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

from ...pictures.theme import DARK, LIGHT, variables
from ..book import entries, facts, glossary, introduced, length
from ..build import NOTEBOOKS, ROOT, links, read, sources, targets
from .prose import Prose, plain, sections

HERE = Path(__file__).parent
BINDER = re.compile(r"https://mybinder\.org/v2/\S+?lab/tree/notebooks/(?=\d)")
OPENING = "02"  # the notebook whose first stepper stands on the index


def write_site(folder, solved=False):
    """Write the notebooks, as they are stored, as pages that need no server and no network.

    Arguments: folder (a path; it must not be there yet, or be empty), solved (the notebooks with
    their solutions). Returns the paths of the pages, the index first. The same notebooks give the
    same bytes. Raises FileExistsError for a folder with something in it, FileNotFoundError for a
    notebook that was not built yet, ValueError if the README has no badge of Binder.
    """
    folder = Path(folder)
    if folder.is_file() or (folder.exists() and any(folder.iterdir())):
        raise FileExistsError(f"{folder} is not empty: name a folder that is not there yet.")
    files = make_site(solved)
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8", newline="\n")
    return [folder / name for name in files if name.endswith(".html")]


def make_site(solved=False):
    """All files of the site, as {name: text}."""
    pages = [chapter(source, solved) for source in sources()]
    shared = {"style": Markup(style()), "pages": pages, "solved": solved}
    files = {"index.html": fill("index", shared | front(pages))}
    for before, page, after in zip([None, *pages], pages, [*pages[1:], None], strict=False):
        files[page["file"]] = fill("chapter", shared | page | {"before": before, "after": after})
    return files | {"site.js": script(pages)}


def fill(template, values):
    """A page from the template of that name beside this file."""
    loader = FileSystemLoader(HERE)
    templates = Environment(loader=loader, autoescape=True, trim_blocks=True, lstrip_blocks=True)
    return templates.get_template(f"{template}.j2").render(values)


# --- one notebook --------------------------------------------------------------------------------


def chapter(source, solved):
    """What the page of one notebook shows, as a dict for its template."""
    cells = stored(source, solved).cells
    cells[-1].source = cells[-1].source.removesuffix(
        links(source, sources())
    )  # the page has its own
    prose = Prose()
    shown = [show(cell, prose) for cell in cells]
    found = sections("".join(cell["text"] or cell["code"] for cell in shown))
    told = facts(source)
    return {
        "file": address(told["page"]),
        "number": told["number"],
        "title": prose.phrase(told["title"]),
        "name": told["title"].split(":")[0],
        "will": Markup(prose.phrase(told["will"])),
        "need": Markup(prose.phrase(told["need"])),
        "minutes": told["minutes"],
        "summary": plain(prose.phrase(told["will"])),
        "binder": binder() + told["page"],
        "cells": shown,
        "sections": found,
        "outline": [(level, name, short(title)) for level, name, title, _ in found if level > 1],
    }


def short(title):
    """A heading for the list of them: an exercise without its minutes."""
    return Markup(re.sub(r" · (core|more practice) · \d+ minutes$", "", title))


def stored(source, solved):
    """A notebook as it was built, outputs included."""
    path = dict((is_solved, path) for path, is_solved in targets(source))[solved]
    if not path.exists():
        raise FileNotFoundError(
            f"There is no {path.relative_to(ROOT)} to make a page of. "
            f"Build it first: python -m backprop_lab build {source.name[:2]}"
        )
    return read(path)


def address(notebook):
    return notebook.replace(".ipynb", ".html")


def show(cell, prose):
    """A cell as HTML: its text, or its code and what came out of it."""
    if cell.cell_type == "markdown":
        return {"text": Markup(prose.html(cell.source)), "code": "", "outputs": []}
    code = highlight(cell.source, PythonLexer(), HtmlFormatter(nowrap=True))
    return {"text": "", "code": Markup(code), "outputs": [*map(output, cell.outputs)]}


def output(output):
    """What the page shows of an output: the HTML that a notebook shows, or its words."""
    data = output.get("data", {})
    if "text/html" in data:
        return Markup(data["text/html"])
    return data.get("text/plain") or output.get("text") or "\n".join(output["traceback"])


def binder():
    """The address on Binder that a notebook's name completes, as the badge of the README has it."""
    found = BINDER.search((ROOT / "README.md").read_text(encoding="utf-8"))
    if not found:
        raise ValueError(
            "README.md has no badge that opens a notebook on Binder, and the pages link to where "
            "it leads. It looks like this: https://mybinder.org/v2/gh/OWNER/NAME/HEAD"
            "?urlpath=lab/tree/notebooks/01-computational-graphs.ipynb"
        )
    return found[0]


# --- what all pages share ------------------------------------------------------------------------


def front(pages):
    """What the index shows beside the list of pages: the opening picture, and the glossary."""
    prose = Prose()
    by_stem = {Path(page["file"]).stem: page for page in pages}
    words = [
        (word, Markup(prose.phrase(meaning)), by_stem[introduced(word, sources()).stem])
        for word, meaning in glossary(NOTEBOOKS / "source")
    ]
    opening = next(page for page in pages if page["file"].startswith(OPENING))
    return {
        "length": length(pages),
        "entries": Markup(prose.phrase(entries(sources()))),
        "words": words,
        "opening": opening,
        "picture": first_stepper(opening),
    }


def first_stepper(page):
    """The first output of a page that can be stepped through."""
    outputs = [output for cell in page["cells"] for output in cell["outputs"]]
    return next((html for html in outputs if "Step by step through" in html), None)


def style():
    """The style sheet: the colours are those of the pictures, light or dark with the pictures."""
    dark = f"@media screen and (prefers-color-scheme:dark){{:root{{{variables(DARK)}}}}}"
    return f":root{{{variables(LIGHT)}}}\n{dark}\n{(HERE / 'site.css').read_text(encoding='utf-8')}"


def script(pages):
    """The script: what can be searched, and the search. Pages from a disk may load a script, and
    may not fetch data."""
    places = [
        [page["file"], f"{page['number']} {page['name']}", name, plain(title), words]
        for page in pages
        for _, name, title, words in page["sections"]
    ]
    data = json.dumps(places, ensure_ascii=False, separators=(",", ":"))
    return f"const PLACES = {data};\n{(HERE / 'site.js').read_text(encoding='utf-8')}"
