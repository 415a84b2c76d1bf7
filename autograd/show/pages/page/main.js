// The state of the page, and the ways to change it: folding, stepping and selecting.

const $ = (id) => document.getElementById(id);
const model = readModel(JSON.parse($("data").textContent));
const reduced = matchMedia("(prefers-reduced-motion: reduce)");

// What can change.  Time, selection, folds and frame are also in the page's address: see link.js.
const state = {
  time: 0, selected: null, open: new Set([0]), frame: 0,
  focused: null, camera: { x: 0, y: 0, zoom: 1 }, text: 0, timer: null, dragged: false,
};
let opened, view, places, drawn, stops;  // the groups that are open at first; what is drawn now

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
  drawMap();
  look(state.camera);
  $("fold").disabled = open.size === 1;
  $("unfold").disabled = open.size === model.groups.length;
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

// The view as it is at first: what is computed first, its inputs above it, and as much as can be read.
function openView() {
  const first = places.boxes.get(stops[1]?.item) ?? places.boxes.get(view.holder[model.output.id]);
  look(opening(drawing(), first, pane(), legible(innerWidth)));
}

const MOST = 3000;  // boxes that one click may show

function unfoldLevel() {
  const wider = oneLevelMore(model, state.open), boxes = visible(model, wider).items.size;
  if (boxes <= MOST) { refold(wider); return bringIntoView(state.focused); }
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
  letScrollersBeReached();
  writeLink();
}

function pause() {
  clearInterval(state.timer);
  state.timer = null;
  showPlaying();
}

function play() {
  if (state.timer) return pause();
  if (stopNow() === stops.length - 1) go(0);
  state.timer = setInterval(() => go(stopNow() + 1), 1200 / Number($("speed").value));
  return showPlaying();
}

function showPlaying() {
  const [sign, word] = state.timer ? ["❚❚ ", "Pause"] : ["▶ ", "Play"];
  $("play").replaceChildren(element("span", { ariaHidden: "true" }, sign), word);
}

// Selecting, and the focus within the graph

function select(item, move = true) {
  if (isGroup(item)) return toggle(item);
  reveal(item);
  state.selected = item;
  focusOn(item, false);
  show();
  if (move) bringIntoView(item);
  else if (innerWidth <= NARROW) $("node").scrollIntoView({ block: "start", behavior: reduced.matches ? "instant" : "smooth" });
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

// The start

function begin() {
  const { doc } = model;
  $("title").textContent = shortened(printable(doc.title), 80);
  document.title = $("title").textContent;
  $("counts").textContent = `${many(model.nodes.length, "node")}, ${many(model.edges.length, "edge")}, ${many(model.forward.length, "operation")}`;
  const readable = (open) => {
    const { width, height } = layout(model, visible(model, open), sizeOf);
    return fitting(wholeOf({ width, height }), pane()) >= legible(innerWidth);
  };
  opened = openAtFirst(model, doc.limit, readable);
  const notes = [...doc.notes];
  if (opened.size < model.groups.length) notes.unshift("Folded at first, so that it can be read: click a box with + to unfold it.");
  $("notice").textContent = notes.join(" ");
  $("notice").hidden = notes.length === 0;
  $("keys").replaceChildren(...[...Object.values(KEYS), ...MORE_KEYS].flatMap(([key, what]) => [element("dt", {}, element("kbd", {}, key)), element("dd", {}, what)]));
  for (const id of ["fold", "unfold", "reset"]) $(id).hidden = model.groups.length === 1;
  beginBeside();
  drawLegend($("legend"), model);
  showPlaying();
  listen();
  readLink();
  openView();
  if (state.time) bringIntoView(stops[stopNow()].item);
  if (state.selected) bringIntoView(state.selected);
}

begin();
