"""Markdown as HTML that needs no script: formulas as MathML, headings with addresses."""

import re
from html import unescape
from itertools import count
from unicodedata import normalize

from latex2mathml.converter import convert
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

EMPTY = re.compile(r"<th[^>]*></th>")
HEADING = re.compile(r'<h([1-3]) id="([^"]*)">(.*?)</h\1>', re.S)
FUNCTION = re.compile(
    r"(<mi>(?:log|exp|sin|cos|tanh)</mi>)(?=<m(?:i|n|row|sub|sup|subsup|sqrt)>|<munder><mo>&#x02211;)"
)


class Prose(IPythonRenderer):
    """Renders the texts of one page; its headings get addresses that are unique on it."""

    def __init__(self):
        super().__init__(escape=False)
        self.taken = set()

    def html(self, text):
        """A text in Markdown as HTML."""
        return MarkdownWithMath(renderer=self).render(text)

    def phrase(self, text):
        """The same for part of a sentence: no paragraph around it."""
        return self.html(text).strip().removeprefix("<p>").removesuffix("</p>")

    def heading(self, text, level, **attrs):
        return f'<h{level} id="{self.address(text)}">{text}</h{level}>\n'

    def address(self, title):
        """What a heading is linked by: its words in small letters.

        >>> page = Prose()
        >>> page.address("What is <em>x</em>?"), page.address("What is x?")
        ('what-is-x', 'what-is-x-2')
        """
        words = re.findall(r"\w+", normalize("NFKC", plain(title)).lower())
        name = "-".join(words) or "section"
        names = (name if n == 1 else f"{name}-{n}" for n in count(1))
        chosen = next(name for name in names if name not in self.taken)
        self.taken.add(chosen)
        return chosen

    def link(self, text, url, title=None):
        if "://" not in url:
            url = url.replace(".ipynb", ".html").replace("contents.md", "index.html")
        return super().link(text, url, title)

    def table(self, text):
        """In a box of its own; a corner with nothing in it heads nothing."""
        return f'<div class="wide"><table>\n{EMPTY.sub(r"<td></td>", text)}</table></div>\n'

    def inline_math(self, body):
        return formula(body)

    def block_math(self, body):
        return f'<span class="formula wide">{formula(body, "block")}</span>'


def formula(latex, display="inline"):
    r"""A formula of TeX as MathML, which browsers show and read aloud by themselves.

    >>> print(formula("x_j").partition('inline')[2])
    "><mrow><msub><mi>x</mi><mi>j</mi></msub></mrow></math>
    """
    text = convert(latex, display=display)
    text = FUNCTION.sub(r'\1<mspace width="0.17em"></mspace>', text)  # log x, and not logx
    for sign in ("&#x0002F;", "&#x0007C;"):  # / and |, close to their neighbours as in TeX
        text = re.sub(rf"<mo[^>]*>{sign}</mo>", f'<mo lspace="0" rspace="0">{sign}</mo>', text)
    return text


def plain(html):
    """The words of a piece of HTML, on one line.

    >>> plain("<p>Where <em>a &lt; b</em></p>\\n<p>holds</p>")
    'Where a < b holds'
    """
    return " ".join(unescape(re.sub(r"<[^>]*>", "", html)).split())


def sections(html):
    """What stands under each heading, as (level, address, title, words); the title as HTML.

    >>> sections('<h2 id="a">A</h2><p>One.</p>')
    [(2, 'a', 'A', 'One.')]
    """
    parts = HEADING.split(html)[1:]
    groups = zip(parts[::4], parts[1::4], parts[2::4], parts[3::4], strict=True)
    return [(int(level), address, title, plain(text)) for level, address, title, text in groups]
