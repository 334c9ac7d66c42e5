// A broadcast in four steps: x, its copies, their cotangents, and what comes together at x. All
// numbers come from Python; which entry of x is followed is all that is chosen here.

const TILE = { wide: 60, high: 30 };
const MOST_TERMS = 12;

function start(host, data) {
  const frame = openFrame(host, data.heading, data.style);
  const state = { step: 1, entry: 0 };
  const act = {
    step: () => state.step,
    last: () => data.steps.length - 1,
    go(step, playing) {
      if (!playing) controls.stop();
      state.step = Math.max(0, Math.min(act.last(), step));
      paint();
    },
    playing: (on) => says.setAttribute("aria-live", on ? "off" : "polite"),
  };
  const controls = makeControls(host, act);
  const says = make("p", { class: "say", "aria-live": "polite" });
  const readout = make("p", { class: "readout", "aria-live": "polite" });
  const choose = (entry) => {
    state.entry = entry;
    paint();
  };
  const board = makeBoard(data, choose), chooser = makeChooser(data, choose);
  const ledger = makeLedger(data);
  frame.append(make("p", { class: "title" }, data.heading), controls.element,
    make("div", { class: "stage" }, board.element, make("div", { class: "told" }, says, ledger.element,
      make("div", { class: "bar" }, make("label", {}, "follow", chooser)), readout)));
  listenToKeys(frame, controls, act);
  paint();

  function paint() {
    const [title, sentence] = data.steps[state.step];
    controls.paint(state.step, title, "");
    board.paint(state);
    ledger.paint(state.step);
    chooser.value = String(state.entry);
    if (says.textContent !== sentence) says.textContent = sentence;
    readout.textContent = follow(data, state);
  }
}

// One entry of x on its way: where it is copied to, and what its copies send back.
function follow({ names, homes, values, cotangents, sums }, { step, entry }) {
  const copies = homes.flatMap((home, k) => (home === entry ? [k] : []));
  const name = names[entry], count = copies.length;
  const many = count === 1 ? "one place" : `${count} places`;
  if (step === 0) return `x${name} = ${number(values[copies[0]])}`;
  if (step === 1) return `x${name} = ${number(values[copies[0]])} stands in ${many} of z.`;
  const terms = copies.slice(0, MOST_TERMS).map((k) => cotangents[k]);
  const sum = added(terms) + (count > terms.length ? ` + \u2026 (${count} in all)` : "");
  if (step === 2) return `From the ${count === 1 ? "one place" : many} where x${name} stands: ${sum}`;
  return `x_bar${name} = ${count === 1 ? "" : `${sum} = `}${number(sums[entry])}`;
}

// Numbers as a sum in one line: 1 − 2 + 0.5; nan and inf come as texts.
function added(terms) {
  const [first, ...rest] = terms.map(number);
  return rest.reduce((sum, x) => sum + (x[0] === "\u2212" ? ` \u2212 ${x.slice(1)}` : ` + ${x}`), first);
}

function makeChooser({ names }, choose) {
  const chooser = make("select", { "aria-label": "Which entry of x to follow" },
    ...names.map((name, i) => make("option", { value: i }, `x${name}`)));
  chooser.addEventListener("change", () => choose(Number(chooser.value)));
  return chooser;
}

// The shapes of all four arrays; the one that is shown is marked.
function makeLedger({ shapes: [x, z] }) {
  const cells = [["x", x], ["z", z], ["z_bar", z], ["x_bar", x]]
    .map(([name, shape]) => make("td", {}, `${name} ${shape}`));
  const row = (name, arrow, left, right) => make("tr", {}, make("th", { scope: "row" }, name), left,
    make("td", {}, arrow), right);
  const element = make("table", { class: "shapes" }, make("tbody", {},
    row("forward", "\u2192 copy", cells[0], cells[1]), row("back", "\u2190 add", cells[3], cells[2])));
  const paint = (step) => cells.forEach((cell, k) => cell.classList.toggle("now", k === step));
  return { element, paint };
}

// The tiles: one for each entry of z, of which those that are not x itself lie hidden behind it
// before they are copied, and after they have been added up.
function makeBoard({ places, homes, values, cotangents, sums, steps }, choose) {
  const first = new Map();
  homes.forEach((home, k) => first.has(home) || first.set(home, k));
  const tiles = places.map(([left, top], k) => {
    const isHome = first.get(homes[k]) === k;
    const tile = make("div", { class: isHome ? "tile home" : "tile copy" });
    put(tile, left, top);
    tile.addEventListener("pointerenter", () => choose(homes[k]));
    return tile;
  });
  const outlines = places.map(([left, top]) => {
    const outline = make("div", { class: "place" });
    put(outline, left, top);
    return outline;
  });
  const box = make("div", { class: "board", role: "img" }, ...outlines, ...tiles);
  box.style.width = `${Math.max(...places.map(([left]) => left)) + TILE.wide}px`;
  box.style.height = `${Math.max(...places.map(([, top]) => top)) + TILE.high}px`;
  const element = make("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": "Tiles" }, box);

  function paint({ step, entry }) {
    const folded = step === 0 || step === 3, isBack = step > 1;
    const numbers = homes.map((home, k) => [values[k], values[k], cotangents[k], sums[home]][step]);
    tiles.forEach((tile, k) => {
      const [left, top] = places[k], [homeLeft, homeTop] = places[first.get(homes[k])];
      tile.textContent = number(numbers[k]);
      tile.style.transform = folded ? `translate(${homeLeft - left}px, ${homeTop - top}px)` : "none";
      tile.classList.toggle("away", folded && first.get(homes[k]) !== k);
      tile.classList.toggle("cotangent", isBack);
      tile.classList.toggle("hot", homes[k] === entry);
    });
    const seen = numbers.filter((_, k) => !folded || first.get(homes[k]) === k).map(number);
    box.setAttribute("aria-label", `${steps[step][0]}: ${seen.join(", ")}`);
  }
  return { element, paint };
}

function put(element, left, top) {
  const sizes = { left: left + 2, top: top + 2, width: TILE.wide - 4, height: TILE.high - 4 };
  for (const [name, x] of Object.entries(sizes)) element.style[name] = `${x}px`;
  element.style.lineHeight = `${TILE.high - 7}px`;
}
