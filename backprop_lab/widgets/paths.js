// The path explorer: pick a path in the list, and its arrows and cards stand out in the picture.
// Every number and sentence comes from Python; here they are put in place and nothing is computed.

const PATHS_STYLE = `
  .title { font-size: 16px; font-weight: 600; margin: 2px 2px 8px }
  .parts { display: flex; flex-wrap: wrap; gap: 12px 32px; align-items: flex-start; padding: 0 2px }
  .list { flex: 999 1 340px; min-width: 0 }
  .list .scroll { max-height: 400px; max-width: none; margin: 0 -5px; padding: 0 5px }
  .list table { width: 100% }
  .list :is(th, td) { padding: 4px 6px 4px 0; vertical-align: top }
  .list .number { text-align: right; white-space: nowrap }
  .list td.number { padding-top: 9px; font-weight: 600 }
  .line { display: flex; flex-wrap: wrap; gap: 2px 14px }
  .line button { flex: 1 1 210px; text-align: left }
  .line button[aria-pressed="true"] { font-weight: inherit; padding: 2px 9px }
  .line span { flex: 1 1 190px; padding: 5px 0 }
  tr.hot > td { background: var(--hot) }
  tr.hot button { border-color: var(--hot-line); box-shadow: inset 4px 0 var(--hot-line) }
  .sums td.number { padding-top: 4px }
  .sums tr:first-child > * { border-top: 2px solid var(--edge) }
  .sums tr:last-child > * { border-bottom: 0; font-weight: 600 }
  .cost { flex: 1 1 230px; min-width: 0 }
  .cost :is(.title, .note) { margin-left: 0; font-size: 14px }
  .cost ul { list-style: none; margin: 0; padding: 0 }
  .cost li { margin: 6px 0 12px }
  .cost strong { display: block; font-variant-numeric: tabular-nums }
  .track { position: relative; margin-top: 3px; border-bottom: 1px solid var(--edge) }
  .track::before, .track::after { content: ""; position: absolute; inset: 0;
    background: repeating-linear-gradient(90deg, transparent 0 calc(var(--decade) - 1px),
      var(--line) calc(var(--decade) - 1px) var(--decade)) }
  .track::before { --line: var(--edge) }
  .track::after { --line: var(--panel); clip-path: inset(0 calc(100% - var(--share)) 0 0) }
  .bar-of { position: relative; width: var(--share); min-width: 3px; border-top: 12px solid var(--input-line) }
  li:last-child .bar-of { border-color: var(--output-line) }
  .picking .card:not(.hot) :is(rect, path) { fill: var(--panel); stroke: var(--frame) }
  .picking .card:not(.hot) :is(text, tspan) { fill: var(--muted) }
  .picking .arrow:not(.hot) .edge { stroke: var(--frame) }
  .picking .arrow:not(.hot) .head { fill: var(--frame) }
  .picking .arrow:not(.hot) :is(text, tspan), .arrow tspan.aside { fill: var(--muted) }
  .arrow.hot .edge { stroke: var(--hot-line); stroke-width: 3.4 }
  .arrow.hot .head { fill: var(--hot-line) }
  .arrow tspan.hot { stroke: var(--ink); stroke-width: .6px }
  .arrow:has(.aside) tspan.hot { text-decoration: underline }
  .picking .card.hot :is(rect, path):not(.badge) {
    fill: var(--hot); stroke: var(--hot-line); stroke-width: 2.6 }
  @media (forced-colors: active) {
    .arrow.hot .edge, .picking .card.hot :is(rect, path):not(.badge) { fill: Canvas; stroke: Highlight }
    .arrow.hot .edge { fill: none }
    .arrow.hot .head { fill: Highlight }
    .list tr.hot button { border: 3px solid Highlight }
  }
`;
const HINT = "Point at a path, or step through the list with \u2190 and \u2192. "
  + "A click, Space or Enter pins it; Esc lets go.";

