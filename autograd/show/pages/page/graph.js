// The graph as SVG: boxes, frames and edges, and how they look at each step.

const BOX = { height: 46, thumb: 34, number: 62 };
const pen = document.createElement("canvas").getContext("2d");

function textWidth(text, font) {
  pen.font = font;
  return pen.measureText(text).width;
}

const FONTS = { label: "600 13px system-ui, sans-serif", small: "12px system-ui, sans-serif", badge: "600 12px system-ui, sans-serif" };

const labelWidth = (frame) => textWidth(frameLabel(frame), FONTS.label) + 64;
const frameLabel = (group) => shortened(printable(group.label), 40);
const isScalar = (node) => typeof node.value !== "object" || node.value === null;

// The two lines of text in a box: the operation, then name and shape; for a leaf, its name, then its shape;
// for a constant without a name, an expression that it equals comes first.
function linesOf(item) {
  if (isGroup(item)) return [frameLabel(item), extent(item)];
  const shape = kindOfArray(item);
  if (item.expression) return [shortened(printable(item.expression), 26), `${shortened(title(item), 20)}  ${shape}`];
  if (!item.isOperation) return [shortened(title(item), 26), shape];
  return [shortened(printable(item.label), 26), `${shortened(title(item), 20)}  ${shape}`.trimEnd()];
}

// The shape, and a dtype that is not the usual one; of several outputs of one shape, their number: 3 × (2, 4).
// Nothing of a single number, which is what one expects.
function kindOfArray({ shape, dtype }) {
  const shapes = shape.startsWith("((") ? shape.slice(1, -1).match(/\([^)]*\)/g) : [shape];
  const dtypes = [...new Set(dtype.match(/\b(?!dtype\b)[a-z]+\d*\b/g))].filter((d) => d !== "float64");
  const same = new Set(shapes).size === 1;
  if (shape === "()") return dtypes.join(" ");
  return [shapes.length > 1 && same ? `${shapes.length} × ${shapes[0]}` : shapes.join(", "), ...dtypes].join(" ");
}

// The extent of a group: for a run, the range of its operations; for a module or a repetition, their number.
function extent(group) {
  if (group.kind !== "run") return many(group.operations, "operation");
  return `operations ${group.first.toLocaleString("en")} to ${(group.first + group.operations - 1).toLocaleString("en")}`;
}

const many = (n, what) => `${n.toLocaleString("en")} ${what}${n === 1 ? "" : "s"}`;

// The width to the right of a node's text, for its value and its gradient.
function aside(node) {
  if (isGroup(node)) return 26;
  return isScalar(node) ? BOX.number : node.grad === null ? BOX.thumb + 2 : 2 * BOX.thumb + 6;
}

function sizeOf(item) {
  const [first, second] = linesOf(item);
  const text = Math.max(textWidth(first, FONTS.label), textWidth(second, FONTS.small));
  const sides = kindOf(item) === "parameter" ? 40 : 30;
  return { width: Math.ceil(text + aside(item) + badgeWidth(verdictOf(item)) + sides), height: BOX.height };
}

// The outlines, which distinguish the kinds even without colour.
const OUTLINES = {
  input: (w, h) => `M0 0H${w - 10}L${w} 10V${h}H0Z M${w - 10} 0V10H${w}`,
  parameter: (w, h) => `M11 0H${w - 11}L${w} ${h / 2}L${w - 11} ${h}H11L0 ${h / 2}Z`,
  intermediate: (w, h) => rounded(0, 0, w, h, 9),
  output: (w, h) => `${rounded(-3, -3, w + 6, h + 6, 4)} ${rounded(0, 0, w, h, 2)}`,
  folded: (w, h) => `${rounded(4, -4, w - 8, h, 3)} ${rounded(0, 0, w, h, 3)}`,
};
const kindOf = (item) => (isGroup(item) ? "folded" : item.kind === "constant" ? "input" : item.kind);

