// Two maps of a Jacobian: a table with its numbers, or tiles on a canvas. Each has `show`, for a
// product as far as it is added up, and `mark`, for the entry that is pointed at.

const MOVES = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
const MARKED = 10;  // pixels of a tile from which marks can be seen in it

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
