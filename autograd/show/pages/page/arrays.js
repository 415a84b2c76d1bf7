// Arrays as numbers, as tables and as heat maps.
//
// A value is a number (of a single element), a list of all elements in C order, or, for a large array, a
// summary {min, mean, max, odd, columns, thin}: some elements, and how many elements are not finite.
// A number that JSON does not have (nan, inf, complex numbers, long integers) is a string.

const SVG = "http://www.w3.org/2000/svg";

// Text with visible control characters: a line end is shown as \n.
function printable(text) {
  return String(text).replace(/[\p{Cc}\p{Zl}\p{Zp}\u200b-\u200f\u202a-\u202e\u2060-\u2069]/gu, (c) =>
    ({ "\n": "\\n", "\t": "\\t", "\r": "\\r" })[c] ?? `\\u${c.codePointAt(0).toString(16).padStart(4, "0")}`);
}

// Long text without its middle.
function shortened(text, most) {
  const characters = [...text];
  if (characters.length <= most) return text;
  const tail = Math.floor(most / 3);
  return `${characters.slice(0, most - tail - 1).join("")}…${characters.slice(-tail).join("")}`;
}

// A number to four digits, or with all of them.
function number(x, all = false) {
  if (typeof x !== "number") return printable(x);
  if (all) return String(Object.is(x, -0) ? "-0" : x);
  const size = Math.abs(x);
  if (size !== 0 && (size >= 1e5 || size < 1e-3)) return x.toExponential(2).replace(/\.?0+e/, "e").replace("e+", "e");
  return String(Number(x.toPrecision(4)));
}

const dims = (shape) => (shape.match(/\d+/g) ?? []).map(Number);

// The elements to show, as rows: the last axis goes to the right, all others down.
function grid(value, shape) {
  if (value === null || value === undefined) return [];
  if (typeof value !== "object") return [[value]];
  const list = Array.isArray(value) ? value : value.thin;
  const several = shape.startsWith("((");  // the shapes of several outputs
  const columns = several ? list.length : Array.isArray(value) ? (dims(shape).at(-1) ?? 1) : value.columns;
  return Array.from({ length: columns ? list.length / columns : 0 }, (_, i) => list.slice(i * columns, (i + 1) * columns));
}

// The largest finite magnitude in an array, which gets the full colour.
function greatest(value) {
  const all = typeof value !== "object" ? [value] : Array.isArray(value) ? value : [value.min, value.max];
  return all.reduce((top, x) => (Number.isFinite(x) ? Math.max(top, Math.abs(x)) : top), 0);
}

const sign = (x) => (typeof x !== "number" ? "odd" : x < 0 ? "negative" : "positive");
const strength = (x, top) => (typeof x !== "number" ? 1 : top ? Math.abs(x) / top : 0);

// An SVG group: the array as coloured cells inside a square of `side`, at most `most` along each side; an
// array of more than two axes as tiles, one for each of its last two.
function thumbnail(value, shape, side, most = 6) {
  const all = grid(value, shape), top = greatest(value), g = document.createElementNS(SVG, "g"), axes = dims(shape), height = axes.at(-2);
  const count = axes.length > 2 && Array.isArray(value) && !shape.startsWith("((") && height ? all.length / height : 1;
  if (count < 2 || count > 16) return tile(g, thinned(all, most), top, 0, 0, side);
  const columns = Math.ceil(Math.sqrt(count)), gap = 2, one = (side - gap * (columns - 1)) / columns;
  for (let i = 0; i < count; i += 1) {
    tile(g, thinned(all.slice(i * height, (i + 1) * height), most), top, (i % columns) * (one + gap), Math.floor(i / columns) * (one + gap), one);
  }
  return g;
}

function tile(g, rows, top, x, y, side) {
  const columns = rows[0]?.length ?? 0, cell = Math.min(side / rows.length, side / columns, side / 4);
  if (!columns) return g;
  const left = x + (side - columns * cell) / 2, up = y + (side - rows.length * cell) / 2;
  g.append(svg("rect", { x: left, y: up, width: columns * cell, height: rows.length * cell, class: "paper" }));
  rows.forEach((row, i) => row.forEach((value, j) => {
    const size = { x: left + j * cell, y: up + i * cell, width: cell, height: cell };
    g.append(svg("rect", { ...size, class: sign(value), "fill-opacity": round(0.08 + 0.92 * strength(value, top)) }));
  }));
  return g;
}

// The index of an element: [1, 0].
function subscript(place, shape) {
  const index = [];
  for (const n of [...shape].reverse()) { index.unshift(place % n); place = Math.floor(place / n); }
  return `[${index.join(", ")}]`;
}

