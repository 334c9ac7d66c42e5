"""Make what stands beside this file: the reference, API.md, and the README's animation.

.venv/bin/python docs/make.py          API.md, from the docstrings
.venv/bin/python docs/make.py stepper  also stepper.gif and stepper-dark.gif, with Chromium
"""

import inspect
import io
import re
import sys
from pathlib import Path

import backprop_lab as bl
from backprop_lab.coursework.build import sources

HERE = Path(__file__).parent
INTRODUCTION = """\
# Reference

Made from the docstrings by `docs/make.py`; every example runs in the tests.
`import backprop_lab as bl` gives these names, by the notebook that uses them first;
[the operators](#operators) are in `bl.ops`.
"""


def reference():
    """The text of API.md."""
    parts = [INTRODUCTION]
    for heading, names in by_notebook():
        parts.append(f"## {heading}\n")
        parts += [entry(f"bl.{name}", getattr(bl, name)) for name in names if name != "ops"]
    parts.append("## Operators\n")
    parts += [entry(f"ops.{name}", getattr(bl.ops, name)) for name in bl.ops.__all__]
    return "\n".join(parts)


def by_notebook():
    """(heading, public names) for each notebook that is the first to use some."""
    left = list(bl.__all__)
    for source in sources():
        text = source.read_text(encoding="utf-8")
        title = re.search(r"^# # (.*?):", text, re.M)[1]
        found = [n for n in left if re.search(rf"\bbl\.{n}\b|^from.*\b{n}\b", text, re.M)]
        left = [name for name in left if name not in found]
        if found:
            yield f"{int(source.name[:2])} {title}", found
    yield "At any time", left


def entry(name, thing):
    """A name's heading, how it is called, and its docstring, the example as a block of code."""
    text, *example = re.split(r"\n\n(?=>>> )", inspect.getdoc(thing), maxsplit=1)
    call = f"{name}{inspect.signature(thing)}".replace(" -> None", "")
    if inspect.isclass(thing):
        call = f"class {name}" if thing is bl.Op else f"{name}(...)"
    lines = [f"### {name}\n", f"    {call}\n", f"{text}\n"]
    if example:
        lines.append(f"```python\n{example[0]}\n```\n")
    return "\n".join(lines)


def diamond():
    """The smallest graph on which the order of the backward pass matters: d = b(b + a), b = a²."""
    a = bl.tensor(3.0, requires_grad=True, name="a")
    b = a**2
    c = b + a
    d = b * c
    b.name, c.name, d.name = "b", "c", "d"
    return d


def film(dark):
    """The stepper on `diamond`, photographed at each step in Chromium: a list of Pillow images."""
    from PIL import Image
    from playwright.sync_api import sync_playwright

    page_colour, theme = ("#0d1117", "false") if dark else ("#ffffff", "true")
    widget = bl.step(diamond())._repr_html_()
    with sync_playwright() as play:
        chromium = play.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        page = chromium.new_page(viewport={"width": 860, "height": 700}, device_scale_factor=1.25)
        page.set_content(
            f'<!doctype html><meta charset="utf-8"><body data-jp-theme-light="{theme}" '
            f'style="margin:8px; background:{page_colour}">{widget}</body>'
        )
        forward = page.get_by_label("Forward (→)")
        stills = []
        while True:
            page.wait_for_timeout(700)  # a step moves for half a second
            picture = page.screenshot(full_page=True)
            stills.append(Image.open(io.BytesIO(picture)).convert("P", palette=1, colors=64))
            if forward.get_attribute("aria-disabled") == "true":
                break
            forward.click()
        chromium.close()
    return stills


def write_film(path, dark):
    """An animation that runs twice and rests at its end."""
    first, *rest = film(dark)
    seconds = [1.5] * len(rest) + [4]
    first.save(
        path, save_all=True, append_images=rest, duration=[1000 * s for s in seconds], loop=1
    )


if __name__ == "__main__":
    page = HERE / "API.md"
    if sys.argv[1:] == ["--check"]:
        if page.read_text(encoding="utf-8") != reference():
            sys.exit("docs/API.md is not as the docstrings: run python docs/make.py")
    else:
        page.write_text(reference(), encoding="utf-8")
    if sys.argv[1:] == ["--stepper"]:
        write_film(HERE / "stepper.gif", dark=False)
        write_film(HERE / "stepper-dark.gif", dark=True)
