// What can be changed in a stepper: the sweep, the numbers at the leaves; and what it asks.

// A choice of sweeps, and what is said of the chosen one. Returns { element, note, paint(wrong) }.
function makeSweepPanel(sweeps, called, choose) {
  const options = [["right", "right"], ...sweeps.map((sweep) => [sweep.id, sweep.title])];
  const select = make("select", {}, ...options.map(([id, title]) => make("option", { value: id }, title)));
  select.addEventListener("change", () => choose(select.value));
  const note = make("p", { class: "why", "aria-live": "polite", hidden: "" });
  const paint = (wrong) => {
    const sweep = sweeps.find(({ id }) => id === select.value);
    note.hidden = !sweep;
    if (sweep) note.replaceChildren(make("strong", {}, countWrong(wrong, called)), ` ${sweep.why}`);
  };
  return { element: make("label", {}, "Sweep", select), note, paint, chosen: () => select.value };
}

function countWrong(wrong, called) {
  const names = Object.keys(called.titles).filter((id) => wrong[id]).map((id) => called.titles[id]);
  if (!names.length) return "\u2713 All numbers come out right here.";
  const listed = names.length > 6 ? [...names.slice(0, 6), `${names.length - 6} more`] : names;
  const told = listed.length > 1 ? `${listed.slice(0, -1).join(", ")} and ${listed.at(-1)}` : listed[0];
  return `\u2717 Wrong at the end: ${told}.`;
}

// Sliders over the numbers at the leaves. move(values, id) gets {node id: number}, and which of them
// has just been moved (none after a reset).
function makeSliders(graph, called, move) {
  const moved = {};
  const sliders = movable(graph).map((node) => {
    const { centre, reach } = rangeAround(node.value.data[0]);
    const slider = make("input", { type: "range", min: -100, max: 100, step: 1, value: 0 });
    const output = make("output", {}, number(centre));
    const show = () => {
      const x = centre + (Number(slider.value) * reach) / 100;
      output.textContent = number(x);
      slider.setAttribute("aria-valuetext", number(x));
      return x;
    };
    slider.addEventListener("input", () => {
      moved[node.id] = show();
      move(moved, node.id);
    });
    const reset = () => {
      slider.value = "0";
      show();
    };
    reset();
    return { element: make("label", {}, make("span", {}, called.titles[node.id]), slider, output), reset };
  });
  const reset = make("button", { type: "button" }, "Reset");
  reset.addEventListener("click", () => {
    for (const slider of sliders) slider.reset();
    for (const id of Object.keys(moved)) delete moved[id];
    move(moved);
  });
  const legend = make("div", { class: "title" }, "Move the numbers");
  const grid = make("div", { class: "grid" }, ...sliders.map((slider) => slider.element), reset);
  return make("div", { class: "sliders", role: "group", "aria-label": "Move the numbers" }, legend, grid);
}

// Leaves whose readers were recorded: what was computed from others alone stands as a constant.
function movable(graph) {
  const asked = new Set(graph.edges.filter((edge) => edge.local).map((edge) => edge.from));
  return graph.nodes.filter((node) => !node.op && node.kind !== "constant" && asked.has(node.id)
    && Number.isFinite(node.value.data[0]));
}

// A range of round size, centred on a number, that reaches 0 and beyond.
function rangeAround(centre) {
  const least = Math.max(2, 1.25 * Math.abs(centre));
  const power = 10 ** Math.floor(Math.log10(least));
  return { centre, reach: [1, 2, 5, 10].map((n) => n * power).find((reach) => reach >= least) };
}

// The question of a step in predict mode. answer(text) returns { right, says }, or goes on to the next
// step where nothing is asked; reveal() gives up. Nothing is ever disabled, which would drop the focus.
// Returns { element, paint(question) }: with null there is nothing to ask.
function makeAsker(answer, reveal) {
  const text = make("span", { class: "asked" });
  const input = make("input", { type: "text", inputmode: "decimal", autocomplete: "off", size: "10" });
  const check = make("button", { type: "submit" }, "Check");
  const show = make("button", { type: "button" }, "Reveal");
  const verdict = make("p", { class: "verdict", "aria-live": "polite" });
  const label = make("label", {}, text, input);
  const form = make("form", { class: "bar" }, label, check, show);
  const element = make("div", { class: "ask" }, form, verdict);
  let asked = "";
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const judged = answer(input.value);
    if (!judged) return;
    const { right, says } = judged;
    verdict.textContent = `${right ? "\u2713" : "\u2717"} ${says}`;
    if (right) input.value = "";
    else input.select();
  });
  show.addEventListener("click", reveal);
  return { element, paint(question, key) {
    if (question && asked !== key) input.value = "";
    if (asked.split("/")[0] !== key.split("/")[0]) verdict.textContent = "";
    asked = key;
    element.classList.toggle("idle", !question);
    text.textContent = question ? question.text : "Nothing to predict at this step.";
    input.readOnly = !question;
    check.textContent = question ? "Check" : "Next step";
    show.setAttribute("aria-disabled", String(!question));
  } };
}
