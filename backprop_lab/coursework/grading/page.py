"""A page of HTML that stands alone: no script, nothing loaded, everything escaped."""

from html import escape

POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'"
STYLE = """\
:root{color-scheme:light dark}
body{font:16px/1.5 system-ui,sans-serif;max-width:46em;margin:2em auto;padding:0 1em}
section{border-left:6px solid #6b6b6b;padding:.2em .9em;margin:1.2em 0}
section.right{border-color:#00795a}section.wrong,section.stopped{border-color:#b3261e}
section.partly{border-color:#a05a00}
h1{font-size:1.5em}h2{font-size:1.1em;margin:.3em 0}
p{margin:.4em 0;white-space:pre-wrap;overflow-wrap:anywhere}
table{border-collapse:collapse}td,th{padding:.2em .8em .2em 0;text-align:left;vertical-align:top}
svg{max-width:100%}"""


def page(title, body):
    """A whole page; `body` is HTML already, the title a text."""
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
        '<meta name="viewport" content="width=device-width">\n'
        f"<title>{text(title)}</title>\n<style>{STYLE}</style></head>\n"
        f"<body>\n<h1>{text(title)}</h1>\n{body}\n</body></html>\n"
    )


def text(value):
    """Any text as HTML that shows it: nothing in it is markup, or turns the line around."""
    return escape("".join(c if c.isprintable() or c == "\n" else " " for c in str(value)))


def rows(head, lines):
    """A table of texts."""
    top = "".join(f'<th scope="col">{text(x)}</th>' for x in head)
    body = "".join(
        "<tr>" + "".join(f"<td>{text(x)}</td>" for x in line) + "</tr>\n" for line in lines
    )
    return f"<table><thead><tr>{top}</tr></thead>\n<tbody>{body}</tbody></table>"
