// Search, and what a page does better with a script than without.

const form = document.querySelector("[role=search]");
const [field, results, found, places] = form.querySelectorAll("input, .results, #found, ol");
const MOST = 12; // places that are listed

// The places that hold every word of a question; first those whose title does.
function search(words) {
  const holds = (text) => words.every((word) => text.toLowerCase().includes(word));
  const inTitle = PLACES.filter(([, , , title]) => holds(title));
  const inText = PLACES.filter(([, , , title, text]) => !holds(title) && holds(`${title} ${text}`));
  return [...inTitle, ...inText];
}

// A piece of the text around the first of the words.
function excerpt(text, words) {
  const at = text.toLowerCase().indexOf(words.find((word) => text.toLowerCase().includes(word)));
  const start = at < 40 ? 0 : text.lastIndexOf(" ", at - 30) + 1;
  const end = text.indexOf(" ", start + 120);
  return `${start ? "… " : ""}${end < 0 ? text.slice(start) : `${text.slice(start, end)} …`}`;
}

// The same with the words marked, as nodes: nothing of a text can turn into markup.
function marked(text, words) {
  const escaped = words.map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return text.split(new RegExp(`(${escaped.join("|")})`, "i")).map((part, i) => {
    if (i % 2 === 0) return part;
    const mark = document.createElement("mark");
    mark.textContent = part;
    return mark;
  });
}

function item([file, page, name, title, text], words) {
  const [entry, link, where, piece] = ["li", "a", "small", "p"].map((tag) => document.createElement(tag));
  link.href = `${file}#${name}`;
  link.addEventListener("click", clear);
  link.append(...marked(title, words));
  where.textContent = page;
  piece.append(...marked(excerpt(text, words), words));
  entry.append(link, where, piece);
  return entry;
}

function show() {
  const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
  const asked = words.join("").length > 1;
  const all = asked ? search(words) : [];
  const more = all.length > MOST ? `; here are ${MOST}` : "";
  places.replaceChildren(...all.slice(0, MOST).map((place) => item(place, words)));
  found.textContent = asked ? `${all.length || "No"} ${all.length === 1 ? "place" : "places"}${more}` : "";
  results.hidden = false;
}

function clear() {
  field.value = "";
  show();
}

// What is wider than the window scrolls inside its own box, and that has to work by keyboard, too.
function letScroll() {
  for (const box of document.querySelectorAll("pre, .output, .wide")) {
    const wider = box.scrollWidth > box.clientWidth + 1;
    const how = { tabindex: "0", role: "group", "aria-label": "Scrolls sideways" };
    for (const [name, value] of Object.entries(how)) {
      if (wider) box.setAttribute(name, value);
      else box.removeAttribute(name);
    }
  }
}

form.hidden = false;
form.addEventListener("submit", (event) => event.preventDefault());
form.addEventListener("keydown", (event) => event.key === "Escape" && clear());
form.addEventListener("focusin", () => { results.hidden = false; });
field.addEventListener("input", show);
document.addEventListener("click", ({ target }) => { results.hidden = !form.contains(target); });

// Paper is white, and the pictures ask the page.
addEventListener("beforeprint", () => { document.body.dataset.jpThemeLight = "true"; });
addEventListener("afterprint", () => { delete document.body.dataset.jpThemeLight; });

const contents = document.querySelector(".toc details");
if (contents) contents.open = matchMedia("(min-width: 68rem)").matches;
new ResizeObserver(letScroll).observe(document.body);
