"""One of each widget, as the code of a notebook cell, and ways to find out whether it answers."""

import ast

SETUP = "import numpy as np\nimport backprop_lab as bl\n"
FORK = """a = bl.tensor(3.0, requires_grad=True)
b = a**2
c = b + a
d = b * c
"""
LAYER = """X = bl.tensor(np.arange(6.0).reshape(2, 3) / 10)
W = bl.parameter(np.arange(12.0).reshape(3, 4) / 10 - 0.5)
loss = ((X @ W).relu() ** 2).mean()
"""
WIDGETS = {
    "stepper": SETUP + FORK + "bl.step(d)",
    "stepper of tensors": SETUP + LAYER + "bl.step(loss)",
    "prediction": SETUP + FORK + "bl.step(d, predict=True)",
    "paths": SETUP + FORK + "bl.paths(d, a)",
    "jacobian": SETUP + "bl.show_jacobian(lambda x: x[:2] * x[2], [2.0, 3.0, 5.0])",
    "memory": SETUP + "bl.show_memory()",
    "broadcast": SETUP + "bl.show_broadcast([1.0, 2.0, 3.0], (4, 3))",
    "rosetta": SETUP + FORK + "bl.rosetta(d)",
}

# What is in the widgets of an element, as one text each.
STATES = """element => [...element.querySelectorAll(".backprop-lab")]
    .map(host => host.shadowRoot ? host.shadowRoot.querySelector(".frame").innerHTML : null)"""
# The parts of an element's widget that make it show something else when they get the focus, a key
# and a click.
ANSWERS = """element => {
    const root = element.querySelector(".backprop-lab").shadowRoot;
    const state = () => root.querySelector(".frame").innerHTML;
    const parts = [...root.querySelectorAll("button, select, input, [tabindex='0']")];
    return parts.filter(part => {
        const before = state();
        part.focus();
        part.dispatchEvent(new KeyboardEvent("keydown", {key: "ArrowRight", bubbles: true}));
        part.click?.();
        if (part.type === "range") {
            part.stepUp();
            part.dispatchEvent(new Event("input", {bubbles: true}));
        }
        return state() !== before;
    }).map(part => part.getAttribute("aria-label") || part.textContent);
}"""
# Stops what has been started in a host.
ESCAPE = """host => host.shadowRoot.querySelector(".frame").dispatchEvent(
    new KeyboardEvent("keydown", {key: "Escape"}))"""


def make(code):
    """What the last line of a cell gives, as in a notebook."""
    *before, last = ast.parse(code).body
    names = {"__name__": "cell"}
    exec(compile(ast.Module(before, []), "cell", "exec"), names)
    return eval(compile(ast.Expression(last.value), "cell", "eval"), names)
