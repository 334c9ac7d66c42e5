"""A picture: an image together with its words."""

from base64 import b64encode
from html import escape

from .export import save


class Picture:
    """An image and what it says in words.

    Attributes: svg (the image as text, None if there is none), alt (the words), html (what a
    notebook shows).
    """

    def __init__(self, alt, svg=None, html=None):
        self.alt, self.svg = alt, svg
        self.html = html or image(svg, alt)

    def save(self, path, scale=2):
        """Write the image to a file, as its ending says: .svg, or .png (`scale` pixels for one).

        Raises ValueError for another ending or a picture without an image, FileNotFoundError for a
        folder that is not there, ImportError if a .png needs what is not installed. A file that is
        there already is replaced at once or not at all.

        >>> from backprop_lab import draw
        >>> draw({"a": ["input"], "e": ["exp", "a"]}).save("e.pdf")
        Traceback (most recent call last):
        ValueError: This picture is saved as .svg or .png, and 'e.pdf' ends in neither.
        """
        save(self, path, scale)

    def _repr_html_(self):
        return self.html

    def __repr__(self):
        return self.alt


def image(svg, alt):
    """An image that carries its data and its words, and is never wider than its cell.

    It is an <img>, and not SVG in the page, because code hosts and exports drop the latter.
    """
    return embedded(svg.encode(), "svg+xml", alt)


def embedded(data, kind, alt, more=""):
    """The bytes of an image as an <img> that needs no file beside it."""
    return (
        f'<div style="max-width:100%"><img alt="{escape(alt)}" style="max-width:100%;height:auto" '
        f'{more}src="data:image/{kind};base64,{b64encode(data).decode()}"></div>'
    )
