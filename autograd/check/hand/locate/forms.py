"""What form the line of a value has: it masks, renames, unpacks, hands on, or takes what a call returns."""

from __future__ import annotations

import ast

import numpy as np

from ..diagnose.repair import node_at
from ..match.names import is_called_gradient
from ..observe.probes.patch import statements_around
from ..observe.probes.sites import Site, root_of, span_of
from ..source.statements import renamed_in
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
    return isinstance(node, ast.Name | ast.Attribute | ast.Subscript) and not is_unpacked(site)


def is_unpacked(site: Site) -> bool:
    """Whether a line puts several values under several names."""
    statement = node_at(site, site.statement, ast.Assign) if site.kind == "assign" else None
    return statement is not None and isinstance(statement.targets[0], ast.Tuple | ast.List)


def is_handed_on(site: Site) -> bool:
    """Whether a line only returns, keeps or unpacks what it has: nothing begins there."""
    node = node_at(site, site.span, ast.expr)
    is_picked = isinstance(node, ast.Subscript) and is_called_gradient(site.name)
    is_read = isinstance(node, ast.Name | ast.Attribute | ast.Subscript | ast.Tuple)
    return site.kind not in CONTAINED and is_read and not is_picked


def is_call(site: Site) -> bool:
    """Whether a line takes what a call returns as it is: of NumPy's functions it is what they are given.

    `x.T.dot(d)` calls none of the user's.
    """
    statement = next(
        (s for s in statements_around(site.filename, site.statement) if span_of(s) == site.statement), None
    )
    call = statement.value if isinstance(statement, ast.Assign) else None
    if not isinstance(call, ast.Call):
        return False
    is_method = isinstance(call.func, ast.Attribute) and hasattr(np.ndarray, call.func.attr)
    return not is_method and root_of(call.func) not in ("np", "numpy")


def is_scaling(site: Site) -> bool:
    """Whether a line only multiplies or divides an array in place: `dW /= m`."""
    statement = node_at(site, site.statement, ast.AugAssign) if site.kind == "change" else None
    return statement is not None and isinstance(statement.op, ast.Mult | ast.Div)


def is_product(site: Site) -> bool:
    """Whether a line makes a product."""
    node = node_at(site, site.span, ast.BinOp)
    return node is not None and isinstance(node.op, ast.Mult | ast.MatMult)
