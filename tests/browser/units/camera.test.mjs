import assert from "node:assert/strict";
import test from "node:test";
import { scripts } from "./scripts.mjs";

const page = scripts("arrays.js", "layout.js", "graph.js", "camera.js");
const WHOLE = { x: -10, y: -18, width: 400, height: 2000 }, PANE = { width: 800, height: 600 };
const plain = (camera) => JSON.parse(JSON.stringify(camera));

test("zooming keeps the point under the pointer where it is", () => {
  const before = { x: 30, y: 700, zoom: 0.8 }, after = page.zoomed(before, 1.7, 320, 150);
  for (const [axis, p] of [["x", 320], ["y", 150]]) {
    assert.ok(Math.abs(before[axis] + p / before.zoom - after[axis] - p / after.zoom) < 1e-9);
  }
});

test("the zoom has limits, at which the point stays, too", () => {
  const after = page.zoomed({ x: 0, y: 0, zoom: 2.9 }, 10, 100, 100);
  assert.equal(after.zoom, 3);
  assert.ok(Math.abs(100 / 2.9 - after.x - 100 / 3) < 1e-9);
});

test("what fits is centred, and what does not fills the window", () => {
  assert.deepEqual(plain(page.settled({ x: 999, y: -500, zoom: 1 }, WHOLE, PANE)), { zoom: 1, x: -210, y: -18 });
  assert.deepEqual(plain(page.settled({ x: 0, y: 1e9, zoom: 1 }, WHOLE, PANE)), { zoom: 1, x: -210, y: 1382 });
});

test("the whole drawing fits, however large", () => {
  const huge = { x: 0, y: 0, width: 1e3, height: 1e6 };
  assert.equal(page.fitting(huge, PANE), 6e-4);
  assert.equal(page.fitting({ x: 0, y: 0, width: 10, height: 10 }, PANE), 3);
});

test("the first view has the first operation and what is above it, at a zoom that can be read", () => {
  const first = { x: 100, y: 90, width: 120, height: 46 }, camera = page.opening(WHOLE, first, PANE, 0.75);
  assert.equal(camera.zoom, 0.75);
  assert.equal(camera.y, WHOLE.y);
  assert.ok(first.y + first.height <= camera.y + PANE.height / 0.75);
  assert.ok(page.opening({ ...WHOLE, height: 300 }, first, PANE, 0.75).zoom > 1.9);  // all of a small drawing, filling the window
});

test("a box in view moves nothing, and another comes to the middle", () => {
  const camera = { x: 0, y: 0, zoom: 1 };
  assert.equal(page.showing(camera, { x: 100, y: 200, width: 50, height: 46 }, PANE), camera);
  assert.deepEqual(plain(page.showing(camera, { x: 100, y: 900, width: 50, height: 46 }, PANE)), { zoom: 1, x: -275, y: 623 });
});

test("text of 12 units is 18 pixels high in a lecture hall, and a box on a phone 44", () => {
  assert.equal(12 * page.legible(1920), 18);
  assert.equal(page.BOX.height * page.legible(400), 44);
});
