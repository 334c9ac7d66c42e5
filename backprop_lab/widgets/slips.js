// Predict mode: what is asked at a step, and which classic slip a wrong answer is.

// The questions of a step, in order, as [{ part, text, answer, slips }]; none where numbers are not
// single ones. part: which number of the sentence it is; slips: [wrong number, what to say of it].
function questionsOf(step, tale, called) {
  if (!step) return [];
  if (step.event.event === "forward") return forwardQuestion(step, tale, called);
  if (step.event.event !== "vjp" || step.edge.local.kind !== "scalar") return [];
  return vjpQuestions(step, tale, called);
}

function forwardQuestion({ node }, tale, called) {
  if (!node.value || !isNumber(node.value)) return [];
  const given = [...tale.edges.values()].filter((edge) => edge.to === node.id)
    .map((edge) => tale.nodes.get(edge.from)).filter((source) => source.name && source.value);
  const values = new Set(given.map((source) => `${called.titles[source.id]} = ${content(source.value)}`));
  const known = values.size ? `, with ${[...values].join(", ")}` : "";
  const text = `What is ${called.formulas[node.id]}${known}?`;
  const answer = toNumber(node.value);
  return [{ part: "value", text, answer, slips: [[-answer, WRONG_SIGN]] }];
}

const NO_NUMBER = "That is not a number: write it as 1.5, \u22120.25 or 2e\u22123.";
const WRONG_SIGN = "The size is right; look at the sign again.";

function vjpQuestions(step, tale, called) {
  const { event, edge, source, reader, upstream, had, zeroed } = step;
  const [x, z] = [called.titles[source.id], called.titles[reader.id]];
  const [up, local, message] = [upstream, edge.local.value, event.contribution].map(toNumber);
  const others = [...tale.edges.values()].filter((other) =>
    other.to === reader.id && other.slot !== edge.slot && other.local && other.local.value);
  const questions = [{
    part: "message",
    text: `What message does ${z} send to ${x}?`,
    answer: message,
    slips: [
      [local, `That is the local derivative alone: ${x} moves ${z} by it, but ${z} moves the output too. `
        + `Multiply by the gradient of ${z}.`],
      [up, `That is the gradient of ${z}, handed on as it came: multiply it by the local derivative.`],
      [-message, WRONG_SIGN],
      ...others.map((other) => [up * toNumber(other.local.value),
        `That is the message to the other input of ${called.symbols[reader.id]}: `
          + "its local derivative was taken."]),
      [up + local, "The gradient and the local derivative were added: along one path they are multiplied."],
      [had && toNumber(event.total), `That is what ${x} holds afterwards: asked is the message alone.`],
    ],
  }];
  if (!had || zeroed || event.overwrites) return questions;
  const total = toNumber(event.total);
  questions.push({
    part: "total",
    text: `${x} had ${content(had)}, and ${content(event.contribution)} arrives. What does it hold now?`,
    answer: total,
    slips: [
      [message, `That is the new message alone: it would overwrite what ${x} had. Messages are added.`],
      [toNumber(had), `That is what ${x} had before: the new message has to be added.`],
      [-total, WRONG_SIGN],
      [toNumber(had) * message, "The two were multiplied: what arrives along different paths is added."],
      [toNumber(had) - message, "The message was taken away: what arrives is added, whatever its sign."],
    ],
  });
  return questions;
}

// What is said of an answer: { right, says }.
function judge(question, text) {
  const given = readNumber(text);
  if (given === null) return { right: false, says: NO_NUMBER };
  if (agrees(given, question.answer)) return { right: true, says: `Yes: ${number(question.answer)}.` };
  const slip = question.slips.find(([wrong]) =>
    Number.isFinite(wrong) && !agrees(wrong, question.answer) && agrees(given, wrong));
  return { right: false, says: slip ? slip[1] : "Not this number. Try again, or reveal it." };
}

// Equal to a thousandth, or as both are written here.
function agrees(x, y) {
  return x === y || (x !== x && y !== y) || Math.abs(x - y) <= 1e-3 * Math.abs(y) || number(x) === number(y);
}

function readNumber(text) {
  const plain = text.trim().replaceAll("\u2212", "-").replace(",", ".").toLowerCase();
  const special = { nan: NaN, inf: Infinity, "-inf": -Infinity }[plain];
  if (special !== undefined) return special;
  return plain === "" || Number.isNaN(Number(plain)) ? null : Number(plain);
}

function isNumber(value) {
  return value.shape.length === 0 && Boolean(value.data);
}

function toNumber(value) {
  const [x] = value.data;
  return typeof x === "string" ? { nan: NaN, inf: Infinity, "-inf": -Infinity }[x] : x;
}
