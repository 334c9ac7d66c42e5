// The Rosetta stone: a thing that is pointed at in one column is marked in all of them.
// Every picture and sentence comes from Python; here classes are set and one sentence is put in place.

const ROSETTA_STYLE = `
  .frame { container-type: inline-size }
  .say { display: flex; align-items: center; min-height: 54px; margin: 2px 2px 14px; padding: 5px 12px;
    border-left: 4px solid var(--frame) }
  .say.told { border-color: var(--hot-line) }
  .columns { display: grid; grid-template-columns: var(--columns); gap: 0 28px }
  .column { display: grid; grid-row: span 3; grid-template-rows: subgrid; min-width: 0; align-items: start }
  .title { font-size: 16px; font-weight: 600; margin: 0 }
  .title span { color: var(--muted); font-weight: 400; margin-right: 6px }
  dl { display: grid; grid-template-columns: auto 1fr; gap: 1px 10px; margin: 6px 0 12px; font-size: 13px }
  dt { color: var(--muted) }
  dd { margin: 0 }
  .scroll { max-height: 80vh; padding: 4px }
  .scroll svg { width: 100%; height: auto; margin: 0 auto }
  .line { white-space: pre; width: max-content; min-width: 100%; padding: 3px 10px 3px 4px;
    font: 14px/1.6 ui-monospace, "SFMono-Regular", Menlo, Consolas, "DejaVu Sans Mono", monospace;
    border-left: 4px solid transparent; border-radius: 4px }
  .line::before { content: "\\25b8"; color: transparent; margin-right: 4px }
  .count { display: inline-block; min-width: 2ch; margin-right: 12px; text-align: right }
  .count, .comment { color: var(--muted) }
  .token { padding: 1px 3px; margin: 0 -3px; border-radius: 4px }
  .made { font-weight: 600 }
  :is(.card, .arrow, .line) { cursor: default }
  .reach { fill: none; stroke: transparent; stroke-width: 14; pointer-events: stroke }
  .frame .card.hot > :is(rect, path):not(.badge), .frame .card.badge.hot > rect {
    fill: var(--hot); stroke: var(--hot-line); stroke-width: 3.4
  }
  .card.badge > rect { stroke: var(--edge) }
  .frame .card.hot text { fill: var(--ink) }
  .arrow.hot .edge { stroke: var(--hot-line); stroke-width: 4 }
  .arrow.hot .head { fill: var(--hot-line); stroke: var(--hot-line); stroke-width: 2.5 }
  .line.hot { background: var(--hot); border-color: var(--hot-line) }
  .line.hot::before { color: var(--ink) }
  .line.hot .token.hot { font-weight: 700 }
  .line.hot :is(.count, .comment) { color: var(--ink) }
  .line:not(.hot) .token.hot { background: var(--hot); font-weight: 700; outline: 2px solid var(--hot-line) }
  @container (max-width: 1249px) {
    .columns.four { grid-template-columns: repeat(2, minmax(0, 1fr)) }
    .four .column:nth-child(n + 3) .title { margin-top: 22px }
  }
  @container (max-width: 759px) {
    .columns, .columns.four { grid-template-columns: minmax(0, 1fr); gap: 22px }
    .column { display: block }
    .say { min-height: 94px; position: sticky; top: 0; z-index: 1; background: var(--panel) }
  }
  @media (forced-colors: active) {
    .frame .card.hot > :is(rect, path):not(.badge), .frame .card.badge.hot > rect {
      fill: Canvas; stroke: Highlight
    }
    .frame .arrow.hot :is(.edge, .head) { stroke: Highlight }
    .frame .arrow.hot .head { fill: Highlight }
    .line { border-color: Canvas }
    .line.hot { border-color: Highlight }
    .line::before { color: Canvas; forced-color-adjust: none }
    .line.hot::before { color: CanvasText }
    .line:not(.hot) .token.hot { outline-color: Highlight }
  }
`;
const HINT = "Point at a box, an arrow, a line or a name, and the same thing is marked in every column. "
  + "Keys: Tab, then \u2190 and \u2192; Esc lets go.";
const PARTS = "[data-of], [data-edges]";

