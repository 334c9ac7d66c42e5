// The Jacobian explorer: entries to look at, and two products, added up row by row or column by
// column. J comes from Python in full doubles; only the products are computed here. How J looks is in
// jacobian_maps.js.

const MODES = {
  u: { says: "u\u1d40J", by: "row by row, backward", thing: "row", title: "Row", sweep: "reverse" },
  v: { says: "Jv", by: "column by column, forward", thing: "column", title: "Column", sweep: "forward" },
};
const HINT = "Point at an entry, or go to the map with Tab and move with the arrow keys.";
const OWN_SCALES = " The strips beside J have scales of their own.";

function start(host, data) {
  const frame = openFrame(host, data.heading, data.style);
  const J = readMatrix(data);
  const state = {
    mode: "u", vectors: { u: [...data.u], v: [...data.v] }, added: { u: J.m, v: J.n },
    cursor: null, pointed: null,
  };
  const act = {
    point(cell) { state.pointed = cell; showEntry(); },
    choose(cell) { state.cursor = cell; state.pointed = null; showEntry(); controls.show(state); },
    fill(vector) { state.vectors[state.mode] = vector; showProduct(); },
    set(k, x) { state.vectors[state.mode][k] = x; showProduct(); },
    add(count) { state.added[state.mode] = count; showProduct(); },
    turn(mode) { state.mode = mode; showProduct(); },
  };
  let sums = [];
  const map = data.written ? tableMap(J, data, act) : canvasMap(J, data, act, host);
  const controls = makeControls(J, data, act);
  const readout = make("p", { class: "readout", "aria-live": data.written ? "off" : "polite" });
  const sentence = make("p", { class: "say", "aria-live": "polite" });
  const showEntry = () => {
    const cell = state.pointed || state.cursor;
    readout.textContent = cell ? tellEntry(J, state, sums, cell) : HINT;
    map.mark(cell, state.cursor || [0, 0]);
  };
  const showProduct = () => {
    sums = J.product(state.mode, state.vectors[state.mode], state.added[state.mode]);
    map.show(state, sums);
    controls.show(state);
    showEntry();
    sentence.textContent = tellStep(J, state, sums);
  };
  const left = make("div", { class: "left" }, map.element, legend(data, host), readout);
  frame.append(make("p", { class: "title" }, data.heading),
    make("p", { class: "note" }, "Row = output y, column = input x: J[i, j] = \u2202y\u1d62/\u2202x\u2c7c. "
      + "A 0 is exactly 0 and has no tile." + (data.written ? "" : OWN_SCALES)),
    controls.element, sentence, make("div", { class: "parts" }, left, facts(data)));
  showProduct();
}

// J with its labels; rows are what u weighs, columns are what v weighs.
function readMatrix({ values, rows, columns }) {
  const m = rows.length, n = columns.length;
  const entries = Float64Array.from(values, (x) => Number(String(x).replace("inf", "Infinity")));
  const at = (i, j) => entries[i * n + j];
  const part = (mode, k) => Array.from({ length: mode === "u" ? n : m },
    (_, other) => (mode === "u" ? at(k, other) : at(other, k)));
  return {
    m, n, at, part, rows, columns,
    labels: (mode) => (mode === "u" ? rows : columns),
    // The sum of the first rows (or columns), each times its number; in order, as it is shown.
    product(mode, vector, count) {
      const sums = new Array(mode === "u" ? n : m).fill(0);
      for (let k = 0; k < count; k++) part(mode, k).forEach((x, other) => sums[other] += vector[k] * x);
      return sums;
    },
  };
}

// An entry in full, and what has come together in its column (or row).
function tellEntry(J, { mode, vectors, added }, sums, [i, j]) {
  const entry = `J[${i}, ${j}] = \u2202${J.rows[i]} / \u2202${J.columns[j]} = ${exact(J.at(i, j))}`;
  const [label, sum] = mode === "u" ? [J.columns[j], sums[j]] : [J.rows[i], sums[i]];
  const far = added[mode] < vectors[mode].length ? " so far" : "";
  return `${entry}${J.at(i, j) === 0 ? " exactly" : ""}. ${MODES[mode].says} at ${label}${far}: ${exact(sum)}.`;
}

function exact(x) {
  return Number.isFinite(x) ? String(x).replaceAll("-", "\u2212") : number(x);
}

// A few numbers, or the first of many.
function listed(values) {
  const text = values.slice(0, values.length > 6 ? 4 : 6).map(number).join(", ");
  return values.length > 6 ? `[${text}, \u2026 ${values.length} in all]` : `[${text}]`;
}

