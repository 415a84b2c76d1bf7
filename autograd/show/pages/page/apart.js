// Products, sums and windows taken apart: which numbers make one number of the result, and on the way back
// which products make one number of a gradient.
//
// A term is a list of factors, each [slot, place]: the argument and the place of the element in C order.

const stridesOf = (shape) => shape.map((_, i) => shape.slice(i + 1).reduce((a, b) => a * b, 1));
const placeOf = (index, shape) => stridesOf(shape).reduce((sum, step, i) => sum + step * index[i], 0);
const indexAt = (place, shape) => stridesOf(shape).map((step, i) => Math.floor(place / step) % shape[i]);
const upTo = (n) => Array.from({ length: n }, (_, i) => i);
const everyIndex = (shape) => upTo(shape.reduce((a, b) => a * b, 1)).map((place) => indexAt(place, shape));

// The terms of one element of the result, by the operation.
const TERMS = {
  matmul(index, [a, b]) {
    const rows = a.length > 1 ? index.slice(0, a.length - 1) : [], lead = Math.max(a.length, b.length) - 2;
    const column = b.length > 1 ? [index.at(-1)] : [], batch = b.length > 2 ? index.slice(0, lead) : [];
    if (a.length > 1 && b.length > 1 && a.length !== b.length && a.length < b.length) rows.splice(0, rows.length, index.at(-2));
    return upTo(a.at(-1)).map((k) => [[0, placeOf([...rows, k], a)], [1, placeOf(b.length > 1 ? [...batch, k, ...column] : [k], b)]]);
  },
  linear(index, [x, w, bias]) {
    const j = index.at(-1), terms = upTo(w[1]).map((k) => [[0, placeOf([...index.slice(0, -1), k], x)], [1, placeOf([j, k], w)]]);
    return bias ? [...terms, [[2, j]]] : terms;
  },
  convolution([n, f, ...at], [x, w, bias], { stride, padding, dilation, groups }) {
    const first = Math.floor(f / (w[0] / groups)) * w[1], terms = [];
    for (const [c, ...offset] of everyIndex(w.slice(1))) {
      const there = at.map((i, axis) => i * stride[axis] + offset[axis] * dilation[axis] - padding[axis][0]);
      if (there.some((i, axis) => i < 0 || i >= x[axis + 2])) continue;  // a zero of the padding
      terms.push([[0, placeOf([n, first + c, ...there], x)], [1, placeOf([f, c, ...offset], w)]]);
    }
    return bias ? [...terms, [[2, f]]] : terms;
  },
  largest(index, [x], { size, stride, dilation }) {
    const lead = index.slice(0, -size.length), at = index.slice(-size.length);
    return everyIndex(size).map((offset) => [[0, placeOf([...lead, ...at.map((i, axis) => i * stride[axis] + offset[axis] * dilation[axis])], x)]]);
  },
  sum(index, [x], { axes, keepdims }) {
    const kept = keepdims ? index : upTo(x.length).reduce((list, i) => [...list, axes.includes(i) ? 0 : index[list.length - axes.filter((a) => a < i).length]], []);
    return everyIndex(axes.map((i) => x[i])).map((inner) => [[0, placeOf(kept.map((i, axis) => (axes.includes(axis) ? inner[axes.indexOf(axis)] : i)), x)]]);
  },
  softmax(index, [x], { axes: [axis] }) {
    return upTo(x[axis]).map((k) => [[0, placeOf(index.map((i, n) => (n === axis ? k : i)), x)]]);
  },
};
Object.assign(TERMS, { dot: TERMS.matmul, mean: TERMS.sum, max: TERMS.sum, min: TERMS.sum });

const CHOOSES = ["largest", "max", "min"];
const listed1 = (value) => (typeof value === "object" ? value : [value]);
const isWhole = (value) => value !== null && value !== undefined && !isSummary(value);

// What a node is made of; null for operations that are not taken apart, and for arrays that are not whole.
function madeOf(node) {
  if (!node.apart || !isWhole(node.value)) return null;
  const [op, options] = node.apart, slots = [];
  for (const arg of node.args) slots[arg.slot] = arg.from;
  if (![...slots].every((from) => from && isWhole(from.value))) return null;
  const shapes = slots.map((from) => dims(from.shape));
  return { op, options, slots, shapes, shape: dims(node.shape), terms: (index) => TERMS[op](index, shapes, options) };
}

// The numbers of the terms: products of the arguments' elements.
const factorsOf = (made, term) => term.map(([slot, place]) => listed1(made.slots[slot].value)[place]);

// One element of the result: its terms, each with its factors, and what is done with them.
function resultAt(made, place) {
  const terms = made.terms(indexAt(place, made.shape));
  return { terms, factors: terms.map((term) => factorsOf(made, term)), cells: terms.flat() };
}

// One element of what goes back to an argument: for each term with that element, g times the other factors.
function gradientAt(made, node, slot, place) {
  const g = listed1(node.grad), y = listed1(node.value), terms = [], factors = [], cells = [];
  everyIndex(made.shape).forEach((index, out) => {
    const all = made.terms(index), hits = all.filter((term) => term.some(([s, p]) => s === slot && p === place));
    for (const term of hits) {
      const others = term.filter(([s, p]) => !(s === slot && p === place));
      const weight = weightOf(made, all, term, y, out);
      if (weight === 0) continue;
      terms.push([["g", out], ...others]);
      factors.push([g[out], ...others.map(([s, p]) => listed1(made.slots[s].value)[p]), ...(weight === 1 ? [] : [weight])]);
      cells.push(["g", out], ...others);
    }
  });
  return { terms, factors, cells };
}

