// The state of the page, and the ways to change it: player, folding, selection, search, zoom and theme.

const $ = (id) => document.getElementById(id);
const model = readModel(JSON.parse($("data").textContent));
const reduced = matchMedia("(prefers-reduced-motion: reduce)");
const firstOpen = openAtFirst(model, model.doc.limit);

const state = { open: firstOpen, time: 0, selected: null, focused: null, zoom: 1, timer: null };
let view, places, drawn, stops;

// Folding and drawing

function refold(open) {
  state.open = open;
  view = visible(model, open);
  places = layout(model, view, sizeOf);
  drawn = draw($("graph"), view, places);
  stops = stopsOf(model, view);
  $("slider").max = stops.length - 1;
  $("phases").style.setProperty("--split", stops.filter((s) => s.phase === "forward").length / Math.max(1, stops.length - 1));
  $("phases").classList.toggle("no-backward", model.output.grad === null);
  focusOn(drawn.boxes.has(state.focused) ? state.focused : [...view.items.keys()][0], false);
  zoomTo(state.zoom);
  $("fold").disabled = open.size === 1;
  $("unfold").disabled = open.size === model.groups.length;
  $("reset").disabled = open.size === firstOpen.size && [...open].every((id) => firstOpen.has(id));
  show();
}

function toggle(group) {
  const open = new Set(state.open);
  if (open.has(group.id)) open.delete(group.id);
  else open.add(group.id);
  refold(open);
  focusOn(group, document.activeElement === document.body || $("graph").contains(document.activeElement));
  bringIntoView(group);
}

const MOST = 3000;  // boxes that one click may show

function unfoldLevel() {
  const wider = oneLevelMore(model, state.open), boxes = visible(model, wider).items.size;
  if (boxes <= MOST) return refold(wider);
  $("notice").textContent = `The next level has ${boxes.toLocaleString("en")} boxes, too many for one picture: unfold one box at a time.`;
  $("notice").hidden = false;
  return null;
}

function reveal(node) {
  const open = new Set(state.open);
  for (let g = node.group; g; g = g.parent) open.add(g.id);
  if (open.size !== state.open.size) refold(open);
}

// Stepping

const stopNow = () => stops.findIndex((stop) => state.time <= stop.to);

function go(index) {
  const to = Math.max(0, Math.min(stops.length - 1, index));
  if (mustPredict(to)) return ask(to);
  state.time = stops[to].to;
  show();
  if (stops[to].item) bringIntoView(stops[to].item);
  if (to === stops.length - 1) pause();
  return null;
}

function show() {
  const at = stopNow(), stop = stops[at], options = { all: $("digits").checked, select };
  mark(drawn, model, view, stop, state.selected);
  $("slider").value = at;
  const said = sentence(model, stop);
  $("slider").setAttribute("aria-valuetext", `step ${at} of ${stops.length - 1}: ${said}`);
  $("live").textContent = `Step ${at} of ${stops.length - 1}. ${said}`;
  showStep($("step"), model, stop, at === stops.length - 1, view, options);
  showNode($("node"), state.selected, stop.to, options);
  showBeside(stop);
  for (const id of ["first", "back"]) $(id).disabled = at === 0;
  for (const id of ["next", "last"]) $(id).disabled = at === stops.length - 1;
}

function pause() {
  clearInterval(state.timer);
  state.timer = null;
  $("play").textContent = "▶ Play";
  $("play").setAttribute("aria-label", "Play (space)");
}

function play() {
  if (state.timer) return pause();
  if (stopNow() === stops.length - 1) go(0);
  state.timer = setInterval(() => go(stopNow() + 1), 1200);
  $("play").textContent = "❚❚ Pause";
  $("play").setAttribute("aria-label", "Pause (space)");
}

// Selecting, and the focus within the graph

function select(item, move = true) {
  if (isGroup(item)) return toggle(item);
  reveal(item);
  state.selected = item;
  focusOn(item, false);
  show();
  if (move) bringIntoView(item);
}

