// The stepper: what happened in a computation, one step at a time. All that is shown after step k is
// a function of k (and of the numbers, the sweep, and what was predicted), however k was reached.

const START = "Only the leaves are known. Each step runs one operator";

// Shows `data` (see `payload` in stepper.py). Returns { update(data) }, for new numbers or another
// graph in the same place.
function start(host, data) {
  const frame = openFrame(host, data.heading, data.style || "");
  let stepper = makeStepper(host, frame, data);
  return { update(next) {
    stepper.stop();
    if (sameStructure(data.graph, next.graph)) stepper.renew(next);
    else stepper = makeStepper(host, frame, next);
    data = next;
  } };
}

function sameStructure(a, b) {
  const ids = ({ nodes, edges }) =>
    JSON.stringify([nodes.map((n) => [n.id, n.op, n.name, n.shape]), edges.map((e) => e.id)]);
  return ids(a) === ids(b);
}

function makeStepper(host, frame, given) {
  let { graph, called, sweeps, scenes } = given;
  let [tale, wrong, k, drawn] = [null, {}, 0, 0];
  const answered = new Map(); // how many questions of a step have been answered, by step
  const live = canRerun(graph);

  const act = {
    step: () => k,
    last: () => tale.steps.length,
    go(step, playing) {
      if (!playing) controls.stop();
      k = Math.max(0, Math.min(tale.steps.length, step));
      paint();
    },
    playing: (on) => says.setAttribute("aria-live", on ? "off" : "polite"),
  };

  const says = make("p", { class: "say", "aria-live": "polite" });
  const line = make("code", { class: "source" });
  const picture = make("div", { class: "picture scroll" });
  const controls = makeControls(host, act);
  const board = makeBoard(picture, given.heading, (ids, byMouse) => {
    if (byMouse) controls.scrub.focus({ preventScroll: true }); // there, the arrow keys make steps
    act.go(nextStepOf(tale, ids, k));
  });
  const ledger = makeLedger(graph, called);
  const sweepPanel = makeSweepPanel(sweeps, called, () => {
    tellAgain();
    act.go(tale.steps.length);
  });
  const asker = makeAsker(
    (text) => {
      const { question } = pending();
      if (!question) return act.go(k + 1);
      const verdict = judge(question, text);
      if (verdict.right) settle();
      return verdict;
    },
    () => pending().question && settle(),
  );
  const view = make("button", { type: "button" });
  view.addEventListener("click", () => draw(1 - drawn));
  const options = make("div", { class: "bar options" }, make("label", {}, "Play", controls.speed));
  if (sweeps.length) options.append(sweepPanel.element);
  if (scenes.length > 1) options.append(view);
  const stage = make("div", { class: "stage" }, ...(scenes.length ? [picture] : []), ledger.element);
  const told = make("div", { class: "told" }, says, line);
  frame.replaceChildren(controls.element, options, told, sweepPanel.note,
    ...(given.predict ? [asker.element] : []), stage,
    ...(live && movable(graph).length ? [makeSliders(graph, called, moveTo)] : []));
  listenToKeys(frame, controls, act);
  tellAgain();
  if (scenes.length) draw(0);
  else paint();

  // The events of the chosen sweep with the numbers of now, and what comes out wrong of them.
  function tellAgain() {
    const sweep = sweeps.find(({ id }) => id === sweepPanel.chosen());
    const wrongly = sweep && unpack(graph, sweep.events);
    const events = sweep ? (live ? replay(graph, wrongly) : wrongly) : graph.events;
    tale = makeTale(graph, called, events);
    wrong = sweep ? compareFinals(graph, events) : {};
    sweepPanel.paint(wrong);
  }

  // New numbers at the leaves; id: which leaf has just been moved, if it was one.
  function moveTo(values, id) {
    controls.stop();
    const before = graph;
    graph = rerun(given.graph, values);
    answered.clear();
    tellAgain();
    k = k || tale.steps.length; // before the first step there is nothing to see
    paint();
    if (id) tellMove(id, before);
  }

  function tellMove(id, before) {
    const follow = graph.nodes.filter((node, i) => node.op && content(node.value) !== content(before.nodes[i].value));
    board.mark(new Set([id, ...follow.map((node) => node.id)]));
    const value = content(graph.nodes.find((node) => node.id === id).value);
    const names = follow.map((node) => called.titles[node.id]);
    setText(says, `${called.titles[id]} is ${value} now; ${followed(names)}.`);
  }

  function draw(which) {
    drawn = which;
    board.load(scenes[drawn][1]);
    if (scenes.length > 1) view.textContent = `Show ${scenes[1 - drawn][0]}`;
    paint();
  }

  // The questions that the current step still asks; none of a wrong sweep, which nobody should guess.
  function pending() {
    const asks = given.predict && sweepPanel.chosen() === "right" && k > 0;
    const questions = asks ? questionsOf(tale.steps[k - 1], tale, called) : [];
    const left = questions.slice(answered.get(k) || 0);
    return { question: left[0] || null, hidden: Object.fromEntries(left.map(({ part }) => [part, true])) };
  }

  function settle() {
    answered.set(k, (answered.get(k) || 0) + 1);
    paint();
  }

  function paint() {
    const { question, hidden } = pending();
    const sentence = tale.sentence(k, hidden) || START + (tale.seedStep < Infinity ? ", or sends one message back." : ".");
    const scene = sceneAt(tale, called, wrong, k, hidden);
    if (scenes.length) board.paint(scene);
    board.mark(new Set());
    ledger.paint(scene);
    controls.paint(k, sentence, phase(tale, k));
    setText(says, sentence);
    setText(line, k ? lineOf(tale.steps[k - 1], called) : "");
    asker.paint(question, `${k}/${answered.get(k) || 0}`);
    if (scenes.length) board.reveal(); // reads where things are, so after all that is written
    ledger.reveal();
  }

  return {
    stop: controls.stop,
    renew(next) {
      given = next;
      ({ graph, called, sweeps } = next);
      tellAgain();
      k = Math.min(k, tale.steps.length);
      paint();
    },
  };
}

