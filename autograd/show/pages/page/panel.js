// The words and numbers beside the graph: this step, and the selected node.

const plain = (content, kind = "") => element("p", { className: kind }, content);
const code = (content) => element("code", {}, printable(content));
// Figures with operators between them; an operator stays with the figure after it.
function row(...parts) {
  const terms = [];
  let before = null;
  for (const part of parts.filter(Boolean)) {
    if (part.className === "operator") before = part;
    else { terms.push(element("div", { className: "term" }, before, part)); before = null; }
  }
  return element("div", { className: "row" }, ...terms, before);
}

const operator = (sign) => element("span", { className: "operator", ariaHidden: "true" }, sign);

// One sentence about a stop, for the live region and above the stop's numbers.
function sentence(model, stop) {
  const { item, phase } = stop;
  if (phase === "start") return "Start: only the inputs and parameters are known.";
  if (phase === "seed") return `Backward begins: the gradient of ${title(model.output)} with respect to itself is 1.`;
  if (isGroup(item)) {
    const all = many(stop.to - stop.from + 1, "operation");
    return `${phase === "forward" ? "Forward" : "Backward"} through ${title(item)}: ${all}, folded.`;
  }
  if (phase === "forward") return `Forward: ${equation(item)}, ${spoken(item.value, item.shape)}.`;
  const targets = [...new Set(item.args.filter((a) => a.flows).map((a) => title(a.from)))];
  return `Backward: from ${title(item)} to ${targets.join(" and ") || "nowhere"}.`;
}

function showStep(place, model, stop, isLast, view, options) {
  const parts = [];
  if (stop.phase === "start") parts.push(...startOf(model, options));
  else if (isGroup(stop.item)) parts.push(...throughGroup(view, stop, options));
  else if (stop.phase === "forward") parts.push(...forwardStep(stop.item, options));
  else if (stop.phase === "seed") parts.push(figure(`gradient of ${title(stop.item)}`, model.output.grad, stop.item.shape, options.all));
  else parts.push(...backwardStep(stop.item, stop.to, options));
  if (isLast) parts.push(...endOf(model, options));
  place.replaceChildren(...parts);
}

function startOf(model, { all }) {
  const leaves = model.nodes.filter((node) => !node.isOperation);
  return [
    plain("Step forward to compute one operation after the other, then backward to see how the gradient of the output reaches every parameter."),
    row(...leaves.slice(0, 12).map((leaf) => figure(title(leaf), leaf.value, leaf.shape, all))),
    leaves.length > 12 ? plain(`and ${leaves.length - 12} more`, "quiet") : null,
  ].filter(Boolean);
}

function forwardStep(node, { all, select }) {
  const used = distinct(node.args.map((a) => a.from)), made = madeOf(node);
  const inputs = used.slice(0, 6).map((from) => figure(title(from), from.value, from.shape, all));
  const result = figure(title(node), node.value, node.shape, all);
  const bySlot = new Map(node.args.map((a) => [a.slot, inputs[used.indexOf(a.from)]]));
  return [
    plain(code(equation(node)), "formula"),
    row(...inputs, operator("→"), result),
    made && takenApart(result, title(node), made.shape, bySlot, (at) => explainedResult(node, made, at, all), largestAt(node.value)),
    uses(node, select),
  ].filter(Boolean);
}

const distinct = (list) => [...new Set(list)];

// A step of the backward pass: the cotangent that arrives, and for each argument the rule and its result.
function backwardStep(node, time, options) {
  const parts = [plain(code(equation(node)), "formula")];
  if (contributions(node).length > 1) parts.push(...sumOf(node, time, options));
  for (const edge of node.args) {
    if (edge.flows) parts.push(...passedBack(edge, time, options));
    else if (edge.from.kind !== "input") parts.push(plain(`Nothing goes back to ${title(edge.from)}: the function is piecewise constant in it, or no gradient is required.`, "quiet"));
  }
  return parts;
}

function passedBack(edge, time, options) {
  const { all } = options, { from, to } = edge, part = contribution(edge);
  const made = madeOf(to), arrived = figure(`gradient of ${title(to)}: g`, to.grad, to.shape, all), terms = [arrived], shown = new Map([["g", arrived]]);
  if (made) {
    for (const arg of to.args) {
      if (arg.slot === edge.slot || shown.has(arg.slot) || arg.slot === 2) continue;
      shown.set(arg.slot, figure(title(arg.from), arg.from.value, arg.from.shape, all));
      if (!["sum", "mean"].includes(made.op) && edge.slot !== 2) terms.push(shown.get(arg.slot));
    }
    if (made.op === "softmax") terms.push(shown.set("y", figure(`y = ${title(to)}`, to.value, to.shape, all)).get("y"));
  } else if (edge.local) terms.push(operator("×"), figure("local derivative", edge.local.value, edge.local.shape, all));
  else for (const [letter, node] of lettersIn(edge).slice(0, 4)) terms.push(figure(letter === title(node) ? letter : `${letter} = ${title(node)}`, node.value, node.shape, all));
  terms.push(operator(edge.local && !made ? (edge.local?.summed ? "→ sum →" : "=") : "→"));
  const result = figure(contributions(from).length > 1 ? `part of the gradient of ${title(from)}` : `gradient of ${title(from)}`, part, from.shape, all);
  terms.push(result);
  return [
    element("h2", {}, `to ${title(from)}`, edge.to.args.length > 1 ? element("span", { className: "quiet" }, ` argument ${edge.slot + 1}`) : null),
    ruleOf(edge),
    row(...terms),
    made && isWhole(part) && isWhole(to.grad) ? takenApart(result, `d${briefly(from)}`, dims(from.shape), shown, (at) => explainedGradient(edge, made, at, all), largestAt(part)) : null,
    edge.local?.summed ? plain(`${title(from)} was broadcast from ${from.shape} to ${to.shape}: what comes back is summed over the repeated axes.`, "quiet") : null,
    ...(contributions(from).length > 1 ? sumOf(from, time, options) : []),
  ].filter(Boolean);
}

