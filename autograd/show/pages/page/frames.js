// Frames: the numbers of the same graph at other values, as the engine computed them.

// The elements of one array in one frame; `count` frames are packed in base64, or are a list.
function unpacked(packed, frame, count) {
  if (Array.isArray(packed)) return packed[frame];
  const bytes = Uint8Array.from(atob(packed), (c) => c.charCodeAt(0));
  const all = new Float64Array(bytes.buffer), size = all.length / count;
  const numbers = Array.from(all.subarray(frame * size, (frame + 1) * size), (x) => (Number.isFinite(x) ? x : spelled(x)));
  return size === 1 ? numbers[0] : numbers;
}

const spelled = (x) => (Number.isNaN(x) ? "nan" : x > 0 ? "inf" : "-inf");

// Give nodes and edges the numbers of a frame.
function applyNumbers(model, { value, grad, part }, read) {
  for (const [id, x] of Object.entries(value)) model.nodes[id].value = read(x);
  for (const [id, x] of Object.entries(grad)) model.nodes[id].grad = read(x);
  for (const [id, x] of Object.entries(part)) model.edges[id].part = read(x);
}

// The position of a frame among the axes, the last of which moves fastest; and back.
const indexOf = (places, axes) => places.reduce((n, place, i) => n * axes[i].length + place, 0);

const placesAt = (index, axes) => axes.map((axis, i) => Math.floor(index / axes.slice(i + 1).reduce((n, a) => n * a.length, 1)) % axis.length);

const frameState = { places: [] };

function setFrame(places) {
  const { frames, numbers } = model.doc;
  frameState.places = places;
  const at = indexOf(places, frames.axes);
  state.frame = at === indexOf(frames.start, frames.axes) ? 0 : at + 1;
  applyNumbers(model, numbers, (x) => unpacked(x, at, frames.loss.length));
  redrawNumbers();
  showFrame();
}

// Show the frame that the page's address says, counted from 1; none is the first that was shown.
function showLinkedFrame() {
  const { frames } = model.doc;
  if (!frames) return;
  const at = state.frame ? Math.min(state.frame, frames.loss.length) - 1 : indexOf(frames.start, frames.axes);
  if (at !== indexOf(frameState.places, frames.axes)) setFrame(placesAt(at, frames.axes));
}

// Show anew all numbers of the graph and the panel.
function redrawNumbers() {
  frameState.version = (frameState.version ?? 0) + 1;
  for (const node of model.nodes) node.frame = frameState.version;
  for (const box of drawn.boxes.values()) box.shown = "";
  show();
}

function beginFrames() {
  const { frames } = model.doc;
  $("frames").hidden = !frames;
  if (!frames) return;
  const sliders = frames.names.map((name, i) => {
    const input = element("input", { type: "range", min: 0, max: frames.axes[i].length - 1, value: frames.start[i], ariaLabel: name, id: `frame-${i}` });
    input.addEventListener("input", () => setFrame(frameState.places.map((p, k) => (k === i ? Number(input.value) : p))));
    return element("label", { className: "frame-slider" }, element("output", { id: `frame-value-${i}` }), input);
  });
  const picture = frames.axes.length === 2 ? lossMap(frames) : lossCurve(frames);
  $("frames").replaceChildren(element("div", { className: "frame-row" }, element("div", { className: "frame-sliders" }, ...sliders, element("output", { id: "frame-loss" })), picture),
    plain(frames.axes.length === 2 ? `${printable(frames.names[0])} to the right, ${printable(frames.names[1])} upward; the full colour where ${title(model.output)} is smallest.` : `${title(model.output)} over ${printable(frames.names[0])}.`, "quiet"));
  frameState.places = [...frames.start];
  const at = indexOf(frames.start, frames.axes);
  applyNumbers(model, model.doc.numbers, (x) => unpacked(x, at, frames.loss.length));
}

