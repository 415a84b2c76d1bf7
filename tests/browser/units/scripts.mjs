// The page's scripts, as far as they need no page, with their functions and constants as properties.

import { readFileSync } from "node:fs";
import vm from "node:vm";

const FOLDER = new URL("../../../autograd/show/pages/page/", import.meta.url);

export function scripts(...names) {
  const text = names.map((name) => readFileSync(new URL(name, FOLDER), "utf-8")).join("");
  const defined = [...text.matchAll(/^(?:function|const|let) (\w+)/gm)].map((found) => found[1]);
  const stubs = "const document = { createElement: () => ({ getContext: () => ({ measureText: () => ({ width: 40 }) }) }) };";
  return vm.runInThisContext(`(() => { ${stubs}${text};\nreturn { ${defined.join(", ")} }; })()`);
}

// A document of nested groups: `groups` as [parent, kind], `nodes` as [group, arguments].
export function documentOf(groups, nodes) {
  const links = nodes.flatMap(([, used], to) => used.map((from, slot) => ({ from, to, slot })));
  return {
    groups: groups.map(([parent, kind], i) => [`group ${i}`, parent, kind]),
    texts: ["input", "intermediate", "()", "float64", "sin"],
    nodes: {
      kind: nodes.map(([, used]) => (used.length ? 1 : 0)), name: nodes.map((_, i) => `t${i}`),
      formula: nodes.map(([, used]) => (used.length ? "sin(x)" : "")), label: nodes.map(() => 4),
      shape: nodes.map(() => 2), dtype: nodes.map(() => 3), type: nodes.map(() => 2),
      value: nodes.map(() => 1), grad: nodes.map(() => 1), group: nodes.map(([group]) => group),
    },
    edges: { from: links.map((l) => l.from), to: links.map((l) => l.to), slot: links.map((l) => l.slot), rule: links.map(() => 0) },
    rules: [{}], parts: {}, locals: {}, numbered: [], sources: {}, expressions: {}, at: {}, apart: {}, lines: {}, code: {}, verdicts: { lines: [], of: {} }, output: nodes.length - 1,
  };
}

// A leaf, and a chain of nodes in these groups.
export const chain = (places) => [[0, []], ...places.map((group, i) => [group, [i]])];
