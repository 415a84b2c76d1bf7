import assert from "node:assert/strict";
import test from "node:test";
import { scripts } from "./scripts.mjs";

const page = scripts("link.js");
const model = { groups: Array.from({ length: 20 }), nodes: Array.from({ length: 9 }, (_, id) => ({ id })) };
const opened = new Set([0, 1, 2]);

test("numbers become ranges, and ranges numbers", () => {
  for (const numbers of [[0], [0, 1, 2], [0, 2, 3, 4, 9], [19, 0, 1]]) {
    assert.deepEqual([...page.numbersIn(page.ranges(numbers), 20)], [...numbers].sort((a, b) => a - b));
  }
  assert.equal(page.ranges([0, 1, 2, 7]), "0-2.7");
});

test("a state comes back from its fragment", () => {
  const state = { time: 12, selected: model.nodes[3], open: new Set([0, 1, 5, 6]), frame: 4 };
  const found = page.stateIn(`#${page.fragmentOf(state, opened)}`, model, opened, 40);
  assert.deepEqual([found.time, found.selected, [...found.open], found.frame], [12, model.nodes[3], [0, 1, 5, 6], 4]);
});

test("what is as at first is not in the fragment", () => {
  assert.equal(page.fragmentOf({ time: 0, selected: null, open: new Set(opened), frame: 0 }, opened), "");
  assert.equal(page.stateIn("", model, opened, 40).open, opened);
});

test("a fragment of a shared link says what is open, since another window opens otherwise", () => {
  assert.equal(page.fragmentOf({ time: 3, selected: null, open: new Set(opened), frame: 0 }, opened), "step=3&open=0-2");
});

test("what does not exist is ignored, and a huge range takes no time", () => {
  const found = page.stateIn("#step=999&node=999&open=3-999999999999.x.7-5&frame=x", model, opened, 40);
  assert.equal(found.time, 40);
  assert.equal(found.selected, model.nodes[8]);
  assert.deepEqual([...found.open].sort((a, b) => a - b), [0, ...Array.from({ length: 17 }, (_, i) => i + 3)]);
  assert.equal(found.frame, 0);
});