// The sliders, and the point in the picture, at the frame that is shown.
function showFrame() {
  const { frames } = model.doc, { places } = frameState;
  if (!frames || !$("frame-loss")) return;
  places.forEach((place, i) => {
    $(`frame-${i}`).value = place;
    const name = printable(frames.names[i]), count = `${place + 1} of ${frames.axes[i].length}`;
    const said = !frames.counted[i] ? `${name} = ${number(frames.axes[i][place], $("digits").checked)}` : name === "frame" ? `frame ${count}` : `${name}: value ${count}`;
    $(`frame-value-${i}`).textContent = said;
    $(`frame-${i}`).setAttribute("aria-valuetext", said);
  });
  const at = indexOf(places, frames.axes);
  $("frame-loss").textContent = `${title(model.output)} = ${number(frames.loss[at], $("digits").checked)}`;
  const { x, y } = frameState.pointAt(places);
  $("frame-point").setAttribute("cx", x);
  $("frame-point").setAttribute("cy", y);
}

const PLOT = { width: 220, height: 110, map: 150, edge: 8 };

const finite = (list) => list.filter((x) => Number.isFinite(x));
const scaleOf = (list, from, to) => {
  const low = Math.min(...finite(list)), high = Math.max(...finite(list)), span = high - low || 1;
  return (x) => from + ((x - low) / span) * (to - from);
};

// The output over the value that varies, with a point at the frame that is shown.
function lossCurve(frames) {
  const { width, height, edge } = PLOT, [axis] = frames.axes;
  const x = scaleOf(axis, edge, width - edge), y = scaleOf(frames.loss, height - edge, edge);
  const points = axis.map((v, i) => [v, frames.loss[i]]).filter(([, loss]) => Number.isFinite(loss));
  const plot = svg("svg", { width, height, viewBox: `0 0 ${width} ${height}`, class: "plot", role: "img", "aria-label": `${title(model.output)} over ${frames.names[0]}` });
  plot.append(svg("path", { d: points.map(([v, loss], i) => `${i ? "L" : "M"}${x(v)} ${y(loss)}`).join(""), class: "curve" }));
  plot.append(svg("circle", { r: 5, id: "frame-point", class: "point" }));
  frameState.pointAt = ([i]) => ({ x: x(axis[i]), y: Number.isFinite(frames.loss[i]) ? y(frames.loss[i]) : edge });
  dragging(plot, (px) => setFrame([nearest(axis.map(x), px)]));
  return plot;
}

// The output over two values, with the full colour where it is smallest; one drags the point in it.
function lossMap(frames) {
  const { map, edge } = PLOT, [rows, columns] = frames.axes;
  const x = scaleOf(rows, edge, map - edge), y = scaleOf(columns, map - edge, edge), shade = scaleOf(frames.loss, 0, 1);
  const wide = (map - 2 * edge) / (rows.length - 1), high = (map - 2 * edge) / (columns.length - 1);
  const plot = svg("svg", { width: map, height: map, viewBox: `0 0 ${map} ${map}`, class: "plot map", role: "img", "aria-label": `${title(model.output)} over ${frames.names.join(" and ")}: drag the point` });
  rows.forEach((v, i) => columns.forEach((u, k) => {
    const loss = frames.loss[i * columns.length + k], [left, right] = [x(v) - wide / 2, x(v) + wide / 2].map(Math.round), [top, end] = [y(u) - high / 2, y(u) + high / 2].map(Math.round);
    const cell = { x: left, y: top, width: Math.max(1, right - left), height: Math.max(1, end - top) };  // on whole pixels, without seams
    plot.append(svg("rect", { ...cell, class: Number.isFinite(loss) ? "level" : "odd", "fill-opacity": Number.isFinite(loss) ? (0.95 - 0.9 * Math.sqrt(shade(loss))).toFixed(2) : 1 }));
  }));
  plot.append(svg("circle", { r: 6, id: "frame-point", class: "point" }));
  frameState.pointAt = ([i, k]) => ({ x: x(rows[i]), y: y(columns[k]) });
  dragging(plot, (px, py) => setFrame([nearest(rows.map(x), px), nearest(columns.map(y), py)]));
  return plot;
}

const nearest = (list, at) => list.reduce((best, x, i) => (Math.abs(x - at) < Math.abs(list[best] - at) ? i : best), 0);

function dragging(plot, move) {
  const at = (event) => {
    const box = plot.getBoundingClientRect();
    move(event.clientX - box.left, event.clientY - box.top);
  };
  plot.addEventListener("pointerdown", (event) => { plot.setPointerCapture(event.pointerId); at(event); });
  plot.addEventListener("pointermove", (event) => { if (plot.hasPointerCapture(event.pointerId)) at(event); });
}
