// What all widgets share: the place in the page, the theme, the keyboard, how numbers are written.

// The element that the fallback stands in: right before the script, or the last one not yet taken.
function findHost() {
  const before = document.currentScript && document.currentScript.previousElementSibling;
  if (before && before.matches(".backprop-lab")) return before;
  return [...document.querySelectorAll(".backprop-lab:not([data-ready])")].pop();
}

// A new element: make("button", {type: "button"}, "Play", child, ...).
function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

// Opens the host: what is put into the returned element takes the place of the fallback.
function openFrame(host, label, style) {
  const root = host.shadowRoot || host.attachShadow({ mode: "open" });
  const body = make("div", { class: "frame", role: "group", "aria-label": label });
  root.replaceChildren(make("style", {}, FRAME_STYLE + style), body);
  host.dataset.ready = "true";
  keepKeys(host);
  followTheme(host);
  return body;
}

// Typing in here must not reach the notebook, where "d d" deletes a cell; Tab still leaves.
function keepKeys(host) {
  host.setAttribute("data-lm-suppress-shortcuts", "true");
  for (const type of ["keydown", "keypress", "keyup"]) {
    host.addEventListener(type, (event) => event.key === "Tab" || event.stopPropagation());
  }
}

// Dark where the notebook is dark; where it does not say, what the reader's system asks for.
function followTheme(host) {
  const wish = matchMedia("(prefers-color-scheme: dark)");
  const update = () => {
    if (!host.isConnected) return stop();
    host.toggleAttribute("data-dark", isDark(wish));
  };
  const observer = new MutationObserver(update);
  const stop = () => {
    observer.disconnect();
    wish.removeEventListener("change", update);
  };
  observer.observe(document.body, { attributes: true });
  wish.addEventListener("change", update);
  update();
}

function isDark(wish) {
  const { jpThemeLight, vscodeThemeKind } = document.body.dataset;
  if (jpThemeLight) return jpThemeLight === "false";
  if (vscodeThemeKind) return /dark|high-contrast$/.test(vscodeThemeKind);
  return wish.matches;
}

// A number in four digits, written as in mathematics; "nan", "inf" and "-inf" come as texts.
function number(x) {
  let text = String(x);
  if (Number.isFinite(x)) {
    const rounded = inFourDigits(x);
    const [mantissa, exponent] = rounded.toExponential(3).split("e").map(Number);
    text = exponent < -4 || exponent >= 4 ? `${mantissa}e${exponent}` : String(rounded);
  }
  if (Object.is(x, -0)) text = "-0";
  return text.replaceAll("-", "\u2212").replace("NaN", "nan").replace("Infinity", "inf");
}

// Halfway between two numbers of four digits it is the even one, as in Python; JavaScript goes up.
function inFourDigits(x) {
  const halfway = x.toExponential(40).match(/^(-?\d\.\d\d[02468])50*(e.*)$/);
  return Number(halfway ? halfway[1] + halfway[2] : x.toExponential(3));
}

// The shape of an array; a lone axis keeps Python's comma.
function shapeText(sizes) {
  return sizes.length > 1 ? sizes.join("\u00d7") : `(${sizes.map((n) => n + ",").join("")})`;
}

// What a recorded value looks like: its numbers if they are few, else its shape.
function content(value) {
  if (value.shape.length > 1 || !value.data || !value.data.length || value.data.length > 3) {
    return shapeText(value.shape);
  }
  const numbers = value.data.map(number).join(", ");
  return value.shape.length ? `[${numbers}]` : numbers;
}