// The next step in which one of these nodes is active, counted round.
function nextStepOf(tale, ids, k) {
  const own = new Set(ids);
  const takesPart = (step) => [...activeIn(step).keys()].some((id) => own.has(id));
  const found = tale.steps.flatMap((step, i) => (takesPart(step) ? [i + 1] : []));
  return found.find((i) => i > k) ?? found[0] ?? k;
}

// What a leaf's move did to the others: "b, c and d follow".
function followed(names) {
  if (!names.length) return "nothing else moves";
  if (names.length === 1) return `${names[0]} follows`;
  const listed = names.length > 6 ? [...names.slice(0, 6), `${names.length - 6} more`] : names;
  return `${listed.slice(0, -1).join(", ")} and ${listed.at(-1)} follow`;
}

// What takes part in a step, as {node id: role}: what changes, and what makes it change.
function activeIn(step) {
  if (step.event.event !== "vjp") return new Map([[step.node.id, "changes"]]);
  return new Map([[step.reader.id, "speaks"], [step.source.id, "changes"]]);
}

function phase(tale, k) {
  if (!k) return "";
  const forward = Math.min(tale.seedStep - 1, tale.steps.length);
  if (k <= forward) return `, forward ${k} of ${forward}`;
  return `, backward ${k - forward} of ${tale.steps.length - forward}`;
}

// The line of source that a step belongs to, or the formula where it is not known.
function lineOf(step, called) {
  const node = step.node || step.reader;
  if (step.event.event === "seed") return node.name ? `${called.titles[node.id]}.backward()` : "backward()";
  if (node.line) return node.line;
  const [title, formula] = [called.titles[node.id], called.formulas[node.id]];
  return title === formula ? formula : `${title} = ${formula}`;
}

// --- what is known after step k ---

function sceneAt(tale, called, wrong, k, hidden) {
  const step = tale.steps[k - 1];
  const active = step ? activeIn(step) : new Map();
  const known = new Map();
  for (const node of tale.nodes.values()) {
    const changes = active.get(node.id) === "changes";
    known.set(node.id, changes ? describe(node, tale, called, wrong, k, { step, hidden })
      : describeUnmoved(node, tale, called, wrong, k));
  }
  const backward = k >= tale.seedStep;
  const moving = !step ? [] : step.edge ? [step.edge.id] : backward ? [] : edgesInto(tale, step.node.id);
  const local = (edge) => (hidden.message && edge === step.edge.id ? "?" : tale.locals.get(edge));
  return { known, active, moving, backward, local };
}

