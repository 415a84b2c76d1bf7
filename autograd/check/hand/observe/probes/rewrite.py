"""The user's own source with probes in it: what is assigned, changed and returned goes through them.

A probe is a call `probe.value(site, value)` around an expression.  It says where a value was made, and gives
back that value or another one in its place.  The names of probes and sites stand in the compiled code as
constants, so nothing is added to the user's module, and positions stay what they were.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterator
from typing import Any

import numpy as np

from ...match.names import is_called_loss
from .probe import PROBE
from .sites import ENTRY, Site, is_plain, is_word, loaded, name_in, root_of, span_of

MARK = "\N{LEFT DOUBLE ANGLE BRACKET}autograd.check"


UNPROBED = frozenset({"super", "locals", "globals", "vars", "dir", "eval", "exec"})


BUILTINS = frozenset(dir(builtins)) - {"dict"}


class Rewriter(ast.NodeTransformer):
    """Puts probes into the tree of a statement; `parts` puts them around all inner expressions too."""

    def __init__(self, filename: str, parts: bool) -> None:
        self.filename, self.parts = filename, parts
        self.table: list[Any] = [PROBE]
        self.functions: list[str] = []
        self.statement: Any = None
        self.classes = 0

    # Pieces

    def constant(self, thing: Any, like: ast.AST) -> ast.expr:
        """A constant that stands for a thing in the code."""
        self.table.append(thing)
        return ast.copy_location(ast.Constant(f"{MARK}{len(self.table) - 1}"), like)

    def site(self, kind: str, name: str, node: Any, path: tuple[Any, ...] = ()) -> Site:
        """The site of a node."""
        statement = self.statement if self.statement is not None else node
        where = ".".join(self.functions)
        return Site(kind, name, self.filename, where, span_of(node), span_of(statement), path)

    def probed(self, what: str, first: Any, node: Any, *others: Any) -> Any:
        """The call `probe.what(first, ...)`, at the place of a node."""
        probe = ast.copy_location(ast.Constant(f"{MARK}0"), node)
        call = ast.Call(ast.Attribute(probe, what, ast.Load()), [self.constant(first, node), *others], [])
        return ast.fix_missing_locations(ast.copy_location(call, node))

    def value(self, kind: str, name: str, node: Any, path: tuple[Any, ...] = ()) -> Any:
        """An expression with a probe around it; of a display, around each of its elements."""
        keys: list[Any]
        match node:
            case ast.Tuple(elts=parts) | ast.List(elts=parts) if not isinstance(node.ctx, ast.Store):
                keys = list(range(len(parts)))
                node.elts = [self.element(kind, p, k, path) for p, k in zip(parts, keys, strict=True)]
                return node
            case ast.Dict(keys=names, values=parts):
                keys = [k.value if isinstance(k, ast.Constant) else None for k in names]
                node.keys = [self.visit(k) if k is not None else None for k in names]
                node.values = [
                    self.visit(p) if name_ is None else self.element(kind, p, k, path)
                    for p, k, name_ in zip(parts, keys, names, strict=True)
                ]
                return node
            case ast.IfExp(test=test, body=a, orelse=b):
                node.test, node.body, node.orelse = (
                    self.visit(test),
                    self.value(kind, name, a, path),
                    self.value(kind, name, b, path),
                )
                return node
            case ast.Starred() | ast.NamedExpr() | ast.Yield() | ast.YieldFrom() | ast.Await() | ast.Lambda():
                return self.visit(node)
            case ast.Constant(value=v) if not isinstance(v, float):
                return node
        site = self.site(kind, name, node, path)
        return self.probed("value", site, node, self.visit(node))

    def element(self, kind: str, node: Any, key: Any, path: tuple[Any, ...]) -> Any:
        """An element of a display, with a probe around it."""
        name = key if isinstance(key, str) else name_in(node)
        return self.value("return" if kind == "return" else "element", name, node, (*path, key))

    def block(self, statements: list[ast.stmt]) -> list[ast.stmt]:
        """Statements with probes in them."""
        found: list[ast.stmt] = []
        for statement in statements:
            made = self.visit(statement)
            found += made if isinstance(made, list) else [made]
        return found

    # Statements

    def visit(self, node: ast.AST) -> Any:
        if isinstance(node, ast.stmt) and not hasattr(node, "body"):
            self.statement = node
        made = super().visit(node)
        if isinstance(node, ast.stmt) and not hasattr(node, "body"):
            self.statement = None
        return made

    def visit_function(self, node: Any) -> Any:
        inner = Yields()
        for statement in node.body:
            inner.visit(statement)
        self.statement = node
        node.args = self.visit(node.args)
        self.functions.append(node.name)
        site = self.site("function", node.name, node)
        outer, self.function = getattr(self, "function", None), None if inner.found else site
        body = self.block(node.body)
        at = node.body[-1]
        if not inner.found:
            leave = self.probed("leave", site, at, ast.Constant(None))
            body.append(located(ast.Return(leave), at))
            if self.parts:
                names = [a.arg for a in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)]
                given = ast.Dict([ast.Constant(n) for n in names], [ast.Name(n, ast.Load()) for n in names])
                start = located(ast.Expr(self.probed("enter", site, node.body[0], given)), node.body[0])
                body.insert(1 if ast.get_docstring(node, clean=False) is not None else 0, start)
        node.body, self.function, self.statement = body, outer, None
        self.functions.pop()
        return node

    visit_FunctionDef = visit_AsyncFunctionDef = visit_function  # noqa: N815

    def visit_ClassDef(self, node: ast.ClassDef) -> Any:
        self.functions.append(node.name)
        outer, self.function = getattr(self, "function", None), None
        node.body = [self.visit(s) if isinstance(s, ast.FunctionDef | ast.ClassDef) else s for s in node.body]
        self.function = outer
        self.functions.pop()
        return node

    def visit_Lambda(self, node: ast.Lambda) -> Any:
        self.functions.append("<lambda>")
        node.body = self.value("return", "", node.body)
        self.functions.pop()
        return node

    def visit_Return(self, node: ast.Return) -> Any:
        value = (
            ast.Constant(None)
            if node.value is None
            else self.value("return", name_in(node.value), node.value)
        )
        function = getattr(self, "function", None)
        if function is not None:
            value = self.probed("leave", function, node, value)
        return located(ast.Return(value), node)

    def visit_Assign(self, node: ast.Assign) -> Any:
        target = node.targets[0]
        if isinstance(target, ast.Tuple | ast.List) and not any(
            isinstance(t, ast.Starred) for t in target.elts
        ):
            parts = target.elts
            if isinstance(node.value, ast.Tuple | ast.List) and len(node.value.elts) == len(parts):
                values = node.value.elts
                node.value.elts = [
                    self.stored(t, self.value("assign", name_in(t), v))
                    for t, v in zip(parts, values, strict=True)
                ]
            else:
                sites = tuple(self.site("assign", name_in(t), node.value) for t in parts)
                node.value = self.probed("unpack", sites, node.value, self.visit(node.value))
                owners = [loaded(t.value) if is_filled(t) else ast.Constant(None) for t in parts]  # type: ignore[attr-defined]
                if self.parts and any(map(is_filled, parts)):
                    places = ast.Tuple(owners, ast.Load())
                    node.value = self.probed("store_each", None, node.value, node.value, places)
        else:
            is_entry = isinstance(target, ast.Subscript) and not is_word(target.slice)
            node.value = self.value("assign", name_in(target), node.value, ENTRY if is_entry else ())
            for written in node.targets:
                node.value = self.stored(written, node.value)
        return [node, *self.changes(node)]

    def stored(self, target: ast.expr, value: Any) -> Any:
        """A value that is looked at before it is put into an array."""
        if not self.parts or not is_filled(target):
            return value
        return self.probed("store", "set", value, value, loaded(target.value))  # type: ignore[attr-defined]

    def visit_AnnAssign(self, node: ast.AnnAssign) -> Any:
        if node.value is not None:
            node.value = self.value("assign", name_in(node.target), node.value)
        return node

    def changes(self, node: ast.Assign) -> list[ast.stmt]:
        """What is noted after entries were assigned to: the array that they are in."""
        found = []
        for target in (t for top in node.targets for t in ast.walk(top) if isinstance(t, ast.Subscript)):
            if isinstance(target.ctx, ast.Store) and is_plain(target.value):
                is_keyed = is_plain(target.slice)
                key = loaded(target.slice) if is_keyed else ast.Constant(None)
                site = self.site("entry", name_in(target), node)
                call = self.probed("changed", site, node, loaded(target.value), index_of(key))
                found.append(located(ast.Expr(call), node))
        return found

    def visit_AugAssign(self, node: ast.AugAssign) -> Any:
        target = node.target
        node.value = self.value("share", name_in(target), node.value)
        if self.parts:
            owner: ast.expr = target
            key: ast.expr = ast.Constant(None)
            if isinstance(target, ast.Subscript):
                owner = target.value
                key = index_of(loaded(target.slice)) if is_plain(target.slice) else key
            if is_plain(owner):
                word = type(node.op).__name__
                node.value = self.probed("store", word, node.value, node.value, loaded(owner), key)
        site = self.site("change", name_in(target), node)
        match target:
            case ast.Name():
                call = self.probed("after", site, node, loaded(target))
                return [node, located(ast.Assign([ast.Name(target.id, ast.Store())], call), node)]
            case ast.Subscript(value=owner, slice=key) if is_plain(owner) and is_plain(key):
                call = self.probed("changed", site, node, loaded(owner), index_of(loaded(key)))
            case ast.Subscript(value=owner) if is_plain(owner):
                call = self.probed("changed", site, node, loaded(owner), ast.Constant(None))
            case ast.Attribute(value=owner, attr=attr) if is_plain(owner):
                call = self.probed(
                    "changed", site, node, loaded(owner), ast.Constant(attr), ast.Constant(True)
                )
            case _:
                return node
        return [node, located(ast.Expr(call), node)]

    def visit_Expr(self, node: ast.Expr) -> Any:
        call = node.value
        if not isinstance(call, ast.Call):
            return self.generic_visit(node)
        written = [k.value for k in call.keywords if k.arg == "out"] + call.args[:1]
        if isinstance(call.func, ast.Attribute) and root_of(call.func) not in ("np", "numpy"):
            written.append(call.func.value)
        after = [loaded(w) for w in written if is_plain(w) and not isinstance(w, ast.Constant)]
        is_at = isinstance(call.func, ast.Attribute) and call.func.attr == "at" and len(call.args) > 2
        if is_at:
            call.args[2] = self.value("share", name_in(call.args[0]), call.args[2])
            call.args[:2] = [self.visit(a) for a in call.args[:2]]
            if self.parts:
                ufunc = call.func.value  # type: ignore[attr-defined]  # it is an attribute
                node.value = self.probed("at", None, node, ufunc, *call.args)
        else:
            node.value = self.visit(call)
        found: list[ast.stmt] = [node]
        for w in after[:2]:
            site = self.site("change", name_in(w), node)
            found.append(located(ast.Expr(self.probed("after", site, node, w)), node))
        return found

    def visit_loop(self, node: Any) -> Any:
        self.statement = node
        if isinstance(node, ast.While):
            node.test = self.visit(node.test)
        else:
            node.iter = self.visit(node.iter)
        site = self.site("loop", "", node)
        self.statement = None
        start = located(ast.Expr(self.probed("round", site, node.body[0])), node.body[0])
        node.body = [start, *self.block(node.body)]
        node.orelse = self.block(node.orelse)
        return node

    visit_For = visit_While = visit_AsyncFor = visit_loop  # noqa: N815

    # Expressions

    def visit_Call(self, node: ast.Call) -> Any:
        if isinstance(node.func, ast.Name) and node.func.id in UNPROBED:
            return node
        name = root_of(node.func)
        original = node
        is_users = name not in ("np", "numpy", "math", "scipy") and not (
            isinstance(node.func, ast.Name) and name in BUILTINS
        )
        node.func = self.visit(node.func)
        if is_users:
            is_kept = isinstance(original.func, ast.Attribute) and original.func.attr in KEEPING
            kind = "element" if is_kept else "argument"
            owner = name_in(original.func.value) if is_kept else ""  # type: ignore[attr-defined]
            kept = owner if is_called_loss(owner) else ""  # losses.append(np.mean(...))
            node.args = [self.value(kind, name_in(a) or kept, a) for a in node.args]
            for word in node.keywords:
                word.value = self.value("argument", word.arg or "", word.value)
        else:
            node.args = [self.visit(a) for a in node.args]
            for word in node.keywords:
                word.value = self.visit(word.value)
        if not self.parts:
            return node
        attr = original.func.attr if isinstance(original.func, ast.Attribute) else ""
        if is_plain_function(original.func) or (name in ("np", "numpy") and attr in OF_ONE_ARRAY):
            node.func = self.probed("function", None, node.func, node.func)
        if isinstance(node.func, ast.Name) and node.func.id in CONVERTED and len(node.args) == 1:
            return self.probed(f"as_{node.func.id}", None, node, *node.args)
        if isinstance(node.func, ast.Name) and node.func.id == "isinstance" and len(node.args) == 2:
            return self.probed("is_instance", None, node, *node.args)
        if isinstance(node.func, ast.Attribute) and node.func.attr == "item" and not node.args:
            return self.probed("item", None, node, node.func.value)
        if name in ("np", "numpy") and attr in MAKING and node.args:
            words = ast.Dict([ast.Constant(w.arg) for w in node.keywords], [w.value for w in node.keywords])
            rest = ast.Tuple(node.args, ast.Load())
            return self.probed("array", self.site("part", "", original), node, node.func, rest, words)
        return self.probed("part", self.site("part", "", original), node, node)

    def inner(self, node: Any) -> Any:
        """An inner expression, with a probe around it if parts are wanted."""
        made = self.generic_visit(node)
        if not self.parts or isinstance(getattr(node, "ctx", None), ast.Store | ast.Del):
            return made
        return self.probed("part", self.site("part", "", node), node, made)

    visit_BinOp = visit_UnaryOp = inner  # noqa: N815

    def visit_Subscript(self, node: ast.Subscript) -> Any:
        return self.inner(node)

    def visit_Attribute(self, node: ast.Attribute) -> Any:
        made = self.generic_visit(node)
        if self.parts and node.attr in ("T", "mT"):
            return self.probed("part", self.site("part", "", node), node, made)
        return made

    def comprehension(self, node: Any) -> Any:
        """A comprehension with a probe around its elements."""
        self.generators(node)
        node.elt = self.value("element", "", node.elt)
        return node

    visit_ListComp = visit_GeneratorExp = visit_SetComp = comprehension  # noqa: N815

    def visit_DictComp(self, node: ast.DictComp) -> Any:
        self.generators(node)
        node.key, node.value = self.visit(node.key), self.value("element", "", node.value)
        return node

    def generators(self, node: Any) -> None:
        """The loops and conditions of a comprehension."""
        for part in node.generators:
            part.iter, part.ifs = self.visit(part.iter), [self.visit(i) for i in part.ifs]

    def visit_Dict(self, node: ast.Dict) -> Any:
        return self.value("element", "", node)

    def visit_Tuple(self, node: ast.Tuple) -> Any:
        return self.generic_visit(node)

    def visit_Yield(self, node: ast.Yield) -> Any:
        if node.value is not None:
            node.value = self.value("return", name_in(node.value), node.value)
        return node

    def visit_JoinedStr(self, node: ast.JoinedStr) -> Any:
        return node


CONVERTED = ("float",)
MAKING = ("array", "asarray", "float64", "float32", "ascontiguousarray", "asanyarray")  # of lists, too


def of_one_array() -> Iterator[str]:
    """The functions of NumPy that take a list for an array: ufuncs, and those that reduce one."""
    yield from (name for name, value in vars(np).items() if isinstance(value, np.ufunc))
    yield from ("sum", "mean", "prod", "max", "min", "amax", "amin", "std", "var", "dot", "outer", "cumsum")
    yield from ("where", "clip", "average", "median", "transpose", "reshape", "ravel", "diff")


OF_ONE_ARRAY = frozenset(of_one_array())


def is_plain_function(function: ast.expr) -> bool:
    """Whether a function is called by its own name or in its module, which is not NumPy nor Python itself."""
    name = root_of(function)
    if isinstance(function, ast.Name):
        return name not in BUILTINS or name == "pow"  # of `math`, too
    is_members = isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name)
    return is_members and name not in ("np", "numpy", "scipy", "self")


KEEPING = ("append", "appendleft", "insert", "extend")  # what they are given becomes an element


def index_of(key: ast.expr) -> ast.expr:
    """An index as a value: `slice(...)` for what stands with colons."""
    match key:
        case ast.Slice(lower=a, upper=b, step=c):
            parts = [p if p is not None else ast.Constant(None) for p in (a, b, c)]
            return ast.Call(ast.Constant(f"{MARK}slice"), parts, [])
        case ast.Tuple(elts=parts):
            return ast.Tuple([index_of(p) for p in parts], ast.Load())
    return key


def located(statement: Any, like: ast.AST) -> Any:
    """A statement at the place of another."""
    return ast.fix_missing_locations(ast.copy_location(statement, like))


class Yields(ast.NodeVisitor):
    """Whether a function is a generator, apart from the functions in it."""

    found = False

    def visit_Yield(self, node: ast.AST) -> None:
        self.found = True

    visit_YieldFrom = visit_Await = visit_Yield  # noqa: N815

    def visit_FunctionDef(self, node: ast.AST) -> None:
        pass

    visit_Lambda = visit_ClassDef = visit_AsyncFunctionDef = visit_FunctionDef  # noqa: N815


def is_filled(target: ast.expr) -> bool:
    """Whether a target is an entry of what a variable holds."""
    return isinstance(target, ast.Subscript) and is_plain(target.value)