function tellStep(J, { mode, vectors, added }, sums) {
  const { says, thing, title, sweep } = MODES[mode], count = added[mode], all = J.labels(mode);
  if (!count) return `No ${thing} added yet: ${says} starts at ${listed(sums)}.`;
  const k = count - 1;
  const step = `${title} ${all[k]}: ${number(vectors[mode][k])} \u00d7 ${listed(J.part(mode, k))} added: `
    + `now ${listed(sums)}.`;
  if (count < all.length) return step;
  return `${step} That was the last ${thing}, so this is ${says}; one ${sweep} sweep gives it without J.`;
}

// Which product, which vector, and how much of it is added: everything that can be operated.
function makeControls(J, data, act) {
  let state = null;
  const button = (text, press) => {
    const made = make("button", { type: "button" }, text);
    made.addEventListener("click", () => made.getAttribute("aria-disabled") === "true" || press());
    return made;
  };
  const modes = Object.entries(MODES).map(([mode, { says, by }]) => {
    const made = button(`${says}, ${by}`, () => act.turn(mode));
    made.mode = mode;
    return made;
  });
  const at = () => (state.cursor || [0, 0])[state.mode === "u" ? 0 : 1];
  const filled = (number) => J.labels(state.mode).map((_, k) => number(k));
  const oneHot = button("", () => act.fill(filled((k) => Number(k === at()))));
  const ones = button("ones", () => act.fill(filled(() => 1)));
  const mixed = button("mixed signs", () => act.fill([...data[state.mode]]));
  const entry = numberInput(() => at(), act);
  const entryName = make("span");
  const back = button("Back", () => act.add(state.added[state.mode] - 1));
  const forth = button("", () => act.add(state.added[state.mode] + 1));
  const slider = make("input", { type: "range", min: "0", step: "1" });
  slider.addEventListener("input", () => act.add(Number(slider.value)));
  const progress = make("span");
  const name = make("span"), note = make("p", { class: "note" });
  const presets = make("div", { class: "bar" }, name, oneHot, ones, mixed);
  if (!data.written) presets.append(make("label", { class: "entry" }, entryName, entry));
  const element = make("div", {}, make("div", { class: "bar" }, make("span", {}, "product"), ...modes),
    presets, make("div", { class: "bar" }, make("span", {}, "add up"), back, forth,
      make("label", {}, progress, slider)), note);

  const show = (now) => {
    state = now;
    const { mode } = now, { thing } = MODES[mode], all = J.labels(mode), count = now.added[mode];
    for (const each of modes) each.setAttribute("aria-pressed", String(each.mode === mode));
    name.textContent = `choose ${mode}`;
    oneHot.textContent = `one-hot at ${all[at()]}`;
    entryName.textContent = `${mode} at ${all[at()]}`;
    fillInput(entry, now.vectors[mode][at()]);
    forth.textContent = `Add a ${thing}`;
    back.setAttribute("aria-disabled", String(count === 0));
    forth.setAttribute("aria-disabled", String(count === all.length));
    slider.max = all.length;
    slider.value = count;
    progress.textContent = `${thing}s added: ${count} of ${all.length}`;
    note.textContent = `Ones are a poor test: they add the ${thing}s up as they are, and what cancels is `
      + "not seen. For y = x \u2212 mean(x) they give 0 everywhere.";
  };
  return { element, show };
}

// A field for one number of u or v; what is no number is put back when the field is left.
function numberInput(place, act) {
  const input = make("input", { type: "number", step: "any" });
  input.addEventListener("input", () => {
    if (Number.isFinite(input.valueAsNumber)) act.set(place(), input.valueAsNumber);
  });
  input.addEventListener("blur", () => { input.value = input.kept; });
  return input;
}

function fillInput(input, x) {
  input.kept = String(x);
  if (input.getRootNode().activeElement !== input) input.value = input.kept;
}

function legend(data, host) {
  const swatches = data.steps.map(() => make("canvas"));
  const items = data.steps.map((x, k) => make("li", {}, swatches[k], number(x)));
  keepPainted(host, () => swatches.forEach((swatch, k) =>
    paint(swatch, host, 1, 1, () => data.steps[k], [46, 12], data.scale)));
  return make("ul", { class: "legend", "aria-label": "What the tiles stand for" }, ...items);
}

function facts(data) {
  const rows = data.facts.map(([label, text]) => make("tr", {}, make("th", { scope: "row" }, label),
    make("td", {}, text)));
  const sizes = data.bytes.map(([label, text, share]) => make("li", {}, make("span", {}, label),
    make("strong", {}, text), make("div", { style: `--share: ${100 * share}%` })));
  return make("div", { class: "side" }, make("table", { class: "facts" }, make("tbody", {}, ...rows)),
    make("p", { class: "head" }, "Bytes"), make("ul", { class: "sizes" }, ...sizes));
}
