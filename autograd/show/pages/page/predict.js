// Predict first: before a step is shown, the reader says a number or a shape of it.

const predict = { on: false, asked: null, right: 0, near: 0, total: 0, done: new Set() };

// Judging

// How far a number is off, in words; null if it is right to three digits.
function offBy(said, right) {
  const size = Math.abs(right);
  if (said === right || Math.abs(said - right) <= 0.005 * size || (size < 1e-12 && Math.abs(said) < 1e-9)) return null;
  if (!size) return `it is 0, and so off by ${number(Math.abs(said))}`;
  const ratio = said / right;
  if (ratio > 0 && ratio < 10 && ratio > 0.1) return `${Math.round(Math.abs(ratio - 1) * 100)} % too ${Math.abs(said) > size ? "large" : "small"}`;
  return `off by ${number(Math.abs(said - right))}`;
}

const close = (a, b) => typeof b === "number" && Math.abs(a - b) <= 0.005 * Math.max(Math.abs(b), 1e-12);

// The slip that fits a number: a sign, a factor, or another number in its place.  hints: [[words, number], …]
function slipOf(said, right, hints) {
  if (right !== 0 && close(said, -right)) return "the sign is the other way round";
  const named = hints.find(([, x]) => typeof x === "number" && x !== 0 && !close(x, right) && close(said, x));
  if (named) return `that is ${named[0]}`;
  for (const [words, x] of hints) {
    if (typeof x !== "number" || !right || Math.abs(x) === 1 || x === 0) continue;
    if (close(said, right * x)) return `a factor of ${number(x)} too much: ${words}`;
    if (close(said, right / x)) return `a factor of ${number(x)} is missing: ${words}`;
  }
  if (right && close(said, 2 * right)) return "twice as much";
  if (right && close(said, right / 2)) return "half of it: is there a 2 in the derivative?";
  if (right && said && Number.isInteger(Math.round(Math.log10(said / right) * 100) / 100) && Math.abs(said / right) !== 1) return "the decimal point is elsewhere";
  return null;
}

// The slip that fits a shape.
function shapeSlip(said, right) {
  const same = (a, b) => a.length === b.length && a.every((n, i) => n === b[i]);
  if (same(said, right)) return null;
  if (same(said, [...right].reverse())) return "the axes are the other way round";
  const product = (list) => list.reduce((a, b) => a * b, 1);
  if (product(said) === product(right)) return "as many elements, on other axes";
  if (said.length !== right.length) return `it has ${many(right.length, "axis").replace("axiss", "axes")}`;
  return "one of the lengths is another";
}

// Asking

// The question of a stop: a cell of the result, or of what goes back; each third array is asked for its shape.
function questionOf(stop, count) {
  const { item, phase } = stop;
  if (!item || isGroup(item) || !["forward", "backward"].includes(phase)) return null;
  const edge = phase === "backward" ? item.args.find((a) => a.flows) : null;
  const node = edge ? edge.from : item, value = edge ? contribution(edge) : item.value;
  if (phase === "backward" && !edge) return null;
  const what = edge ? `the gradient that goes back to ${title(node)}` : title(node);
  if (typeof value === "number") return { what: `What is ${what}?`, right: value, node, edge, place: 0 };
  if (!Array.isArray(value) || !value.length || node.shape.startsWith("((")) return null;
  if (count % 3 === 2) return { what: `Which shape has ${what}?`, shape: dims(node.shape), node, edge };
  const place = value.reduce((best, x, i) => (typeof x === "number" && Math.abs(x) > Math.abs(value[best]) ? i : best), 0);
  return typeof value[place] === "number" ? { what: `What is ${what} at ${subscript(place, dims(node.shape))}?`, right: value[place], node, edge, place } : null;
}

// Other numbers that one may have taken for the right one, or left out of it.
function hintsOf({ node, edge, place }, stop) {
  const at = (value) => (Array.isArray(value) ? value[place] : value), found = [];
  if (edge) {
    if (isScalar(edge.to) || edge.to.shape === node.shape) found.push([`the gradient that arrived, g, without the derivative of the step`, at(edge.to.grad)]);
    if (edge.local) found.push(["the local derivative alone, without g", at(edge.local.value)]);
  } else for (const { from } of node.args) found.push([`the ${from.kind === "intermediate" ? "value" : from.kind} ${title(from)}`, at(from.value)]);
  const shape = dims(node.shape), sizes = [...new Set(stop.item.args.flatMap((a) => dims(a.from.shape)))];
  if (shape.length === 2 && shape[0] === shape[1]) {
    const value = edge ? contribution(edge) : node.value, [i, j] = [Math.floor(place / shape[1]), place % shape[1]];
    found.push([`the element ${subscript(j * shape[0] + i, shape)}: the transpose`, value[j * shape[0] + i]]);
  }
  for (const n of sizes.filter((k) => k > 1)) found.push([`a mean or a sum over ${n}?`, n]);
  return found;
}

