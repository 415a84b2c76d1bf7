// The document that Python wrote, as objects; the part of it that is visible; and the steps through it.
//
// A node is an array: an input, a parameter, or the result of an operation, in the order of creation.
// A group can be folded into one box: a module, a repetition, or a run of operations; group 0 is the page.
// An item is something drawn: a node, or a folded group.  An open group is a frame around its items.

function readModel(doc) {
  const { nodes: columns, edges: links, texts } = doc;
  const groups = doc.groups.map(([label, parent, kind], id) => ({
    id, label, kind, parent, nodes: [], groups: [], operations: 0, key: `g${id}`,
  }));
  const nodes = columns.kind.map((kind, id) => ({
    id, kind: texts[kind], key: `n${id}`, isOperation: columns.formula[id] !== "",
    label: texts[columns.label[id]], name: columns.name[id], formula: columns.formula[id],
    shape: texts[columns.shape[id]], dtype: texts[columns.dtype[id]], type: texts[columns.type[id]],
    value: columns.value[id], grad: columns.grad[id] ?? null, source: doc.sources[id] ?? "",
    expression: doc.expressions[id] ?? null, group: groups[columns.group[id]], args: [], uses: [], verdict: doc.verdicts.lines[doc.verdicts.of[id]] ?? null, at: doc.at[id] ?? null, apart: doc.apart[id] ?? null,
  }));
  const edges = links.from.map((from, id) => ({
    id, key: `e${id}`, from: nodes[from], to: nodes[links.to[id]], slot: links.slot[id],
    rule: doc.rules[links.rule[id]] ?? null, local: localOf(doc.locals[id]), line: doc.lines[id] ?? null, part: doc.parts[id] ?? null,
    flows: links.rule[id] >= 0, count: 1,
  }));
  for (const edge of edges) if (edge.line) edge.line = [edge.line[0], edge.line[1].map(([letter, id]) => [letter, nodes[id]]).filter(([, node]) => node)];
  for (const id of doc.numbered) nodes[id].numbered = true;
  for (const edge of edges) {
    edge.to.args.push(edge);
    edge.from.uses.push(edge);
  }
  for (const group of groups) {
    group.parent = groups[group.parent] ?? null;
    group.depth = group.parent ? group.parent.depth + 1 : 0;
    group.saving = (group.parent?.saving ?? 0) + (group.parent && group.kind !== "module" ? 1 : 0);
    group.parent?.groups.push(group);
  }
  for (const node of nodes) {
    node.group.nodes.push(node);
    if (node.isOperation) for (let g = node.group; g; g = g.parent) g.operations += 1;
  }
  const model = { doc, nodes, edges, groups, root: groups[0], output: nodes[doc.output] };
  giveTimes(model);
  return model;
}

const localOf = (entry) => entry && { shape: entry[0], value: entry[1], summed: entry[2] };

// Times.  At 0 nothing is computed.  Then there is one tick for each operation, one for the seed of the
// backward pass, and one for each operation that the backward pass visits, youngest first.
function giveTimes(model) {
  const forward = model.nodes.filter((node) => node.isOperation);
  forward.forEach((node, i) => { node.forwardAt = i + 1; });
  model.seedAt = forward.length + 1;
  model.backward = model.output.grad === null ? [] : forward.filter((node) => node.grad !== null).reverse();
  model.backward.forEach((node, i) => { node.backwardAt = model.seedAt + 1 + i; });
  model.forward = forward;
  for (const node of forward) for (let g = node.group; g; g = g.parent) g.first ??= node.forwardAt;
  for (const node of model.nodes) {
    node.known = node.isOperation ? node.forwardAt : 0;
    const last = node.uses.reduce((t, use) => (use.flows ? Math.max(t, use.to.backwardAt) : t), model.seedAt);
    node.complete = node.grad === null ? Infinity : last;
  }
}

// The contribution of one use of a node to its gradient; the document has it only if there are several.
const contribution = (edge) => edge.part ?? edge.from.grad;
const contributions = (node) => node.uses.filter((use) => use.flows).sort((a, b) => a.to.backwardAt - b.to.backwardAt);