// The gradient of a node with several uses, use by use.
function sumOf(node, time, { all }) {
  const parts = contributions(node), terms = [];
  const here = parts.filter((use) => use.to.backwardAt <= time);
  const shown = here.slice(0, 8);
  shown.forEach((use, i) => terms.push(i ? operator("+") : null, figure(`through ${title(use.to)}`, contribution(use), node.shape, all)));
  if (here.length > shown.length) terms.push(operator(`+ ${here.length - shown.length} more`));
  const done = here.length === parts.length;
  if (done) terms.push(operator("="), figure(`gradient of ${title(node)}`, node.grad, node.shape, all));
  const waits = done ? "the sum is its gradient." : `${here.length} of them ${here.length === 1 ? "has" : "have"} arrived.`;
  return [
    plain(`${title(node)} is used ${parts.length} times, and each use contributes: ${waits}`),
    row(...terms),
  ];
}

// The values or gradients that cross the border of a folded group at this step.
function throughGroup(view, { item, phase }, { all }) {
  const into = view.edges.filter((e) => e.to === item), out = view.edges.filter((e) => e.from === item);
  const arrays = (edges, what, name) => {
    const nodes = distinct(edges.flatMap((e) => e.parts.filter((p) => what === "value" || p.flows).map((p) => p.from)));
    return nodes.slice(0, 6).map((n) => figure(`${name}${title(n)}`, n[what], n.shape, all));
  };
  const back = phase === "backward";
  const [first, second] = back
    ? [arrays(out, "grad", "cotangent of "), arrays(into, "grad", "gradient of ")]
    : [arrays(into, "value", ""), arrays(out, "value", "")];
  return [
    plain("Unfold the box to see each operation."),
    row(...first, operator("→"), ...second),
    back ? plain("A gradient is shown complete, even if other paths contribute to it.", "quiet") : null,
  ].filter(Boolean);
}

function endOf(model, { all }) {
  const leaves = model.nodes.filter((node) => node.kind === "parameter" && node.grad !== null);
  if (!leaves.length) return [plain("That is all: nothing here requires a gradient.")];
  const list = element("div", { className: "row", id: "gradients" }, ...leaves.slice(0, 200).map((leaf) => {
    const shown = figure(title(leaf), leaf.grad, leaf.shape, all);
    shown.dataset.node = leaf.id;
    return shown;
  }));
  return [element("h2", {}, `The gradients of ${title(model.output)}`), list];
}

function uses(node, select) {
  const targets = distinct(node.uses.map((use) => use.to));
  if (!targets.length) return null;
  return element("p", { className: "quiet" }, "used by ", ...links(targets, select));
}

// Buttons that select nodes, with commas between.
function links(nodes, select) {
  const shown = nodes.slice(0, 8).flatMap((n, i) => [i ? ", " : "", element("button", { type: "button", className: "link", onclick: () => select(n) }, title(n))]);
  return nodes.length > 8 ? [...shown, ` and ${nodes.length - 8} more`] : shown;
}

// The modules that contain a node, the outermost first.
const pathOfGroup = (group) => framesAround(group).slice(0, -1).reverse().map((g) => printable(g.label)).join(" › ");

// Everything about one node.
function showNode(place, node, time, { all, select }) {
  if (!node) return place.replaceChildren(plain("Select a box of the graph to see its numbers, gradient and source.", "quiet"));
  const facts = [["kind", node.kind], ["shape", node.shape], ["dtype", node.dtype]];
  if (node.group.parent) facts.push(["in", pathOfGroup(node.group)]);
  if (node.source) facts.push(["source", code(node.source)]);
  const reached = node.grad !== null;
  const gradient = reached && node.complete <= time
    ? figure("gradient", node.grad, node.shape, all)
    : plain(reached ? "Its gradient: not computed yet at this step." : "Its gradient: not computed; none flows here.", "quiet");
  const several = contributions(node).length > 1 && node.complete <= time ? sumOf(node, time, { all }) : [];
  place.replaceChildren(...[
    element("h2", {}, title(node)),
    node.isOperation ? plain(code(equation(node)), "formula") : null,
    node.verdict ? verdictBox(node.verdict, all) : null,
    element("dl", {}, ...facts.flatMap(([key, x]) => [element("dt", {}, key), element("dd", {}, x)])),
    node.known <= time ? figure("value", node.value, node.shape, all) : plain("Its value: not computed yet at this step.", "quiet"),
    gradient, ...several,
    node.args.length ? element("p", { className: "quiet" }, "computed from ", ...links(distinct(node.args.map((a) => a.from)), select)) : null,
    uses(node, select),
  ].filter(Boolean));
}
