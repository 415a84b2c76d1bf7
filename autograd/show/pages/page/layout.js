// A layered layout, from top to bottom, of items in nested frames.
//
// Each frame is laid out by itself, the innermost first, and is then one large item of the frame around
// it, so that nothing overlaps.  An edge that leaves a frame ends at a port on its lower border, and an
// edge that enters starts at a port on its upper border.  Inside a frame, all edges from one source share
// one trunk of bends, with one bend in each row that they pass.  A row is one rank; edges bend only
// between rows.
//
// Source: Sugiyama, Tagawa and Toda, Methods for visual understanding of hierarchical system
// structures (1981): ranks, barycentres, coordinates.

const GAP = { row: 34, item: 22, bend: 10, pad: 16, head: 26 };

function layout(model, view, size) {
  const nets = netsOf(view);
  const frames = new Map();
  for (const frame of [...view.frames].sort((a, b) => b.depth - a.depth)) {
    const members = [...view.items].filter(([, parent]) => parent === frame).map(([item]) => item);
    const inner = view.frames.filter((g) => g.parent === frame);
    frames.set(frame, arrange(frame, [...members, ...inner], nets.get(frame) ?? new Map(), frames, size));
  }
  return placed(model, view, frames);
}

// The frames around an item, the innermost first.
function framesAround(frame) {
  const around = [];
  for (let f = frame; f; f = f.parent) around.push(f);
  return around;
}

// The nets of each frame: a net is a source with all its targets in the frame.  A source outside the frame
// is null and stands for an upper port; a target outside is null and stands for a lower port.
function netsOf(view) {
  const nets = new Map();
  const add = (frame, key, source, target, edge) => {
    if (!nets.has(frame)) nets.set(frame, new Map());
    const inFrame = nets.get(frame);
    if (!inFrame.has(key)) inFrame.set(key, { key, source, targets: new Map() });
    const { targets } = inFrame.get(key);
    if (!targets.has(target)) targets.set(target, []);
    targets.get(target).push(edge);
  };
  for (const edge of view.edges) {
    const key = edge.from.key;
    const up = framesAround(view.items.get(edge.from)), down = framesAround(view.items.get(edge.to));
    while (up.length > 1 && down.length > 1 && up.at(-2) === down.at(-2)) { up.pop(); down.pop(); }
    const place = (around, item, i) => (i === 0 ? item : around[i - 1]);
    up.slice(0, -1).forEach((frame, i) => add(frame, key, place(up, edge.from, i), null, edge));
    const top = up.length - 1, bottom = down.length - 1;
    add(up[top], key, place(up, edge.from, top), place(down, edge.to, bottom), edge);
    down.slice(0, -1).forEach((frame, i) => add(frame, key, null, place(down, edge.to, i), edge));
  }
  return nets;
}

// The layout of one frame: its size, its cells and the course of its nets, measured from its corner.
function arrange(frame, items, nets, frames, size) {
  const cells = new Map(items.map((item) => [item, cellOf(item, frames.get(item) ?? size(item), frames.get(item))]));
  rank([...cells.values()], nets, cells);
  const rows = rowsOf([...cells.values()]);
  const links = threads(nets, cells, rows);
  order(rows, links);
  fanIn(cells);
  straighten(rows, links);
  return measured(frame, rows, links, cells);
}

function cellOf(item, { width, height }, inner) {
  return { item, width, height, inner, rank: 1, above: [], below: [], x: 0 };
}

// Ranks by the longest path; a cell without arguments in the frame moves down to just above its first use.
function rank(cells, nets, cellsByItem) {
  const after = new Map(cells.map((cell) => [cell, []])), before = new Map(cells.map((cell) => [cell, 0]));
  for (const { source, targets } of nets.values()) {
    if (source === null) continue;
    for (const target of targets.keys()) {
      if (target === null) continue;
      after.get(cellsByItem.get(source)).push(cellsByItem.get(target));
      before.set(cellsByItem.get(target), before.get(cellsByItem.get(target)) + 1);
    }
  }
  const sources = cells.filter((cell) => before.get(cell) === 0), queue = [...sources];
  for (const cell of queue) {
    for (const next of after.get(cell)) {
      next.rank = Math.max(next.rank, cell.rank + 1);
      before.set(next, before.get(next) - 1);
      if (before.get(next) === 0) queue.push(next);
    }
  }
  for (const cell of sources) {
    const first = after.get(cell).reduce((r, next) => Math.min(r, next.rank), Infinity);
    if (first < Infinity) cell.rank = first - 1;
  }
}