// What is visible if the groups in `open` are open: items, each with the frame it lies in, and edges.
function visible(model, open) {
  const hider = new Map();  // the outermost closed group around each group, or the group itself; else null
  for (const group of model.groups) {  // parents come before their children
    const outer = group.parent && hider.get(group.parent);
    hider.set(group, outer ?? (open.has(group.id) ? null : group));
  }
  const items = new Map();
  const itemOf = (node) => {
    const item = hider.get(node.group) ?? node;
    if (!items.has(item)) items.set(item, item === node ? node.group : item.parent);
    return item;
  };
  const holder = model.nodes.map(itemOf);
  const edges = [], merged = new Map();
  for (const edge of model.edges) {
    const from = holder[edge.from.id], to = holder[edge.to.id];
    if (from === to) continue;
    if (from === edge.from && to === edge.to) edges.push({ ...edge, parts: [edge] });
    else {
      const key = `${from.key}-${to.key}`;
      if (!merged.has(key)) {
        const whole = { key, from, to, slot: -1, flows: false, count: 0, parts: [] };
        merged.set(key, whole);
        edges.push(whole);
      }
      const whole = merged.get(key);
      whole.count += 1;
      whole.flows ||= edge.flows;
      whole.parts.push(edge);
    }
  }
  const frames = model.groups.filter((group) => hider.get(group) === null);
  return { items, edges, frames, holder };
}

// The stops of the player: one for each visible operation or folded group, in each direction.
function stopsOf(model, view) {
  const stops = [{ phase: "start", from: 0, to: 0, item: null }];
  const add = (phase, nodes, time) => {
    for (const node of nodes) {
      const item = view.holder[node.id], last = stops.at(-1);
      if (last.phase === phase && last.item === item) last.to = time(node);
      else stops.push({ phase, item, from: time(node), to: time(node) });
    }
  };
  add("forward", model.forward, (node) => node.forwardAt);
  if (model.output.grad !== null) {
    stops.push({ phase: "seed", item: view.holder[model.output.id], from: model.seedAt, to: model.seedAt });
    add("backward", model.backward, (node) => node.backwardAt);
  }
  return stops;
}

// The sets of groups that are open, from the most folded to the least.  What is around the outermost
// repetitions is open in all of them; then modules open, level by level; then repetitions and runs.
function levels(model) {
  const found = [new Set([0])];
  for (const group of model.groups) {
    if (group.kind === "repeats" && group.saving === 1) framesAround(group.parent).forEach((g) => found[0].add(g.id));
  }
  while (found.at(-1).size < model.groups.length) found.push(oneLevelMore(model, found.at(-1)));
  return found;
}

function oneLevelMore(model, open) {
  const closed = model.groups.filter((g) => !open.has(g.id));
  const before = (a, b) => a.saving - b.saving || a.depth - b.depth;
  const next = closed.reduce((first, g) => (before(g, first) < 0 ? g : first), closed[0]);
  return new Set([...open, ...closed.filter((g) => before(g, next) === 0).map((g) => g.id)]);
}

// The groups that are open at first: as many levels as can be read in the window, of at most `limit` boxes;
// more of them if that shows next to nothing.
function openAtFirst(model, limit, isLegible) {
  const boxes = (open) => visible(model, open).items.size;
  const [most, ...others] = levels(model);
  const possible = [most, ...others.filter((open) => boxes(open) <= limit)];
  const readable = possible.findLast(isLegible) ?? most;
  return boxes(readable) >= FEWEST ? readable : possible.find((open) => boxes(open) >= FEWEST) ?? possible.at(-1);
}

const FEWEST = 5;  // boxes: fewer say nothing about a computation

// The title of a node: its name, or else its operation.
const title = (item) => printable(isGroup(item) ? item.label : item.name);
const isGroup = (item) => item.operations !== undefined;
const equation = (node) => printable(node.isOperation ? `${node.name} = ${node.formula}` : node.name);
