// In a live notebook: numbers that are typed go to Python, and new numbers come back.

function beginLive() {
  const { live } = model.doc;
  if (!live || parent === window) return;
  const fields = live.map(([name, id]) => typing(name, model.nodes[id]));
  const told = element("p", { id: "live-told", role: "status", className: "quiet" }, "Type a number: Python computes it anew.");
  $("frames").hidden = false;
  $("frames").append(element("div", { id: "live-inputs" }, ...fields, told));
  addEventListener("message", (event) => { if (event.source === parent) answered(event.data); });
}

// The elements of an input as fields.
function typing(name, node) {
  const rows = grid(node.value, node.shape), list = element("span", { className: "fields" });
  const label = (i) => (node.shape === "()" ? name : `${name}, element ${i + 1}`);
  rows.forEach((row, i) => list.append(element("span", {}, ...row.map((x, j) => {
    const input = element("input", { type: "text", inputMode: "decimal", value: String(x), ariaLabel: label(i * row.length + j), size: 8 });
    input.dataset.name = name;
    input.addEventListener("change", sendTyped);
    return input;
  }))));
  return element("div", { className: "typed" }, element("b", {}, printable(name)), list);
}

// A number as it is typed: 0.5, -3, 1e-4; null if it is none.
function numeric(text) {
  const x = Number(text.trim().replace("−", "-").replace(",", "."));
  return text.trim() === "" || Number.isNaN(x) ? null : x;
}

function sendTyped() {
  const values = {}, wrong = [];
  for (const input of document.querySelectorAll("#live-inputs input")) {
    const x = numeric(input.value);
    input.setAttribute("aria-invalid", String(x === null));
    if (x === null) wrong.push(input.value);
    else (values[input.dataset.name] ??= []).push(Number.isFinite(x) ? x : String(x));
  }
  $("live-told").textContent = wrong.length ? `“${wrong[0]}” is no number` : "Python computes …";
  if (!wrong.length) parent.postMessage({ values }, "*");
}

function answered({ numbers, error }) {
  $("live-told").textContent = error ? printable(error) : "These are the numbers of Python.";
  if (!numbers) return;
  applyNumbers(model, numbers, (x) => x);
  redrawNumbers();
}