function focusOn(item, really = true) {
  drawn.boxes.get(state.focused)?.g.setAttribute("tabindex", "-1");
  state.focused = drawn.boxes.has(item) ? item : null;
  const g = drawn.boxes.get(state.focused)?.g;
  g?.setAttribute("tabindex", "0");
  if (really) g?.focus({ preventScroll: true });
}

function itemAt(target) {
  const key = target.closest?.("[data-key]")?.dataset.key;
  return key && ([...drawn.boxes.keys()].find((item) => item.key === key) ?? null);
}

function moveFocus(by) {
  const all = [...drawn.boxes.keys()];
  const place = (item) => places.boxes.get(item);
  all.sort((a, b) => place(a).y - place(b).y || place(a).x - place(b).x);
  const next = all[all.indexOf(state.focused) + by];
  if (next) {
    focusOn(next);
    bringIntoView(next);
  }
}

function trace(event) {
  const item = event ? itemAt(event.target) : null;
  if (item && view.items.has(item)) return highlight($("graph"), drawn, pathThrough(view, item));
  const edge = event?.target.closest?.(".edge");
  const of = edge && view.edges.find((e) => e.key === edge.dataset.key);
  if (!of) return highlight($("graph"), drawn, null);
  const before = pathThrough(view, of.from), after = pathThrough(view, of.to);
  const both = (a, b, extra) => new Set([...[...a].filter((x) => b.has(x)), ...extra]);
  return highlight($("graph"), drawn, { items: both(before.items, after.items, [of.from, of.to]), edges: both(before.edges, after.edges, [of.key]) });
}

// Zoom

function zoomTo(zoom) {
  state.zoom = Math.max(0.15, Math.min(3, zoom));
  const { width, height } = places;
  $("graph").setAttribute("viewBox", `-4 -14 ${Math.ceil(width) + 8} ${Math.ceil(height) + 22}`);
  $("graph").style.width = `${(width + 8) * state.zoom}px`;
  $("graph").style.height = `${(height + 22) * state.zoom}px`;
}

function fit() {
  zoomTo(Math.min(fitting(), ($("scroller").clientHeight - 6) / (places.height + 22)));
}

// The zoom at which the whole width is visible; one scrolls down for the rest.
const fitting = () => Math.min(1.1, ($("scroller").clientWidth - 6) / (places.width + 8));

function bringIntoView(item) {
  const box = places.boxes.get(item), scroller = $("scroller");
  if (!box) return;
  const { zoom } = state, margin = 60;
  const left = Math.max(0, (scroller.clientWidth - (places.width + 8) * zoom) / 2);
  const [x, y, w, h] = [left + (box.x + 4) * zoom, (box.y + 14) * zoom, box.width * zoom, Math.min(box.height, 60) * zoom];
  const target = { left: scroller.scrollLeft, top: scroller.scrollTop, behavior: reduced.matches ? "instant" : "smooth" };
  if (x < target.left + 10 || x + w > target.left + scroller.clientWidth - 10) target.left = x + w / 2 - scroller.clientWidth / 2;
  if (y < target.top + margin || y + h > target.top + scroller.clientHeight - margin) target.top = y + h / 2 - scroller.clientHeight / 2;
  scroller.scrollTo(target);
}

// The theme is the system's until the user changes it.

function switchTheme() {
  const dark = document.documentElement.dataset.theme
    ? document.documentElement.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  document.documentElement.dataset.theme = dark ? "light" : "dark";
}

// The text of the graph: written when it is first opened, in pieces, since it may be long.

function writeListing() {
  if ($("listing").childElementCount || !$("text").open) return;
  const { nodes } = model;
  const more = (from) => {
    $("listing").append(...nodes.slice(from, from + 500).map((node) =>
      element("li", { "data-node": node.id }, element("button", { type: "button", className: "link", onclick: () => select(node) }, code(listed(node))))));
    if (from + 500 < nodes.length) {
      const left = nodes.length - from - 500;
      const button = element("button", { type: "button", onclick: () => { button.parentElement.remove(); more(from + 500); } }, `500 more of ${left}`);
      $("listing").append(element("li", { className: "more" }, button));
    }
  };
  more(0);
}

