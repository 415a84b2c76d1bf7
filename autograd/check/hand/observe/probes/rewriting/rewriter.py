"""The user's own source with probes in it: what is assigned, changed and returned goes through them.

A probe is a call `probe.value(site, value)` around an expression.  It says where a value was made, and gives
back that value or another one in its place.  The names of probes and sites stand in the compiled code as
constants, so nothing is added to the user's module, and positions stay what they were.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import Any

from ....match.names import is_called_loss
from ..probe import PROBE
from ..sites import ENTRY, Site, is_plain, is_word, loaded, name_in, root_of, span_of
from .calls import (
    JOINING,
    KEEPING,
    MAKING,
    NUMPY,
    OF_ARRAYS,
    OF_ONE_ARRAY,
    OF_UFUNCS,
    UNPROBED,
    attribute_of,
    changed_by,
    is_at,
    is_plain_function,
    is_users,
    out_of,
    probe_for,
)
from .nodes import (
    MARK,
    is_filled,
    is_generator,
    is_unpacking,
    located,
    may_guard,
    opened,
    place_parts,
    read_again,
)


@dataclass(slots=True)
class Memo:
    """What is made once of the statements that stay, while others are tried in the place of some.

    staying    those statements, by their identity
    made       the same with probes in them, by the functions that they are in
    functions  the sites of the functions, and whether they are generators, by their names and spans
    table      what the constants in their code stand for; the first is the probe itself
    """

    staying: dict[int, ast.stmt] = field(default_factory=dict)
    made: dict[Any, Any] = field(default_factory=dict)
    functions: dict[Any, tuple[Site, bool]] = field(default_factory=dict)
    table: list[Any] = field(default_factory=lambda: [PROBE])


class Rewriter(ast.NodeTransformer):
    """Puts probes into copies of statements; `parts` puts them around all inner expressions too.

    memo       what is known of statements that stay
    table      what the constants in the code of others stand for
    functions  the names of the functions and classes that a node is in
    function   the site of the innermost function; None outside, and in a generator, which is not followed
    statement  the statement that a node is in
    stays      whether that is in one that stays
    """

    def __init__(self, filename: str, parts: bool, memo: Memo) -> None:
        self.filename, self.parts, self.memo = filename, parts, memo
        self.table: list[Any] = []
        self.functions: list[str] = []
        self.function: Site | None = None
        self.statement: Any = None
        self.stays = False

    # Pieces

    def constant(self, thing: Any, like: ast.AST) -> ast.expr:
        """A constant that stands for a thing in the code: a number of the table, below 0 of what stays."""
        table = self.memo.table if self.stays else self.table
        table.append(thing)
        number = -len(table) if self.stays else len(table) - 1
        return ast.copy_location(ast.Constant(f"{MARK}{number}"), like)

    def thing(self, word: str) -> Any:
        """What a constant stands for."""
        if word == "slice":
            return slice
        number = int(word)
        return self.table[number] if number >= 0 else self.memo.table[-number - 1]

    def site(self, kind: str, name: str, node: Any, path: tuple[Any, ...] = ()) -> Site:
        """The site of a node."""
        statement = self.statement if self.statement is not None else node
        where = ".".join(self.functions)
        return Site(kind, name, self.filename, where, span_of(node), span_of(statement), path)

    def probed(self, what: str, first: Any, node: Any, *others: Any) -> Any:
        """The call `probe.run.what(first, ...)`, at the place of a node."""
        run = ast.Attribute(ast.copy_location(ast.Constant(f"{MARK}-1"), node), "run", ast.Load())
        method = ast.Attribute(ast.copy_location(run, node), what, ast.Load())
        call = ast.Call(method, [self.constant(first, node), *others], [])
        return ast.copy_location(call, node)

    def part(self, node: Any, made: Any) -> Any:
        """An inner expression, as it was `made` anew of a node, with a probe around it."""
        return self.probed("part", self.site("part", "", node), node, made)

    def value(self, kind: str, name: str, node: Any, path: tuple[Any, ...] = ()) -> Any:
        """An expression with a probe around it; a display has one around each of its elements instead."""
        match node:
            case ast.Tuple() | ast.List() if not isinstance(node.ctx, ast.Store):
                node.elts = [self.element(kind, part, i, path) for i, part in enumerate(node.elts)]
            case ast.Dict(keys=keys):
                node.keys = [self.visit(key) if key is not None else None for key in keys]
                node.values = [
                    self.visit(part) if key is None  # `**part`
                    else self.element(kind, part, key.value if isinstance(key, ast.Constant) else None, path)
                    for key, part in zip(keys, node.values, strict=True)
                ]  # fmt: skip
            case ast.IfExp():
                node.test = self.visit(node.test)
                node.body = self.value(kind, name, node.body, path)
                node.orelse = self.value(kind, name, node.orelse, path)
            case ast.Starred() | ast.NamedExpr() | ast.Yield() | ast.YieldFrom() | ast.Await() | ast.Lambda():
                return self.visit(node)
            case ast.Constant(value=v) if not isinstance(v, float):
                return node
            case _:
                site = self.site(kind, name, node, path)
                return self.probed("value", site, node, self.visit(node))
        return node

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

    # Functions and loops

    def visit(self, node: ast.AST) -> Any:
        """A node with probes in it; of a statement, a copy, which is made once if the statement stays."""
        if not isinstance(node, ast.stmt):
            return super().visit(node)
        if id(node) not in self.memo.staying:
            return self.rewritten(node)
        key = id(node), self.function, tuple(self.functions)
        if key not in self.memo.made:
            outer, self.stays = self.stays, True
            self.memo.made[key] = self.rewritten(node)
            self.stays = outer
        return self.memo.made[key]

    def rewritten(self, statement: ast.stmt) -> Any:
        """A copy of a statement with probes in it; the sites in a simple one know which one they are in."""
        is_simple = not hasattr(statement, "body")
        if is_simple:
            self.statement = statement
        made = super().visit(opened(statement))
        if is_simple:
            self.statement = None
        for new in made if isinstance(made, list) else [made]:
            place_parts(new, new)
        return made

    def visit_function(self, node: Any) -> Any:
        """A function with a probe wherever it is left and, if parts are wanted, one where it begins.

        A generator has neither, as it is left and entered again with each element.
        """
        self.statement = node
        node.args = self.visit(node.args)
        self.functions.append(node.name)
        key = *self.functions, span_of(node)
        if key not in self.memo.functions:
            self.memo.functions[key] = self.site("function", node.name, node), is_generator(node)
        site, yields = self.memo.functions[key]
        outer, self.function = self.function, None if yields else site
        body, at = self.block(node.body), node.body[-1]
        if self.function is not None:
            leave = self.probed("leave", site, at, ast.Constant(None))
            body.append(located(ast.Return(leave), at))
        if self.function is not None and self.parts:
            has_docstring = ast.get_docstring(node, clean=False) is not None
            body.insert(int(has_docstring), self.entered(node, site))
        node.body, self.function, self.statement = body, outer, None
        self.functions.pop()
        return node

    visit_FunctionDef = visit_AsyncFunctionDef = visit_function  # noqa: N815

    def entered(self, function: Any, site: Site) -> ast.stmt:
        """The statement that notes what a function was given."""
        own = function.args
        names = [a.arg for a in (*own.posonlyargs, *own.args, *own.kwonlyargs)]
        given = ast.Dict([ast.Constant(n) for n in names], [ast.Name(n, ast.Load()) for n in names])
        first = function.body[0]
        return located(ast.Expr(self.probed("enter", site, first, given)), first)  # type: ignore[no-any-return]

    def visit_ClassDef(self, node: ast.ClassDef) -> Any:
        """A class with probes in its methods, and not in what runs as the class is made."""
        self.functions.append(node.name)
        outer, self.function = self.function, None
        node.body = [self.visit(s) if isinstance(s, ast.FunctionDef | ast.ClassDef) else s for s in node.body]
        self.function = outer
        self.functions.pop()
        return node

    def visit_Lambda(self, node: ast.Lambda) -> Any:
        """A lambda with a probe around what it returns."""
        self.functions.append("<lambda>")
        node.body = self.value("return", "", node.body)
        self.functions.pop()
        return node

    def visit_loop(self, node: Any) -> Any:
        """A loop that says when each of its rounds begins."""
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

    # Statements

    def visit_Return(self, node: ast.Return) -> Any:
        """A return whose value goes through a probe, and then the function is left."""
        value: Any = ast.Constant(None)
        if node.value is not None:
            value = self.value("return", name_in(node.value), node.value)
        if self.function is not None:
            value = self.probed("leave", self.function, node, value)
        return located(ast.Return(value), node)

    def visit_Assign(self, node: ast.Assign) -> Any:
        """An assignment whose value goes through a probe; after it, the arrays it wrote to are noted."""
        target = node.targets[0]
        if is_unpacking(target):
            node.value = self.unpacked(target.elts, node.value)  # type: ignore[attr-defined]
        else:
            is_entry = isinstance(target, ast.Subscript) and not is_word(target.slice)
            node.value = self.value("assign", name_in(target), node.value, ENTRY if is_entry else ())
            for written in node.targets:
                node.value = self.stored(written, node.value)
        return [node, *self.entries_written(node)]

    def unpacked(self, targets: list[ast.expr], value: Any) -> Any:
        """What is assigned to several targets: with a probe around each part, or around them all."""
        if isinstance(value, ast.Tuple | ast.List) and len(value.elts) == len(targets):
            pairs = zip(targets, value.elts, strict=True)
            value.elts = [self.stored(t, self.value("assign", name_in(t), v)) for t, v in pairs]
            return value
        sites = tuple(self.site("assign", name_in(t), value) for t in targets)
        made = self.probed("unpack", sites, value, self.visit(value))
        if not self.parts or not any(map(is_filled, targets)):
            return made
        owners = [loaded(t.value) if is_filled(t) else ast.Constant(None) for t in targets]  # type: ignore[attr-defined]
        return self.probed("store_each", None, made, made, ast.Tuple(owners, ast.Load()))

    def stored(self, target: ast.expr, value: Any) -> Any:
        """A value that is looked at before it is put into an array."""
        if not self.parts or not is_filled(target):
            return value
        return self.probed("store", "set", value, value, loaded(target.value))  # type: ignore[attr-defined]

    def entries_written(self, node: ast.Assign) -> list[ast.stmt]:
        """The statements that note, after entries were assigned to, the array that they are in."""
        found = []
        for target in (t for top in node.targets for t in ast.walk(top) if isinstance(t, ast.Subscript)):
            if isinstance(target.ctx, ast.Store) and is_plain(target.value):
                site, key = self.site("entry", name_in(target), node), read_again(target.slice)
                call = self.probed("changed", site, node, loaded(target.value), key)
                found.append(located(ast.Expr(call), node))
        return found

    def visit_AnnAssign(self, node: ast.AnnAssign) -> Any:
        """An assignment with an annotation, whose value goes through a probe."""
        if node.value is not None:
            node.value = self.value("assign", name_in(node.target), node.value)
        return node

    def visit_AugAssign(self, node: ast.AugAssign) -> Any:
        """`x += value`: the value goes through a probe, and so does what x holds afterwards."""
        is_guard = isinstance(node.op, ast.Add) and may_guard(node.value)
        node.value = self.value("share", name_in(node.target), node.value)
        if is_guard:
            node.value = self.probed("guard", None, node.value, node.value)
        if self.parts and is_plain(node.target):
            return [self.bound_anew(node), *self.change_made(node)]
        if self.parts and is_filled(node.target):
            owner = loaded(node.target.value)  # type: ignore[union-attr]
            node.value = self.probed("store", type(node.op).__name__, node.value, node.value, owner)
        return [node, *self.change_made(node)]

    def bound_anew(self, node: ast.AugAssign) -> ast.stmt:
        """`x = augmented(x, value)`, which does not change x itself where it stands for a number."""
        target, word = node.target, type(node.op).__name__
        place: list[ast.expr] = []
        current: ast.expr = loaded(target)
        if isinstance(target, ast.Subscript):
            place = [loaded(target.value), read_again(target.slice)]
            current = ast.Subscript(place[0], place[1], ast.Load())
        elif isinstance(target, ast.Attribute):
            current = ast.Attribute(target.value, target.attr, ast.Load())
        made = self.probed("augmented", word, node, node.value, current, *place)
        return located(ast.Assign([target], made), node)  # type: ignore[no-any-return]

    def change_made(self, node: ast.AugAssign) -> list[ast.stmt]:
        """The statement that notes what a variable, an entry or an attribute holds after it was changed."""
        site = self.site("change", name_in(node.target), node)
        match node.target:
            case ast.Name(id=name):
                call = self.probed("after", site, node, loaded(node.target))
                return [located(ast.Assign([ast.Name(name, ast.Store())], call), node)]
            case ast.Subscript(value=owner, slice=index) if is_plain(owner):
                key = [read_again(index)]
            case ast.Attribute(value=owner, attr=attr) if is_plain(owner):
                key = [ast.Constant(attr), ast.Constant(True)]
            case _:
                return []
        return [located(ast.Expr(self.probed("changed", site, node, loaded(owner), *key)), node)]

    def visit_Expr(self, node: ast.Expr) -> Any:
        """A call by itself, as a statement: afterwards, what it may have changed is noted."""
        call = node.value
        if not isinstance(call, ast.Call):
            return self.generic_visit(node)
        changed = changed_by(call)
        node.value = self.added_at(call, node) if is_at(call) else self.visit(call)
        found: list[ast.stmt] = [node]
        for array in changed:
            site = self.site("change", name_in(array), node)
            found.append(located(ast.Expr(self.probed("after", site, node, array)), node))
        return found

    def added_at(self, call: ast.Call, node: ast.Expr) -> Any:
        """`np.add.at(array, index, values)`, in which the values go through a probe."""
        call.args[2] = self.value("share", name_in(call.args[0]), call.args[2])
        call.args[:2] = [self.visit(a) for a in call.args[:2]]
        if not self.parts:
            return call
        return self.probed("at", None, node, call.func.value, *call.args)  # type: ignore[attr-defined]

    # Expressions

    def visit_Call(self, node: ast.Call) -> Any:
        """A call, with probes around the arguments of a function that may be the user's."""
        if isinstance(node.func, ast.Name) and node.func.id in UNPROBED:
            return node
        is_numpys, is_theirs = root_of(node.func) in NUMPY, is_users(node.func)
        out = out_of(node) if is_numpys else None  # before there are probes in it
        node.func = self.visit(node.func)
        if is_theirs:
            self.probe_arguments(node)
        else:
            node.args = [self.visit(a) for a in node.args]
            for word in node.keywords:
                word.value = self.visit(word.value)
        return self.followed(node, is_numpys, out) if self.parts else node

    def probe_arguments(self, node: ast.Call) -> None:
        """Put probes around the arguments of a call; what a list is given becomes an element of it."""
        kind, kept = "argument", ""
        if attribute_of(node.func) in KEEPING:
            owner = name_in(node.func.value)  # type: ignore[attr-defined]
            kind, kept = "element", owner if is_called_loss(owner) else ""  # losses.append(np.mean(...))
        node.args = [self.value(kind, name_in(a) or kept, a) for a in node.args]
        for word in node.keywords:
            word.value = self.value("argument", word.arg or "", word.value)

    def followed(self, node: ast.Call, is_numpys: bool, out: ast.expr | None) -> Any:
        """A call that keeps the history of the Tensors it is given, with a probe around what it returns.

        `out` is the array that it is to write its result to.
        """
        name = attribute_of(node.func)
        if isinstance(node.func, ast.Attribute) and name in ("item", "tolist") and not node.args:
            return self.probed(name, None, node, node.func.value)
        is_method = name in OF_ARRAYS and not is_numpys
        takes_lists = is_numpys and name in (*OF_ONE_ARRAY, *OF_UFUNCS, *JOINING)
        if is_method or takes_lists or is_plain_function(node.func):
            node.func = self.probed("function", None, node.func, node.func)
        if (probe := probe_for(node)) is not None:
            return self.probed(probe, None, node, *node.args)
        if out is not None:
            others = [w for w in node.keywords if w.arg != "out"]
            given = ast.Dict([ast.Constant(w.arg) for w in others], [w.value for w in others])
            made = self.probed("into", None, node, node.func, out, ast.Tuple(node.args, ast.Load()), given)
            return self.part(node, made)
        if is_numpys and name in MAKING and node.args:
            words = ast.Dict([ast.Constant(w.arg) for w in node.keywords], [w.value for w in node.keywords])
            rest = ast.Tuple(node.args, ast.Load())
            return self.probed("array", self.site("part", "", node), node, node.func, rest, words)
        return self.part(node, node)

    def inner(self, node: Any) -> Any:
        """An inner expression, with a probe around it if parts are wanted."""
        made = self.generic_visit(node)
        is_read = not isinstance(getattr(node, "ctx", None), ast.Store | ast.Del)
        return self.part(node, made) if self.parts and is_read else made

    visit_UnaryOp = inner  # noqa: N815

    def visit_BinOp(self, node: ast.BinOp) -> Any:
        """An inner expression, in which a number that is added may be a guard."""
        made = self.inner(node)
        if isinstance(node.op, ast.Add):
            node.left, node.right = self.guarded(node.left), self.guarded(node.right)
        return made

    def guarded(self, number: Any) -> Any:
        """What is added to something, with a probe around it if it may be there only lest that be 0."""
        return self.probed("guard", None, number, number) if may_guard(number) else number

    def visit_Subscript(self, node: ast.Subscript) -> Any:
        """An element, as any inner expression; `np.c_[a, b]` is rather the call of a function."""
        if self.parts and attribute_of(node.value) in ("c_", "r_") and root_of(node.value) in NUMPY:
            node.value = self.probed("function", None, node.value, node.value)
        if attribute_of(node.value) == "flat" and not isinstance(node.ctx, ast.Load):
            return node  # what is written to
        return self.inner(node)

    def visit_Attribute(self, node: ast.Attribute) -> Any:
        """An attribute; a transpose is an inner expression, as it makes an array."""
        made = self.generic_visit(node)
        if self.parts and node.attr == "flat":
            return self.probed("flat", None, node, made.value)  # type: ignore[attr-defined]
        return self.part(node, made) if self.parts and node.attr in ("T", "mT") else made

    def comprehension(self, node: Any) -> Any:
        """A comprehension with a probe around its elements."""
        self.generators(node)
        node.elt = self.value("element", "", node.elt)
        return node

    visit_ListComp = visit_GeneratorExp = visit_SetComp = comprehension  # noqa: N815

    def visit_DictComp(self, node: ast.DictComp) -> Any:
        """A dictionary's comprehension with a probe around its values."""
        self.generators(node)
        node.key, node.value = self.visit(node.key), self.value("element", "", node.value)
        return node

    def generators(self, node: Any) -> None:
        """Put probes into the loops and conditions of a comprehension."""
        for part in node.generators:
            part.iter, part.ifs = self.visit(part.iter), [self.visit(i) for i in part.ifs]

    def visit_Dict(self, node: ast.Dict) -> Any:
        """A dictionary with a probe around each of its values, which have names there."""
        return self.value("element", "", node)

    def visit_Yield(self, node: ast.Yield) -> Any:
        """A yield with a probe around what it hands out."""
        if node.value is not None:
            node.value = self.value("return", name_in(node.value), node.value)
        return node

    def visit_JoinedStr(self, node: ast.JoinedStr) -> Any:
        """A text with values in it, as it is: it makes no array."""
        return node
