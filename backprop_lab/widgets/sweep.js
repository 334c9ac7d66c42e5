// The two sweeps in the page: other numbers through a scalar graph, and any order of messages.
// Pure functions of a Graph record (graph.schema.json) and its events; nothing here is drawn.

const { canRerun, rerun, replay, compareFinals } = (() => {
  // What each operator does, as in backprop_lab/ops: [its value, its slope in each input].
  // At kinks and ties the slopes are PyTorch's.
  const ONE_INPUT = {
    __proto__: null,
    "-": [(x) => -x, () => [-1]],
    exp: [Math.exp, (x, z) => [z]],
    log: [Math.log, (x) => [1 / x]],
    sin: [Math.sin, (x) => [Math.cos(x)]],
    cos: [Math.cos, (x) => [-Math.sin(x)]],
    tanh: [Math.tanh, (x, z) => [1 - z * z]],
    sigmoid: [sigmoid, (x, z) => [z * (1 - z)]],
    relu: [(x) => (x <= 0 ? 0 : x), (x, z) => [Number(z > 0)]],
    abs: [Math.abs, (x) => [(x > 0) - (x < 0)]],
    "\u221a": [Math.sqrt, (x, z) => [1 / (2 * z)]],
  };
  const TWO_INPUTS = {
    __proto__: null,
    "+": [(x, y) => x + y, () => [1, 1]],
    "-": [(x, y) => x - y, () => [1, -1]],
    "*": [(x, y) => x * y, (x, y) => [y, x]],
    "/": [(x, y) => x / y, (x, y, z) => [1 / y, (-1 / y) * z]],
    "**": [power, powerSlopes],
    max: [(x, y) => Math.max(x, y), (x, y) => [1 - loss(x, y), 1 - loss(y, x)]],
    min: [(x, y) => Math.min(x, y), (x, y) => [1 - loss(y, x), 1 - loss(x, y)]],
  };
  // What one number comes out of as it went in: a change of shape, a sum of one.
  for (const op of ["cast", "reshape", "broadcast", "[ ]", "=", "sum", "mean"]) {
    ONE_INPUT[op] = [(x) => x, () => [1]];
  }
  for (const op of ["max", "min"]) ONE_INPUT[op] = [(x) => x, (x) => [x === x ? 1 : NaN]];
  ONE_INPUT.logsumexp = [(x) => x, (x) => [Math.exp(x - x)]];

  function sigmoid(x) {
    const small = Math.exp(-Math.abs(x)); // never overflows, whichever side x is on
    return (x >= 0 ? 1 : small) / (1 + small);
  }

  // x ** y as in Python, where 1 to any power is 1, and so is -1 to an infinite one.
  function power(x, y) {
    return x === 1 || (x === -1 && Math.abs(y) === Infinity) ? 1 : x ** y;
  }

  // x ** 0 has slope 0 in x, and at x = 0 the slope in y is 0.
  function powerSlopes(x, y, z) {
    return [y * power(x, y - Number(y !== 0)), z * Math.log(x === 0 ? 1 : x)];
  }

  // How much x loses to a larger y: 1 where it is smaller, half at a tie, else 0 (or at nan).
  function loss(x, y) {
    return 0.5 * (x <= y) + 0.5 * (x < y);
  }

  // Can `rerun` compute this graph? It must hold float64 scalars only, with known numbers, and the
  // table must give back what was recorded: an operator of the reader's own may bear a known symbol.
  function canRerun(graph) {
    const { known, entering } = survey(graph);
    return graph.nodes.every((node) => {
      if (!isScalar(node.value)) return false;
      if (!node.op) return true;
      const edges = entering.get(node.id);
      const rule = ruleOf(node, edges);
      if (!rule) return false;
      const [value, slopes] = apply(rule, edges, known);
      const asRecorded = (edge, slot) => !hasNumber(edge) || near(slopes[slot], read(edge.local.value));
      return near(value, known.get(node.id)) && edges.every(asRecorded);
    });
  }

  // The record with other numbers at its leaves: values is {node id: number}. The given record stays
  // as it is; a leaf that is not named keeps its value. Move only leaves that require a gradient:
  // what was computed from others alone was not recorded, and stands in the graph as a constant.
  function rerun(graph, values) {
    const { known, entering } = survey(graph);
    const slopes = new Map(); // from an edge's id to its local derivative
    for (const node of graph.nodes) {
      if (!node.op) {
        if (Object.hasOwn(values, node.id)) known.set(node.id, toNumber(values[node.id]));
        continue;
      }
      const edges = entering.get(node.id);
      const [value, found] = apply(ruleOf(node, edges), edges, known);
      known.set(node.id, value);
      edges.forEach((edge, slot) => slopes.set(edge.id, found[slot]));
    }
    const nodes = graph.nodes.map((node) => ({ ...node, value: write(known.get(node.id)) }));
    const edges = graph.edges.map((edge) => {
      if (!hasNumber(edge)) return edge;
      return { ...edge, local: { ...edge.local, value: write(slopes.get(edge.id)) } };
    });
    const again = { ...graph, nodes, edges };
    return { ...again, events: replay(again, graph.events) };
  }

  // The same messages in the same order, with the local derivatives that the record holds now. The
  // order alone decides what comes out, so this recomputes wrong sweeps as well.
  function replay(graph, events) {
    const edges = new Map(graph.edges.map((edge) => [edge.id, edge]));
    const totals = new Map(); // what each tensor holds, by node id
    return events.map((event) => {
      if (event.event === "seed") totals.set(event.node, read(event.gradient));
      if (event.event !== "vjp") return event;
      const edge = edges.get(event.edge);
      const contribution = totals.get(edge.to) * read(edge.local.value);
      const before = event.overwrites ? undefined : totals.get(edge.from);
      const total = before === undefined ? contribution : before + contribution;
      totals.set(edge.from, total);
      return { ...event, contribution: write(contribution), total: write(total) };
    });
  }

  // Which tensors end up with another gradient than the record's own sweep gives them:
  // {node id: {found, right}}, both as recorded values, null where a sweep did not get there.
  // What differs by rounding alone (1e-12 of the largest message that went in) is not named.
  function compareFinals(graph, events) {
    const found = finals(graph, events);
    const right = finals(graph, graph.events);
    const different = {};
    for (const id of new Set([...right.keys(), ...found.keys()])) {
      const [a, b] = [found.get(id), right.get(id)];
      if (a && b && equal(a, b)) continue;
      different[id] = { found: a ? a.value : null, right: b ? b.value : null };
    }
    return different;
  }

  // The last total of each tensor that a sweep reached, and the largest message on the way there.
  function finals(graph, events) {
    const sources = new Map(graph.edges.map((edge) => [edge.id, edge.from]));
    const last = new Map();
    for (const event of events) {
      if (event.event === "forward") continue;
      const id = event.node || sources.get(event.edge);
      const message = event.gradient || event.contribution;
      const before = last.has(id) ? last.get(id).largest : 0;
      const largest = Math.max(before, ...numbersOf(message).map(size));
      last.set(id, { value: event.total || event.gradient, largest });
    }
    return last;
  }

  function equal(a, b) {
    const [found, right] = [numbersOf(a.value), numbersOf(b.value)];
    const rounding = 1e-12 * Math.max(a.largest, b.largest);
    return found.every((x, i) => same(x, right[i]) || Math.abs(x - right[i]) <= rounding);
  }

  // The numbers of a recorded value: all of them, or what sums a large array up.
  function numbersOf(value) {
    return (value.data || Object.values(value.statistics)).map(toNumber);
  }

  function size(x) {
    return Number.isFinite(x) ? Math.abs(x) : 0;
  }

  function same(x, y) {
    return x === y || (x !== x && y !== y);
  }

  function near(x, y) {
    return same(x, y) || Math.abs(x - y) <= 1e-9 * Math.max(1, Math.abs(x), Math.abs(y));
  }

  // What is known of a record of scalars: its numbers by node id, and the edges that enter each node.
  function survey(graph) {
    const known = new Map();
    const entering = new Map();
    for (const node of graph.nodes) {
      if (isScalar(node.value)) known.set(node.id, read(node.value));
      entering.set(node.id, []);
    }
    for (const edge of graph.edges) entering.get(edge.to).push(edge);
    return { known, entering };
  }

  function ruleOf(node, edges) {
    return [null, ONE_INPUT, TWO_INPUTS][edges.length]?.[node.op];
  }

  function apply([value, slopes], edges, known) {
    const inputs = edges.map((edge) => known.get(edge.from));
    const z = value(...inputs);
    return [z, slopes(...inputs, z)];
  }

  function isScalar(value) {
    return Boolean(value?.data) && value.shape.length === 0 && value.dtype === "float64";
  }

  function hasNumber(edge) {
    return Boolean(edge.local?.value);
  }

  // The number of a recorded scalar, and back; JSON holds NaN and the infinities as texts.
  function read(value) {
    return toNumber(value.data[0]);
  }

  function write(x) {
    const text = { NaN: "nan", Infinity: "inf", "-Infinity": "-inf" }[String(x)];
    return { shape: [], dtype: "float64", data: [text || x] };
  }

  function toNumber(x) {
    return typeof x === "string" ? { nan: NaN, inf: Infinity, "-inf": -Infinity }[x] : x;
  }

  return { canRerun, rerun, replay, compareFinals };
})();
