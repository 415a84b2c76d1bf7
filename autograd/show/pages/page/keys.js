// The keyboard, and the listeners of all controls.

const KEYS = {
  ArrowRight: ["→", "one step forward", () => go(stopNow() + 1)],
  ArrowLeft: ["←", "one step back", () => go(stopNow() - 1)],
  Home: ["Home", "to the start", () => go(0)],
  End: ["End", "to the end", () => go(stops.length - 1)],
  " ": ["space", "play or pause", play],
  ArrowDown: ["↓", "to the next box of the graph", () => moveFocus(1)],
  ArrowUp: ["↑", "to the previous box of the graph", () => moveFocus(-1)],
  Enter: ["Enter", "select the box, or fold or unfold it", () => select(state.focused)],
  "/": ["/", "search", () => $("search").focus()],
  "+": ["+", "zoom in", () => zoomBy(ZOOM.step)],
  "-": ["−", "zoom out", () => zoomBy(1 / ZOOM.step)],
  0: ["0", "fit to the window", lookAtAll],
  t: ["T", "switch between light and dark", switchTheme],
};

// The arrow keys with Shift move the drawing.
const MORE_KEYS = [["Shift ← → ↑ ↓", "move the drawing"], ["wheel, or two fingers", "zoom"], ["drag", "move the drawing"]];
const MOVES = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

function pressKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const { target, key } = event, inGraph = $("graph").contains(target);
  if (target === $("search")) return pressInSearch(event);
  if (target.closest("[data-own-keys]") || target.id === "answer") return;
  const ownKeys = { button: " Enter", summary: " Enter", input: " ArrowUpArrowDown", select: " ArrowUpArrowDownArrowLeftArrowRightHomeEnd" }[target.localName] ?? "";
  if (ownKeys && (ownKeys.includes(key) || key === " ")) return;
  if (target.closest(".reachable, #split") && key.startsWith("Arrow")) return;
  if (event.shiftKey && MOVES[key]) {
    const [dx, dy] = MOVES[key], { x, y, zoom } = state.camera;
    event.preventDefault();
    return look({ zoom, x: x + (dx * 80) / zoom, y: y + (dy * 80) / zoom });
  }
  if (!inGraph && (key === "Enter" || key === "ArrowUp" || key === "ArrowDown")) return;
  const action = inGraph && key === " " ? KEYS.Enter : KEYS[key === "T" ? "t" : key === "=" ? "+" : key];
  if (!action) return;
  event.preventDefault();
  action[2]();
}

function listen() {
  const on = (id, acts) => Object.entries(acts).forEach(([what, act]) => $(id).addEventListener(what, act, { passive: false }));
  const click = (id, act) => on(id, { click: act });
  click("first", () => go(0));
  click("back", () => go(stopNow() - 1));
  click("next", () => go(stopNow() + 1));
  click("last", () => go(stops.length - 1));
  click("play", play);
  click("in", () => zoomBy(ZOOM.step));
  click("out", () => zoomBy(1 / ZOOM.step));
  click("fit", lookAtAll);
  click("fold", () => { refold(new Set([0])); lookAtAll(); });
  click("unfold", unfoldLevel);
  click("reset", () => { refold(opened); openView(); });
  click("theme", switchTheme);
  click("svg", saveSvg);
  click("png", savePng);
  click("smaller", () => resizeText(-1));
  click("larger", () => resizeText(1));
  on("slider", { input: () => go(Number($("slider").value)) });
  on("speed", { change: () => { if (state.timer) { pause(); play(); } } });
  on("digits", { change: show });
  on("search", { input: () => search($("search").value) });
  on("text", { toggle: writeListing });
  on("split", { pointerdown: takeSplit, pointermove: dragSplit, keydown: moveSplit });
  on("map", { pointerdown: followMap, pointermove: followMap });
  // listen on the canvas, because an <svg> that listens for the focus would also take it
  on("canvas", {
    click: (event) => { const item = itemAt(event.target); if (item && !state.dragged) select(item, false); },
    pointerdown: takeHold, pointermove: drag, pointerup: letGo, pointercancel: letGo, wheel,
    pointerover: trace, pointerleave: () => trace(null), focusout: () => trace(null),
    focusin: (event) => { trace(event); if (itemAt(event.target)) focusOn(itemAt(event.target), false); },
  });
  addEventListener("keydown", pressKey);
  addEventListener("hashchange", readLink);
  paper.addEventListener("change", () => { if (paper.matches) beforePrint(); else look(state.camera); });
  new ResizeObserver(() => look(state.camera)).observe($("canvas"));
}
