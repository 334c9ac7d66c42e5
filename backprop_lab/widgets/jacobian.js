// The Jacobian explorer: entries to look at, and two products, added up row by row or column by
// column. J comes from Python in full doubles; only the products are computed here.

const MODES = {
  u: { says: "u\u1d40J", by: "row by row, backward", thing: "row", title: "Row", sweep: "reverse" },
  v: { says: "Jv", by: "column by column, forward", thing: "column", title: "Column", sweep: "forward" },
};
const HINT = "Point at an entry, or go to the map with Tab and move with the arrow keys.";
const OWN_SCALES = " The strips beside J have scales of their own.";
const MOVES = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
const MARKED = 10;  // pixels of a tile from which marks can be seen in it

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

// The arrow keys move from entry to entry, and so does a click.
function followMoves(element, J, act, cursor) {
  element.addEventListener("keydown", (event) => {
    if (event.target.matches("input")) return;
    const [i, j] = cursor(), move = MOVES[event.key];
    const goal = { Home: [i, 0], End: [i, J.n - 1] }[event.key] || (move && [i + move[0], j + move[1]]);
    if (!goal) return;
    event.preventDefault();
    if (goal[0] >= 0 && goal[0] < J.m && goal[1] >= 0 && goal[1] < J.n) act.choose(goal);
  });
}

function shade(x) {
  if (x === 0) return "zero";
  return Number.isFinite(x) ? (x > 0 ? "above" : "below") : "odd";
}

function strength(x, { most, faint }) {
  if (!Number.isFinite(x)) return 1;
  return x === 0 ? 0 : faint + (1 - faint) * Math.sqrt(Math.min(1, Math.abs(x) / most));
}

// A small Jacobian: a table with its numbers, the vector and the result beside them.
function tableMap(J, data, act) {
  const element = make("div", { class: "scroll" });
  const cells = data.rows.map((_, i) => data.columns.map((_, j) => makeCell(i, j)));
  let built = null, inputs = [], sums = [], heads = {}, cursor = [0, 0];

  function makeCell(i, j) {
    const x = J.at(i, j), cell = make("td", { class: `cell ${shade(x)}`, tabindex: "-1" }, number(x));
    cell.style.setProperty("--strength", `${100 * data.scale.full * strength(x, data.scale)}%`);
    cell.addEventListener("pointerenter", () => act.point([i, j]));
    cell.addEventListener("focus", () => act.choose([i, j]));
    return cell;
  }

  function build(mode) {
    built = mode;
    inputs = J.labels(mode).map((label, k) => {
      const input = numberInput(() => k, act);
      input.setAttribute("aria-label", `${mode} at ${label}`);
      return input;
    });
    const result = MODES[mode].says, isRows = mode === "u";
    sums = (isRows ? data.columns : data.rows).map(() => make("td", { class: isRows ? "sum" : "sum aside" }));
    heads.u = data.rows.map((label) => make("th", { scope: "row" }, label));
    heads.v = data.columns.map((label) => make("th", { scope: "col" }, label));
    const entry = (input) => make("td", { class: "entry" }, input);
    const name = (text, scope) => make("th", { scope }, text);
    const head = isRows
      ? [make("tr", {}, name("u", "col"), make("td"), ...heads.v)]
      : [make("tr", {}, make("td"), ...heads.v, make("td")),
        make("tr", {}, name("v", "row"), ...inputs.map(entry), name(result, "col"))];
    const body = cells.map((row, i) => make("tr", {}, ...(isRows ? [entry(inputs[i])] : []), heads.u[i],
      ...row, ...(isRows ? [] : [sums[i]])));
    const foot = isRows ? [make("tr", {}, make("td"), name(result, "row"), ...sums)] : [];
    element.replaceChildren(make("table", { class: "grid", role: "grid", "aria-label": data.heading },
      make("thead", {}, ...head), make("tbody", {}, ...body), make("tfoot", {}, ...foot)));
  }

  function show({ mode, vectors, added }, numbers) {
    if (built !== mode) build(mode);
    inputs.forEach((input, k) => {
      fillInput(input, vectors[mode][k]);
      input.parentElement.classList.toggle("latest", k === added[mode] - 1);
    });
    sums.forEach((cell, k) => { cell.textContent = number(numbers[k]); });
    cells.forEach((row, i) => row.forEach((cell, j) => {
      cell.classList.toggle("waiting", (mode === "u" ? i : j) >= added[mode]);
    }));
  }

  function mark(cell, stop) {
    const [row, column] = cell || [-1, -1];
    cursor = stop;
    cells.forEach((each, i) => each.forEach((entry, j) => {
      entry.classList.toggle("crossed", (i === row) !== (j === column));
      entry.classList.toggle("marked", i === row && j === column);
      entry.tabIndex = i === stop[0] && j === stop[1] ? 0 : -1;
    }));
    heads.u.forEach((head, i) => head.classList.toggle("hot", i === row));
    heads.v.forEach((head, j) => head.classList.toggle("hot", j === column));
  }
  element.addEventListener("pointerleave", () => act.point(null));
  const choose = { choose: ([i, j]) => cells[i][j].focus() };  // and the focus chooses
  followMoves(element, J, choose, () => cursor);
  return { element, show, mark };
}

