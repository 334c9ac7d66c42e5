// The ledger: one row for each tensor, with what is known of it after a step.

const COLUMNS = ["tensor", "made by", "value", "heard", "gradient so far"];

const FORWARD = 3; // columns that there are without a backward sweep

const LONG = 60; // rows from which the columns keep their widths: to fit them anew takes too long

// Returns { element, paint(scene), reveal() }.
function makeLedger(graph, called) {
  const columns = graph.events.some((event) => event.event === "seed") ? COLUMNS.length : FORWARD;
  const rows = graph.nodes.filter((node) => node.kind !== "constant").map((node) => makeRow(node, called, columns));
  const head = make("tr", {}, ...COLUMNS.slice(0, columns).map((name) => make("th", { scope: "col" }, name)));
  if (columns > FORWARD) head.lastChild.textContent = `${called.word} so far`;
  const table = make("table", {}, make("caption", {}, "Ledger"), make("thead", {}, head),
    make("tbody", {}, ...rows.map((row) => row.element)));
  const element = make("div",
    { class: "ledger scroll", tabindex: "0", role: "group", "aria-label": "Ledger" }, table);
  if (rows.length > LONG) table.className = "long";
  return {
    element,
    paint: (scene) => rows.forEach((row) => paintRow(row, scene)),
    reveal() {
      const hot = rows.find((row) => row.role === "changes");
      if (hot) showRow(element, hot.element);
    },
  };
}

function makeRow(node, called, columns) {
  const mark = make("span", { class: "mark", "aria-hidden": "true" }, "");
  const name = make("th", { scope: "row" }, mark, called.titles[node.id]);
  const cells = ["made", "value", "heard", "gradient"].map((kind) => make("td", { class: kind }));
  const formula = called.formulas[node.id] || node.kind;
  setText(cells[0], formula === called.titles[node.id] ? called.symbols[node.id] : formula);
  return { id: node.id, element: make("tr", {}, name, ...cells.slice(0, columns - 1)), mark, cells, role: "" };
}

function paintRow(row, scene) {
  const known = scene.known.get(row.id);
  if (row.known !== known) paintCells(row, known);
  const role = scene.active.get(row.id) || "";
  if (row.role === role) return;
  row.role = role;
  if (role) row.element.className = `hot ${role}`;
  else row.element.removeAttribute("class");
  setText(row.mark, role === "changes" ? "\u25b8\u00a0" : "");
  if (role === "changes") row.element.setAttribute("aria-current", "step");
  else row.element.removeAttribute("aria-current");
}

function paintCells(row, known) {
  row.known = known;
  const [, value, heard, gradient] = row.cells;
  setCell(value, known.value, known.fullValue);
  setText(heard, known.heard);
  setCell(gradient, known.cell, known.fullCell);
  const kind = known.wrong ? "gradient wrong" : known.partial ? "gradient partial" : "gradient";
  setClass(gradient, kind);
}

function setCell(cell, text, full) {
  setText(cell, text);
  if (cell.full === full) return;
  cell.full = full;
  if (full) cell.title = full;
  else cell.removeAttribute("title");
}

// Scrolls the table, and never the page, to a row that is out of sight.
function showRow(box, row) {
  if (box.scrollHeight <= box.clientHeight) return;
  const head = box.querySelector("thead").offsetHeight + box.querySelector("caption").offsetHeight;
  const top = row.offsetTop - head;
  const bottom = row.offsetTop + row.offsetHeight - box.clientHeight;
  if (box.scrollTop > top) box.scrollTop = top;
  else if (box.scrollTop < bottom) box.scrollTop = bottom;
}
