// The map of the whole drawing, in a corner, while a part of it is outside the window.

const MAP = { width: 150, height: 190 };

function drawMap() {
  const boxes = [...places.boxes].filter(([item]) => item.parent !== null);
  $("map-boxes").replaceChildren(...boxes.map(([item, { x, y, width, height }]) =>
    svg("rect", { x: round(x), y: round(y), width: round(width), height: round(height), class: view.items.has(item) ? kindOf(item) : "around" })));
}

// Show where the window is; nothing if it shows the whole drawing.
function showMap(drawing, window) {
  const inside = window.x <= drawing.x + 9 && window.y <= drawing.y + 13 &&
    window.x + window.width >= drawing.x + drawing.width - 9 && window.y + window.height >= drawing.y + drawing.height - 13;
  $("map").classList.toggle("away", inside);
  const scale = Math.min(MAP.width / drawing.width, MAP.height / drawing.height);
  $("map").setAttribute("viewBox", [drawing.x, drawing.y, drawing.width, drawing.height].map(round).join(" "));
  $("map").setAttribute("width", round(drawing.width * scale));
  $("map").setAttribute("height", round(drawing.height * scale));
  for (const [key, value] of Object.entries(window)) $("map-window").setAttribute(key, round(value));
}

// A press or drag on the map moves the window there.
function followMap(event) {
  if (event.type === "pointermove" && !event.buttons) return;
  event.stopPropagation();
  const corner = $("map").getBoundingClientRect(), whole = drawing(), { zoom } = state.camera;
  const along = (at, start, size, room) => start + (at / room) * size;
  look(centred(
    along(event.clientX - corner.left, whole.x, whole.width, corner.width),
    along(event.clientY - corner.top, whole.y, whole.height, corner.height), zoom, pane(),
  ));
}