const some = (list, most) =>
  list.length <= most ? list : Array.from({ length: most }, (_, i) => list[Math.floor((i * list.length) / most)]);
const thinned = (rows, most) => some(rows, most).map((row) => some(row, most));

function svg(name, attributes) {
  const node = document.createElementNS(SVG, name);
  for (const [key, x] of Object.entries(attributes)) node.setAttribute(key, x);
  return node;
}

// An HTML element with properties and children; text is never parsed as HTML.
function element(name, properties = {}, ...children) {
  const node = document.createElement(name);
  for (const [key, x] of Object.entries(properties)) {
    if (key in node && key !== "role") node[key] = x;
    else node.setAttribute(key, x);
  }
  node.append(...children.filter((child) => child !== null));
  return node;
}

// An array with its name above: a table of its numbers, coloured like a heat map; for a large array, the
// heat map, and the numbers on request.
function figure(caption, value, shape, all) {
  if (shape.startsWith("((") && Array.isArray(value)) return outputs(caption, value, shape, all);
  const label = element("figcaption", {}, element("b", {}, caption), " ", element("span", { className: "quiet" }, shape));
  if (!isSummary(value)) return element("figure", {}, label, numbersOf(value, shape, all));
  const map = svg("svg", { width: 150, height: 150, class: "thumb", role: "img", "aria-label": `heat map of ${caption}` });
  map.append(thumbnail(value, shape, 150, 12));
  const numbers = element("details", {}, element("summary", {}, "numbers"), numbersOf(value, shape, all));
  return element("figure", {}, label, map, summary(value, all), numbers);
}

// The several outputs of a function, one below the other.
function outputs(caption, value, shape, all) {
  let from = 0;
  const parts = shape.slice(1, -1).match(/\([^()]*\)/g).map((one, i) => {
    const size = dims(one).reduce((n, k) => n * k, 1), part = value.slice(from, from += size);
    return figure(`${caption} [${i}]`, size === 1 ? part[0] : part, one, all);
  });
  return element("div", { className: "outputs" }, ...parts);
}

const isSummary = (value) => value !== null && typeof value === "object" && !Array.isArray(value);

function numbersOf(value, shape, all) {
  const rows = grid(value, shape), top = greatest(value), axes = dims(shape), height = axes.at(-2);
  if (!rows.length || !rows[0].length) return element("p", { className: "quiet" }, "no elements");
  const sliced = axes.length > 2 && Array.isArray(value) && !shape.startsWith("((") && height > 0;
  return element("div", { className: "scroll", tabIndex: 0 }, sliced ? slices(rows, axes, top, all) : tableOf(rows, top, all));
}

function tableOf(rows, top, all) {
  const body = rows.map((row) => element("tr", {}, ...row.map((x) => {
    const cell = element("td", { className: sign(x) }, number(x, all));
    cell.style.setProperty("--strength", strength(x, top));
    return cell;
  })));
  return element("table", {}, element("tbody", {}, ...body));
}

// An array of more than two axes: a table for each of its last two, labelled, all on one scale.
function slices(rows, axes, top, all) {
  const height = axes.at(-2), lead = axes.slice(0, -2), parts = [];
  for (let i = 0; i < rows.length / height; i += 1) {
    const label = `[${[...subscript(i, lead).slice(1, -1).split(", "), ":", ":"].join(", ")}]`;
    parts.push(element("div", {}, element("p", {}, label), tableOf(rows.slice(i * height, (i + 1) * height), top, all)));
  }
  const scale = element("p", { className: "scale" }, number(-top), element("i", { role: "img", ariaLabel: "the colours, from negative to positive" }), number(top));
  return element("div", {}, element("div", { className: "slices" }, ...parts), scale);
}

function summary(value, all) {
  const range = `min ${number(value.min, all)}, mean ${number(value.mean, all)}, max ${number(value.max, all)}`;
  const odd = value.odd ? `; ${value.odd} not finite` : "";
  return element("p", { className: "quiet" }, `${range}${odd}. Shown: ${value.thin.length} elements, evenly spaced.`);
}

// An array in a few words, for screen readers: all numbers of a small one.
function spoken(value, shape) {
  if (value === null || value === undefined) return "not computed";
  if (typeof value !== "object") return number(value);
  if (!Array.isArray(value)) return `array of shape ${shape}, from ${number(value.min)} to ${number(value.max)}`;
  return value.length <= 8 ? `[${value.map((x) => number(x)).join(", ")}]` : `array of shape ${shape}`;
}
