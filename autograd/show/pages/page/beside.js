// What stands beside the graph and follows its steps: the code, the listing, the verdicts, the frames.

let codeRows = new Map();

function beginBeside() {
  codeRows = buildCode($("code"), model, goTo);
  showVerdicts($("verdicts"), model.doc.verdicts, model, goTo);
  beginFrames();
  beginLive();
  beginPredict();
}

// What scrolls can have the focus; what does not need not be passed by Tab.
function focusWhatScrolls() {
  for (const part of document.querySelectorAll("aside .scroll, aside .code")) {
    const fits = part.scrollWidth <= part.clientWidth && part.scrollHeight <= part.clientHeight;
    part.tabIndex = fits && part.clientWidth ? -1 : 0;
  }
}

function showBeside(stop) {
  showCode($("code"), codeRows, stop, stop.to);
  followListing($("listing"), stop);
  showFrame();
  const score = stop === stops.at(-1) ? scoreOf() : null;
  if (score) $("step").prepend(score);
  focusWhatScrolls();
}

// Go to the step of a node: on the way back if the player is there; or to a verdict, where its gradient is complete.
function goTo(target) {
  const isVerdict = target.verdict !== undefined && target.yours !== undefined;
  const node = isVerdict ? model.nodes[target.node] : target;
  if (isVerdict) openVerdict($("verdicts"), model.doc.verdicts.lines.indexOf(target), target);
  if (!node) return;
  reveal(node);
  const back = isVerdict || (state.time > model.seedAt && node.backwardAt !== undefined);
  const time = isVerdict ? (node.complete === Infinity ? node.known : node.complete) : back ? node.backwardAt : node.forwardAt ?? 0;
  state.selected = node;
  focusOn(node, false);
  go(stops.findIndex((stop) => time <= stop.to));
  bringIntoView(node);
}
