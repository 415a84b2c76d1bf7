// Horizontal coordinates.  Cells in successive rows whose link should be straight form a column, which moves
// as a whole.  Columns first stand as far left as possible, then move to where their links pull them.
//
// Source: Brandes and Koepf, Fast and simple horizontal coordinate assignment (2001): the alignment.
function straighten(rows, links) {
  rows.forEach((row) => row.forEach((cell, i) => { cell.place = i; cell.next = row[i + 1]; cell.before = row[i - 1]; }));
  const columns = inOrder(columnsOf(rows, aligned(rows, links)));
  for (const column of columns) column.x = leftmost(column) ?? 0;
  for (let i = 0; i < 40; i += 1) {
    for (const column of i % 2 ? columns : [...columns].reverse()) {
      const low = leftmost(column) ?? -Infinity, high = rightmost(column) ?? Infinity;
      column.x = Math.max(low, Math.min(high, wanted(column)));
    }
  }
  for (const cell of rows.flat()) cell.x = xOf(cell);
}

const xOf = (cell) => cell.column.x + cell.shift;
const distance = (left, right) => (left.width + right.width) / 2 + Math.max(gap(left), gap(right));

// The links that become straight: the strongest pull comes first, and no two of them cross.
function aligned(rows, links) {
  const straight = rows.map(() => []), above = new Set(), below = new Set();
  for (const l of [...links].sort((a, b) => pull(b) - pull(a))) {
    if (isLeaf(l.from) || below.has(l.from) || above.has(l.to)) continue;
    const between = straight[l.from.rank];
    if (between.some((m) => (m.from.place - l.from.place) * (m.to.place - l.to.place) < 0)) continue;
    between.push(l);
    below.add(l.from);
    above.add(l.to);
  }
  return new Map(straight.flat().map((l) => [l.to, l]));
}

function columnsOf(rows, straight) {
  const columns = [];
  for (const cell of rows.flat()) {
    const l = straight.get(cell);
    cell.column = l ? l.from.column : { cells: [], x: 0 };
    cell.shift = l ? l.from.shift + l.start - l.end : 0;
    cell.column.cells.push(cell);
    if (!l) columns.push(cell.column);
  }
  return columns;
}

// The columns from left to right: each after all columns with a cell to the left of one of its cells.
function inOrder(columns) {
  const waits = new Map(columns.map((c) => [c, c.cells.filter((cell) => cell.before).length]));
  const queue = columns.filter((c) => waits.get(c) === 0);
  for (const column of queue) {
    for (const { next } of column.cells) {
      if (!next) continue;
      waits.set(next.column, waits.get(next.column) - 1);
      if (waits.get(next.column) === 0) queue.push(next.column);
    }
  }
  return queue;
}

const leftmost = (column) => column.cells.reduce((low, cell) => (cell.before
  ? Math.max(low ?? -Infinity, xOf(cell.before) + distance(cell.before, cell) - cell.shift) : low), null);
const rightmost = (column) => column.cells.reduce((high, cell) => (cell.next
  ? Math.min(high ?? Infinity, xOf(cell.next) - distance(cell, cell.next) - cell.shift) : high), null);

// The position to which a column's links to other columns pull it.
function wanted(column) {
  let sum = 0, weights = 0;
  for (const cell of column.cells) {
    for (const l of [...cell.above, ...cell.below]) {
      if (l.from.column === l.to.column) continue;
      const there = l.to === cell ? xOf(l.from) + l.start - l.end : xOf(l.to) + l.end - l.start;
      sum += pull(l) * (there - cell.shift);
      weights += pull(l);
    }
  }
  return weights ? sum / weights : column.x;
}