function start(host, data) {
  const frame = openFrame(host, data.heading, PATHS_STYLE);
  const picture = make("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": "The graph" });
  if (data.scene) {
    picture.innerHTML = data.scene;
    picture.firstElementChild.setAttribute("aria-label", data.alt);
  }
  const sentence = make("p", { class: "say", "aria-live": "polite" }, HINT);
  const rows = data.paths.map(pathRow);
  const list = make("div", { class: "scroll", role: "group", "aria-label": "The list of paths" },
    listTable(data, rows));
  const notes = data.notes.map((note) => make("p", { class: "note" }, note));
  frame.append(make("p", { class: "title" }, data.heading), ...(data.scene ? [picture] : []), ...notes,
    sentence, make("div", { class: "parts" }, make("div", { class: "list" }, list, sums(data)), costs(data)));

  // What is shown is what is pointed at, else what has the focus, else what is pinned.
  const chosen = { hovered: null, focused: null, pinned: null };
  let shown = null;
  const choose = (how, k) => {
    chosen[how] = k;
    const now = chosen.hovered ?? chosen.focused ?? chosen.pinned;
    rows.forEach((row, i) => {
      row.classList.toggle("hot", i === now);
      row.button.setAttribute("aria-pressed", String(i === chosen.pinned));
    });
    if (now === shown) return;
    shown = now;
    sentence.textContent = now === null ? HINT : `${data.paths[now].says}.`;
    if (data.scene) highlight(picture, now === null ? null : data.paths[now], data.source);
  };
  rows.forEach((row, k) => {
    row.addEventListener("pointerenter", () => choose("hovered", k));
    row.addEventListener("pointerleave", () => choose("hovered", null));
    row.button.addEventListener("focus", () => choose("focused", k));
    row.button.addEventListener("blur", () => choose("focused", null));
    row.button.addEventListener("click", () => choose("pinned", chosen.pinned === k ? null : k));
  });
  list.addEventListener("keydown", (event) => {
    const at = chosen.focused ?? 0;
    const goal = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: rows.length - 1 }[event.key];
    if (rows[goal]) moveFocus(rows, goal);
    if (goal !== undefined) event.preventDefault();
    if (event.key === "Escape") for (const how of Object.keys(chosen)) choose(how, null);
  });
}

// The list is one stop of the Tab key; within it, the arrow keys move.
function moveFocus(rows, k) {
  rows.forEach((row, i) => row.button.tabIndex = i === k ? 0 : -1);
  rows[k].button.focus();
}

function pathRow(path, k) {
  const button = make("button", { type: "button", "aria-pressed": "false", tabindex: k ? "-1" : "0" },
    path.route);
  const line = make("div", { class: "line" }, button, make("span", {}, path.factors));
  const row = make("tr", {}, make("td", path.product ? {} : { colspan: "2" }, line));
  if (path.product) row.append(make("td", { class: "number" }, path.product));
  row.button = button;
  return row;
}

function listTable(data, rows) {
  const [paths, product] = data.columns;
  const head = make("tr", {}, make("th", { scope: "col", ...(product ? {} : { colspan: "2" }) }, paths));
  if (product) head.append(make("th", { scope: "col", class: "number" }, product));
  return make("table", {}, make("caption", {}, data.caption), make("thead", {}, head),
    make("tbody", {}, ...rows));
}

// Below the list, and not in it: it stays in sight when the list is scrolled.
function sums(data) {
  const rows = data.sums.map(([label, text]) => make("tr", {},
    make("th", { scope: "row" }, label), make("td", { class: "number" }, text)));
  return make("table", { class: "sums" }, make("tbody", {}, ...rows));
}

// Each way to the gradient with its count, and a bar as long as the count has digits.
function costs(data) {
  const { decades, lines } = data.scale;
  const bars = data.costs.map(([way, count, digits]) => {
    const bar = make("div", { class: "bar-of" });
    const sizes = `--share: ${100 * digits / decades}%; --decade: ${100 / lines}%`;
    const track = make("div", { class: "track", style: sizes }, bar);
    return make("li", {}, make("span", {}, way), make("strong", {}, count), track);
  });
  return make("div", { class: "cost" }, make("div", { class: "title" }, "What the gradient costs"), make("ul", {}, ...bars),
    make("p", { class: "note" }, data.counted));
}

// Marks the arrows of one path, and the cards at their ends; null marks nothing.
function highlight(picture, path, source) {
  picture.classList.toggle("picking", path !== null);
  const edges = new Set(path ? path.edges : []);
  const ends = new Set();
  for (const arrow of picture.querySelectorAll(".arrow")) {
    const hot = arrow.dataset.edges.split(" ").some((edge) => edges.has(edge));
    arrow.classList.toggle("hot", hot);
    if (hot) ends.add(arrow.dataset.source).add(arrow.dataset.reader);
    for (const part of arrow.querySelectorAll("[data-edge]")) {  // which of several edges it is
      part.classList.toggle("hot", edges.has(part.dataset.edge));
      part.classList.toggle("aside", hot && !edges.has(part.dataset.edge));
    }
  }
  const nodes = new Set(path ? [source, ...path.edges.map((edge) => edge.split("-")[1])] : []);
  for (const card of picture.querySelectorAll(".card")) {
    const members = (card.dataset.members || "").split(" ");
    const alone = path && !path.edges.length && card.dataset.of === source;
    card.classList.toggle("hot", Boolean(alone || ends.has(card.dataset.node)
      || members.some((member) => nodes.has(member))));
  }
}