// A large Jacobian: tiles on a canvas, with the vector and the result as strips beside it.
function canvasMap(J, data, act, host) {
  const [wide, high] = data.tile, THICK = 16;
  const canvas = make("canvas", {
    tabindex: "0", role: "application", "aria-roledescription": "heat map",
    "aria-label": `${data.summary} The arrow keys move from entry to entry.`,
  });
  const [cover, line, rowBand, columnBand, spot] = ["cover", "edge-of", "band", "band", "spot"]
    .map((name) => make("div", { class: name }));
  const layer = make("div", { class: "layer" }, canvas, cover, line, rowBand, columnBand, spot);
  const strips = { u: make("canvas"), v: make("canvas") };
  const chart = make("div", { class: "chart" });
  const element = make("div", { class: "scroll" }, chart);
  let latest = null, cursor = [0, 0];

  const ends = (name, labels) => make("div", { class: name }, make("span", {}, labels[0]),
    ...(labels.length > 1 ? [make("span", {}, labels.at(-1))] : []));
  function build(mode) {
    const isRows = mode === "u", result = MODES[mode].says;
    const place = (child, row, column) => {
      child.style.gridArea = `${row} / ${column}`;
      return child;
    };
    const vector = (text, top) => make("div", { class: top ? "vector top" : "vector" }, text);
    // Columns: labels, u, J, Jv. Rows: labels, v, J, uᵀJ.
    chart.replaceChildren(place(ends("across", data.columns), 1, 3), place(ends("down", data.rows), 3, 1),
      place(layer, 3, 3), place(strips.u, 3, isRows ? 2 : 4), place(strips.v, isRows ? 4 : 2, 3),
      place(vector(isRows ? "u" : result, true), 1, isRows ? 2 : 4),
      place(vector(isRows ? result : "v"), isRows ? 4 : 2, 1));
  }

  function show(state, numbers) {
    if (!latest || latest.state.mode !== state.mode || !chart.firstChild) build(state.mode);
    latest = { state: { ...state }, numbers };
    const { mode, vectors, added } = state, isRows = mode === "u", count = added[mode];
    const beside = isRows ? vectors.u : numbers, below = isRows ? numbers : vectors.v;
    paint(strips.u, host, J.m, 1, (i) => beside[i], [THICK, high], ownScale(beside));
    paint(strips.v, host, 1, J.n, (_, j) => below[j], [wide, THICK], ownScale(below));
    const [width, height] = [wide * J.n, high * J.m];
    if (isRows) {
      put(cover, 0, count * high, width, height - count * high);
      put(line, 0, count * high - 1, width, 2);
    } else {
      put(cover, count * wide, 0, width - count * wide, height);
      put(line, count * wide - 1, 0, 2, height);
    }
    line.hidden = cover.hidden = count === J.labels(mode).length;
  }

  function mark(cell, stop) {
    cursor = stop;
    for (const each of [rowBand, columnBand, spot]) each.hidden = !cell;
    if (!cell) return;
    put(rowBand, 0, cell[0] * high, wide * J.n, high);
    put(columnBand, cell[1] * wide, 0, wide, high * J.m);
    put(spot, cell[1] * wide, cell[0] * high, wide, high);
  }

  const under = (event) => [Math.floor(event.offsetY / high), Math.floor(event.offsetX / wide)]
    .map((k, axis) => Math.max(0, Math.min([J.m, J.n][axis] - 1, k)));
  canvas.addEventListener("pointermove", (event) => act.point(under(event)));
  canvas.addEventListener("pointerleave", () => act.point(null));
  canvas.addEventListener("click", (event) => act.choose(under(event)));
  canvas.addEventListener("focus", () => act.choose(cursor));
  followMoves(canvas, J, act, () => cursor);
  keepPainted(host, () => {
    paint(canvas, host, J.m, J.n, J.at, data.tile, data.scale);
    if (latest) show(latest.state, latest.numbers);
  });
  return { element, show, mark };
}

