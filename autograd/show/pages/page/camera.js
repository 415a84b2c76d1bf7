// The part of the drawing that the window shows: zooming, panning and fitting.
//
// The camera is the point of the drawing in the window's upper left corner, and the zoom.  The functions
// that compute a new camera know nothing of the page; a window is {width, height} in pixels, a drawing
// {x, y, width, height} in its own units.

const ZOOM = { least: 1e-4, most: 3, step: 1.25 };
const WIDE = 1800;  // pixels from which a window is a lecture hall's: text of 18 px can be read from its end
const SMALLEST = 12;  // units of the smallest text in the drawing

// The least zoom at which the text can be read, and on a phone also boxes be hit with a finger.
function legible(width) {
  if (width >= WIDE) return 18 / SMALLEST;
  return width <= NARROW ? 44 / BOX.height : 9 / SMALLEST;
}

const NARROW = 800;  // pixels up to which the page is in one column
const limited = (zoom) => Math.max(ZOOM.least, Math.min(ZOOM.most, zoom));
const wholeOf = ({ width, height }) => ({ x: -10, y: -18, width: width + 20, height: height + 30 });
const fitting = (drawing, window) => limited(Math.min(window.width / drawing.width, window.height / drawing.height));

// A camera that shows no more emptiness than it must: what fits is centred, what does not fill the window's edges.
function settled({ x, y, zoom }, drawing, window) {
  const along = (at, start, size, room) => {
    if (size <= room) return start + (size - room) / 2;
    return Math.max(start, Math.min(start + size - room, at));
  };
  return {
    zoom,
    x: along(x, drawing.x, drawing.width, window.width / zoom),
    y: along(y, drawing.y, drawing.height, window.height / zoom),
  };
}

// The camera after zooming about a point of the window, which stays where it is.
function zoomed(camera, factor, px, py) {
  const zoom = limited(camera.zoom * factor);
  const still = (at, p) => at + p / camera.zoom - p / zoom;
  return { zoom, x: still(camera.x, px), y: still(camera.y, py) };
}

// The camera that has a point of the drawing in the middle of the window.
const centred = (x, y, zoom, window) => ({ zoom, x: x - window.width / zoom / 2, y: y - window.height / zoom / 2 });

// The camera at which a box is in view, moved only if it is not, or not wholly.
function showing(camera, box, window) {
  const { zoom } = camera, margin = Math.min(40, window.height / 8) / zoom, room = { w: window.width / zoom, h: window.height / zoom };
  const high = Math.min(box.height, room.h - 2 * margin);
  const inside = box.x >= camera.x && box.x + box.width <= camera.x + room.w && box.y >= camera.y + margin / 2 && box.y + high <= camera.y + room.h - margin / 2;
  return inside ? camera : centred(box.x + box.width / 2, box.y + high / 2, zoom, window);
}

// The camera of the first view: all of the drawing if it can be read, else the part around this box.
function opening(drawing, box, window, least) {
  const zoom = Math.max(fitting(drawing, window), Math.min(least, ZOOM.most));
  return settled(centred(box.x + box.width / 2, box.y + box.height / 2, zoom, window), drawing, window);
}

// On the page

const drawing = () => wholeOf(places);
const pane = () => ({ width: $("canvas").clientWidth || 1, height: $("canvas").clientHeight || 1 });

function look(camera) {
  const room = pane(), { x, y, zoom } = settled(camera, drawing(), room);
  state.camera = { x, y, zoom };
  if (paper.matches) return;  // which shows all, see `beforePrint`
  $("graph").setAttribute("viewBox", [x, y, room.width / zoom, room.height / zoom].map(round).join(" "));
  showMap(drawing(), { x, y, width: room.width / zoom, height: room.height / zoom });
}

function lookAtAll() {
  look({ x: 0, y: 0, zoom: fitting(drawing(), pane()) });
}

function zoomBy(factor) {
  const { width, height } = pane();
  look(zoomed(state.camera, factor, width / 2, height / 2));
}

function bringIntoView(item) {
  const box = item && places.boxes.get(item);
  if (box) glide(settled(showing(state.camera, box, pane()), drawing(), pane()));
}

// Move to a camera, smoothly unless the reader's system says that nothing should move.
function glide(to) {
  const from = state.camera, start = performance.now();
  cancelAnimationFrame(state.gliding);
  if (reduced.matches) return look(to);
  const tick = (now) => {
    const part = Math.min(1, (now - start) / 220), eased = part * (2 - part);
    const between = (key) => from[key] + (to[key] - from[key]) * eased;
    look({ x: between("x"), y: between("y"), zoom: between("zoom") });
    if (part < 1) state.gliding = requestAnimationFrame(tick);
  };
  state.gliding = requestAnimationFrame(tick);
  return null;
}

// Dragging pans, two fingers zoom, and so does the wheel.

const fingers = new Map();

function placeIn(event) {
  const corner = $("canvas").getBoundingClientRect();
  return { x: event.clientX - corner.left, y: event.clientY - corner.top };
}

function takeHold(event) {
  if (event.button) return;
  fingers.set(event.pointerId, placeIn(event));
  state.dragged = false;
  cancelAnimationFrame(state.gliding);
}

function drag(event) {
  const last = fingers.get(event.pointerId);
  if (!last) return;
  const now = placeIn(event);
  if (!state.dragged && fingers.size === 1 && Math.hypot(now.x - last.x, now.y - last.y) < 5) return;
  if (!state.dragged) for (const id of fingers.keys()) $("canvas").setPointerCapture(id);
  state.dragged = true;
  $("canvas").classList.add("dragging");
  fingers.set(event.pointerId, now);
  const other = [...fingers].find(([id]) => id !== event.pointerId)?.[1], { x, y, zoom } = state.camera;
  if (!other) return look({ zoom, x: x - (now.x - last.x) / zoom, y: y - (now.y - last.y) / zoom });
  const apart = (p) => Math.max(1, Math.hypot(p.x - other.x, p.y - other.y));
  return look(zoomed(state.camera, apart(now) / apart(last), other.x, other.y));
}

function letGo(event) {
  fingers.delete(event.pointerId);
  if (!fingers.size) $("canvas").classList.remove("dragging");
}

function wheel(event) {
  if (innerWidth <= NARROW && !event.ctrlKey) return;  // in one column, the wheel scrolls the page
  event.preventDefault();
  const { x, y } = placeIn(event), pixels = event.deltaY * (event.deltaMode === 1 ? 16 : 1);
  look(zoomed(state.camera, Math.exp(-pixels * (event.ctrlKey ? 0.01 : 0.0015)), x, y));
}
