// The user's source beside the graph: the line of this step is lit, and each line ends with its numbers.

// The lines of a node: of the function, and of a helper that it called there.
const placesOf = (node) => (node.at ?? []).map((place) => place.join(":"));

// The nodes made on each line, by "passage:line", the oldest first.
function nodesByLine(nodes) {
  const found = new Map();
  for (const node of nodes) {
    for (const key of placesOf(node)) {
      if (!found.has(key)) found.set(key, []);
      found.get(key).push(node);
    }
  }
  return found;
}

// What a line has computed at a time: the last of its nodes that is known by then, or else its last.
const madeBy = (nodes, time) => nodes.filter((node) => node.known <= time).at(-1) ?? nodes.at(-1);

function buildCode(place, model, goTo) {
  const { code } = model.doc;
  place.hidden = code.length === 0;
  const lines = nodesByLine(model.nodes), verdicts = new Map();
  for (const line of model.doc.verdicts.lines) if (line.at) verdicts.set(line.at.join(":"), line);
  const rows = new Map();
  const passages = code.map((passage, i) => {
    const items = passage.lines.map((text, k) => {
      const key = `${i}:${passage.first + k}`, row = codeRow(passage.first + k, text, lines.get(key), verdicts.get(key), goTo);
      rows.set(key, row);
      return row.item;
    });
    return element("div", { className: "passage" }, passage.file === code[i - 1]?.file ? null : plain(printable(passage.file), "quiet"), element("ol", { className: "lines" }, ...items));
  });
  const body = element("details", { open: true }, element("summary", {}, "The code"),
    element("div", { className: "code", tabIndex: 0, role: "region", ariaLabel: "The code, line by line" }, ...passages));
  place.replaceChildren(body);
  return rows;
}

function codeRow(number, text, nodes, verdict, goTo) {
  const numbers = element("span", { className: "numbers" }), words = code(text || " ");
  const mark = verdict ? element("span", { className: `margin ${classOf(verdict.verdict)}`, title: `${verdict.name}: ${verdict.verdict}` }, MARKS[verdict.verdict] ?? "?") : null;
  const margin = element("span", { className: "line-number" }, String(number));
  const item = element("li", {}, margin, mark ?? element("span", { className: "margin" }),
    nodes || verdict?.node != null ? element("button", { type: "button", className: "code-line", onclick: () => goTo(nodes?.at(-1) ?? verdict) }, words) : words, numbers);
  return { item, numbers, nodes, shown: "" };
}

// The state of the code at a step.
function showCode(place, rows, stop, time) {
  const current = stop.item && !isGroup(stop.item) ? placesOf(stop.item) : [];
  for (const [key, row] of rows) {
    const here = current.includes(key);
    row.item.classList.toggle("lit", here);
    row.item.classList.toggle("back", here && stop.phase === "backward");
    if (!row.nodes) continue;
    const node = here ? stop.item : madeBy(row.nodes, time), known = node.known <= time, complete = node.complete <= time;
    const state = `${node.id} ${known} ${complete} ${node.frame ?? ""}`;
    if (state !== row.shown) row.numbers.replaceChildren(...(known ? [inBrief(node.value, node, "value")] : []), ...(complete ? [inBrief(node.grad, node, "gradient")] : []));
    row.shown = state;
  }
  const lit = rows.get(current[0])?.item, scroller = place.querySelector(".code");
  if (lit && scroller && (lit.offsetTop < scroller.scrollTop || lit.offsetTop + lit.offsetHeight > scroller.scrollTop + scroller.clientHeight)) {
    scroller.scrollTop = lit.offsetTop - scroller.clientHeight / 2;
  }
}

// A number, or the heat map of an array.
function inBrief(value, node, kind) {
  const what = kind === "value" ? title(node) : `gradient of ${title(node)}`;
  if (typeof value !== "object") return element("span", { className: `brief ${kind}`, title: what }, number(value));
  const map = svg("svg", { width: 26, height: 20, viewBox: "0 0 26 20", class: `thumb ${kind}`, role: "img", "aria-label": `${what}, ${node.shape}` });
  const picture = thumbnail(value, node.shape, 20, 5);
  picture.setAttribute("transform", "translate(3 0)");
  map.append(picture);
  return map;
}

// The line of the listing that belongs to the step.
function followListing(list, stop) {
  const id = stop.item && !isGroup(stop.item) ? String(stop.item.id) : "";
  for (const li of list.children) {
    const here = li.dataset.node === id && id !== "";
    if (here && !li.classList.contains("lit")) li.scrollIntoView({ block: "nearest" });
    li.classList.toggle("lit", here);
  }
}
