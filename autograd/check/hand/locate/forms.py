"""What form the line of a value has: it masks, renames, unpacks, hands on, or takes what a call returns."""

from __future__ import annotations

import ast
import builtins
import functools
import re

import numpy as np

from ..diagnose.repair import node_at
from ..match.names import is_called_gradient
from ..observe.probes.codes import text_of, tree_of
from ..observe.probes.patch import statements_around
from ..observe.probes.sites import Site, is_plain, is_word, root_of, span_of
from ..source.nearby import function_around, names_set
from ..source.statements.void import renamed_in
from .suspects import CONTAINED


def is_masked(site: Site) -> bool:
    """Whether a line writes where a comparison holds, or by a mask that is turned over."""
    statement = node_at(site, site.statement, ast.Assign) if site.kind in CONTAINED else None
    targets = [t for t in statement.targets if isinstance(t, ast.Subscript)] if statement is not None else []
    return any(isinstance(n, ast.Compare | ast.Invert) for t in targets for n in ast.walk(t.slice))


def is_renaming(site: Site) -> bool:
    """Whether a line only gives a gradient another name: then a factor or a term is likely to be missing."""
    statement = node_at(site, site.statement, ast.Assign) if site.kind == "assign" else None
    return statement is not None and renamed_in(statement) is not None and is_called_gradient(site.name)


def is_picked(site: Site) -> bool:
    """Whether a line only gives a name to what something else holds: `z = zs[-l]`, `gamma = phi`."""
    node = node_at(site, site.span, ast.expr) if site.kind == "assign" else None
    is_read = isinstance(node, ast.Name | ast.Attribute | ast.Subscript) and is_plain(node)
    return is_read and not is_unpacked(site)


def is_unpacked(site: Site) -> bool:
    """Whether a line puts several values under several names."""
    statement = node_at(site, site.statement, ast.Assign) if site.kind == "assign" else None
    return statement is not None and isinstance(statement.targets[0], ast.Tuple | ast.List)


def leaves_out(site: Site) -> bool:
    """Whether a line unpacks several values, and puts one under a name that is for what is not used."""
    statement = node_at(site, site.statement, ast.Assign)
    target = statement.targets[0] if statement is not None else None
    return isinstance(target, ast.Tuple) and any(
        isinstance(n, ast.Name) and n.id.startswith("_") for n in target.elts
    )


def is_handed_on(site: Site) -> bool:
    """Whether a line only returns, keeps or unpacks what it has: nothing begins there."""
    node = node_at(site, site.span, ast.expr)
    is_counted = isinstance(node, ast.Subscript) and not is_word(node.slice)
    is_picked = is_counted and is_called_gradient(site.name)
    is_read = isinstance(node, ast.Name | ast.Attribute | ast.Subscript | ast.Tuple)
    return site.kind not in CONTAINED and is_read and not is_picked


def is_passed_on(site: Site) -> bool:
    """Whether a line makes nothing of what it has: it computes nothing, but for another shape.

    Where all of `x` is positive, `np.where(x > 0, g, 0)` too is `g`, and rightly.
    """
    nodes = list(ast.walk(node_at(site, site.span, ast.expr) or ast.Pass()))
    calls = (n for n in nodes if isinstance(n, ast.Call))
    is_computed = any(isinstance(n, ast.BinOp | ast.Compare) for n in nodes)
    return not is_computed and all(root_of(c.func) not in ("np", "numpy") for c in calls)


def names_read(site: Site) -> set[str]:
    """The variables that the statement of a value reads."""
    statement = node_at(site, site.statement, ast.stmt)
    names = (n for n in ast.walk(statement or ast.Pass()) if isinstance(n, ast.Name))
    return {n.id for n in names if isinstance(n.ctx, ast.Load)}


def is_read_once(site: Site, name: str) -> bool:
    """Whether the statement of a value reads a variable in one place."""
    statement = node_at(site, site.statement, ast.stmt)
    names = [n for n in ast.walk(statement or ast.Pass()) if isinstance(n, ast.Name) and n.id == name]
    return len(names) == 1


def is_given(site: Site) -> bool:
    """Whether a line gives what it has to a function, as it is; `dict(x=dx)` only holds it."""
    node = node_at(site, site.span, ast.expr)
    if site.kind != "argument" or node is None or not is_plain(node):
        return False
    statement = node_at(site, site.statement, ast.stmt)
    calls = (n for n in ast.walk(statement or ast.Pass()) if isinstance(n, ast.Call))
    around = [c for c in calls if node in c.args or any(node is word.value for word in c.keywords)]
    return not any(isinstance(c.func, ast.Name) and hasattr(builtins, c.func.id) for c in around)