// A line in the format of `Graph.listing`.
const listed = (node) => `${node.name}: ${node.type}${node.isOperation ? ` = ${node.formula}` : `  ${node.kind}`}`;

// Keys

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
  "+": ["+", "zoom in", () => zoomTo(state.zoom * 1.2)],
  "-": ["−", "zoom out", () => zoomTo(state.zoom / 1.2)],
  0: ["0", "fit to the window", () => fit()],
  t: ["T", "switch between light and dark", switchTheme],
};

function press(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const { target, key } = event, inGraph = $("graph").contains(target);
  if (target === $("search")) return pressInSearch(event);
  if (target.closest("[data-own-keys]") || target.id === "answer") return;
  const ownKeys = { button: " Enter", summary: " Enter", input: " ArrowUpArrowDown" }[target.localName] ?? "";
  if (ownKeys && (ownKeys.includes(key) || key === " ")) return;
  if (target.closest(".scroll") && key.startsWith("Arrow")) return;
  if (!inGraph && (key === "Enter" || key === "ArrowUp" || key === "ArrowDown")) return;
  const action = inGraph && key === " " ? KEYS.Enter : KEYS[key === "T" ? "t" : key === "=" ? "+" : key];
  if (!action) return;
  event.preventDefault();
  action[2]();
}

// The start

function begin() {
  const { doc } = model;
  $("title").textContent = shortened(printable(doc.title), 80);
  document.title = $("title").textContent;
  $("counts").textContent = `${many(model.nodes.length, "node")}, ${many(model.edges.length, "edge")}, ${many(model.forward.length, "operation")}`;
  const folded = model.groups.some((g) => !firstOpen.has(g.id));
  const notes = [...doc.notes];
  if (folded) notes.unshift(`Folded automatically, to show at most ${doc.limit} boxes at first: click a box with + to unfold it.`);
  $("notice").textContent = notes.join(" ");
  $("notice").hidden = notes.length === 0;
  $("keys").replaceChildren(...Object.values(KEYS).flatMap(([key, what]) => [element("dt", {}, element("kbd", {}, key)), element("dd", {}, what)]));
  for (const id of ["fold", "unfold", "reset"]) $(id).hidden = model.groups.length === 1;
  beginBeside();
  drawLegend($("legend"), model);
  listen();
  refold(firstOpen);
  zoomTo(Math.max(0.7, fitting()));
}

function listen() {
  const on = (id, what, act) => $(id).addEventListener(what, act);
  on("first", "click", () => go(0));
  on("back", "click", () => go(stopNow() - 1));
  on("next", "click", () => go(stopNow() + 1));
  on("last", "click", () => go(stops.length - 1));
  on("play", "click", play);
  on("slider", "input", () => go(Number($("slider").value)));
  on("in", "click", () => zoomTo(state.zoom * 1.2));
  on("out", "click", () => zoomTo(state.zoom / 1.2));
  on("fit", "click", () => fit());
  on("fold", "click", () => refold(new Set([0])));
  on("unfold", "click", unfoldLevel);
  on("reset", "click", () => refold(firstOpen));
  on("theme", "click", switchTheme);
  on("digits", "change", show);
  on("search", "input", () => search($("search").value));
  on("text", "toggle", writeListing);
  // listen on the scroller, because an <svg> that listens for the focus would also take it
  on("scroller", "click", (event) => { const item = itemAt(event.target); if (item) select(item, false); });
  on("scroller", "pointerover", trace);
  on("scroller", "pointerleave", () => trace(null));
  on("scroller", "focusin", (event) => { trace(event); if (itemAt(event.target)) focusOn(itemAt(event.target), false); });
  on("scroller", "focusout", () => trace(null));
  addEventListener("keydown", press);
  addEventListener("beforeprint", () => { $("text").open = true; writeListing(); });
}

begin();
