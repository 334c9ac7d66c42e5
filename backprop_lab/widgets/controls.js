// The controls of the stepper: a bar of buttons, a slider over all steps, and the keyboard.

const ICONS = {
  first: "M4 3h2v10H4zM13 3v10L7 8z",
  back: "M11 3v10L5 8z",
  play: "M4 3l9 5-9 5z",
  pause: "M4 3h3v10H4zM9 3h3v10H9z",
  forward: "M5 3l6 5-6 5z",
  last: "M3 3l6 5-6 5zM10 3h2v10h-2z",
};
const SPEEDS = [["slow", 2800], ["normal speed", 1500], ["fast", 700], ["very fast", 250]];

// Buttons and slider. go(k) goes to a step, last() is the number of the last one; act: { go, step,
// last, playing(on) }. Returns { element, speed, paint(k, says, phase), stop, toggle }.
function makeControls(host, act) {
  const buttons = {
    first: makeButton("first", "First step (Home)", () => act.go(0)),
    back: makeButton("back", "Back (\u2190)", () => act.go(act.step() - 1)),
    play: makeButton("play", "Play (Space)", () => toggle()),
    forward: makeButton("forward", "Forward (\u2192)", () => act.go(act.step() + 1)),
    last: makeButton("last", "Last step (End)", () => act.go(act.last())),
  };
  const scrub = make("input", { type: "range", min: "0", value: "0", step: "1", "aria-label": "Step" });
  scrub.addEventListener("input", () => act.go(Number(scrub.value)));
  const speed = make("select", { "aria-label": "Speed" },
    ...SPEEDS.map(([name, pause]) => make("option", { value: pause }, name)));
  speed.selectedIndex = 1;
  const counter = make("span", { class: "steps" });
  const { first, back, play, forward, last } = buttons;
  const element = make("div", { class: "bar" },
    make("div", { class: "keys" }, first, back, play, forward, last), scrub, counter);

  let timer = null;
  const stop = () => {
    if (timer === null) return;
    clearTimeout(timer);
    timer = null;
    showPlaying(false);
  };
  const tick = () => {
    if (!host.isConnected) return stop();
    act.go(act.step() + 1, true);
    if (act.step() >= act.last()) return stop();
    timer = setTimeout(tick, Number(speed.value));
  };
  const toggle = () => {
    if (timer !== null) return stop();
    if (act.step() >= act.last()) act.go(0, true);
    showPlaying(true);
    timer = setTimeout(tick, 200);
  };
  const showPlaying = (on) => {
    play.firstChild.replaceWith(icon(on ? "pause" : "play"));
    play.setAttribute("aria-label", on ? "Pause (Space)" : "Play (Space)");
    play.title = play.getAttribute("aria-label");
    act.playing(on);
  };

  return {
    element, scrub, speed, stop, toggle,
    paint(k, says, phase) {
      const end = act.last();
      scrub.max = String(end);
      scrub.value = String(k);
      scrub.setAttribute("aria-valuetext", says);
      counter.textContent = `step ${k} of ${end}${phase}`;
      for (const button of [first, back]) button.setAttribute("aria-disabled", String(k === 0));
      for (const button of [forward, last]) button.setAttribute("aria-disabled", String(k === end));
    },
  };
}

function makeButton(name, label, press) {
  const button = make("button", { type: "button", "aria-label": label, title: label }, icon(name));
  button.addEventListener("click", () => button.getAttribute("aria-disabled") === "true" || press());
  return button;
}

function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  const facts = { viewBox: "0 0 16 16", width: 16, height: 16, "aria-hidden": true };
  for (const [key, value] of Object.entries(facts)) svg.setAttribute(key, value);
  path.setAttribute("d", ICONS[name]);
  svg.append(path);
  return svg;
}

// The keys of the stepper, wherever the focus is in it; what a control does with them comes first.
function listenToKeys(frame, controls, act) {
  frame.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Escape") return controls.stop();
    const control = event.target.closest("button, input, select, summary");
    if (control && control.tagName !== "BUTTON") return;
    if (control && event.key === " ") return;
    const box = event.target.closest(".scroll");
    if (box && box === event.target && box.scrollWidth > box.clientWidth) return;
    const goals = { ArrowLeft: act.step() - 1, ArrowRight: act.step() + 1, Home: 0, End: act.last() };
    if (event.key in goals) act.go(goals[event.key]);
    else if (event.key === " ") controls.toggle();
    else return;
    event.preventDefault();
  });
}
