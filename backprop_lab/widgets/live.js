// The live picture: each new run of a function, sent by the kernel, in the stepper above the controls.

function render({ model, el }) {
  const fault = make("p", { role: "alert" });
  el.append(fault);
  let stepper = null;
  const show = () => {
    fault.textContent = model.get("fault");
    if (stepper && !model.get("fault")) stepper.update(model.get("data"));
  };
  const settle = () => {
    if (stepper) return;
    const host = el.isConnected && hostFor(el);
    if (!host) return requestAnimationFrame(settle);
    keepKeys(el.closest(".backprop-lab-controls"));
    nameSliders(el.closest(".backprop-lab-controls"));
    stepper = start(host, model.get("data"));
    fault.textContent = model.get("fault");
  };
  settle();
  model.on("change:data", show);
  model.on("change:fault", show);
}

// The picture right before the controls among the outputs of their cell, once it has been opened;
// where outputs are kept apart, one of their own.
function hostFor(el) {
  const outputs = el.closest(".jp-OutputArea");
  const before = [...(outputs ? outputs.querySelectorAll(".backprop-lab") : [])]
    .filter((host) => host.compareDocumentPosition(el) & Node.DOCUMENT_POSITION_FOLLOWING);
  if (before.length) return before.at(-1).dataset.ready ? before.at(-1) : null;
  const own = make("div", { class: "backprop-lab" });
  el.prepend(own);
  return own;
}

export default { render };
