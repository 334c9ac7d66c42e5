"""The colours of all pictures, light and dark, in one place.

Every pair of text and ground keeps a contrast of at least 4.5 to 1, and every line that matters
at least 3 to 1. Colour is never the only difference: kinds differ in outline, gradients are in
italics and say so.
"""

# For each kind: fill, outline. The hues are those of Okabe and Ito, told apart by colour-blind
# readers too.
LIGHT = {
    "panel": "#ffffff", "frame": "#d5dae1", "ink": "#1b2430", "muted": "#5a6675",
    "edge": "#6b7785", "gradient": "#a83a00", "badge": "#dfe5ee",
    "input": ("#e1effa", "#0067a8"), "weight": ("#fdeedd", "#b85000"),
    "constant": ("#f4f5f7", "#7b8592"), "op": ("#ffffff", "#4a5665"),
    "output": ("#e3f5ec", "#00754f"), "group": ("#efeafb", "#6a4fb3"),
}  # fmt: skip
DARK = {
    "panel": "#14181f", "frame": "#343c48", "ink": "#e9edf2", "muted": "#a3afbd",
    "edge": "#8d99a8", "gradient": "#ffab75", "badge": "#333d4b",
    "input": ("#12304a", "#5bb5ef"), "weight": ("#43280f", "#f79a4c"),
    "constant": ("#20262f", "#8a95a3"), "op": ("#1d232c", "#a9b4c2"),
    "output": ("#0f3a2b", "#3ecb98"), "group": ("#2a2342", "#b39df0"),
}  # fmt: skip

FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"


def style():
    """The style sheet of a picture: light, and dark where the reader's system asks for it."""
    return (
        f"text{{font-family:{FONT};text-anchor:middle}}"
        ".name{font-weight:600}.gradient,.missing,.local{font-style:italic}"
        + rules(LIGHT)
        + "@media (prefers-color-scheme:dark){"
        + rules(DARK)
        + "}"
    )


def live_style():
    """The style sheet of a widget: the same rules, dark where its host says so, and the colours as
    variables (--ink, --panel, …; --input and --input-line) for what stands around the picture."""
    return (
        f":host{{{variables(LIGHT)};color-scheme:light}}"
        f":host([data-dark]){{{variables(DARK)};color-scheme:dark}}"
        f".frame{{font:14px/1.45 {FONT};color:var(--ink);background:var(--panel)}}"
        f"text{{font-family:{FONT};text-anchor:middle}}"
        ".name{font-weight:600}.gradient,.missing,.local{font-style:italic}"
        + rules(LIGHT)
        + rules(DARK, ":host([data-dark]) ")
    )


def variables(colours):
    pairs = {name: c for name, c in colours.items() if isinstance(c, tuple)}
    plain = colours | {name: c[0] for name, c in pairs.items()}
    plain |= {f"{name}-line": c[1] for name, c in pairs.items()}
    return ";".join(f"--{name}:{colour}" for name, colour in plain.items())


def rules(colours, where=""):
    kinds = "".join(
        f"{where}rect.{kind},{where}path.{kind}{{fill:{pair[0]};stroke:{pair[1]}}}"
        for kind, pair in colours.items()
        if isinstance(pair, tuple)
    )
    plain = {
        ".panel": "fill:{panel};stroke:{frame}", ".badge": "fill:{badge}",
        ".edge": "fill:none;stroke:{edge}", ".head": "fill:{edge}", ".ink,.local": "fill:{ink}",
        ".chip": "fill:{panel}",
        ".muted,.missing,.saved": "fill:{muted}", ".gradient": "fill:{gradient}",
    }  # fmt: skip
    return kinds + "".join(
        f"{where}{name.replace(',', f',{where}')}{{{rule.format(**colours)}}}"
        for name, rule in plain.items()
    )
