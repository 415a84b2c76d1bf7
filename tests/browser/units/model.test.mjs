import assert from "node:assert/strict";
import test from "node:test";
import { chain, documentOf, scripts } from "./scripts.mjs";

const page = scripts("model.js", "arrays.js", "layout.js", "columns.js", "routes.js", "graph.js");
const list = (set) => [...set].sort((a, b) => a - b);

// A module with a layer, and with a repetition of three blocks, each in a module of its own.
const BLOCKS = [[-1, "module"], [0, "module"], [1, "module"], [1, "repeats"], [3, "module"], [3, "module"], [3, "module"]];
const blocks = () => page.readModel(documentOf(BLOCKS, chain([2, 4, 4, 5, 5, 6, 6, 1, 0])));

test("what is around the outermost repetitions is open in every level, then modules open, then repetitions", () => {
  assert.deepEqual(page.levels(blocks()).map(list), [[0, 1], [0, 1, 2], [0, 1, 2, 3], [0, 1, 2, 3, 4, 5, 6]]);
});

test("at first as many levels are open as can be read", () => {
  const open = (readable) => list(page.openAtFirst(blocks(), 60, (set) => set.size <= readable));
  assert.deepEqual(open(3), [0, 1, 2]);
  assert.deepEqual(open(99), [0, 1, 2, 3, 4, 5, 6]);
});

test("what cannot be read is shown if there is next to nothing else", () => {
  const model = page.readModel(documentOf([[-1, "module"], [0, "repeats"]], chain([1, 1, 1, 1, 1, 1])));
  assert.deepEqual(list(page.openAtFirst(model, 60, (set) => set.size === 1)), [0, 1]);
  assert.deepEqual(list(page.openAtFirst(model, 3, (set) => set.size === 1)), [0]);
});

test("a folded group is one item, one edge and one stop in each direction", () => {
  const model = blocks(), view = page.visible(model, new Set([0, 1, 2]));
  const rep = model.groups[3];
  assert.equal([...view.items.keys()].filter((item) => item === rep).length, 1);
  assert.equal(view.edges.filter((edge) => edge.to === rep || edge.from === rep).length, 2);
  const stops = page.stopsOf(model, view).filter((stop) => stop.item === rep);
  assert.deepEqual(stops.map((stop) => [stop.phase, stop.to - stop.from]), [["forward", 5], ["backward", 5]]);
});

test("the stops cover all times without a gap", () => {
  const model = blocks();
  for (const open of page.levels(model)) {
    const stops = page.stopsOf(model, page.visible(model, open));
    stops.slice(1).forEach((stop, i) => assert.equal(stop.from, stops[i].to + 1));
  }
});

// A random graph in random groups; each group is a run of nodes, as in a document.
function random(seed) {
  let state = seed;
  const next = (n) => { state = (state * 1103515245 + 12345) % 2147483648; return state % n; };
  const groups = [[-1, "module"]], nodes = [[0, []], [0, []]];
  let around = [0];
  for (let i = 2; i < 30; i += 1) {
    if (next(4) === 0 && around.length < 4) { groups.push([around.at(-1), "module"]); around = [...around, groups.length - 1]; }
    nodes.push([around.at(-1), Array.from({ length: 1 + next(2) }, () => next(i))]);
    if (next(4) === 0 && around.length > 1) around = around.slice(0, -1);
  }
  return page.readModel(documentOf(groups, nodes));
}

test("no two boxes overlap, whatever is open, and edges go down", () => {
  for (let seed = 1; seed < 40; seed += 1) {
    const model = random(seed);
    for (const open of page.levels(model)) {
      const view = page.visible(model, open), { boxes, paths } = page.layout(model, view, () => ({ width: 60 + (seed % 50), height: 46 }));
      const items = [...view.items.keys()].map((item) => boxes.get(item));
      items.forEach((a, i) => items.slice(0, i).forEach((b) => assert.ok(
        a.x + a.width <= b.x || b.x + b.width <= a.x || a.y + a.height <= b.y || b.y + b.height <= a.y, `seed ${seed}`)));
      for (const points of paths.values()) points.slice(1).forEach(([, y], i) => assert.ok(y >= points[i][1] - 1e-6, `seed ${seed}`));
    }
  }
});

test("several outputs are written as shapes, and only an unusual dtype is named", () => {
  const several = "(dtype('float64'), dtype('float64'))";
  assert.equal(page.kindOfArray({ shape: "((2, 1), (2, 1))", dtype: several }), "2 × (2, 1)");
  assert.equal(page.kindOfArray({ shape: "((2, 1), (3,))", dtype: several }), "(2, 1), (3,)");
  assert.equal(page.kindOfArray({ shape: "(3,)", dtype: "float32" }), "(3,) float32");
  assert.equal(page.kindOfArray({ shape: "()", dtype: "float64" }), "");
});