// By how much an element counts: 1 / n in a mean, 1 or a share of it if it is the largest.
function weightOf(made, all, term, y, out) {
  if (made.op === "mean") return 1 / all.length;
  if (!CHOOSES.includes(made.op)) return 1;
  const same = all.filter((t) => factorsOf(made, t)[0] === y[out]);
  return factorsOf(made, term)[0] === y[out] ? 1 / same.length : 0;
}

const productOf = (list) => list.reduce((a, b) => a * b, 1);

// A softmax is no sum of products: y (g - Σ g y) goes back.
const isSoftmax = (made) => made.op === "softmax";

// Words

const named = (name, place, shape) => (shape.length ? `${name}${subscript(place, shape)}` : name);

const bracketed = (x, all) => (typeof x === "number" && x < 0 ? `(${number(x, all)})` : number(x, all));
const MANY = 8;  // terms that are written out
const briefly = (node) => title(node).split(".").at(-1);

// The sum with names, and with numbers: "X[0, 1] × W[1, 2] + …" and "1 × 0.5 + …"; of many terms the largest.
function inWords(made, found, all) {
  const order = upTo(found.terms.length), size = (i) => Math.abs(productOf(found.factors[i])) || 0;
  if (order.length > MANY) order.sort((i, k) => size(k) - size(i));
  const shown = order.slice(0, MANY), more = order.length > MANY ? ` + … ${order.length - MANY} more, which are smaller` : "";
  const name = ([slot, place]) => (slot === "g" ? named("g", place, made.shape) : named(briefly(made.slots[slot]), place, made.shapes[slot]));
  const letters = shown.map((i) => [...found.terms[i].map(name), ...found.factors[i].slice(found.terms[i].length).map((x) => number(x, all))].join(" × "));
  const numbers = shown.map((i) => found.factors[i].map((x) => bracketed(x, all)).join(" × "));
  return [letters.join(" + ") + more, numbers.join(" + ") + more];
}

function explainedResult(node, made, place, all) {
  const found = resultAt(made, place), [letters, numbers] = inWords(made, found, all), value = number(listed1(node.value)[place], all);
  const whole = (text) => (made.op === "mean" ? `(${text}) / ${found.terms.length}` : CHOOSES.includes(made.op) ? `${made.op === "min" ? "min" : "max"}(${text.replaceAll(" + ", ", ")})` : text);
  if (isSoftmax(made)) {
    const self = named(briefly(made.slots[0]), place, made.shapes[0]), exps = (text) => text.split(" + ").map((x) => `exp(${x})`).join(" + ");
    const own = number(listed1(made.slots[0].value)[place], all);
    return { cells: found.cells, lines: [`exp(${self}) / (${exps(letters)})`, `exp(${own}) / (${exps(numbers)})`, value] };
  }
  return { cells: found.cells, lines: [whole(letters), whole(numbers), value] };
}

function explainedGradient(edge, made, place, all) {
  const value = number(listed1(contribution(edge))[place], all);
  if (isSoftmax(made)) {
    const { terms } = resultAt(made, place), g = listed1(edge.to.grad), y = listed1(edge.to.value), n = (x) => bracketed(x, all);
    const at = (name, p) => named(name, p, made.shape), row = terms.map(([[, p]]) => p), cells = row.flatMap((p) => [["g", p], ["y", p]]);
    return { cells, lines: [`${at("y", place)} × (${at("g", place)} − (${row.map((p) => `${at("g", p)} × ${at("y", p)}`).join(" + ")}))`,
      `${n(y[place])} × (${n(g[place])} − (${row.map((p) => `${n(g[p])} × ${n(y[p])}`).join(" + ")}))`, value] };
  }
  const found = gradientAt(made, edge.to, edge.slot, place), [letters, numbers] = inWords(made, found, all);
  if (!found.terms.length) return { cells: [], lines: [value], note: "No number of the result is made of it." };
  return { cells: found.cells, lines: [letters, numbers, value] };
}

// The picked element of a figure, and how it is made; `figures` are those of the arguments, by slot, "g", "y".
function takenApart(result, name, shape, figures, explain, start) {
  const place = element("div", { className: "apart", role: "status" }), cells = [...result.querySelectorAll("td")];
  const pick = (at) => {
    const { cells: used, lines, note } = explain(at);
    for (const f of [result, ...figures.values()]) f?.querySelectorAll("td").forEach((td) => td.classList.remove("picked", "used"));
    cells[at].classList.add("picked");
    for (const [slot, p] of used) figures.get(slot)?.querySelectorAll("td")[p]?.classList.add("used");
    cells.forEach((td, i) => { td.tabIndex = i === at ? 0 : -1; });
    place.replaceChildren(plain("Pick a number of the result to see how it is made:", "quiet"),
      ...lines.map((text, i) => plain(code(`${i ? "=" : `${named(name, at, shape)} =`} ${text}`))),
      ...(note ? [plain(note, "quiet")] : []));
  };
  cells.forEach((td, i) => td.addEventListener("click", () => pick(i)));
  result.classList.add("pickable");
  result.addEventListener("keydown", (event) => {
    const at = cells.indexOf(event.target), by = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: shape.at(-1) ?? 1, ArrowUp: -(shape.at(-1) ?? 1) }[event.key];
    if (at < 0 || !by || !cells[at + by]) return;
    event.preventDefault();
    event.stopPropagation();
    pick(at + by);
    cells[at + by].focus();
  });
  pick(start);
  return place;
}

const largestAt = (value) => listed1(value).reduce((best, x, i, all) => (typeof x === "number" && Math.abs(x) > Math.abs(all[best]) ? i : best), 0);