def keeps_its_name(site: Site) -> bool:
    """Whether a variable is given to a function of the same file whose parameter there is called as it is."""
    node = node_at(site, site.span, ast.Name)
    statement = node_at(site, site.statement, ast.stmt)
    if node is None or statement is None:
        return False
    tree = tree_of(site.filename, text_of(site.filename))
    own = {f.name: f for f in ast.walk(tree) if isinstance(f, ast.FunctionDef)}
    calls = [n for n in ast.walk(statement) if isinstance(n, ast.Call) and node in n.args]
    names = [getattr(c.func, "attr", getattr(c.func, "id", "")) for c in calls]
    places = [
        (own[name].args.args, c.args.index(node)) for name, c in zip(names, calls, strict=True) if name in own
    ]
    return any(
        node.id.lower() in {a.arg.lower() for a in args[i : i + 2]} for args, i in places
    )  # after self


def is_call(site: Site) -> bool:
    """Whether a line takes what a call returns as it is: of NumPy's functions it is what they are given.

    `x.T.dot(d)` calls none of the user's.
    """
    statement = next(
        (s for s in statements_around(site.filename, site.statement) if span_of(s) == site.statement), None
    )
    is_scaled = isinstance(statement, ast.AugAssign) and not isinstance(statement.op, ast.Add | ast.Sub)
    call = statement.value if isinstance(statement, ast.Assign | ast.AugAssign) and not is_scaled else None
    if not isinstance(call, ast.Call) or (
        isinstance(call.func, ast.Name) and hasattr(builtins, call.func.id)
    ):
        return False
    is_method = isinstance(call.func, ast.Attribute) and hasattr(np.ndarray, call.func.attr)
    return not is_method and root_of(call.func) not in ("np", "numpy")


def is_only_a_call(site: Site) -> bool:
    """Whether a value is what a function of the user's returns."""
    node = node_at(site, site.span, ast.Call)
    return node is not None and isinstance(node.func, ast.Name)


def is_returned_call(site: Site) -> bool:
    """Whether a line returns what a call returns, as it is: `return self.inner.backward(g)`."""
    node = node_at(site, site.span, ast.Call) if site.kind == "return" else None
    return node is not None and root_of(node.func) not in ("np", "numpy")


def is_read_in_a_sum(site: Site) -> bool:
    """Whether the variable of a line is a term of a sum somewhere in the function: `back(dh + du)`."""
    function = function_around(tree_of(site.filename, text_of(site.filename)), site.lineno)
    sums = (n for n in ast.walk(function) if isinstance(n, ast.BinOp) and isinstance(n.op, ast.Add | ast.Sub))
    return any(isinstance(t, ast.Name) and t.id == site.name for n in sums for t in (n.left, n.right))


def is_put_into(site: Site) -> bool:
    """Whether a line puts what it has into an array, or adds it there: `d[i] = g`, `d += g`."""
    statement = node_at(site, site.statement, ast.Assign | ast.AugAssign)
    target = statement.targets[0] if isinstance(statement, ast.Assign) else getattr(statement, "target", None)
    return isinstance(statement, ast.AugAssign) or isinstance(target, ast.Subscript)


def is_left_at_zero(site: Site) -> bool:
    """Whether a line puts 0 under a name under which the other branch of a condition puts something else."""
    function = function_around(tree_of(site.filename, text_of(site.filename)), site.lineno)
    for node in (n for n in ast.walk(function) if isinstance(n, ast.If)):
        for own, other in ((node.body, node.orelse), (node.orelse, node.body)):
            zeros = [s for s in own if span_of(s) == site.statement and is_zero(getattr(s, "value", None))]
            if zeros and any(site.name in names_set(s) for s in other):
                return True
    return False


def condition_of(site: Site) -> ast.If | None:
    """The condition that a line stands directly under."""
    function = function_around(tree_of(site.filename, text_of(site.filename)), site.lineno)
    heads = (n for n in ast.walk(function) if isinstance(n, ast.If))
    return next((h for h in heads if any(span_of(s) == site.statement for s in (*h.body, *h.orelse))), None)


def is_beside_scaled(site: Site) -> bool:
    """Whether a value is returned as it is, beside another that is divided: `return dV / n, dU`."""
    statement = node_at(site, site.statement, ast.stmt)
    several = (n for n in ast.walk(statement or ast.Pass()) if isinstance(n, ast.Tuple | ast.Dict))
    elements = [n.values if isinstance(n, ast.Dict) else n.elts for n in several]
    own = next((those for those in elements if any(span_of(e) == site.span for e in those)), [])
    return any(isinstance(e, ast.BinOp) and isinstance(e.op, ast.Div) for e in own)


