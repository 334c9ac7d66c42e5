// What happens in a computation, step by step: the sentences of trace.py, and what each tensor holds
// after each step. Pure functions of a record and the events of one sweep; nothing here is drawn.

const GONE = ", a value that PyTorch has not kept";

// The tale of one sweep. Step k is the state after k events, so step 0 is before all of them.
// Returns { nodes, edges, steps, seedStep, locals, due(id), sentence(k, hidden), holds(id, k), last(id),
// computed(id, k), described }.
function makeTale(graph, called, events) {
  const nodes = new Map(graph.nodes.map((node) => [node.id, node]));
  const edges = new Map(graph.edges.map((edge) => [edge.id, edge]));
  const due = countDue(graph, edges);
  const tale = walk({ nodes, edges, due }, events);
  const numeric = graph.edges.filter((edge) => edge.local && edge.local.kind === "scalar" && edge.local.value);
  const seedStep = 1 + events.findIndex((event) => event.event === "seed");
  return {
    nodes, edges, steps: tale.steps, seedStep: seedStep || Infinity,
    locals: new Map(numeric.map((edge) => [edge.id, content(edge.local.value)])),
    due: (id) => due.get(id) || 0,
    sentence: (k, hidden = {}) => (k ? tell(tale.steps[k - 1], called, hidden) : ""),
    holds: (id, k) => latest(tale.held.get(id) || [], k),
    last: (id) => (tale.held.get(id) || []).at(-1),
    computed: (id, k) => (tale.madeAt.get(id) ?? 0) <= k,
    described: new Map(), // what has been described of each tensor, to be used again
  };
}

// The events of a wrong sweep, from what `pack` in stepper.py made of them.
function unpack(graph, packed) {
  const seed = graph.events.find((event) => event.event === "seed");
  const like = new Map(graph.nodes.map((node) => [node.id, node.value]));
  const sources = new Map(graph.edges.map((edge) => [edge.id, edge.from]));
  const value = ({ shape, dtype }, numbers) => {
    const size = shape.reduce((product, n) => product * n, 1);
    if (size === numbers.length) return { shape, dtype, data: numbers };
    const [min, max, mean, std] = numbers;
    return { shape, dtype, statistics: { min, max, mean, std } };
  };
  const backward = packed.map(([edge, contribution, total, overwrites]) => {
    if (contribution === undefined) return { ...seed, gradient: value(seed.gradient, edge) };
    const whole = like.get(sources.get(edge));
    const [message, sum] = [contribution, total].map((numbers) => value(whole, numbers));
    const event = { event: "vjp", edge, contribution: message, total: sum };
    return overwrites ? { ...event, overwrites: true } : event;
  });
  return [...graph.events.filter((event) => event.event === "forward"), ...backward];
}

// How many messages the right sweep sends to each tensor.
function countDue(graph, edges) {
  const due = new Map();
  for (const event of graph.events) {
    if (event.event !== "vjp") continue;
    const { from } = edges.get(event.edge);
    due.set(from, (due.get(from) || 0) + 1);
  }
  return due;
}

// Goes through the events once. steps: what the sentence of each needs to know; held: for each
// tensor, what it holds from which step on; madeAt: the step at which an operator's value appears.
function walk({ nodes, edges, due }, events) {
  const [steps, held, madeAt] = [[], new Map(), new Map()];
  const totals = new Map();
  let [heard, zeroed] = [new Map(), new Set()];
  const heardBy = (id) => heard.get(id)?.size || 0;
  const hold = (id, step, facts) => {
    if (!held.has(id)) held.set(id, []);
    const entry = { step, gradient: totals.get(id), heard: heardBy(id), due: due.get(id) || 0 };
    held.get(id).push({ ...entry, ...facts });
  };
  const take = {
    forward(event, step) {
      madeAt.set(event.node, step);
      return { node: nodes.get(event.node) };
    },
    seed(event, step) {
      const again = totals.size > 0;
      const leaves = [...totals.keys()].filter((id) => !nodes.get(id).op);
      [heard, zeroed] = [new Map(), new Set(leaves)];
      totals.set(event.node, event.gradient);
      if (!again) hold(event.node, step);
      for (const id of again ? totals.keys() : []) {
        hold(id, step, { zeroed: zeroed.has(id), left: id !== event.node });
      }
      return { node: nodes.get(event.node), again };
    },
    vjp(event, step) {
      const edge = edges.get(event.edge);
      const [source, reader] = [edge.from, edge.to];
      const known = {
        edge, source: nodes.get(source), reader: nodes.get(reader), upstream: totals.get(reader),
        had: totals.get(source), zeroed: zeroed.has(source),
        repeated: Boolean(heard.get(source)?.has(edge.id)),
        arrived: heardBy(source) + 1, due: due.get(source),
        readerHeard: heardBy(reader), readerDue: due.get(reader) || 0,
      };
      totals.set(source, event.total);
      zeroed.delete(source);
      if (!heard.has(source)) heard.set(source, new Set());
      heard.get(source).add(edge.id);
      hold(source, step);
      return known;
    },
  };
  events.forEach((event, i) => steps.push({ event, ...take[event.event](event, i + 1) }));
  return { steps, held, madeAt };
}

