// The verdicts on a hand derivation: the lines in their order, and yours beside what is right.

// Whether two elements differ by more than roundings of the larger array.
function differs(a, b, top) {
  if (typeof a !== "number" || typeof b !== "number") return a !== b;
  return Math.abs(a - b) > 1e-6 * (top || 1);
}

// For each place of two arrays whether they differ there; null if they cannot be compared.
function differences(yours, right) {
  const [a, b] = [yours, right].map((x) => (typeof x === "object" ? x : [x]));
  if (!Array.isArray(a) || !Array.isArray(b) || a.length !== b.length) return null;
  const top = Math.max(greatest(a), greatest(b));
  return a.map((x, i) => differs(x, b[i], top));
}

// Yours and the right array side by side, with the elements marked that differ.
function sideBySide(line, all) {
  if (!line.yours || !line.true) return null;
  const [[shape, yours], [trueShape, right]] = [line.yours, line.true];
  const marks = shape === trueShape ? differences(yours, right) : null;
  const left = figure(`yours: ${line.name}`, yours, shape, all), other = figure("the right one", right, trueShape, all);
  if (marks) for (const one of [left, other]) one.querySelectorAll("td").forEach((cell, i) => { if (marks[i]) cell.classList.add("differs"); });
  const wrong = marks?.filter(Boolean).length ?? 0;
  const said = shape !== trueShape ? `The shapes differ: ${shape}, and ${trueShape}.`
    : marks && wrong ? `${wrong} of ${many(marks.length, "element")} ${wrong === 1 ? "differs" : "differ"}, marked with a frame.` : marks ? "They are equal, up to roundings." : null;
  return element("div", {}, element("div", { className: "row" }, left, other), said ? plain(said, "quiet") : null);
}

function verdictBox(line, all) {
  const { name, verdict, kind, hint, source, lineno } = line;
  return element("div", { className: `verdict ${classOf(verdict)}` },
    element("p", {}, element("b", {}, `${MARKS[verdict] ?? "?"} ${printable(name)}: ${verdict}`), kind ? ` (${printable(kind)})` : ""),
    hint ? plain(printable(hint)) : null,
    source ? plain(code(`${lineno ? `${lineno}: ` : ""}${source}`)) : null,
    sideBySide(line, all));
}

// The lines of a hand derivation, in their order; a click opens one, and goes to the step of its gradient.
function showVerdicts(place, { lines }, model, goTo) {
  place.hidden = lines.length === 0;
  const entries = lines.map((line) => {
    const label = badgeText(line.verdict).replace(" ", ` ${printable(line.name)}: `), there = model.nodes[line.node];
    const button = element("button", { type: "button", className: "link", ariaExpanded: "false", onclick: () => goTo(line) }, label, there ? null : " (not in this graph)");
    return element("li", { className: classOf(line.verdict) }, button, element("div", { className: "told" }));
  });
  place.replaceChildren(element("h2", {}, "The hand derivation"), element("ol", {}, ...entries));
}

// Show what is said of one line below it, and close the others.
function openVerdict(place, chosen, line) {
  [...place.querySelectorAll("li")].forEach((li, i) => {
    li.querySelector("button").ariaExpanded = String(i === chosen);
    li.querySelector(".told").replaceChildren(...(i === chosen ? [verdictBox(line, $("digits").checked)] : []));
  });
  focusWhatScrolls();
}