def factors_at(site: Site) -> list[ast.expr]:
    """The two factors of a line that only multiplies them: `g * slope`, `np.dot(J, g)`; else none."""
    match node_at(site, site.span, ast.expr):
        case ast.BinOp(left=left, op=ast.Mult() | ast.MatMult(), right=right):
            factors = [left, right]
        case ast.Call(func=ast.Attribute(attr="dot" | "matmul" | "multiply") as func, args=args):
            factors = args if root_of(func) in ("np", "numpy") else [func.value, *args]
        case _:
            return []
    return factors if len(factors) == 2 else []


def is_zero(node: ast.AST | None) -> bool:
    """Whether an expression is the number 0."""
    return isinstance(node, ast.Constant) and not isinstance(node.value, str | bool) and node.value == 0


def is_left(site: Site) -> bool:
    """Whether a line leaves what it makes in an object: `self.dinputs = ...`."""
    statement = node_at(site, site.statement, ast.Assign) if site.kind == "assign" else None
    return statement is not None and isinstance(statement.targets[0], ast.Attribute)


def is_scaling(site: Site) -> bool:
    """Whether a line only multiplies or divides an array in place: `dW /= m`."""
    statement = node_at(site, site.statement, ast.AugAssign) if site.kind == "change" else None
    return statement is not None and isinstance(statement.op, ast.Mult | ast.Div)


def is_unread(site: Site) -> bool:
    """Whether a line is of a function that never reads what it must be given: its gradient, say."""
    function = function_around(tree_of(site.filename, text_of(site.filename)), site.lineno)
    own = getattr(function, "args", None)
    required = own.args[: len(own.args) - len(own.defaults)] if own is not None else []
    names = {a.arg for a in required if a.arg not in ("self", "cls", "_") and not is_called_bias(a.arg)}
    read = {n.id for n in ast.walk(function) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}
    return bool(names - read)


def parameters_at(site: Site) -> set[str]:
    """The parameters of the function that a line is in."""
    function = function_around(tree_of(site.filename, text_of(site.filename)), site.lineno)
    own = getattr(function, "args", None)
    return {a.arg for a in own.args} if own is not None else set()


def variables_unread(site: Site) -> frozenset[str]:
    """The variables that the function of a line puts something under, and never reads.

    Of what is unpacked, these are the gradients alone: `dx, dw = back(d)`.
    """
    return unread_in(function_around(tree_of(site.filename, text_of(site.filename)), site.lineno))


@functools.lru_cache(maxsize=256)
def unread_in(function: ast.AST) -> frozenset[str]:
    """The same of a function."""
    nodes = list(ast.walk(function))
    targets = [t for s in nodes if isinstance(s, ast.Assign) for t in s.targets]
    single = {t.id for t in targets if isinstance(t, ast.Name)}
    several = {n for t in targets if isinstance(t, ast.Tuple) for n in names_set(t)}
    read = {n.id for n in nodes if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}
    return frozenset(single.union(filter(is_called_gradient, several)) - read)


def is_rebound(site: Site) -> bool:
    """Whether a line puts what nothing reads under the name of a parameter, or of what a loop gives.

    `total = part` is lost, where `total += part` changes the array that has come in by that name.
    """
    if site.kind != "assign" or site.name not in variables_unread(site):
        return False
    function = function_around(tree_of(site.filename, text_of(site.filename)), site.lineno)
    loops = (n.target for n in ast.walk(function) if isinstance(n, ast.For))
    return site.name in parameters_at(site).union(*map(names_set, loops))


def is_called_bias(name: str) -> bool:
    """Whether a parameter is a bias by its name: it is given to many a backward pass, and has no part in it.

    >>> [is_called_bias(name) for name in ("b", "b_curr", "bias2", "beta", "b1", "batch")]
    [True, True, True, True, True, False]
    """
    return re.fullmatch(r"b|b[\d_].*|bias.*|beta.*", name.lower()) is not None


def has_minus(site: Site) -> bool:
    """Whether a minus stands in a line, which may be too many."""
    statement = node_at(site, site.statement, ast.stmt)
    is_taken_away = isinstance(statement, ast.AugAssign) and isinstance(statement.op, ast.Sub)
    node = node_at(site, site.span, ast.AST)
    minuses = (n for n in ast.walk(node or ast.Pass()) if isinstance(n, ast.USub | ast.Sub))
    return is_taken_away or any(minuses)


def is_adding(site: Site) -> bool:
    """Whether a line adds to something, or takes from it."""
    statement = node_at(site, site.statement, ast.AugAssign)
    return statement is not None and isinstance(statement.op, ast.Add | ast.Sub)


def is_product(site: Site) -> bool:
    """Whether a line makes a product."""
    node = node_at(site, site.span, ast.BinOp)
    return node is not None and isinstance(node.op, ast.Mult | ast.MatMult)