// The last entry of a list that was there at step k.
function latest(entries, k) {
  let [low, high] = [0, entries.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (entries[middle].step <= k) low = middle + 1;
    else high = middle;
  }
  return entries[low - 1];
}

// The sentence of a step. hidden: which numbers are still to be predicted: value, message, total.
function tell(step, called, hidden) {
  return { forward: tellForward, seed: tellSeed, vjp: tellVjp }[step.event.event](step, called, hidden);
}

function tellForward({ node }, called, hidden) {
  const [title, formula] = [called.titles[node.id], called.formulas[node.id]];
  const made = title === formula ? formula : `${title} = ${formula}`;
  if (!node.value) return `Forward through ${called.symbols[node.id]}: ${made}${GONE}.`;
  const result = `${isWrittenOut(node.value) ? " =" : " of shape"} ${content(node.value)}`;
  return `Forward through ${called.symbols[node.id]}: ${made}${hidden.value ? " = ?" : result}.`;
}

function tellSeed({ event, node, again }, called) {
  const isIt = isWrittenOut(event.gradient) ? "is" : "has shape";
  const title = called.titles[node.id] + (again ? " once more" : "");
  const zeroed = again ? " The leaves have been zeroed." : "";
  return `Backward starts at ${title}: its ${called.word} ${isIt} ${content(event.gradient)}.${zeroed}`;
}

function tellVjp(step, called, hidden) {
  const title = called.titles[step.source.id];
  const clauses = [change(step, title, hidden), count(step)];
  if (step.readerHeard < step.readerDue) {
    const heard = `${step.readerHeard} of ${step.readerDue}`;
    clauses.push(`Too early: ${called.titles[step.reader.id]} had heard ${heard}`);
  }
  const told = clauses.filter(Boolean).map((clause) => (clause.startsWith(";") ? clause : `. ${clause}`));
  const start = `Backward through ${called.symbols[step.reader.id]} to ${title}: `;
  return `${start}${product(step, called, hidden)}${told.join("")}.`;
}

// The message as a product: numbers, or shapes and what happens to them.
function product({ event, edge, upstream }, called, hidden) {
  if (hidden.message) return "?"; // its factors would give it away
  const before = content(upstream);
  const after = content(event.contribution);
  const text = called.locals[edge.id];
  if (edge.local.kind === "scalar") {
    return `${before} \u00d7 ${bracketed(content(edge.local.value))} = ${after}`;
  }
  if (text.startsWith("\u00b7")) return `${before} ${text} = ${after}`;
  if (text.endsWith("\u00b7")) return `${text} ${before} = ${after}`;
  return `${called.word} ${before}, local derivative ${text}, message ${after}`;
}

function bracketed(text) {
  return text.startsWith("\u2212") ? `(${text})` : text;
}

// What the message makes of what was there, if anything was.
function change({ event, had, zeroed }, title, hidden) {
  if (!had) return "";
  if (zeroed) return `; ${title} had been zeroed`;
  if (!isWrittenOut(event.total)) {
    return `; it is ${event.overwrites ? "put in place of" : "added to"} what ${title} had`;
  }
  const became = event.overwrites ? "and = leaves" : "now";
  const total = hidden.message || hidden.total ? "?" : content(event.total);
  return `; ${title} had ${content(had)}, ${became} ${total}`;
}

// How many of the messages that are due have arrived.
function count({ had, arrived, due, repeated }) {
  if (repeated) return "This message had come before";
  if (due < 2) return "";
  if (arrived === due) return `${due === 2 ? "Both" : `All ${due}`} messages are in`;
  if (arrived === 1) return `${had ? "I" : "; i"}t is the first of ${due} messages`;
  return `${arrived} of ${due} messages are in`;
}

// What a node shows for its value: of one that PyTorch has not kept, only the shape is known.
function valueOf(node) {
  if (node.value) return content(node.value);
  return node.shape && node.shape.length ? `${shapeText(node.shape)}, not kept` : "not kept";
}

// Are the numbers themselves shown (a scalar or a short vector), and not only the shape?
function isWrittenOut(value) {
  return value.shape.length < 2 && Boolean(value.data) && value.data.length > 0 && value.data.length <= 3;
}

// A value in full: every digit of what `content` rounds, or a sketch of a large array.
function inFull(value) {
  if (isWrittenOut(value)) return value.data.join(", ");
  const { statistics } = value;
  if (!statistics) return `shape ${shapeText(value.shape)}`;
  return `from ${number(statistics.min)} to ${number(statistics.max)}, mean ${number(statistics.mean)}`;
}
