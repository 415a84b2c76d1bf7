"""Statements in another order: one that reads a variable before another changes it, or stands in a loop."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TypeGuard

FARTHEST = 3  # statements that another one is moved across

# What is said, the statement that reads what another changes, and what stands in the place of which
Move = tuple[str, ast.stmt, list[tuple[ast.stmt, ast.stmt]]]


def moved(tree: ast.AST, statement: ast.stmt) -> Iterator[Move]:
    """A statement before or after its neighbours, where one of them changes what the other reads.

    >>> tree = ast.parse("s = s + k\\nq = s * d\\nr = d")
    >>> for text, _, changes in moved(tree, tree.body[1]):
    ...     print(text, [ast.unparse(new) for _, new in changes])
    `q = s * d` reads `s` after `s = s + k` changed it, and should before ['q = s * d', 's = s + k']
    >>> tree = ast.parse("q = s * d\\nif k:\\n    s = s + k")
    >>> for text, *_ in moved(tree, tree.body[0]):
    ...     print(text)
    `q = s * d` reads `s` before `if k:` changed it, and should after
    """
    block, at = block_around(tree, statement)
    for step in (-1, 1):
        for k in range(at + step, at + step * (FARTHEST + 1), step):
            if not 0 <= k < len(block) or any(map(is_compound, (statement, block[k]))):
                break
            if (found := reading(statement, block[k])) is None:
                continue  # one step less comes to the same
            part = block[min(at, k) : max(at, k) + 1]
            order = [statement, *part[:-1]] if step < 0 else [*part[1:], statement]
            yield said(*found), found[0], list(zip(part, order, strict=True))


def indented(tree: ast.AST, statement: ast.stmt) -> Iterator[Move]:
    """A statement after a loop as the last one in it, and the last one in a loop after it.

    >>> tree = ast.parse("for x in xs:\\n    y = x\\ns += y")
    >>> [said for said, *_ in indented(tree, tree.body[1])]
    ['`s += y` belongs into the loop before it']
    >>> tree = ast.parse("for x in xs:\\n    s += x\\n    s /= n")
    >>> [said for said, *_ in indented(tree, tree.body[0].body[1])]
    ['`s /= n` belongs after the loop that it is in']
    """
    line = ast.unparse(statement)
    block, at = block_around(tree, statement)
    before = block[at - 1] if at else None
    if isinstance(before, ast.For) and not is_compound(statement):
        longer = ast.For(before.target, before.iter, [*before.body, statement], before.orelse)
        said = f"`{line}` belongs into the loop before it"
        yield said, statement, [(before, longer), (statement, ast.Pass())]
    loop = next((n for n in ast.walk(tree) if isinstance(n, ast.For) and n.body is block), None)
    if loop is not None and len(block) > 1 and block[-1] is statement and not is_compound(statement):
        shorter = ast.For(loop.target, loop.iter, block[:-1], loop.orelse)
        both = ast.If(ast.Constant(1), [shorter, statement], [])
        yield f"`{line}` belongs after the loop that it is in", statement, [(loop, both)]


def block_around(tree: ast.AST, statement: ast.stmt) -> tuple[list[ast.stmt], int]:
    """The statements among which one stands, and its place among them."""
    blocks = (b for n in ast.walk(tree) for b in blocks_of(n))
    return next(((b, i) for b in blocks for i, s in enumerate(b) if s is statement), ([], 0))


def is_compound(statement: ast.stmt) -> bool:
    """Whether a statement has others in it but under a mere condition, or leaves the function."""
    if isinstance(statement, ast.If) and not statement.orelse:
        return any(map(is_compound, statement.body))
    return hasattr(statement, "body") or isinstance(statement, ast.Return)


def said(reader: ast.stmt, writer: ast.stmt, name: str) -> str:
    """What is said of a statement that reads something at the wrong time."""
    now, then = ("after", "before") if writer.lineno < reader.lineno else ("before", "after")
    line, other = (ast.unparse(s).split("\n")[0] for s in (reader, writer))
    return f"`{line}` reads `{name}` {now} `{other}` changed it, and should {then}"


def blocks_of(node: ast.AST) -> Iterator[list[ast.stmt]]:
    """The lists of statements in a node."""
    for name in ("body", "orelse", "finalbody"):
        if isinstance(block := getattr(node, name, None), list):
            yield block


def reading(one: ast.stmt, other: ast.stmt) -> tuple[ast.stmt, ast.stmt, str] | None:
    """Of two statements the one that reads what the other writes, that one, and what it is; or None."""
    for reader, writer in ((one, other), (other, one)):
        if common := sorted(read_in(reader) & written_in(writer)):
            return reader, writer, common[0]
    return None


def read_in(statement: ast.stmt) -> set[str]:
    """The variables and attributes that a statement reads."""
    read = (n for n in ast.walk(statement) if is_variable(n) and isinstance(n.ctx, ast.Load))
    return {ast.unparse(n) for n in read} - {"self", "np"}


def written_in(statement: ast.stmt) -> set[str]:
    """The variables and attributes that a statement puts something under, or into."""
    if isinstance(statement, ast.If):
        return set().union(*map(written_in, statement.body))
    targets = (
        [*statement.targets] if isinstance(statement, ast.Assign) else [getattr(statement, "target", None)]
    )
    found = set()
    while targets:
        target = targets.pop()
        if isinstance(target, ast.Tuple | ast.List):
            targets = targets + target.elts
        elif isinstance(target, ast.Subscript | ast.Starred):
            targets = [*targets, target.value]
        elif target is not None:
            found.add(ast.unparse(target))
    return found


def is_variable(node: ast.AST) -> TypeGuard[ast.Name | ast.Attribute]:
    """Whether a node is a variable or an attribute."""
    return isinstance(node, ast.Name | ast.Attribute)