const mustPredict = (index) => predict.on && index === stopNow() + 1 && !predict.done.has(index) && questionOf(stops[index], predict.total) !== null;

function ask(index) {
  pause();
  const stop = stops[index], question = questionOf(stop, predict.total);
  predict.asked = index;
  const input = element("input", { type: "text", id: "answer", autocomplete: "off", ariaLabel: question.what, placeholder: question.shape ? "(4, 2)" : "0.25" });
  const told = element("div", { id: "told-prediction", role: "status" });
  const form = element("form", { className: "prediction", onsubmit: (event) => { event.preventDefault(); judge(index, question, input, told); } },
    element("h2", {}, question.what), plain(code(equation(stop.item)), "formula"), row(...given(stop, question)),
    element("div", { className: "asking" }, input, element("button", { type: "submit" }, "Check"),
      element("button", { type: "button", onclick: () => { predict.total += 1; proceed(index); } }, "Show it")), told);
  $("step").replaceChildren(form);
  $("live").textContent = `Step ${index} of ${stops.length - 1}: predict first.`;
  focusWhatScrolls();
  input.focus();
}

// What the reader may look at: the arguments, and on the way back the gradient that arrived.
function given({ item }, { edge }) {
  const all = $("digits").checked, nodes = distinct(item.args.map((a) => a.from)).slice(0, 4);
  const arrived = edge ? [figure(`gradient of ${title(item)}: g`, item.grad, item.shape, all)] : [];
  const own = edge ? [figure(title(item), item.value, item.shape, all)] : [];
  return [...arrived, ...nodes.map((n) => figure(title(n), n.value, n.shape, all)), ...own];
}

function judge(index, question, input, told) {
  const said = question.shape ? dims(input.value) : numeric(input.value);
  if (said === null || (question.shape && !/^[\s()[\],\d]*$/.test(input.value))) {
    told.replaceChildren(plain(question.shape ? "Type a shape, such as (4, 2); () is the shape of a number." : "Type a number, such as -0.25."));
    return;
  }
  const slip = question.shape ? shapeSlip(said, question.shape) : slipOf(said, question.right, hintsOf(question, stops[index]));
  const off = question.shape ? slip : offBy(said, question.right);
  const first = !input.dataset.tried;
  input.dataset.tried = "1";
  if (first) {
    predict.total += 1;
    if (off === null) predict.right += 1;
    else if (slip !== null) predict.near += 1;
  }
  const right = question.shape ? `(${question.shape.join(", ")}${question.shape.length === 1 ? "," : ""})` : number(question.right, $("digits").checked);
  const words = off === null ? [element("b", { className: "verdict-right" }, "✓ Right"), `: ${right}.`]
    : [element("b", { className: "verdict-wrong-here" }, "✗ Not yet"), question.shape ? ": " : `: ${off}. `, slip ? `${capital(slip)}.` : "", " Try again, or go on."];
  const next = element("button", { type: "button", id: "proceed", onclick: () => proceed(index) }, "Go on");
  told.replaceChildren(element("p", {}, ...words), next);
  if (off === null) next.focus();
}

const capital = (text) => text[0].toUpperCase() + text.slice(1);

function proceed(index) {
  predict.done.add(index);
  predict.asked = null;
  go(index);
  $("next").focus();
}

// The score, at the last step.
function scoreOf() {
  if (!predict.on || !predict.total) return null;
  const { right, near, total } = predict;
  const told = near ? ` Of the others, ${near} ${near === 1 ? "was a slip" : "were slips"} that we could name.` : "";
  return element("p", { id: "score", className: "score" }, element("b", {}, `${right} of ${total} right at the first try.`), told);
}

function beginPredict() {
  $("predict").addEventListener("change", () => {
    document.body.classList.toggle("predicting", $("predict").checked);
    Object.assign(predict, { on: $("predict").checked, asked: null, right: 0, near: 0, total: 0, done: new Set() });
    if (predict.on) go(0);
    else show();
  });
}