function rounded(x, y, w, h, r) {
  return `M${x + r} ${y}h${w - 2 * r}a${r} ${r} 0 0 1 ${r} ${r}v${h - 2 * r}a${r} ${r} 0 0 1 ${-r} ${r}` +
    `h${2 * r - w}a${r} ${r} 0 0 1 ${-r} ${-r}v${2 * r - h}a${r} ${r} 0 0 1 ${r} ${-r}z`;
}

// Draw a whole layout anew; returns the drawn elements by item, which are marked at each step.
function draw(canvas, view, places) {
  const drawn = { boxes: new Map(), edges: new Map() };
  const parts = [];
  for (const frame of view.frames) {
    if (frame.parent) parts.push(drawFrame(frame, places.boxes.get(frame), drawn));
  }
  for (const edge of view.edges) parts.push(drawEdge(edge, places.paths.get(edge.key), drawn));
  for (const frame of view.frames) {
    if (frame.parent) parts.push(drawHead(frame, places.boxes.get(frame), drawn));
  }
  const byPlace = [...view.items.keys()].sort((a, b) => {
    const p = places.boxes.get(a), q = places.boxes.get(b);
    return p.y - q.y || p.x - q.x;
  });
  for (const item of byPlace) parts.push(drawBox(item, places.boxes.get(item), drawn));
  canvas.replaceChildren(...parts);
  return drawn;
}

const RECORDED = "backward pass";  // the frame around a backward pass that was recorded

function drawFrame(frame, { x, y, width, height }) {
  return svg("rect", { x, y, width, height, rx: 8, class: frame.label === RECORDED ? "frame recorded" : "frame" });
}

// The head of a frame: a click on it folds the frame.
function drawHead(frame, { x, y }, drawn) {
  const wide = labelWidth(frame) - 16;
  const g = svg("g", {
    class: "head", transform: `translate(${round(x)} ${round(y)})`, "data-key": frame.key, role: "button", tabindex: -1,
    "aria-expanded": "true", "aria-label": `${frameLabel(frame)}: ${many(frame.operations, "operation")}, unfolded`,
  });
  g.append(svg("rect", { x: 1, y: -11, width: Math.max(wide, BOX.height), height: BOX.height, class: "reach" }));  // for fingers
  g.append(svg("rect", { x: 1, y: 1, width: wide, height: GAP.head - 4, rx: 7, class: "tab" }));
  g.append(foldSign(16, 12, false), text(28, 17, frameLabel(frame), "label halo"));
  drawn.boxes.set(frame, { g });
  return g;
}

// A plus on what is folded, a minus on what is unfolded.
function foldSign(x, y, plus) {
  const path = `M${x - 4} ${y}h8${plus ? `M${x} ${y - 4}v8` : ""}`;
  const g = svg("g", { class: "sign" });
  g.append(svg("circle", { cx: x, cy: y, r: 7.5 }), svg("path", { d: path }));
  return g;
}

function text(x, y, content, kind) {
  const node = svg("text", { x, y, class: kind });
  node.textContent = content;
  return node;
}

function hint(content) {
  const node = svg("title", {});
  node.textContent = content;
  return node;
}

function drawBox(item, { x, y, width, height }, drawn) {
  const kind = kindOf(item), [first, second] = linesOf(item), left = kind === "parameter" ? 17 : 13;
  const g = svg("g", {
    class: `box ${kind}`, transform: `translate(${round(x)} ${round(y)})`, "data-key": item.key,
    role: "button", tabindex: -1, "aria-label": described(item, ""),
  });
  if (kind === "folded") g.setAttribute("aria-expanded", "false");
  else g.setAttribute("aria-pressed", "false");
  const more = hintOf(item), verdict = verdictOf(item), end = width - (kind === "parameter" ? 14 : 9);
  if (more) g.append(hint(more));
  g.append(svg("path", { d: OUTLINES[kind](width, height), class: "outline" }));
  g.append(" ", text(left, second ? 19 : 28, first, "label"), " ", text(left, 36, second, "small"), " ");  // spaces between words that are read out
  if (kind === "folded") g.append(foldSign(width - 18, height / 2, true));
  if (verdict) g.append(badge(verdict, end - aside(item) - badgeWidth(verdict)));
  g.append(" ");
  const slots = svg("g", { transform: `translate(${end - aside(item)} 6)` });
  g.append(slots);
  drawn.boxes.set(item, { g, slots, shown: "" });
  return g;
}

