// The state of the page as the fragment of its address: #step=12&node=3&open=0-2.7&frame=4.
//
// A link with it shows the same step, selection, folds and frame.  What is as at first is left out.

// Numbers as ranges: 0-2.7 for 0, 1, 2 and 7.
function ranges(numbers) {
  const found = [];
  for (const n of [...numbers].sort((a, b) => a - b)) {
    if (found.length && found.at(-1)[1] === n - 1) found.at(-1)[1] = n;
    else found.push([n, n]);
  }
  return found.map(([a, b]) => (a === b ? `${a}` : `${a}-${b}`)).join(".");
}

// The numbers of ranges, of those below `end`; anything else is ignored.
function numbersIn(text, end) {
  const found = new Set();
  for (const part of text.split(".")) {
    const [, a, b = a] = part.match(/^(\d+)(?:-(\d+))?$/) ?? [];
    for (let n = Number(a); n <= Math.min(Number(b), end - 1); n += 1) found.add(n);
  }
  return found;
}

function fragmentOf({ time, selected, open, frame }, opened) {
  const parts = [];
  if (time) parts.push(`step=${time}`);
  if (selected) parts.push(`node=${selected.id}`);
  if (frame) parts.push(`frame=${frame}`);
  const changed = open.size !== opened.size || [...open].some((id) => !opened.has(id));
  if (changed || (parts.length && opened.size > 1)) parts.push(`open=${ranges(open)}`);  // what opens at first depends on the window
  return parts.join("&");
}

// The state in a fragment, with what it leaves out as at first; what does not exist here is left out, too.
function stateIn(fragment, model, opened, last) {
  const found = new URLSearchParams(fragment.replace(/^#/, ""));
  const whole = (key, most) => Math.min(most, /^\d+$/.test(found.get(key) ?? "") ? Number(found.get(key)) : 0);
  const open = found.has("open") ? numbersIn(found.get("open"), model.groups.length).add(0) : opened;
  const selected = found.has("node") ? model.nodes[whole("node", model.nodes.length - 1)] : null;
  return { time: whole("step", last), selected, open, frame: whole("frame", Infinity) };
}

// Write the state into the address, a moment after it has come to rest: browsers limit how often one may.
// In a notebook's cell the page has no address of its own.
function writeLink() {
  clearTimeout(state.linking);
  if (location.protocol === "about:") return;
  state.linking = setTimeout(() => {
    const fragment = fragmentOf(state, opened);
    if (fragment !== location.hash.slice(1)) history.replaceState(null, "", `${location.pathname}${location.search}${fragment && `#${fragment}`}`);
  }, 150);
}

function readLink() {
  const { time, selected, open, frame } = stateIn(location.hash, model, opened, model.seedAt + model.backward.length);
  Object.assign(state, { time, selected, frame });
  refold(open);
  showLinkedFrame();
  if (selected) reveal(selected);
}