// The rows of cells; row 0 is for the upper ports, and the last row for the lower ports.
function rowsOf(cells) {
  const rows = Array.from({ length: cells.reduce((r, cell) => Math.max(r, cell.rank), 0) + 2 }, () => []);
  for (const cell of cells) rows[cell.rank].push(cell);
  return rows;
}

// Put bends and ports into the rows, and split each net into links between neighbouring rows.
function threads(nets, cells, rows) {
  const links = [], last = rows.length - 1;
  const bend = (row, height = 0) => {
    const cell = { item: null, width: 4, height, rank: row, above: [], below: [], x: 0 };
    rows[row].push(cell);
    return cell;
  };
  const link = (from, to, edges, net) => {
    const made = { from, to, edges, net, start: 0, end: 0, ends: new Map() };
    from.below.push(made);
    to.above.push(made);
    links.push(made);
  };
  for (const net of nets.values()) {
    let at = net.source === null ? bend(0) : cells.get(net.source);
    const targets = [...net.targets].map(([item, edges]) => [item === null ? null : cells.get(item), edges]);
    targets.sort(([a], [b]) => (a?.rank ?? last) - (b?.rank ?? last));
    for (const [cell, edges] of targets) {
      const there = cell?.rank ?? last;
      while (at.rank < there - 1) {
        const next = bend(at.rank + 1);
        link(at, next, null, net);
        at = next;
      }
      link(at, cell ?? bend(last), edges, net);
    }
  }
  for (const made of links) {  // a link touches an inner frame at its port
    made.start = made.from.inner?.exits.get(made.net.key) ?? 0;
    made.end = made.to.inner?.entries.get(made.net.key) ?? made.edges?.[0].slot ?? 0;  // else in the order of arguments
  }
  return links;
}

// Order the cells in the rows: move each to the mean of its neighbours, down and up, and keep the best order.
function order(rows, links) {
  spread(rows);
  let best = rows.map((row) => [...row]), fewest = crossings(rows, links);
  for (let sweep = 0; sweep < 10 && fewest > 0; sweep += 1) {
    const down = sweep % 2 === 0;
    for (const row of down ? rows : [...rows].reverse()) {
      const place = new Map(row.map((cell) => [cell, mean(down ? cell.above : cell.below, down) ?? cell.x]));
      row.sort((a, b) => place.get(a) - place.get(b));
      pack(row);
    }
    const now = crossings(rows, links);
    if (now < fewest) { fewest = now; best = rows.map((row) => [...row]); }
  }
  best.forEach((row, i) => { rows[i].splice(0, Infinity, ...row); });
  spread(rows);
}

const spread = (rows) => rows.forEach(pack);

function pack(row) {
  const wide = row.reduce((sum, cell) => sum + cell.width + gap(cell), 0);
  let x = -wide / 2;
  for (const cell of row) {
    cell.x = x + (cell.width + gap(cell)) / 2;
    x += cell.width + gap(cell);
  }
}

const gap = (cell) => (cell.item ? GAP.item : GAP.bend);

// The mean of the positions that the neighbours above or below suggest; the main line has most weight.
function mean(links, down) {
  let sum = 0, weights = 0;
  for (const l of links) {
    const weight = pull(l);
    sum += weight * (down ? l.from.x + l.start - l.end : l.to.x + l.end - l.start);
    weights += weight;
  }
  return weights ? sum / weights : null;
}