// The name of a box for those who cannot see it: all that is written on it, in the order of its elements.
function described(item, numbers) {
  const verdict = verdictOf(item), written = [hintOf(item), ...linesOf(item), verdict && badgeText(verdict), numbers];
  return `${written.filter(Boolean).join(" ")}, ${isGroup(item) ? "folded" : item.kind}`;
}

// What a box says when the pointer rests on it, if that is more than its first line.
function hintOf(item) {
  const all = shortened(isGroup(item) ? title(item) : equation(item), 300);
  return all === linesOf(item)[0] ? null : all;
}

const MARKS = { right: "✓", scaled: "≈", inherits: "↓", "wrong here": "✗", inconclusive: "?" };
const classOf = (verdict) => `verdict-${verdict.replace(/\W+/g, "-")}`;

// The verdict over a node; over a folded group, the gravest verdict inside it.
function verdictOf(item) {
  if (!isGroup(item)) return item.verdict?.verdict ?? null;
  const inside = new Set();
  const waiting = [item];
  for (const group of waiting) {
    for (const node of group.nodes) if (node.verdict) inside.add(node.verdict.verdict);
    waiting.push(...group.groups);
  }
  return ["wrong here", "inherits", "inconclusive", "scaled", "right"].find((v) => inside.has(v)) ?? null;
}

const badgeText = (verdict) => `${MARKS[verdict] ?? "?"} ${verdict}`;
const badgeWidth = (verdict) => (verdict ? textWidth(badgeText(verdict), FONTS.badge) + 22 : 0);

// A verdict stands inside its box, between text and numbers, where it covers nothing.
function badge(verdict, x) {
  const g = svg("g", { class: `badge ${classOf(verdict)}`, transform: `translate(${round(x)} ${BOX.height / 2 - 9})` });
  g.append(svg("rect", { width: badgeWidth(verdict) - 8, height: 18, rx: 9 }), text(7, 13, badgeText(verdict), "small"));
  return g;
}

function drawEdge(edge, points, drawn) {
  const g = svg("g", { class: edge.count > 1 ? "edge many" : "edge", "data-key": edge.key });
  const [x, y] = points.at(-1), [a, b] = points[0];
  g.append(svg("path", { d: pathOf(points), class: "line" }));
  g.append(svg("path", { d: `M${round(x - 4)} ${round(y - 8)}L${round(x)} ${round(y)}L${round(x + 4)} ${round(y - 8)}z`, class: "tip" }));
  g.append(svg("path", { d: `M${round(a - 4)} ${round(b + 8)}L${round(a)} ${round(b)}L${round(a + 4)} ${round(b + 8)}z`, class: "tip returning" }));
  const label = edge.count > 1 ? `×${edge.count}` : edge.to.numbered && edge.parts.length === 1 ? `${edge.parts[0].slot + 1}` : "";
  if (label) g.append(text(round(x + (edge.left ? -5 : 5)), round(y - 5), label, edge.left ? "slot left" : "slot"));
  drawn.edges.set(edge.key, { g, edge });
  return g;
}

