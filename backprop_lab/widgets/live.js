// The live picture: each new run of a function, sent by the kernel, in the stepper below the controls.

function render({ model, el }) {
  const fault = make("p", { role: "alert" });
  el.append(fault);
  let stepper = null;
  const open = () => {
    const host = el.isConnected && hostFor(el);
    if (!host) return requestAnimationFrame(open);
    openControls(el.closest(".backprop-lab-controls"));
    stepper = start(host, model.get("data"));
    showFault();
  };
  const showFault = () => { fault.textContent = model.get("fault"); };
  model.on("change:data", () => stepper && stepper.update(model.get("data")));
  model.on("change:fault", showFault);
  open();
}

// The picture right below the controls among the outputs of their cell, as soon as it is there; where
// outputs are kept apart, one of their own.
function hostFor(el) {
  const outputs = el.closest(".jp-OutputArea");
  if (!outputs) return el.appendChild(make("div", { class: "backprop-lab" }));
  return [...outputs.querySelectorAll(".backprop-lab[data-ready]")]
    .find((host) => el.compareDocumentPosition(host) & Node.DOCUMENT_POSITION_FOLLOWING);
}

// Typing stays in the controls; and their slider, which its library leaves nameless, gets a name.
function openControls(panel) {
  keepKeys(panel);
  panel.querySelector("[role=slider]").setAttribute("aria-label", "Move the value");
}

export default { render };
