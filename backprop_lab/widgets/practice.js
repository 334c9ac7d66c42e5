// A practice problem in the picture: a field for every number, and what is right of those filled in.

function start(host, data) {
  const frame = openFrame(host, data.heading, data.style);
  const picture = make("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": "The graph" });
  picture.innerHTML = data.scene || "";
  if (data.scene) picture.firstElementChild.setAttribute("aria-label", data.alt);
  const fields = data.blanks.map((blank) => makeField(blank, picture));
  const said = make("p", { class: "say", "aria-live": "polite" });
  const check = make("button", { type: "submit" }, "Check");
  const text = make("pre", { tabindex: "0", "aria-label": "As a dictionary" });
  const form = make("form", { novalidate: "" }, makeTable(data, fields), make("div", { class: "bar" }, check), said);
  const copy = make("details", {}, make("summary", {}, "As a dictionary, for a cell"), text);
  const write = () => { text.textContent = asDictionary(data, fields); };
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    said.textContent = judge(data, fields);
  });
  form.addEventListener("input", write);
  write();
  frame.append(make("p", { class: "note" }, data.instructions),
    make("div", { class: "stage" }, ...(data.scene ? [picture] : []), make("div", {}, form, copy)));
}

// One blank: its field, its mark (a sign, and not a colour alone), and what it lights up.
function makeField(blank, picture) {
  const input = make("input", { type: "text", inputmode: "decimal", autocomplete: "off", "aria-label": blank.says });
  const mark = make("span", { class: "mark" });
  const parts = blank.lights.flatMap((selector) => [...picture.querySelectorAll(selector)]);
  input.addEventListener("focus", () => parts.forEach((part) => part.classList.add("hot")));
  input.addEventListener("blur", () => parts.forEach((part) => part.classList.remove("hot")));
  input.addEventListener("input", () => { mark.textContent = ""; });
  return { input, mark, element: make("span", { class: "field" }, input, mark) };
}

function makeTable(data, fields) {
  const head = ["tensor", "value", "local derivatives", "gradient"].map((name) => make("th", { scope: "col" }, name));
  const rows = data.rows.map((row) => make("tr", {},
    make("th", { scope: "row" }, row.says),
    make("td", { "data-label": "value" }, row.value === null ? row.given : fields[row.value].element),
    make("td", {}, ...row.local.map(([by, i]) => make("label", {}, `by ${by}`, fields[i].element))),
    make("td", { "data-label": "gradient" }, fields[row.gradient].element)));
  return make("table", {}, make("caption", {}, "Fill in what you know"),
    make("thead", {}, make("tr", {}, ...head)), make("tbody", {}, ...rows));
}

// What was typed, as a number; undefined where nothing was, NaN where it is none. "3/4" is one.
function typed({ input }) {
  const text = input.value.trim().replaceAll("\u2212", "-").replace(",", ".");
  if (!text) return undefined;
  const [above, below = "1", ...rest] = text.split("/");
  const x = Number(above) / Number(below);
  return rest.length || !above.trim() || !below.trim() || !Number.isFinite(x) ? NaN : x;
}

const near = (x, y) => Math.abs(x - y) <= 1e-3 * Math.max(Math.abs(x), Math.abs(y));

// Marks every field that is filled in, and says what to look at.
function judge(data, fields) {
  const numbers = fields.map(typed);
  const filled = [...fields.keys()].filter((i) => numbers[i] !== undefined);
  const wrong = filled.filter((i) => !near(numbers[i], data.blanks[i].wanted));
  for (const i of filled) fields[i].mark.textContent = wrong.includes(i) ? "\u2717" : "\u2713";
  if (!filled.length) return "Nothing is filled in yet.";
  const left = fields.length - filled.length;
  if (!wrong.length) return `All ${filled.length} are right.${left ? ` ${left} are still blank.` : ""}`;
  const slip = explain(data, numbers, filled, wrong[0]);
  const first = `Look at ${data.blanks[wrong[0]].says} first; the rest may follow.`;
  return `${filled.length - wrong.length} of ${filled.length} are right. ${slip ? slip.says : first}`;
}

// The slip that gives the first wrong number and most of what was filled in, if one does.
function explain(data, numbers, filled, first) {
  let [best, most] = [null, 0];
  for (const slip of data.slips) {
    const hits = filled.filter((i) => near(numbers[i], slip.numbers[i]));
    if (hits.includes(first) && hits.length > most) [best, most] = [slip, hits.length];
  }
  return best;
}

// The form as `problem.check` takes it, with dots where nothing is filled in.
function asDictionary(data, fields) {
  const show = (i) => (Number.isFinite(typed(fields[i])) ? String(typed(fields[i])) : "...");
  const operators = data.rows.filter((row) => row.value !== null);
  const values = operators.map((row) => `"${row.name}": ${show(row.value)}`);
  const local = operators.map((row) => `"${row.name}": [${row.local.map(([, i]) => show(i)).join(", ")}]`);
  const gradients = data.rows.map((row) => `"${row.name}": ${show(row.gradient)}`);
  const part = (name, entries) => `    "${name}": {${entries.join(", ")}},`;
  return ["answer = {", part("values", values), part("local", local), part("gradients", gradients), "}"].join("\n");
}