// Show each node's value once it is computed, and its gradient once it is complete.
function mark(drawn, model, view, stop, selected) {
  const time = stop.to;
  $("graph").classList.toggle("is-forward", stop.phase === "forward");
  for (const [item, box] of drawn.boxes) {
    const { g } = box;
    g.classList.toggle("current", item === stop.item);
    if (!isGroup(item)) {
      const has = [item.known <= time, item.complete <= time];
      g.classList.toggle("unknown", !has[0]);
      g.classList.toggle("has-gradient", has[1]);
      g.classList.toggle("selected", item === selected);
      g.setAttribute("aria-pressed", String(item === selected));
      if (box.shown !== String(has)) fill(box, item, has);
      box.shown = String(has);
    }
  }
  for (const { g, edge } of drawn.edges.values()) {
    const here = stop.phase === "forward" ? edge.to === stop.item : stop.phase === "backward" && edge.to === stop.item && edge.flows;
    g.classList.toggle("forward", stop.phase === "forward" && here);
    g.classList.toggle("backward", stop.phase === "backward" && here);
    g.classList.toggle("gone-back", edge.parts.some((part) => part.flows && part.to.backwardAt <= time));
  }
}

function fill({ slots }, node, [known, complete]) {
  const parts = [];
  if (isScalar(node)) {
    if (known) parts.push(text(BOX.number - 4, 13, number(node.value), "number value"));
    if (complete) parts.push(" ", text(BOX.number - 4, 30, number(node.grad), "number gradient"));
  } else {
    if (known) parts.push(thumb(node.value, node.shape, 0, "value"));
    if (complete) parts.push(thumb(node.grad, node.shape, BOX.thumb + 4, "gradient"));
  }
  slots.replaceChildren(...parts);
  slots.parentNode.setAttribute("aria-label", described(node, slots.textContent));
}

function thumb(value, shape, x, kind) {
  const g = thumbnail(value, shape, BOX.thumb);
  g.setAttribute("transform", `translate(${x} 0)`);
  g.setAttribute("class", `thumb ${kind}`);
  return g;
}

// The path under the pointer: everything that an item was computed from, and everything computed from it.
function pathThrough(view, item) {
  const items = new Set([item]), edges = new Set();
  for (const [here, there] of [["to", "from"], ["from", "to"]]) {
    const by = new Map();
    for (const edge of view.edges) {
      if (!by.has(edge[here])) by.set(edge[here], []);
      by.get(edge[here]).push(edge);
    }
    const waiting = [item], seen = new Set(waiting);
    for (const at of waiting) {
      for (const edge of by.get(at) ?? []) {
        edges.add(edge.key);
        items.add(edge[there]);
        if (!seen.has(edge[there])) { seen.add(edge[there]); waiting.push(edge[there]); }
      }
    }
  }
  return { items, edges };
}

function highlight(canvas, drawn, path) {
  canvas.classList.toggle("tracing", path !== null);
  for (const [item, { g }] of drawn.boxes) g.classList.toggle("on-path", path?.items.has(item) ?? false);
  for (const [key, { g }] of drawn.edges) g.classList.toggle("on-path", path?.edges.has(key) ?? false);
}

// The meaning of the shapes and colours, for the kinds that occur.
function drawLegend(place, model) {
  const kinds = new Set(model.nodes.map(kindOf));
  if (model.groups.length > 1) kinds.add("folded");
  const entries = Object.keys(OUTLINES).filter((kind) => kinds.has(kind)).map((kind) => {
    const icon = svg("svg", { width: 30, height: 22, viewBox: "-4 -5 38 30", "aria-hidden": "true" });
    const g = svg("g", { class: `box ${kind}` });
    g.append(svg("path", { d: OUTLINES[kind](30, 20), class: "outline" }));
    icon.append(g);
    return element("li", {}, icon, kind);
  });
  const scale = [["negative", "negative"], ["positive", "positive"], ["odd", "not finite"]].map(([kind, words]) =>
    element("li", {}, element("span", { className: `swatch ${kind}` }), words));
  place.replaceChildren(...entries, ...scale);
}