function start(host, data) {
  const frame = openFrame(host, "One expression in several notations", ROSETTA_STYLE);
  const sentence = make("p", { class: "say", "aria-live": "polite" }, HINT);
  const boxes = data.columns.map((column) => notationBox(column));
  const many = data.columns.length > 3 ? " four" : "";
  const columns = make("div", { class: `columns${many}`, style: `--columns: ${widths(data.columns)}` },
    ...data.columns.map((column, i) => columnOf(column, i + 1, boxes[i])));
  frame.append(sentence, columns);

  // The place, in data.things, of what a part of a picture or a name in the program stands for.
  const thingOf = (part) => data.keys[part.dataset.of ?? part.dataset.edges.split(" ")[0]];
  const parts = boxes.map((box) => [...box.querySelectorAll(`:is(${PARTS}):not(.reach)`)]);
  const options = boxes.map((box, i) => makeOptions(parts[i], thingOf, data.things, i));

  // What is marked is what is pointed at, else what the focus is on.
  let pointed = null, focused = null, shown = null, last = 0;
  const update = (from) => {
    const now = pointed ?? focused;
    if (now === shown) return;
    shown = now;
    parts.flat().forEach((part) => part.classList.toggle("hot", thingOf(part) === now));
    sentence.textContent = now === null ? HINT : data.things[now].says;
    sentence.classList.toggle("told", now !== null);
    boxes.forEach((box, i) => box !== from && now !== null && reveal(box, options[i][now]));
  };
  const focusOn = (thing) => {
    focused = thing;
    last = thing ?? last;
    boxes.forEach((box, i) => options[i].forEach((option, k) =>
      option.setAttribute("aria-selected", String(k === thing))));
    update(null);
  };
  boxes.forEach((box, i) => {
    const partAt = (event) => event.target.closest(PARTS);
    box.addEventListener("pointerover", (event) => {
      pointed = event.pointerType !== "touch" && partAt(event) ? thingOf(partAt(event)) : null;
      update(box);
    });
    box.addEventListener("pointerleave", () => { pointed = null; update(box); });
    box.addEventListener("focus", () => { point(box, options[i][last]); focusOn(last); });
    box.addEventListener("blur", () => focusOn(null));
    box.addEventListener("pointerdown", (event) => {  // before the focus, which follows it
      if (!partAt(event)) return;
      point(box, options[i][thingOf(partAt(event))]);
      focusOn(thingOf(partAt(event)));
    });
    box.addEventListener("keydown", (event) => {
      const count = data.things.length, at = focused ?? last;
      const goals = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: count - 1, Escape: null };
      const goal = goals[event.key];
      if (goal === undefined) return;
      event.preventDefault();
      pointed = null;
      if (goal === null) return focusOn(null);
      const next = Math.max(0, Math.min(count - 1, focused === null ? last : goal));
      point(box, options[i][next]);
      focusOn(next);
    });
  });
}

function columnOf(column, place, box) {
  const title = make("p", { class: "title" }, make("span", {}, String(place)), column.title);
  const caption = column.caption.flatMap(([term, text]) => [make("dt", {}, term), make("dd", {}, text)]);
  return make("div", { class: "column" }, title, make("dl", {}, ...caption), box);
}

// Columns share the width as their pictures need it.
function widths(columns) {
  return columns.map(({ width, markup }) => {
    const share = Math.round(Math.max(width, 200));
    const least = markup.includes("<svg") ? 0 : Math.min(share, 340); // a picture shrinks, a text does not
    return `minmax(${least}px, ${share}fr)`;
  }).join(" ");
}

// One notation, as a list of things to choose from: one stop of the Tab key.
function notationBox(column) {
  const box = make("div", { class: "scroll", tabindex: "0", role: "listbox", "aria-label": column.title });
  box.innerHTML = column.markup;
  for (const svg of box.querySelectorAll("svg")) {
    svg.setAttribute("role", "presentation");
    svg.style.maxWidth = `${column.width}px`;
    svg.style.minWidth = `${Math.round(0.8 * column.width)}px`;  // smaller could not be read: it scrolls
  }
  for (const arrow of box.querySelectorAll(".arrow")) {  // a thin line is hard to hit
    const reach = arrow.querySelector(".edge").cloneNode();
    reach.setAttribute("class", "reach");
    reach.dataset.edges = arrow.dataset.edges;
    arrow.ownerSVGElement.prepend(reach);  // below all that is drawn: a line itself comes first
  }
  return box;
}

// The part that stands for each thing in one column, for whoever hears the column instead of seeing it.
function makeOptions(parts, thingOf, things, column) {
  const options = [];
  for (const part of parts.filter((part) => !part.querySelector(PARTS))) options[thingOf(part)] ??= part;
  options.forEach((option, k) => {
    option.id = `column-${column}-thing-${k}`;
    option.setAttribute("role", "option");
    option.setAttribute("aria-label", things[k].name);
    option.setAttribute("aria-selected", "false");
  });
  return options;
}

// Moves the focus of a column to one of its things.
function point(box, option) {
  box.setAttribute("aria-activedescendant", option.id);
}

// Scrolls a column, and never the page, to where a thing can be seen.
function reveal(box, option) {
  const inner = box.getBoundingClientRect(), part = option.getBoundingClientRect();
  if (part.left < inner.left || part.right > inner.right) {
    box.scrollLeft += (part.left + part.right - inner.left - inner.right) / 2;
  }
  if (part.top < inner.top || part.bottom > inner.bottom) {
    box.scrollTop += (part.top + part.bottom - inner.top - inner.bottom) / 2;
  }
}