// How straight a link should be: most of all in trunks and on the main line of a computation; its inputs
// stand beside it.
function pull({ from, to }) {
  if (isLeaf(from)) return 0.02;
  if (!from.item && !to.item) return 8;
  return from.item && to.item ? 4 : 1;
}

const isLeaf = (cell) => cell.item && !cell.inner && cell.above.length === 0;

// Edges that reach the same box arrive side by side, in the order in which they come.  If one of them is
// the main line, it arrives in the middle.
function fanIn(cells) {
  for (const cell of cells.values()) {
    if (cell.inner) continue;
    const arriving = cell.above.flatMap((l) => l.edges.map((edge) => [l, edge]));
    arriving.sort(([l, e], [m, f]) => l.from.x + l.start - m.from.x - m.start || e.slot - f.slot);
    const most = Math.max(...arriving.map(([l]) => pull(l)));
    const main = arriving.flatMap(([l], i) => (pull(l) === most ? [i] : []));
    const middle = main.length === 1 ? main[0] : (arriving.length - 1) / 2;
    const step = Math.min(24, (cell.width / 2 - 14) / Math.max(1, middle, arriving.length - 1 - middle));
    arriving.forEach(([l, edge], i) => {
      l.ends.set(edge, (i - middle) * step);
      edge.left = i < middle || (i === 0 && arriving.length > 1);
    });
    for (const l of cell.above) l.end = [...l.ends.values()].reduce((sum, x) => sum + x, 0) / l.ends.size;
  }
}

// The number of pairs of links that cross in the present order.
function crossings(rows, links) {
  const byRow = rows.map(() => []);
  for (const l of links) byRow[l.from.rank].push([l.from.x + l.start, l.to.x + l.end]);
  let count = 0;
  for (const spans of byRow) {
    if (spans.length > 200) continue;  // too many to follow by eye anyway
    spans.forEach(([a, b], i) => {
      for (let j = 0; j < i; j += 1) if ((a - spans[j][0]) * (b - spans[j][1]) < 0) count += 1;
    });
  }
  return count;
}

// The size of a frame, with everything in it measured from its upper left corner.
function measured(frame, rows, links, cells) {
  const all = rows.flat();
  const left = all.reduce((x, cell) => Math.min(x, cell.x - cell.width / 2), Infinity);
  const right = all.reduce((x, cell) => Math.max(x, cell.x + cell.width / 2), -Infinity);
  const shift = GAP.pad - left, width = Math.max(right - left + 2 * GAP.pad, frame.parent ? labelWidth(frame) : 0);
  const middle = (width - (right - left + 2 * GAP.pad)) / 2;
  for (const cell of all) cell.x += shift + middle;
  const tops = [], bottoms = [];
  let y = 0;
  rows.forEach((row, i) => {
    const height = row.reduce((h, cell) => Math.max(h, cell.height), 0);
    const room = i === 0 || (i === 1 && rows[0].length === 0) ? 0 : rowGap(rows[i - 1]);
    y += i === 1 ? Math.max(room, frame.parent ? GAP.head + 8 : GAP.pad) : room;
    if (i === rows.length - 1 && row.length === 0) y += GAP.pad - room;
    tops.push(y);
    bottoms.push(y += height);
  });
  for (const cell of all) {
    cell.y = isLeaf(cell) ? bottoms[cell.rank] - cell.height : tops[cell.rank];  // leaves stand near their use
  }
  const entries = new Map(), exits = new Map();
  for (const l of links) {
    if (l.from.item === null && l.from.rank === 0) entries.set(l.net.key, l.from.x - width / 2);
    if (l.to.item === null && l.to.rank === rows.length - 1) exits.set(l.net.key, l.to.x - width / 2);
  }
  return { width, height: y, cells, links, tops, bottoms, entries, exits };
}

// The height between two rows: larger where edges go far to the side.
function rowGap(row) {
  const slant = row.flatMap((cell) => cell.below).reduce((far, l) => Math.max(far, Math.abs(l.from.x - l.to.x)), 0);
  return GAP.row + Math.min(26, slant / 14) + Math.min(20, row.length);
}
