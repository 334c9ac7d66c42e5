"""An interactive picture as one piece of HTML that needs nothing from outside."""

import json
from pathlib import Path

from ..pictures import Picture
from ..pictures.theme import live_style

HERE = Path(__file__).parent


class Interactive(Picture):
    """A picture that answers, with a still image for wherever scripts do not run.

    Attributes: those of Picture; data (what the script was given).
    """

    def __init__(self, still, scripts, data):
        """Arguments: still (the Picture of the fallback), scripts (the name of a .js file beside
        this one, or a list of them; the last one defines `start(host, data)`), data (anything that
        JSON can hold)."""
        self.data = data
        super().__init__(still.alt, still.svg, wrap(still.html, scripts, data))


def wrap(fallback, scripts, data):
    """The fallback, and the script that takes its place where it is run.

    The same picture gives the same text, byte for byte: the script finds its host by its place.
    """
    return (
        f'<div class="backprop-lab" data-lm-suppress-shortcuts="true">{fallback}</div>\n'
        f"<script>(() => {{\n{source(scripts)}\nstart(findHost(), {embed(data)});\n}})();</script>"
    )


def source(scripts):
    """The code of a widget, with what all of them share before it."""
    scripts = [scripts] if isinstance(scripts, str) else scripts
    code = "\n".join(read(f"{name}.js") for name in ["frame", *scripts])
    return f"const FRAME_STYLE = {embed(live_style() + read('frame.css'))};\n{code}"


def read(name):
    """The text of a file beside this one."""
    return (HERE / name).read_text(encoding="utf-8")


def embed(data):
    """Data as a JavaScript expression that no name in it can break out of."""
    text = json.dumps(data, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c")  # all else beyond ASCII is escaped by json