function edgesInto(tale, id) {
  return [...tale.edges.values()].filter((edge) => edge.to === id).map((edge) => edge.id);
}

// The same object for the same facts, so that only what changes has to be described and painted.
function describeUnmoved(node, tale, called, wrong, k) {
  const [backward, ended] = [k >= tale.seedStep, k === tale.steps.length];
  const facts = [tale.holds(node.id, k), tale.computed(node.id, k), backward, ended];
  const before = tale.described.get(node.id);
  if (before && before.facts.every((fact, i) => fact === facts[i])) return before.known;
  const known = describe(node, tale, called, wrong, k, {});
  tale.described.set(node.id, { facts, known });
  return known;
}

// What is shown of one tensor. own: the step, and what of it is hidden, if it is this one's.
function describe(node, tale, called, wrong, k, { step, hidden = {} }) {
  const computed = tale.computed(node.id, k) && !hidden.value;
  const backward = k >= tale.seedStep;
  const held = tale.holds(node.id, k);
  const due = tale.due(node.id);
  const gradient = describeGradient(node, tale, called, wrong, k, { step, hidden, held, due });
  const value = computed ? valueOf(node) : tale.computed(node.id, k) ? "?" : "";
  const counted = backward && due > 0;
  return {
    ...gradient, computed, value, due,
    fullValue: computed && node.value ? inFull(node.value) : "",
    heard: counted ? `${held ? held.heard : 0} of ${due}` : "",
    counter: counted && due > 1 ? `${held ? held.heard : 0} of ${due}` : "",
    partial: Boolean(held && held.heard < due),
    waiting: counted && !(held && held.heard >= due),
    counts: Boolean(backward ? due || held : node.op),
    done: backward ? Boolean(held && held.heard >= due) : tale.computed(node.id, k) && Boolean(node.op),
    says: `${called.titles[node.id]}${value && value !== called.titles[node.id] ? `, value ${value}` : ""}`
      + `${gradient.cell ? `, ${called.word} ${gradient.cell}` : ""}`,
  };
}

// The gradient of one tensor: on its card, in its cell of the ledger, and in full.
function describeGradient(node, tale, called, wrong, k, { step, hidden, held, due }) {
  const short = called.word === "gradient" ? "grad" : called.word;
  const ended = k === tale.steps.length && k >= tale.seedStep;
  const fault = wrong[node.id];
  if (fault && (ended || (held && tale.last(node.id).step <= k))) return describeWrong(fault);
  if (held && held.zeroed) return { gradient: `${short} zeroed`, cell: "zeroed", fullCell: "" };
  if (!held) {
    const missing = ended && node.kind !== "constant" ? "not reached" : "";
    return { gradient: missing, cell: missing, fullCell: "", missing: Boolean(missing) };
  }
  if (hidden.message || hidden.total) return { gradient: `${short} ?`, cell: "?", fullCell: "" };
  const text = content(held.gradient);
  const partial = held.heard < due;
  const sum = step && sumOf(step);
  const state = held.left ? "left over" : partial ? "so far" : "";
  return {
    gradient: `${state || short} ${text}`,
    cell: `${sum ? sum.text : text} ${state}`.trim(),
    fullCell: sum ? sum.full : inFull(held.gradient),
  };
}

function describeWrong({ found, right }) {
  const [had, should] = [found, right].map((value) => (value ? content(value) : "not reached"));
  const text = `\u2717 ${had}, right: ${should}`;
  return {
    gradient: text.length > 19 ? `\u2717 ${had}` : text, cell: text, wrong: true,
    fullCell: `${found ? inFull(found) : had}, right: ${right ? inFull(right) : should}`,
  };
}

// What was there + what arrives = what is there now, where a step adds numbers up.
function sumOf({ event, had, zeroed }) {
  if (!had || zeroed || event.overwrites || event.event !== "vjp" || !isWrittenOut(event.total)) return null;
  const parts = [had, event.contribution, event.total];
  const [a, b, c] = parts.map(content);
  const [x, y, z] = parts.map(inFull);
  return { text: `${a} + ${bracketed(b)} = ${c}`, full: `${x} + ${y} = ${z}` };
}
