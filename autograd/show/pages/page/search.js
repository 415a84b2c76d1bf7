// Search: the results are a list under the field, in which the arrow keys and Enter choose.

function search(words) {
  const wanted = words.trim().toLowerCase();
  const hits = wanted === "" ? [] : ranked(model.nodes, wanted).slice(0, 12);
  const options = hits.map((node, i) => element("li", { role: "option", id: `found-${i}`, ariaSelected: String(i === 0), onclick: () => take(node) },
    element("b", {}, shortened(title(node), 60)), " ", element("span", { className: "quiet" }, shortened(node.isOperation ? equation(node) : node.shape, 80))));
  if (wanted !== "" && !hits.length) options.push(element("li", { className: "quiet" }, "no results"));
  $("found").replaceChildren(...options);
  $("found").hidden = options.length === 0;
  $("search").setAttribute("aria-expanded", String(options.length > 0));
  $("search").setAttribute("aria-activedescendant", hits.length ? "found-0" : "");
  state.hits = hits;
  state.hit = 0;
}

// Names that begin with the words come first, then names that contain them, then operations.
function ranked(nodes, wanted) {
  const places = [[], [], []];
  for (const node of nodes) {
    const name = node.name.toLowerCase();
    if (name.startsWith(wanted)) places[0].push(node);
    else if (name.includes(wanted)) places[1].push(node);
    else if (node.label.toLowerCase().includes(wanted)) places[2].push(node);
    if (places[0].length >= 12) break;
  }
  return places.flat();
}

function choose(by) {
  if (!state.hits?.length) return;
  state.hit = (state.hit + by + state.hits.length) % state.hits.length;
  [...$("found").children].forEach((li, i) => { li.ariaSelected = String(i === state.hit); });
  $("search").setAttribute("aria-activedescendant", `found-${state.hit}`);
}

function take(node) {
  $("search").value = "";
  search("");
  select(node);
  focusOn(node);
}

function pressInSearch(event) {
  const act = {
    ArrowDown: () => choose(1), ArrowUp: () => choose(-1),
    Enter: () => state.hits?.length && take(state.hits[state.hit]),
    Escape: () => { $("search").value = ""; search(""); },
  }[event.key];
  if (act) { event.preventDefault(); act(); }
}
