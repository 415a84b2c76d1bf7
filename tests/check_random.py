"""Random derivations, right and wrong: what `derive` writes for random programs, rewritten as people would.

Variables are renamed, lines split, merged and put in another order, sums and products turned round, results
returned in other containers.  None of that may raise an alarm; and one mistake that changes a result, in any
of them, may not be called right.

    python -m tests.check_random [PROGRAMS] [FIRST]

tries so many programs and prints the counts.
"""

from __future__ import annotations

import ast
import linecache
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from autograd import check, derive
from autograd.errors import AutogradError

from .derive_programs import program

NAMES = ("grad_{}", "{}_grad", "d_{}", "delta_{}", "g{}", "bar_{}", "tmp_{}", "{}")  # of gradients dX


@dataclass(frozen=True)
class Case:
    """A program with a backward pass of it."""

    seed: int
    forward: Any
    backward: Any
    inputs: dict[str, Any]
    source: str


def is_product(node: ast.AST) -> bool:
    return isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult | ast.Add)


def reads(node: ast.AST) -> Counter[str]:
    """How often each variable is read."""
    return Counter(n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load))


def stored(node: ast.AST) -> set[str]:
    return {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}


def plain(statement: ast.stmt) -> bool:
    """Whether a statement puts a new value under one name."""
    return (
        isinstance(statement, ast.Assign)
        and len(statement.targets) == 1
        and isinstance(statement.targets[0], ast.Name)
    )


