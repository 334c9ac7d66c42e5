// Memory against n: a slider chooses the row that Python has worked out, and two bars show it.

function start(host, data) {
  const frame = openFrame(host, data.heading, data.style);
  const slider = make("input", {
    type: "range", min: "0", max: String(data.rows.length - 1), value: String(data.at), "aria-label": "n",
  });
  const chosen = make("output", {}), says = make("p", { class: "say", "aria-live": "polite" });
  const bars = data.names.map((name) => makeBar(name, data.limit));
  slider.addEventListener("input", paint);
  frame.append(make("p", { class: "title" }, data.heading),
    make("div", { class: "choice" }, make("label", {}, "n ", slider), chosen),
    ...bars.map((bar) => bar.element), says);
  paint();

  function paint() {
    const row = data.rows[Number(slider.value)];
    chosen.textContent = row.n;
    slider.setAttribute("aria-valuetext", row.n);
    bars.forEach((bar, k) => bar.paint(row.bytes[k], row.shares[k]));
    says.textContent = row.says;
  }
}

// A bar on a logarithmic scale, with a line at the limit.
function makeBar(name, limit) {
  const size = make("strong", {}), fill = make("div", { class: "fill" });
  const line = make("div", { class: "limit", style: `left:${limit}%` });
  const element = make("div", { class: "memory" },
    make("p", {}, `${name} `, size), make("div", { class: "track" }, fill, line));
  return {
    element,
    paint(bytes, share) {
      size.textContent = bytes;
      fill.style.width = `${share}%`;
    },
  };
}
