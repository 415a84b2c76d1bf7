// The rule of a step: a line for these shapes in the reader's names, what its letters are, and its source.

// The rule as a line, or in words; the text in the source is one click further.
function ruleOf(edge) {
  const { line, rule } = edge;
  if (!line && !rule) return null;
  const source = rule?.text ? element("details", { className: "source" }, element("summary", {}, "the rule in the source"),
    rule.words ? plain(printable(rule.words)) : null, element("pre", { tabIndex: 0 }, rule.text),
    plain(sourceLetters(rule, edge).map(([letter, what]) => `${letter} is ${what}`).join(", "), "quiet")) : null;
  const said = line ? plain(code(line[0]), "formula") : plain(printable(rule.words ?? "") || code(rule.text));
  return element("div", { className: "rule" }, said, line ? meanings(edge) : meaningOfWords(edge), source);
}

// What each letter of the line is.
function meanings(edge) {
  const names = [`g is the gradient of ${title(edge.to)}, ${sized(edge.to)}`];
  for (const [letter, node] of lettersIn(edge)) {
    const same = letter === title(node) ? "" : `${title(node)}, `;
    const what = node === edge.to ? "the result" : node.isOperation ? "computed before" : node.kind === "parameter" ? "a parameter" : "an input";
    names.push(isScalar(node) && !node.isOperation ? `${letter} = ${same}${number(node.value)}` : `${letter} is ${same}${what}, ${sized(node)}`);
  }
  return plain(`${names.join("; ")}.`, "quiet");
}

// What g and y are in the words of a rule without a line.
function meaningOfWords({ rule, to }) {
  const letters = [["g", `the gradient of ${title(to)}`], ["y", `the result, ${title(to)}`]];
  const met = letters.filter(([letter]) => new RegExp(`\\b${letter}\\b`).test(rule.words ?? ""));
  return met.length ? plain(`${met.map(([letter, what]) => `${letter} is ${what}`).join("; ")}.`, "quiet") : null;
}

const sized = (node) => (node.shape === "()" ? "a number" : `shape ${node.shape}`);

// The letters in a line, except g, and the nodes that they stand for; without a line, the arguments.
function lettersIn(edge) {
  if (!edge.line) return [...new Set(edge.to.args.map((a) => a.from))].map((node) => [title(node), node]);
  return edge.line[1].filter(([letter, node]) => letter !== "g" && node.value !== undefined);
}

// The letters in the source text of a rule, and what they stand for.
function sourceLetters(rule, edge) {
  const body = rule.text.replace(/^def [^\n]*\n/, "");
  const nodes = rule.arguments.map((letter, i) => [letter, edge.to.args.find((a) => a.slot === i)?.from]);
  const all = [["g", edge.to], ["y", edge.to], ...nodes].filter(([, node]) => node);
  return all.filter(([letter]) => new RegExp(`\\b${letter}\\b`).test(body))
    .map(([letter, node]) => [letter, letter === "g" ? `the gradient of ${title(node)}` : title(node)]);
}
