"""The series as one book: links from page to page, its contents, and its glossary.

All of it is made from the pages themselves: the first cell of each tells its title, what it needs
and how long it takes, and a word of the glossary was introduced where it first stands in bold.
"""

import re

GLOSSARY = "glossary.md"


def facts(source):
    """Title, promise, needs and minutes of a page, as its first cell states them.

    Argument: source (the path of a text in notebooks/source/). Returns a dict of texts.
    """
    first = source.read_text(encoding="utf-8").split("\n# %%", 2)[0]
    text = re.sub(r"^# ?", "", first, flags=re.M)
    part = {
        " ".join(name.split()): " ".join(value.split())
        for name, value in re.findall(r"\*\*(\w+\s?\w*)\*\*(.*?)(?=·\s+\*\*|\n\n|\Z)", text, re.S)
    }
    return {
        "number": int(source.name[:2]),
        "page": source.with_suffix(".ipynb").name,
        "title": re.search(r"^# (.+)$", text, re.M)[1],
        "will": part["You will"],
        "need": part["You need"],
        "minutes": part["Minutes"],
    }


def link(facts, before="", after=""):
    return f"[{before}{facts['number']} {facts['title'].split(':')[0]}{after}]({facts['page']})"


ON_BINDER = """
<details><summary>On Binder?</summary>

A session there ends after ten idle minutes, and what you wrote is gone with it. `bl.pack()` in
a cell gives you all notebooks and your progress as one file; next time, `bl.unpack()` brings
them back.

</details>"""


def bridge(source):
    """What a learner needs who begins the series with this page, folded; "" if nobody should."""
    path = source.with_name(f"bridge-{source.name[:2]}.md")
    return path.read_text(encoding="utf-8").strip() if path.exists() else ""


def links(source, sources):
    """The line at the end of a page: the page before, the contents, the page after."""
    place = sources.index(source)
    line = ["[Contents and glossary](contents.md)"]
    if place > 0:
        line.insert(0, link(facts(sources[place - 1]), before="← "))
    if place < len(sources) - 1:
        line.append(link(facts(sources[place + 1]), after=" →"))
    return " · ".join(line)


def contents(sources):
    """The text of contents.md: each page with what it needs and how long it takes; the glossary."""
    pages = [facts(source) for source in sources]
    rows = [
        f"| {link(page)} | {page['will']} | {page['need']} | {page['minutes']} |" for page in pages
    ]
    words = [
        f"| **{word}** | {meaning} | {link(facts(introduced(word, sources)))} |"
        for word, meaning in glossary(sources[0].parent)
    ]
    return "\n".join(
        [
            "# Backprop Lab: contents",
            "",
            length(pages),
            "",
            entries(sources),
            "",
            "| Notebook | You will | You need | Minutes |",
            "|---|---|---|---|",
            *rows,
            "",
            "## Glossary",
            "",
            "One word for each idea, and where it is introduced.",
            "",
            "| Word | Meaning | Introduced in |",
            "|---|---|---|",
            *words,
            "",
        ]
    )


def length(pages):
    """A sentence on how many pages there are and how long they take, from their `facts`."""
    total = sum(int(re.match(r"\d+", page["minutes"])[0]) for page in pages)
    more = sum(int(n) for page in pages for n in re.findall(r"and (\d+) more", page["minutes"]))
    return (
        f"{len(pages)} notebooks, {total / 60:.1f} hours; with all extra practice "
        f"{(total + more) / 60:.1f}. They build on each other."
    )


def entries(sources):
    """A sentence on the pages that the series can be begun with."""
    pages = " or ".join(link(facts(source)) for source in sources if bridge(source))
    return (
        f"You can also begin with {pages}: folded below the first picture is a bridge of five "
        "minutes over all that comes before, and a question that tells whether you can go on."
    )


def glossary(folder):
    """The (word, meaning) pairs of the glossary, in alphabetical order."""
    text = (folder / GLOSSARY).read_text(encoding="utf-8")
    pairs = re.findall(r"^- \*\*(.+?)\*\*: (.+(?:\n  .+)*)", text, re.M)
    words = [(word, " ".join(meaning.split())) for word, meaning in pairs]
    return sorted(words, key=lambda pair: pair[0].casefold())


def introduced(word, sources):
    """The first page that has a word (or its plural) in bold."""
    bold = re.compile(rf"\*\*{re.escape(word)}s?\*\*", re.I)
    for source in sources:
        text = re.sub(r"\s*\n# ", " ", source.read_text(encoding="utf-8"))
        if bold.search(text):
            return source
    raise ValueError(f"No page introduces {word!r} (in bold); {GLOSSARY} says what it means.")
