// The panes around the graph: their sizes, the theme, what is printed, and what can be reached with the keyboard.

// The theme is the system's until the user changes it.

function switchTheme() {
  const dark = document.documentElement.dataset.theme
    ? document.documentElement.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  document.documentElement.dataset.theme = dark ? "light" : "dark";
}

// The size of the panel's text, in steps of an eighth.
function resizeText(by) {
  state.text = Math.max(-3, Math.min(8, state.text + by));
  document.documentElement.style.setProperty("--scale", 1 + state.text / 8);
  show();
}

// The border between the graph and the panel can be dragged, or moved with the arrow keys.

const SPLIT = { least: 20, most: 75 };  // the width of the panel, in hundredths of the window

function splitAt(percent) {
  const now = Math.round(Math.max(SPLIT.least, Math.min(SPLIT.most, percent)));
  document.documentElement.style.setProperty("--panel", `${now}%`);
  $("split").setAttribute("aria-valuenow", now);
}

function takeSplit(event) {
  event.preventDefault();
  $("split").setPointerCapture(event.pointerId);
  $("split").focus();
}

function dragSplit(event) {
  if ($("split").hasPointerCapture(event.pointerId)) splitAt(100 * (1 - event.clientX / innerWidth));
}

function moveSplit(event) {
  const by = { ArrowLeft: 2, ArrowRight: -2 }[event.key];
  if (!by) return;
  event.preventDefault();
  splitAt(Number($("split").getAttribute("aria-valuenow")) + by);
}

// What is cut off and scrolls can be reached with the keyboard.
function letScrollersBeReached() {
  for (const node of document.querySelectorAll("aside, aside .scroll, aside pre, aside p, aside h2, aside h3, aside figcaption")) {
    const cut = node.scrollWidth > node.clientWidth + 1 || node.scrollHeight > node.clientHeight + 1;
    const scrolls = cut && /auto|scroll/.test(getComputedStyle(node).overflow);
    node.classList.toggle("reachable", scrolls);
    if (scrolls) node.tabIndex = 0;
    else node.removeAttribute("tabindex");
  }
}

// On paper there is all of the graph, and its text.
const paper = matchMedia("print");

function beforePrint() {
  $("text").open = true;
  writeListing();
  const { x, y, width, height } = drawing();
  $("graph").setAttribute("viewBox", `${x} ${y} ${width} ${height}`);
  $("graph").style.setProperty("--shape", width / height);
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
