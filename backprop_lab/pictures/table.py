"""The graph as a table, shown where no layout engine is at hand."""

from html import escape

from .cards import NOT_REACHED
from .text import clean, content
from .words import name_all

REMEDY = "The drawing needs the package graphlay, which cannot be imported: pip install graphlay"


def table(graph, alt):
    """The words, a row for each tensor in forward order, and how to get the drawing."""
    order = graph.nodes
    titles, inputs, gradients = name_all(graph, order), graph.inputs(), graph.gradients()
    rows = [("tensor", "made by", "from", "value", "gradient" if gradients else "")]
    for node in order:
        key = node["id"]
        made_by = clean(node["label"]) if node["op"] else node["kind"]
        sources = ", ".join(titles[edge["from"]] for edge in inputs[key])
        value = content(node["value"]) if node["value"] else ""
        gradient = content(gradients[key]) if key in gradients else NOT_REACHED
        rows.append((titles[key], made_by, sources, value, gradient if gradients else ""))
    head, *body = ["".join(f"<td>{escape(cell)}</td>" for cell in row) for row in rows]
    return (
        f"<p>{escape(alt)}</p><table><thead><tr>{head.replace('td>', 'th>')}</tr></thead>"
        f"<tbody>{''.join(f'<tr>{row}</tr>' for row in body)}</tbody></table><p>{REMEDY}</p>"
    )
