// The drawing of the graph: shows what is known after a step, and lights up what takes part in it.

const SVG = "http://www.w3.org/2000/svg";

// The board over one box. pick(ids, byMouse) is called when the reader chooses a card.
// Returns { load(markup), paint(scene), reveal(), mark(ids) }; a scene says for each node what is known
// of it (see `describe` in stepper.js), and what is active; reveal scrolls to that; mark outlines the
// cards of tensors that have moved, and the arrows that carry them.
function makeBoard(box, label, pick) {
  let [cards, arrows, lit] = [[], new Map(), []];

  function load(markup) {
    box.innerHTML = markup;
    const svg = box.firstElementChild;
    svg.setAttribute("role", "group");
    svg.setAttribute("aria-label", label);
    cards = [...svg.querySelectorAll(".card")].map(makeCard);
    arrows = new Map();
    for (const element of svg.querySelectorAll(".arrow")) {
      const arrow = makeArrow(element);
      for (const edge of element.dataset.edges.split(" ")) arrows.set(edge, arrow);
    }
    lit = [];
    cards.forEach((card, i) => card.element.setAttribute("tabindex", i ? "-1" : "0"));
  }

  function paint(scene) {
    for (const card of cards) paintCard(card, scene);
    for (const arrow of new Set(arrows.values())) paintArrow(arrow, scene);
    light(scene);
  }

  function light({ active, moving, backward }) {
    for (const part of lit) part.unlight();
    lit = [];
    for (const card of cards) {
      const roles = card.ids.map((id) => active.get(id)).filter(Boolean).sort();
      if (roles.length) lit.push(lightCard(card, roles[0])); // "changes" comes before "speaks"
    }
    for (const arrow of new Set(moving.map((edge) => arrows.get(edge)).filter(Boolean))) {
      lit.push(lightArrow(arrow, moving, backward));
    }
  }

  function reveal() {
    bringIntoView(box, lit.filter((part) => part.card).map((part) => part.card.element));
  }

  function mark(ids) {
    for (const { element, ids: own } of cards) element.classList.toggle("moved", own.some((id) => ids.has(id)));
    for (const [edge, { element }] of arrows) element.classList.toggle("moved", ids.has(edge.split("-")[0]));
  }

  const cardAt = (target) => cards.find(({ element }) => element.contains(target));
  box.addEventListener("mousedown", (event) => cardAt(event.target) && event.preventDefault());
  box.addEventListener("click", (event) => {
    const card = cardAt(event.target);
    if (card) pick(card.ids, event.detail > 0);
  });
  box.addEventListener("keydown", (event) => {
    const at = cards.findIndex(({ element }) => element === event.target);
    if (at < 0) return;
    const goal = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: cards.length - 1 }[event.key];
    if (goal !== undefined) moveFocus(cards, Math.max(0, Math.min(cards.length - 1, goal)));
    else if (event.key === "Enter" || event.key === " ") pick(cards[at].ids, false);
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
  return { load, paint, reveal, mark };
}

function moveFocus(cards, at) {
  cards.forEach(({ element }, i) => element.setAttribute("tabindex", i === at ? "0" : "-1"));
  cards[at].element.focus();
}

function makeCard(element) {
  const { of, members } = element.dataset;
  const value = element.querySelector('[data-part="value"]');
  element.setAttribute("role", "button");
  return {
    element, of, value,
    members: members ? members.split(" ") : null,
    ids: members ? members.split(" ") : [of],
    between: value ? value.textContent.match(/^( = | {2})?/)[0] : "",
    gradient: element.querySelector('[data-part="gradient"]'),
    held: element.querySelector('[data-part="held"]'),
    heard: null,
  };
}

function makeArrow(element) {
  const locals = [...element.querySelectorAll("tspan[data-edge]")];
  return { element, locals, reader: element.dataset.edges.split(" ")[0].split("-")[1] };
}

// --- what is known ---

function paintCard(card, scene) {
  if (card.members) return paintGroup(card, scene);
  const known = scene.known.get(card.of);
  if (card.known === known) return;
  card.known = known;
  if (card.value) setText(card.value, known.value && card.between + known.value);
  if (card.gradient) {
    setText(card.gradient, known.gradient);
    setClass(card.gradient, known.wrong ? "wrong" : known.missing ? "missing" : "gradient");
  }
  paintHeard(card, known);
  setLabel(card, known.says);
}

// A folded group tells how many of its operators the sweep has been through.
function paintGroup(card, scene) {
  const done = card.members.filter((id) => scene.known.get(id).done).length;
  const all = card.members.filter((id) => scene.known.get(id).counts).length;
  setText(card.held, `${scene.backward ? "heard" : "made"} ${done} of ${all}`);
  setLabel(card, `group ${card.element.querySelector(".name").textContent}, ${card.held.textContent}`);
}

// A counter on the corner of a card that waits for more than one message: "1 of 2".
function paintHeard(card, known) {
  if (!known.counter) {
    if (card.heard) card.heard.element.remove();
    card.heard = null;
    return;
  }
  card.heard = card.heard || makeCounter(card.element, `${known.due} of ${known.due}`.length);
  setText(card.heard.text, known.counter);
  setClass(card.heard.element, known.waiting ? "counter waiting" : "counter");
}

// longest: how many characters it has to hold.
function makeCounter(element, longest) {
  const [x, y] = corner(element.querySelector("rect, path"));
  const group = document.createElementNS(SVG, "g");
  const box = document.createElementNS(SVG, "rect");
  const text = document.createElementNS(SVG, "text");
  const wide = 7 * longest + 8;
  const place = { x: x + 16 - wide, y: y - 11, width: wide, height: 19, rx: 9.5 };
  for (const [name, value] of Object.entries(place)) box.setAttribute(name, value);
  for (const [name, value] of Object.entries({ x: x + 16 - wide / 2, y: y + 3, "font-size": 12 })) {
    text.setAttribute(name, value);
  }
  group.append(box, text);
  element.append(group);
  return { element: group, text };
}

// The top right corner of a card's outline.
function corner(shape) {
  const number = (name) => Number(shape.getAttribute(name));
  if (shape.tagName === "rect") return [number("x") + number("width"), number("y")];
  const points = shape.getAttribute("d").match(/[-\d.]+,[-\d.]+/g).map((pair) => pair.split(",").map(Number));
  return [Math.max(...points.map(([x]) => x)), Math.min(...points.map(([, y]) => y))];
}

function paintArrow(arrow, scene) {
  const known = scene.known.get(arrow.reader);
  for (const part of arrow.locals) setText(part, scene.local(part.dataset.edge) ?? part.textContent);
  const unknown = !known || !known.computed;
  if (arrow.unknown !== unknown) arrow.element.classList.toggle("unknown", arrow.unknown = unknown);
}

// --- what is active ---

function lightCard(card, role) {
  card.element.classList.add("hot", role);
  return { card, unlight: () => card.element.classList.remove("hot", role) };
}

function lightArrow({ element }, moving, backward) {
  const hot = new Set(moving);
  const locals = [...element.querySelectorAll("tspan[data-edge]")];
  const parts = locals.filter((part) => hot.has(part.dataset.edge));
  for (const part of parts) part.classList.add("hot");
  element.classList.add("hot", ...(backward ? ["backward"] : []));
  const turned = backward ? turnedArrow(element) : null;
  if (turned) element.prepend(turned);
  return { unlight() {
    for (const part of parts) part.removeAttribute("class");
    element.classList.remove("hot", "backward");
    if (turned) turned.remove();
  } };
}

// The arrow as a message travels it: from the reader, where its head was, to the source.
function turnedArrow(element) {
  const way = element.querySelector(".edge").getAttribute("d");
  const tip = element.querySelector(".head").getAttribute("d").match(/^M([-\d.]+,[-\d.]+)/)[1];
  const [start, x, y, nextX, nextY] = way.match(/^M([-\d.]+),([-\d.]+)L([-\d.]+),([-\d.]+)/);
  const [dx, dy] = [Math.sign(nextX - x), Math.sign(nextY - y)];
  const rest = way.slice(start.length - `L${nextX},${nextY}`.length);
  const group = document.createElementNS(SVG, "g");
  const line = document.createElementNS(SVG, "path");
  const head = document.createElementNS(SVG, "path");
  const at = (along, aside) => `${+x + along * dx + aside * dy},${+y + along * dy + aside * dx}`;
  line.setAttribute("class", "edge");
  line.setAttribute("d", `M${at(9, 0)}${rest}L${tip}`);
  head.setAttribute("class", "head");
  head.setAttribute("d", `M${at(0, 0)}L${at(12, 6)}L${at(12, -6)}z`);
  group.setAttribute("class", "turned");
  group.append(line, head);
  return group;
}

// Scrolls the box, and never the page, to what is active, if it is out of sight.
function bringIntoView(box, elements) {
  const fits = box.scrollWidth <= box.clientWidth && box.scrollHeight <= box.clientHeight;
  if (!elements.length || fits) return;
  const frame = box.getBoundingClientRect();
  const boxes = elements.map((element) => element.getBoundingClientRect());
  const [left, top] = ["left", "top"].map((side) => Math.min(...boxes.map((one) => one[side])));
  const [right, bottom] = ["right", "bottom"].map((side) => Math.max(...boxes.map((one) => one[side])));
  const across = (left + right - frame.left - frame.right) / 2;
  const down = (top + bottom - frame.top - frame.bottom) / 2;
  if (left < frame.left || right > frame.right) box.scrollLeft += across;
  if (top < frame.top || bottom > frame.bottom) box.scrollTop += down;
}

// --- touching only what changes ---

function setText(element, text) {
  if (element.said === text) return;
  element.textContent = element.said = text;
}

function setClass(element, name) {
  if (element.getAttribute("class") !== name) element.setAttribute("class", name);
}

function setLabel(card, text) {
  if (card.label === text) return;
  card.element.setAttribute("aria-label", card.label = text);
}