class Turned(ast.NodeTransformer):
    """Some sums and products the other way round, where that is the same."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng = rng

    def visit_BinOp(self, node: ast.BinOp) -> Any:
        self.generic_visit(node)
        if is_product(node) and self.rng.random() < 0.3:
            node.left, node.right = node.right, node.left
        return node


class Renamed(ast.NodeTransformer):
    """Other names for variables; within an expression, others for what is put in their place."""

    def __init__(self, names: dict[str, Any]) -> None:
        self.names = names

    def visit_Name(self, node: ast.Name) -> Any:
        new = self.names.get(node.id, node.id)
        return ast.Name(new, node.ctx) if isinstance(new, str) else new


def split(body: list[ast.stmt], rng: np.random.Generator) -> list[ast.stmt]:
    """The same with parts of some lines in lines of their own, and some sums by +=."""
    made: list[ast.stmt] = []
    for i, statement in enumerate(body):
        value = getattr(statement, "value", None)
        if plain(statement) and isinstance(value, ast.BinOp) and rng.random() < 0.5:
            assert isinstance(statement, ast.Assign)
            (target,) = statement.targets
            assert isinstance(target, ast.Name)
            own = reads(value)[target.id]
            if isinstance(value.op, ast.Add) and rng.random() < 0.5 and not own:
                first = ast.BinOp(value.left, ast.Add(), ast.Constant(0.0))  # an array of its own
                made += [
                    ast.Assign([target], first),
                    ast.Assign([target], ast.BinOp(loaded(target), value.op, value.right)),
                ]
                continue
            part = ast.Name(f"part{i}", ast.Store())
            made += [
                ast.Assign([part], value.left),
                ast.Assign([target], ast.BinOp(loaded(part), value.op, value.right)),
            ]
            continue
        made.append(statement)
    return made


def loaded(name: ast.Name) -> ast.Name:
    return ast.Name(name.id, ast.Load())


def merged(body: list[ast.stmt], rng: np.random.Generator) -> list[ast.stmt]:
    """The same with some lines, of which only one other reads the value, within that other."""
    made = list(body)
    for statement in body:
        if not plain(statement) or rng.random() > 0.4:
            continue
        assert isinstance(statement, ast.Assign)
        (target,) = statement.targets
        assert isinstance(target, ast.Name)
        readers = [s for s in made if reads(s)[target.id]]
        writers = [s for s in made if target.id in stored(s)]
        if len(readers) != 1 or len(writers) != 1 or reads(readers[0])[target.id] != 1:
            continue
        (reader,) = readers
        if not plain(reader):
            continue
        a, b = made.index(statement), made.index(reader)
        if a > b or any(stored(s) & set(reads(statement)) for s in made[a + 1 : b]):
            continue
        made[b] = Renamed({target.id: statement.value}).visit(reader)
        made.pop(a)
    return made


def reordered(body: list[ast.stmt], rng: np.random.Generator) -> list[ast.stmt]:
    """The same in another order in which each line finds what it reads."""
    *lines, last = body
    if not all(map(plain, lines)):
        return body
    waiting, made = list(range(len(lines))), []
    while waiting:
        free = [i for i in waiting if not any(j < i and depends(lines[i], lines[j]) for j in waiting)]
        chosen = free[int(rng.integers(len(free)))]
        waiting.remove(chosen)
        made.append(lines[chosen])
    return [*made, last]


def depends(later: ast.stmt, earlier: ast.stmt) -> bool:
    """Whether two statements have to stay in their order."""
    writes = stored(earlier) | stored(later)
    return bool(stored(earlier) & (set(reads(later)) | stored(later))) or bool(
        writes & set(reads(earlier)) - stored(earlier)
    )


def rewritten(seed: int) -> Case | None:
    """A program's derived backward pass in other words.

    None for one that cannot be derived, or that has nothing to show: its gradients are 0 everywhere.
    """
    made = program(seed)
    try:
        derivation = derive(made.f, made.inputs)
    except AutogradError:
        return None
    if not any(np.max(np.abs(g)) > 1e-12 for g in derivation(made.inputs).values()):
        return None
    rng = np.random.default_rng(seed)
    tree = ast.parse(derivation.source)
    function = next(n for n in tree.body if isinstance(n, ast.FunctionDef))
    taken = {a.arg for a in function.args.args}
    body = function.body
    for change in (merged, split, reordered):
        body = change(body, rng)
    form = NAMES[int(rng.integers(len(NAMES)))]
    wanted = sorted({n for s in body for n in stored(s)})
    names = {n: form.format(n[1:] if n.startswith("d") else n) for n in wanted}
    inputs = set(made.inputs)
    if set(names.values()) & (taken | inputs | {"np"}) or len(set(names.values())) < len(names):
        names = {n: f"{n}_" for n in wanted}
    body = [Turned(rng).visit(Renamed(names).visit(s)) for s in body]
    last = body[-1]
    if isinstance(last, ast.Return) and isinstance(last.value, ast.Tuple) and rng.random() < 0.5:
        keys = [ast.Constant(place[0]) for place in derivation.wanted]
        if len(keys) == len(last.value.elts):
            last.value = ast.Dict(keys, last.value.elts)
    function.body = body
    return case(seed, made, tree)


def case(seed: int, made: Any, tree: ast.Module, word: str = "right") -> Case:
    """A case of a syntax tree, with its source where tracebacks and the check find it."""
    source = ast.unparse(ast.fix_missing_locations(tree)) + "\n"
    filename = f"<{word} {seed}>"
    linecache.cache[filename] = len(source), None, source.splitlines(keepends=True), filename
    scope: dict[str, Any] = {"np": np}
    exec(compile(source, filename, "exec"), scope)
    (backward,) = (v for k, v in scope.items() if callable(v) and k not in ("np", "__builtins__"))
    return Case(seed, made.f, backward, made.inputs, source)


# Mistakes


def mistakes(tree: ast.Module, scope: dict[str, Any]) -> Iterator[ast.Module]:
    """The same source with one mistake in one expression."""
    arrays = {k: v for k, v in scope.items() if isinstance(v, np.ndarray)}
    nodes = [n for n in ast.walk(tree) if isinstance(n, ast.BinOp | ast.UnaryOp | ast.Name | ast.Attribute)]
    for i, node in enumerate(nodes):
        for new in wrong(node, arrays):
            copy = ast.parse(ast.unparse(tree))
            others = [
                n for n in ast.walk(copy) if isinstance(n, ast.BinOp | ast.UnaryOp | ast.Name | ast.Attribute)
            ]
            yield Put(others[i], new).visit(copy)


class Put(ast.NodeTransformer):
    """Puts one node in the place of another."""

    def __init__(self, old: ast.AST, new: ast.AST) -> None:
        self.old, self.new = old, new

    def visit(self, node: ast.AST) -> Any:
        return self.new if node is self.old else self.generic_visit(node)


def wrong(node: ast.AST, arrays: dict[str, Any]) -> Iterator[ast.expr]:
    """What somebody could have written by mistake for an expression."""
    match node:
        case ast.BinOp(left=a, op=ast.Mult() | ast.Div(), right=b):
            yield a
            yield ast.BinOp(ast.Constant(2), ast.Mult(), ast.BinOp(a, node.op, b))
        case ast.BinOp(left=a, op=ast.Add(), right=b):
            yield from (ast.BinOp(a, ast.Sub(), b), a, b)
        case ast.BinOp(left=a, op=ast.Sub(), right=b):
            yield from (ast.BinOp(a, ast.Add(), b), ast.BinOp(b, ast.Sub(), a))
        case ast.UnaryOp(op=ast.USub(), operand=a):
            yield a
        case ast.Name(id=name, ctx=ast.Load()) if name in arrays:
            same = (k for k, v in arrays.items() if k != name and v.shape == arrays[name].shape)
            yield from (ast.Name(k, ast.Load()) for k in same)
        case ast.Attribute(value=a, attr="T"):
            yield a


def with_mistake(right: Case) -> Case | None:
    """A case with one mistake that changes a result; None if none was found that does."""
    made = program(right.seed)
    derivation = derive(made.f, made.inputs)
    rng = np.random.default_rng(right.seed + 1)
    found = list(mistakes(ast.parse(right.source), derivation.variables))
    expected = results(right, derivation.variables)
    for i in rng.permutation(len(found))[:40]:
        try:
            with np.errstate(all="ignore"):
                one = case(right.seed, made, found[i], "wrong")
                values = results(one, derivation.variables)
        except Exception:  # it does not even run
            continue
        if len(values) == len(expected) and any(map(is_other, values, expected)):
            return one
    return None


def is_other(value: Any, true: Any) -> bool:
    """Whether a result is clearly not what it was, and a number still."""
    if np.shape(value) != np.shape(true) or not np.all(np.isfinite(value)):
        return False
    return bool(np.max(np.abs(value - true), initial=0) > 1e-6 * np.max(np.abs(true), initial=0))


def results(one: Case, variables: dict[str, Any]) -> list[Any]:
    """What a backward pass returns, one by one."""
    value = one.backward(**{k: np.array(v) if isinstance(v, np.ndarray) else v for k, v in variables.items()})
    return (
        list(value.values())
        if isinstance(value, dict)
        else list(value)
        if isinstance(value, tuple)
        else [value]
    )


def judged(one: Case) -> check.DerivationReport:
    with np.errstate(all="ignore"):
        return check.derivation(one.forward, one.backward, one.inputs)


def main(programs: int = 1000, first: int = 0) -> int:
    """Try some programs, and print what came of it; the number of faults."""
    counts: Counter[str] = Counter()
    start = time.perf_counter()
    for seed in range(first, first + programs):
        right = rewritten(seed)
        if right is None:
            counts["programs without a derivation, or with one of zeros"] += 1
            continue
        report = judged(right)
        counts["right derivations"] += 1
        if not report.ok:
            counts["ALARMS" if report.first else "NOT SURE"] += 1
            sys.stdout.write(f"--- program {seed}\n{program(seed).source}\n{right.source}\n{report}\n")
        one = with_mistake(right)
        if one is None:
            counts["right ones in which no mistake changes anything"] += 1
            continue
        report = judged(one)
        counts["mistakes"] += 1
        if report.ok:
            counts["CALLED RIGHT"] += 1
            sys.stdout.write(f"--- program {seed}, wrong\n{program(seed).source}\n{one.source}\n{report}\n")
        elif report.first is not None:
            lines = zip(right.source.splitlines(), one.source.splitlines(), strict=True)
            changed = {a for b, a in lines if a != b}
            counts["mistakes whose line is named"] += any(report.first.source.strip() in a for a in changed)
    sys.stdout.write("".join(f"{n:6} {what}\n" for what, n in counts.items()))
    sys.stdout.write(f"{time.perf_counter() - start:6.0f} seconds\n")
    return sum(n for what, n in counts.items() if what.isupper())


if __name__ == "__main__":
    sys.exit(bool(main(*map(int, sys.argv[1:]))))
