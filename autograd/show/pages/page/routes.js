// From the layouts of the frames to positions on the page and paths of edges.

function placed(model, view, frames) {
  const boxes = new Map();
  const routes = new Map(view.edges.map((edge) => [edge.key, []]));
  const corner = new Map([[model.root, { x: 0, y: 0 }]]);
  for (const frame of view.frames) {  // outer frames come first
    const { x, y } = corner.get(frame), { width, height, cells } = frames.get(frame);
    boxes.set(frame, { x, y, width, height });
    for (const [item, cell] of cells) {
      const at = { x: x + cell.x - cell.width / 2, y: y + cell.y };
      if (cell.inner) corner.set(item, at);
      else boxes.set(item, { ...at, width: cell.width, height: cell.height });
    }
    run(frames.get(frame), x, y, routes);
  }
  const paths = new Map();
  for (const edge of view.edges) paths.set(edge.key, joined(edge, routes.get(edge.key)));
  const { width, height } = frames.get(model.root);
  return { boxes, paths, width, height };
}

// The pieces of all routes in one frame, whose corner is at (x, y).
function run({ links, tops, bottoms }, x, y, routes) {
  const into = new Map(links.filter((l) => l.edges === null).map((l) => [l.to, l]));
  for (const l of links) {
    if (l.edges === null) continue;
    const points = [];
    let at = l;
    for (; into.has(at.from); at = into.get(at.from)) {
      points.unshift([at.from.x, tops[at.from.rank]], [at.from.x, bottoms[at.from.rank]]);
    }
    const start = at.from.x + at.start;
    points.unshift([start, at.from.y + at.from.height], [start, bottoms[at.from.rank]]);
    for (const edge of l.edges) {
      const end = l.to.x + (l.ends.get(edge) ?? l.end);
      const last = [[end, tops[l.to.rank]], [end, l.to.item ? l.to.y : bottoms[l.to.rank]]];
      routes.get(edge.key).push([...points, ...last].map(([px, py]) => [x + px, y + py]));
    }
  }
}

// The pieces of one edge, from the innermost frame around its source out and in again, as one line.
function joined(edge, pieces) {
  return pieces.sort((a, b) => a[0][1] - b[0][1]).flat();
}

// A line through points: straight where it goes down, else a curve that starts and ends vertically.
function pathOf(points) {
  const parts = points.map(([x, y], i) => {
    if (i === 0) return `M${round(x)} ${round(y)}`;
    const [px, py] = points[i - 1], middle = round((py + y) / 2);
    if (Math.abs(px - x) < 0.05) return `L${round(x)} ${round(y)}`;
    return `C${round(px)} ${middle} ${round(x)} ${middle} ${round(x)} ${round(y)}`;
  });
  return parts.join("");
}

const round = (x) => Math.round(x * 10) / 10;