function ownScale(values) {
  const most = Math.max(...values.filter(Number.isFinite).map(Math.abs), 0) || 1;
  return { most, faint: 0.14, full: 1 };
}

function put(element, left, top, width, height) {
  const sizes = Object.entries({ left, top, width, height });
  for (const [name, size] of sizes) element.style[name] = `${size}px`;
}

// A canvas knows no style sheet: it is painted again when the page turns dark or light.
function keepPainted(host, draw) {
  draw();
  new MutationObserver(draw).observe(host, { attributeFilter: ["data-dark"] });
}

// Tiles of m rows and n columns. Where hues cannot: a dot is 0, a bar is −, a cross is no number.
function paint(canvas, host, m, n, at, [wide, high], scale) {
  const fine = window.devicePixelRatio || 1, look = getComputedStyle(host);
  const [above, below, odd, ink, panel, edge] = ["input-line", "weight-line", "badge", "ink", "panel", "edge"]
    .map((name) => look.getPropertyValue(`--${name}`).trim());
  canvas.width = n * wide * fine;
  canvas.height = m * high * fine;
  canvas.style.width = `${n * wide}px`;
  canvas.style.height = `${m * high}px`;
  const pen = canvas.getContext("2d");
  pen.scale(fine, fine);
  const hues = { above, below, odd }, marked = Math.min(wide, high) >= MARKED, gap = marked ? 1 : 0;
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < n; j++) {
      const x = at(i, j), kind = shade(x), part = strength(x, scale);
      pen.globalAlpha = part * scale.full;
      pen.fillStyle = hues[kind] || panel;
      pen.fillRect(j * wide, i * high, wide - gap, high - gap);
      pen.globalAlpha = 1;
      const middle = (j + 0.5) * wide, centre = (i + 0.5) * high;
      if (kind === "odd") cross(pen, middle, centre, ink);
      if (!marked || kind === "above" || kind === "odd") continue;
      pen.fillStyle = kind === "zero" ? edge : part * scale.full > 0.6 ? panel : ink;
      if (kind === "zero") pen.fillRect(middle - 1.5, centre - 1.5, 3, 3);
      else pen.fillRect(middle - 3, centre - 1, 6, 2);
    }
  }
}

function cross(pen, x, y, ink) {
  pen.strokeStyle = ink;
  pen.lineWidth = 2;
  pen.beginPath();
  for (const side of [-3, 3]) {
    pen.moveTo(x - 3, y - side);
    pen.lineTo(x + 3, y + side);
  }
  pen.stroke();
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
